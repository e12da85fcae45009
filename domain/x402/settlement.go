package x402

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Errors of settlements: those of a caller that does what it may not, or finds the world changed.
var (
	ErrTransition = errors.New("x402 settlement: not allowed in this status, or not by this actor")
	ErrEvidence   = errors.New("x402 settlement: the evidence is of something else, or does not say enough")
)

// Settlement is one authorization on its way to be settled, or what became of it. A store keeps one per
// ClaimKey, and moves it only from the status it was read in. The zero value is not a settlement.
type Settlement struct {
	now Snapshot
}

// Snapshot is a settlement as stores keep it.
type Snapshot struct {
	Due       Due
	Binding   Binding
	Status    Status
	TxID      Hash   // of the newest transaction signed, or of the one that settled; zero if none
	Reason    Reason // why it was refused or failed
	ClaimedAt time.Time
	SettledAt time.Time // zero unless settled
}

// Claim makes the settlement of a verified payment: first of all, before anything is asked of the chain
// or done for the client.
func Claim(v Verified, b Binding, now time.Time) (Settlement, error) {
	if b.Authorization != v.digest || (b.MerchantID == "" && b.SKU == "") {
		return Settlement{}, fmt.Errorf("claim %s: %w", v.Due().Key(), ErrEvidence)
	}
	return Settlement{Snapshot{Due: v.Due(), Binding: b, Status: Claimed, ClaimedAt: now}}, nil
}

// sent are the statuses that a transaction belongs to. A delegated settlement, and one that failed after it
// was delegated, may have one.
var sent = []Status{Signed, Broadcast, Pending, Settled, Reversed}

// Restore makes a settlement of what a store kept.
func Restore(s Snapshot) (Settlement, error) {
	_, known := statusNames[s.Status]
	switch {
	case !known, s.Due.Value.IsZero(), s.ClaimedAt.IsZero():
	case (s.Due.Method == Permit2UpTo) == s.Due.Most.IsZero(), s.Due.Value.Cmp(s.Due.Permitted()) > 0:
	case s.Due.Value != s.Due.Permitted() && (s.Status == Claimed || s.Status == Refused):
	case (s.Status == Settled) != !s.SettledAt.IsZero():
	case (s.Status == Refused || s.Status == Failed) != (s.Reason != 0):
	case s.TxID == Hash{} && slices.Contains(sent, s.Status):
	case s.TxID != Hash{} && (s.Status == Claimed || s.Status == Refused):
	default:
		return Settlement{s}, nil
	}
	return Settlement{}, fmt.Errorf("settlement %s in status %s contradicts itself", s.Due.Key(), s.Status)
}

// Snapshot is the settlement as stores keep it.
func (s Settlement) Snapshot() Snapshot { return s.now }

// move answers the settlement after an event, or refuses it.
func (s Settlement) move(on event, by Actor) (Settlement, error) {
	m, ok := transitions[cell{s.now.Status, on}]
	for _, may := range m.by {
		if ok && may == by {
			s.now.Status = m.to
			s.now.Reason, s.now.SettledAt = 0, time.Time{}
			return s, nil
		}
	}
	return Settlement{}, fmt.Errorf("%w: %s by %s while %s", ErrTransition, eventNames[on], by, s.now.Status)
}

// Refuse ends a claim before anything was signed: what the chain said of payer, money or token, or what
// another facilitator said of why it sent nothing.
func (s Settlement) Refuse(by Actor, why Reason) (Settlement, error) {
	if why == 0 {
		return Settlement{}, ErrEvidence
	}
	out, err := s.move(eventRefuse, by)
	out.now.Reason, out.now.TxID = why, Hash{}
	return out.or(err)
}

// ClaimAgain takes a refused payment up anew, as what refused it may have changed. It must be for what
// the first claim was for.
func (s Settlement) ClaimAgain(v Verified, b Binding, now time.Time) (Settlement, error) {
	if v.Due() != s.now.Due || !s.now.Binding.Same(b) {
		return Settlement{}, ErrEvidence
	}
	out, err := s.move(eventClaim, Requester)
	out.now.Binding, out.now.ClaimedAt = b, now
	return out.or(err)
}

// Use says how much was used of a payment whose payer signed the most, before anything is signed: that much
// is due from then on. Of other payments all is.
func (s Settlement) Use(used Uint256) (Settlement, error) {
	d := s.now.Due
	switch {
	case used == d.Value:
		return s, nil
	case d.Method != Permit2UpTo, s.now.Status != Claimed, used.IsZero(), used.Cmp(d.Most) > 0:
		return Settlement{}, fmt.Errorf("use %s of %s: %w", used, d.Permitted(), ErrEvidence)
	}
	s.now.Due.Value = used
	return s, nil
}

// Sign records a transaction that is signed and stored, before it is sent.
func (s Settlement) Sign(by Actor, tx Hash) (Settlement, error) {
	if tx == (Hash{}) {
		return Settlement{}, ErrEvidence
	}
	out, err := s.move(eventSign, by)
	out.now.TxID = tx
	return out.or(err)
}

// Delegate records that somebody else's facilitator is asked to send it, before it is asked; or, later, the
// transaction it names (zero if it has named none), which is its word and proves nothing.
func (s Settlement) Delegate(by Actor, tx Hash) (Settlement, error) {
	out, err := s.move(eventDelegate, by)
	if tx != (Hash{}) {
		out.now.TxID = tx
	}
	return out.or(err)
}

// Send records that the transaction was sent, or sent again.
func (s Settlement) Send(by Actor) (Settlement, error) { return s.move(eventSend, by) }

// Doubt records that no receipt came in time. The claim stays: the money may have moved.
func (s Settlement) Doubt(by Actor) (Settlement, error) { return s.move(eventDoubt, by) }

// Settle records what a receipt has proven.
func (s Settlement) Settle(by Actor, p Proven, now time.Time) (Settlement, error) {
	if p.due != s.now.Due || now.IsZero() {
		return Settlement{}, ErrEvidence
	}
	out, err := s.move(eventProve, by)
	out.now.TxID, out.now.SettledAt = p.tx, now
	return out.or(err)
}

// Revert records that a transaction for this settlement moved nothing, deep enough to stay so: it failed,
// or it succeeded and does not show the transfer. The authorization may still be submitted by anybody until
// its window is over.
func (s Settlement) Revert(by Actor, why Reason) (Settlement, error) {
	if why == 0 {
		return Settlement{}, ErrEvidence
	}
	out, err := s.move(eventRevert, by)
	out.now.Reason = why
	return out.or(err)
}

// Lapse records that the window is over and the nonce unused, both as of a final block: nobody can move
// this money by this authorization any more.
func (s Settlement) Lapse(by Actor, finalBlock time.Time, nonceUsed bool) (Settlement, error) {
	until, ok := s.now.Due.Over()
	if nonceUsed || !ok || unix(finalBlock) < until {
		return Settlement{}, ErrEvidence
	}
	out, err := s.move(eventLapse, by)
	out.now.Reason = ReasonExpired
	return out.or(err)
}

// Undo records that the chain no longer holds the transaction that settled.
func (s Settlement) Undo(by Actor) (Settlement, error) { return s.move(eventUndo, by) }

// or is the settlement, or nothing beside an error.
func (s Settlement) or(err error) (Settlement, error) {
	if err != nil {
		return Settlement{}, err
	}
	return s, nil
}
