package checkout

import (
	"math/big"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
)

// Matching says how a transfer is recognised as paying an intent (decision 12).
type Matching string

// The matching rules.
const (
	// Shared is the merchant's one address: only the exact amount, suffix included, in one transfer.
	Shared Matching = "shared"
	// Dedicated is an address of this session alone: whatever arrives of the asset counts, in as many
	// transfers as it takes.
	Dedicated Matching = "dedicated"
	// Authorized is no amount's: a program's signed authorization says which transfer pays, so an intent
	// holds nothing, and any number of them may ask for one amount at one address.
	Authorized Matching = "authorized"
)

// Terms are the rules an intent is paid under. They are fixed when the payer is told where to pay: a
// later change of the project's policy never alters them.
type Terms struct {
	Matching      Matching
	Tolerance     *big.Int // base units that may be missing; nil for none, and always with Shared
	Confirmations int      // blocks until the payment counts; 0 is the network's own finality
	Sources       int      // endpoints that must prove it
}

// PlainTerms are those of an exact amount at a shared address, credited when the network calls it
// final.
func PlainTerms() Terms { return Terms{Matching: Shared, Sources: 1} }

// Wait is about how long a transfer waits until it counts, for telling people.
func (i Intent) Wait() time.Duration {
	n := i.Asset.Network
	depth := n.FinalityDepth()
	if i.Terms.Confirmations <= 0 || depth == 0 {
		return n.FinalityWait()
	}
	return n.FinalityWait() / time.Duration(depth) * time.Duration(i.Terms.Confirmations) //nolint:gosec // small constants
}

// Asked is what of an intent its terms depend on.
type Asked struct {
	Matching Matching
	Network  chain.Network
	Units    *big.Int // base units asked for, before any suffix
	Dollar   *big.Int // base units that one US dollar costs; nil when that is not known
}

// TermsFor are the terms of a payment by a policy. What a payment is worth decides; one whose worth is
// not known waits for finality, for as many endpoints as any, and is due to the last unit.
func TermsFor(p merchant.Policy, a Asked) Terms {
	worth := a.worth()
	t := Terms{
		Matching:      a.Matching,
		Confirmations: p.ConfirmationsFor(a.Network, worth),
		Sources:       1,
	}
	if a.Network != chain.Sandbox { // which has no second node
		t.Sources = p.SourcesFor(worth)
	}
	if t.Sources > 1 {
		t.Confirmations = 0 // what two endpoints must agree on has to be final at both
	}
	if a.Matching == Dedicated && a.Dollar != nil {
		t.Tolerance = a.tolerance(p)
	}
	return t
}

// worth is in whole dollars, rounded up.
func (a Asked) worth() merchant.Worth {
	if a.Dollar == nil || a.Dollar.Sign() <= 0 {
		return merchant.Worth{}
	}
	dollars, rest := new(big.Int).QuoRem(a.Units, a.Dollar, new(big.Int))
	if rest.Sign() > 0 {
		dollars.Add(dollars, big.NewInt(1))
	}
	if !dollars.IsInt64() {
		return merchant.Worth{}
	}
	return merchant.WorthOf(dollars.Int64())
}

// tolerance is the policy's share of the amount, rounded down and never more than a fixed worth; nil
// for none.
func (a Asked) tolerance(p merchant.Policy) *big.Int {
	const whole = 10_000 // basis points
	share := new(big.Int).Mul(a.Units, big.NewInt(int64(p.ToleranceBasisPoints)))
	share.Quo(share, big.NewInt(whole))
	if most := new(big.Int).Mul(a.Dollar, big.NewInt(merchant.MaxToleranceUSD)); share.Cmp(most) > 0 {
		share = most
	}
	if share.Sign() == 0 {
		return nil
	}
	return share
}
