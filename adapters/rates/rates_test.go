package rates_test

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/101pay/101pay/adapters/rates"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports/portstest"
)

type fixedClock time.Time

func (c fixedClock) Now() time.Time { return time.Time(c) }

var clock = fixedClock(portstest.Epoch)

func source(t *testing.T, text string) *rates.Source {
	t.Helper()
	fixed, err := rates.ParseFixed(text)
	if err != nil {
		t.Fatal(err)
	}
	return rates.New(clock, fixed, nil)
}

func TestRates(t *testing.T) {
	dollars := []money.Currency{money.USDT, money.USDC, money.USD}
	portstest.Rates(t, source(t, ""), clock, dollars, []money.Currency{{}})
	portstest.Rates(t, source(t, "JPY/USDT=0.0066"), clock, append(dollars, money.JPY), nil)
	asked := market(t, newExchanges(), rates.AllVenues, 2)
	portstest.Rates(t, rates.New(wallClock{}, nil, asked), wallClock{}, append(dollars, money.JPY), nil)
}

// rate asks for a rate and compares price and source; an empty source means there shall be none.
func rate(
	t *testing.T, s *rates.Source, m merchant.Mode, from money.Currency, asset, price, by string,
) {
	t.Helper()
	r, err := s.Rate(t.Context(), m, from, asset)
	if by == "" {
		if !errors.Is(err, money.ErrRateUnavailable) {
			t.Fatalf("%s %s in %s: rate %+v, error %v", m, from, asset, r, err)
		}
		return
	}
	if err != nil || r.Price.String() != price || r.Source != by || !r.At.Equal(portstest.Epoch) {
		t.Fatalf("%s %s in %s: rate %+v, error %v", m, from, asset, r, err)
	}
}

func TestDollarsAreDollars(t *testing.T) {
	s := source(t, "")
	for _, m := range []merchant.Mode{merchant.Test, merchant.Live} {
		for _, from := range []money.Currency{money.USDT, money.USDC, money.USD} {
			rate(t, s, m, from, "USDT", "1", "peg")
			rate(t, s, m, from, "USDC", "1", "peg")
			rate(t, s, m, from, "SHIB", "", "")
			rate(t, s, m, from, "usdt", "", "")
		}
	}
}

// A made-up rate must never be used for real money.
func TestMadeUpPricesAreForTestModeOnly(t *testing.T) {
	s := source(t, "")
	for from, prices := range map[money.Currency]map[string]string{
		money.JPY: {
			"USDT": "0.0066666666666666666666666666666666666667",
			"USDC": "0.0066666666666666666666666666666666666667",
			"ETH":  "0.0000026666666666666666666666666666666667",
			"BNB":  "0.0000133333333333333333333333333333333334",
			"BTC":  "0.0000000666666666666666666666666666666667",
		},
		money.USD:  {"ETH": "0.0004", "BNB": "0.002", "BTC": "0.00001"},
		money.USDT: {"ETH": "0.0004", "BNB": "0.002", "BTC": "0.00001"},
		money.USDC: {"ETH": "0.0004", "BNB": "0.002", "BTC": "0.00001"},
	} {
		for asset, price := range prices {
			rate(t, s, merchant.Test, from, asset, price, "sandbox")
			rate(t, s, merchant.Live, from, asset, "", "")
			rate(t, s, merchant.Mode(0), from, asset, "", "")
		}
	}
	rate(t, s, merchant.Test, money.JPY, "SHIB", "", "")
}

// Test mode needs no network and has steady prices, whatever the market says.
func TestTestModeNeverAsksTheMarket(t *testing.T) {
	e := newExchanges()
	s := rates.New(clock, nil, market(t, e, rates.AllVenues, 2))
	rate(t, s, merchant.Test, money.USD, "ETH", "0.0004", "sandbox")
	rate(t, s, merchant.Test, money.USD, "SHIB", "", "")
	rate(t, s, merchant.Live, money.USD, "USDT", "1", "peg")
	if n := e.questions(); n != 0 {
		t.Errorf("%d questions to the market", n)
	}
}

func TestFixedRatesComeFirst(t *testing.T) {
	s := source(t, " JPY/USDT=0.0066 , USD/USDT=1.01,JPY/BTC=0.00000006 ")
	for _, m := range []merchant.Mode{merchant.Test, merchant.Live} {
		rate(t, s, m, money.JPY, "USDT", "0.0066", "fixed")
		rate(t, s, m, money.JPY, "BTC", "0.00000006", "fixed")
		rate(t, s, m, money.USD, "USDT", "1.01", "fixed")
		rate(t, s, m, money.USD, "USDC", "1", "peg")
		rate(t, s, m, money.USDC, "USDT", "1", "peg")
	}
}

// The merchant is never short, the payer never pays more than the next unit: 150 yen are one USDT
// and not 1.000001, whatever the amount.
func TestMadeUpYenAreExactToTheUnit(t *testing.T) {
	for asset, yenForOne := range map[string]int64{"USDT": 150, "ETH": 375_000, "BNB": 75_000, "BTC": 15_000_000} {
		t.Run(asset, func(t *testing.T) { yenAreExact(t, asset, yenForOne) })
	}
}

func yenAreExact(t *testing.T, asset string, yenForOne int64) {
	r, err := source(t, "").Rate(t.Context(), merchant.Test, money.JPY, asset)
	if err != nil {
		t.Fatal(err)
	}
	check := func(t rapid.TB, yen int64) {
		amount, err := money.FromMinor(money.JPY, big.NewInt(yen))
		if err != nil {
			t.Fatal(err)
		}
		units, err := r.Convert(amount, 6)
		if err != nil {
			t.Fatal(err)
		}
		exact := new(big.Int).Mul(big.NewInt(yen), big.NewInt(1_000_000))
		exact.Add(exact, big.NewInt(yenForOne-1)).Quo(exact, big.NewInt(yenForOne))
		if units.Cmp(exact) != 0 {
			t.Fatalf("%d yen are %s units, want %s", yen, units, exact)
		}
	}
	const largest = 1_000_000_000_000
	for _, yen := range []int64{1, 3, 149, 150, 151, 1500, largest - 100, largest - 1, largest} {
		check(t, yen)
	}
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.Int64Range(1, largest).Draw(t, "yen")) })
}

func TestParseFixedRefusesWhatIsWrong(t *testing.T) {
	for _, text := range []string{
		"JPY", "JPY/USDT", "JPY=1", "JPY/USDT=", "=1", "/=1", "/USDT=1", "JPY/=1", ",", "JPY/USDT=1,",
		"jpy/USDT=1", "EUR/USDT=1", "JPY/usdt=1", "JPY/US DT=1", "JPY/ABCDEFGHIJK=1", "JPY /USDT=1",
		"USDT/USDT=1", "JPY/USDT=0", "JPY/USDT=0.000", "JPY/USDT=-1", "JPY/USDT=+1", "JPY/USDT=1e3",
		"JPY/USDT=.5", "JPY/USDT=5.", "JPY/USDT=1.2.3", "JPY/USDT=1_000", "JPY/USDT= 1", "JPY/USDT=١",
		"JPY/USDT=NaN", "JPY/USDT=0x1", "JPY/USDT=1=2", "JPY/USDT=1,JPY/USDT=2",
		"JPY/USDT=1234567890123", "JPY/USDT=0." + strings.Repeat("1", 41),
		manyRates(65),
	} {
		if fixed, err := rates.ParseFixed(text); err == nil {
			t.Errorf("ParseFixed(%q) = %v", text, fixed)
		}
	}
}

// manyRates is n rates that differ in their asset.
func manyRates(n int) string {
	var entries []string
	for i := range n {
		entries = append(entries, fmt.Sprintf("JPY/A%d=1", i))
	}
	return strings.Join(entries, ",")
}

func TestParseFixedTakesAsManyAsItMay(t *testing.T) {
	if fixed, err := rates.ParseFixed(manyRates(64)); err != nil || len(fixed) != 64 {
		t.Fatalf("%d rates, error %v", len(fixed), err)
	}
}

func TestParseFixedNamesEveryWrongEntry(t *testing.T) {
	_, err := rates.ParseFixed("JPY/USDT=x,USD/USDT=1,EUR/USDT=1")
	if err == nil || !strings.Contains(err.Error(), `"JPY/USDT=x"`) ||
		!strings.Contains(err.Error(), `"EUR/USDT=1"`) || strings.Contains(err.Error(), `"USD/USDT=1"`) {
		t.Fatalf("error: %v", err)
	}
}

func TestParseFixedOfNothingIsNone(t *testing.T) {
	for _, text := range []string{"", " \n"} {
		if fixed, err := rates.ParseFixed(text); err != nil || len(fixed) != 0 {
			t.Errorf("ParseFixed(%q) = %v, %v", text, fixed, err)
		}
	}
}
