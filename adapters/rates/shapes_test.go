package rates_test

import (
	"fmt"
	"math/big"
	"time"
)

// book is what one venue says about its prices.
type book struct {
	worth prices
	at    time.Time
	fault fault
	noise *big.Rat
}

// sides prints the bid and the ask of a price, with what is wrong with them.
func (b book) sides(price *big.Rat) (bid, ask string) {
	p := new(big.Rat).Set(price)
	if b.noise != nil {
		p.Mul(p, b.noise)
	}
	up := big.NewRat(10_001, 10_000)
	switch b.fault {
	case times10:
		p.Mul(p, big.NewRat(10, 1))
	case tenth:
		p.Mul(p, big.NewRat(1, 10))
	case inverted:
		p.Inv(p)
	case zero:
		return "0.00000000", "0.00000000"
	case nan:
		return "NaN", "NaN"
	case negative:
		p.Neg(p)
	case exponent:
		return "25e2", "2500.1"
	case crossed:
		up = big.NewRat(99, 100)
	case wide:
		up = big.NewRat(103, 100)
	}
	return p.FloatString(12), new(big.Rat).Mul(p, up).FloatString(12)
}

// text is an answer in the shape the venue's documents give.
func (b book) text(venue, coin string) string {
	bid, ask := b.sides(b.worth[coin])
	switch {
	case venue == "coinbase" && coin == "JPY":
		return fmt.Sprintf(`{"data":{"currency":"USD","rates":{"AED":"3.6725","BTC":"0.0000094","JPY":"%s","ZAR":"17.2"}}}`, bid)
	case venue == "coinbase":
		return fmt.Sprintf(`{"trades":[{"trade_id":"34b080bf-fcfd-445a-832b-46b5ddc65601","product_id":"%s-USD",`+
			`"price":"%s","size":"4","time":"%s","side":"BUY"}],"best_bid":"%s","best_ask":"%s"}`,
			coin, bid, b.at.UTC().Format(time.RFC3339Nano), bid, ask)
	case venue == "kraken":
		name := map[string]string{"ETH": "XETHZUSD", "BNB": "BNBUSD", "BTC": "XXBTZUSD", "JPY": "ZUSDZJPY"}[coin]
		return fmt.Sprintf(`{"error":[],"result":{"%s":{"a":["%s","1","1.000"],"b":["%s","1","1.000"],`+
			`"c":["%s","0.00067643"],"v":["4083.67","4412.73"],"p":["1","1"],"t":[34619,38907],"l":["1","1"],`+
			`"h":["1","1"],"o":"1"}}}`, name, ask, bid, bid)
	case venue == "binance" && coin == "JPY":
		dollarBid, dollarAsk := book{worth: b.worth, at: b.at}.sides(b.worth["BTC"])
		yenBid, yenAsk := b.sides(new(big.Rat).Mul(b.worth["BTC"], b.worth["JPY"]))
		if b.fault == inverted {
			yenBid, yenAsk = b.sides(new(big.Rat).Quo(b.worth["JPY"], b.worth["BTC"]))
		}
		return "[" + binanceText("BTCUSDT", dollarBid, dollarAsk, b.at) + "," +
			binanceText("BTCJPY", yenBid, yenAsk, b.at) + "]"
	case venue == "binance":
		return binanceText(coin+"USDT", bid, ask, b.at)
	case venue == "okx":
		return fmt.Sprintf(`{"code":"0","msg":"","data":[{"instType":"SPOT","instId":"%s-USDT","last":"%s",`+
			`"lastSz":"0.1","askPx":"%s","askSz":"11","bidPx":"%s","bidSz":"5","open24h":"1","ts":"%d"}]}`,
			coin, bid, ask, bid, b.at.UnixMilli())
	}
	return ""
}

func binanceText(symbol, bid, ask string, at time.Time) string {
	return fmt.Sprintf(`{"symbol":"%s","priceChange":"-94.99","weightedAvgPrice":"0.29","lastPrice":"%s",`+
		`"bidPrice":"%s","bidQty":"100","askPrice":"%s","askQty":"100","openTime":%d,"closeTime":%d,"count":76}`,
		symbol, bid, bid, ask, at.Add(-24*time.Hour).UnixMilli(), at.UnixMilli())
}
