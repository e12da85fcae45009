package postgres_test

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/101pay/101pay/adapters/postgres"
)

// patience is how long a test waits for what must come; it says nothing about how fast it comes.
const patience = time.Minute

// errand is a job that runs until it is let go.
type errand struct{}

func (errand) Kind() string { return "errand" }

// crew is a process that works errands: its place on the roll and its client of the queue.
type crew struct {
	river.WorkerDefaults[errand]

	name    string
	begun   chan int // attempts, as they begin
	release chan bool
	left    chan error // how its time on the roll ended
}

// Work implements river.Worker.
func (c *crew) Work(_ context.Context, job *river.Job[errand]) error {
	c.begun <- job.Attempt
	<-c.release
	return nil
}

// hire has a process of its own work errands, so many at once. One whose hands are full takes no more:
// it may play dead while its client lives.
func hire(t *testing.T, dsn string, hands int) *crew {
	t.Helper()
	s := open(t, dsn)
	c := &crew{
		name: s.WorkerName(), begun: make(chan int, 10), release: make(chan bool), left: make(chan error, 1),
	}
	ctx, leave := context.WithCancel(t.Context())
	on := make(chan bool)
	go func() { c.left <- s.Attend(ctx, c.name, func() { close(on) }) }()
	await(t, on)
	workers := river.NewWorkers()
	river.AddWorker(workers, c)
	client, err := river.NewClient(riverpgxv5.New(s.Pool()), &river.Config{
		ID: c.name, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: hands}}, Workers: workers,
		Logger: slog.New(slog.DiscardHandler), RescueStuckJobsAfter: time.Hour, JobTimeout: -1,
	})
	if err == nil {
		err = client.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(c.release)
		if err := client.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		leave()
	})
	return c
}

func await[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// send puts an errand into the queue.
func send(t *testing.T, s *postgres.Store) {
	t.Helper()
	client, err := river.NewClient(riverpgxv5.New(s.Pool()), &river.Config{})
	if err == nil {
		_, err = client.Insert(t.Context(), errand{}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// lose ends the connection by which a process is on the roll, as its death does.
func (c *crew) lose(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	endBackend(t, conn, `pid = (SELECT pid FROM pg_locks WHERE locktype = 'advisory'
		AND (classid::bigint << 32 | objid::bigint) = `+
		strconv.FormatInt(postgres.LockKey("worker", c.name), 10)+")")
}

// What a process was running when it died runs again in another, without anybody's waiting for a
// timeout: the queue's own rescue would come after an hour.
func TestJobsOfADeadWorkerRunAgain(t *testing.T) {
	dsn := migrated(t)
	conn := connect(t, dsn)
	dies := hire(t, dsn, 1)
	send(t, open(t, dsn))
	if attempt := await(t, dies.begun); attempt != 1 {
		t.Fatalf("the first attempt is number %d", attempt)
	}
	lives := hire(t, dsn, 1)
	dies.lose(t, conn)
	if err := await(t, dies.left); err == nil {
		t.Error("a worker that is off the roll was not told")
	}
	if attempt := await(t, lives.begun); attempt != 2 {
		t.Errorf("the job ran again as attempt %d", attempt)
	}
	var rescues, failures int
	if err := conn.QueryRow(t.Context(), `SELECT (metadata ->> 'river:rescue_count')::int,
		coalesce(array_length(errors, 1), 0) FROM river_job`).Scan(&rescues, &failures); err != nil {
		t.Fatal(err)
	}
	if rescues != 1 || failures != 0 {
		t.Errorf("the job was rescued %d times and failed %d times", rescues, failures)
	}
}

// The jobs of whoever is on the roll are nobody else's, and neither are those of a worker that does
// not attend, such as one of an older version.
func TestJobsOfTheLivingStay(t *testing.T) {
	dsn := migrated(t)
	conn := connect(t, dsn)
	lives := hire(t, dsn, 2)
	s := open(t, dsn)
	send(t, s)
	send(t, s)
	await(t, lives.begun)
	await(t, lives.begun)
	look := func(want string) {
		t.Helper()
		if err := postgres.TakeBack(t.Context(), conn); err != nil {
			t.Fatal(err)
		}
		var states string
		if err := conn.QueryRow(t.Context(),
			"SELECT string_agg(state::text, ' ' ORDER BY id) FROM river_job").Scan(&states); err != nil {
			t.Fatal(err)
		}
		if states != want {
			t.Fatalf("jobs are %s, want %s", states, want)
		}
	}
	for range 3 {
		look("running running")
	}
	as := func(worker string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(),
			"UPDATE river_job SET attempted_by = ARRAY[$1::text, $2] WHERE id = 1", lives.name, worker); err != nil {
			t.Fatal(err)
		}
	}
	as("somebody else")
	look("running running")
	lives.lose(t, conn)
	await(t, lives.left)
	as(s.WorkerName()) // which nobody took
	for _, end := range []string{
		`SET attempt = max_attempts`, `SET metadata = '{"cancel_attempted_at": "2026-11-21T12:00:00Z"}'`,
	} {
		if _, err := conn.Exec(t.Context(), "UPDATE river_job "+end+" WHERE id = 2"); err != nil {
			t.Fatal(err)
		}
		look("available running")
	}
}
