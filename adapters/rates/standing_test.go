package rates_test

import (
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/rates"
)

// What is no answer to the question is refused by the venue's own reader, before it is compared with
// what others say: it is not the others' business to find out.
func TestWhatAVenueMayNotAnswer(t *testing.T) {
	syntax := "bid: the price must be digits, optionally a point and more digits, as in 0.0066"
	for f, problem := range map[fault]string{
		dead: "the connection could not be made, or broke", slow: "no answer in time", broken: "HTTP 503",
		moved: "HTTP 302", garbage: "the answer is not the JSON it should be",
		cutShort: "the answer is not the JSON it should be", endless: "the answer is too long",
		zero: "bid: the price must be greater than zero", nan: syntax, negative: syntax, exponent: syntax,
		crossed: "the bid is above the ask", wide: "bid and ask are more than 2 % apart",
		swapped: "the answer is about another pair",
		hollow:  "", // says something else for each venue
	} {
		inTime(t, func(t *testing.T, e *exchanges, m *rates.Market) {
			e.set(f, venueNames...)
			standings, err := m.Examine(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range standings {
				for _, r := range s.Readings {
					oneSided := r.Venue == "coinbase" && s.Pair.To == "JPY" && (f == crossed || f == wide)
					if !oneSided && (r.Price != "" || r.Problem == "" || problem != "" && r.Problem != problem) {
						t.Errorf("%s, %s: %+v", f, s.Pair, r)
					}
				}
			}
		})
	}
}

func TestStandings(t *testing.T) {
	inTime(t, func(t *testing.T, e *exchanges, m *rates.Market) {
		if none := m.Standings(); len(none) != 0 {
			t.Errorf("nothing was asked, yet %+v", none)
		}
		e.set(times10, "okx")
		e.noise["kraken"] = big.NewRat(999, 1000)
		if _, err := m.Examine(t.Context()); err != nil {
			t.Fatal(err)
		}
		e.set(dead, "coinbase")
		time.Sleep(11 * time.Second)
		all, err := m.Examine(t.Context())
		if err != nil || len(all) != 4 {
			t.Fatalf("%+v, %v", all, err)
		}
		eth := all[0]
		if eth.Price != "2500.000000" || eth.Agreeing != 3 || eth.Age != 11*time.Second || eth.Problem != "" {
			t.Errorf("%+v", eth)
		}
		want := []rates.Reading{
			{"coinbase", "2500.000000", 11 * time.Second, "0.00", "the connection could not be made, or broke"},
			{"kraken", "2497.500000", 0, "-0.10", ""},
			{"binance", "2500.000000", 0, "0.00", ""},
			{"okx", "25000.000000", 0, "+900.00", ""},
		}
		if !slices.Equal(eth.Readings, want) {
			t.Errorf("%+v", eth.Readings)
		}
		if yen := all[3]; yen.Pair != (rates.Pair{From: "USD", To: "JPY"}) || len(yen.Readings) != 3 {
			t.Errorf("%+v", yen)
		}
		time.Sleep(time.Hour)
		if eth := m.Standings()[0]; eth.Price != "" || eth.Agreeing != 0 || eth.Problem != "0 venues agree, 2 must" {
			t.Errorf("%+v", eth)
		}
	})
}
