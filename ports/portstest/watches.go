package portstest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

var watchPromises = []promise{
	{"the holder runs, and its error is answered", watchRuns},
	{"while one holds a network others are told at once and do not run", watchExcludes},
	{"another network is not held", watchApart},
	{"the right is free again when its holder ends", watchFreed},
	{"the holder's context ends with the caller's", watchEnds},
	{"the right to read again is another one, and held by one", watchRescan},
	{"the holder of a watch is known while it holds it", watchHolder},
	{"units of work go on while a network is held", watchWorks},
}

func watchRuns(t *testing.T, w World) {
	ran, failure := 0, errors.New("failure")
	held, err := w.Watches.Hold(t.Context(), chain.Sandbox, func(context.Context) error {
		ran++
		return nil
	})
	ok(t, err)
	same(t, held, true)
	held, err = w.Watches.Hold(t.Context(), chain.Sandbox, func(context.Context) error {
		ran++
		return failure
	})
	isFault(t, err, failure)
	same(t, held, true)
	same(t, ran, 2)
}

func watchExcludes(t *testing.T, w World) {
	_, err := w.Watches.Hold(t.Context(), chain.Sandbox, func(ctx context.Context) error {
		for range 3 {
			held, err := w.Watches.Hold(t.Context(), chain.Sandbox, func(context.Context) error {
				t.Error("two hold one network")
				return nil
			})
			if err != nil {
				return err
			}
			same(t, held, false)
		}
		return ctx.Err()
	})
	ok(t, err)
}

func watchApart(t *testing.T, w World) {
	_, err := w.Watches.Hold(t.Context(), chain.Sandbox, func(context.Context) error {
		ran := false
		held, err := w.Watches.Hold(t.Context(), chain.Tron, func(context.Context) error {
			ran = true
			return nil
		})
		same(t, held, true)
		same(t, ran, true)
		return err
	})
	ok(t, err)
}

func watchFreed(t *testing.T, w World) {
	for range 3 {
		held, err := w.Watches.Hold(t.Context(), chain.Sandbox, func(context.Context) error {
			return nil
		})
		ok(t, err)
		same(t, held, true)
	}
	var running, most, ran atomic.Int32
	allWon(t, race(racers, func(int) error {
		_, err := w.Watches.Hold(t.Context(), chain.Sandbox, func(context.Context) error {
			ran.Add(1)
			if now := running.Add(1); now > 1 {
				most.Store(now)
			}
			running.Add(-1)
			return nil
		})
		return err
	}))
	same(t, most.Load(), int32(0))
	if ran.Load() == 0 {
		t.Fatal("of all who asked for a free network nobody got it")
	}
}

func watchEnds(t *testing.T, w World) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	held, _ := w.Watches.Hold(ctx, chain.Sandbox, func(ctx context.Context) error {
		stop()
		<-ctx.Done()
		return nil
	})
	same(t, held, true)
	held, err := w.Watches.Hold(t.Context(), chain.Sandbox, func(context.Context) error { return nil })
	ok(t, err)
	same(t, held, true)
}

func watchRescan(t *testing.T, w World) {
	_, err := w.Watches.Hold(t.Context(), chain.Sandbox, func(ctx context.Context) error {
		ran := 0
		held, err := w.Watches.HoldRescan(ctx, chain.Sandbox, func(ctx context.Context) error {
			ran++
			again, err := w.Watches.HoldRescan(ctx, chain.Sandbox, func(context.Context) error {
				t.Error("two read one network again")
				return nil
			})
			same(t, again, false)
			return err
		})
		same(t, held, true)
		same(t, ran, 1)
		return err
	})
	ok(t, err)
}

func watchHolder(t *testing.T, w World) {
	holder := func(n chain.Network) string {
		name, err := w.Watches.Holder(t.Context(), n)
		ok(t, err)
		return name
	}
	same(t, holder(chain.Sandbox), "")
	_, err := w.Watches.HoldRescan(t.Context(), chain.Sandbox, func(ctx context.Context) error {
		same(t, holder(chain.Sandbox), "")
		_, err := w.Watches.Hold(ctx, chain.Sandbox, func(context.Context) error {
			if holder(chain.Sandbox) == "" {
				t.Error("nobody is said to hold what is held")
			}
			same(t, holder(chain.Tron), "")
			return nil
		})
		return err
	})
	ok(t, err)
	same(t, holder(chain.Sandbox), "")
}

func watchWorks(t *testing.T, w World) {
	_, err := w.Watches.Hold(t.Context(), chain.Sandbox, func(ctx context.Context) error {
		return w.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
			return r.Cursors.Start(ctx, cursorAt(chain.Sandbox, 100))
		})
	})
	ok(t, err)
	same(t, cursor(t, w, chain.Sandbox), cursorAt(chain.Sandbox, 100))
}
