package postgres

import (
	"cmp"
	"context"
	"sync"

	"github.com/101pay/101pay/domain/fault"
)

const (
	// gatheredReads is how many reads for the same kind of question are on their way at once: while the
	// answer to one is read, the next is worked on.
	gatheredReads = 2
	// mostGathered bounds how many questions are one read.
	mostGathered = 64
)

// gathered joins questions that are asked at the same time into one read. There is no timer: a read takes
// whatever was asked while those before it were on their way, so that one asker alone waits for nobody. It
// begins after whoever it answers has asked, so that he sees all that was written until then. The zero
// value is ready.
type gathered[K comparable, V any] struct {
	atOnce int // reads on their way at once; 0 means gatheredReads
	most   int // questions that are one read; 0 means mostGathered

	mu      sync.Mutex
	waiting []*question[K, V] // guarded by mu
	busy    int               // reads on their way; guarded by mu
}

// question is one asker's, answered once done is closed.
type question[K comparable, V any] struct {
	key   K
	done  chan struct{}
	found V
	err   error
}

// reader answers many questions by one read; the keys are all different. What it leaves out was not found.
type reader[K comparable, V any] func(ctx context.Context, keys []K) (map[K]V, error)

// once reads. Of a read that panics, everybody it was for is told.
func (r reader[K, V]) once(ctx context.Context, keys []K) (found map[K]V, err error) {
	ctx, cancel := context.WithTimeout(ctx, acquireLimit+statementLimit)
	defer cancel()
	defer fault.Rescue(&err)
	return r(ctx, keys)
}

// ask answers what a read finds for a key; missing is for what it does not find.
func (g *gathered[K, V]) ask(ctx context.Context, k K, read reader[K, V], missing error) (none V, err error) {
	q := &question[K, V]{key: k, done: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, q)
	begin := g.busy < cmp.Or(g.atOnce, gatheredReads)
	if begin {
		g.busy++
	}
	g.mu.Unlock()
	if begin {
		go g.run(context.WithoutCancel(ctx), read, missing)
	}
	select {
	case <-ctx.Done():
		return none, ctx.Err()
	case <-q.done:
		return q.found, q.err
	}
}

// run reads as long as anybody asks. No asker's end ends it: it is not for him alone.
func (g *gathered[K, V]) run(ctx context.Context, read reader[K, V], missing error) {
	for {
		batch := g.take()
		if len(batch) == 0 {
			return
		}
		found, err := read.once(ctx, different(batch))
		for _, q := range batch {
			var there bool
			if q.found, there = found[q.key]; err != nil {
				q.err = err
			} else if !there {
				q.err = missing
			}
			close(q.done)
		}
	}
}

// take begins a read; whoever asks from now on waits for another one. Nobody asks if it is of nothing.
func (g *gathered[K, V]) take() []*question[K, V] {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.waiting), cmp.Or(g.most, mostGathered))
	batch := g.waiting[:n:n]
	if g.waiting = g.waiting[n:]; len(g.waiting) == 0 {
		g.waiting = nil
	}
	if n == 0 {
		g.busy--
	}
	return batch
}

// different are the keys of questions, each once.
func different[K comparable, V any](batch []*question[K, V]) []K {
	asked := make(map[K]bool, len(batch))
	var keys []K
	for _, q := range batch {
		if !asked[q.key] {
			asked[q.key] = true
			keys = append(keys, q.key)
		}
	}
	return keys
}
