package rates

import (
	"errors"
	"net/url"
	"time"
)

// coinbase trades coins for dollars and publishes what a dollar is in other currencies. Its public
// endpoints need no key: Get Public Market Trades, dated by the last trade, and Get Exchange Rates,
// which is not dated and has no two sides.
func coinbase() Venue {
	return Venue{
		name: "coinbase", base: "https://api.coinbase.com",
		asks: map[Pair]question{
			ethUSD: coinbaseTrades("ETH-USD"),
			bnbUSD: coinbaseTrades("BNB-USD"),
			btcUSD: coinbaseTrades("BTC-USD"),
			usdJPY: {path: "/v2/exchange-rates?currency=USD", read: coinbaseYen},
		},
	}
}

func coinbaseTrades(product string) question {
	return question{
		path: "/api/v3/brokerage/market/products/" + url.PathEscape(product) + "/ticker?limit=1",
		read: func(body []byte) (tick, error) {
			var a struct {
				Trades []struct {
					ProductID string    `json:"product_id"`
					Time      time.Time `json:"time"`
				} `json:"trades"`
				BestBid string `json:"best_bid"`
				BestAsk string `json:"best_ask"`
			}
			if err := read(body, &a); err != nil {
				return tick{}, err
			}
			if len(a.Trades) == 0 {
				return tick{}, errors.New("nothing was traded")
			}
			if a.Trades[0].ProductID != product {
				return tick{}, errOtherPair
			}
			if a.Trades[0].Time.IsZero() {
				return tick{}, errUndated
			}
			return newTick(a.BestBid, a.BestAsk, a.Trades[0].Time)
		},
	}
}

func coinbaseYen(body []byte) (tick, error) {
	var a struct {
		Data struct {
			Currency string            `json:"currency"`
			Rates    map[string]string `json:"rates"`
		} `json:"data"`
	}
	if err := read(body, &a); err != nil {
		return tick{}, err
	}
	if a.Data.Currency != "USD" {
		return tick{}, errOtherPair
	}
	yen := a.Data.Rates["JPY"]
	return newTick(yen, yen, time.Time{})
}
