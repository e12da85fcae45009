package portstest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// crowdPromises are those of questions that nearly every request asks, many at the same time.
var crowdPromises = []promise{
	{"of many who ask at once each is answered for his own credential", keysCrowd},
	{"a login works in the first project of its merchant, in its mode", keysHome},
	{"of many who look at sessions at once each has one of his own", sessionsCrowd},
	{"of many who look at the cursors at once each finds what stood when he asked", cursorsCrowd},
}

// keysCrowd: whoever asks is answered for what he asked, what stood when he asked or later, and has what
// he was answered for himself.
func keysCrowd(t *testing.T, w World) {
	shops := []Shop{OpenShop(t, w), OpenShop(t, w), OpenShop(t, w)}
	var pairs []keys.Pair
	var logins []keys.Login
	for _, shop := range shops {
		pairs, logins = append(pairs, shop.AddPair(t, merchant.Test)), append(logins, shop.addLogin(t))
	}
	got := make([]ports.KeyOwner, racers)
	allWon(t, race(racers, func(i int) (err error) {
		if got[i], err = w.KeyRing.ByPublicKey(t.Context(), pairs[i%3].PublicKey); err != nil {
			return err
		}
		own, err := w.KeyRing.BySecret(t.Context(), pairs[i%3].Digest)
		if err == nil && own.Pair.ID != pairs[i%3].ID {
			err = fmt.Errorf("by secret it is pair %s", own.Pair.ID)
		}
		if err != nil {
			return err
		}
		login, _, err := w.KeyRing.Login(t.Context(), logins[i%3].ID)
		if err == nil && login.MerchantID != shops[i%3].ID() {
			err = fmt.Errorf("the login is of merchant %s", login.MerchantID)
		}
		return err
	}))
	for i, owner := range got {
		same(t, owner.Pair, pairs[i%3])
		owner.Pair.Digest[0]++ // his own to spoil
	}
	pairs[0].RevokedAt = Epoch
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Keys.SavePair(ctx, pairs[0]) })
	allWon(t, race(racers, func(int) error {
		owner, err := w.KeyRing.ByPublicKey(t.Context(), pairs[0].PublicKey)
		if err == nil && owner.Pair.Live() {
			err = errors.New("a pair that was revoked before is live")
		}
		return err
	}))
}

func keysHome(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	logins := map[string]Shop{shop.addLogin(t).ID: shop, other.addLogin(t).ID: other}
	further := shop.Project
	further.ID, further.Mode = merchant.ProjectID(UUID()), merchant.Live
	further.CreatedAt = shop.Project.CreatedAt.Add(time.Hour)
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Projects.Add(ctx, further) })
	for id, s := range logins {
		_, got, err := w.KeyRing.Login(t.Context(), id)
		ok(t, err)
		same(t, got, merchant.Principal{Merchant: s.ID(), Project: s.Project.ID, Mode: s.Project.Mode})
	}
	shop.Project.Mode = merchant.Live
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Projects.Update(ctx, shop.Project) })
	for id, s := range logins {
		_, got, err := w.KeyRing.Login(t.Context(), id)
		ok(t, err)
		same(t, got.Mode == merchant.Live, s.ID() == shop.ID())
	}
}

func sessionsCrowd(t *testing.T, w World) {
	shop := OpenShop(t, w)
	rests, _ := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	bare := shop.AddSession(t, Epoch, rich)
	got := make([]*checkout.Session, racers)
	allWon(t, race(racers, func(i int) (err error) {
		switch i % 3 {
		case 0:
			got[i], err = w.Sessions.ByID(t.Context(), rests.ID())
		case 1:
			got[i], err = w.Sessions.ByID(t.Context(), bare.ID())
		default:
			if _, err = w.Sessions.ByID(t.Context(), checkout.SessionID(UUID())); errors.Is(err, ports.ErrNotFound) {
				err = nil
			} else {
				err = fmt.Errorf("a session nobody recorded: %w", err)
			}
		}
		return err
	}))
	for i, session := range got {
		switch i % 3 {
		case 0:
			sameSession(t, session, rests)
			_, err := session.See(Epoch.Add(time.Second))
			ok(t, err)
		case 1:
			sameSession(t, session, bare)
			ok(t, session.Cancel(Epoch.Add(time.Second)))
		}
	}
}

// cursorsCrowd: whoever moves the cursor finds it where he put it or further, however many look meanwhile.
func cursorsCrowd(t *testing.T, w World) {
	at := ports.Cursor{Network: chain.Sandbox, Height: 1, BlockID: "b1", BlockTime: Epoch, UpdatedAt: Epoch}
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Cursors.Start(ctx, at) })
	allWon(t, race(racers, func(i int) error {
		if i > 0 {
			_, err := w.Cursors.Cursors(t.Context())
			return err
		}
		for height := uint64(2); height < 12; height++ {
			next := at
			next.Height, next.BlockID = height, fmt.Sprint("b", height)
			err := w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
				return r.Cursors.Advance(ctx, at, next)
			})
			if err != nil {
				return err
			}
			at = next
			found, err := w.Cursors.Cursors(t.Context())
			if err != nil || len(found) != 1 || found[0].Height != height {
				return fmt.Errorf("at %d the cursors are %+v, %w", height, found, err)
			}
			found[0].Height = 0 // his own to spoil
		}
		return nil
	}))
}
