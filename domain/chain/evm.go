package chain

import (
	"bytes"
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/sha3"

	"github.com/101pay/101pay/domain/base58"
)

const (
	evmPrefix = "0x"
	// reservedZeros is how many zero bytes an address begins with that no key leads to: the zero
	// address, the precompiled contracts (0x01 to 0x13 today, more with every fork) and what chains
	// keep for themselves (0x1000 and on at BSC) begin with 18 at least.
	reservedZeros = 18
)

// What is wrong with an EVM address, in the words of whoever pasted it.
const (
	sayEVMForm = "address must be an EVM address: 0x and 40 hexadecimal digits"
	sayEVMCase = "the capital and small letters of this address are not those of its checksum (EIP-55): " +
		"a letter is wrong, or it was not copied from a wallet; paste it exactly as a wallet or an explorer shows it"
	sayReserved = "nobody has a key to this address; money sent there is lost"
	sayToken    = "this is a token contract, not an account; money sent there is lost"
	sayNotEVM   = "this is an address of another chain; an EVM address begins with 0x"
)

// ParseEVMAddress reads an Ethereum-style address with its EIP-55 checksum, exactly as written. An
// address in small letters only carries no checksum, so it is refused like a wrong one: one
// mistyped digit would send every payment to nobody. So are addresses without a key and tokens.
func ParseEVMAddress(s string) (Address, error) {
	b, ok := evmBytes(s)
	switch {
	case !ok && foreign(s):
		return "", ErrAddressChainMismatch.Saying(sayNotEVM)
	case !ok:
		return "", ErrInvalidAddress.Saying(sayEVMForm)
	case EVMAddress(b) != Address(s):
		return "", ErrInvalidAddress.Saying(sayEVMCase)
	case bytes.Count(b[:reservedZeros], []byte{0}) == reservedZeros:
		return "", ErrInvalidAddress.Saying(sayReserved)
	case evmContracts[Address(s)]:
		return "", ErrInvalidAddress.Saying(sayToken)
	}
	return Address(s), nil
}

// evmContracts are the tokens of every EVM network: the same bytes are nobody's account anywhere.
var evmContracts = func() map[Address]bool {
	out := map[Address]bool{}
	for _, f := range all {
		for _, t := range f.tokens {
			if f.evmID != 0 && t.contract != Native {
				out[Address(t.contract)] = true
			}
		}
	}
	return out
}()

// EVMAddress prints 20 bytes as an Ethereum-style address with its EIP-55 checksum.
func EVMAddress(b [addressBytes]byte) Address {
	digits := []byte(hex.EncodeToString(b[:]))
	sum := hex.EncodeToString(keccak256(digits))
	for i, c := range digits {
		if c >= 'a' && sum[i] >= '8' {
			digits[i] = c - 'a' + 'A'
		}
	}
	return Address(evmPrefix + string(digits))
}

// EVMBytes is the 20 bytes behind an Ethereum-style address in its canonical text.
func (a Address) EVMBytes() (out [addressBytes]byte, ok bool) {
	out, ok = evmBytes(string(a))
	return out, ok && EVMAddress(out) == a
}

func evmBytes(s string) (out [addressBytes]byte, ok bool) {
	digits, prefixed := strings.CutPrefix(s, evmPrefix)
	if !prefixed || len(digits) != hex.EncodedLen(addressBytes) {
		return out, false
	}
	_, err := hex.Decode(out[:], []byte(digits))
	return out, err == nil
}

// foreign reports whether a text is a whole Base58Check address: of Tron, Bitcoin and their like.
func foreign(s string) bool {
	payload, ok := base58.Decode(s)
	return ok && len(payload) == addressBytes+1
}

// keccak256 is the hash of Ethereum: SHA-3 as it was before the standard changed its padding.
func keccak256(b []byte) []byte {
	h := sha3.NewLegacyKeccak256()
	h.Write(b)
	return h.Sum(nil)
}
