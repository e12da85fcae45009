package portstest

import (
	"context"
	"math/big"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// invited makes an intent one that holds nothing.
func invited(i checkout.Intent) checkout.Intent {
	i.Terms.Matching, i.HoldUntil = checkout.Authorized, i.CreatedAt
	return i
}

func invite(t *testing.T, w World, i checkout.Intent) checkout.Intent {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) (checkout.Intent, error) {
		return r.Sessions.Invite(ctx, i)
	})
}

// amountsInvited: what is invited holds no amount, so that others may be asked for the same at the same
// place, and whoever invites twice is answered what he was the first time.
func amountsInvited(t *testing.T, w World) {
	shop := OpenShop(t, w)
	at := Address()
	session, other := shop.AddSession(t, Epoch), shop.AddSession(t, Epoch)
	first := invited(MakeIntent(session, at, 10_000_000))
	same(t, invite(t, w, first), first)
	again := invited(MakeIntent(session, at, 11_000_000))
	same(t, invite(t, w, again), first)
	others := invited(MakeIntent(other, at, 10_000_000))
	same(t, invite(t, w, others), others)
	elsewhere := invited(MakeIntent(session, Address(), 10_000_000))
	same(t, invite(t, w, elsewhere), elsewhere)

	held, err := w.Sessions.Held(t.Context(), transfers(Paying(first, 7)))
	ok(t, err)
	same(t, held, []*ports.HeldAmount{nil})
	same(t, in(t, w, func(ctx context.Context, r ports.Repos) (int, error) {
		return r.Sessions.HoldAgain(ctx, first.Asset.Network, first.HoldUntil.Add(-time.Hour))
	}), 0)
	shown := MakeIntent(other, at, 10_000_000)
	ok(t, reserve(t, w, shown))
	held, err = w.Sessions.Held(t.Context(), transfers(Paying(first, 7)))
	ok(t, err)
	same(t, held, []*ports.HeldAmount{{Intent: shown, Owner: shop.Project.ID}})

	listed, err := w.Sessions.IntentsOf(t.Context(), session.ID(), 10)
	ok(t, err)
	same(t, len(listed), 2)
	err = w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		_, err := r.Sessions.Invite(ctx, MakeIntent(session, at, 1))
		return err
	})
	if err == nil {
		t.Error("an intent that holds its amount was invited")
	}
}

// amountsInvitedRace: of many who invite at once all are answered one.
func amountsInvitedRace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session, at := shop.AddSession(t, Epoch), Address()
	answered := make([]checkout.IntentID, racers)
	for _, err := range race(racers, func(i int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			got, err := r.Sessions.Invite(ctx, invited(MakeIntent(session, at, int64(i+1))))
			answered[i] = got.ID
			return err
		})
	}) {
		ok(t, err)
	}
	for _, id := range answered {
		same(t, id, answered[0])
	}
}

// amountsInvitedHeld: an invited intent that is extended holds its amount as any other does.
func amountsInvitedHeld(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session, at := shop.AddSession(t, Epoch), Address()
	intent := invite(t, w, invited(MakeIntent(session, at, 10_000_000)))
	intent.ExpiresAt, intent.HoldUntil = Epoch.Add(time.Hour), Epoch.Add(2*time.Hour)
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Sessions.Extend(ctx, intent.ID, intent.ExpiresAt, intent.HoldUntil)
	})
	over := Paying(intent, 7)
	over.Units = big.NewInt(10_000_001)
	held, err := w.Sessions.Held(t.Context(), transfers(Paying(intent, 7), over))
	ok(t, err)
	same(t, held, []*ports.HeldAmount{{Intent: intent, Owner: shop.Project.ID}, nil})
	isFault(t, reserve(t, w, MakeIntent(shop.AddSession(t, Epoch), at, 10_000_000)), ports.ErrTaken)
}

// authorizationsPaying: a session is told of the settlements that may still move its money, and of no others.
func authorizationsPaying(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session := shop.AddSession(t, Epoch).ID()
	for _, status := range x402.Statuses() {
		a := shop.AddAuthorization(t, status, func(_ *x402.Snapshot, a *ports.AuthorizationRow) {
			a.SessionID = string(session)
		})
		shop.AddAuthorization(t, status)
		open := status != x402.Settled && status != x402.Refused && status != x402.Failed
		got := in(t, w, func(ctx context.Context, r ports.Repos) ([]x402.ClaimKey, error) {
			return r.Authorizations.Paying(ctx, session)
		})
		found := false
		for _, k := range got {
			found = found || k == keyOf(a)
		}
		if found != open {
			t.Errorf("a settlement that is %s pays: %v", status, found)
		}
	}
	same(t, len(in(t, w, func(ctx context.Context, r ports.Repos) ([]x402.ClaimKey, error) {
		return r.Authorizations.Paying(ctx, session)
	})), 6)
	same(t, len(in(t, w, func(ctx context.Context, r ports.Repos) ([]x402.ClaimKey, error) {
		return r.Authorizations.Paying(ctx, "no session")
	})), 0)
}

// authorizationsSessionWoken: what settled for a session is looked at when that is woken.
func authorizationsSessionWoken(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session := shop.AddSession(t, Epoch).ID()
	of := func(_ *x402.Snapshot, a *ports.AuthorizationRow) {
		a.SessionID, a.LookAt = string(session), time.Time{}
	}
	settled := shop.AddAuthorization(t, x402.Settled, of)
	others := []ports.AuthorizationRow{
		shop.AddAuthorization(t, x402.Failed, of), shop.AddAuthorization(t, x402.Settled),
	}
	at := Epoch.Add(time.Hour)
	wake := func(id checkout.SessionID) int {
		return in(t, w, func(ctx context.Context, r ports.Repos) (int, error) {
			return r.Authorizations.WakeSession(ctx, id, at)
		})
	}
	same(t, wake(session), 1)
	same(t, wake("no session"), 0)
	settled.LookAt = at
	for _, a := range append(others, settled) {
		sameAuthorization(t, stored(t, w, keyOf(a)), a)
	}
}
