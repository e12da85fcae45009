package app

import (
	"context"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/x402"
)

// vigilPoll is how often the store is asked about a settlement that another process is at work on.
const vigilPoll = 250 * time.Millisecond

// vigils lets any number of requests wait for one settlement. The request at work wakes those of its own
// process; where it is at work elsewhere, they share one poll of the store. The zero value is ready.
type vigils struct {
	mu sync.Mutex
	of map[x402.ClaimKey]*vigil
}

// vigil is what is waited for.
type vigil struct {
	over    chan struct{} // closed when there may be news, or nobody to hear them
	working int           // requests of this process at work on it
	waiting int
}

// open finds or begins the vigil of a key. The lock is held.
func (v *vigils) open(k x402.ClaimKey) *vigil {
	if v.of == nil {
		v.of = make(map[x402.ClaimKey]*vigil)
	}
	w, there := v.of[k]
	if !there {
		w = &vigil{over: make(chan struct{})}
		v.of[k] = w
	}
	return w
}

// close wakes everybody who waits. The lock is held.
func (v *vigils) close(k x402.ClaimKey, w *vigil) {
	if v.of[k] == w {
		delete(v.of, k)
		close(w.over)
	}
}

// Attend says that the caller is at work on a settlement until it calls end: whoever waits for it here
// is woken then.
func (s *Relayer) Attend(k x402.ClaimKey) (end func()) {
	v := &s.vigils
	v.mu.Lock()
	defer v.mu.Unlock()
	w := v.open(k)
	w.working++
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		if w.working--; w.working == 0 {
			v.close(k, w)
		}
	}
}

// Wait waits until there may be news of a settlement that is being worked on, here or elsewhere, or until
// ctx ends.
func (s *Relayer) Wait(ctx context.Context, k x402.ClaimKey) {
	v := &s.vigils
	v.mu.Lock()
	w := v.open(k)
	first := w.working == 0 && w.waiting == 0
	w.waiting++
	v.mu.Unlock()
	defer func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		if w.waiting--; w.waiting == 0 && w.working == 0 {
			v.close(k, w) // nobody is left to watch for
		}
	}()
	if first {
		go s.watch(context.WithoutCancel(ctx), k, w)
	}
	select {
	case <-ctx.Done():
	case <-w.over:
	}
}

// watch asks the store about a settlement for all who wait for it here, until it has news, the vigil is
// over, or the time a settlement may take is.
func (s *Relayer) watch(ctx context.Context, k x402.ClaimKey, w *vigil) {
	ctx, cancel := context.WithTimeout(ctx, settleBound)
	defer cancel()
	tick := time.NewTicker(vigilPoll)
	defer tick.Stop()
	for more := true; more; {
		select {
		case <-ctx.Done():
			more = false
		case <-w.over:
			more = false
		case <-tick.C:
			more = s.undecided(ctx, k)
		}
	}
	s.vigils.mu.Lock()
	defer s.vigils.mu.Unlock()
	s.vigils.close(k, w)
}

// undecided reports whether a settlement is still being worked on.
func (s *Relayer) undecided(ctx context.Context, k x402.ClaimKey) bool {
	row, answer, err := s.Reads.ByKey(ctx, k)
	if err != nil {
		return true
	}
	switch row.Settlement.Snapshot().Status {
	case x402.Claimed, x402.Signed, x402.Broadcast:
		return true
	case x402.Settled:
		return beingDelivered(answer, s.now())
	case x402.Delegated, x402.Pending, x402.Reversed, x402.Refused, x402.Failed:
	}
	return false
}
