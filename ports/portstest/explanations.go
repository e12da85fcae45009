package portstest

import (
	"context"
	"math/big"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

var explanationPromises = []promise{
	{"the intents of a session are listed newest first", intentsListed},
	{"what arrived is listed newest first, whatever became of it", arrivedListed},
	{"amounts are near by what they are worth, however a token divides", arrivedNear},
	{"what is in sight at an address is listed, attributed or not", inSightListed},
	{"one family of networks is watched at the same addresses", familyWatched},
	{"an address used elsewhere in its family has the same owner", familyOwned},
}

func intentsListed(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session, first := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	second := first
	second.ID, second.Address, second.CreatedAt = checkout.IntentID(UUID()), Address(), Epoch.Add(time.Minute)
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Sessions.Reserve(ctx, second) })
	list := func(id checkout.SessionID, limit int, want ...checkout.Intent) {
		t.Helper()
		got, err := w.Sessions.IntentsOf(t.Context(), id, limit)
		ok(t, err)
		same(t, got, want)
	}
	list(session.ID(), 10, second, first)
	list(session.ID(), 1, second)
	list(checkout.SessionID(UUID()), 10)
	for _, text := range hostile {
		list(checkout.SessionID(text), 10)
	}
}

func arrivals(t *testing.T, w World, q ports.ArrivalQuery, want ...ports.TransferRow) {
	t.Helper()
	got, err := w.Explanations.Arrived(t.Context(), q)
	ok(t, err)
	same(t, got, want)
}

func arrivedListed(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	a, b := Row(shop, intent, Paying(intent, 7)), ports.TransferRow{
		Transfer: Paying(intent, 8), Disposition: ports.Unmatched, RecordedAt: Epoch,
	}
	b.Transfer.BlockTime = a.Transfer.BlockTime.Add(time.Minute)
	c := ports.TransferRow{Transfer: Paying(intent, 9), Disposition: ports.Unmatched, RecordedAt: Epoch}
	c.Transfer.BlockTime = b.Transfer.BlockTime.Add(time.Minute)
	c.Transfer.Network, c.Transfer.Asset.Network = chain.Tron, chain.Tron
	elsewhere := ports.TransferRow{Transfer: Paying(intent, 9), Disposition: ports.Unmatched, RecordedAt: Epoch}
	elsewhere.Transfer.To = Address()
	for _, row := range []ports.TransferRow{b, a, c, elsewhere} {
		addRow(t, w, row)
	}
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Transfers.Reverse(ctx, b.Transfer.Network, b.Transfer.TxID, b.Transfer.Index)
	})
	b.Disposition = ports.Reversed
	arrivals(t, w, cameTo(intent.Address, chain.Sandbox, chain.Tron), c, b, a)
	arrivals(t, w, cameTo(intent.Address, chain.Sandbox), b, a)
	q := cameTo(intent.Address, chain.Sandbox)
	q.Limit = 1
	arrivals(t, w, q, b)
	q = cameTo(intent.Address, chain.Sandbox)
	q.Until = a.Transfer.BlockTime
	arrivals(t, w, q, a)
	q.From = a.Transfer.BlockTime.Add(time.Microsecond)
	arrivals(t, w, q)
	for _, text := range hostile {
		arrivals(t, w, cameTo(chain.Address(text), chain.Sandbox))
	}
}

func arrivedNear(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 50_003_400)
	add := func(units string, decimals uint8) ports.TransferRow {
		row := ports.TransferRow{Transfer: Paying(intent, 7), Disposition: ports.Unmatched, RecordedAt: Epoch}
		row.Transfer.Units, _ = new(big.Int).SetString(units, 10)
		row.Transfer.Asset.Decimals = decimals
		addRow(t, w, row)
		return row
	}
	low, high := add("49000000", 6), add("51000000000000000000", 18)
	low.Transfer.BlockTime = high.Transfer.BlockTime
	add("48999999", 6)
	add("51000000000000000001", 18)
	add("50000000", 18)
	q := cameTo(intent.Address, chain.Sandbox)
	q.Near = &ports.Near{Low: big.NewInt(49_000_000), High: big.NewInt(51_000_000), Decimals: 6}
	got, err := w.Explanations.Arrived(t.Context(), q)
	ok(t, err)
	same(t, len(got), 2)
	for _, row := range got {
		if id := row.Transfer.TxID; id != low.Transfer.TxID && id != high.Transfer.TxID {
			t.Errorf("%s of %d decimals is near", row.Transfer.Units, row.Transfer.Asset.Decimals)
		}
	}
}

func inSightListed(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	mine := ports.Sighting{Transfer: Paying(intent, 7), SessionID: intent.SessionID}
	stray := ports.Sighting{Transfer: Paying(intent, 8)}
	stray.Transfer.BlockTime = mine.Transfer.BlockTime.Add(time.Second)
	other := ports.Sighting{Transfer: Paying(intent, 8)}
	other.Transfer.To = Address()
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Transfers.ReplaceSightings(ctx, chain.Sandbox, []ports.Sighting{mine, stray, other})
		return err
	})
	see := func(limit int, on chain.Network, want ...ports.Sighting) {
		t.Helper()
		got, err := w.Explanations.InSight(t.Context(), intent.Address, []chain.Network{on}, limit)
		ok(t, err)
		same(t, got, want)
	}
	see(10, chain.Sandbox, stray, mine)
	see(1, chain.Sandbox, stray)
	see(10, chain.Tron)
	_, seen := ofSession(t, w, intent.SessionID)
	same(t, seen, []ports.Sighting{mine})
}

// onNetwork records that a session of a shop was asked to pay at an address of a network.
func onNetwork(t *testing.T, s Shop, n chain.Network, at chain.Address, when time.Time) checkout.Intent {
	t.Helper()
	intent := MakeIntent(s.AddSession(t, when), at, 9_990_100)
	intent.Asset = n.Tokens()[0]
	do(t, s.World, func(ctx context.Context, r ports.Repos) error { return r.Sessions.Reserve(ctx, intent) })
	return intent
}

func familyWatched(t *testing.T, w World) {
	shop := OpenShop(t, w)
	asked, account, tron := Address(), Address(), Address()
	onNetwork(t, shop, chain.Base, asked, Epoch)
	onNetwork(t, shop, chain.Tron, tron, Epoch)
	accepts := shop.Receive(account, Epoch)
	accepts.Network = chain.BSC
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Receiving.Add(ctx, accepts) })
	for _, n := range []chain.Network{chain.Base, chain.Ethereum, chain.BSC} {
		watched(t, w, n, Epoch, asked, account)
	}
	watched(t, w, chain.Tron, Epoch, tron)
	watched(t, w, chain.Sandbox, Epoch)
}

func familyOwned(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	at, own := Address(), Address()
	onNetwork(t, shop, chain.Base, at, Epoch)
	onNetwork(t, shop, chain.Base, own, Epoch.Add(time.Hour))
	onNetwork(t, other, chain.BSC, own, Epoch)
	for n, want := range map[chain.Network]Shop{chain.Base: shop, chain.Ethereum: shop, chain.BSC: other} {
		same(t, owners(t, w, n, own)[own], want.Project.ID)
	}
	same(t, owners(t, w, chain.Ethereum, at)[at], shop.Project.ID)
	same(t, len(owners(t, w, chain.Tron, at)), 0)
}
