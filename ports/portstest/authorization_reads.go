package portstest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

var authorizationReadPromises = []promise{
	{"a settlement is found by its id, by its merchant only", authorizationsByID},
	{"who has paid is known by what it settled, for that and of that merchant only", authorizationsPaidBy},
	{"a page lists what moved money or may have, newest first", authorizationsPaged},
	{"any page follows the one before", authorizationsPageAfterPage},
	{"what is due is listed, the longest due first, no more than asked", authorizationsDue},
	{"a transfer is owned by the unsettled settlement it may be of, by position", authorizationsOwning},
	{"a transfer that differs in anything is not owned", authorizationsNotOwning},
	{"a transfer is owned by the permit of its token, by what was used of it", permitsOwning},
	{"who owns a transfer depends on the status", authorizationsOwningByStatus},
	{"of several owners it is the transaction's, else the first", authorizationsOwningOne},
}

func authorizationsByID(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	a := shop.AddAuthorization(t, x402.Refused)
	got, err := w.Authorizations.ByID(t.Context(), shop.ID(), a.ID)
	ok(t, err)
	sameAuthorization(t, got, a)
	_, err = w.Authorizations.ByID(t.Context(), other.ID(), a.ID)
	isFault(t, err, ports.ErrNotFound)
	for _, id := range append([]string{UUID(), ""}, hostile...) {
		_, err := w.Authorizations.ByID(t.Context(), shop.ID(), id)
		isFault(t, err, ports.ErrNotFound)
		_, err = w.Authorizations.ByID(t.Context(), merchant.ID(id), a.ID)
		isFault(t, err, ports.ErrNotFound)
	}
}

func authorizationsPaidBy(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	paid := func(m merchant.ID, sku string, payer x402.Address) bool {
		t.Helper()
		found, err := w.Authorizations.PaidBy(t.Context(), m, sku, payer)
		ok(t, err)
		return found
	}
	for _, status := range x402.Statuses() {
		a := shop.AddAuthorization(t, status).Settlement.Snapshot()
		same(t, paid(shop.ID(), a.Binding.SKU, a.Due.Payer), status == x402.Settled)
	}
	a := shop.AddAuthorization(t, x402.Settled).Settlement.Snapshot()
	for range 2 { // a second payment changes nothing
		same(t, paid(shop.ID(), a.Binding.SKU, a.Due.Payer), true)
		same(t, paid(other.ID(), a.Binding.SKU, a.Due.Payer), false)
		same(t, paid(shop.ID(), a.Binding.SKU+"x", a.Due.Payer), false)
		same(t, paid(shop.ID(), a.Binding.SKU, EVMAccount()), false)
		shop.AddAuthorization(t, x402.Settled, func(s *x402.Snapshot, _ *ports.AuthorizationRow) {
			s.Due.Payer, s.Binding.SKU = a.Due.Payer, a.Binding.SKU
		})
	}
	nothing := shop.AddAuthorization(t, x402.Settled, func(s *x402.Snapshot, _ *ports.AuthorizationRow) {
		s.Binding.SKU = ""
	}).Settlement.Snapshot()
	same(t, paid(shop.ID(), "", nothing.Due.Payer), false)
	for _, text := range hostile {
		same(t, paid(merchant.ID(text), a.Binding.SKU, a.Due.Payer), false)
		same(t, paid(shop.ID(), text, a.Due.Payer), false)
	}
}

func at(when time.Time) func(*x402.Snapshot, *ports.AuthorizationRow) {
	return func(s *x402.Snapshot, _ *ports.AuthorizationRow) { s.ClaimedAt = when }
}

func authorizationPage(
	t *testing.T, w World, q ports.AuthorizationQuery, more bool, want ...ports.AuthorizationRow,
) {
	t.Helper()
	rows, gotMore, err := w.Authorizations.Page(t.Context(), q)
	ok(t, err)
	sameAuthorizations(t, rows, want...)
	same(t, gotMore, more)
}

func authorizationsPaged(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	var listed []ports.AuthorizationRow
	for i, status := range x402.Statuses() {
		a := shop.AddAuthorization(t, status, at(Epoch.Add(time.Duration(i)*time.Microsecond)))
		if status != x402.Claimed && status != x402.Refused {
			listed = append([]ports.AuthorizationRow{a}, listed...)
		}
	}
	other.AddAuthorization(t, x402.Settled)
	test := shop.AddAuthorization(t, x402.Settled, func(_ *x402.Snapshot, a *ports.AuthorizationRow) {
		a.Mode = merchant.Test
	})
	q := ports.AuthorizationQuery{Project: shop.Project.ID, Mode: merchant.Live, Limit: 100}
	authorizationPage(t, w, q, false, listed...)
	q.Mode = merchant.Test
	authorizationPage(t, w, q, false, test)
	for _, id := range hostile {
		authorizationPage(t, w, ports.AuthorizationQuery{
			Project: merchant.ProjectID(id), Mode: merchant.Live, Limit: 1,
		}, false)
	}
}

func authorizationsPageAfterPage(t *testing.T, w World) {
	shop := OpenShop(t, w)
	all := make([]ports.AuthorizationRow, 5)
	for i := range all { // two were claimed in the same microsecond
		all[i] = shop.AddAuthorization(t, x402.Settled, at(Epoch.Add(time.Duration(i/2)*time.Second)))
	}
	slices.SortFunc(all, func(a, b ports.AuthorizationRow) int {
		x, y := a.Settlement.Snapshot().ClaimedAt, b.Settlement.Snapshot().ClaimedAt
		if !x.Equal(y) {
			return y.Compare(x)
		}
		if a.ID < b.ID {
			return 1
		}
		return -1
	})
	q := ports.AuthorizationQuery{Project: shop.Project.ID, Mode: merchant.Live, Limit: 2}
	for len(all) > 0 {
		page := all[:min(2, len(all))]
		all = all[len(page):]
		authorizationPage(t, w, q, len(all) > 0, page...)
		last := page[len(page)-1]
		q.Before = ports.AuthorizationMark{
			ClaimedAt: last.Settlement.Snapshot().ClaimedAt, ID: last.ID,
		}
	}
	authorizationPage(t, w, q, false)
}

func authorizationsDue(t *testing.T, w World) {
	shop := OpenShop(t, w)
	look := func(after time.Duration) x402.ClaimKey {
		return keyOf(shop.AddAuthorization(t, x402.Pending, func(_ *x402.Snapshot, a *ports.AuthorizationRow) {
			a.LookAt = Epoch.Add(after)
		}))
	}
	b, a, now := look(2*time.Minute), look(time.Minute), look(3*time.Minute)
	look(3*time.Minute + time.Microsecond)
	shop.AddAuthorization(t, x402.Settled, func(_ *x402.Snapshot, a *ports.AuthorizationRow) {
		a.LookAt = time.Time{}
	})
	due := func(limit int, want ...x402.ClaimKey) {
		got, err := w.Authorizations.Due(t.Context(), Epoch.Add(3*time.Minute), limit)
		ok(t, err)
		same(t, got, want)
	}
	due(10, a, b, now)
	due(2, a, b)
	due(0)
}

// movedBy is the transfer of a settlement's newest transaction.
func movedBy(a ports.AuthorizationRow) chain.Transfer {
	m := moving(a)
	m.TxID = chain.TxID(strings.TrimPrefix(a.Settlement.Snapshot().TxID.String(), "0x"))
	return m
}

func owning(t *testing.T, w World, ts []chain.Transfer, want ...*x402.ClaimKey) {
	t.Helper()
	got, err := w.Authorizations.Owning(t.Context(), ts)
	ok(t, err)
	same(t, got, want)
}

func authorizationsOwning(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a, b := shop.AddAuthorization(t, x402.Broadcast), shop.AddAuthorization(t, x402.Claimed)
	stranger := moving(shop.Authorization(t, x402.Pending))
	tron := Paying(MakeIntent(shop.MakeSession(t, Epoch), Address(), 10_000), 3)
	keyA, keyB := keyOf(a), keyOf(b)
	owning(t, w, []chain.Transfer{stranger, moving(b), tron, moving(a), moving(a)},
		nil, &keyB, nil, &keyA, &keyA)
	owning(t, w, nil)
}

func authorizationsNotOwning(t *testing.T, w World) {
	a := OpenShop(t, w).AddAuthorization(t, x402.Broadcast)
	other := chain.Address(EVMAccount().String())
	for _, change := range []func(*chain.Transfer){
		func(m *chain.Transfer) { m.Network = chain.Ethereum },
		func(m *chain.Transfer) { m.Asset.Contract = string(other) },
		func(m *chain.Transfer) { m.Asset.Contract = "" }, // the network's own coin
		func(m *chain.Transfer) { m.From = other },
		func(m *chain.Transfer) { m.To = other },
		func(m *chain.Transfer) { m.Units = x402.Uint(10_001).Big() },
		func(m *chain.Transfer) { m.Units = nil },
	} {
		m := moving(a)
		change(&m)
		owning(t, w, []chain.Transfer{m}, nil)
	}
}

func authorizationsOwningByStatus(t *testing.T, w World) {
	shop := OpenShop(t, w)
	atRest := func(_ *x402.Snapshot, a *ports.AuthorizationRow) { a.LookAt = time.Time{} }
	for _, status := range x402.Statuses() {
		watched, rests := shop.AddAuthorization(t, status), shop.AddAuthorization(t, status, atRest)
		keys := []*x402.ClaimKey{nil, nil}
		if k := keyOf(watched); status != x402.Settled {
			keys[0] = &k
		}
		if k := keyOf(rests); status != x402.Settled && status != x402.Refused && status != x402.Failed {
			keys[1] = &k
		}
		owning(t, w, []chain.Transfer{moving(watched), moving(rests)}, keys...)
	}
}

func authorizationsOwningOne(t *testing.T, w World) {
	shop := OpenShop(t, w)
	first := shop.AddAuthorization(t, x402.Broadcast)
	as := func(after time.Duration) func(*x402.Snapshot, *ports.AuthorizationRow) {
		return func(s *x402.Snapshot, _ *ports.AuthorizationRow) {
			nonce := s.Due.Nonce
			s.Due = first.Settlement.Snapshot().Due
			s.Due.Nonce, s.ClaimedAt = nonce, Epoch.Add(after)
		}
	}
	earlier := keyOf(shop.AddAuthorization(t, x402.Claimed, as(-time.Second)))
	later := shop.AddAuthorization(t, x402.Broadcast, as(time.Second))
	keyLater := keyOf(later)
	owning(t, w, []chain.Transfer{moving(first), movedBy(later)}, &earlier, &keyLater)
	settled := shop.AddAuthorization(t, x402.Settled, as(time.Minute))
	keySettled := keyOf(settled)
	owning(t, w, []chain.Transfer{movedBy(settled), moving(first)}, &keySettled, &earlier)
	other := movedBy(settled)
	other.To = chain.Address(EVMAccount().String())
	owning(t, w, []chain.Transfer{other}, nil)
}
