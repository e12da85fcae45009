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
	{"a new account retires the one before", receivingReplaced},
	{"each network and each asset has an account of its own", receivingApart},
	{"the very address that is current is taken", receivingTaken},
	{"an address may serve two projects", receivingShared},
	{"of many accounts added at once one is current", receivingRace},
	{"relabel changes the label of a current account", receivingRelabel},
	{"remove retires a current account", receivingRemove},
	{"an account of another project cannot be changed", receivingForeign},
	{"methods are remembered as they were switched", receivingMethods},
}

// Receive answers an account for USDT at an address, not recorded.
func (s Shop) Receive(at chain.Address, created time.Time) merchant.ReceivingAccount {
	return merchant.ReceivingAccount{
		ID: merchant.ReceivingID(UUID()), MerchantID: s.ID(), ProjectID: s.Project.ID,
		Network: chain.Tron, Asset: "USDT", Address: at, Label: "main", CreatedAt: created,
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

func (s Shop) receiving(t *testing.T) []merchant.ReceivingAccount {
	t.Helper()
	var list []merchant.ReceivingAccount
	do(t, s.World, func(ctx context.Context, r ports.Repos) (err error) {
		list, err = r.Receiving.List(ctx, s.Project.ID)
		return err
	})
	return list
}

func receivingAdded(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	a := shop.addReceiving(t, Address(), Epoch)
	same(t, shop.receiving(t), []merchant.ReceivingAccount{a})
	same(t, other.receiving(t), []merchant.ReceivingAccount(nil))
}

func receivingReplaced(t *testing.T, w World) {
	shop := OpenShop(t, w)
	first := shop.addReceiving(t, Address(), Epoch)
	second := shop.addReceiving(t, Address(), Epoch.Add(time.Hour))
	same(t, shop.receiving(t), []merchant.ReceivingAccount{second})

	// The first address may come back once it is not current any more.
	third := shop.addReceiving(t, first.Address, Epoch.Add(2*time.Hour))
	same(t, shop.receiving(t), []merchant.ReceivingAccount{third})
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
	next := want[1] // a new one in the place of one
	next.ID, next.Address, next.CreatedAt = merchant.ReceivingID(UUID()), Address(), Epoch.Add(9*time.Hour)
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Receiving.Add(ctx, next) })
	same(t, shop.receiving(t), []merchant.ReceivingAccount{next, want[0], want[2], want[3]})
}

func receivingTaken(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a := shop.addReceiving(t, Address(), Epoch)
	refused(t, w, ports.ErrTaken, func(ctx context.Context, r ports.Repos) error {
		return r.Receiving.Add(ctx, shop.Receive(a.Address, Epoch.Add(time.Hour)))
	})
	same(t, shop.receiving(t), []merchant.ReceivingAccount{a})
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
	allWon(t, race(racers, func(i int) error {
		a := shop.Receive(Address(), Epoch.Add(time.Duration(i)*time.Second))
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Receiving.Add(ctx, a)
		})
	}))
	same(t, len(shop.receiving(t)), 1)
}

func receivingRelabel(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a := shop.addReceiving(t, Address(), Epoch)
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Receiving.Relabel(ctx, shop.Project.ID, a.ID, "cold")
	})
	a.Label = "cold"
	same(t, shop.receiving(t), []merchant.ReceivingAccount{a})
}

func receivingRemove(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a := shop.addReceiving(t, Address(), Epoch)
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Receiving.Remove(ctx, shop.Project.ID, a.ID, Epoch.Add(time.Hour))
	})
	same(t, shop.receiving(t), []merchant.ReceivingAccount(nil))
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		return r.Receiving.Remove(ctx, shop.Project.ID, a.ID, Epoch.Add(time.Hour))
	})
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		return r.Receiving.Relabel(ctx, shop.Project.ID, a.ID, "late")
	})
}

func receivingForeign(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	a := shop.addReceiving(t, Address(), Epoch)
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		return r.Receiving.Relabel(ctx, other.Project.ID, a.ID, "mine")
	})
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		return r.Receiving.Remove(ctx, other.Project.ID, a.ID, Epoch.Add(time.Hour))
	})
	same(t, shop.receiving(t), []merchant.ReceivingAccount{a})
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
