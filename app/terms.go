package app

import (
	"context"
	"errors"
	"math/big"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// terms are the rules a payment is made under, by the project's policy of this moment. Without a
// price for the asset its worth is not known, and the payment is treated with most care.
func (s Checkout) terms(
	ctx context.Context, q quote, matching checkout.Matching,
) (checkout.Terms, error) {
	asked := checkout.Asked{Matching: matching, Network: q.asset.Network, Units: q.base}
	if q.policy.NeedsWorth() {
		var err error
		if asked.Dollar, err = s.dollarIn(ctx, q.session.Mode, q.asset); err != nil {
			return checkout.Terms{}, err
		}
	}
	return checkout.TermsFor(q.policy, asked), nil
}

// dollarIn prices one US dollar in base units of an asset; nil while there is no fresh rate.
func (s Checkout) dollarIn(
	ctx context.Context, m merchant.Mode, a chain.Asset,
) (*big.Int, error) {
	rate, err := s.Rates.Rate(ctx, m, money.USD, a.Symbol)
	switch {
	case errors.Is(err, money.ErrRateUnavailable):
		return nil, nil
	case err != nil:
		return nil, err
	}
	one, err := money.FromMinor(money.USD, big.NewInt(100))
	if err != nil {
		return nil, err
	}
	return rate.Convert(one, int(a.Decimals))
}
