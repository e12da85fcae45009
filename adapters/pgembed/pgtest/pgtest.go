// Package pgtest gives tests databases of their own on a real PostgreSQL.
//
// It owns one throwaway server per test process, or uses the server TEST_DATABASE_URL names, and the
// databases it makes there, and lines to them that can be cut (Line). It does not own a schema: callers
// hand in what migrates.
//
// Invariants: no two tests share a database; every database is dropped when its test ends; a missing
// PostgreSQL fails the test and never skips it.
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/101pay/101pay/adapters/pgembed"
)

const (
	// limit bounds one administrative statement or the start of the server.
	limit = 2 * time.Minute
	// maxConnections leaves room for races of dozens of connections in parallel tests.
	maxConnections = 300
)

// server is the process's one server, started by the first test that needs it.
var server = struct {
	sync.Mutex
	managed   bool // Main runs, so somebody will stop what is started
	private   *pgembed.Server
	admin     string // DSN of a database from which others are made; "" until started
	templates map[string]*template
}{templates: map[string]*template{}}

type template struct {
	once sync.Once
	db   string
	err  error
}

// Main runs the tests and then stops the server they used. Call it from TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
func Main(m *testing.M) int {
	server.Lock()
	server.managed = true
	server.Unlock()
	code := m.Run()
	if err := shutDown(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		return max(code, 1)
	}
	return code
}

// Database makes an empty database for this test and returns its DSN.
func Database(t testing.TB) string {
	t.Helper()
	return fresh(t, start(t), "")
}

// Template makes a database for this test that migrate has been run on. Migrating happens once per
// process and name; every call gets a copy of its own. When migrate returns, nothing may stay
// connected to its database, and what stays is disconnected.
func Template(t testing.TB, name string, migrate func(dsn string) error) string {
	t.Helper()
	admin := start(t)
	server.Lock()
	made := server.templates[name]
	if made == nil {
		made = &template{}
		server.templates[name] = made
	}
	server.Unlock()
	made.once.Do(func() { made.db, made.err = buildTemplate(admin, migrate) })
	if made.err != nil {
		t.Fatalf("pgtest: template %s: %v", name, made.err)
	}
	return fresh(t, admin, made.db)
}

// start returns the admin DSN, starting the server on first use.
func start(t testing.TB) string {
	t.Helper()
	server.Lock()
	defer server.Unlock()
	if server.admin != "" {
		return server.admin
	}
	if outside := os.Getenv("TEST_DATABASE_URL"); outside != "" {
		if u, err := url.Parse(outside); err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
			t.Fatal("pgtest: TEST_DATABASE_URL must be a URL like postgres://user@host/database")
		}
		server.admin = outside
		return outside
	}
	if !server.managed {
		t.Fatal("pgtest: this package needs: func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }")
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	private, err := pgembed.Start(ctx, pgembed.Options{Throwaway: true, MaxConnections: maxConnections})
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	server.private, server.admin = private, private.DSN("")
	return server.admin
}

// shutDown removes what this process made: its own server, or its templates on a shared one.
func shutDown() error {
	server.Lock()
	defer server.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if server.private != nil {
		return server.private.Stop(ctx)
	}
	for _, made := range server.templates {
		if made.db == "" {
			continue
		}
		if err := drop(server.admin, made.db); err != nil {
			return err
		}
	}
	return nil
}

// buildTemplate makes and migrates a database, then closes it to everybody: PostgreSQL copies only
// databases nobody is connected to.
func buildTemplate(admin string, migrate func(dsn string) error) (string, error) {
	db := newName()
	if err := execute(admin, "CREATE DATABASE "+db); err != nil {
		return "", err
	}
	if err := migrate(within(admin, db)); err != nil {
		return db, fmt.Errorf("migrate: %w", err)
	}
	return db, execute(admin,
		"ALTER DATABASE "+db+" ALLOW_CONNECTIONS false",
		"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '"+db+"'")
}

// fresh makes a database, copied from a template when one is named, and drops it after the test.
func fresh(t testing.TB, admin, from string) string {
	t.Helper()
	db := newName()
	statement := "CREATE DATABASE " + db
	if os.Getenv("TEST_DATABASE_URL") == "" {
		// Files of a template are copied as they are. A server that syncs, or serves others too, had
		// rather log their pages: copying files needs a checkpoint of everything.
		statement += " STRATEGY file_copy"
	}
	if from != "" {
		statement += " TEMPLATE " + from
	}
	if err := execute(admin, statement); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := drop(admin, db); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return within(admin, db)
}

// drop removes a database and whoever is still connected to it.
func drop(admin, db string) error {
	return execute(admin, "DROP DATABASE IF EXISTS "+db+" WITH (FORCE)")
}

// execute runs statements one by one; those about databases may not share a transaction.
func execute(dsn string, statements ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// newName is a name no other process or run uses; letters and digits only, so it needs no quotes.
func newName() string { return "t_" + strings.ToLower(rand.Text()) }

// within is the admin DSN with another database.
func within(admin, db string) string {
	u, err := url.Parse(admin)
	if err != nil {
		panic(err) // start has parsed it already
	}
	u.Path = "/" + db
	return u.String()
}
