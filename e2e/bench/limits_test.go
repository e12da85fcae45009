package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// statement is SQL that clients run again and again, one commit each: what a gateway could do at best
// that gave every request a statement of its own.
type statement struct {
	sql     string // with :n where a random number from 1 to most goes, and no other colon
	most    int
	clients int
}

// run runs the statement for d.
func (s statement) run(t *testing.T, dsn string, d time.Duration) pace {
	t.Helper()
	if bench := pgbench(); bench != "" {
		return s.byPgbench(t, bench, dsn, d)
	}
	return s.byClients(t, dsn, d)
}

// pgbench finds PostgreSQL's own load generator, the leanest there is; "" if it is not installed.
var pgbench = sync.OnceValue(func() string {
	candidates := []string{filepath.Join(os.Getenv("PG_BIN"), "pgbench")}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin/pgbench", "/usr/pgsql-*/bin/pgbench"} {
		found, _ := filepath.Glob(pattern)
		candidates = append(candidates, found...)
	}
	for _, path := range append(candidates, "pgbench") {
		if path, err := exec.LookPath(path); err == nil {
			return path
		}
	}
	return ""
})

var tps = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)

func (s statement) byPgbench(t *testing.T, bench, dsn string, d time.Duration) pace {
	t.Helper()
	script := filepath.Join(t.TempDir(), "limit.sql")
	text := fmt.Sprintf("\\set n random(1, %d)\n%s;\n", s.most, strings.ReplaceAll(s.sql, "\n", " "))
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	seconds := max(int(d.Round(time.Second)/time.Second), 1) // it knows no shorter time
	out, err := exec.CommandContext(t.Context(), bench, "-n", "-M", "prepared", "-f", script,
		"-c", strconv.Itoa(s.clients), "-j", strconv.Itoa(min(s.clients, 2)), "-T", strconv.Itoa(seconds),
		dsn).CombinedOutput()
	found := tps.FindSubmatch(out)
	if err != nil || found == nil || strings.Contains(string(out), "ERROR") {
		t.Fatalf("pgbench: %v\n%s", err, out)
	}
	rate, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return pace{perSecond: rate}
}

func (s statement) byClients(t *testing.T, dsn string, d time.Duration) pace {
	t.Helper()
	sql := strings.ReplaceAll(s.sql, ":n", "$1")
	done, failures := make([]int, s.clients), make([]error, s.clients)
	conns := make([]*pgx.Conn, s.clients)
	for i := range conns {
		conns[i] = connect(t, dsn)
	}
	var wg sync.WaitGroup
	begin := time.Now()
	for i, conn := range conns {
		wg.Go(func() {
			for time.Since(begin) < d && failures[i] == nil {
				_, failures[i] = conn.Exec(t.Context(), sql, 1+rand.IntN(s.most))
				done[i]++
			}
		})
	}
	wg.Wait()
	took := time.Since(begin)
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
	total := 0
	for i, n := range done {
		total += n
		_ = conns[i].Close(t.Context())
	}
	return pace{perSecond: float64(total) / took.Seconds()}
}

// connect opens a connection that is closed with its test.
func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
