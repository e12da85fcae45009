package ports

import (
	"context"
	"math/big"
	"time"

	"github.com/101pay/101pay/domain/x402"
)

// Lane is the next nonce of a relayer's account on a network. Whoever holds it locked is alone in giving
// out nonces of that account, whatever the number of instances.
type Lane struct {
	Network x402.Network
	Account x402.Address
	Next    uint64 // the first nonce that no stored transaction has
}

// RelayTransaction is a signed transaction of a relayer, stored before it is sent.
type RelayTransaction struct {
	Network  x402.Network
	Account  x402.Address
	Nonce    uint64
	TxID     x402.Hash
	Key      x402.ClaimKey // the settlement it is for; zero for one that only fills a gap
	Raw      []byte        // what eth_sendRawTransaction takes
	Fees     RelayFees
	SignedAt time.Time
	SentAt   time.Time // last time it was handed to a node; zero if never
	// MinedAt is when it was seen in a block deep enough, zero before; Cost is what it burnt, in wei.
	MinedAt time.Time
	Cost    *big.Int
}

// RelayFees are what a transaction may cost at most: gas, and wei per gas (EIP-1559).
type RelayFees struct {
	Gas           uint64
	MaxFee, Tip   *big.Int
	ExpectedPrice *big.Int // base fee and tip as of now, for telling what it will likely cost
}

// Ceiling is the most a transaction with these fees can burn, in wei.
func (f RelayFees) Ceiling() *big.Int {
	return new(big.Int).Mul(new(big.Int).SetUint64(f.Gas), f.MaxFee)
}

// Lanes keeps the nonces relayers gave out, and every transaction they signed.
type Lanes interface {
	// Load finds the lane of an account, locked until the end of the unit of work; one that was never used
	// begins at 0.
	Load(ctx context.Context, n x402.Network, account x402.Address) (Lane, error)
	// Save moves the lane.
	Save(ctx context.Context, l Lane) error
	// Add records a signed transaction. Several may have one nonce (replacements); ErrTaken if its id is
	// recorded, which does not end the unit of work.
	Add(ctx context.Context, t RelayTransaction) error
	// AddAll records signed transactions at once, in this order. ErrTaken says that one's id is recorded, or
	// that two have the same: then the unit of work has to be given up.
	AddAll(ctx context.Context, ts []RelayTransaction) error
	// Sent notes when transactions were handed to a node; ErrNotFound if one of them is not recorded.
	Sent(ctx context.Context, at time.Time, ids ...x402.Hash) error
	// Mined notes that a transaction is in the chain for good and what it cost. Every other one of its
	// nonce is void from then on, and no longer listed by Unmined. Repeating it changes nothing.
	// ErrNotFound if it is not recorded, ErrStale if another one of its nonce was mined.
	Mined(ctx context.Context, id x402.Hash, at time.Time, cost *big.Int) error
	LaneReads
}

// LaneReads answers what relayers sent.
type LaneReads interface {
	// OfSettlement lists the transactions signed for a settlement, newest first.
	OfSettlement(ctx context.Context, k x402.ClaimKey) ([]RelayTransaction, error)
	// Unmined lists at most limit transactions of an account that are not in the chain as far as known,
	// newest of each nonce only, from a nonce on, lowest nonce first.
	Unmined(ctx context.Context, n x402.Network, account x402.Address, from uint64, limit int) ([]RelayTransaction, error)
	// Spent sums, in wei, what transactions of a network have burnt since a time, and what those signed
	// since then and not mined may burn at most: of one nonce only the dearest, as only one can be mined.
	Spent(ctx context.Context, n x402.Network, since time.Time) (*big.Int, error)
}
