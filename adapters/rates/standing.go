package rates

import (
	"context"
	"math/big"
	"time"
)

// Standing is how a market stands about one pair.
type Standing struct {
	Pair     Pair
	Price    string        // what one unit of Pair.From is worth in Pair.To; "" when there is none
	Age      time.Duration // of the oldest quote the price rests on
	Agreeing int           // venues that agree with each other, enough or not
	Problem  string        // why there is no price
	Readings []Reading     // one for each venue that knows the pair
}

// Reading is what one venue says.
type Reading struct {
	Venue     string
	Price     string // "" before there was any
	Age       time.Duration
	Deviation string // from the price, in percent, as in "-0.12"; "" without a price
	Problem   string // of the last question to this venue
}

// Places of what is printed for an operator's eyes.
const (
	shownPlaces   = 6
	percentPlaces = 2
)

// Examine asks every venue about every pair, unless they were just asked, and answers how the market
// stands.
func (m *Market) Examine(ctx context.Context) ([]Standing, error) {
	err := m.refresh(ctx, marketPairs)
	return m.Standings(), err
}

// Standings answers how the market stands about every pair it was ever asked, from memory.
func (m *Market) Standings() []Standing {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Standing
	for _, p := range marketPairs {
		if k := m.known[p]; !k.asked.IsZero() {
			out = append(out, m.standing(p, k, m.clock.Now()))
		}
	}
	return out
}

func (m *Market) standing(p Pair, k *knowledge, now time.Time) Standing {
	v, err := judge(m.quotes(k), m.quorum, k.last, now)
	s := Standing{Pair: p, Agreeing: len(v.venues)}
	if err != nil {
		s.Problem = err.Error()
	} else {
		s.Price, s.Age = v.price.FloatString(shownPlaces), now.Sub(v.at)
	}
	for _, venue := range m.venues {
		if _, knows := venue.asks[p]; !knows {
			continue
		}
		a := k.said[venue.name]
		r := Reading{Venue: venue.name}
		if a.problem != nil {
			r.Problem = a.problem.Error()
		}
		if a.quote.price != nil {
			r.Price, r.Age = a.quote.price.FloatString(shownPlaces), now.Sub(a.quote.at)
			r.Deviation = deviation(a.quote.price, v.price)
		}
		s.Readings = append(s.Readings, r)
	}
	return s
}

// deviation is how far a price is from another, in percent of that.
func deviation(price, from *big.Rat) string {
	if from == nil {
		return ""
	}
	away := new(big.Rat).Sub(price, from)
	away.Quo(away, from).Mul(away, big.NewRat(100, 1))
	text := away.FloatString(percentPlaces)
	if away.Sign() > 0 {
		text = "+" + text
	}
	return text
}
