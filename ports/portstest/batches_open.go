package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

func addAll(
	t *testing.T, w World, list ...*checkout.Session,
) (taken map[checkout.SessionID]bool, err error) {
	t.Helper()
	err = w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) (err error) {
		taken, err = r.Sessions.AddAll(ctx, list)
		return err
	})
	return taken, err
}

func batchOpen(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	taken, err := addAll(t, w)
	ok(t, err)
	same(t, len(taken), 0)
	want := []*checkout.Session{
		other.MakeSession(t, Epoch), shop.MakeSession(t, Epoch, rich), shop.MakeSession(t, Epoch.Add(time.Hour)),
		shop.MakeSession(t, Epoch),
	}
	taken, err = addAll(t, w, want...)
	ok(t, err)
	same(t, len(taken), 0)
	for _, session := range want {
		got, err := w.Sessions.ByID(t.Context(), session.ID())
		ok(t, err)
		sameSession(t, got, session)
	}
	unreserved := shop.MakeSession(t, Epoch)
	ok(t, unreserved.Issue(MakeIntent(unreserved, Address(), 9_990_100), Epoch))
	if _, err := addAll(t, w, shop.MakeSession(t, Epoch), unreserved); err == nil {
		t.Fatal("an intent that holds no amount was recorded among others")
	}
}

func batchOpenTaken(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	shop.AddSession(t, Epoch, orderID("B"))
	live := func(s *checkout.Snapshot) { s.Mode = merchant.Live }
	there, second := shop.MakeSession(t, Epoch, orderID("B")), shop.MakeSession(t, Epoch, orderID("A"))
	first := shop.MakeSession(t, Epoch, orderID("A"))
	fresh := []*checkout.Session{
		first, other.MakeSession(t, Epoch, orderID("B")), shop.MakeSession(t, Epoch, orderID("B"), live),
		shop.MakeSession(t, Epoch, orderID("b")), shop.MakeSession(t, Epoch), shop.MakeSession(t, Epoch),
	}
	taken, err := addAll(t, w, append(append([]*checkout.Session{there}, fresh...), second)...)
	ok(t, err)
	same(t, taken, map[checkout.SessionID]bool{there.ID(): true, second.ID(): true})
	for _, session := range fresh {
		got, err := w.Sessions.ByID(t.Context(), session.ID())
		ok(t, err)
		sameSession(t, got, session)
	}
	same(t, shop.opened(t), []ports.DayOpened{{Day: Epoch.Truncate(day), Created: 5}})
	for _, session := range []*checkout.Session{there, second} {
		_, err := w.Sessions.ByID(t.Context(), session.ID())
		isFault(t, err, ports.ErrNotFound)
	}
}

// batchOpenRace: of many who take the same order ids, in any order, each is taken by one, and nobody fails.
func batchOpenRace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	references := []string{"A", "B", "C", "D"}
	taken := make([]map[checkout.SessionID]bool, racers)
	lists := make([][]*checkout.Session, racers)
	for i := range lists {
		for n := range references {
			lists[i] = append(lists[i], shop.MakeSession(t, Epoch, orderID(references[(n+i)%len(references)])))
		}
	}
	allWon(t, race(racers, func(i int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) (err error) {
			taken[i], err = r.Sessions.AddAll(ctx, lists[i])
			return err
		})
	}))
	opened := map[string]int{}
	for i, list := range lists {
		for _, session := range list {
			if !taken[i][session.ID()] {
				opened[session.Snapshot().OrderID]++
			}
		}
	}
	same(t, opened, map[string]int{"A": 1, "B": 1, "C": 1, "D": 1})
	same(t, shop.opened(t), []ports.DayOpened{{Day: Epoch.Truncate(day), Created: 4}})
}

func batchOffers(t *testing.T, w World) {
	shop, other, bare := OpenShop(t, w), OpenShop(t, w), OpenShop(t, w)
	now := Epoch.Add(time.Hour)
	for _, s := range []Shop{shop, other} {
		s.addReceiving(t, Address(), Epoch)
		s.addSource(t, merchant.SourceXpub)
		do(t, w, func(ctx context.Context, r ports.Repos) error {
			if err := r.Receiving.SetMethod(ctx, s.Project.ID, checkout.BTC, s.ID() == shop.ID()); err != nil {
				return err
			}
			return r.Receiving.SetMethod(ctx, s.Project.ID, checkout.USDT, true)
		})
	}
	ask := []merchant.ProjectID{other.Project.ID, merchant.ProjectID(UUID()), bare.Project.ID, shop.Project.ID}
	for _, id := range hostile {
		ask = append(ask, merchant.ProjectID(id))
	}
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		accounts, err := r.Receiving.ListOf(ctx, ask, now)
		ok(t, err)
		methods, err := r.Receiving.MethodsOf(ctx, ask)
		ok(t, err)
		sources, err := r.Sources.ListOf(ctx, ask)
		ok(t, err)
		for _, p := range ask {
			if p != shop.Project.ID && p != other.Project.ID {
				same(t, len(accounts[p])+len(methods[p])+len(sources[p]), 0)
			}
		}
		for _, s := range []Shop{shop, other} {
			p := s.Project.ID
			list, err := r.Receiving.List(ctx, p, now)
			ok(t, err)
			same(t, accounts[p], list)
			same(t, len(list), 1)
			same(t, methods[p], map[checkout.Method]bool{checkout.USDT: true, checkout.BTC: s.ID() == shop.ID()})
			own, err := r.Sources.List(ctx, p)
			ok(t, err)
			same(t, sources[p], own)
			same(t, len(own), 1)
		}
		return nil
	})
}
