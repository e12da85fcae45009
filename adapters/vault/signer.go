package vault

import (
	"crypto/ed25519"
	"slices"

	"github.com/101pay/101pay/domain/attest"
)

// Signer implements ports.Signer with a key derived from the master key for nothing else.
type Signer struct {
	private ed25519.PrivateKey
	keys    []attest.Key // the current one first
}

// NewSigner answers the signer of a master key. retired are public keys of masters before it, whose
// statements are still to be verified; of those only the public half is known here.
func NewSigner(master MasterKey, retired []attest.Key) *Signer {
	private := ed25519.NewKeyFromSeed(master.derive(labelStatement, ""))
	public, _ := private.Public().(ed25519.PublicKey)
	s := &Signer{private: private}
	for _, k := range append([]attest.Key{attest.Key(public)}, retired...) {
		if !slices.Contains(s.keys, k) {
			s.keys = append(s.keys, k)
		}
	}
	return s
}

// Sign answers the signature of a message by the current key.
func (s *Signer) Sign(message []byte) []byte { return ed25519.Sign(s.private, message) }

// Keys lists the public keys, the current one first.
func (s *Signer) Keys() []attest.Key { return slices.Clone(s.keys) }
