package checkout

import (
	"math/big"
	"testing"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
)

// What a payment is worth decides how much care it is given, and what cannot be priced is given most.
func TestTermsFollowTheWorthOfAPayment(t *testing.T) {
	policy := merchant.DefaultPolicy()
	policy.Finality = []merchant.FinalityRule{
		{Network: chain.Ethereum, UpTo: 1000, Confirmations: 12},
		{Network: chain.Ethereum, UpTo: 50, Confirmations: 3},
		{Network: chain.Base, UpTo: 100, Confirmations: 10},
	}
	policy.TwoSourcesFrom, policy.ToleranceBasisPoints = 1000, 100
	dollar := big.NewInt(1_000_000)
	for name, c := range map[string]struct {
		network       chain.Network
		units         int64
		dollar        *big.Int
		confirmations int
		sources       int
		tolerance     int64
	}{
		"a coffee":                          {chain.Ethereum, 3_500_000, dollar, 3, 1, 35_000},
		"the last cent of a band":           {chain.Ethereum, 50_000_000, dollar, 3, 1, 500_000},
		"one unit above a band":             {chain.Ethereum, 50_000_001, dollar, 12, 1, 500_000},
		"just below two sources":            {chain.Ethereum, 999_000_000, dollar, 12, 1, 9_990_000},
		"one unit more":                     {chain.Ethereum, 999_000_001, dollar, 0, 2, 9_990_000},
		"the tolerance has a limit":         {chain.Ethereum, 5_000_000_000, dollar, 0, 2, 10_000_000},
		"another network has other bands":   {chain.Base, 50_000_000, dollar, 10, 1, 500_000},
		"a network without bands":           {chain.Tron, 50_000_000, dollar, 0, 1, 500_000},
		"nobody knows what it is worth":     {chain.Ethereum, 1, nil, 0, 2, 0},
		"a price of nothing is no price":    {chain.Ethereum, 1, big.NewInt(0), 0, 2, 0},
		"too little for any tolerance":      {chain.Ethereum, 99, dollar, 3, 1, 0},
		"worth more than a number can hold": {chain.Ethereum, 1 << 62, big.NewInt(1), 0, 2, 10},
	} {
		got := TermsFor(policy, Asked{Dedicated, c.network, big.NewInt(c.units), c.dollar})
		tolerance := new(big.Int)
		if got.Tolerance != nil {
			tolerance = got.Tolerance
		}
		if got.Confirmations != c.confirmations || got.Sources != c.sources || tolerance.Int64() != c.tolerance {
			t.Errorf("%s: %+v, tolerance %s; want %d confirmations, %d sources, tolerance %d",
				name, got, tolerance, c.confirmations, c.sources, c.tolerance)
		}
		if shared := TermsFor(policy, Asked{Shared, c.network, big.NewInt(c.units), c.dollar}); shared.Tolerance != nil {
			t.Errorf("%s: a shared address tolerates %s", name, shared.Tolerance)
		}
	}
	plain := TermsFor(merchant.DefaultPolicy(), Asked{Shared, chain.Ethereum, big.NewInt(1), nil})
	if plain != PlainTerms() {
		t.Errorf("without any rule: %+v", plain)
	}
}
