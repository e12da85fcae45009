package ports

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
)

// Disposition says where a final transfer went. It is never "nowhere".
type Disposition string

// The dispositions.
const (
	Settled   Disposition = "settled"   // it settled a session: the only payment of it, or the last part
	Part      Disposition = "part"      // it pays a session in part, and another one completed it or will
	Held      Disposition = "held"      // late or for a cancelled session: the merchant decides
	Duplicate Disposition = "duplicate" // its session was settled by another transfer
	Unmatched Disposition = "unmatched" // no intent holds its amount
	Reversed  Disposition = "reversed"  // the chain undid it
	Agent     Disposition = "x402"      // it settled an agent's authorization, and no session
)

// Booked reports whether a transfer that went there is in the book.
func (d Disposition) Booked() bool { return d == Settled || d == Part || d == Agent }

// Reason says more of a recorded transfer than its disposition does.
type Reason string

// The reasons. NoReason is most transfers': the disposition says all.
const (
	NoReason       Reason = ""
	AwaitingSource Reason = "awaiting_second_source" // held until a second endpoint proves it; asked again
	SourcesDiffer  Reason = "sources_disagree"       // held: an endpoint contradicts another; asked again
	Uncorroborated Reason = "no_second_source"       // held for good: none agreed in time, the merchant decides
	RescanMissing  Reason = "rescan_missing"         // a second reading of its block did not hold it; nothing was undone
	// AwaitingSettlement is of unmatched transfers: it may be an agent's payment that is being settled.
	AwaitingSettlement Reason = "x402_settlement"
)

// TransferRow is a final transfer and what became of it.
type TransferRow struct {
	Transfer    chain.Transfer
	ProjectID   merchant.ProjectID // "" when the address belongs to nobody any more
	SessionID   checkout.SessionID // "" when unmatched
	IntentID    checkout.IntentID
	Disposition Disposition
	Reason      Reason
	OrderNo     string // of its booking, "" unless Booked
	RecordedAt  time.Time
	Decision    Decision // zero until the merchant decided
}

// GivesWayTo reports whether a record is written anew when its transfer is found again. What was undone is;
// and what was nobody's, if it is found to be for a session and the merchant has not decided: history
// changed, and the transfer is now in a block at whose time its amount was held.
func (r TransferRow) GivesWayTo(found TransferRow) bool {
	nobodys := r.Disposition == Unmatched && r.Reason != AwaitingSettlement && r.Decision.Action == ""
	return r.Disposition == Reversed || nobodys && found.SessionID != ""
}

// Action is what a merchant did about a transfer that settled nothing by itself.
type Action string

// The actions.
const (
	Accepted Action = "accepted" // it pays the session it came for after all
	Assigned Action = "assigned" // it pays another session
	Returned Action = "returned" // he sent the money back from his own wallet
	Closed   Action = "closed"   // nothing is to be done
)

// Decision is an action and why. Closed and returned transfers keep their disposition.
type Decision struct {
	Action     Action // "" for none
	Note       string
	ReturnTxID chain.TxID // of a return, as the merchant names it; "" if he does not
	At         time.Time
}

// QueueQuery selects a page of transfers that settled nothing, newest first.
type QueueQuery struct {
	Project merchant.ProjectID
	Mode    merchant.Mode
	Decided bool // those that are decided on, whatever became of them, instead of those that wait
	Before  QueueMark
	Limit   int
}

// QueueMark is a position in a queue.
type QueueMark struct {
	RecordedAt time.Time // zero for the first page
	Height     uint64
	Index      uint32
	TxID       chain.TxID
}

// QueuePage is a page and whether another follows.
type QueuePage struct {
	Rows []TransferRow
	More bool
}

// Sighting is a transfer seen above the final height.
type Sighting struct {
	Transfer  chain.Transfer
	SessionID checkout.SessionID // whose amount it is, "" if nobody's
}

// Transfers keeps final transfers, each once, and sightings, replaced freely.
type Transfers interface {
	// Add records a final transfer. It answers false when (network, txid, index) is recorded: the
	// insert is the claim. A record that gives way (TransferRow.GivesWayTo) is written anew, undecided.
	Add(ctx context.Context, t TransferRow) (fresh bool, err error)
	// AddAll records final transfers as Add does and answers by position which were not recorded before.
	// One that is among them twice is so the first time only.
	AddAll(ctx context.Context, ts []TransferRow) (fresh []bool, err error)
	// LoadAbove lists recorded, not reversed transfers of a network above a height, locked, in order.
	LoadAbove(ctx context.Context, n chain.Network, height uint64) ([]TransferRow, error)
	// ReplaceSightings makes the given sightings the only ones of a network and answers those that
	// are gone and not recorded as final for their session: one that pays nobody any more, or
	// somebody else, because the amount was let go meanwhile, is gone for its session, whether it is
	// still in sight or was recorded as final.
	ReplaceSightings(ctx context.Context, n chain.Network, now []Sighting) (gone []Sighting, err error)
	// OfSession lists the final transfers attributed to a session and the sightings paying it.
	OfSession(ctx context.Context, id checkout.SessionID) ([]TransferRow, []Sighting, error)
	Decisions
	Reviews
}

// Reviews keeps what a second look at recorded transfers comes to.
type Reviews interface {
	// Reverse marks a transfer as undone by the chain.
	Reverse(ctx context.Context, n chain.Network, id chain.TxID, index uint32) error
	// Move notes that a transfer is now in another block.
	Move(ctx context.Context, t chain.Transfer) error
	// Release gives a transfer that is held for a second source (AwaitingSource, SourcesDiffer) another
	// disposition, reason, session, intent and order number. It answers false, and changes nothing,
	// when the transfer is not held so any more: of many who release it one does.
	Release(ctx context.Context, t TransferRow) (done bool, err error)
	// Note sets the reason of a recorded transfer (NoReason: none), unless it is held for a second source: that reason
	// is what Release asks for. ErrNotFound if it is not recorded.
	Note(ctx context.Context, t chain.Transfer, because Reason) error
	// Waiting lists at most limit transfers of a network that are held for a second source, oldest
	// first. It locks nothing.
	Waiting(ctx context.Context, n chain.Network, limit int) ([]TransferRow, error)
	// Between lists recorded, not reversed transfers of a network in blocks from..to, in order. It locks
	// nothing.
	Between(ctx context.Context, n chain.Network, from, to uint64) ([]TransferRow, error)
}

// Decisions keeps what becomes of transfers after they were recorded: what merchants decide about those
// that settled nothing by themselves, and what a reversal leaves of others.
type Decisions interface {
	// Load finds a recorded transfer, locked, or ErrNotFound.
	Load(ctx context.Context, n chain.Network, id chain.TxID, index uint32) (TransferRow, error)
	// Decide replaces disposition, session, intent, order number and decision of a transfer.
	Decide(ctx context.Context, t TransferRow) error
	// Demote makes a transfer that settled its session a part of it, because an earlier part was undone;
	// ErrNotFound unless it is recorded as Settled.
	Demote(ctx context.Context, n chain.Network, id chain.TxID, index uint32) error
	// Queue pages through transfers of a project that settled nothing by themselves, newest first, the
	// parts of sessions among them whose merchant has to decide (UnderpaidHeld).
	Queue(ctx context.Context, q QueueQuery) (QueuePage, error)
}

// Cursor is how far a network was read.
type Cursor struct {
	Network   chain.Network
	Height    uint64 // last block read
	BlockID   string
	BlockTime time.Time
	UpdatedAt time.Time
}

// On reports whether two cursors stand on the same block.
func (c Cursor) On(o Cursor) bool {
	return c.Network == o.Network && c.Height == o.Height && c.BlockID == o.BlockID
}

// Cursors keeps, per network, how far it was read and a trail of block hashes behind that.
type Cursors interface {
	// Load finds a network's cursor, locked; ErrNotFound before the first Start.
	Load(ctx context.Context, n chain.Network) (Cursor, error)
	// Start sets the first cursor; an existing one stays.
	Start(ctx context.Context, c Cursor) error
	// Stand keeps the cursor where it stands until the end of the unit of work, and others may do the same
	// at once; ErrStale unless it stands at c: at that height, and on that block.
	Stand(ctx context.Context, c Cursor) error
	// Advance moves the cursor to c if it still stands at from, and remembers its block; ErrStale
	// otherwise, and also if it came back to that height on another block. c.Height equal to from's only
	// renews UpdatedAt: the watcher is alive, the chain is not further.
	Advance(ctx context.Context, from, c Cursor) error
	// Trail lists remembered blocks at or below a height, newest first, at most limit.
	Trail(ctx context.Context, n chain.Network, height uint64, limit int) ([]Cursor, error)
	// Since finds the oldest remembered block that is not older than a time, or ErrNotFound.
	Since(ctx context.Context, n chain.Network, at time.Time) (Cursor, error)
	// Rewind sets the cursor back to a remembered block and forgets the trail above it; ErrStale unless
	// it still stands at from, as for Advance.
	Rewind(ctx context.Context, from, c Cursor) error
}

// Watches gives one process at a time the right to watch a network, or to read it again.
type Watches interface {
	// Hold runs fn while this process alone holds the network's watch, and answers held=false at
	// once, without running fn, when another process holds it. fn's context ends when the right is
	// lost.
	Hold(ctx context.Context, n chain.Network, fn func(ctx context.Context) error) (held bool, err error)
	// HoldRescan is Hold for the right to read a network's past again: another right than to watch it.
	HoldRescan(ctx context.Context, n chain.Network, fn func(ctx context.Context) error) (held bool, err error)
	// Holder names the process that watches a network, as operators know it; "" when none does.
	Holder(ctx context.Context, n chain.Network) (string, error)
}

// CursorReads answers how far each network was read, for readiness and metrics.
type CursorReads interface {
	// Cursors lists the cursors of all networks that were ever started.
	Cursors(ctx context.Context) ([]Cursor, error)
}
