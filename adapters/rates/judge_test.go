package rates

import (
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)

// said makes quotes, of venues a, b, c and so on, that all held at noon.
func said(pricesInCents ...int64) (out []quote) {
	for i, cents := range pricesInCents {
		out = append(out, quote{venue: string(rune('a' + i)), price: big.NewRat(cents, 100), at: noon})
	}
	return out
}

func TestWhoAgrees(t *testing.T) {
	for _, c := range []struct {
		quotes []quote
		venues string // who agree; "" when there is no price
		price  string
	}{
		{said(), "", ""},
		{said(100_00), "", ""},
		{said(100_00, 100_00), "ab", "100.000"},
		{said(100_00, 102_00), "ab", "101.000"},
		{said(100_00, 102_01), "", ""},                           // nobody knows who is right
		{said(100_00, 1000_00, 100_01), "ac", "100.005"},         // an outlier is dropped, not averaged
		{said(10_00, 100_00, 100_01), "bc", "100.005"},           // nor is one below
		{said(100_00, 101_00, 100_50, 5_00), "abc", "100.500"},   // the median of three
		{said(100_00, 101_00, 100_50, 100_60), "abcd", "100.55"}, // of four, between the middle two
		{said(100_00, 100_10, 103_00, 103_10), "", ""},           // two against two
		{said(100_00, 100_10, 50_00, 200_00), "ab", "100.050"},   // two, and two that stand alone
		{said(100_00, 200_00, 300_00, 400_00), "", ""},           // everybody stands alone
		{said(100_00, 101_00, 102_50), "ab", "100.500"},          // overlapping: the tighter two
		{said(100_00, 101_50, 102_50), "bc", "102.000"},          //
		{said(100_00, 101_00, 102_00, 103_00), "bcd", "102.000"}, // 103 is less above 101 than 102 above 100
	} {
		v, err := judge(c.quotes, 2, verdict{}, noon)
		if c.venues == "" {
			if err == nil {
				t.Errorf("%v: %+v", c.quotes, v)
			}
			continue
		}
		want, _ := new(big.Rat).SetString(c.price)
		if err != nil || strings.Join(v.venues, "") != c.venues || v.price.Cmp(want) != 0 || !v.at.Equal(noon) {
			t.Errorf("%v: %+v, %v; want %s by %s", c.quotes, v, err, c.price, c.venues)
		}
	}
}

func TestAQuorumIsNeverLessThanTwo(t *testing.T) {
	for quorum := -1; quorum < 2; quorum++ {
		if v, err := judge(said(100_00), quorum, verdict{}, noon); err == nil {
			t.Errorf("quorum %d: %+v", quorum, v)
		}
	}
	if v, err := judge(said(100_00, 100_00), 3, verdict{}, noon); err == nil {
		t.Errorf("two of three: %+v", v)
	}
}

func TestOnlyFreshQuotesCount(t *testing.T) {
	for offset, counts := range map[time.Duration]bool{
		0: true, -time.Minute: true, -time.Minute - 1: false, 15 * time.Second: true, 15*time.Second + 1: false,
	} {
		quotes := said(100_00, 100_02)
		quotes[1].at = noon.Add(offset)
		v, err := judge(quotes, 2, verdict{}, noon)
		if (err == nil) != counts {
			t.Errorf("a quote of %s: %+v, %v", offset, v, err)
		}
		if oldest := slices.MinFunc(quotes, func(a, b quote) int { return a.at.Compare(b.at) }); counts && !v.at.Equal(oldest.at) {
			t.Errorf("a quote of %s makes a price of %s", offset, v.at.Sub(noon))
		}
	}
}

func TestJumps(t *testing.T) {
	for _, c := range []struct {
		quotes []quote
		ago    time.Duration // of the last price, 100
		ok     bool
	}{
		{said(110_00, 110_00), time.Minute, true},
		{said(110_01, 110_01), time.Minute, false},
		{said(90_00, 90_00), time.Minute, true},
		{said(89_99, 89_99), time.Minute, false},
		{said(89_99, 89_99, 89_99), time.Minute, true},
		{said(200_00, 200_00), 5 * time.Minute, false},
		{said(200_00, 200_00), 5*time.Minute + 1, true},
	} {
		v, err := judge(c.quotes, 2, verdict{price: big.NewRat(100, 1), at: noon.Add(-c.ago)}, noon)
		if (err == nil) != c.ok || !c.ok && !errors.Is(err, errJump) {
			t.Errorf("%v after %s: %+v, %v", c.quotes, c.ago, v, err)
		}
	}
}

// Whatever venues say and in whatever order: those that agree are near each other, no fewer than
// must be, and the price is among theirs.
func TestAgreementHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cents := rapid.SliceOfN(rapid.Int64Range(95_00, 105_00), 0, 7).Draw(t, "cents")
		quorum := rapid.IntRange(2, 4).Draw(t, "quorum")
		quotes := said(cents...)
		v, err := judge(quotes, quorum, verdict{}, noon)
		shuffled := rapid.Permutation(quotes).Draw(t, "shuffled")
		again, errAgain := judge(shuffled, quorum, verdict{}, noon)
		if (err == nil) != (errAgain == nil) || err == nil && v.price.Cmp(again.price) != 0 {
			t.Fatalf("%+v, %v in another order: %+v, %v", v, err, again, errAgain)
		}
		if err != nil {
			return
		}
		var among []quote
		for _, q := range quotes {
			if slices.Contains(v.venues, q.venue) {
				among = append(among, q)
			}
		}
		byPrice := func(a, b quote) int { return a.price.Cmp(b.price) }
		low, high := slices.MinFunc(among, byPrice).price, slices.MaxFunc(among, byPrice).price
		if len(among) < quorum || !within(low, high, maxSpread) || v.price.Cmp(low) < 0 || v.price.Cmp(high) > 0 {
			t.Fatalf("%v: %+v", cents, v)
		}
	})
}

// The cut is upwards and by less than one in the last place.
func TestPricesAreCutUpwards(t *testing.T) {
	for text, want := range map[string]string{
		"1/3": "0.333333333333333334", "1/2": "0.5", "1/2500": "0.0004", "7/1": "7",
		"1/1000000000000000000": "0.000000000000000001", "1/999999999999999999999": "0.000000000000000001",
	} {
		exact, _ := new(big.Rat).SetString(text)
		if p, err := cutUp(exact); err != nil || p.Decimal().String() != want {
			t.Errorf("%s: %s, %v", text, p.Decimal(), err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		exact := big.NewRat(rapid.Int64Range(1, 1<<40).Draw(t, "a"), rapid.Int64Range(1, 1<<40).Draw(t, "b"))
		p, err := cutUp(exact)
		over := new(big.Rat).Sub(p.Decimal().Rat(), exact)
		if err != nil || over.Sign() < 0 || over.Cmp(big.NewRat(1, 1_000_000_000_000_000_000)) >= 0 {
			t.Fatalf("%s becomes %s, %v", exact, p.Decimal(), err)
		}
	})
}
