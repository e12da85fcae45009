package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/101pay/101pay/adapters/rates"
)

// configured runs the config command and answers what it prints, or what is wrong.
func configured(t *testing.T, env map[string]string) (printed, wrong string) {
	t.Helper()
	var out, errs bytes.Buffer
	getenv := func(name string) string {
		if name == "HOME" {
			return t.TempDir()
		}
		return env[name]
	}
	run(process{ctx: t.Context(), getenv: getenv, stdout: &out, stderr: &errs}, []string{"config"})
	return out.String(), errs.String()
}

func TestMarketSettings(t *testing.T) {
	for _, c := range []struct{ sources, quorum, says string }{
		{"", "", "RATE_SOURCES=coinbase=api.coinbase.com,kraken=api.kraken.com," +
			"binance=data-api.binance.vision,okx=www.okx.com\nRATE_QUORUM=2\n"},
		{"kraken,okx=https://mirror.example/SECRET", "2", "RATE_SOURCES=kraken=api.kraken.com,okx=mirror.example\n"},
		{"coinbase,kraken,binance", "3", "RATE_QUORUM=3\n"},
		{"none", "", "RATE_SOURCES=none\n"},
	} {
		printed, wrong := configured(t, map[string]string{"RATE_SOURCES": c.sources, "RATE_QUORUM": c.quorum})
		if !strings.Contains(printed, c.says) || wrong != "" || strings.Contains(printed, "SECRET") {
			t.Errorf("%q, %q: %s%s", c.sources, c.quorum, printed, wrong)
		}
	}
	for _, c := range []struct{ sources, quorum, says string }{
		{"bitstamp", "", "RATE_SOURCES: entry 1: must be one of"},
		{"okx=http://prices.example/SECRET", "", "RATE_SOURCES: okx: must be reached at a URL"},
		{"kraken", "", "RATE_QUORUM: must be 2 to"},
		{"kraken,okx", "1", "RATE_QUORUM: must be 2 to"},
		{"kraken,okx", "3", "RATE_QUORUM: must be 2 to"},
	} {
		_, wrong := configured(t, map[string]string{"RATE_SOURCES": c.sources, "RATE_QUORUM": c.quorum})
		if !strings.Contains(wrong, c.says) || strings.Contains(wrong, "SECRET") {
			t.Errorf("%q, %q: %s", c.sources, c.quorum, wrong)
		}
	}
}

// The doctor says what each market answers, and calls no gateway ill for what it cannot reach.
func TestTheDoctorAsksTheMarkets(t *testing.T) {
	yen := `{"data":{"currency":"USD","rates":{"JPY":"149.5"}}}`
	kraken := `{"error":[],"result":{"ZUSDZJPY":{"a":["150.1","1","1.000"],"b":["150.0","1","1.000"]}}}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/exchange-rates"):
			_, _ = w.Write([]byte(yen))
		case r.URL.Query().Get("pair") == "USDJPY":
			_, _ = w.Write([]byte(kraken))
		default:
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer server.Close()
	venues, err := rates.ParseVenues("coinbase=" + server.URL + ",kraken=" + server.URL)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	f := &findings{out: &out}
	examineMarket(t.Context(), f, &Config{venues: venues, RateQuorum: 2})
	for _, line := range []string{
		"ok    rates          USD/JPY: 149.750000, ", "coinbase: 149.500000, ", "old, -0.17 %\n",
		"kraken: 150.000000, ", "old, +0.17 %\n", "note  rates          ETH/USD: no price: 0 venues agree, 2 must; ",
		"coinbase: HTTP 418\n",
	} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("%q is not in\n%s", line, out.String())
		}
	}
	out.Reset()
	examineMarket(t.Context(), f, &Config{})
	if !strings.Contains(out.String(), "RATE_SOURCES=none") || f.sick {
		t.Errorf("without markets:\n%s", out.String())
	}
}
