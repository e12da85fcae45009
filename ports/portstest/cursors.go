package portstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

var cursorPromises = []promise{
	{"a network that was never started has no cursor", cursorsNone},
	{"the first start counts", cursorsStart},
	{"advancing moves the cursor from where it stands, else it is stale", cursorsAdvance},
	{"advancing to the same height renews the time only", cursorsRenew},
	{"of many who advance from one height one wins", cursorsRace},
	{"a cursor that came back to a height on another block is another one", cursorsSwapped},
	{"who stands on a cursor keeps it there until he is done", cursorsStand},
	{"the cursor moves with the unit of work, not before", cursorsRollBack},
	{"the trail is listed newest first, from a height down", cursorsTrail},
	{"the oldest block since a time is found", cursorsSince},
	{"rewinding goes back to a remembered block and forgets what is above", cursorsRewind},
	{"networks do not touch one another", cursorsApart},
}

func cursorAt(n chain.Network, height uint64) ports.Cursor {
	at := Epoch.Add(time.Duration(height) * time.Second)
	return ports.Cursor{
		Network: n, Height: height, BlockID: BlockID(height), BlockTime: at,
		UpdatedAt: at.Add(time.Minute),
	}
}

func startCursor(t *testing.T, w World, c ports.Cursor) {
	t.Helper()
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Cursors.Start(ctx, c) })
}

func advance(t *testing.T, w World, from uint64, c ports.Cursor) error {
	t.Helper()
	return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Cursors.Advance(ctx, cursorAt(c.Network, from), c)
	})
}

// swapped is the cursor at a height, on the block of another history.
func swapped(n chain.Network, height uint64) ports.Cursor {
	c := cursorAt(n, height)
	c.BlockID = BlockID(height + 1)
	return c
}

func cursor(t *testing.T, w World, n chain.Network) ports.Cursor {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) (ports.Cursor, error) {
		return r.Cursors.Load(ctx, n)
	})
}

// trail lists remembered heights; ids and times of each block are checked on the way.
func trail(t *testing.T, w World, n chain.Network, height uint64, limit int) []uint64 {
	t.Helper()
	blocks := in(t, w, func(ctx context.Context, r ports.Repos) ([]ports.Cursor, error) {
		return r.Cursors.Trail(ctx, n, height, limit)
	})
	var heights []uint64
	for _, b := range blocks {
		want := cursorAt(n, b.Height)
		same(t, b.Network, n)
		same(t, b.BlockID, want.BlockID)
		same(t, b.BlockTime, want.BlockTime)
		heights = append(heights, b.Height)
	}
	return heights
}

func cursorsNone(t *testing.T, w World) {
	startCursor(t, w, cursorAt(chain.Tron, 100))
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Cursors.Load(ctx, chain.Sandbox)
		return err
	})
	isFault(t, advance(t, w, 0, cursorAt(chain.Sandbox, 1)), ports.ErrStale)
	same(t, trail(t, w, chain.Sandbox, 1000, 10), []uint64(nil))
}

func cursorsStart(t *testing.T, w World) {
	first := cursorAt(chain.Sandbox, 100)
	startCursor(t, w, first)
	startCursor(t, w, cursorAt(chain.Sandbox, 200))
	same(t, cursor(t, w, chain.Sandbox), first)
	all, err := w.Cursors.Cursors(t.Context())
	ok(t, err)
	same(t, all, []ports.Cursor{first})
}

func cursorsAdvance(t *testing.T, w World) {
	startCursor(t, w, cursorAt(chain.Sandbox, 100))
	isFault(t, advance(t, w, 99, cursorAt(chain.Sandbox, 105)), ports.ErrStale)
	isFault(t, advance(t, w, 101, cursorAt(chain.Sandbox, 105)), ports.ErrStale)
	ok(t, advance(t, w, 100, cursorAt(chain.Sandbox, 105)))
	same(t, cursor(t, w, chain.Sandbox), cursorAt(chain.Sandbox, 105))
	isFault(t, advance(t, w, 100, cursorAt(chain.Sandbox, 110)), ports.ErrStale)
	same(t, cursor(t, w, chain.Sandbox), cursorAt(chain.Sandbox, 105))
	all, err := w.Cursors.Cursors(t.Context())
	ok(t, err)
	same(t, all, []ports.Cursor{cursorAt(chain.Sandbox, 105)})
}

func cursorsRenew(t *testing.T, w World) {
	want := cursorAt(chain.Sandbox, 100)
	startCursor(t, w, want)
	want.UpdatedAt = want.UpdatedAt.Add(time.Hour)
	ok(t, advance(t, w, 100, ports.Cursor{
		Network: chain.Sandbox, Height: 100, BlockID: BlockID(1), BlockTime: Epoch,
		UpdatedAt: want.UpdatedAt,
	}))
	same(t, cursor(t, w, chain.Sandbox), want)
	same(t, trail(t, w, chain.Sandbox, 100, 10), []uint64{100})
}

func cursorsRace(t *testing.T, w World) {
	startCursor(t, w, cursorAt(chain.Sandbox, 100))
	oneWinner(t, race(racers, func(i int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Cursors.Advance(ctx, cursorAt(chain.Sandbox, 100), cursorAt(chain.Sandbox, uint64(101+i)))
		})
	}), ports.ErrStale)
}

func cursorsSwapped(t *testing.T, w World) {
	walk(t, w, chain.Sandbox)
	at, next := swapped(chain.Sandbox, 120), cursorAt(chain.Sandbox, 125)
	renewed := cursorAt(chain.Sandbox, 120)
	renewed.UpdatedAt = renewed.UpdatedAt.Add(time.Hour)
	for name, move := range map[string]func(context.Context, ports.Repos) error{
		"advance": func(ctx context.Context, r ports.Repos) error { return r.Cursors.Advance(ctx, at, next) },
		"renew":   func(ctx context.Context, r ports.Repos) error { return r.Cursors.Advance(ctx, at, renewed) },
		"rewind": func(ctx context.Context, r ports.Repos) error {
			return r.Cursors.Rewind(ctx, at, cursorAt(chain.Sandbox, 110))
		},
		"stand": func(ctx context.Context, r ports.Repos) error { return r.Cursors.Stand(ctx, at) },
	} {
		if err := w.Work.Do(t.Context(), move); !errors.Is(err, ports.ErrStale) {
			t.Errorf("%s from another block of that height: %v", name, err)
		}
	}
	same(t, cursor(t, w, chain.Sandbox), cursorAt(chain.Sandbox, 120))
	same(t, trail(t, w, chain.Sandbox, 1000, 10), []uint64{120, 115, 110, 105, 100})
}

func cursorsStand(t *testing.T, w World) {
	stand := func(c ports.Cursor) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error { return r.Cursors.Stand(ctx, c) })
	}
	isFault(t, stand(cursorAt(chain.Sandbox, 100)), ports.ErrStale)
	startCursor(t, w, cursorAt(chain.Sandbox, 100))
	ok(t, stand(cursorAt(chain.Sandbox, 100)))
	isFault(t, stand(cursorAt(chain.Sandbox, 99)), ports.ErrStale)
	isFault(t, stand(cursorAt(chain.Tron, 100)), ports.ErrStale)
	ok(t, advance(t, w, 100, cursorAt(chain.Sandbox, 105)))
	isFault(t, stand(cursorAt(chain.Sandbox, 100)), ports.ErrStale)
	for height := uint64(105); height < 105+standRounds; height++ {
		moved := make(chan error, 1)
		moving := false
		ok(t, w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			err := r.Cursors.Stand(ctx, cursorAt(chain.Sandbox, height))
			if moving && errors.Is(err, ports.ErrStale) {
				return nil // it moved between two runs of this function, when nobody stood on it
			}
			if !moving {
				moving = true
				go func() { moved <- advance(t, w, height, cursorAt(chain.Sandbox, height+1)) }()
			}
			for range standRounds {
				err = errors.Join(err, r.Cursors.Stand(ctx, cursorAt(chain.Sandbox, height)))
			}
			return err
		}))
		ok(t, <-moved)
	}
}

// standRounds are as many as show that a cursor moves under who stands on it.
const standRounds = 20

func cursorsRollBack(t *testing.T, w World) {
	startCursor(t, w, cursorAt(chain.Sandbox, 100))
	stop := errors.New("stop")
	isFault(t, w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		if err := r.Cursors.Advance(ctx, cursorAt(chain.Sandbox, 100), cursorAt(chain.Sandbox, 105)); err != nil {
			return err
		}
		return stop
	}), stop)
	same(t, cursor(t, w, chain.Sandbox), cursorAt(chain.Sandbox, 100))
	same(t, trail(t, w, chain.Sandbox, 1000, 10), []uint64{100})
}

// walk starts a cursor at 100 and advances it to 105, 110, 115 and 120.
func walk(t *testing.T, w World, n chain.Network) {
	t.Helper()
	startCursor(t, w, cursorAt(n, 100))
	for height := uint64(100); height < 120; height += 5 {
		ok(t, advance(t, w, height, cursorAt(n, height+5)))
	}
}

func cursorsTrail(t *testing.T, w World) {
	walk(t, w, chain.Sandbox)
	same(t, trail(t, w, chain.Sandbox, 1000, 3), []uint64{120, 115, 110})
	same(t, trail(t, w, chain.Sandbox, 115, 3), []uint64{115, 110, 105})
	same(t, trail(t, w, chain.Sandbox, 114, 10), []uint64{110, 105, 100})
	same(t, trail(t, w, chain.Sandbox, 99, 10), []uint64(nil))
}

func cursorsSince(t *testing.T, w World) {
	walk(t, w, chain.Sandbox)
	startCursor(t, w, cursorAt(chain.Tron, 90))
	since := func(at time.Time) (uint64, error) {
		var c ports.Cursor
		err := w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) (err error) {
			c, err = r.Cursors.Since(ctx, chain.Sandbox, at)
			return err
		})
		return c.Height, err
	}
	for height, want := range map[uint64]uint64{0: 100, 100: 100, 101: 105, 110: 110, 119: 120, 120: 120} {
		got, err := since(cursorAt(chain.Sandbox, height).BlockTime)
		ok(t, err)
		same(t, got, want)
	}
	_, err := since(cursorAt(chain.Sandbox, 121).BlockTime)
	isFault(t, err, ports.ErrNotFound)
}

func cursorsRewind(t *testing.T, w World) {
	walk(t, w, chain.Sandbox)
	rewind := func(from, to uint64) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Cursors.Rewind(ctx, cursorAt(chain.Sandbox, from), cursorAt(chain.Sandbox, to))
		})
	}
	isFault(t, rewind(115, 110), ports.ErrStale)
	same(t, cursor(t, w, chain.Sandbox), cursorAt(chain.Sandbox, 120))
	ok(t, rewind(120, 110))
	same(t, cursor(t, w, chain.Sandbox), cursorAt(chain.Sandbox, 110))
	same(t, trail(t, w, chain.Sandbox, 1000, 10), []uint64{110, 105, 100})
	isFault(t, advance(t, w, 120, cursorAt(chain.Sandbox, 125)), ports.ErrStale)
	ok(t, advance(t, w, 110, cursorAt(chain.Sandbox, 115)))
	same(t, trail(t, w, chain.Sandbox, 1000, 10), []uint64{115, 110, 105, 100})
}

func cursorsApart(t *testing.T, w World) {
	walk(t, w, chain.Sandbox)
	startCursor(t, w, cursorAt(chain.Tron, 7))
	ok(t, advance(t, w, 7, cursorAt(chain.Tron, 8)))
	same(t, cursor(t, w, chain.Sandbox), cursorAt(chain.Sandbox, 120))
	same(t, trail(t, w, chain.Tron, 1000, 10), []uint64{8, 7})
	all, err := w.Cursors.Cursors(t.Context())
	ok(t, err)
	same(t, len(all), 2)
}
