package portstest

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

var endpointPromises = []promise{
	{"an endpoint is kept whole and listed oldest first, per mode", endpointsListed},
	{"saving replaces everything but identity and creation", endpointsSaved},
	{"an endpoint of another project is not found", endpointsForeign},
	{"no more endpoints than the limit, however many are added at once", endpointsLimit},
	{"removing an endpoint fails what is pending and keeps what is done", endpointsRemoved},
}

// MakeEndpoint answers an endpoint of the shop, not recorded.
func (s Shop) MakeEndpoint(m merchant.Mode, created time.Time) webhook.Endpoint {
	secret := Unique()
	return webhook.Endpoint{
		ID: "we_" + UUID(), MerchantID: s.ID(), ProjectID: s.Project.ID, Mode: m,
		URL:         "https://shop.example/hooks?a=1",
		Types:       []webhook.Type{webhook.PaymentPaid, webhook.PaymentExpired},
		Description: "till", Secrets: [][]byte{secret[:]}, Enabled: true, CreatedAt: created,
	}
}

// AddEndpoint records an endpoint.
func (s Shop) AddEndpoint(t *testing.T, m merchant.Mode, created time.Time) webhook.Endpoint {
	t.Helper()
	e := s.MakeEndpoint(m, created)
	do(t, s.World, func(ctx context.Context, r ports.Repos) error {
		return r.Webhooks.AddEndpoint(ctx, e)
	})
	return e
}

func (s Shop) endpoints(t *testing.T, m merchant.Mode) []webhook.Endpoint {
	t.Helper()
	return in(t, s.World, func(ctx context.Context, r ports.Repos) ([]webhook.Endpoint, error) {
		return r.Webhooks.Endpoints(ctx, s.Project.ID, m)
	})
}

func endpointsListed(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	other.AddEndpoint(t, merchant.Test, Epoch)
	second := shop.AddEndpoint(t, merchant.Test, Epoch.Add(time.Hour))
	first := shop.MakeEndpoint(merchant.Test, Epoch)
	first.Types, first.Description, first.Enabled = nil, "", false
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Webhooks.AddEndpoint(ctx, first)
	})
	live := shop.AddEndpoint(t, merchant.Live, Epoch)
	same(t, shop.endpoints(t, merchant.Test), []webhook.Endpoint{first, second})
	same(t, shop.endpoints(t, merchant.Live), []webhook.Endpoint{live})
	same(t, other.endpoints(t, merchant.Live), []webhook.Endpoint(nil))
	loaded := in(t, w, func(ctx context.Context, r ports.Repos) (webhook.Endpoint, error) {
		return r.Webhooks.LoadEndpoint(ctx, shop.Project.ID, second.ID)
	})
	same(t, loaded, second)
}

func endpointsSaved(t *testing.T, w World) {
	shop := OpenShop(t, w)
	e := shop.AddEndpoint(t, merchant.Test, Epoch)
	neighbour := shop.AddEndpoint(t, merchant.Test, Epoch.Add(time.Second))
	want := e
	want.URL, want.Description = "https://shop.example/new", "web"
	want.Types = []webhook.Type{webhook.EndpointTest}
	want.Secrets, want.SecondUntil = [][]byte{{1, 2}, e.Secrets[0]}, Epoch.Add(24*time.Hour)
	want.Enabled, want.DisabledFor, want.Failures = false, "failing", 20
	want.FailingSince = Epoch.Add(time.Hour)
	forged := want
	forged.CreatedAt = Epoch.Add(time.Hour)
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Webhooks.SaveEndpoint(ctx, forged)
	})
	same(t, shop.endpoints(t, merchant.Test), []webhook.Endpoint{want, neighbour})
	want.Types = nil
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Webhooks.SaveEndpoint(ctx, want)
	})
	same(t, shop.endpoints(t, merchant.Test), []webhook.Endpoint{want, neighbour})
}

func endpointsForeign(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	e := shop.AddEndpoint(t, merchant.Test, Epoch)
	for _, id := range append(slices.Clone(hostile), e.ID, "we_"+UUID()) {
		refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
			_, err := r.Webhooks.LoadEndpoint(ctx, other.Project.ID, id)
			return err
		})
		refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
			return r.Webhooks.RemoveEndpoint(ctx, other.Project.ID, id)
		})
	}
	same(t, shop.endpoints(t, merchant.Test), []webhook.Endpoint{e})
}

func endpointsLimit(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	for range webhook.MaxEndpoints - 1 {
		shop.AddEndpoint(t, merchant.Test, Epoch)
	}
	oneWinner(t, race(racers, func(int) error {
		e := shop.MakeEndpoint(merchant.Test, Epoch)
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Webhooks.AddEndpoint(ctx, e)
		})
	}), webhook.ErrTooManyEndpoints)
	same(t, len(shop.endpoints(t, merchant.Test)), webhook.MaxEndpoints)
	shop.AddEndpoint(t, merchant.Live, Epoch)
	other.AddEndpoint(t, merchant.Test, Epoch)
}

func endpointsRemoved(t *testing.T, w World) {
	shop := OpenShop(t, w)
	e, kept := shop.AddEndpoint(t, merchant.Test, Epoch), shop.AddEndpoint(t, merchant.Test, Epoch)
	event := shop.MakeEvent(1, Epoch)
	pending, done, elsewhere := Owed(event, e), Owed(event, e), Owed(event, kept)
	shop.addEvent(t, event, pending, done, elsewhere)
	done.Status, done.Attempts = webhook.Delivered, 1
	saveDelivery(t, w, done)
	addAttempt(t, w, MakeAttempt(done, 1))
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Webhooks.RemoveEndpoint(ctx, shop.Project.ID, e.ID)
	})
	same(t, shop.endpoints(t, merchant.Test), []webhook.Endpoint{kept})
	statuses := make(map[string]webhook.DeliveryStatus)
	for _, d := range ofEvent(t, w, event.ID) {
		statuses[d.ID] = d.Status
	}
	same(t, statuses, map[string]webhook.DeliveryStatus{
		pending.ID: webhook.Failed, done.ID: webhook.Delivered, elsewhere.ID: webhook.Pending,
	})
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Webhooks.Deliveries().Load(ctx, pending.ID)
		return err
	})
	attempts, err := w.Webhooks.Attempts(t.Context(), shop.Project.ID, done.ID)
	ok(t, err)
	same(t, attempts, []webhook.Attempt{MakeAttempt(done, 1)})
}

// MakeEvent answers the news of a payment, not recorded.
func (s Shop) MakeEvent(version int64, created time.Time) webhook.Event {
	return webhook.Event{
		ID: "evt_" + UUID(), MerchantID: s.ID(), ProjectID: s.Project.ID, Mode: merchant.Test,
		Type: webhook.PaymentPaid, Version: version, CreatedAt: created,
		Body: []byte(`{"b":1, "a":"☕ <&> ` + strconv.FormatInt(version, 10) + `"}`),
	}
}

// Owed answers a pending delivery of an event to an endpoint, not recorded.
func Owed(e webhook.Event, to webhook.Endpoint) webhook.Delivery {
	return webhook.Delivery{
		ID: "del_" + UUID(), EventID: e.ID, EndpointID: to.ID, MerchantID: e.MerchantID,
		Status: webhook.Pending, NextAt: e.CreatedAt, UpdatedAt: e.CreatedAt,
	}
}

// MakeAttempt answers a try to make a delivery, not recorded.
func MakeAttempt(d webhook.Delivery, number int) webhook.Attempt {
	return webhook.Attempt{
		DeliveryID: d.ID, Number: number, At: Epoch.Add(time.Duration(number) * time.Second),
		Took: 123 * time.Millisecond, StatusCode: 503, Outcome: "status", Answer: "try \"later\"",
		Sent: []webhook.Header{
			{Name: "Webhook-Signature", Value: "v1," + strconv.Itoa(number) + `="\ ☕`}, {Name: "Host", Value: "shop.example"},
		},
		Answered: []webhook.Header{{Name: "Retry-After", Value: "7"}},
	}
}

func (s Shop) addEvent(t *testing.T, e webhook.Event, ds ...webhook.Delivery) {
	t.Helper()
	do(t, s.World, func(ctx context.Context, r ports.Repos) error {
		return r.Webhooks.AddEvents(ctx, []webhook.Event{e}, ds)
	})
}

func saveDelivery(t *testing.T, w World, d webhook.Delivery) {
	t.Helper()
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Webhooks.Deliveries().Save(ctx, d)
	})
}

func addAttempt(t *testing.T, w World, a webhook.Attempt) {
	t.Helper()
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Webhooks.Deliveries().AddAttempt(ctx, a)
	})
}

func ofEvent(t *testing.T, w World, id string) []webhook.Delivery {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) ([]webhook.Delivery, error) {
		return r.Webhooks.Deliveries().OfEvent(ctx, id)
	})
}
