package graphql

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
)

// owner is who a payment that was found by its merchant's member belongs to.
func owner(p *Payment) merchant.Principal {
	s := p.session
	return merchant.Principal{Merchant: s.MerchantID, Project: s.ProjectID, Mode: s.Mode}
}

// Timeline tells what happened to a payment.
func (r ofPayment) Timeline(ctx context.Context, of *Payment) ([]*TimelineEntry, error) {
	moments, err := r.Chronicle.Of(ctx, owner(of), of.session)
	return each(moments, showMoment), err
}

func showMoment(m app.Moment) *TimelineEntry {
	shown := &TimelineEntry{
		Kind: TimelineKind(strings.ToUpper(string(m.Kind))), At: m.At, Detail: optional(m.Detail),
		OrderNo: optional(m.OrderNo), EventID: optional(m.EventID),
	}
	if i := m.Asked; i != nil {
		shown.Network, shown.Amount = optional(i.Asset.Network), showCoin(i.Units, i.Asset)
	}
	if t := m.Transfer; t != nil {
		shown.TxID, shown.Network, shown.Amount = optional(t.TxID), optional(t.Network), showCoin(t.Units, t.Asset)
	}
	return shown
}

// Explanation says why a payment is, or is not, paid.
func (r ofPayment) Explanation(ctx context.Context, of *Payment) (*Explanation, error) {
	e, err := r.Explainer.ExplainTo(ctx, owner(of), of.session.ID)
	if err != nil {
		return nil, err
	}
	shown := &Explanation{Headline: string(e.Headline), Attempts: each(e.Attempts, showAttempt)}
	if e.About != nil {
		shown.About = showFinding(*e.About)
	}
	return shown, nil
}

func showAttempt(a app.Attempt) *ExplainedAttempt {
	return &ExplainedAttempt{
		Intent: showIntent(a.Intent), Current: a.Current, Findings: each(a.Findings, showFinding), Cut: a.Cut,
		Ignored: a.Ignored,
		Scan: &Scan{
			Network: string(a.Scan.Network), From: decimalOf(a.Scan.From), To: decimalOf(a.Scan.To),
			Until: moment(a.Scan.Until), At: moment(a.Scan.At), Ok: a.Scan.OK,
			Gaps: each(a.Scan.Gaps, func(g app.Gap) *ScanGap {
				return &ScanGap{From: g.From, Until: g.Until, Ongoing: g.Ongoing}
			}),
		},
	}
}

func showFinding(f app.Finding) *Finding {
	shown := &Finding{
		Reason: string(f.Reason), Lookalike: f.Lookalike, Final: f.Final, Network: string(f.Network),
		TxID: string(f.TxID), Asset: optional(f.Symbol), Contract: f.Contract, Units: f.Units.String(),
		From: optional(f.From), To: string(f.To), Block: decimalOf(f.Height), BlockTime: f.BlockTime,
		Confirmations: int(f.Confirmations), Needed: int(f.Needed), //nolint:gosec // at most some thousands
		Decided: optional(f.Decided),
	}
	if f.Symbol != "" {
		amount := money.FormatUnits(f.Units, int(f.Decimals))
		shown.Amount = &amount
	}
	if f.By != nil {
		by := f.By.String()
		shown.ByUnits = &by
	}
	if f.Off > 0 {
		off := int(f.Off / time.Second)
		shown.OffSeconds = &off
	}
	return shown
}

// SignedReceipt answers the receipt of a payment under the gateway's signature.
func (r ofPayment) SignedReceipt(ctx context.Context, of *Payment) (*string, error) {
	if of.session.Status != checkout.Settled {
		return nil, nil //nolint:nilnil // there is nothing to sign
	}
	signed, err := r.Attestations.Receipt(ctx, of.session.ID)
	var refused *fault.Fault
	if errors.As(err, &refused) && refused.Kind == fault.Conflict {
		return nil, nil //nolint:nilnil // it was undone meanwhile
	}
	return optional(signed.JWS), err
}

// Entries lists what a payment's transfers were booked as.
func (r ofPayment) Entries(ctx context.Context, of *Payment) ([]*Entry, error) {
	booked, err := r.Chronicle.Entries(ctx, owner(of), of.session)
	return each(booked, showEntry), err
}

// Events lists what told of a payment.
func (r ofPayment) Events(ctx context.Context, of *Payment, first *int) ([]*Event, error) {
	size, err := sizeOf(first)
	if err != nil {
		return nil, err
	}
	events, _, err := r.Webhooks.List(ctx, owner(of), app.EventFilter{SessionID: of.ID, Limit: size})
	return r.showEvents(owner(of), events), err
}

func (a *API) showEvents(who merchant.Principal, events []webhook.Event) []*Event {
	together := deliveriesOf(a, who, events)
	return each(events, func(e webhook.Event) *Event {
		return &Event{
			ID: e.ID, Type: string(e.Type), Mode: showMode(e.Mode), PaymentID: optional(e.SessionID),
			Body: string(e.Body), CreatedAt: e.CreatedAt, owed: together,
		}
	})
}
