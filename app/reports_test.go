package app

import (
	"context"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// sums are figures that were booked already.
type sums struct {
	ports.Figures
	days  []ports.DayBooked
	took  []time.Duration
	asked ports.FigureQuery
	over  ports.OverviewQuery
}

func (s *sums) Booked(_ context.Context, q ports.FigureQuery) ([]ports.DayBooked, error) {
	s.asked = q
	return s.days, nil
}

func (s *sums) Overview(_ context.Context, q ports.OverviewQuery) (ports.Overview, error) {
	s.over = q
	return ports.Overview{Credited: s.took}, nil
}

func onDay(text string) time.Time {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return at
}

// sum is a sum of one day; worth is in thousandths of a dollar.
func sum(day string, kind ledger.Kind, minor, worth int64, source string) ports.DayBooked {
	d := ports.DayBooked{
		Day: onDay(day), Kind: kind, Place: "tron", Currency: money.USDT, Entries: 1, Amount: big.NewInt(minor),
		Worth: new(big.Int),
	}
	if source != "" {
		d.WorthOf, d.Source = "USD", source
		d.Worth = new(big.Int).Mul(big.NewInt(worth), new(big.Int).Exp(big.NewInt(10), big.NewInt(ports.WorthScale-3), nil))
	}
	return d
}

// A report adds up what came in and what was undone, whatever it has a line for, and what that was worth.
func TestReportsAddUp(t *testing.T) {
	agent := sum("2026-02-01", ledger.KindAgent, 250_000, 0, "")
	agent.Place, agent.Currency = "base", money.USDC
	agentUndone := agent
	agentUndone.Kind, agentUndone.Amount = ledger.KindReversal, big.NewInt(50_000)
	charge := sum("2026-02-01", ledger.KindCharge, 7, 0, "")
	charge.Place = ports.Recorded
	reads := &sums{days: []ports.DayBooked{
		sum("2026-01-30", ledger.KindPayment, 10_000_000, 9_994, "b"), sum("2026-01-30", ledger.KindPayment, 5_000_000, 5_001, "a"),
		sum("2026-01-31", ledger.KindReversal, 5_000_000, 5_001, "a"), sum("2026-02-01", ledger.KindReversal, 1_000_000, 1_006, "a"),
		agent, agentUndone, charge,
	}}
	f := Figures{Reads: reads}
	in := ReportInput{From: onDay("2026-01-15"), To: onDay("2026-02-01")}
	type line struct{ from, place, received, undone, net, worth, sources string }
	for by, want := range map[ReportBy][]line{
		ByDay: {
			{"2026-01-30", "tron", "15000000", "0", "15000000", "1500", "[a b]"},
			{"2026-01-31", "tron", "0", "5000000", "-5000000", "-500", "[a]"},
			{"2026-02-01", "base", "250000", "50000", "200000", "20", "[peg]"},
			{"2026-02-01", "recorded", "7", "0", "7", "", ""},
			{"2026-02-01", "tron", "0", "1000000", "-1000000", "-101", "[a]"},
		},
		ByMonth: {
			{"2026-01-15", "tron", "15000000", "5000000", "10000000", "999", "[a b]"},
			{"2026-02-01", "base", "250000", "50000", "200000", "20", "[peg]"},
			{"2026-02-01", "recorded", "7", "0", "7", "", ""},
			{"2026-02-01", "tron", "0", "1000000", "-1000000", "-101", "[a]"},
		},
		ByPeriod: {
			{"2026-01-15", "base", "250000", "50000", "200000", "20", "[peg]"},
			{"2026-01-15", "recorded", "7", "0", "7", "", ""},
			{"2026-01-15", "tron", "15000000", "6000000", "9000000", "899", "[a b]"},
		},
	} {
		in.By = by
		r, err := f.Report(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		var got []line
		for _, l := range r.Lines {
			one := line{
				from: l.From.Format(time.DateOnly), place: l.Place, received: l.Received.String(), undone: l.Undone.String(),
				net: l.Net().String(),
			}
			for _, w := range l.Worth {
				one.worth, one.sources = w.Rounded().String(), "["+join(w.Sources)+"]"
			}
			got = append(got, one)
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(line{})); d != "" {
			t.Errorf("by %s:\n%s", by, d)
		}
	}
	if !reads.asked.From.Equal(in.From) || !reads.asked.To.Equal(onDay("2026-02-02")) {
		t.Errorf("asked for %v to %v", reads.asked.From, reads.asked.To)
	}
}

func join(list []string) (out string) {
	for i, s := range list {
		if i > 0 {
			out += " "
		}
		out += s
	}
	return out
}

// A report is of at least a day and at most a year.
func TestReportsHaveAPeriod(t *testing.T) {
	f := Figures{Reads: &sums{}}
	for name, c := range map[string]struct {
		from, to string
		fails    bool
	}{
		"a day": {"2026-01-01", "2026-01-01", false}, "a leap year": {"2024-01-01", "2024-12-31", false},
		"backwards": {"2026-01-02", "2026-01-01", true}, "more than a year": {"2026-01-01", "2027-01-02", true},
	} {
		_, err := f.Report(t.Context(), ReportInput{From: onDay(c.from), To: onDay(c.to), By: ByDay})
		if errors.Is(err, ErrInvalidPeriod) != c.fails {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An overview ends today and says what half and nearly all payments took.
func TestOverviewEndsToday(t *testing.T) {
	reads := &sums{}
	for i := range 20 {
		reads.took = append(reads.took, time.Duration(20-i)*time.Second)
	}
	f := Figures{Reads: reads, Clock: fixedClock{portstest.Epoch}}
	o, err := f.Overview(t.Context(), merchant.Principal{}, 2, 0)
	if err != nil || !o.To.Equal(onDay("2026-03-01")) || !o.From.Equal(onDay("2026-02-28")) {
		t.Errorf("from %v to %v, %v", o.From, o.To, err)
	}
	if !reads.over.From.Equal(o.From) || !reads.over.To.Equal(onDay("2026-03-02")) {
		t.Errorf("asked from %v until %v", reads.over.From, reads.over.To)
	}
	if o.Finality != (FinalityTimes{Payments: 20, Median: 10 * time.Second, P95: 19 * time.Second}) {
		t.Errorf("it took %+v", o.Finality)
	}
	for _, days := range []int{-1, 0, 93} {
		if _, err := f.Overview(t.Context(), merchant.Principal{}, days, 0); !errors.Is(err, ErrInvalidDays) {
			t.Errorf("%d days: %v", days, err)
		}
	}
}

// Balances add all days up, place by place.
func TestBalancesAddUp(t *testing.T) {
	other := sum("2026-01-03", ledger.KindPayment, 3, 0, "")
	other.Place = "base"
	f := Figures{Reads: &sums{days: []ports.DayBooked{
		sum("2026-01-01", ledger.KindPayment, 10, 1, "a"), sum("2026-01-02", ledger.KindPayment, 20, 1, "b"),
		sum("2026-01-02", ledger.KindReversal, 5, 1, "b"), other,
	}}}
	list, err := f.Balances(t.Context(), merchant.Principal{})
	if err != nil || len(list) != 2 || list[0].Place != "base" || list[1].Net().String() != "25" || list[1].Entries != 3 {
		t.Errorf("%+v, %v", list, err)
	}
}
