package ports

import (
	"context"
	"math/big"
	"time"

	"github.com/101pay/101pay/domain/chain"
)

// IgnoredReason says why something that looks like a transfer pays nobody.
type IgnoredReason string

// The reasons.
const (
	ZeroValue    IgnoredReason = "zero_value"    // nothing was moved: anyone can make these
	ForeignToken IgnoredReason = "foreign_token" // of a contract nobody asked for, whatever it calls itself
)

// IgnoredTransfer is an event that looks like a transfer to a watched address and is none that could
// pay. It is advisory: it was not proven by a receipt, and nothing is ever booked for it.
type IgnoredTransfer struct {
	Network   chain.Network
	TxID      chain.TxID
	Index     uint32 // tells the events of one transaction apart
	Contract  string // of the token, canonical; what it calls itself is not asked
	From, To  chain.Address
	Units     *big.Int // as the event says; zero or positive
	Height    uint64
	BlockTime time.Time
	Reason    IgnoredReason
}

// Bounds of what is ignored: dust costs its sender next to nothing, so it must cost us little too.
const (
	MaxStrange     = 1000 // events one Strange answers
	MaxStrangeOf   = 50   // of them to one receiver
	MaxStrangeTo   = 4000 // receivers one Strange is asked for
	IgnoredPerDay  = 100  // events kept of an address on a network and a day (UTC) of block time
	IgnoredBatch   = 1000 // deleted at once by Prune
	InspectionSize = 20   // events one Inspection answers
)

// Strange is what a range of blocks held that only looks like payments.
type Strange struct {
	Transfers []IgnoredTransfer     // in order of height and index
	More      map[chain.Address]int // by receiver, how many others there were
}

// Strangers is what a Chain may also be: a reader of what only looks like a payment.
//
// Promises, each held by portstest.Chain where a chain is one:
//   - Strange answers events of final blocks, to the watched receivers only, that Scan of the same
//     range does not answer: transfers of other contracts, and of nothing.
//   - It asks a node as often as there are thousands of receivers, however many payments are open.
//   - Its answer is bounded by MaxStrange and MaxStrangeOf; what is more is counted.
//   - It may fail where Scan does not. Nobody waits for it.
type Strangers interface {
	Strange(ctx context.Context, from, to uint64, watch Watch) (Strange, error)
}

// Inspection is what a chain knows of one transaction, beside the transfers Chain.Lookup answers.
type Inspection struct {
	Known     bool // it is in a block
	Failed    bool // it did not succeed, so it moved nothing
	Height    uint64
	BlockTime time.Time
	Strange   []IgnoredTransfer // what only looks like a payment in it, to anyone; at most InspectionSize
}

// Ignored keeps what only looks like payments, so that a payer can be told why it is none.
type Ignored interface {
	// Note keeps events, each once, at most IgnoredPerDay of an address on a network and a day of
	// block time. What is more is counted, with More at the day of at.
	Note(ctx context.Context, n chain.Network, s Strange, at time.Time) error
	// Prune forgets at most IgnoredBatch events, and the counts of days, before a time, and answers
	// how many events.
	Prune(ctx context.Context, before time.Time) (int, error)
}

// WatchGap is a time in which nobody read a network.
type WatchGap struct {
	Network     chain.Network
	From, Until time.Time // of our clock
}

// WatchLog keeps what "why is it not paid" must know of watching, for longer than the trail does.
type WatchLog interface {
	// Mark remembers that a network was read to a block. Marks of one height are one.
	Mark(ctx context.Context, c Cursor) error
	// Gap remembers a time in which nobody read a network. Gaps that begin together are one, the
	// longer one.
	Gap(ctx context.Context, g WatchGap) error
	// Prune forgets marks of blocks, and gaps that ended, before a time, and answers how many.
	Prune(ctx context.Context, before time.Time) (int, error)
}
