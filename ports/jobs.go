package ports

import (
	"context"
	"time"
)

// Job is deferred work: a plain struct that prints as JSON and names its kind.
type Job interface {
	Kind() string
}

// Jobs enqueues work inside a unit of work. The work runs after the commit, at least once.
type Jobs interface {
	// Enqueue asks for j to run at or after at; the zero time means as soon as possible.
	Enqueue(ctx context.Context, j Job, at time.Time) error
	// EnqueueAll asks for jobs to run as soon as possible.
	EnqueueAll(ctx context.Context, js []Job) error
}
