package portstest

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/ports"
)

var loginPromises = []promise{
	{"a login is found, whole, in and out of a unit of work", loginsFound},
	{"an unknown login is not found", loginsUnknown},
	{"saving replaces refresh digest, expiry and revocation", loginsSaved},
	{"of many who refresh one login with one token one wins", loginsRefreshRace},
	{"prune deletes ended logins only, and no more than asked", loginsPruned},
}

func (s Shop) addLogin(t *testing.T, change ...func(*keys.Login)) keys.Login {
	t.Helper()
	digest := Unique()
	l := keys.Login{
		ID: UUID(), MerchantID: s.ID(), RefreshDigest: digest[:],
		CreatedAt: Epoch, ExpiresAt: Epoch.Add(24 * time.Hour),
	}
	for _, c := range change {
		c(&l)
	}
	do(t, s.World, func(ctx context.Context, r ports.Repos) error { return r.Logins.Add(ctx, l) })
	return l
}

func loginsFound(t *testing.T, w World) {
	shop := OpenShop(t, w)
	l := shop.addLogin(t)
	shop.addLogin(t)
	got, _, err := w.KeyRing.Login(t.Context(), l.ID)
	ok(t, err)
	same(t, got, l)
	loaded := in(t, w, func(ctx context.Context, r ports.Repos) (keys.Login, error) {
		return r.Logins.Load(ctx, l.ID)
	})
	same(t, loaded, l)
}

func loginsUnknown(t *testing.T, w World) {
	OpenShop(t, w).addLogin(t)
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Logins.Load(ctx, UUID())
		return err
	})
}

func loginsSaved(t *testing.T, w World) {
	shop := OpenShop(t, w)
	l, neighbour := shop.addLogin(t), shop.addLogin(t)
	digest := Unique()
	l.RefreshDigest = digest[:]
	l.ExpiresAt, l.RevokedAt = Epoch.Add(48*time.Hour), Epoch.Add(time.Hour)
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Logins.Save(ctx, l) })
	got, _, err := w.KeyRing.Login(t.Context(), l.ID)
	ok(t, err)
	same(t, got, l)
	got, _, err = w.KeyRing.Login(t.Context(), neighbour.ID)
	ok(t, err)
	same(t, got, neighbour)
}

// loginsRefreshRace: a refresh token is worth one refresh. What Load answers is locked, so that
// whoever comes second finds the digest of the first.
func loginsRefreshRace(t *testing.T, w World) {
	l := OpenShop(t, w).addLogin(t)
	oneWinner(t, race(racers, func(int) error {
		digest := Unique()
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			now, err := r.Logins.Load(ctx, l.ID)
			if err != nil {
				return err
			}
			if !bytes.Equal(now.RefreshDigest, l.RefreshDigest) {
				return keys.ErrUnauthorized
			}
			now.RefreshDigest = digest[:]
			return r.Logins.Save(ctx, now)
		})
	}), keys.ErrUnauthorized)
}

func loginsPruned(t *testing.T, w World) {
	shop := OpenShop(t, w)
	live := shop.addLogin(t)
	for range 3 {
		shop.addLogin(t, func(l *keys.Login) { l.ExpiresAt = Epoch.Add(time.Hour) })
	}
	shop.addLogin(t, func(l *keys.Login) { l.RevokedAt = Epoch.Add(time.Minute) })
	prune := func(before time.Time, limit int) int {
		t.Helper()
		return in(t, w, func(ctx context.Context, r ports.Repos) (int, error) {
			return r.Logins.Prune(ctx, before, limit)
		})
	}
	same(t, prune(Epoch, 10), 0)
	same(t, prune(Epoch.Add(2*time.Hour), 3), 3)
	same(t, prune(Epoch.Add(2*time.Hour), 3), 1)
	same(t, prune(Epoch.Add(2*time.Hour), 3), 0)
	_, _, err := w.KeyRing.Login(t.Context(), live.ID)
	ok(t, err)
}
