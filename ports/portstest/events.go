package portstest

import (
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

var eventPromises = []promise{
	{"an event is found with its deliveries, its body byte for byte", eventsFound},
	{"an event of another project is not found", eventsForeign},
	{"pages show every event once, newest first, even those of one instant", eventsPages},
	{"a list of events is filtered by mode, type and session", eventsFilters},
}

// eventList reads a list of events to its end, three at a time.
func eventList(t *testing.T, w World, q ports.EventQuery) []webhook.Event {
	t.Helper()
	var all []webhook.Event
	for {
		q.Limit = 3
		page, more, err := w.Webhooks.Events(t.Context(), q)
		ok(t, err)
		if len(page) > q.Limit {
			t.Fatalf("a page of %d events, asked for %d", len(page), q.Limit)
		}
		all = append(all, page...)
		if !more {
			return all
		}
		if len(page) != q.Limit {
			t.Fatalf("more follows, but the page holds %d of %d", len(page), q.Limit)
		}
		last := page[len(page)-1]
		q.Before = ports.EventMark{At: last.CreatedAt, ID: last.ID}
	}
}

// told reads a list of events to its end and checks that it holds exactly the wanted ones, newest
// first.
func told(t *testing.T, w World, q ports.EventQuery, want ...webhook.Event) {
	t.Helper()
	left := make(map[string]webhook.Event, len(want))
	for _, e := range want {
		left[e.ID] = e
	}
	got := eventList(t, w, q)
	for _, e := range got {
		expected, known := left[e.ID]
		if !known {
			t.Fatalf("event %s is listed twice or does not belong here", e.ID)
		}
		delete(left, e.ID)
		same(t, e, expected)
	}
	if len(left) > 0 {
		t.Fatalf("%d events are missing from the list", len(left))
	}
	newestFirst := func(a, b webhook.Event) int { return b.CreatedAt.Compare(a.CreatedAt) }
	if !slices.IsSortedFunc(got, newestFirst) {
		t.Fatal("the list is not newest first")
	}
}

func eventsFound(t *testing.T, w World) {
	shop := OpenShop(t, w)
	c := shop.owe(t)
	second := Owed(c.Event, shop.AddEndpoint(t, merchant.Test, Epoch))
	quiet := shop.MakeEvent(2, Epoch)
	shop.addEvent(t, quiet)
	event, deliveries, err := w.Webhooks.Event(t.Context(), shop.Project.ID, c.Event.ID)
	ok(t, err)
	same(t, event, c.Event)
	same(t, string(event.Body), string(c.Event.Body))
	same(t, deliveries, []webhook.Delivery{c.Delivery})

	_, deliveries, err = w.Webhooks.Event(t.Context(), shop.Project.ID, quiet.ID)
	ok(t, err)
	same(t, deliveries, []webhook.Delivery(nil))

	third := shop.MakeEvent(3, Epoch)
	second.EventID = third.ID
	shop.addEvent(t, third, second)
	same(t, ofEvent(t, w, third.ID), []webhook.Delivery{second})
}

func eventsForeign(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	c := shop.owe(t)
	_, _, err := w.Webhooks.Event(t.Context(), other.Project.ID, c.Event.ID)
	isFault(t, err, ports.ErrNotFound)
	for _, id := range append([]string{"evt_" + UUID()}, hostile...) {
		_, _, err = w.Webhooks.Event(t.Context(), shop.Project.ID, id)
		isFault(t, err, ports.ErrNotFound)
	}
	told(t, w, ports.EventQuery{Project: other.Project.ID})
}

func eventsPages(t *testing.T, w World) {
	shop := OpenShop(t, w)
	q := ports.EventQuery{Project: shop.Project.ID}
	told(t, w, q)
	var all []webhook.Event
	for i, seconds := range []int{3, 0, 0, 0, 0, 1, 2, 2, 5} {
		e := shop.MakeEvent(int64(i), Epoch.Add(time.Duration(seconds)*time.Second))
		shop.addEvent(t, e)
		all = append(all, e)
		told(t, w, q, all...)
	}
}

func eventsFilters(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session := shop.AddSession(t, Epoch)
	paid, expired, live := shop.MakeEvent(1, Epoch), shop.MakeEvent(2, Epoch), shop.MakeEvent(3, Epoch)
	paid.SessionID = string(session.ID())
	expired.Type = webhook.PaymentExpired
	live.Mode = merchant.Live
	for _, e := range []webhook.Event{paid, expired, live} {
		shop.addEvent(t, e)
	}
	p := shop.Project.ID
	told(t, w, ports.EventQuery{Project: p}, paid, expired, live)
	told(t, w, ports.EventQuery{Project: p, Mode: merchant.Test}, paid, expired)
	told(t, w, ports.EventQuery{Project: p, Mode: merchant.Live}, live)
	told(t, w, ports.EventQuery{Project: p, Type: webhook.PaymentExpired}, expired)
	told(t, w, ports.EventQuery{Project: p, Type: webhook.PaymentLate})
	told(t, w, ports.EventQuery{Project: p, SessionID: string(session.ID())}, paid)
	told(t, w, ports.EventQuery{Project: p, SessionID: string(checkout.SessionID(UUID()))})
}
