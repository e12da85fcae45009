package portstest

import (
	"testing"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var sessionReadPromises = []promise{
	{"pages show every session once, newest first, even those of one instant", listPages},
	{"a list is filtered by project, mode, kind and status", listFilters},
	{"a list shows nothing of another merchant", listForeign},
	{"a session opened while paging does not disturb the pages", listStable},
}

// pages reads a list to its end, three at a time.
func pages(t *testing.T, w World, q ports.SessionQuery) []checkout.Snapshot {
	t.Helper()
	var all []checkout.Snapshot
	for {
		q.Limit = 3
		page, err := w.Sessions.List(t.Context(), q)
		ok(t, err)
		if len(page.Sessions) > q.Limit {
			t.Fatalf("a page of %d sessions, asked for %d", len(page.Sessions), q.Limit)
		}
		all = append(all, page.Sessions...)
		if !page.More {
			return all
		}
		if len(page.Sessions) != q.Limit {
			t.Fatalf("more follows, but the page holds %d of %d", len(page.Sessions), q.Limit)
		}
		last := page.Sessions[len(page.Sessions)-1]
		q.Before = ports.SessionMark{At: last.CreatedAt, ID: last.ID}
	}
}

// listed reads a list to its end and checks that it holds exactly the wanted sessions, newest
// first.
func listed(t *testing.T, w World, q ports.SessionQuery, want ...*checkout.Session) {
	t.Helper()
	left := make(map[checkout.SessionID]*checkout.Session, len(want))
	for _, s := range want {
		left[s.ID()] = s
	}
	var before time.Time
	for i, s := range pages(t, w, q) {
		expected, known := left[s.ID]
		if !known {
			t.Fatalf("session %s is listed twice or does not belong here", s.ID)
		}
		delete(left, s.ID)
		same(t, s, expected.Snapshot())
		at := s.CreatedAt
		if i > 0 && at.After(before) {
			t.Fatalf("session %d of the list is newer than the one before", i)
		}
		before = at
	}
	if len(left) > 0 {
		t.Fatalf("%d sessions are missing from the list", len(left))
	}
}

func listPages(t *testing.T, w World) {
	shop := OpenShop(t, w)
	q := ports.SessionQuery{Merchant: shop.ID(), Project: shop.Project.ID, Mode: merchant.Test}
	listed(t, w, q)
	var all []*checkout.Session
	for _, seconds := range []int{3, 0, 0, 0, 0, 1, 2, 2, 5} {
		all = append(all, shop.AddSession(t, Epoch.Add(time.Duration(seconds)*time.Second)))
		listed(t, w, q, all...)
	}
	awaiting, _ := shop.AwaitPayment(t, Epoch.Add(time.Minute), Address(), 9_990_100)
	listed(t, w, q, append(all, awaiting)...)
}

func listFilters(t *testing.T, w World) {
	shop := OpenShop(t, w)
	OpenShop(t, w).AddSession(t, Epoch)
	open := shop.AddSession(t, Epoch)
	live := shop.AddSession(t, Epoch, func(s *checkout.Snapshot) { s.Mode = merchant.Live })
	usdt := shop.AddSession(t, Epoch, func(s *checkout.Snapshot) { s.Kind = checkout.KindUSDT })
	cancelled := shop.AddSession(t, Epoch)
	ok(t, cancelled.Cancel(Epoch.Add(time.Minute)))
	shop.saved(t, cancelled)

	m := shop.ID()
	listed(t, w, ports.SessionQuery{Merchant: m}, open, live, usdt, cancelled)
	p := shop.Project.ID
	listed(t, w, ports.SessionQuery{Merchant: m, Project: p}, open, live, usdt, cancelled)
	listed(t, w, ports.SessionQuery{Project: p}, open, live, usdt, cancelled)
	listed(t, w, ports.SessionQuery{Merchant: m, Mode: merchant.Live}, live)
	listed(t, w, ports.SessionQuery{Merchant: m, Mode: merchant.Test}, open, usdt, cancelled)
	of := ports.SessionQuery{Merchant: m, Project: p, Mode: merchant.Test, Kind: checkout.KindUSDT}
	listed(t, w, of, usdt)
	of.Kind = "another"
	listed(t, w, of)
	of.Kind = checkout.KindCheckout
	listed(t, w, of, open, cancelled)
	of.Statuses = []checkout.Status{checkout.Settled, checkout.Cancelled}
	listed(t, w, of, cancelled)
	of.Kind, of.Statuses = "", []checkout.Status{checkout.Opened, checkout.Cancelled}
	listed(t, w, of, open, usdt, cancelled)
	of.From, of.To = Epoch, Epoch.Add(time.Second)
	listed(t, w, of, open, usdt, cancelled)
	of.From = of.To
	of.To = time.Time{}
	listed(t, w, of)
	of.From, of.Merchant = time.Time{}, OpenShop(t, w).ID()
	listed(t, w, of)
	of.Statuses = nil
	listed(t, w, of)
	listed(t, w, ports.SessionQuery{Merchant: m, Kind: checkout.KindUSDT}, usdt)
	listed(t, w, ports.SessionQuery{Merchant: m, Statuses: []checkout.Status{checkout.Cancelled}}, cancelled)
	listed(t, w, ports.SessionQuery{
		Merchant: m, Mode: merchant.Test, Kind: checkout.KindCheckout, Statuses: []checkout.Status{checkout.Opened},
	}, open)
	listed(t, w, ports.SessionQuery{
		Merchant: m, Statuses: []checkout.Status{checkout.Opened, checkout.Cancelled},
	}, open, live, usdt, cancelled)
	listed(t, w, ports.SessionQuery{Merchant: m, Statuses: []checkout.Status{checkout.Settled}})
	late := shop.AddSession(t, Epoch.Add(time.Hour))
	listed(t, w, ports.SessionQuery{Merchant: m, From: Epoch.Add(time.Hour)}, late)
	listed(t, w, ports.SessionQuery{Merchant: m, To: Epoch.Add(time.Hour)}, open, live, usdt, cancelled)
	listed(t, w, ports.SessionQuery{Merchant: m, From: Epoch, To: Epoch})
}

func listForeign(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	session := shop.AddSession(t, Epoch)
	listed(t, w, ports.SessionQuery{Merchant: other.ID()})
	listed(t, w, ports.SessionQuery{Merchant: other.ID(), Project: shop.Project.ID})
	listed(t, w, ports.SessionQuery{Merchant: shop.ID(), Project: other.Project.ID})
	listed(t, w, ports.SessionQuery{Merchant: shop.ID()}, session)
}

func listStable(t *testing.T, w World) {
	shop := OpenShop(t, w)
	seen := make(map[checkout.SessionID]int)
	for i := range 7 {
		seen[shop.AddSession(t, Epoch.Add(time.Duration(i)*time.Second)).ID()] = 0
	}
	q := ports.SessionQuery{Merchant: shop.ID(), Limit: 3}
	for {
		page, err := w.Sessions.List(t.Context(), q)
		ok(t, err)
		for _, s := range page.Sessions {
			seen[s.ID]++
		}
		shop.AddSession(t, Epoch.Add(time.Hour))
		if !page.More {
			break
		}
		last := page.Sessions[len(page.Sessions)-1]
		q.Before = ports.SessionMark{At: last.CreatedAt, ID: last.ID}
	}
	same(t, len(seen), 7)
	for id, times := range seen {
		if times != 1 {
			t.Errorf("session %s was shown %d times", id, times)
		}
	}
}
