package graphql

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// Balances sums what came in.
func (q queries) Balances(ctx context.Context, project string, mode Mode) ([]*Balance, error) {
	who, err := q.enter(ctx, member.ReadMoney, project, mode)
	if err != nil {
		return nil, err
	}
	list, err := q.Figures.Balances(ctx, who)
	return each(list, func(b app.Balance) *Balance {
		return &Balance{
			Network: b.Place, Currency: b.Currency.Code(), Received: signed(b.Received, b.Currency),
			Reversed: signed(b.Undone, b.Currency), Net: signed(b.Net(), b.Currency), Entries: int(b.Entries),
		}
	}), err
}

// Overview counts the last days.
func (q queries) Overview(ctx context.Context, project string, mode Mode, days *int) (*Overview, error) {
	who, err := q.enter(ctx, member.ReadMoney, project, mode)
	if err != nil {
		return nil, err
	}
	if days == nil {
		return nil, app.ErrInvalidDays
	}
	o, err := q.Figures.Overview(ctx, who, *days, overviewWithout(ctx))
	if err != nil {
		return nil, err
	}
	return &Overview{
		From: o.From, To: o.To, Volume: each(o.Volume, showVolume), Finality: showFinality(o.Finality),
		Conversion: each(o.Opened, func(d ports.DayOpened) *DayConversion {
			return &DayConversion{Day: d.Day, Created: int(d.Created), Paid: int(d.Settled)}
		}),
		Webhooks: &WebhookHealth{
			Delivered: o.Told[webhook.Delivered], Pending: o.Told[webhook.Pending], Failed: o.Told[webhook.Failed],
			Deliveries: o.Told[webhook.Delivered] + o.Told[webhook.Pending] + o.Told[webhook.Failed],
		},
	}, nil
}

// overviewWithout is what need not be read of an overview.
func overviewWithout(ctx context.Context) (parts ports.OverviewParts) {
	asked := askedNames(ctx)
	for name, part := range map[string]ports.OverviewParts{
		"volume": ports.OverviewVolume, "conversion": ports.OverviewOpened, "finality": ports.OverviewCredited,
		"webhooks": ports.OverviewTold,
	} {
		if !asked.any(name) {
			parts |= part
		}
	}
	return parts
}

func showFinality(f app.FinalityTimes) *FinalityTimes {
	shown := &FinalityTimes{Payments: f.Payments}
	if f.Payments > 0 {
		median, p95 := int(f.Median/time.Second), int(f.P95/time.Second)
		shown.Median, shown.P95 = &median, &p95
	}
	return shown
}

func showVolume(d ports.DayVolume) *DayVolume {
	return &DayVolume{
		Day: d.Day, Kind: entryKind(d.Kind), Network: d.Place, Currency: d.Currency.Code(),
		Amount: signed(d.Amount, d.Currency), Entries: int(d.Entries),
	}
}

// Report sums up a period.
func (q queries) Report(
	ctx context.Context, project string, mode Mode, from, to time.Time, by *ReportBy,
) (*Report, error) {
	who, err := q.enter(ctx, member.ReadMoney, project, mode)
	if err != nil {
		return nil, err
	}
	in := app.ReportInput{Who: who, From: from, To: to, By: app.ByDay}
	if by != nil {
		in.By = app.ReportBy(strings.ToLower(string(*by)))
	}
	r, err := q.Figures.Report(ctx, in)
	if err != nil {
		return nil, err
	}
	at := reportURL(q.PublicURL, project, mode, r)
	return &Report{
		From: r.From, To: r.To, By: ReportBy(strings.ToUpper(string(r.By))), Lines: each(r.Lines, showLine),
		CSVURL: at("csv"), JSONURL: at("json"), PrintURL: at("html"),
	}, nil
}

// reportURL is where a report is in other forms.
func reportURL(base, project string, mode Mode, r app.Report) func(form string) string {
	query := url.Values{
		"project": {project}, "mode": {strings.ToLower(string(mode))}, "from": {r.From.Format(dayShape)},
		"to": {r.To.Format(dayShape)}, "by": {string(r.By)},
	}
	return func(form string) string { return base + ReportsPath + "." + form + "?" + query.Encode() }
}

func showLine(l app.ReportLine) *ReportLine {
	return &ReportLine{
		From: l.From, Network: l.Place, Currency: l.Currency.Code(), Entries: int(l.Entries),
		Received: signed(l.Received, l.Currency), Reversals: int(l.Reversals), Reversed: signed(l.Undone, l.Currency),
		Net: signed(l.Net(), l.Currency),
		Worth: each(l.Worth, func(w app.Worth) *Worth {
			return &Worth{Currency: w.Currency.Code(), Amount: signed(w.Rounded(), w.Currency), Sources: w.Sources}
		}),
	}
}
