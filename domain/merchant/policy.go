package merchant

import (
	"slices"
	"strconv"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/fault"
)

// LatePolicy says what happens to a final payment whose block came after the deadline.
type LatePolicy string

// The late policies (decision 14).
const (
	LateAccept LatePolicy = "accept" // within the window, at the locked rate
	LateHold   LatePolicy = "hold"   // wait for the merchant
)

// UnderpaidPolicy says what happens at the deadline to a checkout that was paid in part.
type UnderpaidPolicy string

// The underpaid policies. What arrived is booked either way; no policy delivers goods for less.
const (
	UnderpaidHold   UnderpaidPolicy = "hold"   // it waits in the queue: accept, return, or close
	UnderpaidRecord UnderpaidPolicy = "record" // it expires; nothing waits for anybody
)

// FinalityRule lets payments up to a worth be credited before the network calls them final.
type FinalityRule struct {
	Network       chain.Network
	UpTo          int // whole US dollars, inclusive
	Confirmations int // blocks, the payment's own included
}

// Policy is how a project wants its payments treated. What of it concerns one payment is fixed when
// the payer is told where to pay, so that a change never alters a promise (checkout.Terms).
type Policy struct {
	SessionMinutes       int        // how long a new checkout may be paid
	Late                 LatePolicy // for payments after the deadline
	RecordedCharges      bool       // live charges may be booked without a chain payment (decision 7)
	ToleranceBasisPoints int        // how much less still pays, in 1/10,000; dedicated addresses only
	Underpaid            UnderpaidPolicy
	Finality             []FinalityRule // none: every payment waits for finality
	TwoSourcesFrom       int            // worth in whole US dollars from which two endpoints must agree; 0 never
}

// Bounds and defaults of a policy.
const (
	DefaultSessionMinutes = 30
	minSessionMinutes     = 5
	maxSessionMinutes     = 24 * 60
	maxTolerance          = 100 // basis points: one percent
	MaxToleranceUSD       = 10  // whole US dollars, whatever the percentage says
	maxFinalityRules      = 12
	maxEarlyUSD           = 10_000         // nobody credits more than that early
	maxWorthUSD           = 1_000_000      // of a threshold
	LateWindow            = 24 * time.Hour // how long after the deadline LateAccept still settles
)

// ErrInvalidPolicy refuses a policy outside its bounds.
var ErrInvalidPolicy = fault.New(fault.Invalid, "invalid_policy",
	"sessionMinutes must be 5 to 1440; latePolicy must be \"accept\" or \"hold\"")

// DefaultPolicy is what a new project starts with.
func DefaultPolicy() Policy {
	return Policy{SessionMinutes: DefaultSessionMinutes, Late: LateAccept, Underpaid: UnderpaidHold}
}

// Validate refuses a policy outside its bounds.
func (p Policy) Validate() error {
	switch {
	case p.SessionMinutes < minSessionMinutes || p.SessionMinutes > maxSessionMinutes:
		return ErrInvalidPolicy.About("sessionMinutes")
	case p.Late != LateAccept && p.Late != LateHold:
		return ErrInvalidPolicy.About("latePolicy")
	case p.ToleranceBasisPoints < 0 || p.ToleranceBasisPoints > maxTolerance:
		return ErrInvalidPolicy.Saying("toleranceBasisPoints must be 0 to 100 (one percent)").
			About("toleranceBasisPoints")
	case p.Underpaid != UnderpaidHold && p.Underpaid != UnderpaidRecord:
		return ErrInvalidPolicy.Saying("underpaidPolicy must be \"hold\" or \"record\"").
			About("underpaidPolicy")
	case p.TwoSourcesFrom < 0 || p.TwoSourcesFrom > maxWorthUSD:
		return ErrInvalidPolicy.Saying("twoSourcesFromUsd must be 0 (never) to 1000000").
			About("twoSourcesFromUsd")
	}
	return validateFinality(p.Finality)
}

// validateFinality refuses rules that are double, out of bounds, or for networks whose finality is
// worth waiting for.
func validateFinality(rules []FinalityRule) error {
	refuse := func(why string) error { return ErrInvalidPolicy.Saying(why).About("confirmations") }
	if len(rules) > maxFinalityRules {
		return refuse("at most " + strconv.Itoa(maxFinalityRules) + " rules of confirmations")
	}
	for i, r := range rules {
		least, depth := r.Network.EarliestConfirmations(), r.Network.FinalityDepth()
		switch {
		case least == 0:
			return refuse("payments on " + r.Network.Standard() +
				" are final soon after they are made; confirmations cannot be chosen there")
		case r.Confirmations < int(least) || r.Confirmations >= int(depth): //nolint:gosec // small constants
			return refuse("confirmations on " + r.Network.Standard() + " must be " +
				strconv.FormatUint(least, 10) + " to " + strconv.FormatUint(depth-1, 10))
		case r.UpTo < 1 || r.UpTo > maxEarlyUSD:
			return refuse("upToUsd must be 1 to 10000; what is worth more waits for finality")
		case slices.ContainsFunc(rules[:i], func(o FinalityRule) bool {
			return o.Network == r.Network && o.UpTo == r.UpTo
		}):
			return refuse("two rules for " + r.Network.Standard() + " up to the same worth")
		}
	}
	return nil
}

// ConfirmationsFor is how many blocks a payment of a worth waits for on a network; 0 means the
// network's own finality. The narrowest rule that covers the worth holds.
func (p Policy) ConfirmationsFor(n chain.Network, w Worth) int {
	var found FinalityRule
	for _, r := range p.Finality {
		if r.Network == n && w.AtMost(r.UpTo) && (found.UpTo == 0 || r.UpTo < found.UpTo) {
			found = r
		}
	}
	return found.Confirmations
}

// SourcesFor is how many endpoints must prove a payment of a worth.
func (p Policy) SourcesFor(w Worth) int {
	if p.TwoSourcesFrom > 0 && !w.AtMost(p.TwoSourcesFrom-1) {
		return 2
	}
	return 1
}

// NeedsWorth reports whether what a payment is worth matters to the policy.
func (p Policy) NeedsWorth() bool {
	return len(p.Finality) > 0 || p.TwoSourcesFrom > 0 || p.ToleranceBasisPoints > 0
}

// Worth is what a payment is worth in US dollars, rounded up to whole ones. The zero value is not
// known, and treated as more than anything: what cannot be priced is treated with most care.
type Worth struct{ dollars int64 }

// WorthOf is a known worth of at least one dollar; less counts as one.
func WorthOf(dollars int64) Worth { return Worth{max(dollars, 1)} }

// AtMost reports whether the worth is known and no more than whole dollars.
func (w Worth) AtMost(dollars int) bool { return w.dollars > 0 && w.dollars <= int64(dollars) }
