package webhook

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"strings"

	"github.com/101pay/101pay/domain/fault"
)

// Sizes of a signing secret in bytes (Standard Webhooks). A short or empty key is refused where it
// is made: HMAC itself accepts any, and libraries have verified with an empty one.
const (
	SecretBytes    = 32 // of a secret we make
	minSecretBytes = 24
	maxSecretBytes = 64
)

const secretPrefix = "whsec_"

// ErrInvalidSecret refuses what cannot be a signing secret.
var ErrInvalidSecret = fault.New(fault.Invalid, "invalid_webhook_secret",
	"a webhook secret is \"whsec_\" followed by 24 to 64 bytes in base64")

// Secret is a signing secret. It never prints. The zero value is no secret and signs nothing.
type Secret struct{ key []byte }

// NewSecret makes a secret of random bytes, at least 24 and at most 64.
func NewSecret(key []byte) (Secret, error) {
	if len(key) < minSecretBytes || len(key) > maxSecretBytes {
		return Secret{}, ErrInvalidSecret
	}
	return Secret{key: bytes.Clone(key)}, nil
}

// ParseSecret reads the text form of a secret.
func ParseSecret(text string) (Secret, error) {
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	if !ok || strings.ContainsAny(encoded, "\r\n") { // which the decoder would skip
		return Secret{}, ErrInvalidSecret
	}
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return Secret{}, ErrInvalidSecret
	}
	return NewSecret(key)
}

// Reveal is the text form: for the one answer that shows it.
func (s Secret) Reveal() string { return secretPrefix + base64.StdEncoding.EncodeToString(s.key) }

// Key is the bytes themselves: to be sealed, never to be stored as they are.
func (s Secret) Key() []byte { return bytes.Clone(s.key) }

// String redacts, under every formatting verb.
func (s Secret) String() string { return "[redacted]" }

// GoString redacts %#v.
func (s Secret) GoString() string { return "[redacted]" }

// LogValue redacts structured logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// MarshalText redacts encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }
