package checkout

import (
	"math/big"

	"github.com/101pay/101pay/domain/chain"
)

// Bounds of the unique suffix, in the smallest units asked for (see Places). Short values, which end
// two places earlier, are kinder to people and survive exchanges that cut decimals, so they are drawn
// first.
const (
	MaxSuffix = 9999
	shortStep = 100
)

// How many decimals are asked for. A suffix on a dollar's sixth place is below a cent (source 000: "a
// unique sub-cent suffix"); a coin worth thousands of dollars needs two places more to keep it at
// that. Wallets and exchanges take eight for those.
const (
	tokenPlaces  = 6
	nativePlaces = 8
)

// Suffix is the small addition that makes a payable amount unique at an address: 1 to MaxSuffix units
// of the last place asked for.
type Suffix int

// Places is how many decimals of an asset are asked for: no more than people type and exchanges take,
// however finely the asset divides.
func Places(a chain.Asset) int {
	if a.IsNative() {
		return min(int(a.Decimals), nativePlaces)
	}
	return min(int(a.Decimals), tokenPlaces)
}

// step is the smallest amount asked for, in base units.
func step(a chain.Asset) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(int(a.Decimals)-Places(a))), nil)
}

// Payable adds a suffix to a base amount of base units. It is added, never subtracted: a payer who
// rounds down to the invoice figure must come out underpaid, not matched to somebody else.
func Payable(base *big.Int, s Suffix, a chain.Asset) *big.Int {
	extra := step(a)
	return extra.Mul(extra, big.NewInt(int64(s))).Add(extra, base)
}

// Whole turns an amount in units of 10^-Places(a) into base units.
func Whole(units *big.Int, a chain.Asset) *big.Int {
	one := step(a)
	return one.Mul(one, units)
}

// DrawSuffix picks a random suffix that is not taken, short values first. intn answers a
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
func SuffixOf(base, payable *big.Int, a chain.Asset) (Suffix, bool) {
	diff := new(big.Int).Sub(payable, base)
	v, rest := new(big.Int).QuoRem(diff, step(a), new(big.Int))
	if rest.Sign() != 0 || !v.IsInt64() || v.Int64() < 1 || v.Int64() > MaxSuffix {
		return 0, false
	}
	return Suffix(v.Int64()), true
}
