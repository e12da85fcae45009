package x402

import (
	"encoding/binary"
	"math/big"
	"math/bits"
	"slices"
	"strconv"
)

const (
	wordBytes = 32
	// maxDigits is how many digits the greatest uint256 has.
	maxDigits = 78
	// chunk is how many decimal digits surely fit 64 bits.
	chunk = 19
)

// Uint256 is an unsigned integer as EVM contracts have it: an amount in base units, or a time in
// seconds. The zero value is 0. Values are comparable.
type Uint256 struct {
	words [4]uint64 // the most significant first
}

// Uint is a small number.
func Uint(n uint64) Uint256 { return Uint256{[4]uint64{3: n}} }

// UintOf is a number of any size; ok is false if it is nil, negative or too great.
func UintOf(n *big.Int) (u Uint256, ok bool) {
	if n == nil || n.Sign() < 0 || n.BitLen() > 8*wordBytes {
		return Uint256{}, false
	}
	var b [wordBytes]byte
	n.FillBytes(b[:])
	return uintFrom(b), true
}

func uintFrom(b [wordBytes]byte) (u Uint256) {
	for i := range u.words {
		u.words[i] = binary.BigEndian.Uint64(b[8*i:])
	}
	return u
}

// ParseUint reads a decimal number in its one spelling: digits without sign, leading zero, exponent
// or prefix. The official servers also take "0x2710" and JSON numbers; then two texts mean one payment.
func ParseUint[T string | []byte](s T) (u Uint256, ok bool) {
	if len(s) == 0 || len(s) > maxDigits || s[0] == '0' && len(s) > 1 {
		return Uint256{}, false
	}
	for len(s) > 0 {
		part := s[:min(chunk, len(s))]
		s = s[len(part):]
		scale, n := uint64(1), uint64(0)
		for i := range len(part) {
			digit := part[i] - '0'
			if digit > 9 {
				return Uint256{}, false
			}
			scale, n = scale*10, n*10+uint64(digit)
		}
		if u, ok = u.timesPlus(scale, n); !ok {
			return Uint256{}, false
		}
	}
	return u, true
}

// timesPlus is u*scale+n; ok is false if that is too great.
func (u Uint256) timesPlus(scale, n uint64) (Uint256, bool) {
	carry := n
	for i := len(u.words) - 1; i >= 0; i-- {
		high, low := bits.Mul64(u.words[i], scale)
		sum, over := bits.Add64(low, carry, 0)
		u.words[i], carry = sum, high+over
	}
	return u, carry == 0
}

// Bytes is the number as a 32-byte word, as the EVM encodes it.
func (u Uint256) Bytes() (b [wordBytes]byte) {
	for i, w := range u.words {
		binary.BigEndian.PutUint64(b[8*i:], w)
	}
	return b
}

// Big is the number as a big integer.
func (u Uint256) Big() *big.Int {
	b := u.Bytes()
	return new(big.Int).SetBytes(b[:])
}

// Uint64 is the number if it fits 64 bits.
func (u Uint256) Uint64() (n uint64, ok bool) {
	return u.words[3], u.words[0]|u.words[1]|u.words[2] == 0
}

// Cmp compares numbers: -1 if u is less, 0 if they are equal, 1 if u is greater.
func (u Uint256) Cmp(with Uint256) int {
	return slices.Compare(u.words[:], with.words[:])
}

// IsZero reports whether the number is 0.
func (u Uint256) IsZero() bool { return u == Uint256{} }

// String is the number in decimal.
func (u Uint256) String() string {
	if n, ok := u.Uint64(); ok {
		return strconv.FormatUint(n, 10)
	}
	return u.Big().String()
}
