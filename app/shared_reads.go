package app

import (
	"context"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/fault"
)

// sharedReadLimit bounds a read that several wait for: no caller's end ends it.
const sharedReadLimit = 10 * time.Second

// sharedReads lets all who ask for the same thing at the same time share a read of it. Nothing is kept: a
// read answers those only who asked before it began, so that whoever asks sees all that was written until
// then, as if he had read himself. The zero value is ready.
type sharedReads[K comparable, V any] struct {
	mu sync.Mutex
	of map[K]*readers[V]
}

// readers are those who ask for one thing. While one read is made, who asks meanwhile waits for the next.
type readers[V any] struct{ next *sharedRead[V] }

// sharedRead is one read, and what it found once done is closed.
type sharedRead[V any] struct {
	done  chan struct{}
	found V
	err   error
}

// get answers what read finds.
func (s *sharedReads[K, V]) get(
	ctx context.Context, k K, read func(ctx context.Context) (V, error),
) (none V, err error) {
	s.mu.Lock()
	if s.of == nil {
		s.of = make(map[K]*readers[V])
	}
	q, busy := s.of[k]
	if !busy {
		q = &readers[V]{}
		s.of[k] = q
	}
	if q.next == nil {
		q.next = &sharedRead[V]{done: make(chan struct{})}
	}
	mine := q.next
	s.mu.Unlock()
	if !busy {
		go s.run(context.WithoutCancel(ctx), k, read)
	}
	select {
	case <-ctx.Done():
		return none, ctx.Err()
	case <-mine.done:
		return mine.found, mine.err
	}
}

// run reads as long as anybody asks.
func (s *sharedReads[K, V]) run(ctx context.Context, k K, read func(ctx context.Context) (V, error)) {
	for {
		r := s.take(k)
		if r == nil {
			return
		}
		r.make(ctx, read)
		close(r.done)
	}
}

// make reads. Of a read that panics, everybody it was for is told.
func (r *sharedRead[V]) make(ctx context.Context, read func(ctx context.Context) (V, error)) {
	ctx, cancel := context.WithTimeout(ctx, sharedReadLimit)
	defer cancel()
	defer fault.Rescue(&r.err)
	r.found, r.err = read(ctx)
}

// take begins the next read of a thing: who asks from now on waits for the one after it. nil if nobody asks.
func (s *sharedReads[K, V]) take(k K) *sharedRead[V] {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.of[k]
	r := q.next
	if q.next = nil; r == nil {
		delete(s.of, k)
	}
	return r
}
