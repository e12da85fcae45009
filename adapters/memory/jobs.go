package memory

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/101pay/101pay/ports"
)

// maxDrain bounds how many jobs one Drain works: jobs that enqueue one another for ever are found
// out instead of hanging a test.
const maxDrain = 10_000

// Job is a job in the queue.
type Job struct {
	Kind    string
	Payload []byte    // JSON
	At      time.Time // when it may run, zero for at once

	number int64
}

type jobs struct{ *unit }

func (r jobs) Enqueue(ctx context.Context, j ports.Job, at time.Time) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	payload, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("enqueue %s: %w", j.Kind(), err)
	}
	number := s.next()
	s.jobs.put(r.unit, number, Job{Kind: j.Kind(), Payload: payload, At: at, number: number})
	return nil
}

func (r jobs) EnqueueAll(ctx context.Context, js []ports.Job) error {
	for _, j := range js {
		if err := r.Enqueue(ctx, j, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// Jobs lists the committed jobs in the order of their enqueuing.
func (s *Store) Jobs() []Job {
	list := s.committed.Load().jobs.where(func(Job) bool { return true })
	slices.SortFunc(list, func(a, b Job) int { return cmp.Compare(a.number, b.number) })
	for i := range list {
		list[i].Payload = bytes.Clone(list[i].Payload)
	}
	return list
}

// Drain works jobs that may run at now, the earliest first, until none is left, those enqueued on
// the way included. A job leaves the queue when work answers nil; an error stops the draining and
// leaves its job in the queue, as a worker would that tries again. It answers how many were worked.
func (s *Store) Drain(
	ctx context.Context, now time.Time, work func(ctx context.Context, j Job) error,
) (worked int, err error) {
	for worked = range maxDrain {
		due := slices.DeleteFunc(s.Jobs(), func(j Job) bool { return j.At.After(now) })
		if len(due) == 0 {
			return worked, nil
		}
		next := slices.MinFunc(due, func(a, b Job) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.number, b.number))
		})
		if err := work(ctx, next); err != nil {
			return worked, fmt.Errorf("job %s: %w", next.Kind, err)
		}
		if err := s.done(ctx, next); err != nil {
			return worked, err
		}
	}
	return worked, fmt.Errorf("%d jobs were worked and there are still more", maxDrain)
}

func (s *Store) done(ctx context.Context, j Job) error {
	return s.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		queue := r.Jobs.(jobs) //nolint:errcheck // Do made it
		rows, err := queue.state(ctx)
		if err != nil {
			return err
		}
		rows.jobs.drop(queue.unit, j.number)
		return nil
	})
}
