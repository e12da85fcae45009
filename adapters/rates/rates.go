// Package rates prices what merchants ask for in what payers send.
//
// It owns three sources, asked in this order: rates the operator fixed, pegs (a dollar is a dollar,
// whoever issued it), and a made-up yen rate for test mode. It does not own how an amount is
// rounded (money.Rate.Convert) nor any market: a currency without a source here has no rate.
//
// Invariants: a rate is as old as the question, because nothing here ages; a made-up rate is never
// answered for real money; an asset is worth exactly itself.
package rates

import (
	"context"
	"slices"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// Names of the sources, as rates carry them.
const (
	sourceFixed   = "fixed"
	sourcePeg     = "peg"
	sourceSandbox = "sandbox"
)

// Prices that need no source. In test mode 150 yen are one dollar coin. The price has no end, so it is cut
// at 40 places, upwards: the merchant is never short by it, and it is too small to lift even the
// largest amount over its next unit (10^12 yen at 10^-40 make 10^-22 units of 10^-6, and Convert
// drops what is below 10^-18).
var (
	parity     = mustPrice("1")
	sandboxYen = mustPrice("0.0066666666666666666666666666666666666667")
)

// Currencies and assets worth a dollar each.
var (
	peggedCurrencies = []money.Currency{money.USDT, money.USDC, money.USD}
	peggedAssets     = []string{"USDT", "USDC"}
)

// Source answers rates.
type Source struct {
	clock ports.Clock
	fixed Fixed
}

// New answers a source with the rates an operator fixed, which may be none.
func New(clock ports.Clock, fixed Fixed) *Source { return &Source{clock: clock, fixed: fixed} }

// Rate implements ports.Rates.
func (s *Source) Rate(
	_ context.Context, m merchant.Mode, from money.Currency, asset string,
) (money.Rate, error) {
	r := money.Rate{From: from.Code(), To: asset, At: s.clock.Now()}
	fixed, isFixed := s.fixed[Pair{from.Code(), asset}]
	switch {
	case isFixed:
		r.Price, r.Source = fixed.Decimal(), sourceFixed
	case slices.Contains(peggedCurrencies, from) && slices.Contains(peggedAssets, asset):
		r.Price, r.Source = parity.Decimal(), sourcePeg
	case m == merchant.Test && from == money.JPY && slices.Contains(peggedAssets, asset):
		r.Price, r.Source = sandboxYen.Decimal(), sourceSandbox
	default:
		return money.Rate{}, money.ErrRateUnavailable
	}
	return r, nil
}
