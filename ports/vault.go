package ports

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/attest"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/merchant"
)

// Vault seals recoverable secrets and fingerprints the others. purpose separates uses: what was
// sealed for one purpose does not open for another.
type Vault interface {
	// Seal encrypts and authenticates.
	Seal(purpose string, plain []byte) ([]byte, error)
	// Open undoes Seal; anything altered, or sealed for another purpose, is an error.
	Open(purpose string, sealed []byte) ([]byte, error)
	// Digest is a keyed hash of a high-entropy secret, for lookup.
	Digest(secret keys.Secret) []byte
	// Tag is a short keyed hash that proves we made a text, for cursors and the like.
	Tag(purpose, text string) []byte
}

// Passwords hashes passwords slowly, with bounded concurrency.
type Passwords interface {
	// Hash answers an encoded hash with its parameters.
	Hash(ctx context.Context, password string) (string, error)
	// Verify compares; an empty hash costs the same time and never matches.
	Verify(ctx context.Context, password, hash string) (bool, error)
	// Weak reports whether the password is on the list of well-known ones.
	Weak(password string) bool
}

// AccessClaims is what an access token says.
type AccessClaims struct {
	Merchant merchant.ID
	LoginID  string
	Expires  time.Time
	// Member is who logged in. It is no part of a token: who judges the login fills it in.
	Member string
}

// Tokens signs and reads access tokens.
type Tokens interface {
	// Sign issues a token.
	Sign(c AccessClaims, now time.Time) (string, error)
	// Read checks signature, algorithm, issuer, audience and time, or keys.ErrUnauthorized.
	Read(token string, now time.Time) (AccessClaims, error)
}

// Signer signs what the gateway states to the world, by Ed25519 and a key that does nothing else.
type Signer interface {
	// Sign answers the signature (64 bytes) of a message by the first of Keys. The same message has
	// the same signature.
	Sign(message []byte) []byte
	// Keys lists the public keys to verify statements by: the one that signs, then those that did
	// once. Whoever shares the master key shares the first.
	Keys() []attest.Key
}
