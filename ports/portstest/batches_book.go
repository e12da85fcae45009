package portstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

func bookAll(ctx context.Context, r ports.Repos, txs ...ledger.Transaction) ([]ports.Booked, error) {
	return r.Ledger.BookAll(ctx, txs)
}

func batchBook(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	book(t, w, shop.Charge(t, 1, Epoch))
	live := other.Charge(t, 4, Epoch)
	live.Mode = merchant.Live
	live.Postings[0].Source = ledger.World(merchant.Live, "charge")
	live.Postings[0].Destination = ledger.Of(other.ID(), merchant.Live, ledger.Charged)
	txs := []ledger.Transaction{shop.Charge(t, 2, Epoch), other.Charge(t, 3, Epoch), live, shop.Charge(t, 5, Epoch)}
	booked := in(t, w, func(ctx context.Context, r ports.Repos) ([]ports.Booked, error) {
		if none, err := bookAll(ctx, r); err != nil || len(none) > 0 {
			return none, errors.Join(err, errors.New("something was booked out of nothing"))
		}
		return bookAll(ctx, r, txs...)
	})
	same(t, len(booked), len(txs))
	for i, tx := range txs {
		same(t, booked[i], findBooked(t, w, tx.MerchantID, tx.OrderNo))
		same(t, booked[i].Transaction, tx)
	}
	linked(t, w, shop.ID(), merchant.Test, 3)
	linked(t, w, other.ID(), merchant.Test, 1)
	linked(t, w, other.ID(), merchant.Live, 1)
}

func batchBookTaken(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	first, fresh, again := shop.Charge(t, 1, Epoch), shop.Charge(t, 2, Epoch), other.Charge(t, 3, Epoch)
	twin := other.Charge(t, 4, Epoch)
	again.SourceRef, twin.SourceRef = first.SourceRef, fresh.SourceRef
	book(t, w, first)
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		for _, batch := range [][]ledger.Transaction{{fresh, again}, {again, fresh}, {fresh, twin}} {
			if _, err := bookAll(ctx, r, batch...); !errors.Is(err, ports.ErrTaken) {
				return errors.Join(err, errors.New("a cause was booked twice"))
			}
		}
		_, err := r.Ledger.Book(ctx, fresh)
		return err
	})
	linked(t, w, shop.ID(), merchant.Test, 2)
	linked(t, w, other.ID(), merchant.Test, 0)
	invalid := shop.Charge(t, 5, Epoch)
	invalid.Postings = nil
	err := w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		_, err := bookAll(ctx, r, shop.Charge(t, 6, Epoch), invalid)
		return err
	})
	if err == nil {
		t.Fatal("an invalid transaction was booked among others")
	}
	linked(t, w, shop.ID(), merchant.Test, 2)
}

func batchBookRace(t *testing.T, w World) {
	shops := []Shop{OpenShop(t, w), OpenShop(t, w), OpenShop(t, w)}
	batches := make([][]ledger.Transaction, racers)
	for i := range batches {
		for n := range 2 * len(shops) {
			batches[i] = append(batches[i], shops[(i+n)%len(shops)].Charge(t, 1, Epoch))
		}
	}
	allWon(t, race(racers, func(i int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			_, err := bookAll(ctx, r, batches[i]...)
			return err
		})
	}))
	for _, shop := range shops {
		linked(t, w, shop.ID(), merchant.Test, 2*racers)
	}
}

func batchEndpoints(t *testing.T, w World) {
	shop, other, silent := OpenShop(t, w), OpenShop(t, w), OpenShop(t, w)
	second := shop.AddEndpoint(t, merchant.Test, Epoch.Add(time.Hour))
	first := shop.AddEndpoint(t, merchant.Test, Epoch)
	shop.AddEndpoint(t, merchant.Live, Epoch)
	theirs := other.AddEndpoint(t, merchant.Live, Epoch)
	of := func(s Shop, m merchant.Mode) ports.Audience { return ports.Audience{Project: s.Project.ID, Mode: m} }
	found := in(t, w, func(ctx context.Context, r ports.Repos) (map[ports.Audience][]webhook.Endpoint, error) {
		return r.Webhooks.EndpointsOf(ctx, []ports.Audience{
			of(shop, merchant.Test), of(other, merchant.Live), of(silent, merchant.Test),
			{Project: merchant.ProjectID(hostile[0]), Mode: merchant.Test},
		})
	})
	same(t, found[of(shop, merchant.Test)], []webhook.Endpoint{first, second})
	same(t, found[of(other, merchant.Live)], []webhook.Endpoint{theirs})
	same(t, found[of(silent, merchant.Test)], []webhook.Endpoint(nil))
	same(t, found[of(shop, merchant.Live)], []webhook.Endpoint(nil))
}

func batchEvents(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	till, web := shop.AddEndpoint(t, merchant.Test, Epoch), shop.AddEndpoint(t, merchant.Test, Epoch)
	theirs := other.AddEndpoint(t, merchant.Test, Epoch)
	one, two, quiet := shop.MakeEvent(1, Epoch), other.MakeEvent(2, Epoch), shop.MakeEvent(3, Epoch)
	owed := []webhook.Delivery{Owed(one, web), Owed(two, theirs), Owed(one, till)}
	owed[1].NextAt = time.Time{}
	add := func(events []webhook.Event, owed []webhook.Delivery) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Webhooks.AddEvents(ctx, events, owed)
		})
	}
	if err := add([]webhook.Event{one, quiet}, owed); err == nil {
		t.Fatal("a delivery of no event was recorded")
	}
	ok(t, add([]webhook.Event{one, two, quiet}, owed))
	told(t, w, ports.EventQuery{Project: shop.Project.ID}, one, quiet)
	told(t, w, ports.EventQuery{Project: other.Project.ID}, two)
	same(t, ofEvent(t, w, one.ID), []webhook.Delivery{owed[0], owed[2]})
	same(t, ofEvent(t, w, two.ID), []webhook.Delivery{owed[1]})
	same(t, ofEvent(t, w, quiet.ID), []webhook.Delivery(nil))
}

func batchJobs(t *testing.T, w World) {
	two := []ports.Job{Parcel{Number: 1, Label: "☕"}, Parcel{Number: 2}}
	stop := errors.New("stop")
	enqueue := func(js []ports.Job, outcome error) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return errors.Join(r.Jobs.EnqueueAll(ctx, js), outcome)
		})
	}
	ok(t, enqueue(nil, nil))
	isFault(t, enqueue(two, stop), stop)
	same(t, parcels(t, w), []Parcel(nil))
	ok(t, enqueue(two, nil))
	same(t, parcels(t, w), []Parcel{{Number: 1, Label: "☕"}, {Number: 2}})
}
