package rates

import (
	"slices"

	"github.com/101pay/101pay/domain/money"
)

// Made-up prices for test mode: a dollar coin is 150 yen, and an ETH 2,500, a BNB 500 and a BTC
// 100,000 dollars, today and tomorrow. Prices in yen have no end, so they are cut at 40 places,
// upwards: the merchant is never short by it, and it is too small to lift even the largest amount
// over its next unit (10^12 yen at 10^-40 make 10^-22 units of 10^-6, and Convert drops what is
// below 10^-18).
var (
	madeUpPerDollar = map[string]price{
		"ETH": mustPrice("0.0004"),
		"BNB": mustPrice("0.002"),
		"BTC": mustPrice("0.00001"),
	}
	madeUpPerYen = map[string]price{
		"USDT": mustPrice("0.0066666666666666666666666666666666666667"),
		"USDC": mustPrice("0.0066666666666666666666666666666666666667"),
		"ETH":  mustPrice("0.0000026666666666666666666666666666666667"),
		"BNB":  mustPrice("0.0000133333333333333333333333333333333334"),
		"BTC":  mustPrice("0.0000000666666666666666666666666666666667"),
	}
)

// madeUpPrice is what one unit of a currency costs in an asset in test mode, if anything.
func madeUpPrice(from money.Currency, asset string) (price, bool) {
	var p price
	var ok bool
	switch {
	case from == money.JPY:
		p, ok = madeUpPerYen[asset]
	case slices.Contains(peggedCurrencies, from):
		p, ok = madeUpPerDollar[asset]
	}
	return p, ok
}
