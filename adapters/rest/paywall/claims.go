package paywall

import (
	"sync"
	"time"

	"github.com/101pay/101pay/domain/x402"
)

// stage is how far a claim has got.
type stage uint8

const (
	working   stage = iota + 1 // the request that made it is at work
	released                   // nothing moved: it is forgotten, and may be made again
	pending                    // settlement was asked for, and nobody knows what came of it
	paid                       // money has moved, and there is no answer for it yet (Price.Upfront)
	delivered                  // money has moved, and the answer was given
)

// claim is one payment and what it led to. Its fields belong to whoever has it at work; others read them
// after done.
type claim struct {
	binding  x402.Binding
	verified x402.Verified
	done     chan struct{} // closed when its stage is no longer working

	stage   stage
	tx      x402.Hash
	answer  *kept     // of the handler; nil before it ran
	expires time.Time // when it is forgotten
}

// claims are those of this process.
type claims struct {
	mu    sync.Mutex
	of    map[x402.ClaimKey]*claim
	swept time.Time
}

// look finds a claim.
func (s *claims) look(k x402.ClaimKey, now time.Time) (*claim, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.of[k]
	if ok && c.stage != working && !now.Before(c.expires) {
		delete(s.of, k)
		return nil, false
	}
	return c, ok
}

// take makes a claim, unless there is one or no room is left. Of many who race one takes it.
func (s *claims) take(k x402.ClaimKey, b x402.Binding, v x402.Verified, now time.Time) (c *claim, room bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.of[k]; there {
		return nil, true
	}
	if len(s.of) >= maxRemembered {
		s.sweep(now)
		if len(s.of) >= maxRemembered {
			return nil, false
		}
	}
	c = &claim{binding: b, verified: v, stage: working, done: make(chan struct{})}
	s.of[k] = c
	return c, true
}

// sweep forgets what expired; at most once a second, since it looks at all of them.
func (s *claims) sweep(now time.Time) {
	if now.Sub(s.swept) < time.Second {
		return
	}
	s.swept = now
	for k, c := range s.of {
		if c.stage != working && !now.Before(c.expires) {
			delete(s.of, k)
		}
	}
}

// rest ends the work on a claim.
func (s *claims) rest(k x402.ClaimKey, c *claim, at stage, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.stage, c.expires = at, until
	if at == released {
		delete(s.of, k)
	}
	close(c.done)
}

// resume takes a claim that rests in a stage to work again; of many who try one does.
func (s *claims) resume(c *claim, from stage) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.stage != from {
		return false
	}
	c.stage, c.done = working, make(chan struct{})
	return true
}

// now answers a claim's stage, and what ends it if it is working.
func (s *claims) now(c *claim) (stage, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return c.stage, c.done
}
