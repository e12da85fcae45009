package rates_test

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/101pay/101pay/adapters/rates"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// s5 is the simulation of S5: prices that walk and sometimes crash, venues that fail in every way we
// know, and payers who ask. It checks each answer against what was true in the last minute.
type s5 struct {
	t        *testing.T
	e        *exchanges
	source   *rates.Source
	dice     *rand.Rand
	truth    []moment // the last minutes, oldest first
	lies     map[string]fault
	answered int
	refused  int
	met      map[fault]int
}

// moment is what things were worth from a time on.
type moment struct {
	at    time.Time
	worth prices
}

const (
	s5Quotes = 100_000
	s5Epoch  = 1_000           // questions between two redistributions of the lies
	s5Behind = 5 * time.Minute // how far behind a stale venue is
	s5MaxAge = time.Minute
)

// No price that is answered is out of bounds, whatever the venues do, as long as no two of them tell
// the same lie at once: that is what a quorum of two can promise. Bounds: within 2 % of what was true
// at some time of the last minute, for each market crossed.
func TestS5NoQuoteIsOutOfBounds(t *testing.T) {
	const quotes = s5Quotes / s5Share
	synctest.Test(t, func(t *testing.T) {
		s := &s5{t: t, e: newExchanges(), dice: rand.New(rand.NewPCG(1, 5)), met: map[fault]int{}}
		s.source = rates.New(wallClock{}, nil, market(t, s.e, rates.AllVenues, 2))
		for i := range quotes {
			if i%s5Epoch == 0 {
				time.Sleep(2 * s5MaxAge) // until the lies of before are forgotten
				s.dealLies()
			}
			s.step()
			s.ask()
			if t.Failed() {
				t.Fatalf("after %d quotes; faults %v", i+1, s.e.faults)
			}
		}
		t.Logf("%d answered, %d refused", s.answered, s.refused)
		if s.answered < quotes/3 || s.refused < quotes/20 {
			t.Errorf("%d of %d answered, %d refused: the simulation is one-sided", s.answered, quotes, s.refused)
		}
		for _, f := range append(failures, times10, tenth, inverted, frozen) {
			if s.met[f] == 0 {
				t.Errorf("%q never happened", f)
			}
		}
	})
}

// failures may befall any number of venues at once: none of them looks like a price.
var failures = []fault{
	dead, slow, late, broken, moved, garbage, hollow, cutShort, endless, zero, nan, negative, exponent, crossed, wide,
	swapped, ahead, stale,
}

// dealLies gives each venue a lie of its own.
func (s *s5) dealLies() {
	lies := []fault{times10, tenth, inverted, frozen}
	s.dice.Shuffle(len(lies), func(i, j int) { lies[i], lies[j] = lies[j], lies[i] })
	s.lies = map[string]fault{}
	for i, v := range venueNames {
		s.lies[v] = lies[i]
		s.e.set("", v)
	}
}

// step lets time pass, prices walk, and one venue change.
func (s *s5) step() {
	time.Sleep(time.Duration(s.dice.IntN(20_000)) * time.Millisecond)
	now := time.Now()
	next := prices{}
	for _, coin := range []string{"ETH", "BNB", "BTC", "JPY"} {
		p := s.e.worth[coin]
		change := big.NewRat(10_000+int64(s.dice.IntN(61)-30), 10_000)
		if s.dice.IntN(2_000) == 0 {
			change = big.NewRat(int64(60+s.dice.IntN(90)), 100)
		}
		next[coin] = bounded(change.Mul(change, p), newExchanges().worth[coin])
	}
	s.truth = append(s.truth, moment{now, next})
	for len(s.truth) > 2 && now.Sub(s.truth[1].at) > s5Behind {
		s.truth = s.truth[1:]
	}
	v := venueNames[s.dice.IntN(len(venueNames))]
	f := fault("")
	switch dice := s.dice.IntN(10); {
	case dice < 3:
		f = failures[s.dice.IntN(len(failures))]
	case dice < 5:
		f = s.lies[v]
	}
	s.met[f]++
	s.e.mu.Lock()
	defer s.e.mu.Unlock()
	s.e.worth, s.e.before, s.e.then = next, s.truth[0].worth, s.truth[0].at
	s.e.faults[v] = f
	s.e.noise[v] = big.NewRat(10_000+int64(s.dice.IntN(41)-20), 10_000)
}

// bounded keeps a price within a factor of ten of where it began, and its fraction short.
func bounded(p, began *big.Rat) *big.Rat {
	ratio := new(big.Rat).Quo(p, began)
	if ratio.Cmp(big.NewRat(10, 1)) > 0 || ratio.Cmp(big.NewRat(1, 10)) < 0 {
		return began
	}
	micro := new(big.Rat).Mul(p, big.NewRat(1_000_000, 1))
	return new(big.Rat).SetFrac(new(big.Int).Quo(micro.Num(), micro.Denom()), big.NewInt(1_000_000))
}

// ask wants a rate and judges it.
func (s *s5) ask() {
	from := []money.Currency{money.USD, money.USDT, money.USDC, money.JPY}[s.dice.IntN(4)]
	asset := []string{"ETH", "BNB", "BTC"}[s.dice.IntN(3)]
	if from == money.JPY && s.dice.IntN(2) == 0 {
		asset = "USDT"
	}
	began := time.Now()
	r, err := s.source.Rate(s.t.Context(), merchant.Live, from, asset)
	now := time.Now()
	if now.Sub(began) > 3*time.Second {
		s.t.Errorf("%s in %s took %s", from, asset, now.Sub(began))
	}
	if err != nil {
		s.refused++
		if !errors.Is(err, money.ErrRateUnavailable) {
			s.t.Errorf("%s in %s: %v", from, asset, err)
		}
		return
	}
	s.answered++
	if r.From != from.Code() || r.To != asset || r.At.After(now) || now.Sub(r.At) > s5MaxAge {
		s.t.Errorf("rate %+v at %s", r, now)
	}
	low, high := big.NewRat(1, 1), big.NewRat(1, 1)
	for _, part := range strings.Split(r.Source, "*") {
		if !strings.HasPrefix(part, "median(") || strings.Count(part, ",") < 1 {
			s.t.Errorf("source %q", r.Source)
		}
	}
	for _, coin := range []string{"JPY", asset} {
		if coin == "JPY" && from != money.JPY || coin == "USDT" {
			continue
		}
		least, most := s.recently(coin, now)
		low.Mul(low, least.Mul(least, big.NewRat(98, 100)))
		high.Mul(high, most.Mul(most, big.NewRat(102, 100)))
	}
	worth := new(big.Rat).Inv(r.Price.Rat())
	if worth.Cmp(low) < 0 || worth.Cmp(high) > 0 {
		s.t.Errorf("one %s is taken for %s %s, out of %s to %s (%s)", asset, worth.FloatString(6), from,
			low.FloatString(6), high.FloatString(6), r.Source)
	}
}

// recently is the least and the most a coin was worth in the last minute.
func (s *s5) recently(coin string, now time.Time) (least, most *big.Rat) {
	for i := len(s.truth) - 1; i >= 0; i-- {
		p := s.truth[i].worth[coin]
		if least == nil || p.Cmp(least) < 0 {
			least = p
		}
		if most == nil || p.Cmp(most) > 0 {
			most = p
		}
		if now.Sub(s.truth[i].at) >= s5MaxAge {
			break
		}
	}
	return new(big.Rat).Set(least), new(big.Rat).Set(most)
}

// Each failure alone, of one venue and of all: the price is right with three venues left, and there
// is none when nobody is left to say.
func TestS5EachFailureAlone(t *testing.T) {
	for _, f := range append(failures, times10, tenth, inverted) {
		if f == late {
			continue // a venue that is late is not at fault
		}
		for _, from := range []money.Currency{money.USD, money.JPY} {
			t.Run(fmt.Sprintf("%s, %s", f, from.Code()), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { failOnce(t, f, from) })
			})
		}
	}
}

func failOnce(t *testing.T, f fault, from money.Currency) {
	time.Sleep(time.Hour)
	price := map[string]string{"USD": "0.0004", "JPY": "0.000002666666666667"}[from.Code()]
	for _, bad := range venueNames[:3] {
		if bad == "coinbase" && from == money.JPY && (f == crossed || f == wide) {
			continue // its yen have one side only
		}
		e := newExchanges()
		e.then = time.Now().Add(-61 * time.Second)
		s := rates.New(wallClock{}, nil, market(t, e, rates.AllVenues, 2))
		e.set(f, bad)
		r, err := s.Rate(t.Context(), merchant.Live, from, "ETH")
		if err != nil || strings.Contains(r.Source, bad) || !near(r, price) {
			t.Errorf("without %s: %+v, %v", bad, r, err)
		}
		e.set(f, venueNames...)
		time.Sleep(61 * time.Second)
		e.then = time.Now().Add(-61 * time.Second)
		r, err = s.Rate(t.Context(), merchant.Live, from, "ETH")
		lie := f == times10 || f == tenth || f == inverted
		if !lie && !errors.Is(err, money.ErrRateUnavailable) {
			t.Errorf("all of them: %+v, %v", r, err)
		}
	}
}

// near reports whether a rate is within a thousandth of a price, and not below: the merchant is not
// short. JPY by Binance is crossed at its ask, which is what the thousandth is for.
func near(r money.Rate, price string) bool {
	want, _ := new(big.Rat).SetString(price)
	ratio := new(big.Rat).Quo(r.Price.Rat(), want)
	return ratio.Cmp(big.NewRat(999, 1000)) >= 0 && ratio.Cmp(big.NewRat(1001, 1000)) <= 0
}
