package portstest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/ports"
)

func resourcesListed(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	other.AddResource(t, Epoch)
	shop.AddResource(t, Epoch, func(s *resource.Snapshot) { s.Mode = merchant.Live })
	var want []resource.ID
	for i := range 5 {
		r := shop.AddResource(t, Epoch.Add(time.Duration(i/2)*time.Second))
		want = append(want, r.Snapshot().ID)
	}
	slices.Sort(want[0:2]) // made at one moment
	slices.Sort(want[2:4])
	slices.Reverse(want)
	archived := shop.AddResource(t, Epoch.Add(time.Hour))
	archived.Archive(Epoch.Add(2 * time.Hour))
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Resources.Save(ctx, archived) })
	q := ports.ResourceQuery{Project: shop.Project.ID, Mode: merchant.Test, Limit: 2}
	same(t, catalogPages(t, w, q), want)
	q.Archived = true
	same(t, catalogPages(t, w, q), append([]resource.ID{archived.Snapshot().ID}, want...))
	same(t, catalogPages(t, w, ports.ResourceQuery{Mode: merchant.Test, Limit: 2}), []resource.ID(nil))
}

// catalogPages walks all pages of a list.
func catalogPages(t *testing.T, w World, q ports.ResourceQuery) (out []resource.ID) {
	t.Helper()
	for {
		list, more, err := w.Resources.Resources(t.Context(), q)
		ok(t, err)
		for _, r := range list {
			out = append(out, r.Snapshot().ID)
			q.Before = ports.ResourceMark{At: r.Snapshot().CreatedAt, ID: r.Snapshot().ID}
		}
		if !more {
			return out
		}
		same(t, len(list), q.Limit)
	}
}

func resourcesDiscoverable(t *testing.T, w World) {
	shop, disabled := OpenShop(t, w), openDisabled(t, w)
	listed := func(s *resource.Snapshot) { s.Terms.Discoverable = true }
	var want []resource.ID
	for i := range 3 {
		r := shop.AddResource(t, Epoch.Add(time.Duration(i)*time.Second), listed)
		want = append(want, r.Snapshot().ID)
	}
	window := shop.AddResource(t, Epoch.Add(time.Minute), full) // until Epoch + 1 h
	want = append(want, window.Snapshot().ID)
	shop.AddResource(t, Epoch)
	shop.AddResource(t, Epoch, listed, func(s *resource.Snapshot) { s.Mode = merchant.Live })
	shop.AddResource(t, Epoch, listed, func(s *resource.Snapshot) { s.Content = resource.Content{} })
	shop.AddResource(t, Epoch, listed, func(s *resource.Snapshot) { s.Terms.ValidFrom = Epoch.Add(24 * time.Hour) })
	disabled.AddResource(t, Epoch, listed)
	archived := shop.AddResource(t, Epoch, listed)
	archived.Archive(Epoch)
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Resources.Save(ctx, archived) })
	ask := func(offset, limit int, at time.Time) []resource.ID {
		t.Helper()
		list, total, err := w.Resources.Discoverable(t.Context(), ports.DiscoveryQuery{
			Mode: merchant.Test, At: at, Offset: offset, Limit: limit,
		})
		ok(t, err)
		if at.Equal(Epoch) {
			same(t, total, len(want))
		}
		var out []resource.ID
		for _, r := range list {
			out = append(out, r.Snapshot().ID)
		}
		return out
	}
	same(t, ask(0, 10, Epoch), want)
	same(t, ask(1, 2, Epoch), want[1:3])
	same(t, ask(9, 2, Epoch), []resource.ID(nil))
	same(t, ask(0, 10, Epoch.Add(time.Hour)), want[:3])
	same(t, ask(0, 10, Epoch.Add(-time.Microsecond)), want[:3])
}

// openDisabled registers a merchant whose project is disabled.
func openDisabled(t *testing.T, w World) Shop {
	t.Helper()
	account, project := Unregistered()
	project.Disabled = true
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Merchants.Add(ctx, account, project)
	})
	return Shop{World: w, Account: account, Project: project}
}

func resourceDisabled(t *testing.T, w World) {
	for disabled, shop := range map[bool]Shop{false: OpenShop(t, w), true: openDisabled(t, w)} {
		s := shop.AddResource(t, Epoch).Snapshot()
		row, err := w.Resources.BySKU(t.Context(), s.MerchantID, s.SKU)
		ok(t, err)
		same(t, row.ProjectDisabled, disabled)
	}
}
