// Package vault keeps secrets: it seals what must be read again, fingerprints what must only be
// recognised, hashes passwords and signs access tokens.
//
// It owns the master key and every key derived from it. It does not own what is sealed, nor where it
// is stored, nor how long a token lives.
//
// Invariants: the master key itself encrypts and signs nothing, each use has a key of its own; what
// was sealed for one purpose opens for no other; a token is read by one algorithm, whatever it says
// of itself; hashing passwords takes a bounded part of the machine.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/101pay/101pay/domain/keys"
)

const (
	sealVersion = 1
	// saltBytes make a key of its own for every sealed text, so that no key is used often enough for
	// its random nonces to meet.
	saltBytes = 16
	headBytes = 1 + saltBytes
	// tagBytes is how much of a keyed hash a Tag keeps: nobody guesses 128 bits.
	tagBytes = 16
	keyBytes = 32
)

// What keys are derived for. A label never changes: what it sealed would be lost.
const (
	labelSeal   = "101pay seal v1"
	labelTag    = "101pay tag v1"
	labelDigest = "101pay digest v1"
	labelToken  = "101pay access token v1"
	// The key of statements is published; who verified one must be able to for years.
	labelStatement = "101pay statement v1"
)

var errSealed = errors.New("open sealed text: it was altered, or sealed for another purpose or key")

// Vault implements ports.Vault.
type Vault struct {
	master MasterKey
	digest []byte   // key of Digest
	tags   sync.Map // keys of Tag by purpose, of which the program names a few
}

// New answers the vault of a master key.
func New(master MasterKey) *Vault {
	return &Vault{master: master, digest: master.derive(labelDigest, "")}
}

// Seal encrypts and authenticates (AES-256-GCM): a version, a salt, a nonce and the sealed text.
func (v *Vault) Seal(purpose string, plain []byte) ([]byte, error) {
	head := make([]byte, headBytes, headBytes+len(plain)+64)
	head[0] = sealVersion
	_, _ = rand.Read(head[1:]) // documented never to answer an error
	box, err := v.box(purpose, head)
	if err != nil {
		return nil, err
	}
	//nolint:gosec // this cipher draws its nonces itself and takes none
	return box.Seal(head, nil, plain, head), nil
}

// Open undoes Seal.
func (v *Vault) Open(purpose string, sealed []byte) ([]byte, error) {
	if len(sealed) < headBytes || sealed[0] != sealVersion {
		return nil, errSealed
	}
	head := sealed[:headBytes]
	box, err := v.box(purpose, head)
	if err != nil {
		return nil, err
	}
	plain, err := box.Open(nil, nil, sealed[headBytes:], head)
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

// box is the cipher of one sealed text. It draws and carries its nonces itself.
func (v *Vault) box(purpose string, head []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(v.master.derive(labelSeal, string(head[1:])+purpose))
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Digest is a keyed hash of a high-entropy secret, for lookup: whoever reads the database alone
// cannot even test a guess.
func (v *Vault) Digest(secret keys.Secret) []byte {
	return keyed(v.digest, secret.Reveal())
}

// Tag is a short keyed hash that proves we made a text.
func (v *Vault) Tag(purpose, text string) []byte {
	key, known := v.tags.Load(purpose)
	if !known {
		key, _ = v.tags.LoadOrStore(purpose, v.master.derive(labelTag, purpose))
	}
	return keyed(key.([]byte), text)[:tagBytes] //nolint:errcheck // nothing else is stored
}

func keyed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// derive answers the key for one use (HKDF-SHA256, whose expansion alone is needed: the master key
// is random already).
func (k MasterKey) derive(label, use string) []byte {
	key, err := hkdf.Expand(sha256.New, k.bytes[:], label+"\x00"+use, keyBytes)
	if err != nil {
		panic("vault: derive a key of 32 bytes: " + err.Error()) // only too many bytes can fail
	}
	return key
}
