package graphql

import (
	"context"
	"slices"
	"strings"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// WebhookEndpoints lists where a project is told.
func (q queries) WebhookEndpoints(ctx context.Context, project string, mode Mode) ([]*WebhookEndpoint, error) {
	who, err := q.enter(ctx, member.ReadSetup, project, mode)
	if err != nil {
		return nil, err
	}
	list, err := q.Webhooks.Endpoints(ctx, who)
	return each(list, func(e webhook.Endpoint) *WebhookEndpoint { return showEndpoint(who, e) }), err
}

// WebhookEndpoint finds an endpoint.
func (q queries) WebhookEndpoint(ctx context.Context, project string, mode Mode, id string) (*WebhookEndpoint, error) {
	who, err := q.enter(ctx, member.ReadSetup, project, mode)
	if err != nil {
		return nil, err
	}
	e, err := q.Webhooks.Endpoint(ctx, who, id)
	if err != nil {
		return nil, err
	}
	return showEndpoint(who, e), nil
}

func showEndpoint(who merchant.Principal, e webhook.Endpoint) *WebhookEndpoint {
	return &WebhookEndpoint{
		ID: e.ID, Mode: showMode(e.Mode), URL: e.URL, Description: e.Description, Types: each(e.Types, typeName),
		Enabled: e.Enabled, DisabledFor: optional(e.DisabledFor), Failures: e.Failures,
		FailingSince: moment(e.FailingSince), SecondSecretUntil: moment(e.SecondUntil), CreatedAt: e.CreatedAt,
		who: who,
	}
}

func typeName(t webhook.Type) string { return string(t) }

// WebhookEventTypes lists what an endpoint can ask for.
func (q queries) WebhookEventTypes(ctx context.Context) ([]string, error) {
	if _, err := q.actor(ctx); err != nil {
		return nil, err
	}
	return each(webhook.Types(), typeName), nil
}

// Deliveries lists the newest deliveries to an endpoint.
func (r ofEndpoint) Deliveries(ctx context.Context, of *WebhookEndpoint, first *int) ([]*Delivery, error) {
	size, err := sizeOf(first)
	if err != nil {
		return nil, err
	}
	cases, err := r.Webhooks.Recent(ctx, of.who, of.ID, size)
	if err != nil {
		return nil, err
	}
	events := make(map[string]webhook.Event, len(cases))
	for _, c := range cases {
		events[c.Delivery.ID] = c.Event
	}
	list := each(cases, func(c ports.DeliveryCase) webhook.Delivery { return c.Delivery })
	return r.showDeliveries(of.who, list, func(d webhook.Delivery) webhook.Event { return events[d.ID] }), nil
}

func (a *API) showDeliveries(
	who merchant.Principal, list []webhook.Delivery, of func(webhook.Delivery) webhook.Event,
) []*Delivery {
	tried := attemptsOf(a, who, list)
	return each(list, func(d webhook.Delivery) *Delivery {
		e := of(d)
		return &Delivery{
			ID: d.ID, EventID: d.EventID, EventType: string(e.Type), Body: string(e.Body), EndpointID: d.EndpointID,
			Status: DeliveryStatus(strings.ToUpper(string(d.Status))), AttemptCount: d.Attempts,
			NextAt: moment(d.NextAt), UpdatedAt: d.UpdatedAt, tried: tried,
		}
	})
}

// Attempts lists every HTTP try of a delivery.
func (r ofDelivery) Attempts(ctx context.Context, of *Delivery) ([]*DeliveryAttempt, error) {
	tried, err := of.tried.of(ctx, of.ID)
	return each(tried, func(t webhook.Attempt) *DeliveryAttempt {
		shown := &DeliveryAttempt{
			Number: t.Number, At: t.At, TookMilliseconds: int(t.Took.Milliseconds()), Outcome: t.Outcome, Answer: t.Answer,
			RequestHead: each(t.Sent, showHeader), AnswerHead: each(t.Answered, showHeader),
		}
		if t.StatusCode != 0 {
			shown.StatusCode = &t.StatusCode
		}
		return shown
	}), err
}

func showHeader(h webhook.Header) *HTTPHeader { return &HTTPHeader{Name: h.Name, Value: h.Value} }

// Events pages through a project's events.
func (q queries) Events(
	ctx context.Context, project string, mode Mode, typeArg, payment *string, first *int, after *string,
) (*EventConnection, error) {
	who, err := q.enter(ctx, member.ReadMoney, project, mode)
	if err != nil {
		return nil, err
	}
	f := app.EventFilter{}
	if f.Limit, err = sizeOf(first); err != nil {
		return nil, err
	}
	at := list{q.API, "events", who}
	from, err := at.read(after)
	if err != nil {
		return nil, err
	}
	f.Before = ports.EventMark{At: from.at, ID: from.id}
	if typeArg != nil {
		if f.Type = webhook.Type(*typeArg); !slices.Contains(webhook.Types(), f.Type) {
			return nil, webhook.ErrInvalidTypes.Saying("type must be a known event type").About("type")
		}
	}
	if payment != nil {
		// A payment of another place is as unknown as one that does not exist.
		of, s, err := q.payment(ctx, member.ReadMoney, *payment)
		if err != nil {
			return nil, err
		}
		if of != who {
			return nil, ports.ErrNotFound
		}
		f.SessionID = string(s.ID)
	}
	events, more, err := q.Webhooks.List(ctx, who, f)
	if err != nil {
		return nil, err
	}
	return &EventConnection{listed[webhook.Event, Event, EventEdge]{
		sheet: sheet[webhook.Event]{rows: events, more: more, cursor: func(e *webhook.Event) string {
			return at.cursor(mark{e.CreatedAt, e.ID})
		}},
		as: eventPages, edge: eventEdge,
		show: func(events []webhook.Event) []*Event { return q.showEvents(who, events) },
	}}, nil
}

// Event finds an event.
func (q queries) Event(ctx context.Context, project string, mode Mode, id string) (*Event, error) {
	who, err := q.enter(ctx, member.ReadMoney, project, mode)
	if err != nil {
		return nil, err
	}
	e, _, err := q.Webhooks.Event(ctx, who, id)
	if err != nil {
		return nil, err
	}
	return q.showEvents(who, []webhook.Event{e})[0], nil
}

// Deliveries lists what is owed for an event.
func (r ofEvent) Deliveries(ctx context.Context, of *Event) ([]*Delivery, error) {
	owed, err := of.owed.of(ctx, of.ID)
	if owed == nil {
		owed = []*Delivery{}
	}
	return owed, err
}
