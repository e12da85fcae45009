package portstest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var guardPromises = []promise{
	{"an address shows everybody who receives there", guardAt},
	{"of many who look at an address at once each sees those before", guardAtRace},
	{"what became current and was not told is due", guardDue},
	{"all accounts are paged through", guardAll},
	{"a waiting time is kept for its project", guardWait},
}

func (w World) at(t *testing.T, at chain.Address, since time.Time) []merchant.ReceivingAccount {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) ([]merchant.ReceivingAccount, error) {
		return r.Addresses.At(ctx, at, since)
	})
}

func guardAt(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	shared := Address()
	second := shop.addReceiving(t, shared, Epoch.Add(time.Hour))
	first := other.addReceiving(t, shared, Epoch)
	shop.addSomewhere(t, Epoch)
	same(t, w.at(t, shared, Epoch), []merchant.ReceivingAccount{first, second})
	same(t, w.at(t, Address(), Epoch), []merchant.ReceivingAccount(nil))
	first.RemovedAt = Epoch.Add(2 * time.Hour)
	w.save(t, first)
	same(t, w.at(t, shared, first.RemovedAt), []merchant.ReceivingAccount{first, second})
	same(t, w.at(t, shared, first.RemovedAt.Add(time.Second)), []merchant.ReceivingAccount{second})
}

// addSomewhere gives the shop an account elsewhere.
func (s Shop) addSomewhere(t *testing.T, created time.Time) merchant.ReceivingAccount {
	t.Helper()
	a := s.Receive(Address(), created)
	a.Network = chain.Ethereum
	do(t, s.World, func(ctx context.Context, r ports.Repos) error { return r.Receiving.Add(ctx, a) })
	return a
}

// Whoever finds nobody at an address is the first there, and there is one first.
func guardAtRace(t *testing.T, w World) {
	shared := Address()
	shops := make([]Shop, racers)
	for i := range shops {
		shops[i] = OpenShop(t, w)
	}
	oneWinner(t, race(racers, func(i int) error {
		a := shops[i].Receive(shared, Epoch)
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			found, err := r.Addresses.At(ctx, shared, Epoch)
			if err != nil {
				return err
			}
			if len(found) > 0 {
				return ports.ErrTaken
			}
			return r.Receiving.Add(ctx, a)
		})
	}), ports.ErrTaken)
}

func guardDue(t *testing.T, w World) {
	shop, other, third := OpenShop(t, w), OpenShop(t, w), OpenShop(t, w)
	due := func(now time.Time, limit int) []merchant.ReceivingAccount {
		t.Helper()
		return in(t, w, func(ctx context.Context, r ports.Repos) ([]merchant.ReceivingAccount, error) {
			return r.Addresses.Due(ctx, now, limit)
		})
	}
	untold := func(s Shop, from, until time.Time) merchant.ReceivingAccount {
		a := s.Receive(Address(), Epoch)
		a.ActiveFrom, a.RemovedAt, a.ToldAt = from, until, time.Time{}
		do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Receiving.Add(ctx, a) })
		return a
	}
	later := untold(shop, Epoch.Add(2*time.Hour), time.Time{})
	sooner := untold(other, Epoch.Add(time.Hour), time.Time{})
	untold(third, Epoch.Add(time.Hour), Epoch.Add(time.Minute)) // taken back before it began
	third.addReceiving(t, Address(), Epoch)                     // told
	same(t, due(Epoch.Add(time.Hour-time.Second), 10), []merchant.ReceivingAccount(nil))
	same(t, due(Epoch.Add(time.Hour), 10), []merchant.ReceivingAccount{sooner})
	same(t, due(Epoch.Add(2*time.Hour), 10), []merchant.ReceivingAccount{sooner, later})
	same(t, due(Epoch.Add(2*time.Hour), 1), []merchant.ReceivingAccount{sooner})
	sooner.ToldAt = Epoch.Add(2 * time.Hour)
	w.save(t, sooner)
	same(t, due(Epoch.Add(2*time.Hour), 10), []merchant.ReceivingAccount{later})
}

func guardAll(t *testing.T, w World) {
	var want []merchant.ReceivingAccount
	for range 5 {
		want = append(want, OpenShop(t, w).addReceiving(t, Address(), Epoch))
	}
	ended := OpenShop(t, w).addReceiving(t, Address(), Epoch)
	ended.RemovedAt = Epoch.Add(time.Hour)
	w.save(t, ended)
	slices.SortFunc(want, func(a, b merchant.ReceivingAccount) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	var got []merchant.ReceivingAccount
	var after merchant.ReceivingID
	for {
		page := in(t, w, func(ctx context.Context, r ports.Repos) ([]merchant.ReceivingAccount, error) {
			return r.Addresses.All(ctx, after, ended.RemovedAt, 2)
		})
		if len(page) == 0 {
			break
		}
		got, after = append(got, page...), page[len(page)-1].ID
	}
	same(t, got, want)
}

func guardWait(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	wait := func(s Shop) merchant.ChangeWait {
		t.Helper()
		return in(t, w, func(ctx context.Context, r ports.Repos) (merchant.ChangeWait, error) {
			return r.Addresses.Wait(ctx, s.Project.ID)
		})
	}
	same(t, wait(shop), merchant.DefaultChangeWait())
	for _, want := range []merchant.ChangeWait{
		{Hours: 24, NextHours: 1, NextFrom: Epoch.Add(24 * time.Hour)}, {Hours: 168},
	} {
		do(t, w, func(ctx context.Context, r ports.Repos) error {
			return r.Addresses.SetWait(ctx, shop.Project.ID, want)
		})
		same(t, wait(shop), want)
	}
	same(t, wait(other), merchant.DefaultChangeWait())
}
