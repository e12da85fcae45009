package ports

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/x402"
)

// SandboxCall is a transaction on the sandbox's chain of tokens: a call of transferWithAuthorization, or
// one that only uses up a nonce of its sender.
type SandboxCall struct {
	TxID    x402.Hash
	Account x402.Address // its sender
	Nonce   uint64       // the sender's
	Due     x402.Due     // what it moves; zero for one that only uses up a nonce
	Fails   bool         // it is scripted to fail
	MinedAt time.Time    // its block follows from this
	GoneAt  time.Time    // when a reorg undoes it; zero if never
	// Succeeded is the store's finding: not scripted to fail, mined in time, and the authorization was
	// not used.
	Succeeded bool
}

// SandboxTokens keeps what was sent to the sandbox's chain of tokens, outside any unit of work, as sending
// is on any chain.
type SandboxTokens interface {
	// Mine puts a call into the chain and decides whether it succeeds. Time that is sealed
	// (SandboxReads.Seal) is closed: a call that comes too late for its block is mined at the end of it. One
	// that is there already is no error. One whose nonce is another's takes that one's place if it is mined
	// earlier, as raised fees do; if not, the answer is ErrNonceSpent. Of many with one authorization exactly
	// one succeeds.
	Mine(ctx context.Context, c SandboxCall) error
	// Call finds a call by its transaction, or ErrNotFound.
	Call(ctx context.Context, id x402.Hash) (SandboxCall, error)
	// Used finds the call that succeeded with an authorization, whenever it is mined, or ErrNotFound.
	Used(ctx context.Context, k x402.ClaimKey) (SandboxCall, error)
	// NextNonce is the first nonce of an account that no call mined until now has.
	NextNonce(ctx context.Context, account x402.Address, now time.Time) (uint64, error)
}
