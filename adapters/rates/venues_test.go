package rates_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/rates"
	"github.com/101pay/101pay/domain/money"
)

func TestParseVenues(t *testing.T) {
	for text, want := range map[string]string{
		"coinbase,kraken,binance,okx": "coinbase@api.coinbase.com kraken@api.kraken.com " +
			"binance@data-api.binance.vision okx@www.okx.com",
		" okx , kraken":                                "okx@www.okx.com kraken@api.kraken.com",
		"okx=https://mirror.example:444/okx/x":         "okx@mirror.example:444",
		"okx=http://localhost:9,kraken=http://[::1]:9": "okx@localhost:9 kraken@[::1]:9",
		"none":   "",
		" none ": "",
	} {
		venues, err := rates.ParseVenues(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		var got []string
		for _, v := range venues {
			got = append(got, v.Name()+"@"+v.Host())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %s", text, got)
		}
	}
	for _, text := range []string{
		"", ",", "kraken,", "kraken,kraken", "kraken,none", "Kraken", "bitstamp", "kraken=", "kraken=api.kraken.com",
		"kraken=http://prices.example", "kraken=http://10.0.0.1", "kraken=ftp://prices.example",
		"kraken=https://", "kraken=https://secret@prices.example", "kraken=https://prices.example/?key=secret",
		"kraken=https://prices.example/#secret", "kraken=://secret",
	} {
		if venues, err := rates.ParseVenues(text); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v, %v", text, venues, err)
		}
	}
}

func TestTheQuorumIsAtLeastTwoAndCanBeMet(t *testing.T) {
	for text, quorums := range map[string][]int{
		rates.AllVenues: {-1, 0, 1, 5}, "kraken": {1, 2}, "none": {0, 2}, "kraken,okx": {1, 3},
	} {
		venues, err := rates.ParseVenues(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, quorum := range quorums {
			m, err := rates.NewMarket(rates.MarketConfig{
				Venues: venues, Quorum: quorum, Clock: clock, Transport: http.DefaultTransport,
			})
			if err == nil {
				t.Errorf("%d of %s: %v", quorum, text, m)
			}
		}
	}
}

// says is a transport over which one venue answers this, and no other answers.
type says struct {
	venue string
	body  io.Reader
}

func (s says) RoundTrip(r *http.Request) (*http.Response, error) {
	if venueOf(r.URL) != s.venue {
		return nil, errors.New("connection refused")
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(s.body)}, nil
}

// reading is what a market thinks of one venue's answer about a pair.
func reading(t *testing.T, venue, pair string, body io.Reader) rates.Reading {
	t.Helper()
	m := market(t, says{venue, body}, rates.AllVenues, 2)
	from, asset := money.USD, "ETH"
	if pair == "USD/JPY" {
		from, asset = money.JPY, "USDT"
	}
	if r, err := m.Rate(t.Context(), from, asset); err == nil {
		t.Fatalf("%s makes %+v", venue, r)
	}
	readings := m.Standings()[0].Readings
	return readings[slices.IndexFunc(readings, func(r rates.Reading) bool { return r.Venue == venue })]
}

// Answers that are JSON and no price.
func TestAnswersWithoutAPrice(t *testing.T) {
	for _, c := range []struct{ venue, pair, body, problem string }{
		{"coinbase", "ETH/USD", `{"trades":[],"best_bid":"1","best_ask":"1"}`, "nothing was traded"},
		{"coinbase", "ETH/USD", `{"trades":[{"product_id":"ETH-USD"}],"best_bid":"1","best_ask":"1"}`, "the price is not dated"},
		{"coinbase", "USD/JPY", `{"data":{"rates":{"JPY":"150"}}}`, "the answer is about another pair"},
		{"coinbase", "USD/JPY", `{"data":{"currency":"USD","rates":{}}}`, "bid: the price must be digits"},
		{"coinbase", "USD/JPY", `{"data":{"currency":"USD","rates":{"JPY":150}}}`, "the answer is not the JSON"},
		{"kraken", "ETH/USD", `{"error":["EQuery:Unknown asset pair"]}`, "the venue answers an error"},
		{"kraken", "ETH/USD", `{"error":[],"result":{}}`, "the answer is about another pair"},
		{"kraken", "ETH/USD", `{"result":{"XETHZUSD":{"a":["1"],"b":["1"]},"X":{}}}`, "the answer is about another pair"},
		{"kraken", "ETH/USD", `{"result":{"XETHZUSD":{"a":["1"],"b":[]}}}`, "a side of the book is empty"},
		{"kraken", "ETH/USD", `{"result":{"XETHZUSD":{"a":["1"],"b":[1]}}}`, "the answer is not the JSON"},
		{"binance", "ETH/USD", `{"code":-1121,"msg":"Invalid symbol."}`, "the answer is about another pair"},
		{"binance", "ETH/USD", `{"symbol":"ETHUSDT","bidPrice":"1","closeTime":1}`, "ask: the price must be digits"},
		{"binance", "USD/JPY", `[]`, "the answer is about another pair"},
		{"binance", "USD/JPY", `[{"symbol":"BTCJPY","bidPrice":"1","askPrice":"1"},{"symbol":"BTCJPY"}]`, "the answer is about another pair"},
		{"okx", "ETH/USD", `{"code":"51001","msg":"Instrument ID does not exist","data":[]}`, "the venue answers an error"},
		{"okx", "ETH/USD", `{"code":"0","data":[]}`, "the answer is about another pair"},
		{"okx", "ETH/USD", `{"code":"0","data":[{"instId":"ETH-USDT","bidPx":"1","askPx":"1"}]}`, "the price is not dated"},
	} {
		if r := reading(t, c.venue, c.pair, strings.NewReader(c.body)); r.Price != "" || !strings.HasPrefix(r.Problem, c.problem) {
			t.Errorf("%s, %s: %+v", c.venue, c.body, r)
		}
	}
}

// river is an answer that never ends.
type river struct{ drunk atomic.Int64 }

func (r *river) Read(p []byte) (int, error) {
	if r.drunk.Add(int64(len(p))) > 64<<20 {
		return 0, io.EOF
	}
	clear(p)
	return len(p), nil
}

func TestAnEndlessAnswerIsNotReadToItsEnd(t *testing.T) {
	r := &river{}
	if got := reading(t, "coinbase", "ETH/USD", r); got.Problem != "the answer is too long" {
		t.Errorf("%+v", got)
	}
	if drunk := r.drunk.Load(); drunk > 4<<20 {
		t.Errorf("%d bytes were read", drunk)
	}
}

// Whatever a venue answers, reading it ends and no price comes of one venue alone.
func FuzzAnswers(f *testing.F) {
	now := time.Now()
	for _, v := range venueNames {
		for _, pair := range []string{"ETH/USD", "USD/JPY"} {
			b := book{worth: newExchanges().worth, at: now}
			f.Add(v, pair, b.text(v, map[string]string{"ETH/USD": "ETH", "USD/JPY": "JPY"}[pair]))
		}
	}
	f.Fuzz(func(t *testing.T, venue, pair, body string) {
		if slices.Contains(venueNames, venue) && (pair == "ETH/USD" || venue != "okx") {
			reading(t, venue, pair, strings.NewReader(body))
		}
	})
}
