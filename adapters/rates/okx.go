package rates

import (
	"errors"
	"net/url"
	"strconv"
	"time"
)

// okx trades coins for USDT, which is taken for a dollar as everywhere here. Its public endpoint
// Get Ticker needs no key and is dated.
func okx() Venue {
	return Venue{
		name: "okx", base: "https://www.okx.com",
		asks: map[Pair]question{
			ethUSD: okxTicker("ETH-USDT"),
			bnbUSD: okxTicker("BNB-USDT"),
			btcUSD: okxTicker("BTC-USDT"),
		},
	}
}

func okxTicker(instrument string) question {
	return question{
		path: "/api/v5/market/ticker?instId=" + url.QueryEscape(instrument),
		read: func(body []byte) (tick, error) {
			var a struct {
				Code string `json:"code"`
				Data []struct {
					InstID string `json:"instId"`
					BidPx  string `json:"bidPx"`
					AskPx  string `json:"askPx"`
					TS     string `json:"ts"` // milliseconds
				} `json:"data"`
			}
			if err := read(body, &a); err != nil {
				return tick{}, err
			}
			if a.Code != "0" {
				return tick{}, errors.New("the venue answers an error")
			}
			if len(a.Data) != 1 || a.Data[0].InstID != instrument {
				return tick{}, errOtherPair
			}
			ms, err := strconv.ParseInt(a.Data[0].TS, 10, 64)
			if err != nil {
				return tick{}, errUndated
			}
			return newTick(a.Data[0].BidPx, a.Data[0].AskPx, time.UnixMilli(ms))
		},
	}
}
