package postgres

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/ports"
)

// How bookings of many callers share commits.
const (
	// committers take turns: while one waits for the disk the other gathers. More would only wait for
	// each other's locks.
	committers = 2
	maxQueue   = 4096 // entries that wait to be taken; whoever comes then waits to get in
	maxBatch   = 256

	bookLimit    = 15 * time.Second // one attempt at a batch; after it no other one begins
	bookAttempts = 5
)

// bookkeeper is what waits to be booked. There is no timer: a committer takes whatever has gathered
// while the last commit ran, so that one caller alone waits for nobody.
type bookkeeper struct {
	queue chan *entry
}

// What becomes of an entry. Only one side can move it from waiting.
const (
	waiting   = iota
	taken     // by a committer, which will answer
	abandoned // by its caller; no committer looks at it again
)

// entry is one caller's transaction on its way into the book.
type entry struct {
	transaction ledger.Transaction
	guard       string
	state       atomic.Int32
	done        chan struct{} // closed when booked and err say what became of it
	booked      ports.Booked
	err         error
}

func (e *entry) answer(booked ports.Booked, err error) {
	e.booked, e.err = booked, err
	close(e.done)
}

// Book implements ports.Bookkeeper.
func (s *Store) Book(
	ctx context.Context, t ledger.Transaction, guard string,
) (ports.Booked, error) {
	if ctx.Value(insideUnit{}) != nil {
		return ports.Booked{}, errNested
	}
	if err := bookable(t); err != nil {
		return ports.Booked{}, err
	}
	e := &entry{transaction: t, guard: guard, done: make(chan struct{})}
	select {
	case s.keeper.queue <- e:
	case <-ctx.Done():
		return ports.Booked{}, ctx.Err()
	case <-s.life.Done():
		return ports.Booked{}, fault.ErrUnavailable
	}
	return s.await(ctx, e)
}

// await waits for the answer. Whoever gives up before his entry is taken takes it back; later there
// is an answer to come, within the limits of an attempt, and only it says whether he was booked.
func (s *Store) await(ctx context.Context, e *entry) (ports.Booked, error) {
	select {
	case <-e.done:
		return e.booked, e.err
	case <-ctx.Done():
		if e.state.CompareAndSwap(waiting, abandoned) {
			return ports.Booked{}, ctx.Err()
		}
	case <-s.life.Done():
		if e.state.CompareAndSwap(waiting, abandoned) {
			return ports.Booked{}, fault.ErrUnavailable
		}
	}
	<-e.done
	return e.booked, e.err
}

func (s *Store) startKeeping() {
	s.keeper.queue = make(chan *entry, maxQueue)
	for range committers {
		s.work.Go(s.keepBook)
	}
}

// keepBook books batches until the store is closed.
func (s *Store) keepBook() {
	for {
		select {
		case <-s.life.Done():
			return
		case first := <-s.keeper.queue:
			if batch := s.gather(first); len(batch) > 0 {
				s.commit(batch)
			}
		}
	}
}

// gather takes what waits, without waiting for more.
func (s *Store) gather(first *entry) []*entry {
	var batch []*entry
	for e := first; ; {
		if e.state.CompareAndSwap(waiting, taken) {
			batch = append(batch, e)
		}
		if len(batch) == maxBatch {
			return batch
		}
		select {
		case e = <-s.keeper.queue:
		default:
			return batch
		}
	}
}

// commit books a batch and answers every entry. A batch that PostgreSQL refuses is booked one by one,
// so that nobody suffers for another's transaction.
//
// An attempt whose outcome is unknown is made again and looks for what the one before may have
// booked: it locks the same heads, which waits for the one before to be over, and an order number is
// never used twice.
func (s *Store) commit(batch []*entry) {
	// What is taken is booked even while the store closes.
	ctx := context.WithoutCancel(s.life)
	begin, cancel := context.WithTimeout(ctx, bookLimit)
	defer cancel()
	var err error
	unsure := false
	for attempt := range bookAttempts {
		var lost bool
		var outcome []result
		outcome, lost, err = s.bookBatch(ctx, batch, unsure)
		if err == nil {
			for i, e := range batch {
				e.answer(outcome[i].booked, outcome[i].err)
			}
			return
		}
		unsure = unsure || lost
		if !lost && !passing(err) || begin.Err() != nil {
			break
		}
		_ = pause(ctx, attempt+1) // its context never ends
	}
	switch {
	case unsure:
		err = because(ports.ErrOutcomeUnknown, err)
	case len(batch) > 1 && !passing(err):
		for _, e := range batch {
			s.commit([]*entry{e})
		}
		return
	default:
		err = translate(err)
	}
	for _, e := range batch {
		e.answer(ports.Booked{}, err)
	}
}
