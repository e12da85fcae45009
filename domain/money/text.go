package money

import (
	"math/big"
	"slices"
	"strconv"
)

// maxPrinted is room for the digits of nearly every number; a longer one takes memory of its own.
const maxPrinted = 64

// FormatUnits prints units of 10^-places as a decimal with at least two places where there are
// that many, and no needless zeros.
func FormatUnits(units *big.Int, places int) string {
	var room [maxPrinted]byte
	return string(AppendUnits(room[:0], units, places))
}

// AppendUnits appends what FormatUnits prints.
func AppendUnits(to []byte, units *big.Int, places int) []byte {
	var room [maxPrinted]byte
	digits := appendDecimal(room[:0], units)
	if places == 0 {
		return append(to, digits...)
	}
	for range places - len(digits) + 1 {
		to = append(to, '0')
	}
	to = append(to, digits...)
	point := len(to) - places
	end := len(to)
	for end-point > min(2, places) && to[end-1] == '0' {
		end--
	}
	return slices.Insert(to[:end], point, '.')
}

// FormatSigned is FormatUnits of what may be less than nothing.
func FormatSigned(units *big.Int, places int) string {
	if units.Sign() < 0 {
		return "-" + FormatUnits(new(big.Int).Neg(units), places)
	}
	return FormatUnits(units, places)
}

// integer reads a whole number; those of a word, which nearly all are, without the arithmetic of others.
func integer(text string) (*big.Int, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return big.NewInt(n), true
	}
	return new(big.Int).SetString(text, 10)
}

// appendDecimal prints a whole number; those of a word, which nearly all are, without the arithmetic of others.
func appendDecimal(to []byte, n *big.Int) []byte {
	if n.IsInt64() {
		return strconv.AppendInt(to, n.Int64(), 10)
	}
	return n.Append(to, 10)
}
