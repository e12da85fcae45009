package main

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Room is what a quarter of a second fills, never less than Go gives and never more than a small process
// is expected to take.
func TestRoomForGarbage(t *testing.T) {
	const mb = 1 << 20
	began := time.Unix(1_800_000_000, 0)
	for name, c := range map[string]struct {
		live, allocated uint64 // allocated since the collection before
		since           time.Duration
		want            int
	}{
		"at rest":                        {16 * mb, 16 * mb, time.Minute, 100},
		"a little":                       {16 * mb, 16 * mb, 250 * time.Millisecond, 100},
		"twice as fast as is rare":       {16 * mb, 16 * mb, 125 * time.Millisecond, 200},
		"busy":                           {16 * mb, 16 * mb, 50 * time.Millisecond, 400},
		"as busy, with more room before": {16 * mb, 64 * mb, 200 * time.Millisecond, 400},
		"very small":                     {1 * mb, 4 * mb, 4 * time.Millisecond, 6400},
		"large":                          {100 * mb, 100 * mb, 50 * time.Millisecond, 100},
		"as large as the room":           {64 * mb, 64 * mb, 50 * time.Millisecond, 100},
		"no time passed":                 {16 * mb, 16 * mb, 0, 400},
		"nothing in use":                 {0, 4 * mb, time.Second, 100},
	} {
		before := heap{live: 5, allocated: 7 * mb, at: began}
		now := heap{live: c.live, allocated: 7*mb + c.allocated, at: began.Add(c.since)}
		if got := now.percent(before); got != c.want {
			t.Errorf("%s: %d %%, want %d", name, got, c.want)
		}
	}
}

// Each collection sets the percentage.
func TestRoomIsGivenAfterEachCollection(t *testing.T) {
	const collections, most = 3, 10_000
	set := make(chan int, most)
	if !roomForGarbage(t.Context(), func(string) string { return "" }, func(percent int) int { set <- percent; return 0 }) {
		t.Fatal("nothing was chosen, and Go's rule is kept")
	}
	seen := 0
	for n := 0; seen < collections && n < most; n++ {
		runtime.GC()
		select {
		case percent := <-set:
			seen++
			if percent < goPercent {
				t.Errorf("%d %%, which is less than Go gives", percent)
			}
		case <-time.After(time.Millisecond): // what runs after a collection may come later
		}
	}
	if seen < collections {
		t.Errorf("of %d collections, %d set it", most, seen)
	}
}

// Room that was given while requests came fast is not filled slowly afterwards: that would look like a leak.
func TestRoomIsTakenBackAtRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last atomic.Int64
		r := newRoom(func(percent int) int { return int(last.Swap(int64(percent))) })
		for range 10 {
			r.give(400)
			time.Sleep(restAfter - 1)
			if got := last.Load(); got != 400 {
				t.Fatalf("%d %% between two collections, want 400", got)
			}
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if got := last.Load(); got != goPercent {
			t.Errorf("%d %% at rest, want %d", got, goPercent)
		}
	})
}

// Whoever sets GOGC gets what he set.
func TestTheOperatorsGOGCWins(t *testing.T) {
	for _, chosen := range []string{"100", "400", "off"} {
		getenv := func(name string) string { return map[string]string{"GOGC": chosen}[name] }
		if roomForGarbage(t.Context(), getenv, func(int) int { t.Error("it was set"); return 0 }) {
			t.Errorf("GOGC=%s is not kept", chosen)
		}
	}
}
