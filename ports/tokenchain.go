package ports

import (
	"context"
	"math/big"
	"time"

	"github.com/101pay/101pay/domain/x402"
)

// AuthorizationFate is what a network has made of an authorization, as of its newest block unless it says
// final.
type AuthorizationFate struct {
	Used      bool      // the token has taken the nonce, or it was cancelled
	UsedFinal bool      // so as of the final block
	FinalTime time.Time // time of the final block
	TxID      x402.Hash // of the transaction that used it, zero if not found: anybody may have sent it
}

// TokenChain asks one network about tokens that take authorizations (EIP-3009). It signs and sends nothing.
//
// Promises, each held by portstest.TokenChain:
//   - A node that cannot be reached, or answers what cannot be believed, is an error of kind Unavailable
//     and never a Refusal: a payer who is refused signs again.
//   - Tokens lists only contracts whose code, decimals and DOMAIN_SEPARATOR were compared with what is
//     offered.
type TokenChain interface {
	// Network is the network this asks.
	Network() x402.Network
	// Tokens lists the tokens it can tell about, in order of preference.
	Tokens(ctx context.Context) ([]x402.Token, error)
	// Check asks whether the payment would go through now: whether the payer is a contract (and then
	// whether it stands by the signature), has the money, has the nonce unused, and whether the token
	// would take it (simulated). It answers the route to settle by; errors are Refusals or Unavailable.
	Check(ctx context.Context, v x402.Verified) (x402.Route, error)
	// Receipt reads what became of a transaction, ErrNotFound if no block
	// the node has holds it.
	Receipt(ctx context.Context, id x402.Hash) (TokenReceipt, error)
	// Fate tells what became of an authorization, looking for the transaction that used it in blocks not
	// older than since.
	Fate(ctx context.Context, d x402.Due, since time.Time) (AuthorizationFate, error)
}

// TokenReceipt is a receipt, where its transaction stands and what it cost its sender.
type TokenReceipt struct {
	Receipt   x402.Receipt
	Height    uint64
	BlockID   string // lower-case hex, without 0x
	BlockTime time.Time
	Final     bool     // the block can no longer be undone by the network's own rule
	Cost      *big.Int // wei: gas used times the price it was charged at
}

// Relay signs calls of transferWithAuthorization on one network, and sends them. It can sign nothing else.
type Relay interface {
	// Network is the network this sends to.
	Network() x402.Network
	// Accounts are the accounts it can sign for, at least one.
	Accounts() []x402.Address
	// Send hands a signed transaction to the network. One that the network has, or has mined, is no error.
	// ErrNonceSpent says that its nonce was used by another transaction.
	Send(ctx context.Context, t RelayTransaction) error
	// Standing reads an account: the first nonce no block has used, and its balance in wei.
	Standing(ctx context.Context, account x402.Address) (next uint64, balance *big.Int, err error)
	RelaySigner
	RelayFeed
}

// RelaySigner signs. It asks nobody, and the same arguments make the same transaction, so that signing may
// be done inside a unit of work.
type RelaySigner interface {
	// Sign makes the transaction. It refuses tokens that are not on its list, and fees above its caps.
	Sign(account x402.Address, nonce uint64, d x402.Due, o AuthorizationOrder, f RelayFees) (RelayTransaction, error)
	// Fill makes a transaction that does nothing but use up a nonce: a transfer of nothing to itself.
	Fill(account x402.Address, nonce uint64, f RelayFees) (RelayTransaction, error)
}

// RelayFeed tells what transactions cost.
type RelayFeed interface {
	// Quote answers what the call costs now: gas as the node estimates it by simulation, with a margin and
	// capped, and fees capped. Errors are Refusals (the token would not take it), ErrFeesTooHigh or
	// Unavailable.
	Quote(ctx context.Context, account x402.Address, d x402.Due, o AuthorizationOrder) (RelayFees, error)
	// Raise answers the fees of a replacement: at least what nodes ask for to replace (a tenth more, the
	// market's price if that is higher), capped; ErrFeesTooHigh if the cap does not allow it.
	Raise(ctx context.Context, was RelayFees) (RelayFees, error)
}

// Delegate is somebody else's facilitator: it is asked to verify and to settle, and its word is proven on
// the chain before anything is booked.
type Delegate interface {
	// Supports reports whether it settles authorizations on a network, as it says itself.
	Supports(ctx context.Context, n x402.Network) (bool, error)
	// Verify asks it whether a payment would go through. Errors are Refusals or Unavailable.
	Verify(ctx context.Context, v x402.Verified) error
	// Settle asks it to settle. sent is the transaction it names; zero if it names none. A Refusal is its
	// word that it sent nothing; every other error leaves open whether it did.
	Settle(ctx context.Context, v x402.Verified) (sent x402.Hash, err error)
}
