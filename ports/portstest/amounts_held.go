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

var heldPromises = []promise{
	{"held intents are answered by the position of their transfer", heldByPosition},
	{"a transfer that differs in any part is held by nobody", heldExactly},
	{"an amount stays held by a session that ended", heldAfterEnd},
	{"a session's newest held intent for an asset is found", heldOfSession},
}

func transfers(ts ...chain.Transfer) []chain.Transfer { return ts }

func heldByPosition(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	at := Address()
	_, a := shop.AwaitPayment(t, Epoch, at, 9_990_100)
	_, b := other.AwaitPayment(t, Epoch, at, 9_990_200)
	_, c := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	stray := Paying(a, 7)
	stray.Units = big.NewInt(5)
	held, err := w.Sessions.Held(t.Context(), transfers(
		stray, Paying(b, 7), Paying(a, 7), stray, Paying(c, 7), Paying(b, 8), stray))
	ok(t, err)
	ofA := &ports.HeldAmount{Intent: a, Owner: shop.Project.ID}
	ofB := &ports.HeldAmount{Intent: b, Owner: other.Project.ID}
	ofC := &ports.HeldAmount{Intent: c, Owner: shop.Project.ID}
	same(t, held, []*ports.HeldAmount{nil, ofB, ofA, nil, ofC, ofB, nil})

	none, err := w.Sessions.Held(t.Context(), nil)
	ok(t, err)
	same(t, len(none), 0)
}

func heldExactly(t *testing.T, w World) {
	_, intent := OpenShop(t, w).AwaitPayment(t, Epoch, Address(), 9_990_100)
	exact := Paying(intent, 7)
	short, over, elsewhere, fake, live := exact, exact, exact, exact, exact
	short.Units = big.NewInt(9_990_099)
	over.Units = new(big.Int).Add(intent.Units, new(big.Int).Lsh(big.NewInt(1), 64))
	elsewhere.To = Address()
	fake.Asset = Fake
	live.Network, live.Asset.Network = chain.Tron, chain.Tron
	held, err := w.Sessions.Held(t.Context(), transfers(short, over, elsewhere, fake, live))
	ok(t, err)
	same(t, held, make([]*ports.HeldAmount, 5))
}

// heldAfterEnd: a payer may send after he cancelled, after the deadline, or twice; the money must
// still be found to be his.
func heldAfterEnd(t *testing.T, w World) {
	shop := OpenShop(t, w)
	cancelled, a := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	ok(t, cancelled.Cancel(Epoch.Add(time.Minute)))
	shop.saved(t, cancelled)
	lapsed, b := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	ok(t, lapsed.Lapse(Epoch.Add(time.Hour)))
	shop.saved(t, lapsed)
	settled, c := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	ok(t, settled.Credit(
		Confirm(t, Paying(c, 7)), c, false, "20260301000000001", Epoch.Add(time.Minute),
	))
	shop.saved(t, settled)

	held, err := w.Sessions.Held(t.Context(), transfers(Paying(a, 8), Paying(b, 8), Paying(c, 8)))
	ok(t, err)
	same(t, held, []*ports.HeldAmount{
		{Intent: a, Owner: shop.Project.ID},
		{Intent: b, Owner: shop.Project.ID},
		{Intent: c, Owner: shop.Project.ID},
	})
}

func heldOfSession(t *testing.T, w World) {
	shop := OpenShop(t, w)
	at := Address()
	session, first := shop.AwaitPayment(t, Epoch, at, 9_990_100)
	_, _ = shop.AwaitPayment(t, Epoch, at, 9_990_200) // another session's
	of := func(a chain.Asset) (checkout.Intent, error) {
		var i checkout.Intent
		err := w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) (err error) {
			i, err = r.Sessions.IntentOf(ctx, session.ID(), a)
			return err
		})
		return i, err
	}
	_, err := of(Fake)
	isFault(t, err, ports.ErrNotFound)
	found, err := of(first.Asset)
	ok(t, err)
	same(t, found, first)

	later := MakeIntent(session, at, 9_990_300)
	later.CreatedAt = first.CreatedAt.Add(time.Minute)
	later.HoldUntil = first.HoldUntil.Add(time.Hour)
	ok(t, reserve(t, w, later))
	found, err = of(first.Asset)
	ok(t, err)
	same(t, found, later)

	letGo(t, w, later.HoldUntil.Add(time.Hour), 100)
	_, err = of(first.Asset)
	isFault(t, err, ports.ErrNotFound)
}
