package rates

import (
	"context"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

const (
	// askEvery is the least time between two questions about a pair. Until then payers are answered
	// from memory, and a venue that is slow or dead delays none of them.
	askEvery = 10 * time.Second
	// marketPlaces is where a market's price is cut, upwards. Amounts have at most six places and are
	// asked for in six, so that Convert loses nothing of it.
	marketPlaces = 18
)

// MarketConfig says what a market is made of.
type MarketConfig struct {
	Venues []Venue
	Quorum int // venues that must agree, MinQuorum to the number of venues
	Clock  ports.Clock
	// Transport reaches the venues, over the network when nil.
	Transport http.RoundTripper
}

// Market prices by what several public venues say, asked only when somebody wants to know.
type Market struct {
	clock     ports.Clock
	venues    []Venue
	quorum    int
	transport http.RoundTripper
	asking    singleflight.Group // a pair is asked about once, however many wait

	mu    sync.Mutex
	known map[Pair]*knowledge
}

// knowledge is what the venues said about a pair.
type knowledge struct {
	asked time.Time // when they were asked last; zero is never
	said  map[string]answer
	last  verdict // the last price answered, with the time of the answer
}

// answer is what came of asking one venue: its last quote, and what was wrong when it was asked last.
type answer struct {
	quote   quote // the zero value before there was any
	problem error
}

// NewMarket answers a market.
func NewMarket(c MarketConfig) (*Market, error) {
	if c.Quorum < MinQuorum || c.Quorum > len(c.Venues) {
		return nil, fmt.Errorf("%d venues must agree: must be %d to %d, of %d venues",
			c.Quorum, MinQuorum, len(c.Venues), len(c.Venues))
	}
	if c.Transport == nil {
		c.Transport = newTransport()
	}
	m := &Market{
		clock: c.Clock, venues: slices.Clone(c.Venues), quorum: c.Quorum, transport: c.Transport,
		known: make(map[Pair]*knowledge),
	}
	for _, p := range marketPairs {
		m.known[p] = &knowledge{said: make(map[string]answer)}
	}
	return m, nil
}

// Rate answers what one unit of a currency costs in an asset, or money.ErrRateUnavailable. It takes
// no longer than a venue is given to answer.
func (m *Market) Rate(ctx context.Context, from money.Currency, asset string) (money.Rate, error) {
	legs := crossing(from, asset)
	if len(legs) == 0 {
		return money.Rate{}, money.ErrRateUnavailable
	}
	if err := m.refresh(ctx, legs); err != nil {
		return money.Rate{}, err
	}
	verdicts, err := m.judge(legs)
	if err != nil {
		return money.Rate{}, money.ErrRateUnavailable
	}
	r := money.Rate{From: from.Code(), To: asset, At: verdicts[0].at}
	worth := big.NewRat(1, 1)
	medians := make([]string, len(legs))
	for i, v := range verdicts {
		worth.Mul(worth, v.price)
		medians[i] = "median(" + strings.Join(v.venues, ",") + ")"
		if v.at.Before(r.At) {
			r.At = v.at
		}
	}
	cut, err := cutUp(worth.Inv(worth))
	if err != nil {
		return money.Rate{}, err
	}
	r.Price, r.Source = cut.Decimal(), strings.Join(medians, "*")
	return r, nil
}

// crossing lists the pairs whose prices, multiplied, are what one unit of the asset costs in a
// currency; none when the market cannot tell.
func crossing(from money.Currency, asset string) []Pair {
	var legs []Pair
	switch {
	case from == money.JPY:
		legs = append(legs, usdJPY)
	case !slices.Contains(peggedCurrencies, from):
		return nil
	}
	if coin := (Pair{asset, "USD"}); slices.Contains(marketPairs, coin) {
		return append(legs, coin)
	}
	if slices.Contains(peggedAssets, asset) {
		return legs
	}
	return nil
}

// cutUp is a price with a bounded number of places, rounded up: the payer pays a trifle more rather
// than the merchant getting less.
func cutUp(exact *big.Rat) (price, error) {
	units := new(big.Int).Exp(big.NewInt(10), big.NewInt(marketPlaces), nil)
	units.Mul(units, exact.Num())
	units, rest := units.QuoRem(units, exact.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		units.Add(units, big.NewInt(1))
	}
	unit, err := money.ParseNotation(fmt.Sprintf("PRICE/%d", marketPlaces))
	if err != nil {
		return price{}, err
	}
	return money.FromMinor(unit, units)
}

// judge answers what the venues agree on about each pair, all as of the same time: while one pair was
// asked about, what was known of another may have grown too old.
func (m *Market) judge(pairs []Pair) ([]verdict, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock.Now()
	out := make([]verdict, len(pairs))
	for i, p := range pairs {
		var err error
		k := m.known[p]
		if out[i], err = judge(m.quotes(k), m.quorum, k.last, now); err != nil {
			return nil, err
		}
	}
	for i, p := range pairs {
		m.known[p].last = verdict{price: out[i].price, at: now, venues: out[i].venues}
	}
	return out, nil
}

// quotes lists what venues said last about a pair, in the order of configuration.
func (m *Market) quotes(k *knowledge) (out []quote) {
	for _, v := range m.venues {
		if q := k.said[v.name].quote; q.price != nil {
			out = append(out, q)
		}
	}
	return out
}

// refresh asks the venues about pairs if it is time, and waits until each has answered or had its
// time. Whoever comes meanwhile waits for the same answers; whoever leaves does not stop them.
func (m *Market) refresh(ctx context.Context, pairs []Pair) error {
	var asked []<-chan singleflight.Result
	for _, p := range pairs {
		if !m.due(p) {
			continue
		}
		asked = append(asked, m.asking.DoChan(p.String(), func() (any, error) {
			if m.due(p) {
				m.askAll(context.WithoutCancel(ctx), p)
			}
			return nil, nil
		}))
	}
	for _, done := range asked {
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (m *Market) due(p Pair) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	asked := m.known[p].asked
	since := m.clock.Now().Sub(asked)
	return asked.IsZero() || since >= askEvery || since < 0
}

// askAll asks every venue that knows a pair, all at once.
func (m *Market) askAll(ctx context.Context, p Pair) {
	began := m.clock.Now()
	var asked sync.WaitGroup
	for _, v := range m.venues {
		q, ok := v.asks[p]
		if !ok {
			continue
		}
		asked.Go(func() {
			got, err := m.ask(ctx, v, q)
			m.mu.Lock()
			defer m.mu.Unlock()
			a := m.known[p].said[v.name]
			if a.problem = err; err == nil {
				a.quote = got
			}
			m.known[p].said[v.name] = a
		})
	}
	asked.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known[p].asked = began
}
