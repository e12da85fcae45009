package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var receivingPromises = []promise{
	{"an account is listed, whole", receivingAdded},
	{"an account without an end keeps its place", receivingPlace},
	{"each network and each asset has an account of its own", receivingApart},
	{"an address may serve two projects", receivingShared},
	{"of many accounts added at once one is kept", receivingRace},
	{"save changes label, end, seal and what was told, and nothing else", receivingSave},
	{"an account that is not there cannot be saved", receivingNone},
	{"load answers what lasts, oldest first", receivingLoad},
	{"accounts loaded at once are changed one after the other", receivingTurns},
	{"methods are remembered as they were switched", receivingMethods},
}

// Receive answers an account for USDT at an address, not recorded.
func (s Shop) Receive(at chain.Address, created time.Time) merchant.ReceivingAccount {
	return merchant.ReceivingAccount{
		ID: merchant.ReceivingID(UUID()), MerchantID: s.ID(), ProjectID: s.Project.ID,
		Network: chain.Tron, Asset: "USDT", Address: at, Label: "main", CreatedAt: created,
		ActiveFrom: created, ToldAt: created, Seal: "5ea1",
	}
}

func (s Shop) addReceiving(
	t *testing.T, at chain.Address, created time.Time,
) merchant.ReceivingAccount {
	t.Helper()
	a := s.Receive(at, created)
	do(t, s.World, func(ctx context.Context, r ports.Repos) error { return r.Receiving.Add(ctx, a) })
	return a
}

// receiving lists what has not ended, seen from long after.
func (s Shop) receiving(t *testing.T) []merchant.ReceivingAccount {
	t.Helper()
	return s.receivingAt(t, Epoch.Add(1000*time.Hour))
}

func (s Shop) receivingAt(t *testing.T, now time.Time) []merchant.ReceivingAccount {
	t.Helper()
	return in(t, s.World, func(ctx context.Context, r ports.Repos) ([]merchant.ReceivingAccount, error) {
		return r.Receiving.List(ctx, s.Project.ID, now)
	})
}

// save replaces an account; its label, end and so on.
func (w World) save(t *testing.T, accounts ...merchant.ReceivingAccount) {
	t.Helper()
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		for _, a := range accounts {
			if err := r.Receiving.Save(ctx, a); err != nil {
				return err
			}
		}
		return nil
	})
}

// replaceReceiving puts an account in the place of another from an instant on.
func (s Shop) replaceReceiving(
	t *testing.T, was merchant.ReceivingAccount, at chain.Address, from time.Time,
) (ended, next merchant.ReceivingAccount) {
	t.Helper()
	ended, next = was, s.Receive(at, was.CreatedAt.Add(time.Minute))
	ended.RemovedAt, next.ActiveFrom, next.Replaces = from, from, was.ID
	do(t, s.World, func(ctx context.Context, r ports.Repos) error {
		if err := r.Receiving.Save(ctx, ended); err != nil {
			return err
		}
		return r.Receiving.Add(ctx, next)
	})
	return ended, next
}

func receivingAdded(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	a := shop.Receive(Address(), Epoch)
	a.ActiveFrom, a.ToldAt, a.Proven = Epoch.Add(time.Hour), time.Time{}, true
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Receiving.Add(ctx, a) })
	same(t, shop.receiving(t), []merchant.ReceivingAccount{a})
	same(t, shop.receivingAt(t, Epoch), []merchant.ReceivingAccount{a}) // pending ones too
	same(t, other.receiving(t), []merchant.ReceivingAccount(nil))
}

func receivingPlace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	first := shop.addReceiving(t, Address(), Epoch)
	refused(t, w, ports.ErrTaken, func(ctx context.Context, r ports.Repos) error {
		return r.Receiving.Add(ctx, shop.Receive(Address(), Epoch.Add(time.Hour)))
	})
	same(t, shop.receiving(t), []merchant.ReceivingAccount{first})

	change := Epoch.Add(24 * time.Hour)
	first, second := shop.replaceReceiving(t, first, Address(), change)
	same(t, shop.receivingAt(t, change.Add(-time.Second)), []merchant.ReceivingAccount{second, first})
	same(t, shop.receivingAt(t, change), []merchant.ReceivingAccount{second})

	// While the second has no end, the first cannot have none.
	first.RemovedAt = time.Time{}
	refused(t, w, ports.ErrTaken, func(ctx context.Context, r ports.Repos) error {
		return r.Receiving.Save(ctx, first)
	})
	second.RemovedAt = Epoch.Add(2 * time.Hour)
	w.save(t, second, first)
	same(t, shop.receivingAt(t, change), []merchant.ReceivingAccount{first})
}

func receivingApart(t *testing.T, w World) {
	shop := OpenShop(t, w)
	at := Address()
	var want []merchant.ReceivingAccount
	for i, of := range []struct {
		network chain.Network
		asset   string
	}{{chain.Tron, "USDT"}, {chain.Ethereum, "USDT"}, {chain.Ethereum, "USDC"}, {chain.Base, "USDC"}} {
		a := shop.Receive(at, Epoch.Add(time.Duration(i)*time.Hour))
		a.Network, a.Asset = of.network, of.asset
		do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Receiving.Add(ctx, a) })
		want = append([]merchant.ReceivingAccount{a}, want...)
	}
	same(t, shop.receiving(t), want)
}

func receivingShared(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	at := Address()
	a := shop.addReceiving(t, at, Epoch)
	b := other.addReceiving(t, at, Epoch)
	same(t, shop.receiving(t), []merchant.ReceivingAccount{a})
	same(t, other.receiving(t), []merchant.ReceivingAccount{b})
}

func receivingRace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	oneWinner(t, race(racers, func(i int) error {
		a := shop.Receive(Address(), Epoch.Add(time.Duration(i)*time.Second))
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Receiving.Add(ctx, a)
		})
	}), ports.ErrTaken)
	same(t, len(shop.receiving(t)), 1)
}

func receivingSave(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a := shop.addReceiving(t, Address(), Epoch)
	a.Label, a.Seal, a.ToldAt = "cold", "5ea2", Epoch.Add(time.Minute)
	other := a
	other.Address, other.Network, other.Asset, other.Proven = Address(), chain.Base, "USDC", true
	other.ActiveFrom, other.CreatedAt = Epoch.Add(-time.Hour), Epoch.Add(-time.Hour)
	w.save(t, other)
	same(t, shop.receiving(t), []merchant.ReceivingAccount{a})
	a.RemovedAt = Epoch.Add(time.Hour)
	w.save(t, a)
	same(t, shop.receiving(t), []merchant.ReceivingAccount(nil))
}

func receivingNone(t *testing.T, w World) {
	shop := OpenShop(t, w)
	for _, id := range []merchant.ReceivingID{merchant.ReceivingID(UUID()), "none", ""} {
		a := shop.Receive(Address(), Epoch)
		a.ID = id
		refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
			return r.Receiving.Save(ctx, a)
		})
	}
}

func receivingLoad(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	other.addReceiving(t, Address(), Epoch)
	load := func(since time.Time) []merchant.ReceivingAccount {
		t.Helper()
		return in(t, w, func(ctx context.Context, r ports.Repos) ([]merchant.ReceivingAccount, error) {
			return r.Receiving.Load(ctx, shop.Project.ID, since)
		})
	}
	end := Epoch.Add(time.Hour)
	first, second := shop.replaceReceiving(t, shop.addReceiving(t, Address(), Epoch), Address(), end)
	same(t, load(end), []merchant.ReceivingAccount{first, second})
	same(t, load(end.Add(time.Microsecond)), []merchant.ReceivingAccount{second})
}

// Each unit of work sees what the one before left: nothing is lost between load and save.
func receivingTurns(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a := shop.addReceiving(t, Address(), Epoch)
	a.Label = ""
	w.save(t, a)
	allWon(t, race(racers, func(int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			found, err := r.Receiving.Load(ctx, shop.Project.ID, Epoch)
			if err != nil {
				return err
			}
			found[0].Label += "x"
			return r.Receiving.Save(ctx, found[0])
		})
	}))
	same(t, len(shop.receiving(t)[0].Label), racers)
}

func receivingMethods(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	switchTo := func(m checkout.Method, on bool) {
		t.Helper()
		do(t, w, func(ctx context.Context, r ports.Repos) error {
			return r.Receiving.SetMethod(ctx, shop.Project.ID, m, on)
		})
	}
	methods := func(p merchant.ProjectID) map[checkout.Method]bool {
		t.Helper()
		return in(t, w, func(ctx context.Context, r ports.Repos) (map[checkout.Method]bool, error) {
			return r.Receiving.Methods(ctx, p)
		})
	}
	same(t, methods(shop.Project.ID), map[checkout.Method]bool{})
	switchTo(checkout.USDT, true)
	switchTo(checkout.BTC, false)
	same(t, methods(shop.Project.ID),
		map[checkout.Method]bool{checkout.USDT: true, checkout.BTC: false})
	switchTo(checkout.USDT, false)
	same(t, methods(shop.Project.ID),
		map[checkout.Method]bool{checkout.USDT: false, checkout.BTC: false})
	same(t, methods(other.Project.ID), map[checkout.Method]bool{})
}
