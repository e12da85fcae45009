package graphql

import (
	"math/big"
	"strconv"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/money"
)

func showMoney(a money.Amount) *Money {
	return &Money{Amount: a.String(), Currency: a.Currency().Code()}
}

func showCoin(units *big.Int, a chain.Asset) *CoinAmount {
	return &CoinAmount{
		Amount: money.FormatUnits(units, int(a.Decimals)), Units: units.String(), Asset: a.Symbol,
		Decimals: int(a.Decimals), Network: string(a.Network),
	}
}

// signed prints minor units that may be less than nothing.
func signed(minor *big.Int, c money.Currency) string {
	return money.FormatSigned(minor, c.Scale())
}

func showRate(r money.Rate) *Rate {
	return &Rate{From: r.From, To: r.To, Price: r.Price.String(), Source: r.Source, At: r.At}
}

// decimalOf prints what may be more than 32 bits hold, which is all an Int of GraphQL has.
func decimalOf[T uint64 | uint32 | int64](n T) string { return strconv.FormatInt(int64(n), 10) }
