package graphql

import (
	"context"
	"sync"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
)

// together loads something for all items of a list by one read, when the first of them is asked for it. It
// lives as long as the request that made the list.
type together[T any] struct {
	load func(ctx context.Context) (map[string]T, error)

	once  sync.Once
	found map[string]T
	err   error
}

func (t *together[T]) of(ctx context.Context, id string) (T, error) {
	t.once.Do(func() { t.found, t.err = t.load(ctx) })
	return t.found[id], t.err
}

// deliveriesTogether are what is owed for the events of a list.
type deliveriesTogether = together[[]*Delivery]

// attemptsTogether are the attempts of the deliveries of a list.
type attemptsTogether = together[[]webhook.Attempt]

func deliveriesOf(a *API, who merchant.Principal, events []webhook.Event) *deliveriesTogether {
	return &deliveriesTogether{load: func(ctx context.Context) (map[string][]*Delivery, error) {
		ids, known := make([]string, len(events)), make(map[string]webhook.Event, len(events))
		for i, e := range events {
			ids[i], known[e.ID] = e.ID, e
		}
		owed, err := a.Webhooks.DeliveriesOf(ctx, who, ids)
		if err != nil {
			return nil, err
		}
		var all []webhook.Delivery
		for _, id := range ids {
			all = append(all, owed[id]...)
		}
		out := make(map[string][]*Delivery, len(events))
		for _, d := range a.showDeliveries(who, all, func(d webhook.Delivery) webhook.Event { return known[d.EventID] }) {
			out[d.EventID] = append(out[d.EventID], d)
		}
		return out, nil
	}}
}

func attemptsOf(a *API, who merchant.Principal, deliveries []webhook.Delivery) *attemptsTogether {
	return &attemptsTogether{load: func(ctx context.Context) (map[string][]webhook.Attempt, error) {
		ids := make([]string, len(deliveries))
		for i, d := range deliveries {
			ids[i] = d.ID
		}
		return a.Webhooks.AttemptsOf(ctx, who, ids)
	}}
}
