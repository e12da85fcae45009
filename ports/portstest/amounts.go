package portstest

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

var amountPromises = []promise{
	{"a held amount is taken, whoever asks", amountsTaken},
	{"another amount, address or token is free", amountsFree},
	{"of many intents that want one amount one holds it", amountsRace},
	{"an intent keeps the rate it was quoted at, to its last digit", amountsRate},
	{"an intent keeps the terms its payer was told", amountsTerms},
	{"a dedicated address is held whole, and found whatever the amount", amountsDedicated},
	{"of many intents at one dedicated address one holds it", amountsDedicatedRace},
	{"a rolled back reservation holds nothing", amountsRollBack},
	{"taken amounts are listed by address and range, ends included", amountsListed},
	{"what is invited holds no amount, and is invited once", amountsInvited},
	{"of many who invite at once all are answered one", amountsInvitedRace},
	{"an invited intent that is extended holds its amount", amountsInvitedHeld},
}

func reserve(t *testing.T, w World, i checkout.Intent) error {
	t.Helper()
	return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sessions.Reserve(ctx, i)
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
