package checkout

import (
	"math/big"
)

// Bounds of the unique suffix, in units of 10^-6 of the asset (source 000: "a unique sub-cent
// suffix"). Four-decimal values are kinder to people and survive exchanges that cut decimals, so
// they are drawn first.
const (
	MaxSuffix      = 9999
	shortStep      = 100
	suffixDecimals = 6
)

// Suffix is the sub-cent addition that makes a payable amount unique at an address: 1 to
// MaxSuffix units of 10^-6.
type Suffix int

// Payable adds a suffix to a base amount of base units. It is added, never subtracted: a payer who
// rounds down to the invoice figure must come out underpaid, not matched to somebody else.
func Payable(base *big.Int, s Suffix, decimals int) *big.Int {
	step := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals-suffixDecimals)), nil)
	return step.Mul(step, big.NewInt(int64(s))).Add(step, base)
}

// Places is how many decimals of an asset are asked for: no more than people type and exchanges take,
// however finely the asset divides.
func Places(decimals int) int { return min(decimals, suffixDecimals) }

// Whole turns an amount in units of 10^-Places(decimals) into base units.
func Whole(units *big.Int, decimals int) *big.Int {
	step := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals-Places(decimals))), nil)
	return step.Mul(step, units)
}

// DrawSuffix picks a random suffix that is not taken, four-decimal values first. intn answers a
// random number in [0, n). ok is false when all are taken.
func DrawSuffix(taken map[Suffix]bool, intn func(n int) int) (s Suffix, ok bool) {
	if s, ok := draw(taken, shortStep, intn); ok {
		return s, true
	}
	return draw(taken, 1, intn) // no short one is free
}

// draw picks one of the multiples of step that are not taken.
func draw(taken map[Suffix]bool, step Suffix, intn func(n int) int) (s Suffix, ok bool) {
	free := make([]Suffix, 0, MaxSuffix/step)
	for v := step; v <= MaxSuffix; v += step {
		if !taken[v] {
			free = append(free, v)
		}
	}
	if len(free) == 0 {
		return 0, false
	}
	return free[intn(len(free))], true
}

// SuffixOf is the suffix that turns base into payable, if one does.
func SuffixOf(base, payable *big.Int, decimals int) (Suffix, bool) {
	diff := new(big.Int).Sub(payable, base)
	step := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals-suffixDecimals)), nil)
	v, rest := new(big.Int).QuoRem(diff, step, new(big.Int))
	if rest.Sign() != 0 || !v.IsInt64() || v.Int64() < 1 || v.Int64() > MaxSuffix {
		return 0, false
	}
	return Suffix(v.Int64()), true
}
