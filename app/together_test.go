package app

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Every step is taken once, many at a time and not too many, and whoever is alone waits for nobody.
func TestStepsAreGathered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const steps = 5 * mostTogether
		var all together[*atomic.Int32]
		var batches, atWork atomic.Int32
		work := func(_ context.Context, batch []*atomic.Int32) {
			batches.Add(1)
			if n := atWork.Add(1); n > crews || len(batch) > mostTogether {
				t.Errorf("%d crews at work, this one on %d steps", n, len(batch))
			}
			time.Sleep(time.Second)
			for _, s := range batch {
				s.Add(1)
			}
			atWork.Add(-1)
		}
		began := time.Now()
		var one atomic.Int32
		if err := all.do(t.Context(), &one, work); err != nil || one.Load() != 1 || time.Since(began) != time.Second {
			t.Errorf("alone: %v after %s, done %d times", err, time.Since(began), one.Load())
		}
		var callers sync.WaitGroup
		var done [steps]atomic.Int32
		for i := range done {
			callers.Go(func() {
				if err := all.do(t.Context(), &done[i], work); err != nil || done[i].Load() != 1 {
					t.Errorf("step %d: %v, done %d times", i, err, done[i].Load())
				}
			})
		}
		callers.Wait()
		synctest.Wait()
		if n := batches.Load(); n > 1+crews+steps/mostTogether || all.busy != 0 || all.waiting != nil {
			t.Errorf("%d batches, %d crews still at work", n, all.busy)
		}
	})
}

// Whoever gives up while he waits is not done; whoever is at work is waited for.
func TestStepsAreTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all together[*atomic.Int32]
		work := func(_ context.Context, batch []*atomic.Int32) {
			time.Sleep(time.Minute)
			for _, s := range batch {
				s.Add(1)
			}
		}
		var callers sync.WaitGroup
		begin := func(limit time.Duration) (*atomic.Int32, *error) {
			done, failed := new(atomic.Int32), new(error)
			callers.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				*failed = all.do(ctx, done, work)
			})
			synctest.Wait()
			return done, failed
		}
		first, err1 := begin(time.Second)
		second, err2 := begin(time.Hour)
		gone, errGone := begin(time.Second) // both crews are at work
		last, err3 := begin(time.Hour)
		callers.Wait()
		if *err1 != nil || *err2 != nil || *err3 != nil || first.Load()+second.Load()+last.Load() != 3 {
			t.Errorf("%v, %v, %v", *err1, *err2, *err3)
		}
		if !errors.Is(*errGone, context.DeadlineExceeded) || gone.Load() != 0 {
			t.Errorf("who gave up: %v, done %d times", *errGone, gone.Load())
		}
	})
}

// Work that panics fails for those it was for. Those who wait behind them are done.
func TestStepsThatPanicAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all together[int]
		work := func(_ context.Context, batch []int) {
			time.Sleep(time.Second)
			if batch[0] < crews {
				panic("broken on purpose")
			}
		}
		var callers sync.WaitGroup
		for i := range 2 * crews {
			callers.Go(func() {
				err := all.do(t.Context(), i, work)
				if i < crews && (err == nil || !strings.Contains(err.Error(), "broken on purpose")) || i >= crews && err != nil {
					t.Errorf("step %d: %v", i, err)
				}
			})
			synctest.Wait()
		}
		callers.Wait()
		synctest.Wait()
		if all.busy != 0 {
			t.Errorf("%d crews still at work", all.busy)
		}
	})
}
