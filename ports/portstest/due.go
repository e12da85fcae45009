package portstest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

var duePromises = []promise{
	{"a session without an intent is due after its deadline", dueWithoutIntent},
	{"a session with an intent is due once its network is final beyond the deadline", dueWithIntent},
	{"a session whose payment is in sight, or that ended, is never due", dueUnpaidOnly},
	{"no more are due than asked, the longest overdue first", dueLimit},
}

// deadline is when sessions opened at Epoch end.
var deadline = Epoch.Add(30 * time.Minute)

func due(
	t *testing.T, w World, now time.Time, final map[chain.Network]time.Time, limit int,
) []checkout.SessionID {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) ([]checkout.SessionID, error) {
		return r.Sessions.Due(ctx, now, final, limit)
	})
}

func dueWithoutIntent(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session := shop.AddSession(t, Epoch)
	shop.AddSession(t, Epoch.Add(24*time.Hour))
	none := []checkout.SessionID(nil)
	same(t, due(t, w, deadline.Add(-time.Second), nil, 3), none)
	same(t, due(t, w, deadline.Add(time.Second), nil, 3), []checkout.SessionID{session.ID()})
}

func dueWithIntent(t *testing.T, w World) {
	session, _ := OpenShop(t, w).AwaitPayment(t, Epoch, Address(), 9_990_100)
	now, none := deadline.Add(time.Hour), []checkout.SessionID(nil)
	final := func(at time.Time) map[chain.Network]time.Time {
		return map[chain.Network]time.Time{chain.Sandbox: at, chain.Tron: now}
	}
	same(t, due(t, w, now, nil, 3), none)
	same(t, due(t, w, now, map[chain.Network]time.Time{chain.Tron: now}, 3), none)
	same(t, due(t, w, now, final(deadline.Add(-time.Second)), 3), none)
	same(t, due(t, w, deadline.Add(-time.Second), final(deadline.Add(time.Second)), 3), none)
	same(t, due(t, w, now, final(deadline.Add(time.Second)), 3), []checkout.SessionID{session.ID()})
}

func dueUnpaidOnly(t *testing.T, w World) {
	shop := OpenShop(t, w)
	seen, _ := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	_, err := seen.See(Epoch.Add(time.Minute))
	ok(t, err)
	shop.saved(t, seen)
	paid, i := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	ok(t, paid.Credit(Confirm(t, Paying(i, 7)), i, false, "20260301000000001", Epoch.Add(time.Minute)))
	shop.saved(t, paid)
	cancelled := shop.AddSession(t, Epoch)
	ok(t, cancelled.Cancel(Epoch.Add(time.Minute)))
	shop.saved(t, cancelled)
	lapsed, _ := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	ok(t, lapsed.Lapse(deadline.Add(time.Minute)))
	shop.saved(t, lapsed)
	open := shop.AddSession(t, Epoch)

	now := deadline.Add(time.Hour)
	got := due(t, w, now, map[chain.Network]time.Time{chain.Sandbox: now}, 10)
	same(t, got, []checkout.SessionID{open.ID()})
}

func dueLimit(t *testing.T, w World) {
	shop := OpenShop(t, w)
	var want []checkout.SessionID
	for _, minutes := range []int{4, 2, 0, 1, 3} {
		want = append(want, shop.AddSession(t, Epoch.Add(time.Duration(minutes)*time.Minute)).ID())
	}
	oldest := []checkout.SessionID{want[2], want[3], want[1]}
	same(t, due(t, w, deadline.Add(time.Hour), nil, 3), oldest)
	all := due(t, w, deadline.Add(time.Hour), nil, 10)
	slices.Sort(all)
	slices.Sort(want)
	same(t, all, want)
}
