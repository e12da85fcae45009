package portstest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

var authorizationPromises = []promise{
	{"a settlement in every status comes back whole", authorizationsWhole},
	{"of many who claim one key one does, and the others go on in their unit", authorizationsRace},
	{"a payment id is one payment's of a merchant", authorizationsPaymentID},
	{"a settlement is saved only from the status it was read in", authorizationsCompared},
	{"of many who save from one status one does", authorizationsSaveRace},
	{"what is due and to whom stays as it was claimed", authorizationsDueStays},
	{"a settlement by permit comes back whole", permitsWhole},
	{"permits of one nonce are one claim, whatever their tokens and methods", permitsRace},
	{"of a permit of at most a value, what was used is kept, and no more than was permitted", permitsUsed},
	{"an order of something else is refused", authorizationsOtherOrder},
	{"what a transaction settled is looked at when it is woken", authorizationsWoken},
	{"a session is told of the settlements that are under way for it", authorizationsPaying},
	{"what settled for a session is looked at when that is woken", authorizationsSessionWoken},
}

func claimOf(t *testing.T, w World, a ports.AuthorizationRow) error {
	t.Helper()
	return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Authorizations.Claim(ctx, a)
	})
}

func save(t *testing.T, w World, from x402.Status, a ports.AuthorizationRow) error {
	t.Helper()
	return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Authorizations.Save(ctx, from, a)
	})
}

// stored reads a settlement in both ways, which must agree.
func stored(t *testing.T, w World, k x402.ClaimKey) ports.AuthorizationRow {
	t.Helper()
	row, _, err := w.Authorizations.ByKey(t.Context(), k)
	ok(t, err)
	sameAuthorization(t, in(t, w, func(ctx context.Context, r ports.Repos) (ports.AuthorizationRow, error) {
		return r.Authorizations.Load(ctx, k)
	}), row)
	return row
}

func authorizationsWhole(t *testing.T, w World) {
	shop := OpenShop(t, w)
	for _, status := range x402.Statuses() {
		a := shop.AddAuthorization(t, status)
		sameAuthorization(t, stored(t, w, keyOf(a)), a)
	}
	named := func(s *x402.Snapshot, _ *ports.AuthorizationRow) { s.TxID = Unique() }
	for _, status := range []x402.Status{x402.Delegated, x402.Failed} {
		a := shop.AddAuthorization(t, status, named)
		sameAuthorization(t, stored(t, w, keyOf(a)), a)
	}
	bare := shop.AddAuthorization(t, x402.Claimed, func(s *x402.Snapshot, a *ports.AuthorizationRow) {
		a.ResourceID, a.SessionID, a.PaymentID, a.Title, a.LookAt = "", "", "", "", time.Time{}
		a.Order.Route, a.Version, s.Binding.SKU = 0, x402.V1, ""
		greatest, _ := x402.ParseUint(strings.Repeat("9", 77))
		s.Due.Value, s.Due.ValidBefore = greatest, greatest
	})
	sameAuthorization(t, stored(t, w, keyOf(bare)), bare)
	for _, reason := range x402.Reasons() {
		a := shop.AddAuthorization(t, x402.Refused, func(s *x402.Snapshot, _ *ports.AuthorizationRow) {
			s.Reason = reason
		})
		sameAuthorization(t, stored(t, w, keyOf(a)), a)
	}
}

func authorizationsRace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	first := shop.Authorization(t, x402.Claimed)
	key := first.Settlement.Snapshot().Due
	oneWinner(t, race(racers, func(int) error {
		mine := shop.Authorization(t, x402.Claimed, func(s *x402.Snapshot, _ *ports.AuthorizationRow) {
			s.Due = key
		})
		return claimOf(t, w, mine)
	}), ports.ErrTaken)

	other := shop.Authorization(t, x402.Claimed)
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		if err := r.Authorizations.Claim(ctx, first); !errors.Is(err, ports.ErrTaken) {
			t.Errorf("second claim of a key: %v", err)
		}
		return r.Authorizations.Claim(ctx, other)
	})
	sameAuthorization(t, stored(t, w, keyOf(other)), other)
	for _, apart := range []func(*x402.Due){
		func(d *x402.Due) { d.Network = x402.Network(1) },
		func(d *x402.Due) { d.Asset = EVMAccount() },
		func(d *x402.Due) { d.Payer = EVMAccount() },
		func(d *x402.Due) { d.Nonce = x402.Nonce(Unique()) },
	} {
		shop.AddAuthorization(t, x402.Claimed, func(s *x402.Snapshot, _ *ports.AuthorizationRow) {
			s.Due = key
			apart(&s.Due)
		})
	}
}

func authorizationsPaymentID(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	named := func(id string) func(*x402.Snapshot, *ports.AuthorizationRow) {
		return func(_ *x402.Snapshot, a *ports.AuthorizationRow) { a.PaymentID = id }
	}
	first := shop.AddAuthorization(t, x402.Claimed, named("order-1"))
	second := shop.Authorization(t, x402.Claimed, named("order-1"))
	isTaken(t, claimOf(t, w, second), "payment_id")
	isTaken(t, claimOf(t, w, first), "") // its own key says so first
	ok(t, claimOf(t, w, other.Authorization(t, x402.Claimed, named("order-1"))))
	for range 2 {
		ok(t, claimOf(t, w, shop.Authorization(t, x402.Claimed, named(""))))
	}
	third := shop.Authorization(t, x402.Claimed)
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		isTaken(t, r.Authorizations.Claim(ctx, second), "payment_id")
		return r.Authorizations.Claim(ctx, third)
	})
	got, err := w.Authorizations.ByPaymentID(t.Context(), shop.ID(), "order-1")
	ok(t, err)
	sameAuthorization(t, got, first)
	for _, id := range append([]string{"order-2", ""}, hostile...) {
		_, err := w.Authorizations.ByPaymentID(t.Context(), shop.ID(), id)
		isFault(t, err, ports.ErrNotFound)
	}
	oneWinner(t, race(racers, func(int) error {
		return claimOf(t, w, shop.Authorization(t, x402.Claimed, named("order-3")))
	}), ports.ErrTaken)
}

// signed is a row after a transaction was signed for it.
func signed(t *testing.T, a ports.AuthorizationRow) ports.AuthorizationRow {
	t.Helper()
	now := a.Settlement.Snapshot()
	now.Status, now.TxID = x402.Signed, Unique()
	return withSettlement(t, a, now)
}

func authorizationsCompared(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a, untouched := shop.AddAuthorization(t, x402.Claimed), shop.AddAuthorization(t, x402.Claimed)
	next := signed(t, a)
	next.Version, next.OrderNo = x402.V1, "20260301000000009"
	next.LookAt, next.ChangedAt = Epoch.Add(time.Hour), Epoch.Add(time.Minute)
	next.Order.Signature, next.Order.Route = []byte("another"), x402.RouteKey
	for _, from := range x402.Statuses() {
		if from != x402.Claimed {
			isFault(t, save(t, w, from, next), ports.ErrStale)
		}
	}
	sameAuthorization(t, stored(t, w, keyOf(a)), a)
	ok(t, save(t, w, x402.Claimed, next))
	sameAuthorization(t, stored(t, w, keyOf(a)), next)
	isFault(t, save(t, w, x402.Claimed, next), ports.ErrStale)
	next.LookAt = time.Time{}
	ok(t, save(t, w, x402.Signed, next)) // the status need not change
	sameAuthorization(t, stored(t, w, keyOf(a)), next)
	sameAuthorization(t, stored(t, w, keyOf(untouched)), untouched)
	isFault(t, save(t, w, x402.Claimed, shop.Authorization(t, x402.Claimed)), ports.ErrStale)
}

func authorizationsSaveRace(t *testing.T, w World) {
	a := OpenShop(t, w).AddAuthorization(t, x402.Claimed)
	oneWinner(t, race(racers, func(int) error { return save(t, w, x402.Claimed, signed(t, a)) }),
		ports.ErrStale)
}

func authorizationsDueStays(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a := shop.AddAuthorization(t, x402.Refused)
	again := a.Settlement.Snapshot()
	again.Status, again.Reason, again.ClaimedAt = x402.Claimed, 0, Epoch.Add(time.Second)
	again.Binding.Client = Unique()
	claimed := withSettlement(t, a, again)
	ok(t, save(t, w, x402.Refused, claimed))
	sameAuthorization(t, stored(t, w, keyOf(a)), claimed)

	again.Binding.MerchantID = string(OpenShop(t, w).ID())
	ok(t, save(t, w, x402.Claimed, withSettlement(t, a, again)))
	sameAuthorization(t, stored(t, w, keyOf(a)), claimed)
	for _, change := range []func(*x402.Due){
		func(d *x402.Due) { d.PayTo = EVMAccount() },
		func(d *x402.Due) { d.Value = x402.Uint(1) },
		func(d *x402.Due) { d.ValidBefore = x402.Uint(1) },
	} {
		other := claimed.Settlement.Snapshot()
		change(&other.Due)
		isFault(t, save(t, w, x402.Claimed, withSettlement(t, claimed, other)), ports.ErrOtherOrder)
	}
	sameAuthorization(t, stored(t, w, keyOf(a)), claimed)
}

func authorizationsOtherOrder(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a := shop.AddAuthorization(t, x402.Claimed)
	for _, change := range []func(*x402.Authorization){
		func(o *x402.Authorization) { o.From = EVMAccount() },
		func(o *x402.Authorization) { o.To = EVMAccount() },
		func(o *x402.Authorization) { o.Value = x402.Uint(1) },
		func(o *x402.Authorization) { o.ValidBefore = x402.Uint(1) },
		func(o *x402.Authorization) { o.Nonce = x402.Nonce(Unique()) },
	} {
		fresh := shop.Authorization(t, x402.Claimed)
		change(&fresh.Order.Authorization)
		isFault(t, claimOf(t, w, fresh), ports.ErrOtherOrder)
		known := a
		change(&known.Order.Authorization)
		isFault(t, save(t, w, x402.Claimed, known), ports.ErrOtherOrder)
	}
	sameAuthorization(t, stored(t, w, keyOf(a)), a)
}

func authorizationsWoken(t *testing.T, w World) {
	shop := OpenShop(t, w)
	tx := x402.Hash(Unique())
	by := func(s *x402.Snapshot, a *ports.AuthorizationRow) { s.TxID, a.LookAt = tx, time.Time{} }
	one, two := shop.AddAuthorization(t, x402.Settled, by), shop.AddAuthorization(t, x402.Settled, by)
	others := []ports.AuthorizationRow{
		shop.AddAuthorization(t, x402.Reversed, by), shop.AddAuthorization(t, x402.Settled),
		shop.AddAuthorization(t, x402.Settled, by, func(s *x402.Snapshot, _ *ports.AuthorizationRow) { s.Due.Network++ }),
	}
	at := Epoch.Add(time.Hour)
	same(t, in(t, w, func(ctx context.Context, r ports.Repos) (int, error) {
		return r.Authorizations.Wake(ctx, x402.NetworkOf(chain.Base), tx, at)
	}), 2)
	for _, a := range []ports.AuthorizationRow{one, two} {
		a.LookAt = at
		sameAuthorization(t, stored(t, w, keyOf(a)), a)
	}
	for _, a := range others {
		sameAuthorization(t, stored(t, w, keyOf(a)), a)
	}
}
