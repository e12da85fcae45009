package app

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Whoever asks is answered what stood when he asked or later, and a crowd costs two reads.
func TestSharedReadsAreAsNewAsOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads sharedReads[string, int64]
		var stored, made atomic.Int64
		read := func(context.Context) (int64, error) {
			made.Add(1)
			found := stored.Load()
			time.Sleep(time.Second) // what is written meanwhile it does not see
			return found, nil
		}
		var all sync.WaitGroup
		ask := func() {
			least := stored.Load()
			all.Go(func() {
				got, err := reads.get(t.Context(), "a", read)
				if err != nil || got < least {
					t.Errorf("read %d, %v; %d was there before", got, err, least)
				}
			})
		}
		ask()
		synctest.Wait()
		for range 100 {
			stored.Add(1)
			ask()
			synctest.Wait()
		}
		all.Wait()
		synctest.Wait()
		if n := made.Load(); n != 2 {
			t.Errorf("%d reads were made, want 2", n)
		}
		reads.mu.Lock()
		defer reads.mu.Unlock()
		if len(reads.of) != 0 {
			t.Errorf("%d things are still kept", len(reads.of))
		}
	})
}

// A caller who goes away takes nobody's read with him.
func TestSharedReadsOutliveWhoAskedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads sharedReads[string, int]
		ctx, leave := context.WithCancel(t.Context())
		read := func(ctx context.Context) (int, error) {
			time.Sleep(time.Second)
			return 7, ctx.Err()
		}
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := reads.get(ctx, "a", read); err == nil {
				t.Error("who went away was answered")
			}
		})
		synctest.Wait()
		all.Go(func() {
			if got, err := reads.get(t.Context(), "a", read); got != 7 || err != nil {
				t.Errorf("read %d, %v", got, err)
			}
		})
		leave()
		all.Wait()
	})
}

// A read that panics fails for those it was for, and the next one is made.
func TestSharedReadsThatPanicAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads sharedReads[string, int]
		made := 0
		read := func(context.Context) (int, error) {
			time.Sleep(time.Second)
			if made++; made == 1 {
				panic("broken on purpose")
			}
			return 7, nil
		}
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := reads.get(t.Context(), "a", read); err == nil {
				t.Error("a read that broke was answered")
			}
		})
		synctest.Wait()
		all.Go(func() {
			if got, err := reads.get(t.Context(), "a", read); got != 7 || err != nil {
				t.Errorf("read %d, %v", got, err)
			}
		})
		all.Wait()
	})
}
