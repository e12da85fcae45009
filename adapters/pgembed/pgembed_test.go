package pgembed

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"
)

// TestMain also plays the gateway that others kill, see crash_test.go.
func TestMain(m *testing.M) {
	if dir := os.Getenv(parentVar); dir != "" {
		os.Exit(playParent(dir))
	}
	goleak.VerifyTestMain(m)
}

// testLimit bounds whatever a test waits for; reaching it means the test hangs, not that it is slow.
const testLimit = time.Minute

func ctxOf(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), testLimit)
	t.Cleanup(cancel)
	return ctx
}

// dataDir is a directory root's substitute user can reach, which t.TempDir is not.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgembed-test-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := (place{dir: dir, sockets: filepath.Join(dir, "run")}).remove(); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func start(t *testing.T, opts Options) *Server {
	t.Helper()
	s, err := Start(ctxOf(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *Server) {
	t.Helper()
	// Not the test's context: in a cleanup that one is over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), testLimit)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// query runs one statement and answers its single text value, "" if it has none.
func query(ctx context.Context, dsn, sql string) (string, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	var text string
	err = conn.QueryRow(ctx, sql).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return text, err
}

func mustQuery(t *testing.T, s *Server, sql string) string {
	t.Helper()
	text, err := query(ctxOf(t), s.DSN(""), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return text
}

// waitUntil polls a condition that nothing announces.
func waitUntil(t *testing.T, what string, true func() bool) {
	t.Helper()
	for ctx := ctxOf(t); !true(); {
		if !pause(ctx) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

func serverPID(t *testing.T, dir string) int {
	t.Helper()
	pf, err := readPIDFile(filepath.Join(dir, clusterName))
	if err != nil {
		t.Fatal(err)
	}
	return pf.pid
}

func TestDataSurvivesARestart(t *testing.T) {
	dir := dataDir(t)
	first := start(t, Options{DataDir: dir})
	mustQuery(t, first, "CREATE TABLE kept AS SELECT 'paid'::text AS status")
	if got := mustQuery(t, first, "SHOW fsync"); got != "on" {
		t.Fatalf("fsync is %s on a server that keeps money", got)
	}
	if got := mustQuery(t, first, "SHOW data_checksums"); got != "on" {
		t.Fatalf("data checksums are %s", got)
	}
	if got := mustQuery(t, first, "SHOW server_encoding"); got != "UTF8" {
		t.Fatalf("encoding is %s", got)
	}
	pid := serverPID(t, dir)
	stop(t, first)
	if isServer(pid, first.place.cluster) {
		t.Fatalf("server %d runs after Stop", pid)
	}
	second := start(t, Options{DataDir: dir})
	if got := mustQuery(t, second, "SELECT status FROM kept"); got != "paid" {
		t.Fatalf("read %q", got)
	}
}

func TestKillLosesNothingCommittedAndRestartKeepsTheDSN(t *testing.T) {
	s := start(t, Options{DataDir: dataDir(t)})
	dsn := s.DSN("")
	mustQuery(t, s, "CREATE TABLE kept AS SELECT 'paid'::text AS status")
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := query(ctxOf(t), dsn, "SELECT 1::text"); err == nil {
		t.Fatal("a killed server answers")
	}
	if err := s.Kill(); err != nil {
		t.Fatalf("killing what is down: %v", err)
	}
	if err := s.Restart(ctxOf(t)); err != nil {
		t.Fatal(err)
	}
	if got, err := query(ctxOf(t), dsn, "SELECT status FROM kept"); err != nil || got != "paid" {
		t.Fatalf("read %q, %v", got, err)
	}
}

// A crash test's Kill takes its number from somewhere; a wrong number must not cost a bystander.
func TestKillRefusesForeignProcesses(t *testing.T) {
	s := start(t, Options{Throwaway: true})
	mine := s.place.cluster
	s.place.cluster = "/somewhere/else"
	err := s.Kill()
	s.place.cluster = mine
	if err == nil {
		t.Fatal("killed a process that serves another directory")
	}
	if got := mustQuery(t, s, "SELECT 'alive'::text"); got != "alive" {
		t.Fatal(got)
	}
	for _, pid := range []int{-1, 0, 1, 2, os.Getpid()} {
		if isServer(pid, mine) {
			t.Errorf("process %d is taken for the server", pid)
		}
	}
}

func TestStopIsFinalAndMayBeRepeated(t *testing.T) {
	s := start(t, Options{Throwaway: true})
	select {
	case <-s.Done():
		t.Fatal("done before Stop")
	default:
	}
	stop(t, s)
	<-s.Done()
	stop(t, s)
	if err := s.Restart(ctxOf(t)); !errors.Is(err, ErrStopped) {
		t.Fatalf("restart after stop: %v", err)
	}
}

// Stop with no patience left must still end the server: its files are about to have no guard.
func TestStopWithoutTimeStillStops(t *testing.T) {
	dir := dataDir(t)
	s := start(t, Options{DataDir: dir})
	pid := serverPID(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if isServer(pid, s.place.cluster) {
		t.Fatal("the server outlived Stop")
	}
}

func TestThrowawayLeavesNothing(t *testing.T) {
	s := start(t, Options{Throwaway: true})
	if got := mustQuery(t, s, "SHOW fsync"); got != "off" {
		t.Fatalf("fsync is %s on a server that keeps nothing", got)
	}
	dir := s.place.dir
	stop(t, s)
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("%s is still there: %v", dir, err)
	}
}

func TestSecondSupervisorIsRefused(t *testing.T) {
	dir := dataDir(t)
	start(t, Options{DataDir: dir})
	ctx, cancel := context.WithTimeout(t.Context(), 5*poll)
	defer cancel()
	_, err := Start(ctx, Options{DataDir: dir})
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("got %v, want ErrInUse naming %s", err, dir)
	}
}

// A restart of the gateway overlaps: the new process starts while the old one is still leaving.
func TestSecondSupervisorTakesOverWhenTheFirstLeaves(t *testing.T) {
	dir := dataDir(t)
	first := start(t, Options{DataDir: dir})
	waiting := &marker{sign: "waiting for another process", seen: make(chan struct{})}
	var wg sync.WaitGroup
	wg.Go(func() {
		second, err := Start(ctxOf(t), Options{DataDir: dir, Log: slog.New(slog.NewTextHandler(waiting, nil))})
		if err != nil {
			t.Errorf("second: %v", err)
			return
		}
		stop(t, second)
	})
	<-waiting.seen
	stop(t, first)
	wg.Wait()
}

func TestRunningServerCanBeFound(t *testing.T) {
	dir := dataDir(t)
	if _, err := RunningDSN(dir, ""); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("before the start: %v", err)
	}
	s := start(t, Options{DataDir: dir})
	dsn, err := RunningDSN(dir, "")
	if err != nil || dsn != s.DSN("") {
		t.Fatalf("found %q, %v, want %q", dsn, err, s.DSN(""))
	}
	stop(t, s)
	if _, err := RunningDSN(dir, ""); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("after the stop: %v", err)
	}
}

// The system limits a socket's path; a long or odd DATA_DIR must not run into that limit.
func TestAnyDataDirWorks(t *testing.T) {
	for name, leaf := range map[string]string{
		"long": strings.Repeat("long-directory-name/", 6), "odd": `a,b "c" d%e?f`,
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Options{DataDir: filepath.Join(dataDir(t), leaf)})
			t.Cleanup(func() { _ = os.RemoveAll(s.place.sockets) })
			if got := mustQuery(t, s, "SELECT 'up'::text"); got != "up" {
				t.Fatal(got)
			}
		})
	}
}

// Statements carry keys and addresses; an error in one must not print them.
func TestStatementsStayOutOfTheLog(t *testing.T) {
	const canary = "sk_live_canary"
	said := &marker{sign: canary, seen: make(chan struct{})}
	log := slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := start(t, Options{Throwaway: true, Log: log})
	mustQuery(t, s, "CREATE TABLE secrets AS SELECT '"+canary+"'::text AS secret")
	mustQuery(t, s, "CREATE UNIQUE INDEX ON secrets (secret)")
	for _, sql := range []string{
		"INSERT INTO secrets VALUES ('" + canary + "')", // a duplicate: the detail names the value
		"SELECT no_such_function('" + canary + "')",
		"SELECT pg_terminate_backend(pg_backend_pid())::text || '" + canary + "'", // logged as FATAL
	} {
		if _, err := query(ctxOf(t), s.DSN(""), sql); err == nil {
			t.Fatalf("%s succeeded", sql)
		}
	}
	crashBackend(t, s, canary) // the detail names what it was doing
	stop(t, s)
	select {
	case <-said.seen:
		t.Fatal("the secret is in the log")
	default:
	}
	if said.bytes == 0 {
		t.Fatal("nothing was logged, so this test proves nothing")
	}
}

// A process of the server that was only just made still bears the server's arguments and no title. It
// is killed with the others, and one that serves another directory is not.
func TestKillMissesNoNewProcess(t *testing.T) {
	cmd := exec.CommandContext(ctxOf(t), "sh")
	cmd.Args = []string{"postgres", "-c", "read end", "-D", "/this/one"}
	hold, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hold.Close() }()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	killBackend(pid, "/another")
	if !isServer(pid, "/this/one") {
		t.Error("a process that serves another directory was killed")
	}
	killBackend(pid, "/this/one")
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("the new process ended by itself: %v", err)
	}
}

// crashBackend kills the process that runs a statement holding the word, and waits for the server to
// have recovered from it.
func crashBackend(t *testing.T, s *Server, word string) {
	t.Helper()
	ctx := ctxOf(t)
	conn, err := pgx.Connect(ctx, s.DSN(""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	pid := int(conn.PgConn().PID())
	ended := make(chan error, 1)
	go func() {
		_, err := conn.Exec(ctx, "SELECT pg_sleep(600), '"+word+"'")
		ended <- err
	}()
	waitUntil(t, "the statement runs", func() bool {
		n, err := query(ctx, s.DSN(""), "SELECT count(*)::text FROM pg_stat_activity "+
			"WHERE state = 'active' AND pid = "+strconv.Itoa(pid))
		return err == nil && n == "1"
	})
	killBackend(pid, s.place.cluster)
	if err := <-ended; err == nil {
		t.Fatal("the killed statement succeeded")
	}
	waitUntil(t, "the server recovers", func() bool {
		_, err := query(ctx, s.DSN(""), "SELECT 'up'::text")
		return err == nil
	})
}

// marker is a log that tells when a sign was written to it.
type marker struct {
	sign  string
	seen  chan struct{}
	once  sync.Once
	bytes int
}

func (m *marker) Write(b []byte) (int, error) {
	m.bytes += len(b)
	if strings.Contains(string(b), m.sign) {
		m.once.Do(func() { close(m.seen) })
	}
	return len(b), nil
}
