package app

import (
	"cmp"
	"context"
	"math/big"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// ReportBy says what a report has a line for.
type ReportBy string

// What there may be a line for.
const (
	ByDay    ReportBy = "day"
	ByMonth  ReportBy = "month"
	ByPeriod ReportBy = "period"
)

// ReportInput selects what is reported: whole days in UTC, the last one included.
type ReportInput struct {
	Who      merchant.Principal
	From, To time.Time
	By       ReportBy
}

// Report is what was booked in a period, with what it was worth when it was paid.
type Report struct {
	ReportInput

	Lines []ReportLine // by time, then place, then currency
}

// ReportLine is what was booked in a time, at a place, in a currency.
type ReportLine struct {
	Balance

	From      time.Time // first day
	Reversals int64     // entries that undo one; Entries counts the others
	Worth     []Worth   // net of what was undone, by currency
}

// Worth is what payments were worth when they were asked for, in one currency.
type Worth struct {
	Currency money.Currency
	Units    *big.Int // of 10^-ports.WorthScale; less than nothing if more was undone than came in
	Sources  []string // whose rates were used, in order
}

// pegged is whose rate it is when what programs pay is counted as dollars (resource.ErrCurrency).
const pegged = "peg"

// Report sums up a period of at most 366 days.
func (f Figures) Report(ctx context.Context, in ReportInput) (Report, error) {
	in.From, in.To = in.From.UTC().Truncate(oneDay), in.To.UTC().Truncate(oneDay)
	end := in.To.Add(oneDay)
	if err := (StatementInput{From: in.From, To: end}).Check(); err != nil {
		return Report{}, err
	}
	days, err := f.Reads.Booked(ctx, ports.FigureQuery{
		Project: in.Who.Project, Mode: in.Who.Mode, From: in.From, To: end, Whole: in.By == ByPeriod,
	})
	if err != nil {
		return Report{}, err
	}
	out := Report{ReportInput: in}
	for _, d := range days {
		if err := out.line(d).add(d); err != nil {
			return Report{}, err
		}
	}
	slices.SortFunc(out.Lines, func(a, b ReportLine) int {
		return cmp.Or(a.From.Compare(b.From), byPlace(a.Place, b.Place, a.Currency, b.Currency))
	})
	return out, nil
}

func byPlace(a, b string, x, y money.Currency) int {
	return cmp.Or(cmp.Compare(a, b), cmp.Compare(x.Code(), y.Code()))
}

// line finds the line something of a day belongs to, a new one if it is the first.
func (r *Report) line(d ports.DayBooked) *ReportLine {
	from := r.From
	switch r.By {
	case ByDay:
		from = d.Day
	case ByMonth:
		if first := time.Date(d.Day.Year(), d.Day.Month(), 1, 0, 0, 0, 0, time.UTC); first.After(from) {
			from = first
		}
	case ByPeriod:
	}
	for i, l := range r.Lines {
		if l.From.Equal(from) && l.Place == d.Place && l.Currency == d.Currency {
			return &r.Lines[i]
		}
	}
	r.Lines = append(r.Lines, ReportLine{From: from, Balance: Balance{
		Place: d.Place, Currency: d.Currency, Received: new(big.Int), Undone: new(big.Int),
	}})
	return &r.Lines[len(r.Lines)-1]
}

func (l *ReportLine) add(d ports.DayBooked) error {
	sign := int64(1)
	if d.Kind == ledger.KindReversal {
		l.Reversals += d.Entries
		l.Undone.Add(l.Undone, d.Amount)
		sign = -1
	} else {
		l.Entries += d.Entries
		l.Received.Add(l.Received, d.Amount)
	}
	code, units, source := worthOf(d)
	if code == "" {
		return nil
	}
	currency, err := money.ParseCurrency(code)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(l.Worth, func(w Worth) bool { return w.Currency == currency })
	if i < 0 {
		i = len(l.Worth)
		l.Worth = append(l.Worth, Worth{Currency: currency, Units: new(big.Int)})
	}
	w := &l.Worth[i]
	w.Units.Add(w.Units, new(big.Int).Mul(units, big.NewInt(sign)))
	if at, known := slices.BinarySearch(w.Sources, source); !known {
		w.Sources = slices.Insert(w.Sources, at, source)
	}
	return nil
}

// worthOf is what was worth how much by whom. What programs pay in USDC is asked in dollars, one for one;
// only theirs comes over a network without anybody having been told a rate.
func worthOf(d ports.DayBooked) (code string, units *big.Int, source string) {
	if d.WorthOf != "" {
		return d.WorthOf, d.Worth, d.Source
	}
	byProgram := d.Kind == ledger.KindAgent || d.Kind == ledger.KindReversal && d.Place != ports.Recorded
	if byProgram && (d.Currency.Code() == money.USDC.Code() || d.Currency.Code() == money.USD.Code()) {
		finer := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(ports.WorthScale-d.Currency.Scale())), nil)
		return money.USD.Code(), finer.Mul(finer, d.Amount), pegged
	}
	return "", nil, ""
}

// Rounded is what something was worth in minor units of its currency, to the nearest one.
func (w Worth) Rounded() *big.Int {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(ports.WorthScale-w.Currency.Scale())), nil)
	half := new(big.Int).Rsh(unit, 1)
	whole := new(big.Int).Add(new(big.Int).Abs(w.Units), half)
	whole.Quo(whole, unit)
	if w.Units.Sign() < 0 {
		whole.Neg(whole)
	}
	return whole
}
