package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var keyPromises = []promise{
	{"a pair is found by public key and by secret, with its owner", keysFound},
	{"an unknown or hostile credential is not found", keysUnknown},
	{"a second pair with a public key or digest is taken", keysTaken},
	{"of two pairs for a project's last place one gets it", keysLimit},
	{"pairs are listed newest first, revoked ones included", keysListed},
	{"a revoked pair is still answered, and says so", keysRevoked},
	{"saving a pair changes label and revocation only", keysSaved},
	{"a pair of another project is not found", keysForeign},
	{"the owner of a pair tells the project's policy and state", keysOwner},
	{"a new API key replaces the one before, of its mode only", keysAPIKey},
}

func (s Shop) pairs(t *testing.T) []keys.Pair {
	t.Helper()
	return in(t, s.World, func(ctx context.Context, r ports.Repos) ([]keys.Pair, error) {
		return r.Keys.Pairs(ctx, s.Project.ID)
	})
}

func keysFound(t *testing.T, w World) {
	shop := OpenShop(t, w)
	pair := shop.AddPair(t, merchant.Test)
	OpenShop(t, w).AddPair(t, merchant.Test)
	want := ports.KeyOwner{Pair: pair, ClientID: shop.Account.Merchant.ClientID}
	byPublic, err := w.KeyRing.ByPublicKey(t.Context(), pair.PublicKey)
	ok(t, err)
	same(t, byPublic, want)
	bySecret, err := w.KeyRing.BySecret(t.Context(), pair.Digest)
	ok(t, err)
	same(t, bySecret, want)
	loaded := in(t, w, func(ctx context.Context, r ports.Repos) (keys.Pair, error) {
		return r.Keys.LoadPair(ctx, shop.Project.ID, pair.ID)
	})
	same(t, loaded, pair)
}

// hostile are texts that reach lookups unparsed: none may be an error of the database.
var hostile = []string{
	"", "x", "' OR 1=1 --", "\x00", "a\x00b", "\xff\xfe", "%", "00000000-0000-0000-0000-000000000000",
}

func keysUnknown(t *testing.T, w World) {
	shop := OpenShop(t, w)
	shop.AddPair(t, merchant.Test)
	for _, text := range hostile {
		_, err := w.KeyRing.ByPublicKey(t.Context(), text)
		isFault(t, err, ports.ErrNotFound)
		_, err = w.KeyRing.BySecret(t.Context(), []byte(text))
		isFault(t, err, ports.ErrNotFound)
		_, err = w.KeyRing.APIKey(t.Context(), []byte(text))
		isFault(t, err, ports.ErrNotFound)
		_, _, err = w.KeyRing.Login(t.Context(), text)
		isFault(t, err, ports.ErrNotFound)
		refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
			_, err := r.Keys.LoadPair(ctx, shop.Project.ID, keys.PairID(text))
			return err
		})
	}
}

func keysTaken(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	pair := shop.AddPair(t, merchant.Test)
	samePublic, sameDigest := other.MakePair(merchant.Test), other.MakePair(merchant.Test)
	samePublic.PublicKey = pair.PublicKey
	sameDigest.Digest = pair.Digest
	for _, p := range []keys.Pair{samePublic, sameDigest} {
		refused(t, w, ports.ErrTaken, func(ctx context.Context, r ports.Repos) error {
			return r.Keys.AddPair(ctx, p)
		})
	}
	same(t, other.pairs(t), []keys.Pair(nil))
}

func keysLimit(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	var last keys.Pair
	for range keys.MaxLivePairs - 1 {
		last = shop.AddPair(t, merchant.Test)
	}
	oneWinner(t, race(racers, func(int) error {
		p := shop.MakePair(merchant.Test)
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Keys.AddPair(ctx, p)
		})
	}), keys.ErrTooManyKeys)
	same(t, len(shop.pairs(t)), keys.MaxLivePairs)
	other.AddPair(t, merchant.Test)
	last.RevokedAt = Epoch.Add(time.Hour)
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Keys.SavePair(ctx, last) })
	shop.AddPair(t, merchant.Test)
}

func keysListed(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	other.AddPair(t, merchant.Test)
	var want []keys.Pair
	for i, m := range []merchant.Mode{merchant.Test, merchant.Live, merchant.Test} {
		p := shop.MakePair(m)
		p.CreatedAt = Epoch.Add(time.Duration(i) * time.Second)
		do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Keys.AddPair(ctx, p) })
		want = append([]keys.Pair{p}, want...)
	}
	want[1].RevokedAt = Epoch.Add(time.Hour)
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Keys.SavePair(ctx, want[1]) })
	same(t, shop.pairs(t), want)
}

func keysRevoked(t *testing.T, w World) {
	shop := OpenShop(t, w)
	pair := shop.AddPair(t, merchant.Test)
	pair.RevokedAt = Epoch.Add(time.Hour)
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Keys.SavePair(ctx, pair) })
	owner, err := w.KeyRing.BySecret(t.Context(), pair.Digest)
	ok(t, err)
	same(t, owner.Pair, pair)
	owner, err = w.KeyRing.ByPublicKey(t.Context(), pair.PublicKey)
	ok(t, err)
	same(t, owner.Pair.Live(), false)
}

func keysSaved(t *testing.T, w World) {
	shop := OpenShop(t, w)
	pair := shop.AddPair(t, merchant.Test)
	neighbour := shop.AddPair(t, merchant.Test)
	changed := shop.MakePair(merchant.Live)
	changed.ID, changed.Label, changed.CreatedAt = pair.ID, "web", Epoch.Add(time.Hour)
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Keys.SavePair(ctx, changed) })
	want := pair
	want.Label = "web"
	owner, err := w.KeyRing.ByPublicKey(t.Context(), pair.PublicKey)
	ok(t, err)
	same(t, owner.Pair, want)
	owner, err = w.KeyRing.ByPublicKey(t.Context(), neighbour.PublicKey)
	ok(t, err)
	same(t, owner.Pair, neighbour)
}

func keysForeign(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	pair := shop.AddPair(t, merchant.Test)
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Keys.LoadPair(ctx, other.Project.ID, pair.ID)
		return err
	})
	same(t, other.pairs(t), []keys.Pair(nil))
}

func keysOwner(t *testing.T, w World) {
	account, closed := Unregistered()
	closed.Disabled = true
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Merchants.Add(ctx, account, closed)
	})
	shop := Shop{World: w, Account: account, Project: closed}
	pair := shop.AddPair(t, merchant.Test)
	owner, err := w.KeyRing.ByPublicKey(t.Context(), pair.PublicKey)
	ok(t, err)
	same(t, owner.ProjectDisabled, true)
	same(t, owner.RecordedCharges, false)

	open := OpenShop(t, w)
	pair = open.AddPair(t, merchant.Test)
	open.Project.Policy.RecordedCharges = true
	update(t, w, open.Project)
	owner, err = w.KeyRing.BySecret(t.Context(), pair.Digest)
	ok(t, err)
	same(t, owner.ProjectDisabled, false)
	same(t, owner.RecordedCharges, true)
}

func (s Shop) putAPIKey(t *testing.T, m merchant.Mode) keys.APIKey {
	t.Helper()
	digest := Unique()
	k := keys.APIKey{
		MerchantID: s.ID(), ProjectID: s.Project.ID, Mode: m,
		Digest: digest[:], Hint: "ap_…wxyz", CreatedAt: Epoch,
	}
	do(t, s.World, func(ctx context.Context, r ports.Repos) error { return r.Keys.PutAPIKey(ctx, k) })
	return k
}

func keysAPIKey(t *testing.T, w World) {
	shop := OpenShop(t, w)
	first, live := shop.putAPIKey(t, merchant.Test), shop.putAPIKey(t, merchant.Live)
	other := OpenShop(t, w).putAPIKey(t, merchant.Test)
	got, err := w.KeyRing.APIKey(t.Context(), first.Digest)
	ok(t, err)
	same(t, got, first)

	second := shop.putAPIKey(t, merchant.Test)
	_, err = w.KeyRing.APIKey(t.Context(), first.Digest)
	isFault(t, err, ports.ErrNotFound)
	for _, k := range []keys.APIKey{second, live, other} {
		got, err = w.KeyRing.APIKey(t.Context(), k.Digest)
		ok(t, err)
		same(t, got, k)
	}
}
