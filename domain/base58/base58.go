// Package base58 reads and writes Base58Check, the text in which Bitcoin and its descendants write
// addresses and keys: an alphabet without look-alike letters, and a checksum at the end.
//
// It owns the alphabet and the checksum. It does not own what the bytes mean (packages chain and
// hdkey).
//
// Invariant: a text that decodes is the one text its payload encodes to.
package base58

import (
	"bytes"
	"crypto/sha256"
	"math/big"
	"strings"
)

const (
	alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	maxText  = 128 // extended keys have 111 characters, nothing that is read here has more
	sumBytes = 4
)

// Encode prints a payload with its checksum.
func Encode(payload []byte) string {
	full := append(bytes.Clone(payload), checksum(payload)...)
	n, base, digit := new(big.Int).SetBytes(full), big.NewInt(int64(len(alphabet))), new(big.Int)
	var out []byte
	for n.Sign() > 0 {
		n.DivMod(n, base, digit)
		out = append(out, alphabet[digit.Int64()])
	}
	for i := 0; i < len(full) && full[i] == 0; i++ {
		out = append(out, alphabet[0])
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return string(out)
}

// Decode reads a payload and checks its checksum.
func Decode(s string) (payload []byte, ok bool) {
	if s == "" || len(s) > maxText {
		return nil, false
	}
	n, base := new(big.Int), big.NewInt(int64(len(alphabet)))
	zeros := 0
	for i := range len(s) {
		digit := strings.IndexByte(alphabet, s[i])
		if digit < 0 {
			return nil, false
		}
		if digit == 0 && zeros == i {
			zeros++
		}
		n.Mul(n, base).Add(n, big.NewInt(int64(digit)))
	}
	full := append(make([]byte, zeros), n.Bytes()...)
	if len(full) <= sumBytes {
		return nil, false
	}
	payload, sum := full[:len(full)-sumBytes], full[len(full)-sumBytes:]
	if !bytes.Equal(checksum(payload), sum) {
		return nil, false
	}
	return payload, true
}

func checksum(payload []byte) []byte {
	first := sha256.Sum256(payload)
	second := sha256.Sum256(first[:])
	return second[:sumBytes]
}
