package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

var rescanPromises = []promise{
	{"a network has at most one rescan under way", rescansOne},
	{"a rescan is kept whole, and advances from where it stands", rescansAdvance},
	{"a finished rescan does not advance, and the next one may start", rescansFinished},
	{"of many who start one does, of many who advance one does", rescansRace},
	{"the newest rescan of every network is listed", rescansListed},
}

func rescanOf(n chain.Network, at time.Time) ports.Rescan {
	return ports.Rescan{
		Network: n, From: 100, To: 199, Next: 100, Host: "one.example", StartedAt: at, UpdatedAt: at,
	}
}

func startRescan(t *testing.T, w World, r ports.Rescan) error {
	t.Helper()
	return w.Work.Do(t.Context(), func(ctx context.Context, repos ports.Repos) error {
		return repos.Rescans.Start(ctx, r)
	})
}

func advanceRescan(t *testing.T, w World, from uint64, r ports.Rescan) error {
	t.Helper()
	return w.Work.Do(t.Context(), func(ctx context.Context, repos ports.Repos) error {
		return repos.Rescans.Advance(ctx, from, r)
	})
}

func latestRescan(t *testing.T, w World, n chain.Network) ports.Rescan {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) (ports.Rescan, error) {
		return r.Rescans.Latest(ctx, n)
	})
}

func rescansOne(t *testing.T, w World) {
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Rescans.Latest(ctx, chain.Tron)
		return err
	})
	first := rescanOf(chain.Tron, Epoch)
	ok(t, startRescan(t, w, first))
	isFault(t, startRescan(t, w, rescanOf(chain.Tron, Epoch.Add(time.Hour))), ports.ErrTaken)
	ok(t, startRescan(t, w, rescanOf(chain.Base, Epoch.Add(time.Hour))))
	same(t, latestRescan(t, w, chain.Tron), first)
}

func rescansAdvance(t *testing.T, w World) {
	r := rescanOf(chain.Tron, Epoch)
	isFault(t, advanceRescan(t, w, 100, r), ports.ErrStale)
	ok(t, startRescan(t, w, r))
	r.Next, r.Found, r.Missing, r.Host, r.Second, r.OwnUnread = 150, 2, 1, "two.example", true, true
	r.UpdatedAt = Epoch.Add(time.Minute)
	isFault(t, advanceRescan(t, w, 99, r), ports.ErrStale)
	ok(t, advanceRescan(t, w, 100, r))
	same(t, latestRescan(t, w, chain.Tron), r)
	isFault(t, advanceRescan(t, w, 100, r), ports.ErrStale)
	other := r
	other.StartedAt = Epoch.Add(-time.Hour)
	isFault(t, advanceRescan(t, w, 150, other), ports.ErrStale)
	same(t, latestRescan(t, w, chain.Tron), r)
}

func rescansFinished(t *testing.T, w World) {
	r := rescanOf(chain.Tron, Epoch)
	ok(t, startRescan(t, w, r))
	r.Next, r.FinishedAt = 200, Epoch.Add(time.Hour)
	ok(t, advanceRescan(t, w, 100, r))
	same(t, latestRescan(t, w, chain.Tron), r)
	isFault(t, advanceRescan(t, w, 200, r), ports.ErrStale)
	next := rescanOf(chain.Tron, Epoch.Add(24*time.Hour))
	ok(t, startRescan(t, w, next))
	same(t, latestRescan(t, w, chain.Tron), next)
}

func rescansRace(t *testing.T, w World) {
	oneWinner(t, race(racers, func(i int) error {
		return startRescan(t, w, rescanOf(chain.Tron, Epoch.Add(time.Duration(i)*time.Second)))
	}), ports.ErrTaken)
	r := latestRescan(t, w, chain.Tron)
	oneWinner(t, race(racers, func(i int) error {
		mine := r
		mine.Next = uint64(101 + i)
		return advanceRescan(t, w, 100, mine)
	}), ports.ErrStale)
}

func rescansListed(t *testing.T, w World) {
	old := rescanOf(chain.Tron, Epoch)
	ok(t, startRescan(t, w, old))
	old.Next, old.FinishedAt = 200, Epoch.Add(time.Hour)
	ok(t, advanceRescan(t, w, 100, old))
	tron, base := rescanOf(chain.Tron, Epoch.Add(time.Hour)), rescanOf(chain.Base, Epoch)
	ok(t, startRescan(t, w, tron))
	ok(t, startRescan(t, w, base))
	all, err := w.Rescans.Rescans(t.Context())
	ok(t, err)
	same(t, all, []ports.Rescan{base, tron})
}
