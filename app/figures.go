package app

import (
	"context"
	"math/big"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// Bounds of an overview.
const (
	maxOverviewDays   = 92
	overviewCredited  = 200 // settled payments looked at
	overviewTold      = 200 // events looked at
	oneDay            = 24 * time.Hour
	nineteenOfTwenty  = 95
	wholeInPercent    = 100
	halfOfAllPayments = 50
)

// ErrInvalidDays refuses an overview of no days, or of too many.
var ErrInvalidDays = fault.New(fault.Invalid, "invalid_days", "days must be from 1 to 92").About("days")

// Figures counts for merchants what happened in a project.
type Figures struct {
	Reads ports.Figures
	Clock ports.Clock
}

// Overview is the figures of some days, today included.
type Overview struct {
	From, To time.Time // first instants of the first and the last day
	Volume   []ports.DayVolume
	Opened   []ports.DayOpened
	Finality FinalityTimes
	Told     map[webhook.DeliveryStatus]int
}

// FinalityTimes says how long payments took from their block to being credited.
type FinalityTimes struct {
	Payments    int // looked at, the newest
	Median, P95 time.Duration
}

// Overview counts the last days, the present one included. What it may do without is empty.
func (f Figures) Overview(
	ctx context.Context, who merchant.Principal, days int, without ports.OverviewParts,
) (out Overview, err error) {
	if days < 1 || days > maxOverviewDays {
		return out, ErrInvalidDays
	}
	out.To = f.Clock.Now().UTC().Truncate(oneDay)
	out.From = out.To.AddDate(0, 0, 1-days)
	read, err := f.Reads.Overview(ctx, ports.OverviewQuery{
		Project: who.Project, Mode: who.Mode, From: out.From, To: out.To.Add(oneDay), Credited: overviewCredited,
		Told: overviewTold, Without: without,
	})
	out.Volume, out.Opened, out.Told = read.Volume, read.Opened, read.Told
	out.Finality = finalityOf(read.Credited)
	return out, err
}

func finalityOf(took []time.Duration) FinalityTimes {
	if len(took) == 0 {
		return FinalityTimes{}
	}
	slices.Sort(took)
	return FinalityTimes{
		Payments: len(took), Median: rankOf(took, halfOfAllPayments), P95: rankOf(took, nineteenOfTwenty),
	}
}

// rankOf is the least of sorted values that so many percent of them do not exceed.
func rankOf(sorted []time.Duration, percent int) time.Duration {
	return sorted[(len(sorted)*percent+wholeInPercent-1)/wholeInPercent-1]
}

// Balance is what came in at one place in one currency, and what of it was undone.
type Balance struct {
	Place    string // the network, or ports.Recorded
	Currency money.Currency
	Entries  int64
	Received *big.Int // minor units
	Undone   *big.Int
}

// Net is what is left, which is less than nothing if more was undone in a period than came in.
func (b Balance) Net() *big.Int { return new(big.Int).Sub(b.Received, b.Undone) }

// Balances sums everything a project ever booked in a mode, by place and currency.
func (f Figures) Balances(ctx context.Context, who merchant.Principal) ([]Balance, error) {
	days, err := f.Reads.Booked(ctx, ports.FigureQuery{Project: who.Project, Mode: who.Mode, Whole: true})
	if err != nil {
		return nil, err
	}
	var out []Balance
	for _, d := range days {
		i := slices.IndexFunc(out, func(b Balance) bool { return b.Place == d.Place && b.Currency == d.Currency })
		if i < 0 {
			i = len(out)
			out = append(out, Balance{
				Place: d.Place, Currency: d.Currency, Received: new(big.Int), Undone: new(big.Int),
			})
		}
		out[i].add(d)
	}
	slices.SortFunc(out, func(a, b Balance) int { return byPlace(a.Place, b.Place, a.Currency, b.Currency) })
	return out, nil
}

func (b *Balance) add(d ports.DayBooked) {
	b.Entries += d.Entries
	if d.Kind == ledger.KindReversal {
		b.Undone.Add(b.Undone, d.Amount)
		return
	}
	b.Received.Add(b.Received, d.Amount)
}
