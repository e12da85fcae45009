package portstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var addressSourcePromises = []promise{
	{"a source is listed, whole, until it is removed", sourcesListed},
	{"a source is found by its project alone", sourcesForeign},
	{"there is a limit to sources", sourcesLimited},
	{"one source of a family is confirmed at a time, and a key serves one project", sourcesOneActive},
	{"a source is active from its time on", sourcesFromTheirTime},
	{"another source that served lately is known", sourcesServed},
	{"how far a key came is remembered beyond its source", sourcesReached},
}

func sourcesOf(t *testing.T, w World, p merchant.ProjectID) []merchant.AddressSource {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) ([]merchant.AddressSource, error) {
		return r.Sources.List(ctx, p)
	})
}

func saveSource(t *testing.T, w World, a merchant.AddressSource) error {
	t.Helper()
	return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sources.SaveSource(ctx, a)
	})
}

func sourcesListed(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	first := shop.addSource(t, merchant.SourceXpub)
	second := shop.Source(merchant.SourcePool)
	second.Family, second.CreatedAt, second.ActiveFrom = chain.FamilyEVM, Epoch.Add(time.Hour), time.Time{}
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Sources.AddSource(ctx, second) })
	same(t, sourcesOf(t, w, shop.Project.ID), []merchant.AddressSource{second, first})
	same(t, sourcesOf(t, w, other.Project.ID), []merchant.AddressSource(nil))

	second.Label, second.ActiveFrom, second.NextIndex = "new", Epoch.Add(2*time.Hour), 7
	ok(t, saveSource(t, w, second))
	first.RemovedAt = Epoch.Add(3 * time.Hour)
	ok(t, saveSource(t, w, first))
	same(t, sourcesOf(t, w, shop.Project.ID), []merchant.AddressSource{second})
}

func sourcesForeign(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	a := shop.addSource(t, merchant.SourceXpub)
	load := func(p merchant.ProjectID, id merchant.SourceID) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			got, err := r.Sources.LoadSource(ctx, p, id)
			if err == nil {
				same(t, got, a)
			}
			return err
		})
	}
	ok(t, load(shop.Project.ID, a.ID))
	isFault(t, load(other.Project.ID, a.ID), ports.ErrNotFound)
	isFault(t, load(shop.Project.ID, merchant.SourceID(UUID())), ports.ErrNotFound)
	isFault(t, load(shop.Project.ID, "no id"), ports.ErrNotFound)
	a.RemovedAt = Epoch
	ok(t, saveSource(t, w, a))
	isFault(t, load(shop.Project.ID, a.ID), ports.ErrNotFound)
}

func sourcesLimited(t *testing.T, w World) {
	shop := OpenShop(t, w)
	for i := range merchant.MaxSources + 1 {
		a := shop.Source(merchant.SourceXpub)
		a.ActiveFrom = time.Time{}
		err := w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Sources.AddSource(ctx, a)
		})
		if i < merchant.MaxSources {
			ok(t, err)
			continue
		}
		isFault(t, err, merchant.ErrTooManySources)
	}
}

func sourcesOneActive(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	active := shop.addSource(t, merchant.SourceXpub)
	waiting := shop.Source(merchant.SourceXpub)
	copied := other.Source(merchant.SourceXpub)
	copied.Fingerprint = active.Fingerprint
	for _, a := range []merchant.AddressSource{waiting, copied} {
		unconfirmed := a
		unconfirmed.ActiveFrom = time.Time{}
		do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Sources.AddSource(ctx, unconfirmed) })
		isFault(t, saveSource(t, w, a), ports.ErrTaken)
	}
	// The unit of work that was refused goes on.
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		if err := r.Sources.SaveSource(ctx, waiting); !errors.Is(err, ports.ErrTaken) {
			t.Errorf("a second one: %v", err)
		}
		active.RemovedAt = Epoch.Add(time.Hour)
		return r.Sources.SaveSource(ctx, active)
	})
	ok(t, saveSource(t, w, waiting))
	ok(t, saveSource(t, w, copied))
}

func sourcesFromTheirTime(t *testing.T, w World) {
	shop := OpenShop(t, w)
	shop.addSource(t, merchant.SourceXpub)
	_, err := shop.take(t.Context(), someSession(), Epoch.Add(-time.Second))
	isFault(t, err, ports.ErrNotFound)
	_, err = shop.take(t.Context(), someSession(), Epoch)
	ok(t, err)
	_, err = OpenShop(t, w).take(t.Context(), someSession(), Epoch)
	isFault(t, err, ports.ErrNotFound)
}

func sourcesReached(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a := shop.addSource(t, merchant.SourceXpub)
	for range 3 {
		_, err := shop.take(t.Context(), someSession(), Epoch)
		ok(t, err)
	}
	reached := func(f chain.Family, fingerprint string) int64 {
		return in(t, w, func(ctx context.Context, r ports.Repos) (int64, error) {
			return r.Sources.Reached(ctx, f, fingerprint)
		})
	}
	a = sourcesOf(t, w, shop.Project.ID)[0]
	a.RemovedAt = Epoch
	ok(t, saveSource(t, w, a))
	same(t, reached(chain.FamilyTron, a.Fingerprint), int64(3))
	same(t, reached(chain.FamilyEVM, a.Fingerprint), int64(0))
	same(t, reached(chain.FamilyTron, "other"), int64(0))
}

func sourcesServed(t *testing.T, w World) {
	shop := OpenShop(t, w)
	former := shop.addSource(t, merchant.SourceXpub)
	next, again := shop.Source(merchant.SourcePool), shop.Source(merchant.SourceXpub)
	again.Fingerprint = former.Fingerprint
	served := func(a merchant.AddressSource, since time.Time) bool {
		return in(t, w, func(ctx context.Context, r ports.Repos) (bool, error) { return r.Sources.Served(ctx, a, since) })
	}
	elsewhere := next
	elsewhere.Family = chain.FamilyEVM
	same(t, []bool{
		served(next, Epoch), served(former, Epoch), served(again, Epoch), served(elsewhere, Epoch),
		served(OpenShop(t, w).Source(merchant.SourcePool), Epoch),
	}, []bool{true, false, false, false, false})
	former.RemovedAt = Epoch.Add(time.Hour)
	ok(t, saveSource(t, w, former))
	same(t, served(next, Epoch.Add(time.Hour)), true)
	same(t, served(next, Epoch.Add(time.Hour+time.Second)), false)
}
