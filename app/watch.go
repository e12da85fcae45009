package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// Bounds of watching.
const (
	tickTimeout  = 60 * time.Second // one look at a network
	heartbeat    = 10 * time.Second // how often a quiet watcher says that it is alive
	startWindow  = 100              // blocks of the first scan; it adapts from there
	trailChecked = 1000             // remembered blocks compared when history changed
	// promiseKept is how long after the end of its hold an amount in a coin that no node can read keeps
	// the network from being read past its payment: long enough to mend a node, not for ever.
	promiseKept = 24 * time.Hour
)

// errNodeBehind says that the answering node has not come as far as we have read.
var errNodeBehind = errors.New("the node is behind what was read already")

// Watch reads a network every interval until ctx ends, as long as no other process does. held tells
// whether this process had the right to watch.
func (s *Settlement) Watch(ctx context.Context, n chain.Network, every time.Duration) (held bool, err error) {
	c, ok := s.Rails.Chains[n]
	if !ok {
		return false, fmt.Errorf("watch %s: no such rail", n)
	}
	held, err = s.Watches.Hold(ctx, n, func(ctx context.Context) error {
		w := s.watcher(c)
		if w.strangers != nil {
			behind, stop := context.WithCancel(ctx)
			var gone sync.WaitGroup
			gone.Go(func() { w.strangers.run(behind) })
			defer gone.Wait()
			defer stop()
		}
		pace := time.NewTicker(every)
		defer pace.Stop()
		for {
			w.look(ctx)
			select {
			case <-ctx.Done():
				return nil
			case <-pace.C:
			}
		}
	})
	return held, err
}

// Tick reads a network once, as Watch does every interval.
func (s *Settlement) Tick(ctx context.Context, n chain.Network) error {
	c, ok := s.Rails.Chains[n]
	if !ok {
		return fmt.Errorf("watch %s: no such rail", n)
	}
	w := s.watcher(c)
	if err := w.tick(ctx); err != nil {
		return err
	}
	if err := w.strangers.look(ctx); err != nil {
		w.log.Warn("transfers that pay nobody cannot be listed", "error", err)
	}
	return nil
}

func (s *Settlement) watcher(c ports.Chain) *watcher {
	log := s.Log.With("network", string(c.Network()))
	return &watcher{s: s, chain: c, window: startWindow, log: log, strangers: strangersOf(s, c, log)}
}

// watcher is one process's right to watch a network, and what it remembers between ticks. All of it
// can be lost: the cursor in the store says where to go on.
type watcher struct {
	s       *Settlement
	chain   ports.Chain
	window  uint64 // blocks asked for at once
	log     *slog.Logger
	failing string    // the last failure said, so that a long outage is one line
	seen    int       // sightings recorded by the last pass
	swept   bool      // whether a pass was made at all
	marked  time.Time // of the last block that was marked

	credited  map[transferKey]string // block of each transfer credited before it was final
	strangers *strangers             // nil where there are none
}

// look makes one tick and says in the log when failure begins and ends.
func (w *watcher) look(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, tickTimeout)
	defer cancel()
	err := w.tick(bounded)
	switch {
	case ctx.Err() != nil:
	case err != nil && err.Error() != w.failing:
		w.failing = err.Error()
		w.log.Warn("watching fails", "error", err)
	case err == nil && w.failing != "":
		w.failing = ""
		w.log.Info("watching works again")
	}
}

// tick reads everything that became final, then takes a look at what is not final yet.
func (w *watcher) tick(ctx context.Context) error {
	head, err := w.chain.Head(ctx)
	if err != nil {
		return fmt.Errorf("head: %w", err)
	}
	cursor, err := w.cursor(ctx, head)
	if err != nil {
		return fmt.Errorf("cursor: %w", err)
	}
	if head.Final < cursor.Height {
		return fmt.Errorf("%w: final %d, read %d", errNodeBehind, head.Final, cursor.Height)
	}
	id, err := w.chain.BlockID(ctx, cursor.Height)
	if err != nil {
		return fmt.Errorf("block %d: %w", cursor.Height, err)
	}
	if id != cursor.BlockID {
		if cursor, err = w.undo(ctx, head, cursor); err != nil {
			return fmt.Errorf("history changed at or below block %d: %w", cursor.Height, err)
		}
	}
	watch, err := w.watch(ctx)
	if err != nil {
		return err
	}
	if cursor, err = w.catchUp(ctx, head, cursor, watch); err != nil {
		return err
	}
	if err := w.sweep(ctx, head, cursor, watch); err != nil {
		return fmt.Errorf("look above block %d: %w", head.Final, err)
	}
	return w.beat(ctx, cursor)
}

// cursor finds where to go on, and begins at the final height on a network never read before:
// nobody was shown an address before that. It locks nothing: whoever moves the cursor says from where.
func (w *watcher) cursor(ctx context.Context, head chain.Head) (ports.Cursor, error) {
	known, err := w.s.Rails.Cursors.Cursors(ctx)
	if err != nil {
		return ports.Cursor{}, err
	}
	for _, c := range known {
		if c.Network == head.Network {
			return c, nil
		}
	}
	return w.begin(ctx, head)
}

func (w *watcher) begin(ctx context.Context, head chain.Head) (ports.Cursor, error) {
	var c ports.Cursor
	err := w.s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		var err error
		if c, err = r.Cursors.Load(ctx, head.Network); !isNotFound(err) {
			return err
		}
		c = ports.Cursor{
			Network: head.Network, Height: head.Final, BlockID: head.FinalID,
			BlockTime: head.FinalTime, UpdatedAt: w.s.now(),
		}
		if err := r.Cursors.Start(ctx, c); err != nil {
			return err
		}
		return r.WatchLog.Mark(ctx, c)
	})
	return c, err
}

// watch is whom to look for. It is read after the head, so that whoever is missing from it was given
// an address after every block about to be read.
func (w *watcher) watch(ctx context.Context) (ports.Watch, error) {
	since := w.s.now().Add(-watchAfterEnd)
	to, err := w.s.Sessions.Receivers(ctx, w.chain.Network(), since)
	if err != nil {
		return ports.Watch{}, fmt.Errorf("receivers: %w", err)
	}
	assets, err := w.assets(ctx, since)
	return ports.Watch{Assets: assets, Receivers: to}, err
}

// assets is what to look for. A network's own coin is dear to read, so it is left out while nobody
// awaits any. One that payers were told to pay is looked for even if no node can read it now: then
// the network is not read at all until one can, because to go on would pass over their payments.
func (w *watcher) assets(ctx context.Context, since time.Time) ([]chain.Asset, error) {
	carried := w.chain.Assets()
	own, hasOwn := w.chain.Network().Native()
	if !hasOwn {
		return carried, nil
	}
	await, err := w.s.Sessions.Awaits(ctx, own, since, w.s.now().Add(-promiseKept))
	if err != nil {
		return nil, fmt.Errorf("whether %s is awaited: %w", own.Symbol, err)
	}
	readable := slices.Contains(carried, own)
	switch {
	case await == ports.Promised && !readable:
		return append(carried, own), nil
	case await == ports.Nobody && readable:
		return slices.DeleteFunc(carried, func(a chain.Asset) bool { return a == own }), nil
	}
	return carried, nil
}

// catchUp reads from the cursor to the final height. A range a node refuses for its size is halved;
// it grows again slowly.
func (w *watcher) catchUp(
	ctx context.Context, head chain.Head, cursor ports.Cursor, watch ports.Watch,
) (ports.Cursor, error) {
	for cursor.Height < head.Final {
		from := cursor.Height + 1
		to := min(cursor.Height+w.window, head.Final)
		span, err := w.chain.Scan(ctx, from, to, watch)
		if errors.Is(err, ports.ErrSpanTooWide) && w.window > 1 {
			w.window /= 2
			continue
		}
		if err != nil {
			return cursor, fmt.Errorf("scan blocks %d to %d: %w", from, to, err)
		}
		if err := w.unbroken(ctx, head, cursor, span, watch); err != nil {
			return cursor, err
		}
		next := ports.Cursor{
			Network: head.Network, Height: span.To, BlockID: span.ToID, BlockTime: span.ToTime, UpdatedAt: w.s.now(),
		}
		was := cursor
		err = w.s.record(ctx, head, span.Transfers, footing{at: was, after: func(ctx context.Context, r ports.Repos) error {
			if err := w.move(ctx, r, was, next); err != nil {
				return err
			}
			return contradicted(ctx, r, was, span, watch)
		}})
		if err != nil {
			err = w.stumble(ctx, cursor, to == head.Final, err)
			return cursor, fmt.Errorf("record blocks %d to %d: %w", from, to, err)
		}
		cursor = next
		w.moved(from, cursor, watch)
		w.window = min(w.window+w.window/4+1, ports.MaxScanSpan)
	}
	return cursor, nil
}

// stumble keeps what cannot be recorded from holding up what can: as long as all behind it is read and
// recorded too, up to the final block, the network counts as read, and else more is read next time. The
// cursor stays before it.
func (w *watcher) stumble(ctx context.Context, cursor ports.Cursor, toTheEnd bool, err error) error {
	switch {
	case !errors.Is(err, errSpoiled):
		return err
	case toTheEnd:
		return errors.Join(err, w.beat(ctx, cursor))
	}
	w.window = min(2*w.window, ports.MaxScanSpan)
	return err
}

// beat renews the cursor's time when nothing else has for a while.
func (w *watcher) beat(ctx context.Context, c ports.Cursor) error {
	now := w.s.now()
	if now.Sub(c.UpdatedAt) < heartbeat {
		return nil
	}
	was := c
	c.UpdatedAt = now
	return w.s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		return w.move(ctx, r, was, c)
	})
}
