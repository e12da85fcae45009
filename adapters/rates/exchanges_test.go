package rates_test

import (
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/rates"
)

// The venues, in the order of configuration.
var venueNames = []string{"coinbase", "kraken", "binance", "okx"}

// fault is what is wrong with a venue; the empty one is nothing.
type fault string

const (
	dead     fault = "dead"
	slow     fault = "slow"
	late     fault = "late, but in time"
	broken   fault = "HTTP 503"
	moved    fault = "redirect"
	garbage  fault = "garbage"
	hollow   fault = "an empty object"
	cutShort fault = "cut short"
	endless  fault = "endless"
	zero     fault = "zero"
	nan      fault = "NaN"
	negative fault = "negative"
	exponent fault = "exponent"
	crossed  fault = "a crossed book"
	wide     fault = "a wide book"
	swapped  fault = "another pair"
	ahead    fault = "dated ahead"
	stale    fault = "stale"
	// The lies: prices that look like prices.
	times10  fault = "ten times"
	tenth    fault = "a tenth"
	inverted fault = "inverted"
	frozen   fault = "an old price, dated now"
)

// blanks before an answer make it longer than any is read.
var blanks = strings.Repeat(" ", 256<<10)

// prices are what things are worth: coins in dollars, and a dollar in yen ("JPY").
type prices map[string]*big.Rat

// exchanges play the four venues, in the shapes their documents give; no answer here was recorded
// from a live one. They are a transport, so that time can be a test's own, and a handler for servers
// on loopback.
type exchanges struct {
	mu     sync.Mutex
	worth  prices
	before prices    // as it was at beforeAt, for venues that are behind
	then   time.Time // when before was true
	faults map[string]fault
	noise  map[string]*big.Rat // what a venue's prices are multiplied by
	asked  map[string]int
	agents map[string]string
}

func newExchanges() *exchanges {
	worth := prices{
		"ETH": big.NewRat(2500, 1), "BNB": big.NewRat(600, 1), "BTC": big.NewRat(100_000, 1), "JPY": big.NewRat(150, 1),
	}
	return &exchanges{
		worth: worth, before: worth, faults: map[string]fault{}, noise: map[string]*big.Rat{},
		asked: map[string]int{}, agents: map[string]string{},
	}
}

// RoundTrip implements http.RoundTripper.
func (e *exchanges) RoundTrip(r *http.Request) (*http.Response, error) {
	venue := venueOf(r.URL)
	e.mu.Lock()
	f := e.faults[venue]
	e.asked[venue]++
	e.agents[venue] = r.Header.Get("User-Agent")
	e.mu.Unlock()
	switch f {
	case dead:
		return nil, errors.New("connection refused by " + r.URL.String())
	case slow:
		<-r.Context().Done()
		return nil, r.Context().Err()
	case late:
		select {
		case <-r.Context().Done():
			return nil, r.Context().Err()
		case <-time.After(1500 * time.Millisecond):
		}
	}
	status, header, body := e.answer(venue, r.URL, f, time.Now())
	return &http.Response{
		StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

// venueOf finds a venue by its host, or by its name at the end of another host's path.
func venueOf(u *url.URL) string {
	for _, name := range venueNames {
		if strings.Contains(u.Host, name) || strings.HasPrefix(u.Path, "/"+name+"/") {
			return name
		}
	}
	return u.Host
}

// coinOf is what a question is about.
func coinOf(u *url.URL) string {
	text, _ := url.QueryUnescape(u.Path + "?" + u.RawQuery)
	text = strings.ReplaceAll(text, "XBT", "BTC")
	switch {
	case strings.Contains(text, "JPY") || strings.Contains(text, "exchange-rates"):
		return "JPY"
	case strings.Contains(text, "ETH"):
		return "ETH"
	case strings.Contains(text, "BNB"):
		return "BNB"
	}
	return "BTC"
}

func (e *exchanges) answer(venue string, u *url.URL, f fault, now time.Time) (int, http.Header, string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	coin, h := coinOf(u), http.Header{"Date": {now.UTC().Format(http.TimeFormat)}}
	b := book{worth: e.worth, at: now, fault: f, noise: e.noise[venue]}
	switch f {
	case broken:
		return http.StatusServiceUnavailable, h, `{"message":"try later"}`
	case moved:
		h.Set("Location", "http://169.254.169.254/latest/meta-data/")
		return http.StatusFound, h, ""
	case garbage:
		return http.StatusOK, h, "<!doctype html><title>Just a moment...</title>"
	case hollow:
		return http.StatusOK, h, "{}"
	case endless:
		return http.StatusOK, h, blanks + b.text(venue, coin)
	case swapped:
		if venue == "binance" && coin == "JPY" {
			return http.StatusOK, h, strings.ReplaceAll(b.text(venue, coin), "BTCJPY", "BTCEUR")
		}
		coin = map[string]string{"ETH": "BTC", "BTC": "ETH", "BNB": "ETH", "JPY": "ETH"}[coin]
		if venue == "coinbase" && coinOf(u) == "JPY" {
			return http.StatusOK, h, `{"data":{"currency":"JPY","rates":{"USD":"0.0066","JPY":"1"}}}`
		}
	case ahead:
		b.at = now.Add(time.Hour)
		h.Set("Age", "3600") // for venues that do not date their prices
	case stale:
		b.worth, b.at = e.before, e.then
		h.Set("Age", fmt.Sprint(int(now.Sub(e.then).Seconds())))
	case frozen:
		b.worth = e.before
	}
	text := b.text(venue, coin)
	if f == cutShort {
		text = text[:len(text)/2]
	}
	return http.StatusOK, h, text
}

// ServeHTTP implements http.Handler.
func (e *exchanges) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	venue := venueOf(r.URL)
	e.mu.Lock()
	f := e.faults[venue]
	e.asked[venue]++
	e.agents[venue] = r.Header.Get("User-Agent")
	e.mu.Unlock()
	status, header, body := e.answer(venue, r.URL, f, time.Now())
	for name, values := range header {
		w.Header()[name] = values
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// set changes what is wrong with venues.
func (e *exchanges) set(f fault, venues ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, v := range venues {
		e.faults[v] = f
	}
}

// reprice changes what things are worth.
func (e *exchanges) reprice(coin string, worth *big.Rat) {
	e.mu.Lock()
	defer e.mu.Unlock()
	next := prices{}
	for name, p := range e.worth {
		next[name] = p
	}
	next[coin] = worth
	e.worth = next
}

// questions counts what venues were asked.
func (e *exchanges) questions() (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, asked := range e.asked {
		n += asked
	}
	return n
}

// wallClock tells the time of the bubble a test runs in.
type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

// market asks some exchanges, quorum of which must agree.
func market(t testing.TB, e http.RoundTripper, venues string, quorum int) *rates.Market {
	t.Helper()
	parsed, err := rates.ParseVenues(venues)
	if err != nil {
		t.Fatal(err)
	}
	m, err := rates.NewMarket(rates.MarketConfig{Venues: parsed, Quorum: quorum, Clock: wallClock{}, Transport: e})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
