package matrix

import (
	"math/big"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/merchant"
)

// cell is one combination.
type cell struct {
	amount, when, kind, fate string
	watchers                 int
	late                     merchant.LatePolicy
}

func (c cell) String() string {
	return strings.Join([]string{
		c.amount, c.when, c.kind, c.fate, string(c.late), map[int]string{1: "one watcher", 2: "two watchers"}[c.watchers],
	}, ", ")
}

// The amounts, in units of what was asked for.
const (
	exact     = "exact"
	oneLess   = "one unit less"
	oneMore   = "one unit more"
	twofold   = "twofold"
	dust      = "one unit"
	inHalves  = "in two parts"
	inHundred = "in a hundred parts"
)

// parts are the transfers an amount is paid by.
func parts(amount string, asked *big.Int) []*big.Int {
	one := big.NewInt(1)
	split := func(n int64) (out []*big.Int) {
		part := new(big.Int).Quo(asked, big.NewInt(n))
		for range n - 1 {
			out = append(out, part)
		}
		rest := new(big.Int).Mul(part, big.NewInt(n-1))
		return append(out, rest.Sub(asked, rest))
	}
	return map[string][]*big.Int{
		exact:     {asked},
		oneLess:   {new(big.Int).Sub(asked, one)},
		oneMore:   {new(big.Int).Add(asked, one)},
		twofold:   {new(big.Int).Lsh(asked, 1)},
		dust:      {one},
		inHalves:  split(2),
		inHundred: split(100),
	}[amount]
}

// The times, by the time of the paying block.
const (
	longBefore  = "before the order" // more than a minute, which is how far clocks may differ
	justBefore  = "a moment before the order"
	inTime      = "in time"
	atDeadline  = "at the deadline"
	secondLate  = "a second late"
	hourLate    = "an hour late"
	dayLate     = "25 hours late"
	monthLate   = "30 days late"
	sessionTime = 30 * time.Minute
)

// moments are the times of paying, after the order was made.
var moments = map[string]time.Duration{
	longBefore: -61 * time.Second,
	justBefore: -60 * time.Second,
	inTime:     5 * time.Minute,
	atDeadline: sessionTime,
	secondLate: sessionTime + time.Second,
	hourLate:   sessionTime + time.Hour,
	dayLate:    sessionTime + 25*time.Hour,
	monthLate:  sessionTime + 30*24*time.Hour,
}

// The kinds of payment.
const (
	plain          = "plain"
	orderTwice     = "the same order twice"
	twoOrders      = "two orders of one amount"
	amongOthers    = "one of several transfers"
	otherToken     = "another token"
	otherNetwork   = "another network"
	fakeToken      = "a contract of the same symbol"
	reverted       = "a transaction that failed"
	nothing        = "nothing"
	toHimself      = "from the shop to itself"
	newlyMade      = "newly issued"
	onlyAllowed    = "allowed, not transferred"
	toStranger     = "to somebody else"
	lowDigitsAlike = "to an address that looks alike"
)

// The fates of the paying block.
const (
	stays        = "final"
	undone       = "undone"
	moved        = "undone, and in another block at another place"
	undoneLate   = "undone after it was final"
	returnedLate = "undone after it was final, and back later"
	movedLate    = "moved after it was final"
)

// cells lists them all.
func cells() (out []cell) {
	for _, amount := range []string{exact, oneLess, oneMore, twofold, dust, inHalves, inHundred} {
		for _, when := range []string{
			longBefore, justBefore, inTime, atDeadline, secondLate, hourLate, dayLate, monthLate,
		} {
			for _, kind := range []string{
				plain, orderTwice, twoOrders, amongOthers, otherToken, otherNetwork, fakeToken, reverted,
				nothing, toHimself, newlyMade, onlyAllowed, toStranger, lowDigitsAlike,
			} {
				for _, fate := range []string{stays, undone, moved, undoneLate, returnedLate, movedLate} {
					for _, late := range []merchant.LatePolicy{merchant.LateAccept, merchant.LateHold} {
						for watchers := 1; watchers <= 2; watchers++ {
							out = append(out, cell{amount, when, kind, fate, watchers, late})
						}
					}
				}
			}
		}
	}
	return out
}
