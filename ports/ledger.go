package ports

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
)

// Booked is a transaction as it stands in the book.
type Booked struct {
	Transaction ledger.Transaction
	Content     ledger.Hash
	Chain       ledger.Hash
	Sequence    int64 // position in the chain of the merchant and mode, from 1
}

// Ledger books inside a unit of work.
//
// What it books bears the instant it is given, or the one until which its merchant's books are closed, if
// that is later.
type Ledger interface {
	// Book appends a transaction to its merchant's chain. ErrTaken says (Kind, SourceRef) is booked:
	// the same cause is never booked twice.
	Book(ctx context.Context, t ledger.Transaction) (Booked, error)
	// BookAll appends transactions in turn, as Book does, or none of them: ErrTaken says that what one is
	// booked for is booked, or is another's among them too. The unit of work can go on after that.
	BookAll(ctx context.Context, ts []ledger.Transaction) ([]Booked, error)
	// Stands reports whether a payment booked for a cause, or for that cause come again (the cause, a
	// point, and anything), has not been reversed.
	Stands(ctx context.Context, sourceRef string) (bool, error)
	// Find finds a merchant's transaction, or ErrNotFound.
	Find(ctx context.Context, m merchant.ID, no ledger.OrderNo) (Booked, error)
	// Close closes a merchant's books of a mode until an instant, for good: nothing that commits after this
	// unit of work is booked before it, whoever books, and what has been booked before it never changes.
	// An instant before the one until which they are closed changes nothing.
	Close(ctx context.Context, m merchant.ID, mode merchant.Mode, until time.Time) error
}

// Bookkeeper books one transaction durably, outside any unit of work. It may commit together with
// transactions of other callers; when it answers, this one is on disk or an error says it is not.
// guard, when set, is the id of a key pair that must still be live at the moment of booking;
// otherwise keys.ErrPairInvalid. Closed books are as Ledger says.
type Bookkeeper interface {
	Book(ctx context.Context, t ledger.Transaction, guard string) (Booked, error)
}

// OrderNumbers gives out order numbers: unique, rising within a process, gaps allowed, never used
// twice, whoever else draws from the same day.
type OrderNumbers interface {
	Next(ctx context.Context, day time.Time) (ledger.OrderNo, error)
}

// StatementQuery selects transactions. Zero fields do not filter; From is inclusive, To exclusive.
type StatementQuery struct {
	Merchant merchant.ID
	Project  merchant.ProjectID
	Mode     merchant.Mode
	From, To time.Time
	Currency string // code, as in "USDT"
	Kind     ledger.Kind
	Before   StatementMark // exclusive; zero for the first page
	Limit    int
	Without  LineParts // what need not be read; zero in what is answered, or there all the same
}

// LineParts are what a list of lines may do without.
type LineParts uint8

// The parts.
const (
	LinePlace LineParts = 1 << iota // in the chain of the book: Sequence and Chain
	LineCause                       // SourceRef and Content
)

// StatementMark is a position in a statement.
type StatementMark struct {
	At time.Time
	No ledger.OrderNo
}

// StatementPage is a page, newest first, and whether another may follow: Next is where it begins then. A
// page of one currency may hold fewer lines than asked for, even none, although another follows.
type StatementPage struct {
	Lines []Booked
	Next  StatementMark
	More  bool
}

// Statements reads the book outside any unit of work.
type Statements interface {
	// Page lists transactions, newest first. Any page of a project and mode costs about what the first one
	// costs, whatever it is filtered by.
	Page(ctx context.Context, q StatementQuery) (StatementPage, error)
	// ByOrderNo finds a merchant's transaction of a mode, or ErrNotFound.
	ByOrderNo(ctx context.Context, m merchant.ID, mode merchant.Mode, no ledger.OrderNo) (Booked, error)
}
