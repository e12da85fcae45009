package postgres

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var errNothing = errors.New("nothing")

// Whoever asks is answered for his own key, what stood when he asked or later, and a crowd costs few reads.
func TestGatheredReadsAreAsNewAsOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gathered[int, int64]
		var stored, made atomic.Int64
		read := func(_ context.Context, keys []int) (map[int]int64, error) {
			made.Add(1)
			if len(keys) > mostGathered {
				t.Errorf("%d keys are one read", len(keys))
			}
			found := map[int]int64{}
			for _, k := range keys {
				if _, twice := found[k]; twice {
					t.Errorf("%d is asked for twice", k)
				}
				if k != 0 {
					found[k] = stored.Load()*100 + int64(k)
				}
			}
			time.Sleep(time.Second) // what is written meanwhile it does not see
			return found, nil
		}
		var all sync.WaitGroup
		const asked = 4 * mostGathered
		for n := range asked {
			least, key := stored.Load(), n%50
			all.Go(func() {
				got, err := g.ask(t.Context(), key, read, errNothing)
				switch {
				case key == 0 && !errors.Is(err, errNothing):
					t.Errorf("what is not there: %d, %v", got, err)
				case key != 0 && (err != nil || got%100 != int64(key) || got/100 < least):
					t.Errorf("read %d of %d, %v; %d was there before", got, key, err, least)
				}
			})
			synctest.Wait()
			stored.Add(1)
		}
		all.Wait()
		synctest.Wait()
		if n := made.Load(); n > gatheredReads+asked/mostGathered {
			t.Errorf("%d reads were made", n)
		}
		if g.busy != 0 || g.waiting != nil {
			t.Errorf("%d reads go on, %d wait", g.busy, len(g.waiting))
		}
	})
}

// A caller who goes away takes nobody's read with him, and a read that fails fails for those it was for.
func TestGatheredReadsOutliveWhoAskedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gathered[int, int]
		broken := true
		read := func(ctx context.Context, keys []int) (map[int]int, error) {
			time.Sleep(time.Second)
			if broken {
				return nil, errNothing
			}
			return map[int]int{keys[0]: 7}, ctx.Err()
		}
		if _, err := g.ask(t.Context(), 1, read, nil); !errors.Is(err, errNothing) {
			t.Errorf("a broken read: %v", err)
		}
		broken = false
		ctx, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := g.ask(ctx, 1, read, errNothing); !errors.Is(err, context.Canceled) {
				t.Errorf("who went away was answered: %v", err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			if got, err := g.ask(t.Context(), 1, read, errNothing); got != 7 || err != nil {
				t.Errorf("read %d, %v", got, err)
			}
		})
		leave()
		all.Wait()
	})
}

// A read that panics fails for those it was for, and for nobody else.
func TestGatheredReadsThatPanicAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gathered[int, int]
		read := func(_ context.Context, keys []int) (map[int]int, error) {
			time.Sleep(time.Second)
			if keys[0] < gatheredReads {
				panic("broken on purpose")
			}
			return map[int]int{keys[0]: 7, keys[len(keys)-1]: 7}, nil
		}
		var all sync.WaitGroup
		for key := range 2 * gatheredReads {
			all.Go(func() {
				got, err := g.ask(t.Context(), key, read, errNothing)
				if key < gatheredReads && (err == nil || errors.Is(err, errNothing)) || key >= gatheredReads && got != 7 {
					t.Errorf("read %d of %d, %v", got, key, err)
				}
			})
			synctest.Wait()
		}
		all.Wait()
		synctest.Wait()
		if g.busy != 0 {
			t.Errorf("%d reads go on", g.busy)
		}
	})
}
