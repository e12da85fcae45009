package checkout

import (
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
)

// clockSkew is how much older than its intent a payment's block may be: block time and our clock
// are two clocks.
const clockSkew = 60 * time.Second

// Verdict says what a final transfer that was found to be for an intent means for its session.
type Verdict uint8

// The verdicts.
const (
	Pays      Verdict = iota + 1 // in time
	PaysLate                     // after the deadline, inside the window, and the project accepts it
	Hold                         // real money that settles nothing by itself: the merchant decides
	Duplicate                    // the session is already settled by another transfer
	TooEarly                     // older than the intent: some other payment of the same amount
	Part                         // in time or accepted late, and less than is due
)

// Judge decides what a transfer means that is found by intent's matching rule: by its address and exact
// amount, or by its address alone. Time is the block's, never the clock's: a payment is late if its
// block is late, however long it took us to see it final.
func Judge(s *Session, i Intent, t chain.Transfer, late merchant.LatePolicy) Verdict {
	switch {
	case i.Postdates(t):
		return TooEarly
	case s.Status() == Settled:
		return Duplicate
	case s.Status() == Cancelled || s.elsewhere(i) || s.s.PartsClosed:
		return Hold
	}
	verdict := Pays
	if t.BlockTime.After(i.ExpiresAt) {
		if late != merchant.LateAccept || t.BlockTime.After(i.ExpiresAt.Add(merchant.LateWindow)) {
			return Hold
		}
		verdict = PaysLate
	}
	switch {
	case i.covers(s.after(t)):
		return verdict
	case s.s.Parts+1 >= MaxParts:
		return Hold // the last one must complete it
	}
	return Part
}

// Postdates reports whether the intent was issued after a transfer: such a transfer cannot have been
// meant for it.
func (i Intent) Postdates(t chain.Transfer) bool {
	return t.BlockTime.Before(i.CreatedAt.Add(-clockSkew))
}

// names reports whether a transfer is of the intent's asset and to its address.
func (i Intent) names(t chain.Transfer) bool {
	return t.Network == i.Asset.Network && t.Asset == i.Asset && t.To == i.Address
}

// Matches reports whether a transfer may be this session's by the intent's rule: whatever arrives at an
// address of its own, the exact amount at a shared one.
func (i Intent) Matches(t chain.Transfer) bool {
	if !i.names(t) || t.Units == nil || i.Units == nil {
		return false
	}
	return i.Terms.Matching == Dedicated || t.Units.Cmp(i.Units) == 0
}
