package money

import (
	"math/big"
	"strconv"
	"strings"
)

// FormatUnits prints units of 10^-places as a decimal with at least two places where there are
// that many, and no needless zeros.
func FormatUnits(units *big.Int, places int) string {
	s := inDecimal(units)
	if places == 0 {
		return s
	}
	if len(s) <= places {
		s = strings.Repeat("0", places-len(s)+1) + s
	}
	whole, frac := s[:len(s)-places], s[len(s)-places:]
	keep := len(frac)
	for keep > min(2, places) && frac[keep-1] == '0' {
		keep--
	}
	return whole + "." + frac[:keep]
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

// inDecimal prints a whole number; those of a word, which nearly all are, without the arithmetic of others.
func inDecimal(n *big.Int) string {
	if n.IsInt64() {
		return strconv.FormatInt(n.Int64(), 10)
	}
	return n.String()
}
