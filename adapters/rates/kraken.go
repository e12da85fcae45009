package rates

import (
	"errors"
	"net/url"
	"time"
)

// kraken trades coins for dollars and dollars for yen. Its public endpoint Get Ticker Information
// needs no key and is not dated. It answers under a pair's long name, where it has one.
func kraken() Venue {
	return Venue{
		name: "kraken", base: "https://api.kraken.com",
		asks: map[Pair]question{
			ethUSD: krakenTicker("ETHUSD", "XETHZUSD"),
			bnbUSD: krakenTicker("BNBUSD", "BNBUSD"),
			btcUSD: krakenTicker("XBTUSD", "XXBTZUSD"),
			usdJPY: krakenTicker("USDJPY", "ZUSDZJPY"),
		},
	}
}

func krakenTicker(pair, long string) question {
	return question{
		path: "/0/public/Ticker?pair=" + url.QueryEscape(pair),
		read: func(body []byte) (tick, error) {
			var a struct {
				Errors []string `json:"error"`
				Result map[string]struct {
					Ask []string `json:"a"` // price, whole lots, lots
					Bid []string `json:"b"`
				} `json:"result"`
			}
			if err := read(body, &a); err != nil {
				return tick{}, err
			}
			if len(a.Errors) > 0 {
				return tick{}, errors.New("the venue answers an error")
			}
			book, ok := a.Result[long]
			if !ok {
				book, ok = a.Result[pair]
			}
			if !ok || len(a.Result) != 1 {
				return tick{}, errOtherPair
			}
			if len(book.Ask) == 0 || len(book.Bid) == 0 {
				return tick{}, errors.New("a side of the book is empty")
			}
			return newTick(book.Bid[0], book.Ask[0], time.Time{})
		},
	}
}
