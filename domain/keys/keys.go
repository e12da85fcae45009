// Package keys holds credentials: matched key pairs, merchant API keys, and secrets that print as
// redacted.
//
// It owns how credentials look, how they are compared, and how they end. It does not own sealing,
// hashing keys or randomness (ports.Vault, ports.IDs): those are handed in.
//
// Invariants: a Secret never prints; comparison takes the same time whether or not it matches; a
// missing, unknown, revoked, mismatched or foreign pair is one and the same fault.
package keys

import (
	"crypto/subtle"
	"encoding/base32"
	"log/slog"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
)

// Entropy of generated credentials, in bytes.
const (
	PublicBytes = 20
	SecretBytes = 32
)

// MaxCredentialBytes bounds what is looked at when a credential is presented.
const MaxCredentialBytes = 128

// Faults of credentials.
var (
	// ErrPairInvalid is the one answer to every bad pair (source 000).
	ErrPairInvalid = fault.New(fault.Unauthenticated, "key_pair_invalid",
		"the public key and private key do not form a valid pair")
	// ErrUnauthorized is the one answer to every other bad credential.
	ErrUnauthorized = fault.New(fault.Unauthenticated, "unauthorized",
		"the credentials are missing or not valid")
	// ErrRevoked refuses to change a pair that has ended.
	ErrRevoked = fault.New(fault.Conflict, "key_revoked", "this key pair is revoked")
	// ErrTooManyKeys bounds the live pairs of a project.
	ErrTooManyKeys = fault.New(fault.Conflict, "too_many_keys",
		"a project may have at most 50 live key pairs; revoke one first")
)

// MaxLivePairs is how many pairs of a project may be live at once.
const MaxLivePairs = 50

// Secret is text that must not appear in logs, dumps or formatted output.
type Secret struct{ text string }

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal is the text itself: for the one answer that shows it, and for cryptography.
func (s Secret) Reveal() string { return s.text }

// Hint is the prefix and the last four characters, enough to tell keys apart.
func (s Secret) Hint() string {
	cut := strings.LastIndexByte(s.text, '_') + 1
	if len(s.text)-cut < 12 {
		return "…"
	}
	return s.text[:cut] + "…" + s.text[len(s.text)-4:]
}

// String redacts, under every formatting verb.
func (s Secret) String() string { return "[redacted]" }

// GoString redacts %#v.
func (s Secret) GoString() string { return "[redacted]" }

// LogValue redacts structured logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// MarshalText redacts encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// PairID identifies a key pair: a UUID in lower case.
type PairID string

// Pair is a public key and the fingerprint of its private key. The private key itself is shown
// once; it is kept sealed because signatures of other dialects need it back.
type Pair struct {
	ID         PairID
	MerchantID merchant.ID
	ProjectID  merchant.ProjectID
	Mode       merchant.Mode
	PublicKey  string
	Label      string
	Digest     []byte // keyed hash of the private key
	Sealed     []byte // the private key, sealed
	Hint       string
	CreatedAt  time.Time
	RevokedAt  time.Time // zero while live
}

// Live reports whether the pair may still be used.
func (p Pair) Live() bool { return p.RevokedAt.IsZero() }

// Matches reports whether digest is that of the pair's private key, in constant time.
func (p Pair) Matches(digest []byte) bool { return subtle.ConstantTimeCompare(p.Digest, digest) == 1 }

// PublicText and SecretText print random bytes as credentials of a mode; APIKeyText as a
// merchant's API key (prefixes of source 000: pk_test_, sk_test_, ap_test_ and their live twins).
func PublicText(m merchant.Mode, random []byte) string {
	return "pk_" + m.String() + "_" + text(random)
}

// SecretText prints a private key.
func SecretText(m merchant.Mode, random []byte) Secret {
	return Secret{"sk_" + m.String() + "_" + text(random)}
}

// APIKeyText prints a merchant API key.
func APIKeyText(m merchant.Mode, random []byte) Secret {
	return Secret{"ap_" + m.String() + "_" + text(random)}
}

func text(random []byte) string {
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(random))
}

// APIKey is a merchant's single bearer key for one mode. A new one replaces the old one.
type APIKey struct {
	MerchantID merchant.ID
	ProjectID  merchant.ProjectID
	Mode       merchant.Mode
	Digest     []byte
	Hint       string
	CreatedAt  time.Time
}

// Login is one signed-in session of a merchant: what a refresh token renews and a logout ends.
type Login struct {
	ID            string
	MerchantID    merchant.ID
	MemberID      string // who logged in; "" in logins older than members
	RefreshDigest []byte // of the one refresh token that is valid now
	CreatedAt     time.Time
	ExpiresAt     time.Time
	RevokedAt     time.Time
}

// Live reports whether the login may still be used at now.
func (l Login) Live(now time.Time) bool { return l.RevokedAt.IsZero() && now.Before(l.ExpiresAt) }
