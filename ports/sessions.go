package ports

import (
	"context"
	"math/big"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
)

// Sessions keeps checkout sessions and, as Amounts, the exact amounts their intents hold.
type Sessions interface {
	// Add records a new session. ErrTaken (Param "order_id") says the project has one with the same
	// order id and mode.
	Add(ctx context.Context, s *checkout.Session) error
	// Load finds a session, locked, or ErrNotFound.
	Load(ctx context.Context, id checkout.SessionID) (*checkout.Session, error)
	// Save replaces what may change: status, version, deadline, current intent, receipt, what was paid
	// and whether the merchant has to decide. It is refused with ErrStale unless the stored version is older.
	Save(ctx context.Context, s *checkout.Session) error
	SessionBatches
	// ByOrderID finds a project's session by the merchant's reference, or ErrNotFound.
	ByOrderID(ctx context.Context, p merchant.ProjectID, m merchant.Mode, orderID string) (*checkout.Session, error)
	Amounts
	// Due lists at most limit unpaid sessions whose deadline is before now: those without an intent,
	// and those whose intent's network is final beyond the deadline according to finalTime.
	Due(ctx context.Context, now time.Time, finalTime map[chain.Network]time.Time, limit int) ([]checkout.SessionID, error)
}

// SessionBatches does to several sessions at once what Sessions does to one.
type SessionBatches interface {
	// AddAll records new sessions as Add records one, but for those whose order id is taken, by a session
	// that was there or by one before them in the list: it answers which those are.
	AddAll(ctx context.Context, list []*checkout.Session) (taken map[checkout.SessionID]bool, err error)
	// LoadAll finds sessions, locked, or ErrNotFound if any is missing. Two who load some of the same
	// sessions lock them in the same order, however they name them: neither waits for the other for ever.
	LoadAll(ctx context.Context, ids []checkout.SessionID) (map[checkout.SessionID]*checkout.Session, error)
	// SaveAll saves sessions, each named once, as Save saves one. If one of them is refused the unit of
	// work has to fail: some of the others may be saved in it.
	SaveAll(ctx context.Context, list []*checkout.Session) error
}

// Amounts keeps which intent holds which exact amount at a shared address, and which one a dedicated
// address.
type Amounts interface {
	// Reserve records an intent and claims its exact amount at its address until HoldUntil. Two
	// callers can never both hold the same amount, however they race: the claim is one write
	// against a unique index, not a look followed by a write. A taken amount is ErrTaken, and the
	// caller tries the next suffix. At a dedicated address an intent holds every amount of its asset:
	// another one there is ErrTaken, whatever it asks for.
	Reserve(ctx context.Context, i checkout.Intent) error
	// Invite records an intent that holds no amount (checkout.Authorized), unless its session has such a one
	// of the same asset at the same address, and answers the one that counts: whoever invites is answered the
	// same, however many do at once.
	Invite(ctx context.Context, i checkout.Intent) (checkout.Intent, error)
	// IntentOf finds the newest intent of a session for an asset that still holds its amount, or
	// ErrNotFound.
	IntentOf(ctx context.Context, id checkout.SessionID, a chain.Asset) (checkout.Intent, error)
	// Extend holds an intent's amount for longer, after a reversal. ErrTaken if it was let go and
	// somebody else holds it.
	Extend(ctx context.Context, id checkout.IntentID, expires, hold time.Time) error
	// LetGo frees at most limit amounts of a network whose hold ended before now.
	LetGo(ctx context.Context, n chain.Network, now time.Time, limit int) (int, error)
	// HoldAgain undoes LetGo: whose hold ended at since or later holds its amount again, unless somebody
	// else holds it meanwhile; of several, whoever had it last. It answers how many do. It is slow.
	HoldAgain(ctx context.Context, n chain.Network, since time.Time) (int, error)
}

// HeldAmount is an intent that a transfer is for, and whose it is.
type HeldAmount struct {
	Intent checkout.Intent
	Owner  merchant.ProjectID
}

// SessionReads answers questions about sessions outside any unit of work.
type SessionReads interface {
	// ByID finds a session, or ErrNotFound.
	ByID(ctx context.Context, id checkout.SessionID) (*checkout.Session, error)
	// List pages through a project's sessions of a mode, newest first. A page is its asker's own, and to be
	// shown: whoever acts upon a session loads it.
	List(ctx context.Context, q SessionQuery) (SessionPage, error)
	// Taken lists the amounts held at an address in [from, to], to propose a free suffix. It claims
	// nothing.
	Taken(ctx context.Context, a chain.Asset, at chain.Address, from, to *big.Int) ([]*big.Int, error)
	// Held finds, by position, the intents that transfers are for: the one that holds a dedicated
	// address, whatever the amount, else the one that holds the exact amount; nil where none does. Cost does not depend on how many payments are open.
	Held(ctx context.Context, ts []chain.Transfer) ([]*HeldAmount, error)
	Watched
	// IntentsOf lists the intents a session ever had, newest first, at most limit.
	IntentsOf(ctx context.Context, id checkout.SessionID, limit int) ([]checkout.Intent, error)
}

// Watched answers whose money is looked for where.
type Watched interface {
	// Receivers lists every address to watch on a network: current receiving accounts, retired ones
	// for their time, and addresses of intents still held or watched, of any network of its family:
	// money sent on the wrong one is at the same address.
	Receivers(ctx context.Context, n chain.Network, since time.Time) ([]chain.Address, error)
	// Awaits tells whether anybody may be paid an asset: Promised while an intent in it holds its amount
	// and does so until promised or later, else Invited while a receiving account for it is current, or
	// was at since or later.
	Awaits(ctx context.Context, a chain.Asset, since, promised time.Time) (Await, error)
	// AwaitedSince answers since when an asset has been awaited: the time of the first receiving account
	// for it among those that are current, or were at since or later; zero if there is none.
	AwaitedSince(ctx context.Context, a chain.Asset, since time.Time) (time.Time, error)
	// Owners answers, for addresses of a network, the project that last issued an intent there, else
	// the one whose receiving account it is, without an end or until one without an end takes its
	// place, else the same of the other networks of its family; addresses nobody owns are absent.
	Owners(ctx context.Context, n chain.Network, at []chain.Address) (map[chain.Address]merchant.ProjectID, error)
	// KnownSince answers since when each address has been one to watch on a network: its first
	// receiving account or intent on any network of its family. Addresses that never were are absent.
	KnownSince(ctx context.Context, n chain.Network, at []chain.Address) (map[chain.Address]time.Time, error)
}

// Await says whether payments in an asset may come.
type Await uint8

// The answers, each including the one before.
const (
	Nobody   Await = iota // need look for them
	Invited               // somebody has an address for them
	Promised              // somebody was told where to pay, and how much
)
