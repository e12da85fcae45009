package ports

import (
	"context"
	"errors"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/x402"
)

// AuthorizationRow is an x402 settlement and what it takes to go on with it after a restart: whose it is,
// and what the payer presented.
type AuthorizationRow struct {
	ID         string          // UUID; what GET /facilitator/status/{id} asks for
	Settlement x402.Settlement // its Binding names merchant and SKU; its key is unique
	Version    x402.Version    // what the payer spoke
	ProjectID  merchant.ProjectID
	Mode       merchant.Mode
	ResourceID string             // "" where another server sold and we settled for it
	SessionID  string             // the checkout session it pays, "" for resources
	Price      money.Amount       // what is booked
	Title      string             // what was sold, as the book and the payment list describe it
	Order      AuthorizationOrder // what the relayer signs
	PaymentID  string             // of the payment-identifier extension, "" if none was sent
	OrderNo    ledger.OrderNo     // of its booking, "" while nothing is booked
	LookAt     time.Time          // when a reconciler looks again; zero when nothing is to be looked at
	ChangedAt  time.Time
}

// AuthorizationOrder is a call of transferWithAuthorization, all of it: what is due, the earliest time, the
// payer's proof, and the overload to call.
type AuthorizationOrder struct {
	Authorization x402.Authorization
	Signature     []byte     // as presented, an ERC-6492 wrapper included
	Route         x402.Route // zero while the chain was not asked
}

// Moves reports whether the order moves exactly what is due. Stores keep what the two share once.
func (o AuthorizationOrder) Moves(d x402.Due) bool {
	a := o.Authorization
	return a.From == d.Payer && a.To == d.PayTo && a.Value == d.Value && a.ValidBefore == d.ValidBefore &&
		a.Nonce == d.Nonce
}

// Faults of programs that keep authorizations, not of requests.
var (
	// ErrOtherOrder refuses a row whose order moves something else than its settlement is due.
	ErrOtherOrder = errors.New("authorization: its order is not of what its settlement is due")
	// ErrAnswerTooLong refuses to keep an answer longer than MaxAnswerBytes.
	ErrAnswerTooLong = errors.New("authorization: its answer is too long to be kept")
)

// MaxAnswerBytes bounds the body of an answer that is kept.
const MaxAnswerBytes = 8 << 20

// OrderOf is the call that settles a payment by a route.
func OrderOf(v x402.Verified, by x402.Route) AuthorizationOrder {
	return AuthorizationOrder{
		Authorization: v.Authorization(), Signature: v.Signature().Presented(), Route: by,
	}
}

// AuthorizationAnswer is what was delivered for a payment, kept for repetitions by the client that paid.
type AuthorizationAnswer struct {
	Status  int
	Headers map[string]string // those of the content: Content-Type, Content-Disposition, …
	Body    []byte
	Expires time.Time // from then on it may be deleted; until it is, it is found
}

// Authorizations keeps x402 settlements, one per claim key for ever, and the answers they led to.
type Authorizations interface {
	// Claim records a settlement in status Claimed. ErrTaken says its key is claimed: of many who race
	// exactly one claims. ErrTaken with Param "payment_id" says that the merchant had a payment of that
	// PaymentID with another key. Neither ends the unit of work.
	Claim(ctx context.Context, a AuthorizationRow) error
	// Load finds a settlement, locked, or ErrNotFound.
	Load(ctx context.Context, k x402.ClaimKey) (AuthorizationRow, error)
	// Save replaces settlement, version, order, order number, LookAt and ChangedAt, if the stored status is
	// still from; ErrStale otherwise. What is due, and to which merchant, stays as it was claimed.
	Save(ctx context.Context, from x402.Status, a AuthorizationRow) error
	// Wake has whatever a transaction settled looked at from a time on, and answers how many settlements
	// that are: what recorded the transfer doubts it.
	Wake(ctx context.Context, n x402.Network, id x402.Hash, at time.Time) (int, error)
	AuthorizedSessions
	AuthorizationAnswers
}

// AuthorizationAnswers keeps the answers settlements led to.
type AuthorizationAnswers interface {
	// Keep stores the answer a settlement led to, replacing an earlier one; ErrNotFound if nothing was
	// claimed under the key.
	Keep(ctx context.Context, k x402.ClaimKey, answer AuthorizationAnswer) error
	// Answer finds an answer, or ErrNotFound.
	Answer(ctx context.Context, k x402.ClaimKey) (AuthorizationAnswer, error)
	// PruneAnswers deletes at most limit answers that expired before now, the longest expired first.
	PruneAnswers(ctx context.Context, now time.Time, limit int) (int, error)
}

// AuthorizedSessions tells which settlements pay a checkout session (AuthorizationRow.SessionID).
type AuthorizedSessions interface {
	// Paying lists the settlements of a session that are under way: claimed, on their way to the chain, or
	// undone by it and not given up. It locks nothing: whoever relies on it holds the session.
	Paying(ctx context.Context, id checkout.SessionID) ([]x402.ClaimKey, error)
	// WakeSession has whatever settled for a session looked at from a time on, and answers how many
	// settlements that are.
	WakeSession(ctx context.Context, id checkout.SessionID, at time.Time) (int, error)
}

// AuthorizationQuery selects a page of a project's settlements, newest first.
type AuthorizationQuery struct {
	Project merchant.ProjectID
	Mode    merchant.Mode
	Before  AuthorizationMark // exclusive; zero for the first page
	Limit   int
}

// AuthorizationMark is a position in a list of settlements.
type AuthorizationMark struct {
	ClaimedAt time.Time
	ID        string
}

// AuthorizationReads answers questions about settlements outside any unit of work.
type AuthorizationReads interface {
	// ByKey finds a settlement with its stored answer, if there is one, or ErrNotFound. It is the first
	// question asked of every payment and costs one read.
	ByKey(ctx context.Context, k x402.ClaimKey) (AuthorizationRow, *AuthorizationAnswer, error)
	// ByID finds a merchant's settlement, or ErrNotFound.
	ByID(ctx context.Context, m merchant.ID, id string) (AuthorizationRow, error)
	// ByPaymentID finds a merchant's settlement by the payer's payment identifier, or ErrNotFound.
	ByPaymentID(ctx context.Context, m merchant.ID, paymentID string) (AuthorizationRow, error)
	// PaidBy reports whether a payer has paid a merchant for what he sells under a SKU: whether a settlement
	// of it stands that is settled now.
	PaidBy(ctx context.Context, m merchant.ID, sku string, payer x402.Address) (bool, error)
	// Page lists settlements of a project that moved money or may have: those of every status but Claimed
	// and Refused.
	Page(ctx context.Context, q AuthorizationQuery) (rows []AuthorizationRow, more bool, err error)
	// Due lists at most limit keys whose LookAt is not after now, the longest due first.
	Due(ctx context.Context, now time.Time, limit int) ([]x402.ClaimKey, error)
	// Owning answers, by position, the key of the unsettled settlement a transfer may be of: same network,
	// token, payer, payee and value; nil where there is none. One that was refused or failed is among them
	// while it is looked at (LookAt), because its authorization may still be submitted by anybody; one that
	// is settled, if it is by this very transaction. Of several it is the one whose newest transaction this
	// is, else the one claimed first. The watcher asks before a transfer is taken for anything else.
	Owning(ctx context.Context, ts []chain.Transfer) ([]*x402.ClaimKey, error)
}
