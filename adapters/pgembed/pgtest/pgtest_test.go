package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

// Two tests that write the same row must not meet, or every suite would depend on the order it runs.
func TestDatabasesAreEmptyAndApart(t *testing.T) {
	for i := range 2 {
		dsn := Database(t)
		if err := execute(dsn, "CREATE TABLE thing (id int)"); err != nil {
			t.Fatalf("database %d is not empty: %v", i, err)
		}
	}
}

func TestDatabaseIsDroppedAfterItsTest(t *testing.T) {
	var dsn string
	t.Run("inner", func(t *testing.T) {
		dsn = Database(t)
		if err := execute(dsn, "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	})
	if err := execute(dsn, "SELECT 1"); err == nil {
		t.Fatal("the database outlived its test")
	}
}

// Migrating costs most of a test's time, so it must happen once, and the copies must still be apart.
func TestTemplateMigratesOnceAndCopiesAreApart(t *testing.T) {
	var runs atomic.Int32
	migrate := func(dsn string) error {
		runs.Add(1)
		return execute(dsn, "CREATE TABLE thing (id int PRIMARY KEY)", "INSERT INTO thing VALUES (1)")
	}
	var wg sync.WaitGroup
	for range 4 {
		dsn := Template(t, "apart", migrate)
		wg.Go(func() {
			if err := execute(dsn, "INSERT INTO thing VALUES (2)"); err != nil {
				t.Errorf("copy: %v", err)
			}
		})
	}
	wg.Wait()
	if got := runs.Load(); got != 1 {
		t.Fatalf("migrated %d times, want once", got)
	}
}

// A pool that closes in the background is still connected when migrate returns.
func TestTemplateDisconnectsStragglers(t *testing.T) {
	dsn := Template(t, "stragglers", func(dsn string) error {
		_, err := pgx.Connect(context.Background(), dsn)
		return err
	})
	if err := execute(dsn, "SELECT 1"); err != nil {
		t.Fatal(err)
	}
}

// A failed migration must fail every test that needs it, not only the first.
func TestFailedTemplateFailsEveryTest(t *testing.T) {
	for range 2 {
		probe := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			Template(probe, "broken", func(string) error { return errors.New("no such column") })
		}()
		<-done
		if probe.said == "" {
			t.Fatal("the test went on without its schema")
		}
	}
}

// recorder is a test that notes its failure instead of failing.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}
