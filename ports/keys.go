package ports

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
)

// KeyOwner is a key pair with what a request needs to know of its owner, read in one go.
type KeyOwner struct {
	Pair            keys.Pair
	ClientID        merchant.ClientID
	ProjectDisabled bool
	RecordedCharges bool // the project's policy, decision 7
}

// Keys keeps key pairs and merchant API keys. Lookups answer revoked pairs too: whether a pair may
// be used is the caller's rule.
type Keys interface {
	// AddPair records a pair. ErrTaken if its public key or digest exists (which chance forbids),
	// keys.ErrTooManyKeys if the project has keys.MaxLivePairs live ones, however many are added at
	// once.
	AddPair(ctx context.Context, p keys.Pair) error
	// Pairs lists a project's pairs, newest first, revoked ones included.
	Pairs(ctx context.Context, p merchant.ProjectID) ([]keys.Pair, error)
	// LoadPair finds one pair of a project, locked, or ErrNotFound.
	LoadPair(ctx context.Context, p merchant.ProjectID, id keys.PairID) (keys.Pair, error)
	// SavePair replaces label and revocation.
	SavePair(ctx context.Context, p keys.Pair) error
	// PutAPIKey records the merchant's API key of a mode, replacing the one before.
	PutAPIKey(ctx context.Context, k keys.APIKey) error
}

// KeyRing answers who presents a credential. It reads outside any unit of work.
type KeyRing interface {
	// ByPublicKey finds a pair by its public key, or ErrNotFound.
	ByPublicKey(ctx context.Context, publicKey string) (KeyOwner, error)
	// BySecret finds a pair by the digest of its private key, or ErrNotFound.
	BySecret(ctx context.Context, digest []byte) (KeyOwner, error)
	// APIKey finds a merchant API key by its digest, or ErrNotFound.
	APIKey(ctx context.Context, digest []byte) (keys.APIKey, error)
	// Login finds a login session and where it works, or ErrNotFound: in the project its merchant made
	// first, in its mode.
	Login(ctx context.Context, id string) (keys.Login, merchant.Principal, error)
}

// Logins keeps login sessions.
type Logins interface {
	// Add records a login.
	Add(ctx context.Context, l keys.Login) error
	// Load finds a login, locked, or ErrNotFound.
	Load(ctx context.Context, id string) (keys.Login, error)
	// Save replaces refresh digest, expiry and revocation.
	Save(ctx context.Context, l keys.Login) error
	// EndOf revokes the logins of a merchant's member that are not revoked, and those of nobody in
	// particular, which are older than members.
	EndOf(ctx context.Context, id merchant.ID, m member.ID, at time.Time) error
	// Prune deletes at most limit logins that ended before the given time.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
}
