package rates_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/101pay/101pay/adapters/rates"
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
