package portstest

import (
	"testing"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// Rates holds a source of rates to its promises. clock is the one the source was given; priced and
// unpriced are currencies it does and does not price in USDT.
func Rates(t *testing.T, source ports.Rates, clock ports.Clock, priced, unpriced []money.Currency) {
	for _, mode := range []merchant.Mode{merchant.Test, merchant.Live} {
		for _, c := range priced {
			t.Run("a rate for "+c.Code()+" is fresh, positive and says where it is from, "+mode.String(),
				func(t *testing.T) {
					r, err := source.Rate(t.Context(), mode, c, "USDT")
					ok(t, err)
					same(t, []string{r.From, r.To}, []string{c.Code(), "USDT"})
					if r.At.After(clock.Now()) || clock.Now().Sub(r.At) > ports.MaxRateAge {
						t.Fatalf("a rate of %s at %s", r.At, clock.Now())
					}
					if r.Price.Sign() <= 0 || r.Source == "" {
						t.Fatalf("rate %+v: no price or no source", r)
					}
					if mode == merchant.Live && r.Source == "sandbox" {
						t.Fatalf("rate %+v: made up, for real money", r)
					}
				})
		}
		for _, c := range unpriced {
			t.Run("without a price for "+c.Code()+" there is no rate, "+mode.String(), func(t *testing.T) {
				_, err := source.Rate(t.Context(), mode, c, "USDT")
				isFault(t, err, money.ErrRateUnavailable)
			})
		}
		t.Run("there is no rate for an asset nobody prices, "+mode.String(), func(t *testing.T) {
			_, err := source.Rate(t.Context(), mode, money.USD, "SHIB")
			isFault(t, err, money.ErrRateUnavailable)
		})
	}
}
