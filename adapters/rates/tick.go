package rates

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// tick is what a venue answers about one pair. What counts is the bid: what a unit can be sold for
// now is what it is worth to the merchant who is paid in it.
type tick struct {
	bid, ask *big.Rat
	at       time.Time // zero when the venue does not date its prices
}

// newTick reads the two sides of a book by our own grammar: digits and at most a point, so that
// no sign, exponent or NaN is ever a price.
func newTick(bid, ask string, at time.Time) (tick, error) {
	b, err := parsePrice(bid)
	if err != nil {
		return tick{}, fmt.Errorf("bid: %w", err)
	}
	a, err := parsePrice(ask)
	if err != nil {
		return tick{}, fmt.Errorf("ask: %w", err)
	}
	t := tick{bid: b.Decimal().Rat(), ask: a.Decimal().Rat(), at: at}
	return t, t.check()
}

// check refuses a book that cannot be traded at its own prices: crossed, or too wide to say what
// anything is worth.
func (t tick) check() error {
	if t.bid.Cmp(t.ask) > 0 {
		return errors.New("the bid is above the ask")
	}
	if !within(t.bid, t.ask, maxSpread) {
		return fmt.Errorf("bid and ask are more than %d %% apart", maxSpread)
	}
	return nil
}

// over is what a unit is worth in another thing: t and other are prices of one coin, in what is
// wanted and in the unit. One unit buys the coin at other's ask, and the coin sells at t's bid.
func (t tick) over(other tick) (tick, error) {
	cross := tick{
		bid: new(big.Rat).Quo(t.bid, other.ask), ask: new(big.Rat).Quo(t.ask, other.bid), at: t.at,
	}
	if other.at.Before(t.at) {
		cross.at = other.at
	}
	return cross, cross.check()
}

// read decodes an answer. What is wrong with it is said without repeating it.
func read(body []byte, into any) error {
	if json.Unmarshal(body, into) != nil {
		return errors.New("the answer is not the JSON it should be")
	}
	return nil
}

// What can be wrong with an answer of any venue.
var (
	errOtherPair = errors.New("the answer is about another pair")
	errUndated   = errors.New("the price is not dated")
)
