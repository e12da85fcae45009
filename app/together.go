package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/ports"
)

// How steps of many payments share units of work.
const (
	// crews take turns: while one waits for the disk the other works on what it has gathered.
	crews = 2
	// mostTogether bounds how many steps are one unit of work, so that locks are not held for long.
	mostTogether = 32
	// togetherLimit bounds one unit of work of many.
	togetherLimit = 15 * time.Second
)

// step is what one caller wants done. Whoever does it together with others sets done, or err if nobody may
// try again; a step with neither is left to its caller, who does it alone.
type step struct {
	done bool
	err  error
}

// left reports whether a caller has to do the step alone.
func (s *step) left() bool { return !s.done && s.err == nil }

// together gathers steps of callers. There is no timer: a crew takes whatever has gathered while those before
// it were at work, so that one caller alone waits for nobody. The zero value is ready.
type together[T any] struct {
	mu      sync.Mutex
	waiting []*gathered[T] // guarded by mu
	busy    int            // crews at work; guarded by mu
}

// gathered is a caller's step, until over is closed.
type gathered[T any] struct {
	step  T
	over  chan struct{}
	broke error // what work panicked with
}

// do has a step done together with others', by work, which is given each step once. It returns when work
// has: whoever gives up before his step was taken takes it back, later what becomes of it is waited for. Of
// work that panics, everybody it was for is told, and nobody else is held up.
func (t *together[T]) do(ctx context.Context, s T, work func(ctx context.Context, batch []T)) error {
	mine := &gathered[T]{step: s, over: make(chan struct{})}
	t.mu.Lock()
	t.waiting = append(t.waiting, mine)
	begin := t.busy < crews
	if begin {
		t.busy++
	}
	t.mu.Unlock()
	if begin {
		go t.run(context.WithoutCancel(ctx), work)
	}
	select {
	case <-mine.over:
		return mine.broke
	case <-ctx.Done():
		if t.takeBack(mine) {
			return ctx.Err()
		}
	}
	<-mine.over
	return mine.broke
}

// run works as long as there is something to do.
func (t *together[T]) run(ctx context.Context, work func(ctx context.Context, batch []T)) {
	for {
		taken := t.take()
		if len(taken) == 0 {
			return
		}
		batch := make([]T, len(taken))
		for i, g := range taken {
			batch[i] = g.step
		}
		broke := attempt(ctx, batch, work)
		for _, g := range taken {
			g.broke = broke
			close(g.over)
		}
	}
}

func attempt[T any](ctx context.Context, batch []T, work func(ctx context.Context, batch []T)) (broke error) {
	ctx, cancel := context.WithTimeout(ctx, togetherLimit)
	defer cancel()
	defer fault.Rescue(&broke)
	work(ctx, batch)
	return nil
}

func (t *together[T]) take() []*gathered[T] {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(len(t.waiting), mostTogether)
	taken := t.waiting[:n:n]
	if t.waiting = t.waiting[n:]; len(t.waiting) == 0 {
		t.waiting = nil
	}
	if n == 0 {
		t.busy--
	}
	return taken
}

func (t *together[T]) takeBack(mine *gathered[T]) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, g := range t.waiting {
		if g == mine {
			t.waiting = append(t.waiting[:i:i], t.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// nobodys reports whether an error is of the store and not of what it was to keep: whoever tried the same
// alone would meet it too, or might do it twice.
func nobodys(err error) bool {
	return fault.From(err).Kind == fault.Unavailable || errors.Is(err, ports.ErrOutcomeUnknown)
}
