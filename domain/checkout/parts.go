package checkout

import (
	"fmt"
	"math/big"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
)

// MaxParts is how many transfers may pay a session. What comes in more pieces waits for the merchant:
// each piece is booked and told, and nobody shall cause that without end with dust.
const MaxParts = 32

// HoldUntil is how long an intent keeps what it was given after its deadline: an exact amount as long as
// a late payment may still settle, an address of its own as long as old pages are still paid, because
// there every transfer has one owner and no other can be mistaken for it.
func (m Matching) HoldUntil(deadline time.Time) time.Time {
	if m == Dedicated {
		return deadline.Add(merchant.AddressRest)
	}
	return deadline.Add(merchant.LateWindow)
}

// covers reports whether an amount is what the intent asks for, up to its tolerance. A shared address
// has none: there only the exact amount, to the last unit, is this session's.
func (i Intent) covers(units *big.Int) bool {
	if i.Terms.Matching != Dedicated {
		return units.Cmp(i.Units) == 0
	}
	least := i.Units
	if i.Terms.Tolerance != nil {
		least = new(big.Int).Sub(least, i.Terms.Tolerance)
	}
	return units.Cmp(least) >= 0
}

// Received is what arrived and is booked, 0 for nothing.
func (s Snapshot) Received() *big.Int {
	if s.Paid == nil {
		return new(big.Int)
	}
	return s.Paid
}

// Rest is how many base units of the intent's asset are still to be paid: what was asked for less what
// arrived, to the last unit, whatever the tolerance. 0 when nothing is due any more or yet.
func (s Snapshot) Rest() *big.Int {
	if s.Intent == nil || s.Status == Settled {
		return new(big.Int)
	}
	return positive(new(big.Int).Sub(s.Intent.Units, s.Received()))
}

// Over is how many base units more than what was asked for arrived and are booked.
func (s Snapshot) Over() *big.Int {
	if s.Intent == nil {
		return new(big.Int)
	}
	return positive(new(big.Int).Sub(s.Received(), s.Intent.Units))
}

func positive(n *big.Int) *big.Int {
	if n.Sign() < 0 {
		return new(big.Int)
	}
	return n
}

// Partly reports whether something arrived, and less than is due.
func (s Snapshot) Partly() bool { return s.Status != Settled && s.Parts > 0 }

// after is what would have arrived with a transfer more.
func (s *Session) after(t chain.Transfer) *big.Int { return new(big.Int).Add(s.s.Received(), t.Units) }

// elsewhere reports whether the session is being paid in parts by another intent. Amounts of different
// assets do not add up.
func (s *Session) elsewhere(i Intent) bool { return s.s.Parts > 0 && s.s.Intent.ID != i.ID }

// Credit counts a final transfer towards what is due. If that is covered then, the session is settled
// and the transfer is its receipt; if not, the transfer is a part. late says that it came after the
// deadline and the project accepts that; orderNo is that of its booking.
func (s *Session) Credit(c chain.Confirmed, i Intent, late bool, orderNo string, now time.Time) error {
	t := c.Transfer()
	if i.SessionID != s.s.ID || !i.Matches(t) || s.elsewhere(i) {
		return fmt.Errorf("session %s: transfer %s/%d does not pay intent %s", s.s.ID, t.TxID, t.Index, i.ID)
	}
	sum, happened := s.after(t), eventPart
	if i.covers(sum) {
		happened = eventSettle
	}
	if err := s.move(happened, now); err != nil {
		return err
	}
	s.s.Intent, s.s.Paid = &i, sum
	s.s.Parts++
	if happened == eventPart {
		return nil
	}
	s.s.UnderpaidHeld = false
	s.s.Receipt = receipt(t, i, orderNo, late)
	return nil
}

// Accept ends a session with a final transfer that does not pay it by itself, because its merchant
// decided so: it came too late, was of another amount, or went to another of his addresses. It must be
// of the coin that was asked for. i is the intent it stands for. What arrived in parts before counts too.
func (s *Session) Accept(c chain.Confirmed, i Intent, orderNo string, now time.Time) error {
	t := c.Transfer()
	switch {
	case s.s.Status == Settled:
		return ErrAlreadyPaid
	case s.s.Status == Processing:
		return ErrPaymentInProgress
	case i.SessionID != s.s.ID || c.Early():
		return fmt.Errorf("session %s: accept transfer %s/%d for intent %s", s.s.ID, t.TxID, t.Index, i.ID)
	case t.Asset.Symbol != i.Asset.Symbol || t.Asset.Decimals != i.Asset.Decimals:
		return ErrOtherAsset
	case s.elsewhere(i):
		return ErrPartlyPaid
	}
	sum := s.after(t)
	if err := s.move(eventAccept, now); err != nil {
		return err
	}
	s.s.Intent, s.s.Paid = &i, sum
	s.s.Parts++
	s.s.UnderpaidHeld, s.s.PartsClosed = false, false
	s.s.Receipt = receipt(t, i, orderNo, t.BlockTime.After(i.ExpiresAt))
	return nil
}

// AcceptParts ends an expired session with what arrived for it, because its merchant decided that this
// is enough. c proves one of its parts, which becomes the receipt; orderNo is that of its booking.
func (s *Session) AcceptParts(c chain.Confirmed, orderNo string, now time.Time) error {
	t := c.Transfer()
	if !s.s.UnderpaidHeld || c.Early() || !s.s.Intent.names(t) {
		return fmt.Errorf("session %s: accept part %s/%d", s.s.ID, t.TxID, t.Index)
	}
	if err := s.move(eventAccept, now); err != nil {
		return err
	}
	s.s.UnderpaidHeld = false
	s.s.Receipt = receipt(t, *s.s.Intent, orderNo, t.BlockTime.After(s.s.Intent.ExpiresAt))
	return nil
}

// CloseParts ends the wait of an expired session for its merchant, who sent back what arrived or keeps it
// for something else. Nothing is added to it any more: what comes still waits for him by itself.
func (s *Session) CloseParts(now time.Time) error {
	if !s.s.UnderpaidHeld {
		return fmt.Errorf("session %s: nothing to close", s.s.ID)
	}
	s.s.UnderpaidHeld, s.s.PartsClosed = false, true
	s.s.UpdatedAt = now
	s.s.Version++
	return nil
}

func receipt(t chain.Transfer, i Intent, orderNo string, late bool) *Receipt {
	return &Receipt{
		IntentID: i.ID, Network: t.Network, TxID: t.TxID, Index: t.Index, From: t.From, Units: t.Units,
		Height: t.Height, BlockTime: t.BlockTime, OrderNo: orderNo, Late: late,
	}
}

// Undone says what the end of a booked transfer did to its session.
type Undone struct {
	Reopened bool // it was settled, and can be paid again
	// Demoted is the transfer that had completed the payment and is a part of it now; nil if there is
	// none, or it is the one that was undone.
	Demoted *Receipt
}

// Reverse takes a booked transfer back: the chain undid it although it was final. A settled session
// that is short without it can be paid again for window.
func (s *Session) Reverse(t chain.Transfer, now time.Time, window time.Duration) (Undone, error) {
	left := new(big.Int).Sub(s.s.Received(), t.Units)
	receipt := s.s.Receipt
	own := receipt != nil && receipt.TxID == t.TxID && receipt.Index == t.Index && receipt.Network == t.Network
	if s.s.Parts == 0 || left.Sign() < 0 || (s.s.Parts == 1) != (left.Sign() == 0) || !own && !s.s.Intent.names(t) {
		return Undone{}, fmt.Errorf("session %s: %s/%d is not a part of it", s.s.ID, t.TxID, t.Index)
	}
	undone := Undone{Reopened: s.s.Status == Settled && !s.s.Intent.covers(left)}
	happened := eventUndo
	if undone.Reopened {
		happened = eventReverse
	}
	if own && !undone.Reopened {
		return Undone{}, fmt.Errorf("session %s: covered without its receipt %s/%d", s.s.ID, t.TxID, t.Index)
	}
	if err := s.move(happened, now); err != nil {
		return Undone{}, err
	}
	if s.s.Parts--; s.s.Parts == 0 {
		s.s.Paid, s.s.UnderpaidHeld, s.s.PartsClosed = nil, false, false
	} else {
		s.s.Paid = left
	}
	if !undone.Reopened {
		return undone, nil
	}
	if !own {
		undone.Demoted = receipt
	}
	s.s.Receipt = nil
	if until := now.Add(window); s.s.ExpiresAt.Before(until) {
		s.s.ExpiresAt = until
		s.s.Intent.ExpiresAt, s.s.Intent.HoldUntil = until, s.s.Intent.Terms.Matching.HoldUntil(until)
	}
	return undone, nil
}

// AwaitDecision leaves an expired session that was paid in part to the merchant. What arrived stays
// booked; nothing is delivered for less by itself.
func (s *Session) AwaitDecision() error {
	if s.s.Status != Expired || s.s.Parts == 0 {
		return fmt.Errorf("session %s: %s with %d parts has nothing to decide", s.s.ID, s.s.Status, s.s.Parts)
	}
	s.s.UnderpaidHeld = true
	return nil
}

// sound re-checks what must hold of the parts of a session.
func (s Snapshot) sound() error {
	some := s.Parts > 0
	switch {
	case s.Parts < 0 || some != (s.Paid != nil) || some && s.Paid.Sign() <= 0:
		return fmt.Errorf("session %s: %d parts of %v units", s.ID, s.Parts, s.Paid)
	case some && (s.Intent == nil || s.Status == Opened || s.Status == Cancelled):
		return fmt.Errorf("session %s: %s with parts", s.ID, s.Status)
	case s.Status == Settled && !some, s.Status != Settled && some && s.Intent.covers(s.Paid):
		return fmt.Errorf("session %s: %s with %v units paid", s.ID, s.Status, s.Paid)
	case (s.UnderpaidHeld || s.PartsClosed) && (s.Status != Expired || !some || s.UnderpaidHeld == s.PartsClosed):
		return fmt.Errorf("session %s: %s waits for a decision about nothing", s.ID, s.Status)
	}
	return nil
}
