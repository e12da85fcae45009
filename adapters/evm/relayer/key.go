package relayer

import (
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"golang.org/x/crypto/sha3"

	"github.com/101pay/101pay/domain/x402"
)

// Key is the key of an account that sends settlements. It prints as its account, whatever prints it.
type Key struct {
	secret  *secp256k1.PrivateKey
	account x402.Address
}

// errKey refuses a key without repeating it.
var errKey = errors.New("a relayer's key is 32 bytes in hex")

// ParseKey reads 64 hexadecimal digits, with 0x before them or without.
func ParseKey(s string) (Key, error) {
	raw, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil || len(raw) != secp256k1.PrivKeyBytesLen {
		return Key{}, errKey
	}
	var scalar secp256k1.ModNScalar
	if overflow := scalar.SetByteSlice(raw); overflow || scalar.IsZero() {
		return Key{}, errKey
	}
	k := Key{secret: secp256k1.NewPrivateKey(&scalar)}
	sum := keccak(k.secret.PubKey().SerializeUncompressed()[1:])
	copy(k.account[:], sum[wordBytes-addressBytes:])
	return k, nil
}

// Account is the account of the key.
func (k Key) Account() x402.Address { return k.account }

// Format implements fmt.Formatter: every verb prints the account.
func (k Key) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, k.account.String()) }

// LogValue implements slog.LogValuer.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.account.String()) }

// MarshalText implements encoding.TextMarshaler.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.account.String()), nil }

// sign signs a transaction: whether the curve point's y is odd, r and s. The same transaction has the same
// signature always (RFC 6979), and s is the lower of two.
func (k Key) sign(t transaction) (odd byte, r, s []byte) { return k.over(t.digest()) }

func (k Key) over(digest x402.Hash) (odd byte, r, s []byte) {
	const first, half = 27, 32 // the code begins at 27; r and s follow it
	compact := ecdsa.SignCompact(k.secret, digest[:], false)
	return compact[0] - first, compact[1 : 1+half], compact[1+half:]
}

// keccak is the hash of Ethereum.
func keccak(b []byte) (out x402.Hash) {
	h := sha3.NewLegacyKeccak256()
	h.Write(b)
	h.Sum(out[:0])
	return out
}
