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

var addressPromises = []promise{
	{"current accounts are watched, each address once, on their network", watchCurrent},
	{"retired accounts are watched for their time", watchRetired},
	{"addresses of intents are watched while held and for their time", watchIntents},
	{"an asset is awaited while somebody has an account for it, and promised while its amount is held", awaits},
	{"an address belongs to the project that last issued an intent there", ownersByIntent},
	{"an address without intents belongs to whose current account it is", ownersByAccount},
	{"an address nobody owns is absent", ownersAbsent},
	{"an address that another takes the place of is still owned", ownersReplaced},
}

func watched(t *testing.T, w World, n chain.Network, since time.Time, want ...chain.Address) {
	t.Helper()
	got, err := w.Sessions.Receivers(t.Context(), n, since)
	ok(t, err)
	slices.Sort(got)
	slices.Sort(want)
	same(t, got, want)
}

func watchCurrent(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	watched(t, w, chain.Tron, Epoch)
	shared, own := Address(), Address()
	shop.addReceiving(t, shared, Epoch)
	other.addReceiving(t, shared, Epoch)
	OpenShop(t, w).addReceiving(t, own, Epoch)
	watched(t, w, chain.Tron, Epoch.Add(1000*time.Hour), shared, own)
	watched(t, w, chain.Sandbox, Epoch)
}

func watchRetired(t *testing.T, w World) {
	shop := OpenShop(t, w)
	replaced, removed := shop.replaceReceiving(t, shop.addReceiving(t, Address(), Epoch), Address(),
		Epoch.Add(10*time.Hour))
	removed.RemovedAt = Epoch.Add(20 * time.Hour)
	w.save(t, removed)
	watched(t, w, chain.Tron, Epoch.Add(9*time.Hour), replaced.Address, removed.Address)
	watched(t, w, chain.Tron, Epoch.Add(11*time.Hour), removed.Address)
	watched(t, w, chain.Tron, Epoch.Add(21*time.Hour))
}

func watchIntents(t *testing.T, w World) {
	shop := OpenShop(t, w)
	at := Address()
	_, first := shop.AwaitPayment(t, Epoch, at, 9_990_100)
	shop.AwaitPayment(t, Epoch, at, 9_990_200)
	after := first.HoldUntil.Add(time.Hour)
	watched(t, w, chain.Sandbox, after, at)
	watched(t, w, chain.Tron, Epoch)
	same(t, letGo(t, w, after, 10), 2)
	watched(t, w, chain.Sandbox, Epoch, at)
	watched(t, w, chain.Sandbox, after)
}

func awaits(t *testing.T, w World) {
	want := func(a chain.Asset, since, promised time.Time, want ports.Await) {
		t.Helper()
		got, err := w.Sessions.Awaits(t.Context(), a, since, promised)
		ok(t, err)
		same(t, got, want)
	}
	shop := OpenShop(t, w)
	tron, elsewhere := USDT, USDT
	tron.Network, elsewhere.Network = chain.Tron, chain.Base
	want(tron, Epoch, Epoch, ports.Nobody)
	account := shop.addReceiving(t, Address(), Epoch)
	late := Epoch.Add(1000 * time.Hour)
	want(tron, late, late, ports.Invited)
	since := func(a chain.Asset, since, want time.Time) {
		t.Helper()
		got, err := w.Sessions.AwaitedSince(t.Context(), a, since)
		ok(t, err)
		same(t, got, want)
	}
	since(tron, late, account.CreatedAt)
	since(elsewhere, Epoch, time.Time{})
	other := tron
	other.Symbol = "USDC"
	want(other, Epoch, Epoch, ports.Nobody)
	want(elsewhere, Epoch, Epoch, ports.Nobody)
	account.RemovedAt = Epoch.Add(time.Hour)
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Receiving.Save(ctx, account) })
	want(tron, Epoch.Add(time.Hour), late, ports.Invited)
	want(tron, Epoch.Add(2*time.Hour), late, ports.Nobody)
	since(tron, Epoch.Add(time.Hour), account.CreatedAt)
	since(tron, Epoch.Add(2*time.Hour), time.Time{})
	again := shop.addReceiving(t, Address(), Epoch.Add(3*time.Hour))
	since(tron, Epoch.Add(time.Hour), account.CreatedAt)
	since(tron, Epoch.Add(2*time.Hour), again.CreatedAt)

	want(USDT, Epoch, Epoch, ports.Nobody)
	_, first := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	_, i := shop.AwaitPayment(t, Epoch.Add(time.Hour), Address(), 9_990_200)
	want(USDT, late, first.HoldUntil, ports.Promised)
	want(USDT, late, i.HoldUntil, ports.Promised)
	want(USDT, late, i.HoldUntil.Add(time.Second), ports.Nobody)
	foreign := USDT
	foreign.Contract = "another contract"
	want(foreign, Epoch, Epoch, ports.Nobody)
	letGo(t, w, i.HoldUntil.Add(time.Second), 10)
	want(USDT, Epoch, Epoch, ports.Nobody)
}

func owners(
	t *testing.T, w World, n chain.Network, at ...chain.Address,
) map[chain.Address]merchant.ProjectID {
	t.Helper()
	got, err := w.Sessions.Owners(t.Context(), n, at)
	ok(t, err)
	return got
}

func ownersByIntent(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	at := Address()
	account := shop.Receive(at, Epoch)
	account.Network = chain.Sandbox
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Receiving.Add(ctx, account) })
	other.AwaitPayment(t, Epoch, at, 9_990_100)
	same(t, owners(t, w, chain.Sandbox, at),
		map[chain.Address]merchant.ProjectID{at: other.Project.ID})
	_, last := shop.AwaitPayment(t, Epoch.Add(time.Minute), at, 9_990_200)
	other.AwaitPayment(t, Epoch.Add(time.Second), at, 9_990_300)
	same(t, owners(t, w, chain.Sandbox, at), map[chain.Address]merchant.ProjectID{at: shop.Project.ID})

	// What was issued there stays told apart after its amount is let go.
	letGo(t, w, last.HoldUntil.Add(time.Hour), 10)
	same(t, owners(t, w, chain.Sandbox, at), map[chain.Address]merchant.ProjectID{at: shop.Project.ID})
}

func ownersByAccount(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	a, b := shop.addReceiving(t, Address(), Epoch), other.addReceiving(t, Address(), Epoch)
	same(t, owners(t, w, chain.Tron, a.Address, b.Address), map[chain.Address]merchant.ProjectID{
		a.Address: shop.Project.ID, b.Address: other.Project.ID,
	})
}

func ownersAbsent(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a := shop.addReceiving(t, Address(), Epoch)
	none := map[chain.Address]merchant.ProjectID{}
	same(t, owners(t, w, chain.Tron, Address()), none)
	same(t, owners(t, w, chain.Sandbox, a.Address), none)
	same(t, owners(t, w, chain.Tron), none)
	a.RemovedAt = Epoch.Add(time.Hour)
	w.save(t, a)
	same(t, owners(t, w, chain.Tron, a.Address), none)
}

// An address stays the project's when another takes its place: before that moment payers are still
// sent there.
func ownersReplaced(t *testing.T, w World) {
	shop := OpenShop(t, w)
	was, next := shop.replaceReceiving(t, shop.addReceiving(t, Address(), Epoch), Address(),
		Epoch.Add(24*time.Hour))
	both := map[chain.Address]merchant.ProjectID{was.Address: shop.Project.ID, next.Address: shop.Project.ID}
	same(t, owners(t, w, chain.Tron, was.Address, next.Address), both)
	watched(t, w, chain.Tron, Epoch, was.Address, next.Address)
}
