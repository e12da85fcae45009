package ports

import (
	"context"
	"errors"
	"time"

	"github.com/101pay/101pay/domain/chain"
)

// ErrSourcesDisagree says that endpoints of a network contradict each other about a transfer. No client
// hears of it: the transfer waits.
var ErrSourcesDisagree = errors.New("the endpoints of this network contradict each other about a transfer")

// Witness has different endpoints of a network prove one transfer, each by itself.
//
// Promises, each held by portstest.Witness:
//   - An endpoint agrees only if it proves the very transfer, as Chain.Lookup would, in a block it holds
//     for final: transaction, index, asset, receiver, amount and block are all the same.
//   - No endpoint is counted twice, and addresses of one host are one endpoint.
//   - Silence, failure and being behind are neither agreement nor contradiction.
type Witness interface {
	// Sources is how many different endpoints can prove a transfer of an asset: of a network's own coin
	// fewer may than of its tokens, and none of a coin that is not read here.
	Sources(a chain.Asset) int
	// Witnesses asks until n endpoints agree and answers how many do. With fewer than n the error is
	// ErrSourcesDisagree if an endpoint that could tell told otherwise, and ErrChainUnavailable if too
	// few could tell.
	Witnesses(ctx context.Context, t chain.Transfer, n int) (agreeing int, err error)
}

// Rereading says how final blocks are to be read again.
type Rereading struct {
	From, To uint64
	Watch    Watch
	// ByReceipts reads every block by all its receipts, which cannot be silently incomplete, where the
	// endpoint can; otherwise by a search, as Chain.Scan does.
	ByReceipts bool
}

// Reread is a range that was read again, and how.
type Reread struct {
	Span
	Host   string        // of the endpoint, without what may be a key
	Second bool          // it is another one than blocks are watched by
	Calls  int           // requests it took
	Unread []chain.Asset // of the watch: coins that no other endpoint than the watched one can show
}

// Rereader reads blocks again at another endpoint than the one they are watched by. Its promises are
// held by portstest.Rereader.
type Rereader interface {
	// Reread promises of its answer what Chain.Scan promises, except that it does not tell ParentID:
	// nothing is recorded by where a second reading begins. Where a network has several endpoints it
	// asks the others only, and fails if none can tell; where it has one, it asks that and says so. A
	// network's own coin is read at another endpoint than it is watched by, or left out as Unread: it is
	// too dear to read twice from one.
	Reread(ctx context.Context, r Rereading) (Reread, error)
}

// Rescan is one pass of reading a network's past again.
type Rescan struct {
	Network    chain.Network
	From, To   uint64 // blocks
	Next       uint64 // first block not read again yet; To+1 when all are
	Found      int    // transfers that were there and not recorded
	Missing    int    // transfers that are recorded and were not there
	Host       string // of the endpoint last read by
	Second     bool   // it was another one than blocks are watched by
	OwnUnread  bool   // the network's own coin was awaited, and in some blocks not read again
	StartedAt  time.Time
	UpdatedAt  time.Time
	FinishedAt time.Time // zero while under way
}

// Rescans keeps how far rescans have come. A network has at most one under way.
type Rescans interface {
	// Start records a rescan; ErrTaken while one of the network is under way.
	Start(ctx context.Context, r Rescan) error
	// Latest finds the newest rescan of a network, locked, or ErrNotFound.
	Latest(ctx context.Context, n chain.Network) (Rescan, error)
	// Advance replaces what may change of the newest rescan of a network, if it is under way and its
	// Next still stands at from; ErrStale otherwise.
	Advance(ctx context.Context, from uint64, r Rescan) error
}

// RescanReads answers how rescans stand, outside any unit of work.
type RescanReads interface {
	// Rescans lists the newest rescan of every network that has one, by network.
	Rescans(ctx context.Context) ([]Rescan, error)
}
