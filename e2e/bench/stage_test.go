package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/101pay/101pay/adapters/pgembed"
	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/adapters/vault"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/e2e/rig"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(emptyAddress); address != "" {
		serveNothing(address)
		return
	}
	os.Exit(rig.Main(m))
}

// shops is how many merchants the charges are spread over: enough that they seldom meet.
const shops = 1000

// effort is how long and how often everything is measured.
type effort struct {
	name           string
	turns          int           // of each contest; the median counts
	turn           time.Duration // of one
	crowd          int           // clients of the largest load
	lines          int           // of the statement
	waitingIntents int           // open intents a block is matched against
	deskLines      int           // of the merchant whose dashboard is looked at
	thorough       bool          // every list of the dashboard is measured, not only asked
}

// measuring is the short run, or the long one that BENCH=full asks for.
func measuring() effort {
	if os.Getenv("BENCH") == "full" {
		return effort{"full", 5, 3 * time.Second, 256, 10_000_000, 1_000_000, 10_000_000, true}
	}
	return effort{"short; BENCH=full takes minutes", 3, 500 * time.Millisecond, 64, 20_000, 10_000, 40_000, false}
}

// stage is everything a run needs.
type stage struct {
	effort
	pg     *pgembed.Server
	g      *rig.Gateway
	master [32]byte
	found  table

	// What the gateway has acknowledged.
	charges, sessions int
	agents            int // charges that programs paid

	looks int // at a dashboard, of one request each
}

func openStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{effort: measuring(), master: sha256.Sum256([]byte("bench"))}
	var err error
	s.pg, err = pgembed.Start(t.Context(), pgembed.Options{DataDir: rig.DataDir(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = s.pg.Stop(ctx) // what it kept is removed next
	})
	own := s.database(t, "gateway")
	s.addShops(t, own)
	s.g = rig.Start(t, map[string]string{
		"DATABASE_URL": own, "MASTER_KEY": hex.EncodeToString(s.master[:]), "TRUSTED_PROXIES": "127.0.0.0/8",
	})
	return s
}

// address is where the gateway listens.
func (s *stage) address() string { return strings.TrimPrefix(s.g.URL, "http://") }

// database makes a migrated database.
func (s *stage) database(t *testing.T, name string) (dsn string) {
	t.Helper()
	if _, err := connect(t, s.pg.DSN("")).Exec(t.Context(), "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		t.Fatal(err)
	}
	dsn = s.pg.DSN(name)
	if err := postgres.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	return dsn
}

// addShops makes merchants with a test key pair each. They are written into the database, because
// opening an account costs what guessing a password shall cost.
func (s *stage) addShops(t *testing.T, dsn string) {
	t.Helper()
	digests := make([][]byte, shops+readers)
	seal := vault.New(vault.NewMasterKey(s.master))
	for n := range digests {
		digests[n] = seal.Digest(keys.NewSecret(private(n + 1)))
	}
	conn := connect(t, dsn)
	for _, sql := range []string{
		`INSERT INTO merchants SELECT md5('merchant ' || n)::uuid, '101' || lpad(n::text, 12, '0'),
			'bench-' || n || '@example.com', 'Bench', 'none', now() FROM generate_series(1, $1::int) n`,
		`INSERT INTO projects SELECT md5('project ' || n)::uuid, md5('merchant ' || n)::uuid, 'Bench', '',
			'test', false, 60, 'accept', false, now() FROM generate_series(1, $1::int) n`,
		`INSERT INTO ledger_heads SELECT md5('merchant ' || n)::uuid, mode, 0, decode(repeat('00', 32), 'hex')
			FROM generate_series(1, $1::int) n, unnest(ARRAY['test', 'live']) mode`,
	} {
		if _, err := conn.Exec(t.Context(), sql, len(digests)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := conn.Exec(t.Context(), `INSERT INTO key_pairs
		SELECT md5('pair ' || n)::uuid, md5('merchant ' || n)::uuid, md5('project ' || n)::uuid, 'test',
			'pk_test_bench' || n, '', digest, 'none', 'none', now(), NULL
		FROM unnest($1::bytea[]) WITH ORDINALITY AS d (digest, n)`, digests)
	if err != nil {
		t.Fatal(err)
	}
}

// measure runs each contest in turn, and again, and answers what each turn of each gave.
func (s *stage) measure(t *testing.T, contests ...contest) [][]pace {
	t.Helper()
	paces := make([][]pace, len(contests))
	for range s.turns {
		for i, c := range contests {
			paces[i] = append(paces[i], c.run(t, s.turn))
		}
	}
	return paces
}

// against measures paths and one limit, and puts the ratios into the table.
func (s *stage) against(t *testing.T, limit contest, paths ...contest) {
	t.Helper()
	paces := s.measure(t, append([]contest{limit}, paths...)...)
	for i, path := range paths {
		s.found.add(limit, path, paces[0], paces[i+1])
	}
}

// count answers the number a query finds in the gateway's database.
func (s *stage) count(t *testing.T, query string) (n int) {
	t.Helper()
	if err := connect(t, s.g.Env()["DATABASE_URL"]).QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestRatios measures everything and tells it in one table.
func TestRatios(t *testing.T) {
	if testing.Short() {
		t.Skip("measuring takes a minute")
	}
	began := time.Now()
	s := openStage(t)
	t.Run("charge", s.charge)
	t.Run("open", s.open)
	t.Run("poll", s.poll)
	t.Run("paywall", s.paywall)
	t.Run("relayed", s.relayed)
	t.Run("books", s.books)
	t.Run("decode", s.decode)
	t.Run("agent", s.agent)
	t.Run("block", s.block)
	t.Run("statement", s.statement)
	t.Run("dashboard", s.dashboard)
	by := "pgx clients"
	if bench := pgbench(); bench != "" {
		by = bench
	}
	t.Logf("%s run, %d turns, %s; limits of SQL by %s\n%s",
		s.name, s.turns, time.Since(began).Round(time.Second), by, s.found.String())
}

// books holds what the gateway has written against what it has acknowledged, and against its own
// rules.
func (s *stage) books(t *testing.T) {
	if n := s.count(t, "SELECT count(*) FROM transactions"); n != s.charges {
		t.Errorf("%d charges are booked, %d were acknowledged", n, s.charges)
	}
	if n := s.count(t, "SELECT count(*) FROM sessions"); n != s.sessions {
		t.Errorf("%d sessions are open, %d were acknowledged", n, s.sessions)
	}
	if n := s.count(t, "SELECT count(*) FROM x402_settlements WHERE status = 'settled'"); n != s.agents {
		t.Errorf("%d payments of programs are settled, %d were acknowledged", n, s.agents)
	}
	if out, code := s.g.Command("audit"); code != 0 {
		t.Errorf("the audit ends with %d:\n%s", code, out)
	}
}
