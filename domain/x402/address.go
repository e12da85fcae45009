package x402

import (
	"encoding/hex"

	"golang.org/x/crypto/sha3"

	"github.com/101pay/101pay/domain/chain"
)

const (
	addressBytes = 20
	hexPrefix    = "0x"
)

// Address is an EVM account or contract by its bytes, so that the spelling of letters cannot matter.
type Address [addressBytes]byte

// Hash is 32 bytes: a transaction's id, a topic of a log, or what is signed.
type Hash [wordBytes]byte

// Nonce makes an authorization unique among those of its payer for a token. The payer chooses it.
type Nonce [wordBytes]byte

// ParseAddress reads 0x and 40 hexadecimal digits. Letters may have any case: the protocol's clients
// differ, and an address that is compared needs no checksum.
func ParseAddress(s string) (a Address, ok bool) {
	ok = readHex(a[:], s)
	return a, ok
}

// AddressOf is a chain's address, which has been checked.
func AddressOf(a chain.Address) (Address, bool) {
	b, ok := a.EVMBytes()
	return b, ok
}

// String is the address with its EIP-55 checksum, as chain.Address has it.
func (a Address) String() string { return string(chain.EVMAddress(a)) }

// ParseHash reads 0x and 64 hexadecimal digits.
func ParseHash(s string) (h Hash, ok bool) {
	ok = readHex(h[:], s)
	return h, ok
}

// String is the hash in lower-case hex after 0x.
func (h Hash) String() string { return hexPrefix + hex.EncodeToString(h[:]) }

// String is the nonce in lower-case hex after 0x.
func (n Nonce) String() string { return Hash(n).String() }

// readHex fills out from 0x and exactly as many digits.
func readHex[T string | []byte](out []byte, s T) bool {
	const prefix = len(hexPrefix)
	if len(s) != prefix+hex.EncodedLen(len(out)) || string(s[:prefix]) != hexPrefix {
		return false
	}
	_, err := hex.Decode(out, []byte(s[prefix:]))
	return err == nil
}

// keccak is the hash of Ethereum over the parts as one text.
func keccak(parts ...[]byte) (out Hash) {
	h := sha3.NewLegacyKeccak256()
	for _, p := range parts {
		h.Write(p)
	}
	h.Sum(out[:0])
	return out
}
