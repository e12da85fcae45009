// Package ledger is the book: what was booked, between which accounts, under which order number.
//
// It owns accounts, two-sided postings, transactions, order numbers and the hashes that make an
// edit show. It does not own when to book (package app) nor how rows are kept.
//
// Invariants:
//   - A posting names its source and its destination, so a transaction balances by construction.
//   - A transaction is never changed or deleted; a reversal is a new transaction that mirrors it.
//   - ContentHash covers every field a reader can see; ChainHash covers every earlier transaction
//     of the merchant and mode.
package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// Account is a named place value sits, as in "merchant:<id>:live:received:tron".
type Account string

// World is where value comes from before it is ours to count: a chain, or a merchant's own word.
func World(m merchant.Mode, origin string) Account {
	return Account("world:" + m.String() + ":" + origin)
}

// Of is a merchant's account for a purpose, within a mode.
func Of(id merchant.ID, m merchant.Mode, purpose string) Account {
	return Account("merchant:" + string(id) + ":" + m.String() + ":" + purpose)
}

// Purposes of merchant accounts. Recorded charges never mix with money received on chain.
const (
	Received = "received:" // and a network
	Charged  = "charges"
	Recorded = "recorded"
)

// Kind says what a transaction books.
type Kind string

// The kinds.
const (
	KindCharge   Kind = "charge"   // a merchant's own book entry (decision 7)
	KindPayment  Kind = "payment"  // a final on-chain receipt
	KindReversal Kind = "reversal" // undoes another transaction
	KindAgent    Kind = "x402"     // an agent's payment, proven by its receipt
)

// Kinds lists every kind.
func Kinds() []Kind { return []Kind{KindCharge, KindPayment, KindReversal, KindAgent} }

// ParseKind reads a kind's name.
func ParseKind(s string) (Kind, bool) {
	switch k := Kind(s); k {
	case KindCharge, KindPayment, KindReversal, KindAgent:
		return k, true
	}
	return "", false
}

// Posting moves an amount from one account to another.
type Posting struct {
	Source, Destination Account
	Amount              money.Amount
}

// Transaction is a set of postings under one order number.
type Transaction struct {
	OrderNo     OrderNo
	MerchantID  merchant.ID
	ProjectID   merchant.ProjectID
	Mode        merchant.Mode
	Kind        Kind
	SourceRef   string // what caused it; (Kind, SourceRef) is booked at most once
	SessionID   string // the session settled or reversed, "" for charges and what agents pay for resources
	Description string
	Postings    []Posting
	Reverses    OrderNo   // "" unless KindReversal
	BookedAt    time.Time // UTC, whole microseconds
}

// Bounds of a transaction.
const (
	maxPostings = 16
)

// Validate refuses a transaction that must not be booked.
func (t Transaction) Validate() error {
	switch {
	case !t.OrderNo.Valid():
		return fmt.Errorf("transaction: order number %q", t.OrderNo)
	case t.MerchantID == "" || t.ProjectID == "" || t.Mode != merchant.Test && t.Mode != merchant.Live:
		return fmt.Errorf("transaction %s: incomplete owner", t.OrderNo)
	case t.SourceRef == "":
		return fmt.Errorf("transaction %s: no cause", t.OrderNo)
	case len(t.Postings) == 0 || len(t.Postings) > maxPostings:
		return fmt.Errorf("transaction %s: %d postings", t.OrderNo, len(t.Postings))
	case (t.Kind == KindReversal) != (t.Reverses != ""):
		return fmt.Errorf("transaction %s: %s reverses %q", t.OrderNo, t.Kind, t.Reverses)
	case !t.BookedAt.Equal(t.BookedAt.Truncate(time.Microsecond)) || t.BookedAt.IsZero():
		return fmt.Errorf("transaction %s: booked at %s", t.OrderNo, t.BookedAt)
	}
	tag := ":" + t.Mode.String() + ":"
	for _, p := range t.Postings {
		if !p.Amount.Valid() || p.Amount.IsZero() || p.Source == p.Destination ||
			!strings.Contains(string(p.Source), tag) || !strings.Contains(string(p.Destination), tag) {
			return fmt.Errorf("transaction %s: posting %s -> %s of %s", t.OrderNo, p.Source, p.Destination, p.Amount)
		}
	}
	return nil
}

// Reversal is the transaction that undoes t: every posting mirrored.
func (t Transaction) Reversal(no OrderNo, sourceRef, why string, now time.Time) Transaction {
	r := t
	r.OrderNo, r.Kind, r.SourceRef, r.Description = no, KindReversal, sourceRef, why
	r.Reverses, r.BookedAt = t.OrderNo, Instant(now)
	r.Postings = make([]Posting, len(t.Postings))
	for i, p := range t.Postings {
		r.Postings[i] = Posting{Source: p.Destination, Destination: p.Source, Amount: p.Amount}
	}
	return r
}

// NotBefore is the transaction booked at the earliest when its merchant's books were closed: what belongs
// to a closed period comes into the next one.
func (t Transaction) NotBefore(closed time.Time) Transaction {
	if t.BookedAt.Before(closed) {
		t.BookedAt = Instant(closed)
	}
	return t
}

// Instant cuts a time to what the book keeps: UTC, whole microseconds.
func Instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// Hash is a SHA-256 hash.
type Hash [sha256.Size]byte

// String is 0x and 64 hex digits.
func (h Hash) String() string { return "0x" + hex.EncodeToString(h[:]) }

// ContentText is the canonical text a transaction's content hash is taken over, one "name: value"
// line per field and per posting. Text is quoted as JSON strings would be by strconv.Quote, so that
// no value can imitate a line. Anyone holding the answer of GET /v1/transactions/{orderNo} can
// rebuild it.
func (t Transaction) ContentText() string {
	var b strings.Builder
	line := func(name, value string) { b.WriteString(name + ": " + value + "\n") }
	line("101pay", "transaction/1")
	line("orderNo", string(t.OrderNo))
	line("merchant", string(t.MerchantID))
	line("project", string(t.ProjectID))
	line("mode", t.Mode.String())
	line("kind", string(t.Kind))
	line("source", strconv.Quote(t.SourceRef))
	line("session", t.SessionID)
	line("description", strconv.Quote(t.Description))
	line("reverses", string(t.Reverses))
	line("bookedAt", t.BookedAt.UTC().Format("2006-01-02T15:04:05.000000Z"))
	for _, p := range t.Postings {
		line("posting", string(p.Source)+" "+string(p.Destination)+" "+p.Amount.Currency().String()+" "+p.Amount.MinorText())
	}
	return b.String()
}

// ContentHash is the SHA-256 of ContentText.
func (t Transaction) ContentHash() Hash { return sha256.Sum256([]byte(t.ContentText())) }

// ChainHash links a transaction to all earlier ones of its merchant and mode: SHA-256 of the
// previous link (32 zero bytes for the first) and the content hash.
func ChainHash(previous, content Hash) Hash {
	return sha256.Sum256(append(previous[:], content[:]...))
}

// OrderNo is a 17-digit label: eight digits of the UTC day and a nine-digit sequence. It is always
// text: JavaScript cannot hold it as a number.
type OrderNo string

// Shape of an order number.
const (
	dayLayout   = "20060102"
	orderDigits = 17
	// MaxSequence is the last sequence of a day. After it booking fails rather than wraps.
	MaxSequence = 999_999_999
)

// ErrOrderNumbersExhausted says that a day's sequence is used up.
var ErrOrderNumbersExhausted = fault.New(fault.Unavailable, "order_numbers_exhausted",
	"no order number is left for today")

// MakeOrderNo builds the order number of a day's sequence, from 1 to MaxSequence.
func MakeOrderNo(day time.Time, sequence int64) (OrderNo, error) {
	if sequence < 1 || sequence > MaxSequence {
		return "", ErrOrderNumbersExhausted
	}
	digits := strconv.FormatInt(sequence, 10)
	return OrderNo(day.UTC().Format(dayLayout) + "000000000"[len(digits):] + digits), nil
}

// Valid reports whether the order number has its shape.
func (n OrderNo) Valid() bool {
	if len(n) != orderDigits || n[8:] == "000000000" {
		return false
	}
	for i := range len(n) {
		if n[i] < '0' || n[i] > '9' {
			return false
		}
	}
	_, err := time.Parse(dayLayout, string(n[:8]))
	return err == nil
}
