package portstest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

var authorizationLockPromises = []promise{
	{"a settlement that was loaded is locked", authorizationsLocked},
	{"many are loaded at once, in whatever order they are named", authorizationsLoadedTogether},
	{"what was rolled back was never claimed", authorizationsRollBack},
}

// authorizationsLocked: of units that load, look and save, each finds what the one before left.
func authorizationsLocked(t *testing.T, w World) {
	a := OpenShop(t, w).AddAuthorization(t, x402.Broadcast)
	allWon(t, race(racers, func(int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			row, err := r.Authorizations.Load(ctx, keyOf(a))
			if err != nil {
				return err
			}
			row.LookAt = row.LookAt.Add(time.Second)
			return r.Authorizations.Save(ctx, x402.Broadcast, row)
		})
	}))
	same(t, stored(t, w, keyOf(a)).LookAt, a.LookAt.Add(racers*time.Second))
}

func authorizationsLoadedTogether(t *testing.T, w World) {
	shop := OpenShop(t, w)
	var rows []ports.AuthorizationRow
	var keys []x402.ClaimKey
	for range 3 {
		rows = append(rows, shop.AddAuthorization(t, x402.Broadcast))
		keys = append(keys, keyOf(rows[len(rows)-1]))
	}
	missing := keyOf(shop.Authorization(t, x402.Broadcast))
	found := in(t, w, func(ctx context.Context, r ports.Repos) (map[x402.ClaimKey]ports.AuthorizationRow, error) {
		return r.Authorizations.LoadAll(ctx, append([]x402.ClaimKey{missing, keys[1]}, keys...))
	})
	same(t, len(found), len(rows))
	for i, row := range rows {
		sameAuthorization(t, found[keys[i]], row)
	}
	allWon(t, race(racers, func(n int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			turned := append(slices.Clone(keys[n%len(keys):]), keys[:n%len(keys)]...)
			found, err := r.Authorizations.LoadAll(ctx, turned)
			if err != nil {
				return err
			}
			for _, k := range turned {
				row := found[k]
				row.LookAt = row.LookAt.Add(time.Second)
				if err := r.Authorizations.Save(ctx, x402.Broadcast, row); err != nil {
					return err
				}
			}
			return nil
		})
	}))
	for i, row := range rows {
		same(t, stored(t, w, keys[i]).LookAt, row.LookAt.Add(racers*time.Second))
	}
}

func authorizationsRollBack(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a, stop := shop.Authorization(t, x402.Claimed), errors.New("stop")
	isFault(t, w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		if err := r.Authorizations.Claim(ctx, a); err != nil {
			return err
		}
		return stop
	}), stop)
	_, _, err := w.Authorizations.ByKey(t.Context(), keyOf(a))
	isFault(t, err, ports.ErrNotFound)
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Authorizations.Load(ctx, keyOf(a))
		return err
	})
	ok(t, claimOf(t, w, a))
}
