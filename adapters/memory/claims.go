package memory

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/101pay/101pay/ports"
)

type claims struct{ *unit }

type claimKey struct{ scope, key string }

type keptAnswer struct {
	fingerprint []byte
	answer      ports.Answer
	expires     time.Time
}

// claimed is who holds which key right now. It is no part of the state: a claim is seen by others
// before anything commits, and is gone however the unit of work ends.
type claimed struct {
	mu      sync.Mutex
	holders map[claimKey]*unit // guarded by mu
}

func (c *claimed) take(k claimKey, u *unit) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if holder, held := c.holders[k]; held {
		return holder == u
	}
	if c.holders == nil {
		c.holders = make(map[claimKey]*unit)
	}
	c.holders[k] = u
	u.claiming = append(u.claiming, k)
	return true
}

func (c *claimed) release(u *unit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range u.claiming {
		delete(c.holders, k)
	}
	u.claiming = nil
}

// Take looks at the committed answers without waiting for the turn: an answer to a key this unit
// holds can only have been committed before.
func (r claims) Take(
	ctx context.Context, scope, key string, fingerprint []byte,
) (*ports.Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.over {
		return nil, errOver
	}
	k := claimKey{scope, key}
	if !r.store.claims.take(k, r.unit) {
		return nil, ports.ErrInProgress
	}
	s := r.working
	if s == nil {
		s = r.store.committed.Load()
	}
	kept, found := s.answers.get(k)
	switch {
	case !found:
		return nil, nil
	case !bytes.Equal(kept.fingerprint, fingerprint):
		return nil, ports.ErrKeyReused
	}
	return &ports.Answer{Status: kept.answer.Status, Body: bytes.Clone(kept.answer.Body)}, nil
}

func (r claims) Keep(
	ctx context.Context, scope, key string, fingerprint []byte, a ports.Answer, expires time.Time,
) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	a.Body = bytes.Clone(a.Body)
	s.answers.put(r.unit, claimKey{scope, key}, keptAnswer{bytes.Clone(fingerprint), a, expires})
	return nil
}

func (r claims) Prune(ctx context.Context, now time.Time, limit int) (int, error) {
	s, err := r.state(ctx)
	if err != nil {
		return 0, err
	}
	var expired []claimKey
	for k, kept := range s.answers.all() {
		if kept.expires.Before(now) {
			expired = append(expired, k)
		}
	}
	expired, _ = first(expired, limit)
	for _, k := range expired {
		s.answers.drop(r.unit, k)
	}
	return len(expired), nil
}
