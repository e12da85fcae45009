package portstest

import (
	"context"
	"math/big"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

var ignoredPromises = []promise{
	{"an event is kept once, and whole", ignoredOnce},
	{"events are listed newest first, of an address, its networks and a time", ignoredListed},
	{"of an address, a network and a day so many are kept, the others counted", ignoredBounded},
	{"old events and counts are forgotten", ignoredPruned},
	{"what was rolled back was never noted", ignoredRollBack},
}

var watchLogPromises = []promise{
	{"the last mark not younger than a time is found", marksFound},
	{"marks of one height are one", marksOnce},
	{"gaps that overlap a time are listed, oldest first", gapsListed},
	{"gaps that begin together are one, the longer one", gapsOnce},
	{"old marks and gaps are forgotten", watchLogPruned},
}

// dust answers an event that only looks like a payment.
func dust(to chain.Address, at time.Time) ports.IgnoredTransfer {
	return ports.IgnoredTransfer{
		Network: chain.Tron, TxID: TxID(), Index: 3, Contract: Fake.Contract, From: Address(), To: to,
		Units: big.NewInt(0), Height: 7, BlockTime: at, Reason: ports.ZeroValue,
	}
}

func note(t *testing.T, w World, n chain.Network, s ports.Strange, at time.Time) {
	t.Helper()
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Ignored.Note(ctx, n, s, at) })
}

func strange(ts ...ports.IgnoredTransfer) ports.Strange { return ports.Strange{Transfers: ts} }

func ignoredAt(t *testing.T, w World, q ports.ArrivalQuery, more int, want ...ports.IgnoredTransfer) {
	t.Helper()
	got, others, err := w.Explanations.Ignored(t.Context(), q)
	ok(t, err)
	same(t, got, want)
	same(t, others, more)
}

func cameTo(at chain.Address, on ...chain.Network) ports.ArrivalQuery {
	return ports.ArrivalQuery{
		At: at, On: on, From: Epoch.Add(-1000 * time.Hour), Until: Epoch.Add(1000 * time.Hour), Limit: 1000,
	}
}

func ignoredOnce(t *testing.T, w World) {
	at := Address()
	a := dust(at, Epoch)
	a.Units = new(big.Int).Lsh(big.NewInt(1), 255)
	a.Reason = ports.ForeignToken
	note(t, w, chain.Tron, strange(a, a), Epoch)
	changed := a
	changed.Units = big.NewInt(1)
	note(t, w, chain.Tron, strange(changed), Epoch)
	ignoredAt(t, w, cameTo(at, chain.Tron), 0, a)
}

func ignoredListed(t *testing.T, w World) {
	at := Address()
	a, b, c := dust(at, Epoch), dust(at, Epoch.Add(time.Minute)), dust(at, Epoch.Add(time.Hour))
	elsewhere := dust(at, Epoch)
	elsewhere.Network = chain.Base
	note(t, w, chain.Tron, strange(b, a, c, dust(Address(), Epoch)), Epoch)
	note(t, w, chain.Base, strange(elsewhere), Epoch)
	ignoredAt(t, w, cameTo(at, chain.Tron), 0, c, b, a)
	ignoredAt(t, w, cameTo(at, chain.Base), 0, elsewhere)
	ignoredAt(t, w, cameTo(at, chain.Ethereum), 0)
	q := cameTo(at, chain.Tron)
	q.From, q.Until = Epoch, Epoch.Add(time.Minute)
	ignoredAt(t, w, q, 0, b, a)
	q.Limit = 1
	ignoredAt(t, w, q, 0, b)
	for _, text := range hostile {
		ignoredAt(t, w, cameTo(chain.Address(text), chain.Tron), 0)
	}
}

func ignoredBounded(t *testing.T, w World) {
	at, noon := Address(), Epoch
	var storm []ports.IgnoredTransfer
	for range ports.IgnoredPerDay + 7 {
		storm = append(storm, dust(at, noon))
	}
	note(t, w, chain.Tron, ports.Strange{Transfers: storm[:60], More: map[chain.Address]int{at: 5}}, noon)
	note(t, w, chain.Tron, strange(storm[40:]...), noon)
	note(t, w, chain.Tron, strange(storm[0]), noon) // known, so neither kept nor counted
	got, more, err := w.Explanations.Ignored(t.Context(), cameTo(at, chain.Tron))
	ok(t, err)
	same(t, len(got), ports.IgnoredPerDay)
	same(t, more, 5+7)

	next := dust(at, noon.Add(24*time.Hour))
	note(t, w, chain.Tron, strange(next), noon)
	q := cameTo(at, chain.Tron)
	q.From = noon.Add(13 * time.Hour)
	ignoredAt(t, w, q, 0, next)
}

func ignoredPruned(t *testing.T, w World) {
	at := Address()
	old, fresh := dust(at, Epoch), dust(at, Epoch.Add(48*time.Hour))
	note(t, w, chain.Tron, ports.Strange{
		Transfers: []ports.IgnoredTransfer{old, fresh}, More: map[chain.Address]int{at: 9},
	}, Epoch)
	gone := in(t, w, func(ctx context.Context, r ports.Repos) (int, error) {
		return r.Ignored.Prune(ctx, Epoch.Add(47*time.Hour))
	})
	same(t, gone, 1)
	ignoredAt(t, w, cameTo(at, chain.Tron), 0, fresh)
}

func ignoredRollBack(t *testing.T, w World) {
	at := Address()
	isFault(t, w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		if err := r.Ignored.Note(ctx, chain.Tron, strange(dust(at, Epoch)), Epoch); err != nil {
			return err
		}
		return ports.ErrStale
	}), ports.ErrStale)
	ignoredAt(t, w, cameTo(at, chain.Tron), 0)
}

func mark(t *testing.T, w World, c ports.Cursor) {
	t.Helper()
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.WatchLog.Mark(ctx, c) })
}

func marksFound(t *testing.T, w World) {
	for _, height := range []uint64{100, 200, 300} {
		mark(t, w, cursorAt(chain.Tron, height))
		mark(t, w, cursorAt(chain.Base, height+1))
	}
	for height, want := range map[uint64]uint64{100: 100, 199: 100, 200: 200, 900: 300} {
		got, err := w.Explanations.MarkBefore(t.Context(), chain.Tron, cursorAt(chain.Tron, height).BlockTime)
		ok(t, err)
		same(t, got, cursorAt(chain.Tron, want))
	}
	_, err := w.Explanations.MarkBefore(t.Context(), chain.Tron, Epoch)
	isFault(t, err, ports.ErrNotFound)
	_, err = w.Explanations.MarkBefore(t.Context(), chain.Ethereum, Epoch.Add(time.Hour))
	isFault(t, err, ports.ErrNotFound)
}

func marksOnce(t *testing.T, w World) {
	c := cursorAt(chain.Tron, 100)
	mark(t, w, c)
	c.BlockID = BlockID(1)
	mark(t, w, c)
	got, err := w.Explanations.MarkBefore(t.Context(), chain.Tron, c.BlockTime)
	ok(t, err)
	same(t, got, c)
}

func gap(t *testing.T, w World, n chain.Network, from, until time.Duration) ports.WatchGap {
	t.Helper()
	g := ports.WatchGap{Network: n, From: Epoch.Add(from), Until: Epoch.Add(until)}
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.WatchLog.Gap(ctx, g) })
	return g
}

func gaps(t *testing.T, w World, from, until time.Duration, limit int, want ...ports.WatchGap) {
	t.Helper()
	got, err := w.Explanations.Gaps(t.Context(), chain.Tron, Epoch.Add(from), Epoch.Add(until), limit)
	ok(t, err)
	same(t, got, want)
}

func gapsListed(t *testing.T, w World) {
	b, a := gap(t, w, chain.Tron, time.Hour, 2*time.Hour), gap(t, w, chain.Tron, 0, 10*time.Minute)
	gap(t, w, chain.Base, 0, time.Hour)
	gaps(t, w, 0, 3*time.Hour, 10, a, b)
	gaps(t, w, 0, 3*time.Hour, 1, a)
	gaps(t, w, 5*time.Minute, 30*time.Minute, 10, a)
	gaps(t, w, 30*time.Minute, 90*time.Minute, 10, b)
	gaps(t, w, 20*time.Minute, 40*time.Minute, 10)
}

func gapsOnce(t *testing.T, w World) {
	long := gap(t, w, chain.Tron, 0, time.Hour)
	gap(t, w, chain.Tron, 0, time.Minute)
	gaps(t, w, 0, 3*time.Hour, 10, long)
}

func watchLogPruned(t *testing.T, w World) {
	mark(t, w, cursorAt(chain.Tron, 100))
	mark(t, w, cursorAt(chain.Tron, 200))
	gap(t, w, chain.Tron, 0, time.Minute)
	kept := gap(t, w, chain.Tron, 0+time.Second, time.Hour)
	gone := in(t, w, func(ctx context.Context, r ports.Repos) (int, error) {
		return r.WatchLog.Prune(ctx, cursorAt(chain.Tron, 150).BlockTime)
	})
	same(t, gone, 2)
	gaps(t, w, 0, 3*time.Hour, 10, kept)
	_, err := w.Explanations.MarkBefore(t.Context(), chain.Tron, cursorAt(chain.Tron, 150).BlockTime)
	isFault(t, err, ports.ErrNotFound)
}
