package money

import (
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/101pay/101pay/domain/fault"
)

// Every text a general decimal parser would take and money must not (bad-input rows B01 to B16).
func TestParseRefusesWhatIsNotAnAmount(t *testing.T) {
	for _, c := range []struct {
		currency Currency
		want     *fault.Fault
		texts    []string
	}{
		{USD, ErrSyntax, []string{
			"", " ", " 1", "1 ", "1\n", "\t1", "-1", "−1", "+1", "--1", "1e2", "1E2",
			"1e1000000000", "NaN", "Infinity", "-Inf", "0x10", "0b1", "1_000", "1,000", "1'000", "１", "٣",
			"1．5", "1,5", "01", "00.1", ".5", "5.", ".", "1.2.3", "$9.99", "9.99 USD", "1abc",
		}},
		{USD, ErrNotPositive, []string{"0", "0.00", "-0"}},
		{USD, ErrPrecision, []string{"9.999", "9.9900000"}},
		{JPY, ErrPrecision, []string{"1.0", "9.99"}},
		{USDT, ErrPrecision, []string{"1.0000001"}},
		{USD, ErrTooLarge, []string{strings.Repeat("9", 19), strings.Repeat("9", 41), "1000000000001"}},
		{USDT, ErrTooSmall, []string{"0.000001", "0.009999"}},
	} {
		for _, text := range c.texts {
			if a, err := Parse(c.currency, text); !errors.Is(err, c.want) {
				t.Errorf("Parse(%s, %q) = %s, %v; want %s", c.currency, text, a, err, c.want.Code)
			}
		}
	}
}

// What is asked in major units is kept in minor ones, exactly (row B17).
func TestParseKeepsMinorUnitsExactly(t *testing.T) {
	for _, c := range []struct {
		currency           Currency
		text, minor, print string
	}{
		{USD, "9.99", "999", "9.99"},
		{JPY, "1500", "1500", "1500"},
		{USDT, "1.00", "1000000", "1.00"},
		{USDC, "9.99", "9990000", "9.99"},
		{USDT, "1.0042", "1004200", "1.0042"},
		{USD, "5", "500", "5.00"},
		{USDT, "1000000000000", "1000000000000000000", "1000000000000.00"},
	} {
		a, err := Parse(c.currency, c.text)
		if err != nil || a.MinorText() != c.minor || a.String() != c.print {
			t.Errorf("Parse(%s, %q) = %s (%s), %v; want %s (%s)",
				c.currency, c.text, a.MinorText(), a, err, c.minor, c.print)
		}
	}
}

// Adding yen to dollars is a mistake, not a sum; nor is anything equal to no amount.
func TestCurrenciesDoNotMix(t *testing.T) {
	usd, _ := Parse(USD, "1")
	jpy, _ := Parse(JPY, "1")
	if _, err := usd.Plus(jpy); err == nil {
		t.Error("added yen to dollars")
	}
	if (Amount{}).Equal(Amount{}) {
		t.Error("no amount equals no amount")
	}
}

// The merchant is never short by a rounding.
func TestConvertRoundsUp(t *testing.T) {
	due, _ := Parse(JPY, "1000")
	rate := Rate{From: "JPY", To: "USDT", Price: decimal.RequireFromString("0.0066666666"), Source: "fixed", At: time.Unix(0, 0)}
	units, err := rate.Convert(due, 6)
	if err != nil || units.Cmp(big.NewInt(6666667)) != 0 {
		t.Errorf("1000 JPY = %s units, %v; want 6666667", units, err)
	}
}

// What is appended is what is printed, behind what was there.
func TestAppendsWhatItPrints(t *testing.T) {
	long, _ := new(big.Int).SetString("1"+strings.Repeat("0", 90), 10)
	for _, c := range []struct {
		a            Amount
		major, minor string
	}{
		{Amount{}, "0 ???", "0"},
		{Amount{JPY, big.NewInt(1500)}, "1500", "1500"},
		{Amount{USD, big.NewInt(5)}, "0.05", "5"},
		{Amount{USD, big.NewInt(100)}, "1.00", "100"},
		{Amount{USDT, big.NewInt(1_004_200)}, "1.0042", "1004200"},
		{Amount{USDT, big.NewInt(9_990_123)}, "9.990123", "9990123"},
		{Amount{USDT, new(big.Int)}, "0.00", "0"},
		{Amount{USDT, long}, "1" + strings.Repeat("0", 84) + ".00", "1" + strings.Repeat("0", 90)},
	} {
		if got := string(c.a.Append([]byte("0"))); got != "0"+c.major || c.a.String() != c.major {
			t.Errorf("%s: printed %s, appended %s", c.major, c.a, got)
		}
		if got := string(c.a.AppendMinor([]byte("0"))); got != "0"+c.minor || c.a.MinorText() != c.minor {
			t.Errorf("%s: printed %s, appended %s", c.minor, c.a.MinorText(), got)
		}
	}
}
