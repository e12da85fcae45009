package postgres_test

import (
	"context"
	"os"
	"testing"

	"github.com/101pay/101pay/adapters/pgembed/pgtest"
	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/ports/portstest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// migrated makes a migrated database for this test.
func migrated(t *testing.T) string {
	t.Helper()
	return pgtest.Template(t, "postgres", func(dsn string) error {
		return postgres.Migrate(context.Background(), dsn)
	})
}

// open opens a store on a database until the test ends.
func open(t *testing.T, dsn string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Config{URL: dsn})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// queue looks into the job queue's own table.
type queue struct{ *postgres.Store }

func (q queue) Enqueued(ctx context.Context) ([]portstest.EnqueuedJob, error) {
	rows, err := q.Pool().Query(ctx, "SELECT kind, args::text, scheduled_at FROM river_job ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []portstest.EnqueuedJob
	for rows.Next() {
		var j portstest.EnqueuedJob
		var text string
		if err := rows.Scan(&j.Kind, &text, &j.At); err != nil {
			return nil, err
		}
		j.JSON = []byte(text)
		out = append(out, j)
	}
	return out, rows.Err()
}

func world(s *postgres.Store) portstest.World {
	return portstest.World{
		Work: s, KeyRing: s, Visits: s, Sessions: s, Explanations: s, Cursors: s, Statements: s, Webhooks: s, Bookkeeper: s,
		OrderNumbers: s, Sandbox: s, SandboxCalls: s, Changes: s, Figures: s, Reports: s, Search: s, Projects: s, Watches: s, Rescans: s, Resources: s, Jobs: queue{s},
		Authorizations: s.Authorizations(), Lanes: s.Lanes(),
	}
}

func TestStore(t *testing.T) {
	portstest.Store(t, func(t *testing.T) portstest.World { return world(open(t, migrated(t))) })
}
