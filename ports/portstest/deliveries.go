package portstest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

var deliveryPromises = []promise{
	{"a delivery is loaded with its event and endpoint", deliveriesLoaded},
	{"an unknown delivery is not found", deliveriesUnknown},
	{"saving replaces status, counters and next attempt", deliveriesSaved},
	{"attempts at one delivery lose no count", deliveriesLocked},
	{"attempts are listed whole, oldest first, to their project only", deliveriesAttempts},
	{"a further delivery of an event is a delivery of its own", deliveriesAgain},
	{"an endpoint's deliveries are listed newest first, to their project only", deliveriesOfEndpoint},
}

func loadCase(t *testing.T, w World, id string) ports.DeliveryCase {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) (ports.DeliveryCase, error) {
		return r.Webhooks.Deliveries().Load(ctx, id)
	})
}

// owe records an event and a delivery of it to a new endpoint.
func (s Shop) owe(t *testing.T) ports.DeliveryCase {
	t.Helper()
	endpoint := s.AddEndpoint(t, merchant.Test, Epoch)
	event := s.MakeEvent(1, Epoch)
	delivery := Owed(event, endpoint)
	s.addEvent(t, event, delivery)
	return ports.DeliveryCase{Delivery: delivery, Event: event, Endpoint: endpoint}
}

func deliveriesLoaded(t *testing.T, w World) {
	shop := OpenShop(t, w)
	want := shop.owe(t)
	shop.owe(t)
	got := loadCase(t, w, want.Delivery.ID)
	same(t, got, want)
	same(t, string(got.Event.Body), string(want.Event.Body))
}

func deliveriesUnknown(t *testing.T, w World) {
	OpenShop(t, w).owe(t)
	for _, id := range append([]string{"del_" + UUID()}, hostile...) {
		refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
			_, err := r.Webhooks.Deliveries().Load(ctx, id)
			return err
		})
	}
}

func deliveriesSaved(t *testing.T, w World) {
	shop := OpenShop(t, w)
	want, neighbour := shop.owe(t), shop.owe(t)
	d := &want.Delivery
	d.Status, d.Attempts, d.Round, d.UpdatedAt = webhook.Failed, 9, 2, Epoch.Add(time.Hour)
	d.NextAt = time.Time{}
	saveDelivery(t, w, *d)
	same(t, loadCase(t, w, d.ID), want)
	d.Status, d.NextAt = webhook.Pending, Epoch.Add(2*time.Hour)
	saveDelivery(t, w, *d)
	same(t, loadCase(t, w, d.ID), want)
	same(t, loadCase(t, w, neighbour.Delivery.ID), neighbour)
}

func deliveriesLocked(t *testing.T, w World) {
	want := OpenShop(t, w).owe(t)
	allWon(t, race(racers, func(int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			c, err := r.Webhooks.Deliveries().Load(ctx, want.Delivery.ID)
			if err != nil {
				return err
			}
			c.Delivery.Attempts++
			attempt := MakeAttempt(c.Delivery, c.Delivery.Attempts)
			if err := r.Webhooks.Deliveries().AddAttempt(ctx, attempt); err != nil {
				return err
			}
			return r.Webhooks.Deliveries().Save(ctx, c.Delivery)
		})
	}))
	same(t, loadCase(t, w, want.Delivery.ID).Delivery.Attempts, racers)
}

func deliveriesAttempts(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	c, neighbour := shop.owe(t), shop.owe(t)
	addAttempt(t, w, MakeAttempt(neighbour.Delivery, 1))
	var want []webhook.Attempt
	for _, n := range []int{1, 2, 3, 4, 10, 11} {
		a := MakeAttempt(c.Delivery, n)
		if n == 2 {
			a.StatusCode, a.Outcome, a.Answer, a.Sent, a.Answered = 0, "timeout", "", nil, nil
		}
		want = append(want, a)
		given := a
		given.Sent = slices.Clone(a.Sent)
		addAttempt(t, w, given)
		for i := range given.Sent {
			given.Sent[i].Value = "changed by whoever wrote it"
		}
	}
	got, err := w.Webhooks.Attempts(t.Context(), shop.Project.ID, c.Delivery.ID)
	ok(t, err)
	same(t, got, want)
	got[0].Sent[0].Value = "changed by whoever read it"
	got, err = w.Webhooks.Attempts(t.Context(), shop.Project.ID, c.Delivery.ID)
	ok(t, err)
	same(t, got, want)
	_, err = w.Webhooks.Attempts(t.Context(), other.Project.ID, c.Delivery.ID)
	isFault(t, err, ports.ErrNotFound)
	for _, id := range append([]string{"del_" + UUID()}, hostile...) {
		_, err = w.Webhooks.Attempts(t.Context(), shop.Project.ID, id)
		isFault(t, err, ports.ErrNotFound)
	}
	several := []string{c.Delivery.ID, neighbour.Delivery.ID, "del_" + UUID()}
	byDelivery, err := w.Webhooks.AttemptsOf(t.Context(), shop.Project.ID, append(several, hostile...))
	ok(t, err)
	same(t, byDelivery, map[string][]webhook.Attempt{
		c.Delivery.ID: want, neighbour.Delivery.ID: {MakeAttempt(neighbour.Delivery, 1)},
	})
	byDelivery, err = w.Webhooks.AttemptsOf(t.Context(), other.Project.ID, several)
	ok(t, err)
	same(t, len(byDelivery), 0)
	byEvent, err := w.Webhooks.DeliveriesOf(
		t.Context(), shop.Project.ID, append([]string{c.Event.ID, neighbour.Event.ID}, hostile...))
	ok(t, err)
	same(t, byEvent, map[string][]webhook.Delivery{
		c.Event.ID: {c.Delivery}, neighbour.Event.ID: {neighbour.Delivery},
	})
	byEvent, err = w.Webhooks.DeliveriesOf(t.Context(), other.Project.ID, []string{c.Event.ID})
	ok(t, err)
	same(t, len(byEvent), 0)
	untried := shop.owe(t)
	got, err = w.Webhooks.Attempts(t.Context(), shop.Project.ID, untried.Delivery.ID)
	ok(t, err)
	same(t, got, []webhook.Attempt(nil))
}

func deliveriesAgain(t *testing.T, w World) {
	shop := OpenShop(t, w)
	c := shop.owe(t)
	endpoint := shop.AddEndpoint(t, merchant.Test, Epoch)
	again := Owed(c.Event, endpoint)
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Webhooks.Deliveries().Add(ctx, again)
	})
	same(t, len(ofEvent(t, w, c.Event.ID)), 2)
	same(t, loadCase(t, w, again.ID), ports.DeliveryCase{
		Delivery: again, Event: c.Event, Endpoint: endpoint,
	})
	same(t, loadCase(t, w, c.Delivery.ID), c)
}

func deliveriesOfEndpoint(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	endpoint := shop.AddEndpoint(t, merchant.Test, Epoch)
	shop.owe(t)
	var want []ports.DeliveryCase
	for i := range 5 {
		event := shop.MakeEvent(int64(i), Epoch.Add(time.Duration(i)*time.Second))
		delivery := Owed(event, endpoint)
		shop.addEvent(t, event, delivery)
		want = append(
			[]ports.DeliveryCase{{Delivery: delivery, Event: event, Endpoint: endpoint}}, want...,
		)
	}
	got, err := w.Webhooks.EndpointDeliveries(t.Context(), shop.Project.ID, endpoint.ID, 10)
	ok(t, err)
	same(t, got, want)
	got, err = w.Webhooks.EndpointDeliveries(t.Context(), shop.Project.ID, endpoint.ID, 3)
	ok(t, err)
	same(t, got, want[:3])
	got, _ = w.Webhooks.EndpointDeliveries(t.Context(), other.Project.ID, endpoint.ID, 10)
	same(t, len(got), 0)
}
