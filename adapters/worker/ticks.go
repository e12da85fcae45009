package worker

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/fault"
)

const (
	// defaultTurn bounds one turn of a loop that sets no bound of its own.
	defaultTurn = time.Minute
	// jitterShare is the part of a pause that chance may add, so that processes started together do
	// not turn together.
	jitterShare = 10
	// defaultLongest is the longest pause of a loop that fails and sets none of its own: it pauses twice
	// as long each time.
	defaultLongest = time.Minute
)

// Loop is a piece of work that begins again by itself.
type Loop struct {
	Name string
	// Every is the pause between the end of one turn and the beginning of the next.
	Every time.Duration
	// Limit bounds one turn, a minute when zero.
	Limit time.Duration
	// Longest is the longest pause after failures, a minute when zero, and never less than Every.
	Longest time.Duration
	// Run does one turn. It ends soon after its context.
	Run func(ctx context.Context) error
}

// Ticks runs loops, each at its own pace: none waits for another, and none for its own last turn's
// failure longer than it must.
type Ticks struct {
	Log   *slog.Logger
	Loops []Loop
	// Observe, if any, hears how each turn ended: "done", "failed" or "panicked".
	Observe func(loop, outcome string, took time.Duration)
}

// Run runs the loops until ctx ends and all turns have ended.
func (t Ticks) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, l := range t.Loops {
		all.Go(func() { t.loop(ctx, l) })
	}
	all.Wait()
	return nil
}

func (t Ticks) loop(ctx context.Context, l Loop) {
	failures := 0
	for ctx.Err() == nil {
		began := time.Now()
		outcome, err := turn(ctx, l)
		if ctx.Err() != nil {
			return // what our own end broke off is no failure
		}
		if t.Observe != nil {
			t.Observe(l.Name, outcome, time.Since(began))
		}
		if err == nil {
			failures = 0
		} else {
			failures++
			t.Log.LogAttrs(ctx, slog.LevelWarn, "loop turn "+outcome, slog.String("loop", l.Name),
				slog.Int("failures", failures), slog.String("error", clip(err.Error())))
		}
		rest(ctx, l.pause(failures))
	}
}

// turn does one turn. A panic is an error like any other: the next turn may do better.
func turn(ctx context.Context, l Loop) (outcome string, err error) {
	limit := l.Limit
	if limit <= 0 {
		limit = defaultTurn
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	outcome = "panicked" // unless it comes back
	defer fault.Rescue(&err)
	if err := l.Run(ctx); err != nil {
		return "failed", err
	}
	return "done", nil
}

// pause is how long a loop rests after a number of failures in a row.
func (l Loop) pause(failures int) time.Duration {
	wait, longest := l.Every, max(cmp.Or(l.Longest, defaultLongest), l.Every)
	for range failures {
		if wait = min(2*wait, longest); wait == longest {
			break
		}
	}
	//nolint:gosec // who guesses this learns when we look at a chain
	return wait + rand.N(wait/jitterShare+1)
}

// rest waits, or until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
