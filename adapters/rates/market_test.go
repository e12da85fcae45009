package rates_test

import (
	"context"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/101pay/101pay/adapters/rates"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// inTime runs a test in a bubble with its own time, over a market that two venues must agree on.
func inTime(t *testing.T, test func(t *testing.T, e *exchanges, m *rates.Market)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := newExchanges()
		test(t, e, market(t, e, rates.AllVenues, 2))
	})
}

// priced wants a rate with a price by a source.
func priced(t *testing.T, m *rates.Market, from money.Currency, asset, price, by string) {
	t.Helper()
	r, err := m.Rate(t.Context(), from, asset)
	if err != nil || r.Price.String() != price || r.Source != by || r.From != from.Code() || r.To != asset {
		t.Fatalf("%s in %s: %+v, %v; want %s by %s", from, asset, r, err, price, by)
	}
}

// unpriced wants none.
func unpriced(t *testing.T, m *rates.Market, from money.Currency, asset string) {
	t.Helper()
	if r, err := m.Rate(t.Context(), from, asset); !errors.Is(err, money.ErrRateUnavailable) {
		t.Fatalf("%s in %s: %+v, %v", from, asset, r, err)
	}
}

const all = "median(coinbase,kraken,binance,okx)"

func TestEveryPairIsCrossedThroughDollars(t *testing.T) {
	inTime(t, func(t *testing.T, e *exchanges, m *rates.Market) {
		e.reprice("ETH", big.NewRat(2000, 1))
		e.reprice("JPY", big.NewRat(160, 1))
		for _, from := range []money.Currency{money.USD, money.USDT, money.USDC} {
			priced(t, m, from, "ETH", "0.0005", all)
			priced(t, m, from, "BNB", "0.001666666666666667", all)
			priced(t, m, from, "BTC", "0.00001", all)
			unpriced(t, m, from, "SHIB")
			unpriced(t, m, from, "USD")
			unpriced(t, m, from, "JPY")
		}
		// Binance's dollar is what its BTC costs, sold for yen: 160 less twice the width of a book,
		// so that the median is Coinbase's and Kraken's 160.
		yen := "median(coinbase,kraken,binance)"
		priced(t, m, money.JPY, "USDT", "0.00625", yen)
		priced(t, m, money.JPY, "USDC", "0.00625", yen)
		priced(t, m, money.JPY, "ETH", "0.000003125", yen+"*"+all)
		priced(t, m, money.JPY, "BNB", "0.000010416666666667", yen+"*"+all)
		unpriced(t, m, money.JPY, "JPY")
		unpriced(t, m, money.Currency{}, "ETH")
	})
}

// The price is the middle one, not the mean: one venue that drifts moves it little.
func TestThePriceIsTheMedian(t *testing.T) {
	inTime(t, func(t *testing.T, e *exchanges, m *rates.Market) {
		e.noise["okx"] = big.NewRat(1015, 1000)
		e.set(dead, "coinbase")
		priced(t, m, money.USD, "ETH", "0.0004", "median(kraken,binance,okx)")
		// Two in the middle: between 2500 and 2537.5.
		e.set(dead, "binance")
		time.Sleep(61 * time.Second)
		priced(t, m, money.USD, "ETH", "0.000397022332506204", "median(kraken,okx)")
	})
}

func TestOneVenueMakesNoPrice(t *testing.T) {
	inTime(t, func(t *testing.T, e *exchanges, m *rates.Market) {
		e.set(dead, "coinbase", "binance", "okx")
		unpriced(t, m, money.USD, "ETH")
		unpriced(t, m, money.JPY, "USDT")
		e.set("", "okx")
		time.Sleep(10 * time.Second)
		priced(t, m, money.USD, "ETH", "0.0004", "median(kraken,okx)")
		unpriced(t, m, money.JPY, "ETH") // okx trades no yen
	})
}

func TestThreeMayHaveToAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newExchanges()
		m := market(t, e, rates.AllVenues, 3)
		e.set(dead, "coinbase")
		priced(t, m, money.USD, "ETH", "0.0004", "median(kraken,binance,okx)")
		unpriced(t, m, money.JPY, "USDT")
		e.set(dead, "okx")
		time.Sleep(61 * time.Second)
		unpriced(t, m, money.USD, "ETH")
	})
}

// A price is answered until it is a minute old, and not a moment longer.
func TestAPriceIsNeverOlderThanAMinute(t *testing.T) {
	inTime(t, func(t *testing.T, e *exchanges, m *rates.Market) {
		asked := time.Now()
		priced(t, m, money.USD, "ETH", "0.0004", all)
		e.set(dead, venueNames...)
		time.Sleep(time.Minute)
		r, err := m.Rate(t.Context(), money.USD, "ETH")
		if err != nil || !r.At.Equal(asked) {
			t.Fatalf("after a minute: %+v, %v", r, err)
		}
		time.Sleep(time.Millisecond)
		unpriced(t, m, money.USD, "ETH")
	})
}

// A cross waits for whom it must; what it knew before may have grown too old by then.
func TestACrossIsJudgedAsOfItsAnswer(t *testing.T) {
	inTime(t, func(t *testing.T, e *exchanges, m *rates.Market) {
		priced(t, m, money.USD, "ETH", "0.0004", all)
		e.set(dead, venueNames...)
		time.Sleep(51 * time.Second)
		priced(t, m, money.USD, "ETH", "0.0004", all) // asked in vain, and not again for ten seconds
		e.set("", venueNames...)
		e.set(slow, "coinbase")
		time.Sleep(8 * time.Second)
		unpriced(t, m, money.JPY, "ETH") // the yen come two seconds later
	})
}

func TestAJumpNeedsThreeVenues(t *testing.T) {
	inTime(t, func(t *testing.T, e *exchanges, m *rates.Market) {
		priced(t, m, money.USD, "ETH", "0.0004", all)
		e.set(dead, "coinbase", "okx")
		e.reprice("ETH", big.NewRat(2000, 1)) // down by a fifth
		time.Sleep(61 * time.Second)
		unpriced(t, m, money.USD, "ETH")
		e.reprice("ETH", big.NewRat(2251, 1)) // by a little less than a tenth
		time.Sleep(10 * time.Second)
		priced(t, m, money.USD, "ETH", "0.000444247001332742", "median(kraken,binance)")
		e.reprice("ETH", big.NewRat(4000, 1))
		time.Sleep(10 * time.Second)
		unpriced(t, m, money.USD, "ETH")
		e.set("", "okx")
		time.Sleep(10 * time.Second)
		priced(t, m, money.USD, "ETH", "0.00025", "median(kraken,binance,okx)")
		e.reprice("ETH", big.NewRat(2500, 1))
		e.set(dead, "okx")
		time.Sleep(5 * time.Minute)
		unpriced(t, m, money.USD, "ETH")
		time.Sleep(time.Millisecond) // what was answered long ago says nothing about now
		priced(t, m, money.USD, "ETH", "0.0004", "median(kraken,binance)")
	})
}

// However many pay at once, a venue is asked once, and not again for ten seconds.
func TestVenuesAreAskedOnce(t *testing.T) {
	inTime(t, func(t *testing.T, e *exchanges, m *rates.Market) {
		e.set(slow, "kraken")
		began := time.Now()
		everybody := func() {
			var payers sync.WaitGroup
			for range 100 {
				payers.Go(func() {
					if _, err := m.Rate(t.Context(), money.USD, "ETH"); err != nil {
						t.Error(err)
					}
				})
			}
			payers.Wait()
		}
		everybody()
		if took := time.Since(began); took != 2*time.Second || e.questions() != 4 {
			t.Fatalf("%d questions, %s", e.questions(), took)
		}
		began = time.Now()
		everybody()
		time.Sleep(7 * time.Second)
		everybody()
		if took := time.Since(began); took != 7*time.Second || e.questions() != 4 {
			t.Fatalf("from memory: %d questions, %s", e.questions(), took)
		}
		time.Sleep(time.Second)
		everybody()
		if e.questions() != 8 {
			t.Fatalf("after ten seconds: %d questions", e.questions())
		}
	})
}

// A payer who leaves is not waited for, and does not take the answer from those who stay.
func TestAPayerMayLeave(t *testing.T) {
	inTime(t, func(t *testing.T, e *exchanges, m *rates.Market) {
		e.set(slow, "okx")
		e.set(late, "coinbase", "kraken", "binance")
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		var left error
		var payers sync.WaitGroup
		payers.Go(func() { _, left = m.Rate(ctx, money.USD, "ETH") })
		synctest.Wait()
		payers.Go(func() { priced(t, m, money.USD, "ETH", "0.0004", "median(coinbase,kraken,binance)") })
		payers.Wait()
		if !errors.Is(left, context.DeadlineExceeded) || e.questions() != 4 {
			t.Fatalf("%v after %d questions", left, e.questions())
		}
	})
}

// Over a real connection, to a host the operator chose and to no other: what a venue answers instead
// of prices is neither followed nor read to its end.
func TestMarketsOverLoopback(t *testing.T) {
	e := newExchanges()
	server := httptest.NewServer(e)
	defer server.Close()
	base := func(v string) string { return v + "=" + server.URL + "/" + v }
	text := base("coinbase") + "," + base("kraken") + ", " + base("binance") + "/ ," + base("okx")
	s := rates.New(wallClock{}, nil, market(t, nil, strings.ReplaceAll(text, " ,", ","), 2))
	r, err := s.Rate(t.Context(), merchant.Live, money.JPY, "ETH")
	if err != nil || r.Source != "median(coinbase,kraken,binance)*"+all || !near(r, "0.000002666666666667") {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, v := range venueNames {
		if !strings.HasPrefix(e.agents[v], "101pay") {
			t.Errorf("%s was asked by %q", v, e.agents[v])
		}
	}
	elsewhere := 0
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer trap.Close()
	turned := httptest.NewServer(http.RedirectHandler(trap.URL, http.StatusFound))
	defer turned.Close()
	text = "kraken=" + turned.URL + ",okx=" + server.URL + "/okx,binance=http://127.0.0.1:1"
	m := market(t, nil, text, 2)
	unpriced(t, m, money.USD, "ETH")
	if elsewhere != 0 {
		t.Error("a redirect was followed")
	}
	standings := m.Standings()
	if len(standings) != 1 || len(standings[0].Readings) != 3 || standings[0].Readings[0].Problem != "HTTP 302" ||
		strings.Contains(standings[0].Readings[2].Problem, "127.0.0.1") {
		t.Errorf("%+v", standings)
	}
}
