package money

import (
	"fmt"
	"math/big"
	"time"

	"github.com/shopspring/decimal"

	"github.com/101pay/101pay/domain/fault"
)

// ErrRateUnavailable is the answer when no fresh price is to be had. A stale price is never used.
var ErrRateUnavailable = fault.New(fault.Unavailable, "rate_unavailable",
	"no fresh exchange rate for this currency; try again shortly").After(30 * time.Second)

// Rate is the price of one major unit of From in major units of To, with where it came from and
// when it held.
type Rate struct {
	From   string // currency code
	To     string // asset symbol, as in "USDT"
	Price  decimal.Decimal
	Source string    // "peg", "fixed", "sandbox", or the venues that agreed, as in "median(kraken,okx)"
	At     time.Time // when it held, as its source says
}

// Convert expresses amount in units of 10^-places of the rate's target, rounding up: the merchant
// is never short by a rounding.
func (r Rate) Convert(amount Amount, places int) (*big.Int, error) {
	if !amount.Valid() || amount.Currency().Code() != r.From {
		return nil, fmt.Errorf("convert %s with a rate for %s", amount.Currency(), r.From)
	}
	if r.Price.Sign() <= 0 {
		return nil, fmt.Errorf("convert with a price of %s: not a price", r.Price)
	}
	//nolint:gosec // an asset has fewer than 256 places
	units := amount.Decimal().Mul(r.Price).Shift(int32(places)).Round(roundedPlaces).Ceil()
	return units.BigInt(), nil
}
