// Package worker runs what nobody waits for: jobs that units of work left behind, and loops that
// begin again by themselves. Both call use cases.
//
// It owns how many jobs run at once, how long each kind may take, what becomes of one that fails,
// and how all of it stops. It does not own the queue's tables, what enqueues, how the jobs of a dead
// process are found (adapters/postgres), nor what a job means (app).
//
// Invariants: a constructor starts nothing, Run ends within a bound of being told to; a job runs at
// least once, so use cases bear repetition; a job that was running when its process died runs again;
// neither a panic nor an error ends anything but its own job or turn.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"

	"github.com/101pay/101pay/app"
)

const (
	// DefaultMaxWorkers is how many jobs run at once. Most of them wait for somebody's server, so
	// there may be far more than cores; an endpoint that hangs holds at most two.
	DefaultMaxWorkers = 64
	// deliverTimeout bounds one delivery: 15 s for the request, the rest for the database.
	deliverTimeout = 40 * time.Second
	// rescueAfter is when a job counts as left behind although its process is on the roll, as one that
	// was paused is. It is longer than any job may take.
	rescueAfter = time.Minute
	// enrolAgain is the pause after which a worker that is off the roll tries to come back.
	enrolAgain = time.Second
	// softStop is how long running jobs may go on after the end was asked for; then they are
	// cancelled, and hardStop is how long that may take.
	softStop = 20 * time.Second
	hardStop = 5 * time.Second
)

// ErrStuck says that jobs ran on although they were cancelled.
var ErrStuck = errors.New("stop worker: jobs did not end in time")

// Deliverer attempts webhook deliveries; app.Webhooks is one.
type Deliverer interface {
	// Deliver makes one attempt; a positive wait asks to be called again after it.
	Deliver(ctx context.Context, job app.Deliver) (wait time.Duration, err error)
}

// Roll says which workers live, so that others can have the jobs of those that do not.
// postgres.Store is one.
type Roll interface {
	// WorkerName answers a new name for a worker, by which the roll knows it.
	WorkerName() string
	// Attend keeps a worker on the roll until ctx ends, and meanwhile makes the running jobs of
	// workers that are not on it available again. It calls attending when the worker is on. It answers
	// an error if it could not come on or did not stay; then the worker's jobs may run elsewhere too.
	Attend(ctx context.Context, worker string, attending func()) error
}

// Options say what to run, and how.
type Options struct {
	Deliver    Deliverer
	Roll       Roll
	Log        *slog.Logger
	MaxWorkers int // DefaultMaxWorkers when zero
	// Observe, if any, hears how each job ended: "done", "snoozed", "failed" or "panicked".
	Observe func(kind, outcome string, took time.Duration)
}

// Worker runs the jobs of a queue.
type Worker struct {
	client   client
	name     string
	roll     Roll
	log      *slog.Logger
	softStop time.Duration
	hardStop time.Duration
}

// client is what we need of River's, which has the driver's type in its own.
type client interface {
	Start(ctx context.Context) error
	Stopped() <-chan struct{}
}

// New answers a worker on a queue whose tables exist. It starts nothing.
func New[TTx any](driver riverdriver.Driver[TTx], o Options) (*Worker, error) {
	return build(driver, o, softStop)
}

func build[TTx any](
	driver riverdriver.Driver[TTx], o Options, soft time.Duration,
) (*Worker, error) {
	if o.MaxWorkers <= 0 {
		o.MaxWorkers = DefaultMaxWorkers
	}
	if o.Observe == nil {
		o.Observe = func(string, string, time.Duration) {}
	}
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, &kind[app.Deliver]{
		timeout: deliverTimeout, work: o.Deliver.Deliver, observe: o.Observe,
	}); err != nil {
		return nil, fmt.Errorf("register jobs: %w", err)
	}
	name := o.Roll.WorkerName()
	c, err := river.NewClient(driver, &river.Config{
		ID:                   name,
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: o.MaxWorkers}},
		Workers:              workers,
		RescueStuckJobsAfter: rescueAfter,
		SoftStopTimeout:      soft,
		Logger:               slog.New(loud{o.Log.Handler()}),
		ErrorHandler:         reporter{o.Log},
	})
	if err != nil {
		return nil, fmt.Errorf("make worker: %w", err)
	}
	return &Worker{
		client: c, name: name, roll: o.Roll, log: o.Log, softStop: soft, hardStop: hardStop,
	}, nil
}

// Run works jobs until ctx ends, lets those that run finish for a while, cancels the rest, and
// answers when all have ended. What was cancelled runs again after the next start. The worker is on
// the roll before its first job and until after its last.
func (w *Worker) Run(ctx context.Context) error {
	present, leave := context.WithCancel(context.WithoutCancel(ctx))
	var roll sync.WaitGroup
	defer roll.Wait()
	defer leave()
	enrolled := make(chan error, 1)
	roll.Go(func() { w.attend(present, enrolled) })
	select {
	case <-ctx.Done():
		return nil
	case err := <-enrolled:
		if err != nil {
			return fmt.Errorf("start worker: %w", err)
		}
	}
	if err := w.client.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // told to end before it began
		}
		return fmt.Errorf("start worker: %w", err)
	}
	stopped := w.client.Stopped()
	select {
	case <-stopped:
	case <-ctx.Done():
		limit := time.NewTimer(w.softStop + w.hardStop)
		defer limit.Stop()
		select {
		case <-stopped:
		case <-limit.C:
			return ErrStuck
		}
	}
	return nil
}

// attend keeps the worker on the roll until ctx ends. enrolled hears how the first try went; unless
// that failed, there is a next one whenever the roll was lost.
func (w *Worker) attend(ctx context.Context, enrolled chan<- error) {
	on := sync.OnceFunc(func() { enrolled <- nil })
	for began := false; ; {
		err := w.roll.Attend(ctx, w.name, func() { began = true; on() })
		switch {
		case ctx.Err() != nil:
			return
		case !began:
			enrolled <- err
			return
		}
		w.log.LogAttrs(ctx, slog.LevelWarn, "the worker lost its place on the roll",
			slog.String("error", clip(fmt.Sprint(err))))
		rest(ctx, enrolAgain)
	}
}

// kind works the jobs of one kind.
type kind[T river.JobArgs] struct {
	river.WorkerDefaults[T]

	timeout time.Duration
	work    func(ctx context.Context, job T) (wait time.Duration, err error)
	observe func(kind, outcome string, took time.Duration)
}

// Timeout implements river.Worker.
func (k *kind[T]) Timeout(*river.Job[T]) time.Duration { return k.timeout }

// Work implements river.Worker.
func (k *kind[T]) Work(ctx context.Context, job *river.Job[T]) error {
	outcome, began := "panicked", time.Now()
	defer func() { k.observe(job.Kind, outcome, time.Since(began)) }()
	wait, err := k.work(ctx, job.Args)
	switch {
	case err != nil:
		outcome = "failed"
		return err
	case wait > 0:
		outcome = "snoozed"
		return river.JobSnooze(wait)
	}
	outcome = "done"
	return nil
}
