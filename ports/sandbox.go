package ports

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
)

// SandboxTransfer is a transfer scripted onto the sandbox chain. Its block follows from MinedAt.
type SandboxTransfer struct {
	TxID     chain.TxID
	Index    uint32
	Contract string // of the token; a foreign one is a fake token
	Symbol   string
	From, To chain.Address
	Units    string // base units, decimal
	MinedAt  time.Time
	Gone     bool // undone by a reorg
}

// SandboxReorg is a moment at which history above a height changed.
type SandboxReorg struct {
	At     time.Time
	Height uint64 // first block replaced
}

// SandboxTrouble is a scripted outage.
type SandboxTrouble struct {
	Kind    string             // "node" or "webhook"
	Project merchant.ProjectID // whose webhooks fail; "" for node outages
	From    time.Time
	Until   time.Time
}

// SandboxChain keeps what was scripted onto the sandbox chain, so that a test payment survives a
// restart in the middle.
type SandboxChain interface {
	// Emit adds transfers. Time that is sealed is closed: a transfer mined before the end of it comes
	// too late for its block and is mined at that end instead, as on any chain.
	Emit(ctx context.Context, ts []SandboxTransfer) error
	// Reorg undoes a transaction and records that history changed from a height on.
	Reorg(ctx context.Context, id chain.TxID, r SandboxReorg) error
	// Trouble records an outage.
	Trouble(ctx context.Context, t SandboxTrouble) error
}

// SandboxReads reads the sandbox chain, and seals its blocks, outside any unit of work.
type SandboxReads interface {
	// Seal closes the time before until, for good. When it answers, every transfer mined before until
	// is committed and visible to Mined, and none will be added: it waits for the units of work that
	// are emitting (they hold the seal shared, Seal takes it alone). So a slow commit cannot slip a
	// transfer into a block that was read as final. Sealing less than is sealed changes nothing.
	Seal(ctx context.Context, until time.Time) error
	// Mined lists transfers with from <= MinedAt < to to any of the receivers, gone ones excluded.
	Mined(ctx context.Context, from, to time.Time, receivers []chain.Address) ([]SandboxTransfer, error)
	// Transaction lists the transfers of one transaction, gone ones excluded.
	Transaction(ctx context.Context, id chain.TxID) ([]SandboxTransfer, error)
	// Reorgs lists all reorgs, oldest first.
	Reorgs(ctx context.Context) ([]SandboxReorg, error)
	// Troubles lists outages in force at now.
	Troubles(ctx context.Context, now time.Time) ([]SandboxTrouble, error)
}
