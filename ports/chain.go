package ports

import (
	"context"
	"errors"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/fault"
)

// Limits of reading a chain.
const (
	MaxScanSpan      = 5000   // blocks one Scan may be asked for
	MaxSeenSpan      = 10_000 // blocks above the final one that Seen reads; see Chain.Seen
	MaxScanTransfers = 50_000 // transfers one Scan may answer
)

// ErrSpanTooWide says that a node refused a range for its size. The caller halves the range and
// tries again; at one block the adapter reads the block another way instead of answering this.
var ErrSpanTooWide = fault.New(fault.Unavailable, "span_too_wide", "the node refuses a range this wide")

// ErrSeenPartly says that a look at blocks which are not final has not come to all of them yet; the
// next one goes on. What was seen before stands until then.
var ErrSeenPartly = errors.New("the newest blocks are still being read")

// ErrChainUnavailable says that no endpoint of a network gave a believable answer.
var ErrChainUnavailable = fault.New(fault.Unavailable, "chain_unavailable",
	"this network cannot be read right now; payments already made will still be found").After(10 * time.Second)

// Watch is what to look for: transfers of these assets to these receivers. Both sets may be large;
// neither grows with the number of open payments. A native coin among the assets has to be read or
// refused, like any other, even if the chain has not listed it since.
type Watch struct {
	Assets    []chain.Asset
	Receivers []chain.Address
}

// Span is a fully read range of blocks.
type Span struct {
	From, To  uint64
	ParentID  string    // hash of block From-1, as whoever told of the range has it; "" if From is 0
	ToID      string    // hash of block To
	ToTime    time.Time // time of block To
	Transfers []chain.Transfer
}

// Chain reads one network.
//
// Promises, each held by portstest.Chain:
//   - Scan answers every transfer of the watched assets to the watched receivers in [from, to], in
//     order of (height, index), or an error. It never answers a hole: a node that has not the
//     block, or answers nothing where it should answer something, is an error. The span names the
//     block it continues as the same endpoint has it after it told of the range: others may be on
//     another fork, and their word for that block says nothing about this span.
//   - Only successful transactions with a positive amount count; identity of a token is its
//     contract.
//   - Head never reports a final height above what the same endpoint can serve.
//   - Lookup answers the same transfers Scan would, for one transaction, final or not; an unknown
//     transaction is an empty answer without error only if the endpoint proved it has the chain.
type Chain interface {
	// Network is the network this chain reads.
	Network() chain.Network
	// Assets are the coins payments may be asked in on this network. A native coin comes and goes with
	// the nodes that can trace it.
	Assets() []chain.Asset
	// Head is how far the network is, and how far it is final.
	Head(ctx context.Context) (chain.Head, error)
	// Scan reads the final blocks from..to inclusive. to must not exceed the final height.
	Scan(ctx context.Context, from, to uint64, watch Watch) (Span, error)
	// Seen reads the blocks above the final height: advisory, replaced by every later answer. Layers
	// above Ethereum are final when Ethereum is, so that there are thousands; with more than
	// MaxSeenSpan a chain is in trouble, and the answer is ErrSpanTooWide. It is ErrSeenPartly while
	// reading so many takes more than one look.
	Seen(ctx context.Context, head chain.Head, watch Watch) ([]chain.Transfer, error)
	History
	Transactions
}

// History tells which blocks a network has.
type History interface {
	// BlockID is the hash of the block at height, to notice that history changed.
	BlockID(ctx context.Context, height uint64) (string, error)
	// Holds reports whether blocks, by height, are of one history: whether one endpoint has all of them,
	// and says so at once. That they are of the history which counts it does not say.
	Holds(ctx context.Context, blocks map[uint64]string) (bool, error)
}

// Transactions reads single transactions of a network, for people who name one.
type Transactions interface {
	// Lookup reads the transfers of one transaction.
	Lookup(ctx context.Context, id chain.TxID) ([]chain.Transfer, error)
	// Inspect says what became of a transaction for which Lookup's answer is empty: whether the chain
	// has it, whether it failed, and what in it only looks like a payment. Nothing is decided by it.
	Inspect(ctx context.Context, id chain.TxID) (Inspection, error)
}

// Explorer lists what an index believes was paid to an address. It is a second opinion used to
// notice a hole: what it names is proven by Chain.Lookup before anything is booked.
type Explorer interface {
	// TransfersTo lists transactions that moved asset to address at or after since, oldest first,
	// at most limit.
	TransfersTo(ctx context.Context, asset chain.Asset, address chain.Address, since time.Time, limit int) ([]chain.TxID, error)
}
