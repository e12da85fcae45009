package checkout

import (
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
)

// clockSkew is how much older than its intent a payment's block may be: block time and our clock
// are two clocks.
const clockSkew = 60 * time.Second

// Verdict says what a final transfer that names a held amount means for its session.
type Verdict uint8

// The verdicts.
const (
	Pays      Verdict = iota + 1 // in time
	PaysLate                     // after the deadline, inside the window, and the project accepts it
	Hold                         // real money that settles nothing by itself: the merchant decides
	Duplicate                    // the session is already settled by another transfer
	TooEarly                     // older than the intent: some other payment of the same amount
)

// Judge decides what a transfer that matches intent's address and exact amount means. Time is the
// block's, never the clock's: a payment is late if its block is late, however long it took us to
// see it final.
func Judge(s *Session, i Intent, t chain.Transfer, late merchant.LatePolicy) Verdict {
	switch {
	case i.Postdates(t):
		return TooEarly
	case s.Status() == Settled:
		return Duplicate
	case s.Status() == Cancelled:
		return Hold
	case !t.BlockTime.After(i.ExpiresAt):
		return Pays
	case late == merchant.LateAccept && !t.BlockTime.After(i.ExpiresAt.Add(merchant.LateWindow)):
		return PaysLate
	}
	return Hold
}

// Postdates reports whether the intent was issued after a transfer: such a transfer cannot have been
// meant for it.
func (i Intent) Postdates(t chain.Transfer) bool {
	return t.BlockTime.Before(i.CreatedAt.Add(-clockSkew))
}

// pays reports whether a transfer is of the intent's asset, to its address, of its exact amount.
func pays(t chain.Transfer, i Intent) bool {
	return t.Network == i.Asset.Network && t.Asset == i.Asset && t.To == i.Address &&
		t.Units != nil && i.Units != nil && t.Units.Cmp(i.Units) == 0
}
