package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

var letGoPromises = []promise{
	{"an amount is free again after it is let go, and not before", amountsLetGo},
	{"letting go frees no more than asked", amountsLetGoLimit},
	{"letting go frees amounts of one network only", amountsLetGoApart},
	{"what was let go since a time is held again, by whoever had it last", amountsHeldAgain},
	{"what somebody else holds meanwhile stays his", amountsHeldAgainTaken},
	{"an extended hold outlives its first end", amountsExtended},
	{"an amount let go is held again by extending", amountsExtendedAgain},
	{"extending an amount somebody else holds is taken", amountsExtendTaken},
	{"extending an unknown intent is not found", amountsExtendUnknown},
}

func letGo(t *testing.T, w World, now time.Time, limit int) int {
	t.Helper()
	return letGoOn(t, w, chain.Sandbox, now, limit)
}

func letGoOn(t *testing.T, w World, n chain.Network, now time.Time, limit int) int {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) (int, error) {
		return r.Sessions.LetGo(ctx, n, now, limit)
	})
}

func holdAgain(t *testing.T, w World, n chain.Network, since time.Time) int {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) (int, error) {
		return r.Sessions.HoldAgain(ctx, n, since)
	})
}

func amountsLetGo(t *testing.T, w World) {
	shop := OpenShop(t, w)
	at := Address()
	_, intent := shop.AwaitPayment(t, Epoch, at, 9_990_100)
	next := MakeIntent(shop.AddSession(t, Epoch.Add(time.Hour)), at, 9_990_100)

	same(t, letGo(t, w, intent.HoldUntil.Add(-time.Second), 10), 0)
	isFault(t, reserve(t, w, next), ports.ErrTaken)
	same(t, letGo(t, w, intent.HoldUntil.Add(time.Second), 10), 1)
	same(t, letGo(t, w, intent.HoldUntil.Add(time.Second), 10), 0)
	held, err := w.Sessions.Held(t.Context(), transfers(Paying(intent, 7)))
	ok(t, err)
	same(t, held, []*ports.HeldAmount{nil})
	ok(t, reserve(t, w, next))
	held, err = w.Sessions.Held(t.Context(), transfers(Paying(intent, 7)))
	ok(t, err)
	same(t, held, []*ports.HeldAmount{{Intent: next, Owner: shop.Project.ID}})
}

func amountsLetGoLimit(t *testing.T, w World) {
	shop := OpenShop(t, w)
	for i := range 5 {
		shop.AwaitPayment(t, Epoch, Address(), int64(9_990_100+i))
	}
	late := Epoch.Add(100 * time.Hour)
	same(t, letGo(t, w, late, 3), 3)
	same(t, letGo(t, w, late, 3), 2)
	same(t, letGo(t, w, late, 3), 0)
}

func amountsLetGoApart(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, here := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	there := MakeIntent(shop.AddSession(t, Epoch), Address(), 9_990_100)
	there.Asset.Network = chain.Tron
	ok(t, reserve(t, w, there))
	late := here.HoldUntil.Add(100 * time.Hour)
	same(t, letGo(t, w, late, 10), 1)
	held, err := w.Sessions.Held(t.Context(), transfers(Paying(here, 7), Paying(there, 7)))
	ok(t, err)
	same(t, held, []*ports.HeldAmount{nil, {Intent: there, Owner: shop.Project.ID}})
	same(t, letGoOn(t, w, chain.Tron, late, 10), 1)
}

func amountsHeldAgain(t *testing.T, w World) {
	shop := OpenShop(t, w)
	at, earlier := Address(), Address()
	_, before := shop.AwaitPayment(t, Epoch.Add(-time.Hour), earlier, 9_990_100)
	_, first := shop.AwaitPayment(t, Epoch, at, 9_990_100)
	late := first.HoldUntil.Add(time.Hour)
	same(t, letGo(t, w, late, 10), 2)
	_, last := shop.AwaitPayment(t, Epoch.Add(time.Minute), at, 9_990_100)
	there := MakeIntent(shop.AddSession(t, Epoch), at, 9_990_100)
	there.Asset.Network = chain.Tron
	ok(t, reserve(t, w, there))
	same(t, letGo(t, w, late, 10), 1)
	same(t, letGoOn(t, w, chain.Tron, late, 10), 1)
	same(t, holdAgain(t, w, chain.Sandbox, last.HoldUntil.Add(time.Second)), 0)
	same(t, holdAgain(t, w, chain.Sandbox, first.HoldUntil), 1)
	same(t, holdAgain(t, w, chain.Sandbox, first.HoldUntil), 0)
	held, err := w.Sessions.Held(t.Context(), transfers(Paying(before, 7), Paying(first, 7), Paying(there, 7)))
	ok(t, err)
	same(t, held, []*ports.HeldAmount{nil, {Intent: last, Owner: shop.Project.ID}, nil})
	same(t, holdAgain(t, w, chain.Sandbox, Epoch.Add(-100*time.Hour)), 1)
	held, err = w.Sessions.Held(t.Context(), transfers(Paying(before, 7)))
	ok(t, err)
	same(t, held, []*ports.HeldAmount{{Intent: before, Owner: shop.Project.ID}})
	same(t, letGo(t, w, late, 10), 2)
}

func amountsHeldAgainTaken(t *testing.T, w World) {
	shop := OpenShop(t, w)
	at := Address()
	_, intent := shop.AwaitPayment(t, Epoch, at, 9_990_100)
	same(t, letGo(t, w, intent.HoldUntil.Add(time.Second), 10), 1)
	_, holder := shop.AwaitPayment(t, intent.HoldUntil, at, 9_990_100)
	same(t, holdAgain(t, w, chain.Sandbox, Epoch), 0)
	held, err := w.Sessions.Held(t.Context(), transfers(Paying(intent, 7)))
	ok(t, err)
	same(t, held, []*ports.HeldAmount{{Intent: holder, Owner: shop.Project.ID}})
}

func extend(t *testing.T, w World, id checkout.IntentID, expires, hold time.Time) error {
	t.Helper()
	return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sessions.Extend(ctx, id, expires, hold)
	})
}

func amountsExtended(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	want := intent
	want.ExpiresAt = intent.ExpiresAt.Add(48 * time.Hour)
	want.HoldUntil = intent.HoldUntil.Add(48 * time.Hour)
	ok(t, extend(t, w, intent.ID, want.ExpiresAt, want.HoldUntil))
	same(t, letGo(t, w, intent.HoldUntil.Add(time.Hour), 10), 0)
	held, err := w.Sessions.Held(t.Context(), transfers(Paying(intent, 7)))
	ok(t, err)
	same(t, held, []*ports.HeldAmount{{Intent: want, Owner: shop.Project.ID}})
	same(t, letGo(t, w, want.HoldUntil.Add(time.Hour), 10), 1)
}

func amountsExtendedAgain(t *testing.T, w World) {
	shop := OpenShop(t, w)
	at := Address()
	_, intent := shop.AwaitPayment(t, Epoch, at, 9_990_100)
	later := intent.HoldUntil.Add(time.Hour)
	same(t, letGo(t, w, later, 10), 1)
	ok(t, extend(t, w, intent.ID, later.Add(time.Hour), later.Add(2*time.Hour)))
	isFault(t, reserve(t, w, MakeIntent(shop.AddSession(t, later), at, 9_990_100)), ports.ErrTaken)
}

func amountsExtendTaken(t *testing.T, w World) {
	shop := OpenShop(t, w)
	at := Address()
	_, intent := shop.AwaitPayment(t, Epoch, at, 9_990_100)
	later := intent.HoldUntil.Add(time.Hour)
	same(t, letGo(t, w, later, 10), 1)
	_, holder := shop.AwaitPayment(t, later, at, 9_990_100)
	isFault(t, extend(t, w, intent.ID, later.Add(time.Hour), later.Add(2*time.Hour)), ports.ErrTaken)
	held, err := w.Sessions.Held(t.Context(), transfers(Paying(intent, 7)))
	ok(t, err)
	same(t, held, []*ports.HeldAmount{{Intent: holder, Owner: shop.Project.ID}})
}

func amountsExtendUnknown(t *testing.T, w World) {
	OpenShop(t, w).AwaitPayment(t, Epoch, Address(), 9_990_100)
	isFault(t, extend(t, w, checkout.IntentID(UUID()), Epoch.Add(time.Hour), Epoch.Add(2*time.Hour)),
		ports.ErrNotFound)
}
