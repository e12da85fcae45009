package postgres_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/adapters/pgembed/pgtest"
	"github.com/101pay/101pay/adapters/postgres"
)

// Several instances start at once on a new database, as after an upgrade: each step runs once, and
// nobody fails.
func TestMigrateTakesTurns(t *testing.T) {
	dsn := pgtest.Database(t)
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = postgres.Migrate(t.Context(), dsn) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, dsn)
	steps := texts(t, conn, "SELECT name FROM schema_migrations ORDER BY id")
	if len(steps) == 0 || strings.Join(texts(t, conn,
		"SELECT DISTINCT name FROM schema_migrations ORDER BY name"), " ") != strings.Join(steps, " ") {
		t.Fatalf("steps that ran: %v", steps)
	}
	before := describe(t, conn)
	if err := postgres.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, describe(t, conn)); d != "" {
		t.Fatalf("migrating what is migrated changed it:\n%s", d)
	}
}

// A step that was cut off left nothing, so that it can be run again: what it does and the note that
// it ran are one transaction.
func TestMigrateContinues(t *testing.T) {
	dsn := pgtest.Database(t)
	conn := connect(t, dsn)
	exec(t, conn, "CREATE TABLE postings (in_the_way int)")
	if err := postgres.Migrate(t.Context(), dsn); err == nil {
		t.Fatal("migrated over a table that is in the way")
	}
	if left := texts(t, conn, "SELECT relname::text FROM pg_class WHERE relname = 'order_days'"); len(left) > 0 {
		t.Fatal("half a step was left")
	}
	if noted := texts(t, conn, "SELECT name FROM schema_migrations WHERE name LIKE '0004%'"); len(noted) > 0 {
		t.Fatal("a step that failed is noted as done")
	}
	exec(t, conn, "DROP TABLE postings")
	if err := postgres.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	open(t, dsn)
}

// Whoever starts on an older schema is told what to do.
func TestOpenRefusesAnOlderSchema(t *testing.T) {
	refused := func(dsn, missing string) {
		t.Helper()
		_, err := postgres.Open(t.Context(), postgres.Config{URL: dsn})
		if !errors.Is(err, postgres.ErrSchemaBehind) || !strings.Contains(err.Error(), "101pay migrate") ||
			!strings.Contains(err.Error(), missing) {
			t.Fatalf("opened a database without %s: %v", missing, err)
		}
	}
	refused(pgtest.Database(t), "0001_merchants")

	dsn := migrated(t)
	s, conn := open(t, dsn), connect(t, dsn)
	behind := func(want bool) {
		t.Helper()
		if got, err := s.SchemaBehind(t.Context()); err != nil || got != want {
			t.Fatalf("the schema is behind: %v, %v, want %v", got, err, want)
		}
	}
	behind(false)
	exec(t, conn, "INSERT INTO schema_migrations (name, group_id) VALUES ('9999_later', 9)")
	behind(false)
	exec(t, conn, "DELETE FROM schema_migrations WHERE name = '0008_sandbox'")
	behind(true)
	refused(dsn, "0008_sandbox")
	exec(t, conn, "INSERT INTO schema_migrations (name, group_id) VALUES ('0008_sandbox', 1)")
	exec(t, conn, "DELETE FROM river_migration WHERE version = 6")
	refused(dsn, "job queue")
}

func TestOpenNeedsADatabase(t *testing.T) {
	for name, url := range map[string]string{
		"nobody there":  "postgres://nobody:hush@127.0.0.1:1/none",
		"not a URL":     "postgres://nobody:hush@[",
		"too few conns": pgtest.Database(t) + "&pool_max_conns=1",
	} {
		c := postgres.Config{URL: url}
		if name == "too few conns" {
			c.MaxConns = 1
		}
		_, err := postgres.Open(t.Context(), c)
		if err == nil {
			t.Errorf("%s: opened", name)
		} else if strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: the error shows the password: %v", name, err)
		}
		if name != "too few conns" {
			err = postgres.Migrate(t.Context(), url)
			if err == nil || strings.Contains(err.Error(), "hush") {
				t.Errorf("%s: migrate: %v", name, err)
			}
		}
	}
}
