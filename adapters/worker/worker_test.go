package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/101pay/101pay/adapters/pgembed/pgtest"
	"github.com/101pay/101pay/app"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// patience is how long a test waits for what must come; it says nothing about how fast it comes.
const patience = time.Minute

// queue is River's tables in a database of the test's own.
type queue struct {
	*testing.T
	driver *riverpgxv5.Driver
	client *river.Client[pgx.Tx]
	log    *journal
}

// journal is a log that may be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func openQueue(t *testing.T) *queue {
	t.Helper()
	dsn := pgtest.Template(t, "river", func(dsn string) error {
		pool, err := pgxpool.New(t.Context(), dsn)
		if err != nil {
			return err
		}
		defer pool.Close()
		migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
		if err != nil {
			return err
		}
		_, err = migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil)
		return err
	})
	pool, err := pgxpool.New(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	driver := riverpgxv5.New(pool)
	client, err := river.NewClient(driver, &river.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return &queue{t, driver, client, &journal{}}
}

// put inserts jobs.
func (q *queue) put(jobs ...app.Deliver) {
	q.Helper()
	for _, j := range jobs {
		if _, err := q.client.Insert(q.Context(), j, nil); err != nil {
			q.Fatal(err)
		}
	}
}

// run runs a worker until stop is called, which waits for its end.
func (q *queue) run(o Options, soft time.Duration) (stop func() error) {
	q.Helper()
	o.Log = slog.New(slog.NewTextHandler(q.log, nil))
	if o.Roll == nil {
		o.Roll = &roll{}
	}
	w, err := build(q.driver, o, soft)
	if err != nil {
		q.Fatal(err)
	}
	ctx, cancel := context.WithCancel(q.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return arrives(q.T, ended)
	})
	q.Cleanup(func() { _ = stop() })
	return stop
}

// states counts the jobs by state.
func (q *queue) states() string {
	q.Helper()
	list, err := q.client.JobList(q.Context(), nil)
	if err != nil {
		q.Fatal(err)
	}
	counts := map[string]int{}
	for _, j := range list.Jobs {
		counts[string(j.State)]++
	}
	return fmt.Sprint(counts)
}

func arrives[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// doing is a deliverer made of a function.
type doing func(ctx context.Context, job app.Deliver) (time.Duration, error)

func (d doing) Deliver(ctx context.Context, job app.Deliver) (time.Duration, error) {
	return d(ctx, job)
}

func TestJobsAreWorkedAsTheyWereWritten(t *testing.T) {
	q := openQueue(t)
	want := app.Deliver{DeliveryID: "del_1", EndpointID: "we_1", Attempt: 3, Round: 1, Try: 2}
	q.put(want)
	got, seen := make(chan app.Deliver, 1), make(chan string, 1)
	stop := q.run(Options{
		Deliver: doing(func(_ context.Context, job app.Deliver) (time.Duration, error) { got <- job; return 0, nil }),
		Observe: func(kind, outcome string, _ time.Duration) { seen <- kind + " " + outcome },
	}, softStop)
	if job := arrives(t, got); job != want {
		t.Errorf("worked %+v, want %+v", job, want)
	}
	if o := arrives(t, seen); o != "webhook_deliver done" {
		t.Errorf("observed %s", o)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if s := q.states(); s != "map[completed:1]" {
		t.Errorf("jobs are %s", s)
	}
}

// A constructor starts nothing: a worker that was made and never run works nothing.
func TestNewStartsNothing(t *testing.T) {
	q := openQueue(t)
	q.put(app.Deliver{DeliveryID: "del_1"})
	_, err := New(q.driver, Options{
		Log: slog.New(slog.DiscardHandler), Deliver: doing(nil), Roll: &roll{},
	})
	if err != nil || q.states() != "map[available:1]" {
		t.Errorf("%v, jobs are %s", err, q.states())
	}
}

// What fails or panics is tried again and takes nothing else along; what it carries is not logged.
func TestFailedJobsAreTriedAgain(t *testing.T) {
	q := openQueue(t)
	q.put(app.Deliver{DeliveryID: "del_fails"}, app.Deliver{DeliveryID: "del_panics"}, app.Deliver{DeliveryID: "del_works"})
	var mu sync.Mutex
	tries := map[string]int{}
	done := make(chan string, 3)
	q.run(Options{Deliver: doing(func(_ context.Context, job app.Deliver) (time.Duration, error) {
		mu.Lock()
		tries[job.DeliveryID]++
		first := tries[job.DeliveryID] == 1
		mu.Unlock()
		switch {
		case first && job.DeliveryID == "del_fails":
			return 0, errors.New("the store is away")
		case first && job.DeliveryID == "del_panics":
			panic("a bug")
		}
		done <- job.DeliveryID
		return 0, nil
	})}, softStop)
	for range 3 {
		arrives(t, done)
	}
	log := q.log.String()
	for _, want := range []string{`msg="job failed" kind=webhook_deliver`, "the store is away", `msg="job panicked"`, "a bug"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s:\n%s", want, log)
		}
	}
	if strings.Contains(log, "del_") {
		t.Errorf("the log tells what a job carries:\n%s", log)
	}
}

// Jobs that are running when the end comes may finish.
func TestStoppingWaitsForWhatRuns(t *testing.T) {
	q := openQueue(t)
	q.put(app.Deliver{DeliveryID: "del_1"})
	started, release := make(chan bool), make(chan bool)
	stop := q.run(Options{Deliver: doing(func(ctx context.Context, _ app.Deliver) (time.Duration, error) {
		started <- true
		<-release
		return 0, ctx.Err()
	})}, patience)
	arrives(t, started)
	ended := make(chan error)
	go func() { ended <- stop() }()
	q.put(app.Deliver{DeliveryID: "del_2"}) // which comes too late for this worker
	close(release)
	if err := arrives(t, ended); err != nil {
		t.Error(err)
	}
	if s := q.states(); s != "map[available:1 completed:1]" {
		t.Errorf("jobs are %s", s)
	}
}

// A job that does not end in time is cancelled, the worker ends all the same, and the job runs again
// after the next start.
func TestWhatDoesNotEndIsCancelledAndRunsAgain(t *testing.T) {
	q := openQueue(t)
	q.put(app.Deliver{DeliveryID: "del_1"})
	started := make(chan bool, 1)
	stop := q.run(Options{Deliver: doing(func(ctx context.Context, _ app.Deliver) (time.Duration, error) {
		started <- true
		<-ctx.Done()
		return 0, ctx.Err()
	})}, 50*time.Millisecond)
	arrives(t, started)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	again := make(chan bool, 1)
	q.run(Options{Deliver: doing(func(context.Context, app.Deliver) (time.Duration, error) { again <- true; return 0, nil })}, softStop)
	arrives(t, again)
}

// A job that ignores its cancellation does not keep the process.
func TestStuckJobsDoNotKeepTheWorker(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := &Worker{
		client: stuck{cancel}, roll: &roll{}, softStop: time.Millisecond, hardStop: time.Millisecond,
	}
	if err := w.Run(ctx); !errors.Is(err, ErrStuck) {
		t.Errorf("got %v", err)
	}
}

// stuck is a client that is told to end as soon as it has begun, and does not.
type stuck struct{ begun func() }

func (s stuck) Start(context.Context) error { s.begun(); return nil }
func (stuck) Stopped() <-chan struct{}      { return nil }

func TestNoDatabaseIsAnError(t *testing.T) {
	pool, err := pgxpool.New(t.Context(), "postgres://nobody@127.0.0.1:1/none?connect_timeout=1")
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	w, err := New(riverpgxv5.New(pool), Options{
		Log: slog.New(slog.DiscardHandler), Deliver: doing(nil), Roll: &roll{},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Run(t.Context()); err == nil {
		t.Error("a worker ran without a database")
	}
}

// No kind may run until it counts as left behind by a dead process: it would run twice at once.
func TestJobsEndBeforeTheyAreRescued(t *testing.T) {
	if deliverTimeout+hardStop >= rescueAfter {
		t.Errorf("a delivery may take %v and is rescued after %v", deliverTimeout, rescueAfter)
	}
}
