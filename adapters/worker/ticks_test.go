package worker

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// running runs loops in a bubble for some time and answers what was logged.
func running(t *testing.T, d time.Duration, ticks Ticks) string {
	t.Helper()
	var log bytes.Buffer
	ticks.Log = slog.New(slog.NewTextHandler(&log, nil))
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := ticks.Run(ctx); err != nil {
		t.Error(err)
	}
	return log.String()
}

func TestLoopsTurnAtTheirOwnPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var quick, slow, hanging, failed atomic.Int64
		log := running(t, time.Minute, Ticks{
			Observe: func(loop, outcome string, _ time.Duration) {
				if loop == "hanging" && outcome == "failed" {
					failed.Add(1)
				}
			},
			Loops: []Loop{
				{Name: "quick", Every: time.Second, Run: func(context.Context) error { quick.Add(1); return nil }},
				{Name: "slow", Every: 20 * time.Second, Run: func(context.Context) error { slow.Add(1); return nil }},
				{Name: "hanging", Every: time.Second, Limit: 10 * time.Second, Run: func(ctx context.Context) error {
					hanging.Add(1)
					<-ctx.Done()
					return ctx.Err()
				}},
			},
		})
		if n := quick.Load(); n < 55 || n > 60 { // a pause is a second and at most a tenth more
			t.Errorf("the quick loop turned %d times in a minute", n)
		}
		if slow.Load() != 3 {
			t.Errorf("the slow loop turned %d times", slow.Load())
		}
		if hanging.Load() < 3 || failed.Load() < hanging.Load()-1 {
			t.Errorf("the hanging loop turned %d times, %d broken off", hanging.Load(), failed.Load())
		}
		if !strings.Contains(log, "loop=hanging") || strings.Contains(log, "loop=quick") {
			t.Errorf("logged:\n%s", log)
		}
	})
}

// A loop that fails comes back later and later, but never later than a minute or its own pause, and
// at its pace again after the first success. A panic is a failure like any other.
func TestFailingLoopsComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		var outcomes []string
		log := running(t, 10*time.Minute, Ticks{
			Observe: func(_, outcome string, _ time.Duration) { outcomes = append(outcomes, outcome) },
			Loops: []Loop{{Name: "bad", Every: time.Second, Run: func(context.Context) error {
				at = append(at, time.Now())
				switch n := len(at); {
				case n == 2:
					panic("oops")
				case n < 10:
					return errors.New("no")
				}
				return nil
			}}},
		})
		want := []time.Duration{2, 4, 8, 16, 32, 60, 60, 60, 60, 1, 1}
		for i, w := range want {
			gap := at[i+1].Sub(at[i])
			if w *= time.Second; gap < w || gap > w*11/10 {
				t.Errorf("pause %d is %v, want %v and at most a tenth more", i+1, gap, w)
			}
		}
		if outcomes[0] != "failed" || outcomes[1] != "panicked" || outcomes[9] != "done" {
			t.Errorf("outcomes %v", outcomes[:10])
		}
		if !strings.Contains(log, "oops") || !strings.Contains(log, "failures=9") || strings.Contains(log, "failures=10") {
			t.Errorf("logged:\n%s", log)
		}
	})
}

// The end is waited for, and what it breaks off is no failure.
func TestLoopsEndWithTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := false
		log := running(t, 90*time.Second, Ticks{Loops: []Loop{
			{Name: "long", Every: time.Hour, Limit: time.Hour, Run: func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(3 * time.Second) // it has to put things away
				ended = true
				return ctx.Err()
			}},
			{Name: "resting", Every: time.Hour, Run: func(context.Context) error { return nil }},
		}})
		if !ended || log != "" {
			t.Errorf("ended: %v, logged %q", ended, log)
		}
	})
}

func TestPausesAreBounded(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		every := time.Duration(rapid.Int64Range(0, int64(365*24*time.Hour)).Draw(r, "every"))
		longest := time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(r, "longest"))
		got := Loop{Every: every, Longest: longest}.pause(rapid.IntRange(0, 1<<30).Draw(r, "failures"))
		if got < every || got > max(every, longest)*11/10+1 {
			r.Fatalf("rests %v", got)
		}
	})
}
