package ethrpc

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
)

// Sizes of what the protocol writes in hex.
const (
	addressBytes     = 20
	hashBytes        = 32
	addressPadding   = hashBytes - addressBytes // zeros before an address in a topic
	maxQuantityChars = 16                       // hex digits of a 64-bit number
)

// hexPrefix stands before hex.
const hexPrefix = "0x"

// Address is the 20 bytes of an account or contract.
type Address [addressBytes]byte

// Hash is a block hash, a transaction hash, or one word of a log.
type Hash [hashBytes]byte

// TransferTopic is the first topic of every ERC-20 Transfer(address,address,uint256) event.
var TransferTopic = Hash{
	0xdd, 0xf2, 0x52, 0xad, 0x1b, 0xe2, 0xc8, 0x9b, 0x69, 0xc2, 0xb0, 0x68, 0xfc, 0x37, 0x8d, 0xaa,
	0x95, 0x2b, 0xa7, 0xf1, 0x63, 0xc4, 0xa1, 0x16, 0x28, 0xf5, 0x5a, 0x4d, 0xf5, 0x23, 0xb3, 0xef,
}

// Hex is lower-case hex without prefix.
func (h Hash) Hex() string { return hex.EncodeToString(h[:]) }

// readHash reads what Hex writes.
func readHash(text string) (h Hash, ok bool) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != hashBytes {
		return h, false
	}
	return Hash(raw), true
}

// Hex is lower-case hex without prefix.
func (a Address) Hex() string { return hex.EncodeToString(a[:]) }

// word is the address as a topic.
func (a Address) word() (h Hash) {
	copy(h[addressPadding:], a[:])
	return h
}

// address is the address in a topic; a topic with anything before the address is not one.
func (h Hash) address() (a Address, ok bool) {
	if [addressPadding]byte(h[:addressPadding]) != [addressPadding]byte{} {
		return a, false
	}
	return Address(h[addressPadding:]), true
}

// quantity is how the protocol writes a number.
func quantity(n uint64) string { return "0x" + strconv.FormatUint(n, 16) }

// fixed is how the protocol writes bytes.
func fixed(b []byte) string { return "0x" + hex.EncodeToString(b) }

// parseQuantity reads "0x1a" in any case.
func parseQuantity(s []byte) (uint64, bool) {
	digits, ok := hexDigits(s)
	if !ok || len(digits) == 0 || len(digits) > maxQuantityChars {
		return 0, false
	}
	var n uint64
	for _, c := range digits {
		d := nibbles[c]
		if d > 0xf {
			return 0, false
		}
		n = n<<4 | uint64(d)
	}
	return n, true
}

// parseFixed reads exactly len(dst) bytes of hex, in any case, into dst.
func parseFixed(dst, s []byte) bool {
	digits, ok := hexDigits(s)
	if !ok || len(digits) != 2*len(dst) {
		return false
	}
	sound := uint64(everyByte)
	for len(dst) >= eightDigits/2 {
		var n uint32
		// Most words are addresses and amounts, and most digits of those are zeros before them.
		if eight := binary.LittleEndian.Uint64(digits); eight != eightZeros {
			var good uint64
			n, good = readEight(eight)
			sound &= good
		}
		binary.LittleEndian.PutUint32(dst, n)
		dst, digits = dst[eightDigits/2:], digits[eightDigits:]
	}
	for i := range dst {
		high, low := nibbles[digits[2*i]], nibbles[digits[2*i+1]]
		if high|low > 0xf {
			return false
		}
		dst[i] = high<<4 | low
	}
	return sound == everyByte
}

// Eight digits are read at once, each in its byte of a word. everyByte is the highest bit of each.
const (
	eightDigits = 8
	everyByte   = 0x8080808080808080
	ones        = 0x0101010101010101
	eightZeros  = '0' * ones
)

// readEight reads eight hex digits, the first one in the lowest byte, as four bytes, the first one in
// the lowest byte. good is everyByte if all eight are digits, and lacks a bit for each that is none.
func readEight(digits uint64) (n uint32, good uint64) {
	const (
		low     = 0x7f * ones
		aside   = 0x20 * ones // between a capital and a small letter
		from0   = (0x80 - '0') * ones
		beyond9 = (0x80 - '9' - 1) * ones
		fromA   = (0x80 - 'a') * ones
		beyondF = (0x80 - 'f' - 1) * ones
	)
	// A sum of two numbers below 128 reaches the highest bit of its byte and never the next byte.
	plain, small := digits&low, digits&low|aside
	decimal := (plain + from0) &^ (plain + beyond9) & everyByte
	letter := (small + fromA) &^ (small + beyondF) & everyByte
	good = (decimal | letter) &^ digits
	half := digits&(0x0f*ones) + letter>>7*9
	half = (half<<4 | half>>8) & 0x00ff00ff00ff00ff
	half = (half | half>>8) & 0x0000ffff0000ffff
	return uint32(half | half>>16), good //nolint:gosec // what is cut off was moved down
}

func hexDigits(s []byte) ([]byte, bool) {
	if len(s) < len(hexPrefix) || s[0] != '0' || s[1]|0x20 != 'x' {
		return nil, false
	}
	return s[len(hexPrefix):], true
}

// nibbles maps a hex digit to its value and everything else to 0xff.
var nibbles = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i := range byte(10) {
		t['0'+i] = i
	}
	for i := range byte(6) {
		t['a'+i], t['A'+i] = 10+i, 10+i
	}
	return t
}()
