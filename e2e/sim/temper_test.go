package sim

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// temper is what a world is like beyond what all are like.
type temper uint8

const (
	even      temper = iota // history that was final and is undone stays away, and watchers go on
	unnoticed               // it comes back whenever it likes, mostly before a watcher looks
	noticed                 // it comes back once a watcher is on what replaced it
	blind                   // watchers are led past blocks, as by a node that hides some or a fault of ours
	tempers
)

// temperOf is a world's temper: every second one's is even. BRISK=1 lets it be no world's.
func temperOf(world int) temper {
	switch {
	case os.Getenv("BRISK") != "":
		return even + 1 + temper(world)%(tempers-1)
	case world%2 == 0:
		return even
	}
	return even + 1 + temper(world/2)%(tempers-1)
}

// comesBack reports whether final history that was undone may count again.
func (t temper) comesBack() bool { return t == unnoticed || t == noticed }

// deepOdds are those of final history being undone, in one step of one network.
func (t temper) deepOdds() int {
	if t.comesBack() {
		return 100
	}
	return 400
}

// returns reports whether the fork that lost may count again now.
func (w *world) returns(f *fork) bool {
	if w.temper != noticed {
		return w.temper.comesBack()
	}
	_, on := w.on(f)
	return on
}

// on answers how far watchers have read, and whether that is of the fork that counts.
func (w *world) on(f *fork) (c ports.Cursor, on bool) {
	c = w.cursor(f.network)
	return c, c.Height < uint64(len(f.Blocks())) && hex.EncodeToString(f.Blocks()[c.Height].ID[:]) == c.BlockID
}

// leadOdds are those of watchers being led past blocks, in one step of one network of a blind world.
const leadOdds = 150

// lead has watchers take blocks for read that they never saw.
func (w *world) lead(f *fork) {
	from, on := w.on(f)
	to := f.FinalHeight()
	if !on || to <= from.Height {
		return
	}
	for _, x := range w.facts(f, f.Blocks()[from.Height+1:to+1]) {
		w.passed[x.key] = true
	}
	end := f.Blocks()[to]
	next := from
	next.Height, next.BlockID, next.BlockTime = to, hex.EncodeToString(end.ID[:]), timeOf(end)
	err := w.Store.Do(w.ctx, func(ctx context.Context, r ports.Repos) error { return r.Cursors.Advance(ctx, from, next) })
	if err != nil {
		w.wrong("the cursor cannot be moved: %v", err)
	}
	w.note("led from %d to %d", from.Height, to)
}

// readAgain has everything read again in the end. Where watchers were not led astray nothing new may come
// of it, and where they were it has to find what they were led past.
func (w *world) readAgain() error {
	if w.temper == even {
		return nil
	}
	again := w.gates[0].Rescanner
	for _, n := range networks {
		for {
			under, err := again.Latest(w.ctx, n)
			if err != nil {
				return err
			}
			if under.StartedAt.IsZero() || !under.FinishedAt.IsZero() {
				break
			}
			if err := w.turn(n); err != nil { // the last night's
				return err
			}
		}
		if _, err := again.Begin(w.ctx, n, w.Clock.Now(), 1); err != nil {
			return fmt.Errorf("read %s again: %w", n, err)
		}
		for done := false; !done; {
			if err := w.turn(n); err != nil {
				return err
			}
			at, err := again.Latest(w.ctx, n)
			if err != nil {
				return err
			}
			if done = !at.FinishedAt.IsZero(); done && at.Found+at.Missing > 0 && w.temper != blind {
				w.wrong("lost or phantom: %d transfers were found by reading %s again, and %d not", at.Found, n, at.Missing)
			}
		}
	}
	w.healed = true
	return nil
}

// turn lets a gateway take a turn at reading again.
func (w *world) turn(n chain.Network) error {
	w.Clock.Pass(app.RescanPace)
	return w.gates[0].Rescanner.Tick(w.ctx, n)
}
