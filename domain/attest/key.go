package attest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
)

// Key is a public key that statements are verified by.
type Key [ed25519.PublicKeySize]byte

// ErrKey refuses a text that is no public key.
var ErrKey = errors.New("not an Ed25519 public key: 32 bytes in base64url (43 characters, no padding)")

// coding is base64url without padding and with one spelling.
var coding = base64.RawURLEncoding.Strict()

// ParseKey reads a key as a JWK prints it under "x".
func ParseKey(x string) (Key, error) {
	raw, ok := decode64(x)
	if !ok || len(raw) != ed25519.PublicKeySize {
		return Key{}, ErrKey
	}
	return Key(raw), nil
}

// Text is the key as a JWK prints it under "x".
func (k Key) Text() string { return coding.EncodeToString(k[:]) }

// ID names the key: the SHA-256 thumbprint of its JWK (RFC 7638).
func (k Key) ID() string {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + k.Text() + `"}`))
	return coding.EncodeToString(sum[:])
}

// decode64 reads base64url. Go's decoder skips line breaks; here a text has one spelling.
func decode64(s string) ([]byte, bool) {
	raw, err := coding.DecodeString(s)
	return raw, err == nil && coding.EncodeToString(raw) == s
}
