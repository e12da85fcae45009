// Package rates prices what merchants ask for in what payers send.
//
// It owns the sources, asked in this order: rates the operator fixed, pegs (a dollar is a dollar,
// whoever issued it), made-up prices for test mode, and for real money a market of several public
// venues, of which enough must agree. It does not own how an amount is rounded
// (money.Rate.Convert), nor which coins are taken.
//
// Invariants: a rate is never older than a minute, and says how old it is; no venue alone makes a
// price; a made-up rate is never answered for real money; a price is cut so that the merchant is
// never short by it; an asset is worth exactly itself.
package rates

import (
	"context"
	"slices"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// Names of the sources, as rates carry them. A market's says which venues agreed.
const (
	sourceFixed   = "fixed"
	sourcePeg     = "peg"
	sourceSandbox = "sandbox"
)

var parity = mustPrice("1")

// Currencies and assets worth a dollar each.
var (
	peggedCurrencies = []money.Currency{money.USDT, money.USDC, money.USD}
	peggedAssets     = []string{"USDT", "USDC"}
)

// Source answers rates.
type Source struct {
	clock  ports.Clock
	fixed  Fixed
	market *Market
}

// New answers a source with the rates an operator fixed, which may be none, and a market, which may
// be nil: then what is neither fixed nor pegged has no rate for real money.
func New(clock ports.Clock, fixed Fixed, market *Market) *Source {
	return &Source{clock: clock, fixed: fixed, market: market}
}

// Rate implements ports.Rates.
func (s *Source) Rate(
	ctx context.Context, m merchant.Mode, from money.Currency, asset string,
) (money.Rate, error) {
	r := money.Rate{From: from.Code(), To: asset, At: s.clock.Now()}
	fixed, isFixed := s.fixed[Pair{from.Code(), asset}]
	madeUp, isMadeUp := madeUpPrice(from, asset)
	switch {
	case isFixed:
		r.Price, r.Source = fixed.Decimal(), sourceFixed
	case slices.Contains(peggedCurrencies, from) && slices.Contains(peggedAssets, asset):
		r.Price, r.Source = parity.Decimal(), sourcePeg
	case m == merchant.Test && isMadeUp:
		r.Price, r.Source = madeUp.Decimal(), sourceSandbox
	case m == merchant.Live && s.market != nil:
		return s.market.Rate(ctx, from, asset)
	default:
		return money.Rate{}, money.ErrRateUnavailable
	}
	return r, nil
}
