package portstest

import (
	"bytes"
	"context"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

var resourcePromises = []promise{
	{"a resource is kept whole", resourceWhole},
	{"a merchant's sku names one resource, whatever its mode", resourceUnique},
	{"a sku of another merchant is another resource", resourceForeign},
	{"saving replaces everything but identity, and never with an older version", resourceSaved},
	{"content is found by its hash until it is replaced", resourceContent},
	{"stored contents have a bound together", resourceStorage},
	{"resources are listed newest first, per project and mode", resourcesListed},
	{"the public catalog lists what is sold and shall be listed", resourcesDiscoverable},
	{"a resource of a disabled project says so", resourceDisabled},
}

// MakeResource answers a resource of the shop over 0.25 USDC with a stored body, not recorded.
func (s Shop) MakeResource(t *testing.T, at time.Time, change ...func(*resource.Snapshot)) *resource.Resource {
	t.Helper()
	price, err := money.FromMinor(money.USDC, big.NewInt(250_000))
	ok(t, err)
	content, err := resource.StoredBody([]byte("the weather"), "text/plain; charset=utf-8")
	ok(t, err)
	snapshot := resource.Snapshot{
		ID: resource.ID(UUID()), MerchantID: s.ID(), ProjectID: s.Project.ID, Mode: merchant.Test,
		SKU: "sku-" + UUID(), Content: content,
		Terms: resource.Terms{Price: price, Timeout: time.Minute, Flow: resource.Authorization},
	}
	for _, c := range change {
		c(&snapshot)
	}
	made, err := resource.New(snapshot, at)
	ok(t, err)
	return made
}

// AddResource records a resource as MakeResource makes it, with its bytes.
func (s Shop) AddResource(t *testing.T, at time.Time, change ...func(*resource.Snapshot)) *resource.Resource {
	t.Helper()
	made := s.MakeResource(t, at, change...)
	do(t, s.World, func(ctx context.Context, r ports.Repos) error {
		if err := r.Resources.Add(ctx, made); err != nil {
			return err
		}
		if !made.Snapshot().Content.Stored() {
			return nil
		}
		return r.Resources.SetContent(ctx, made, []byte("the weather"))
	})
	return made
}

// full gives a resource something to say in every field.
func full(s *resource.Snapshot) {
	s.Terms.Networks = []x402.Network{84532, 8453}
	s.Terms.PayTo = map[x402.Network]x402.Address{84532: {1, 2, 19: 3}}
	s.Terms.Title, s.Terms.ServiceName = "Wetter ☀", "weather.example"
	s.Terms.Description, s.Terms.MIMEType = "today's\n\"weather\"", "application/json"
	s.Terms.Tags = []string{"weather", "a,b {\"c\"}"}
	s.Terms.Discoverable, s.Terms.Timeout, s.Terms.Flow = true, 300*time.Second, resource.Upfront
	s.Terms.ValidFrom, s.Terms.ValidUntil = Epoch, Epoch.Add(time.Hour)
}

func upstream(s *resource.Snapshot) {
	s.Content = resource.Content{Kind: resource.Upstream, Upstream: resource.Source{
		URL: "https://api.shop.example/weather?a=1", Header: "Authorization", Sealed: []byte{0, 1, 2}, Post: true,
	}}
}

func uploaded(s *resource.Snapshot) {
	s.Content, _ = resource.StoredFile([]byte("%PDF"), "application/pdf", "Übersicht 1.pdf")
}

func bySKU(t *testing.T, w World, s resource.Snapshot) resource.Snapshot {
	t.Helper()
	row, err := w.Resources.BySKU(t.Context(), s.MerchantID, s.SKU)
	ok(t, err)
	return row.Resource.Snapshot()
}

func resourceWhole(t *testing.T, w World) {
	shop := OpenShop(t, w)
	for _, change := range []func(*resource.Snapshot){
		func(*resource.Snapshot) {}, full, upstream, uploaded,
		func(s *resource.Snapshot) { s.Content, s.Mode = resource.Content{}, merchant.Live },
		func(s *resource.Snapshot) { s.Terms.Price, _ = money.Parse(money.USD, "9.99") },
	} {
		want := shop.AddResource(t, Epoch, change).Snapshot()
		same(t, bySKU(t, w, want), want)
		loaded := in(t, w, func(ctx context.Context, r ports.Repos) (*resource.Resource, error) {
			return r.Resources.Load(ctx, shop.ID(), want.SKU)
		})
		same(t, loaded.Snapshot(), want)
	}
}

func resourceUnique(t *testing.T, w World) {
	shop := OpenShop(t, w)
	oneWinner(t, race(racers, func(i int) error {
		made := shop.MakeResource(t, Epoch, func(s *resource.Snapshot) {
			s.SKU, s.Mode = "weather", []merchant.Mode{merchant.Test, merchant.Live}[i%2]
		})
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Resources.Add(ctx, made)
		})
	}), ports.ErrTaken)
	shop.AddResource(t, Epoch, func(s *resource.Snapshot) { s.SKU = "Weather" })
}

func resourceForeign(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	named := func(s *resource.Snapshot) { s.SKU = "weather" }
	mine := shop.AddResource(t, Epoch, named).Snapshot()
	for _, sku := range append(slices.Clone(hostile), "weather") {
		_, err := w.Resources.BySKU(t.Context(), other.ID(), sku)
		isFault(t, err, ports.ErrNotFound)
		refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
			_, err := r.Resources.Load(ctx, other.ID(), sku)
			return err
		})
	}
	for _, id := range hostile {
		_, err := w.Resources.BySKU(t.Context(), merchant.ID(id), "weather")
		isFault(t, err, ports.ErrNotFound)
		_, err = w.Resources.Content(t.Context(), resource.ID(id), mine.Content.Hash)
		isFault(t, err, ports.ErrNotFound)
	}
	theirs := other.AddResource(t, Epoch, named).Snapshot()
	same(t, bySKU(t, w, mine), mine)
	same(t, bySKU(t, w, theirs), theirs)
}

func resourceSaved(t *testing.T, w World) {
	shop := OpenShop(t, w)
	added, neighbour := shop.AddResource(t, Epoch), shop.AddResource(t, Epoch).Snapshot()
	save := func(s resource.Snapshot) error {
		changed, err := resource.Restore(s)
		ok(t, err)
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Resources.Save(ctx, changed)
		})
	}
	want := added.Snapshot()
	isFault(t, save(want), ports.ErrStale)
	full(&want)
	upstream(&want)
	want.Version, want.UpdatedAt, want.ArchivedAt = 2, Epoch.Add(time.Hour), Epoch.Add(time.Hour)
	forged := want
	forged.SKU, forged.CreatedAt = "another", Epoch.Add(time.Minute)
	ok(t, save(forged))
	same(t, bySKU(t, w, want), want)
	same(t, bySKU(t, w, neighbour), neighbour)
	plain := added.Snapshot()
	plain.Version, plain.Content = 3, resource.Content{}
	ok(t, save(plain))
	same(t, bySKU(t, w, plain), plain)
	isFault(t, save(want), ports.ErrStale)
	unknown := shop.MakeResource(t, Epoch).Snapshot()
	isFault(t, save(unknown), ports.ErrNotFound)
}

func resourceContent(t *testing.T, w World) {
	shop := OpenShop(t, w)
	r, neighbour := shop.AddResource(t, Epoch), shop.AddResource(t, Epoch).Snapshot()
	was := r.Snapshot()
	got, err := w.Resources.Content(t.Context(), was.ID, was.Content.Hash)
	ok(t, err)
	same(t, string(got), "the weather")
	file := bytes.Repeat([]byte{0, 1, 0xff, '\''}, resource.MaxFileBytes/4)
	content, err := resource.StoredFile(file, "application/octet-stream", "a.bin")
	ok(t, err)
	ok(t, r.Fill(content, Epoch))
	replace := func(with []byte) {
		t.Helper()
		do(t, w, func(ctx context.Context, repos ports.Repos) error {
			if err := repos.Resources.Save(ctx, r); err != nil {
				return err
			}
			return repos.Resources.SetContent(ctx, r, with)
		})
	}
	replace(file)
	_, err = w.Resources.Content(t.Context(), was.ID, was.Content.Hash)
	isFault(t, err, ports.ErrNotFound)
	got, err = w.Resources.Content(t.Context(), was.ID, content.Hash)
	ok(t, err)
	same(t, bytes.Equal(got, file), true)
	changed := was
	upstream(&changed)
	ok(t, r.Fill(changed.Content, Epoch))
	replace(nil)
	_, err = w.Resources.Content(t.Context(), was.ID, content.Hash)
	isFault(t, err, ports.ErrNotFound)
	_, err = w.Resources.Content(t.Context(), neighbour.ID, neighbour.Content.Hash)
	ok(t, err)
}

func resourceStorage(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	large := func(s *resource.Snapshot) {
		uploaded(s)
		s.Content.Bytes = resource.MaxFileBytes
	}
	for range resource.MaxStoredBytes / resource.MaxFileBytes {
		shop.AddResource(t, Epoch, large)
	}
	more := shop.MakeResource(t, Epoch)
	refused(t, w, resource.ErrStorageLimit, func(ctx context.Context, r ports.Repos) error {
		if err := r.Resources.Add(ctx, more); err != nil {
			return err
		}
		return r.Resources.SetContent(ctx, more, []byte("the weather"))
	})
	other.AddResource(t, Epoch)
	do(t, w, func(ctx context.Context, r ports.Repos) error { // an upstream stores nothing
		made := shop.MakeResource(t, Epoch, upstream)
		if err := r.Resources.Add(ctx, made); err != nil {
			return err
		}
		return r.Resources.SetContent(ctx, made, nil)
	})
}
