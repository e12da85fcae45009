package app

import (
	"context"
	"time"

	"github.com/101pay/101pay/ports"
)

// markEvery is how far apart in block time the blocks are that are remembered for longer than the
// trail reaches back: whoever asks about his payment later is told from which block on it was looked
// for, to within this.
const markEvery = 5 * time.Minute

// move advances the cursor and notes what the cursor alone forgets: a time in which nobody read the
// network. A watcher renews its cursor every heartbeat, however quiet the chain, so a cursor that was
// not renewed for railSilence tells of a watcher that did not get through, and of nothing else.
func (w *watcher) move(ctx context.Context, r ports.Repos, was, next ports.Cursor) error {
	if err := r.Cursors.Advance(ctx, was, next); err != nil {
		return err
	}
	if next.UpdatedAt.Sub(was.UpdatedAt) >= railSilence {
		gap := ports.WatchGap{Network: next.Network, From: was.UpdatedAt, Until: next.UpdatedAt}
		if err := r.WatchLog.Gap(ctx, gap); err != nil {
			return err
		}
	}
	if next.BlockTime.Sub(w.marked) < markEvery {
		return nil
	}
	return r.WatchLog.Mark(ctx, next)
}

// moved follows a move that was committed.
func (w *watcher) moved(from uint64, at ports.Cursor, watch ports.Watch) {
	if at.BlockTime.Sub(w.marked) >= markEvery {
		w.marked = at.BlockTime
	}
	w.strangers.follow(from, at.Height, watch)
}
