package portstest

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

var amountPromises = []promise{
	{"a held amount is taken, whoever asks", amountsTaken},
	{"another amount, address or token is free", amountsFree},
	{"of many intents that want one amount one holds it", amountsRace},
	{"an amount is free again after it is let go, and not before", amountsLetGo},
	{"an intent keeps the rate it was quoted at, to its last digit", amountsRate},
	{"an intent keeps the terms its payer was told", amountsTerms},
	{"a dedicated address is held whole, and found whatever the amount", amountsDedicated},
	{"of many intents at one dedicated address one holds it", amountsDedicatedRace},
	{"a rolled back reservation holds nothing", amountsRollBack},
	{"letting go frees no more than asked", amountsLetGoLimit},
	{"letting go frees amounts of one network only", amountsLetGoApart},
	{"what was let go since a time is held again, by whoever had it last", amountsHeldAgain},
	{"what somebody else holds meanwhile stays his", amountsHeldAgainTaken},
	{"an extended hold outlives its first end", amountsExtended},
	{"an amount let go is held again by extending", amountsExtendedAgain},
	{"extending an amount somebody else holds is taken", amountsExtendTaken},
	{"extending an unknown intent is not found", amountsExtendUnknown},
	{"taken amounts are listed by address and range, ends included", amountsListed},
	{"held intents are answered by the position of their transfer", heldByPosition},
	{"a transfer that differs in any part is held by nobody", heldExactly},
	{"an amount stays held by a session that ended", heldAfterEnd},
	{"a session's newest held intent for an asset is found", heldOfSession},
	{"what is invited holds no amount, and is invited once", amountsInvited},
	{"of many who invite at once all are answered one", amountsInvitedRace},
	{"an invited intent that is extended holds its amount", amountsInvitedHeld},
}

func transfers(ts ...chain.Transfer) []chain.Transfer { return ts }

func reserve(t *testing.T, w World, i checkout.Intent) error {
	t.Helper()
	return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sessions.Reserve(ctx, i)
	})
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

func amountsTaken(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	at := Address()
	session, intent := shop.AwaitPayment(t, Epoch, at, 9_990_100)
	second, foreign := shop.AddSession(t, Epoch), other.AddSession(t, Epoch)
	for _, s := range []*checkout.Session{session, second, foreign} {
		isFault(t, reserve(t, w, MakeIntent(s, at, 9_990_100)), ports.ErrTaken)
	}
	held, err := w.Sessions.Held(t.Context(), transfers(Paying(intent, 7)))
	ok(t, err)
	same(t, held, []*ports.HeldAmount{{Intent: intent, Owner: shop.Project.ID}})
}

func amountsFree(t *testing.T, w World) {
	shop := OpenShop(t, w)
	at := Address()
	session, intent := shop.AwaitPayment(t, Epoch, at, 9_990_100)
	ok(t, reserve(t, w, MakeIntent(session, at, 9_990_101)))
	ok(t, reserve(t, w, MakeIntent(session, Address(), 9_990_100)))
	fake := MakeIntent(session, at, 9_990_100)
	fake.Asset = Fake
	ok(t, reserve(t, w, fake))
	same(t, session.Intent().ID, intent.ID)
}

func amountsRace(t *testing.T, w World) {
	at := Address()
	var intents []checkout.Intent
	for range 4 {
		shop := OpenShop(t, w)
		for range racers / 4 {
			intents = append(intents, MakeIntent(shop.AddSession(t, Epoch), at, 9_990_100))
		}
	}
	oneWinner(t, race(len(intents), func(i int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Sessions.Reserve(ctx, intents[i])
		})
	}), ports.ErrTaken)
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

func amountsRate(t *testing.T, w World) {
	session := OpenShop(t, w).AddSession(t, Epoch)
	intent := MakeIntent(session, Address(), 9_990_100)
	notation, err := money.ParseNotation("USDT/40")
	ok(t, err)
	price, err := money.FromMinorText(notation, "123456789012"+strings.Repeat("6", 39)+"7")
	ok(t, err)
	intent.Rate = money.Rate{
		From: "JPY", To: "USDT", Price: price.Decimal(), Source: "fixed", At: Epoch.Add(-time.Minute),
	}
	ok(t, reserve(t, w, intent))
	held, err := w.Sessions.Held(t.Context(), transfers(Paying(intent, 7)))
	ok(t, err)
	same(t, held[0].Intent, intent)
}

func amountsTerms(t *testing.T, w World) {
	session := OpenShop(t, w).AddSession(t, Epoch)
	intent := MakeIntent(session, Address(), 9_990_000)
	intent.Terms = checkout.Terms{
		Matching: checkout.Dedicated, Tolerance: big.NewInt(49_950), Confirmations: 12, Sources: 2,
	}
	ok(t, reserve(t, w, intent))
	kept := in(t, w, func(ctx context.Context, r ports.Repos) (checkout.Intent, error) {
		return r.Sessions.IntentOf(ctx, session.ID(), intent.Asset)
	})
	same(t, kept, intent)
}

func amountsRollBack(t *testing.T, w World) {
	shop := OpenShop(t, w)
	at, stop := Address(), errors.New("stop")
	intent := MakeIntent(shop.AddSession(t, Epoch), at, 9_990_100)
	isFault(t, w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		if err := r.Sessions.Reserve(ctx, intent); err != nil {
			return err
		}
		return stop
	}), stop)
	taken, err := w.Sessions.Taken(t.Context(), USDT, at, big.NewInt(0), big.NewInt(1<<40))
	ok(t, err)
	same(t, taken, []*big.Int(nil))
	ok(t, reserve(t, w, MakeIntent(shop.AddSession(t, Epoch), at, 9_990_100)))
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

func amountsListed(t *testing.T, w World) {
	shop := OpenShop(t, w)
	at := Address()
	for _, units := range []int64{9_990_001, 9_990_100, 9_999_999, 10_000_000} {
		shop.AwaitPayment(t, Epoch, at, units)
	}
	shop.AwaitPayment(t, Epoch, Address(), 9_990_200)
	fake := MakeIntent(shop.AddSession(t, Epoch), at, 9_990_300)
	fake.Asset = Fake
	ok(t, reserve(t, w, fake))

	taken, err := w.Sessions.Taken(t.Context(), USDT, at, big.NewInt(9_990_001), big.NewInt(9_999_999))
	ok(t, err)
	slices.SortFunc(taken, (*big.Int).Cmp)
	same(t, taken, []*big.Int{big.NewInt(9_990_001), big.NewInt(9_990_100), big.NewInt(9_999_999)})
	taken, err = w.Sessions.Taken(t.Context(), USDT, at, big.NewInt(9_990_101), big.NewInt(9_999_998))
	ok(t, err)
	same(t, taken, []*big.Int(nil))
}

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

// own makes an intent one at an address of its session's own.
func own(i checkout.Intent) checkout.Intent {
	i.Terms.Matching = checkout.Dedicated
	i.HoldUntil = checkout.Dedicated.HoldUntil(i.ExpiresAt)
	return i
}

func amountsDedicated(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session, second := shop.AddSession(t, Epoch), shop.AddSession(t, Epoch)
	intent := own(MakeIntent(session, Address(), 9_990_000))
	ok(t, reserve(t, w, intent))
	isFault(t, reserve(t, w, own(MakeIntent(second, intent.Address, 1))), ports.ErrTaken)

	short, over, exact := Paying(intent, 7), Paying(intent, 7), Paying(intent, 7)
	short.Units, over.Units = big.NewInt(1), big.NewInt(99_990_000)
	fake, elsewhere := short, short
	fake.Asset, elsewhere.To = Fake, Address()
	held, err := w.Sessions.Held(t.Context(), transfers(short, over, exact, fake, elsewhere))
	ok(t, err)
	found := &ports.HeldAmount{Intent: intent, Owner: shop.Project.ID}
	same(t, held, []*ports.HeldAmount{found, found, found, nil, nil})

	letGo(t, w, intent.HoldUntil.Add(time.Second), 10)
	held, err = w.Sessions.Held(t.Context(), transfers(exact))
	ok(t, err)
	same(t, held, []*ports.HeldAmount{nil})
	ok(t, reserve(t, w, own(MakeIntent(second, intent.Address, 1))))
}

func amountsDedicatedRace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	at := Address()
	intents := make([]checkout.Intent, racers)
	for i := range intents {
		intents[i] = own(MakeIntent(shop.AddSession(t, Epoch), at, int64(i+1)))
	}
	oneWinner(t, race(racers, func(i int) error { return reserve(t, w, intents[i]) }), ports.ErrTaken)
}
