// Package checkout is the life of a request to be paid. A Session is opened for an amount, gathers
// an Intent when the payer chooses how to pay, and is settled when a final receipt covers what is
// due.
//
// It owns sessions, intents, the state machine, the unique suffix and the rule that matches a
// transfer to an intent. It knows no chain, clock or database: transfers and the time are handed
// to it.
//
// Invariants:
//   - Status moves only by the methods of Session, along the table in status.go.
//   - Only Credit and Accept make a session Settled, and they take a chain.Confirmed.
//   - A transfer pays at most one session. A session is settled if and only if what arrived for it, in
//     one exact transfer at a shared address or in parts at its own, covers what is due,
//     or its merchant accepted less.
package checkout

import (
	"fmt"
	"maps"
	"math/big"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// SessionID identifies a session: a random UUID, and a bearer capability for its public page.
type SessionID string

// IntentID identifies an intent: a random UUID. The native dialect calls it paymentId.
type IntentID string

// Kind says how a session came to be; dialects list by it.
type Kind string

// The kinds.
const (
	KindCheckout Kind = "checkout" // POST /v1/checkout/sessions
	KindUSDT     Kind = "usdt"     // POST /v1/payments
)

// Kinds lists every kind.
func Kinds() []Kind { return []Kind{KindCheckout, KindUSDT} }

// Intent is one attempt to pay a session by one method: where to, exactly how much, until when.
type Intent struct {
	ID        IntentID
	SessionID SessionID
	Method    Method
	Asset     chain.Asset
	Address   chain.Address
	Units     *big.Int   // exact payable amount in base units, suffix included
	Rate      money.Rate // the quote the amount came from
	CreatedAt time.Time
	ExpiresAt time.Time
	HoldUntil time.Time // the amount stays reserved until then, so that a late payment has one owner
	Terms     Terms
}

// Payable is the exact amount in major units.
func (i Intent) Payable() string { return money.FormatUnits(i.Units, int(i.Asset.Decimals)) }

// Receipt is the transfer that settled a session: the only one, or the one that completed its parts.
type Receipt struct {
	IntentID  IntentID
	Network   chain.Network
	TxID      chain.TxID
	Index     uint32
	From      chain.Address
	Units     *big.Int
	Height    uint64
	BlockTime time.Time
	OrderNo   string // of the ledger transaction that booked it
	Late      bool   // the block came after the deadline and the project accepts that
}

// Snapshot is a session laid open: the one bridge to rows and views.
type Snapshot struct {
	ID          SessionID
	MerchantID  merchant.ID
	ProjectID   merchant.ProjectID
	Mode        merchant.Mode
	Kind        Kind
	Due         money.Amount
	Method      Method // the only method allowed, "" when the payer chooses
	Description string
	OrderID     string // the merchant's own reference, "" if none
	Metadata    map[string]string
	SuccessURL  string
	FailURL     string
	Status      Status
	CreatedAt   time.Time
	ExpiresAt   time.Time
	UpdatedAt   time.Time
	Version     int64    // counts changes; a webhook with a lower one is older news
	Intent      *Intent  // the current one
	Receipt     *Receipt // set if and only if Settled
	Paid        *big.Int // base units of Intent.Asset that arrived and are booked; nil for none
	Parts       int      // how many transfers those are
	// UnderpaidHeld is set on an expired session that was paid in part while the merchant has to decide
	// what becomes of it.
	UnderpaidHeld bool
	PartsClosed   bool // he decided that nothing comes of them
}

// Session is a merchant's request to be paid an amount.
type Session struct {
	s Snapshot
}

// Open starts a session. The caller has validated texts and urls; Open checks what must always
// hold.
func Open(s Snapshot, now time.Time) (*Session, error) {
	s.Status, s.Version, s.CreatedAt, s.UpdatedAt = Opened, 1, now, now
	s.Intent, s.Receipt, s.Paid, s.Parts, s.UnderpaidHeld, s.PartsClosed = nil, nil, nil, 0, false, false
	return Restore(s)
}

// Restore rebuilds a session from a snapshot and re-checks its invariants.
func Restore(s Snapshot) (*Session, error) {
	switch {
	case s.ID == "" || s.MerchantID == "" || s.ProjectID == "":
		return nil, fmt.Errorf("session %q: incomplete identity", s.ID)
	case s.Mode != merchant.Test && s.Mode != merchant.Live:
		return nil, fmt.Errorf("session %s: no mode", s.ID)
	case !s.Due.Valid() || s.Due.IsZero():
		return nil, fmt.Errorf("session %s: nothing is due", s.ID)
	case !s.Status.Valid():
		return nil, fmt.Errorf("session %s: status %d", s.ID, s.Status)
	case !s.ExpiresAt.After(s.CreatedAt):
		return nil, fmt.Errorf("session %s: expires before it begins", s.ID)
	case (s.Status == Settled) != (s.Receipt != nil):
		return nil, fmt.Errorf("session %s: %s with receipt %v", s.ID, s.Status, s.Receipt != nil)
	case s.Intent == nil && (s.Status == Awaiting || s.Status == Processing):
		return nil, fmt.Errorf("session %s: %s without an intent", s.ID, s.Status)
	}
	if err := s.sound(); err != nil {
		return nil, err
	}
	return &Session{s}, nil
}

// Snapshot is a copy of everything the session holds.
func (s *Session) Snapshot() Snapshot {
	c := s.s
	c.Metadata = maps.Clone(c.Metadata)
	if c.Intent != nil {
		intent := *c.Intent
		c.Intent = &intent
	}
	if c.Receipt != nil {
		receipt := *c.Receipt
		c.Receipt = &receipt
	}
	if c.Paid != nil {
		c.Paid = new(big.Int).Set(c.Paid)
	}
	return c
}

// View is Snapshot without a copy, for who prints it and is done: nothing in it may be changed or kept.
func (s *Session) View() *Snapshot { return &s.s }

// ID is the session's identity.
func (s *Session) ID() SessionID { return s.s.ID }

// Status is where the session is in its life.
func (s *Session) Status() Status { return s.s.Status }

// Intent is the current intent, nil before the payer chose.
func (s *Session) Intent() *Intent { return s.s.Intent }

// CanIssue says whether the payer may choose a method on a network at now ("" means whichever it is
// already, if any), and answers the current intent when it is for just that and still payable: asking
// twice changes nothing (no fresh deadline, no second amount).
func (s *Session) CanIssue(m Method, on chain.Network, now time.Time) (*Intent, error) {
	same := s.s.Intent != nil && s.s.Intent.Method == m && (on == "" || s.s.Intent.Asset.Network == on)
	switch s.s.Status {
	case Settled:
		return nil, ErrAlreadyPaid
	case Cancelled:
		return nil, ErrCancelled
	case Expired:
		return nil, ErrExpired
	case Processing:
		if same {
			return s.s.Intent, nil
		}
		return nil, ErrPaymentInProgress
	case Opened, Awaiting:
	}
	if !now.Before(s.s.ExpiresAt) {
		return nil, ErrExpired
	}
	if s.s.Method != "" && s.s.Method != m {
		return nil, ErrUnsupportedMethod.Saying("this payment can only be made by " + string(s.s.Method))
	}
	switch {
	case same:
		return s.s.Intent, nil
	case s.s.Parts > 0:
		return nil, ErrPartlyPaid
	}
	return nil, nil
}

// Issue makes an intent current. An earlier intent of another method or network stays reserved, so
// that a payment already on its way still finds its session.
func (s *Session) Issue(i Intent, now time.Time) error {
	if i.Asset.Network == "" {
		return fmt.Errorf("session %s: intent on no network", s.s.ID)
	}
	if current, err := s.CanIssue(i.Method, i.Asset.Network, now); err != nil {
		return err
	} else if current != nil {
		return fmt.Errorf("session %s: intent for %s on %s exists", s.s.ID, i.Method, i.Asset.Network)
	}
	if i.SessionID != s.s.ID || i.Units == nil || i.Units.Sign() <= 0 || i.Address == "" {
		return fmt.Errorf("session %s: incomplete intent", s.s.ID)
	}
	s.s.Intent = &i
	return s.move(eventIssue, now)
}

// See notes that a transfer paying the session is on the chain but not final. It locks nothing but
// the choice of method and the page's words.
func (s *Session) See(now time.Time) (changed bool, err error) {
	if s.s.Status == Processing {
		return false, nil
	}
	return true, s.move(eventSee, now)
}

// Unsee takes See back: the block with the transfer is gone and it did not come again.
func (s *Session) Unsee(now time.Time) error { return s.move(eventUnsee, now) }

// Lapse ends an unpaid session whose deadline has passed. A session with a transfer in sight
// outlives its deadline.
func (s *Session) Lapse(now time.Time) error {
	if now.Before(s.s.ExpiresAt) {
		return fmt.Errorf("session %s: lapse before its deadline", s.s.ID)
	}
	return s.move(eventLapse, now)
}

// Hasten brings the deadline of an unpaid test session forward to now, so that what happens after it
// can be tried without waiting. Real payers keep the time they were promised.
func (s *Session) Hasten(now time.Time) error {
	switch {
	case s.s.Mode != merchant.Test || s.s.Intent == nil:
		return fmt.Errorf("session %s: its deadline cannot be moved", s.s.ID)
	case s.s.Status == Settled:
		return ErrAlreadyPaid
	case s.s.Status == Processing:
		return ErrPaymentInProgress
	case !now.Before(s.s.ExpiresAt):
		return nil
	}
	end := now
	if !end.After(s.s.CreatedAt) {
		end = s.s.CreatedAt.Add(time.Microsecond) // a session lasts
	}
	s.s.ExpiresAt, s.s.Intent.ExpiresAt = end, end
	s.s.Intent.HoldUntil = s.s.Intent.Terms.Matching.HoldUntil(end)
	s.s.UpdatedAt = now
	s.s.Version++
	return nil
}

// Cancel ends an unpaid session at the merchant's wish.
func (s *Session) Cancel(now time.Time) error {
	switch s.s.Status {
	case Processing:
		return ErrPaymentInProgress
	case Settled:
		return ErrAlreadyPaid
	case Expired:
		return ErrExpired
	case Cancelled:
		return nil
	case Opened, Awaiting:
	}
	if s.s.Parts > 0 {
		return ErrPartlyPaid
	}
	return s.move(eventCancel, now)
}

func (s *Session) move(e event, now time.Time) error {
	to, ok := transitions[s.s.Status][e]
	if !ok {
		return fmt.Errorf("session %s: no %s from %s", s.s.ID, e, s.s.Status)
	}
	s.s.Status = to
	s.s.UpdatedAt = now
	s.s.Version++
	return nil
}
