package portstest

import (
	"crypto/ed25519"
	"testing"

	"github.com/101pay/101pay/domain/attest"
	"github.com/101pay/101pay/ports"
)

// Signer holds a signer of statements to its promises. open answers a signer of a master key that
// publishes retired keys too.
func Signer(t *testing.T, open func(t *testing.T, master [32]byte, retired ...attest.Key) ports.Signer) {
	mine, twin, stranger := open(t, [32]byte{1}), open(t, [32]byte{1}), open(t, [32]byte{2})
	holds := func(s ports.Signer, message, signature []byte) bool {
		key := s.Keys()[0]
		return ed25519.Verify(key[:], message, signature)
	}
	t.Run("a signature verifies by the first key, and no other message or key has it", func(t *testing.T) {
		signature := mine.Sign([]byte("message"))
		if !holds(mine, []byte("message"), signature) {
			t.Fatal("the signature does not verify")
		}
		if holds(mine, []byte("massage"), signature) || holds(stranger, []byte("message"), signature) {
			t.Fatal("a signature passes for another message or key")
		}
	})
	t.Run("it signs as it did, also after a restart", func(t *testing.T) {
		same(t, twin.Keys(), mine.Keys())
		same(t, twin.Sign([]byte("message")), mine.Sign([]byte("message")))
	})
	t.Run("retired keys are published behind the one that signs", func(t *testing.T) {
		old := stranger.Keys()[0]
		successor := open(t, [32]byte{1}, old)
		same(t, successor.Keys(), []attest.Key{mine.Keys()[0], old})
		if !holds(successor, []byte("message"), successor.Sign([]byte("message"))) {
			t.Fatal("it signs by a retired key")
		}
	})
	t.Run("a key stands in the list once", func(t *testing.T) {
		own, old := mine.Keys()[0], stranger.Keys()[0]
		same(t, open(t, [32]byte{1}, own, old, old).Keys(), []attest.Key{own, old})
	})
	t.Run("what a caller does to the list is not seen by others", func(t *testing.T) {
		mine.Keys()[0] = attest.Key{}
		same(t, mine.Keys(), twin.Keys())
	})
}

// Pen is a ports.Signer with a key everybody knows, for tests of what is signed.
type Pen struct{}

var penKey = ed25519.NewKeyFromSeed([]byte("a key of 32 bytes for tests only"))

// Sign implements ports.Signer.
func (Pen) Sign(message []byte) []byte { return ed25519.Sign(penKey, message) }

// Keys implements ports.Signer.
func (Pen) Keys() []attest.Key {
	public, _ := penKey.Public().(ed25519.PublicKey)
	return []attest.Key{attest.Key(public)}
}
