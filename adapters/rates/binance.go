package rates

import (
	"net/url"
	"time"
)

// binance trades coins for USDT, which is taken for a dollar as everywhere here, and BTC for yen: a
// dollar in yen is what it buys of BTC, sold again. The host is the one for public market data; the
// endpoint, 24hr Ticker Price Change Statistics, needs no key and is dated.
func binance() Venue {
	return Venue{
		name: "binance", base: "https://data-api.binance.vision",
		asks: map[Pair]question{
			ethUSD: binanceDay("ETHUSDT"),
			bnbUSD: binanceDay("BNBUSDT"),
			btcUSD: binanceDay("BTCUSDT"),
			usdJPY: {
				path: "/api/v3/ticker/24hr?symbols=" + url.QueryEscape(`["BTCJPY","BTCUSDT"]`),
				read: binanceYen,
			},
		},
	}
}

// binanceTicker is one pair as Binance answers it.
type binanceTicker struct {
	Symbol    string `json:"symbol"`
	BidPrice  string `json:"bidPrice"`
	AskPrice  string `json:"askPrice"`
	CloseTime int64  `json:"closeTime"` // milliseconds
}

func (b binanceTicker) tick(symbol string) (tick, error) {
	if b.Symbol != symbol {
		return tick{}, errOtherPair
	}
	return newTick(b.BidPrice, b.AskPrice, time.UnixMilli(b.CloseTime))
}

func binanceDay(symbol string) question {
	return question{
		path: "/api/v3/ticker/24hr?symbol=" + url.QueryEscape(symbol),
		read: func(body []byte) (tick, error) {
			var a binanceTicker
			if err := read(body, &a); err != nil {
				return tick{}, err
			}
			return a.tick(symbol)
		},
	}
}

func binanceYen(body []byte) (tick, error) {
	var both []binanceTicker
	if err := read(body, &both); err != nil {
		return tick{}, err
	}
	if len(both) != 2 {
		return tick{}, errOtherPair
	}
	yen, dollars := both[0], both[1]
	if yen.Symbol == "BTCUSDT" { // the order is not promised
		yen, dollars = dollars, yen
	}
	inYen, err := yen.tick("BTCJPY")
	if err != nil {
		return tick{}, err
	}
	inDollars, err := dollars.tick("BTCUSDT")
	if err != nil {
		return tick{}, err
	}
	return inYen.over(inDollars)
}
