package rates

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/101pay/101pay/ports"
)

// What prices must meet before one of them is answered.
const (
	// MinQuorum is the least number of venues that must agree: one alone makes no price.
	MinQuorum = 2

	maxAge     = ports.MaxRateAge // of a price, when it is answered
	maxAhead   = 15 * time.Second // that a venue's clock, or ours, may be wrong
	maxSpread  = 2                // percent between the lowest and the highest of those that agree
	maxJump    = 10               // percent from the last price answered, unless many agree
	jumpMemory = 5 * time.Minute  // how long the last price answered is held against the next
	manyAgree  = 3                // venues that are believed a jump
)

// quote is what one venue says one unit is worth.
type quote struct {
	venue string
	price *big.Rat
	at    time.Time
}

// verdict is the price that venues agree on. The zero value is none.
type verdict struct {
	price  *big.Rat
	at     time.Time // when the oldest quote it rests on held
	venues []string  // who agreed, in the order of configuration
}

// Why there is no price.
var (
	errDisagree = errors.New("the venues contradict each other")
	errJump     = fmt.Errorf("a jump of more than %d %% that fewer than %d venues tell", maxJump, manyAgree)
)

// judge answers the median of the quotes that are fresh and agree with each other, if there are
// enough of them and, while the last price answered is remembered, if it did not jump.
func judge(quotes []quote, quorum int, last verdict, now time.Time) (verdict, error) {
	agree, err := agreeing(fresh(quotes, now))
	if err != nil {
		return verdict{}, err
	}
	v := verdict{}
	for _, q := range agree {
		v.venues = append(v.venues, q.venue)
		if v.at.IsZero() || q.at.Before(v.at) {
			v.at = q.at
		}
	}
	if len(agree) < max(quorum, MinQuorum) {
		return v, fmt.Errorf("%d venues agree, %d must", len(agree), max(quorum, MinQuorum))
	}
	v.price = median(agree)
	if last.price != nil && now.Sub(last.at) <= jumpMemory && len(agree) < manyAgree &&
		!within(last.price, v.price, maxJump) {
		return verdict{venues: v.venues, at: v.at}, errJump
	}
	return v, nil
}

// fresh leaves out what is too old, or dated further ahead than clocks are wrong.
func fresh(quotes []quote, now time.Time) []quote {
	return slices.DeleteFunc(slices.Clone(quotes), func(q quote) bool {
		age := now.Sub(q.at)
		return age > maxAge || age < -maxAhead
	})
}

// agreeing answers the largest group of quotes no two of which are further apart than allowed, in
// the order given. Of several overlapping groups as large it is the tightest, and of those the lowest,
// by which the merchant is not short; of two that share no venue neither can be preferred, and that
// is an error.
func agreeing(quotes []quote) ([]quote, error) {
	sorted := slices.SortedFunc(slices.Values(quotes), func(a, b quote) int { return a.price.Cmp(b.price) })
	var best []int // where the largest groups begin
	size := 0
	for i, low := range sorted {
		n := 1
		for i+n < len(sorted) && within(low.price, sorted[i+n].price, maxSpread) {
			n++
		}
		if n > size {
			best, size = nil, n
		}
		if n == size {
			best = append(best, i)
		}
	}
	if len(best) == 0 {
		return nil, nil
	}
	if best[len(best)-1] >= best[0]+size {
		return nil, errDisagree
	}
	width := func(i int) *big.Rat { return new(big.Rat).Quo(sorted[i+size-1].price, sorted[i].price) }
	tightest := slices.MinFunc(best, func(i, j int) int { return width(i).Cmp(width(j)) })
	low, high := sorted[tightest].price, sorted[tightest+size-1].price
	return slices.DeleteFunc(slices.Clone(quotes), func(q quote) bool {
		return q.price.Cmp(low) < 0 || q.price.Cmp(high) > 0
	}), nil
}

// within reports whether b is at most so many percent of a away from a.
func within(a, b *big.Rat, percent int64) bool {
	away := new(big.Rat).Sub(b, a)
	away.Abs(away).Mul(away, big.NewRat(100, percent))
	return away.Cmp(a) <= 0
}

// median is the middle of some quotes, between the middle two when their number is even.
func median(quotes []quote) *big.Rat {
	prices := make([]*big.Rat, len(quotes))
	for i, q := range quotes {
		prices[i] = q.price
	}
	slices.SortFunc(prices, (*big.Rat).Cmp)
	middle := new(big.Rat).Add(prices[(len(prices)-1)/2], prices[len(prices)/2])
	return middle.Mul(middle, big.NewRat(1, 2))
}
