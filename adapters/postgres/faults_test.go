package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/pgembed/pgtest"
	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// failing makes every change of a merchant fail, at once or at the commit, with a code of PostgreSQL.
// Only a test may do such a thing.
func failing(t *testing.T, dsn, code, when string) {
	t.Helper()
	conn := connect(t, dsn)
	exec(t, conn, `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN `+code+` RETURN NULL; END $$`)
	exec(t, conn, `CREATE CONSTRAINT TRIGGER fail AFTER UPDATE ON merchants `+when+`
		FOR EACH ROW EXECUTE FUNCTION fail()`)
}

const (
	atOnce   = "NOT DEFERRABLE"
	atCommit = "DEFERRABLE INITIALLY DEFERRED"
)

func raise(code string) string { return "RAISE EXCEPTION 'planted' USING ERRCODE = '" + code + "';" }

// renaming counts how often a unit of work runs that renames a merchant.
func renaming(t *testing.T, s *postgres.Store, shop portstest.Shop) (runs int, err error) {
	t.Helper()
	err = s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		runs++
		return r.Merchants.Rename(ctx, shop.ID(), "Renamed")
	})
	return runs, err
}

func nameOf(t *testing.T, s *postgres.Store, shop portstest.Shop) (name string) {
	t.Helper()
	err := s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		m, err := r.Merchants.ByID(ctx, shop.ID())
		name = m.Name
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// What PostgreSQL refuses, at a statement or at the commit, is told as what it means, run again only
// where that can heal, and leaves nothing.
func TestFaultsOfTheDatabase(t *testing.T) {
	const once, again = 1, 6
	for name, c := range map[string]struct {
		code, when string
		want       error
		runs       int
	}{
		"serialization":            {raise("40001"), atOnce, ports.ErrTryAgain, again},
		"serialization at commit":  {raise("40001"), atCommit, ports.ErrTryAgain, again},
		"deadlock":                 {raise("40P01"), atOnce, ports.ErrTryAgain, again},
		"disk full":                {raise("53100"), atOnce, ports.ErrStorageFull, once},
		"disk full at commit":      {raise("53100"), atCommit, ports.ErrStorageFull, once},
		"out of connections":       {raise("53300"), atOnce, fault.ErrUnavailable, once},
		"statement timeout":        {raise("57014"), atOnce, ports.ErrTimeout, once},
		"lock timeout":             {raise("55P03"), atOnce, ports.ErrTryAgain, once},
		"a demoted server":         {raise("25006"), atOnce, fault.ErrUnavailable, once},
		"text it cannot hold":      {raise("22021"), atOnce, fault.ErrInvalid, once},
		"a unique value":           {raise("23505"), atOnce, ports.ErrTaken, once},
		"anything else":            {raise("P0001"), atOnce, fault.ErrInternal, once},
		"anything else at commit":  {raise("P0001"), atCommit, fault.ErrInternal, once},
		"the server ends us":       {"PERFORM pg_terminate_backend(pg_backend_pid());", atOnce, fault.ErrUnavailable, once},
		"the server ends us at it": {"PERFORM pg_terminate_backend(pg_backend_pid());", atCommit, ports.ErrOutcomeUnknown, once},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := migrated(t)
			s := open(t, dsn)
			shop := portstest.OpenShop(t, world(s))
			failing(t, dsn, c.code, c.when)
			runs, err := renaming(t, s, shop)
			if !errors.Is(fault.From(err), c.want) || runs != c.runs {
				t.Fatalf("%d runs, error %v; want %d, %v", runs, err, c.runs, c.want)
			}
			if name := nameOf(t, s, shop); name != shop.Account.Merchant.Name {
				t.Fatalf("the merchant is called %s", name)
			}
		})
	}
}

// A statement that failed dooms its transaction. Whoever ignores that must not be told that his work
// is committed.
func TestIgnoredErrorsDoNotCommit(t *testing.T) {
	dsn := migrated(t)
	s := open(t, dsn)
	shop := portstest.OpenShop(t, world(s))
	failing(t, dsn, raise("P0001"), atOnce)
	err := s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		_ = r.Merchants.Rename(ctx, shop.ID(), "Renamed")
		return nil
	})
	if !errors.Is(fault.From(err), fault.ErrInternal) {
		t.Fatalf("a doomed unit of work ended with %v", err)
	}
}

// The answer to a commit that was lost on the way says nothing; the function must not run again,
// because what it did may be done.
func TestLostAnswerIsUnknown(t *testing.T) {
	p := pgtest.Between(t, migrated(t))
	s := open(t, p.DSN)
	shop := portstest.OpenShop(t, world(s))
	p.LoseAnswers(1)
	runs, err := renaming(t, s, shop)
	if runs != 1 || !errors.Is(err, ports.ErrOutcomeUnknown) {
		t.Fatalf("%d runs, error %v", runs, err)
	}
	if name := nameOf(t, s, shop); name != "Renamed" {
		t.Fatal("the proxy did not pass the commit on, so this test shows nothing")
	}
	p.LoseCommits(1)
	shop = portstest.Shop{World: shop.World, Account: shop.Account}
	runs, err = renaming(t, s, shop)
	if runs != 1 || !errors.Is(err, ports.ErrOutcomeUnknown) {
		t.Fatalf("a commit that got lost: %d runs, error %v", runs, err)
	}
}

// A wait for somebody's lock ends, and so does a statement.
func TestWaitsEnd(t *testing.T) {
	dsn := migrated(t)
	for name, c := range map[string]struct {
		limit string
		want  error
	}{
		"for a lock":      {"&lock_timeout=1s", ports.ErrTryAgain},
		"for a statement": {"&statement_timeout=1s&lock_timeout=0", ports.ErrTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, dsn+c.limit)
			shop := portstest.OpenShop(t, world(open(t, dsn)))
			id := shop.AddSession(t, portstest.Epoch).ID()
			conn := connect(t, dsn)
			exec(t, conn, "BEGIN")
			exec(t, conn, "SELECT id FROM sessions WHERE id = $1 FOR UPDATE", string(id))
			err := s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
				_, err := r.Sessions.Load(ctx, id)
				return err
			})
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

// A database that was restarted is used again at once, though every pooled connection is dead.
func TestDeadConnectionsAreReplaced(t *testing.T) {
	dsn := migrated(t)
	s, conn := open(t, dsn), connect(t, dsn)
	shop := portstest.OpenShop(t, world(s))
	for range 5 {
		exec(t, conn, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		if runs, err := renaming(t, s, shop); runs != 1 || err != nil {
			t.Fatalf("%d runs, error %v", runs, err)
		}
		if _, err := s.Book(t.Context(), shop.Charge(t, 1, portstest.Epoch), ""); err != nil {
			t.Fatal(err)
		}
	}
}

// A refusal inside a unit of work does not doom it, also where a unique index refuses an update.
func TestRefusalsDoNotDoom(t *testing.T) {
	s := open(t, migrated(t))
	shop, other := portstest.OpenShop(t, world(s)), portstest.OpenShop(t, world(s))
	at := portstest.Address()
	_, released := shop.AwaitPayment(t, portstest.Epoch, at, 9_990_100)
	later := released.HoldUntil.Add(time.Hour)
	if err := s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		n, err := r.Sessions.LetGo(ctx, chain.Sandbox, later, 1)
		if n != 1 {
			t.Errorf("let go %d amounts", n)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	shop.AwaitPayment(t, later, at, 9_990_100)
	err := s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		for _, p := range []merchant.Project{shop.Project, other.Project} {
			p.WebsiteURL = "https://shop.example"
			err := r.Projects.Update(ctx, p)
			if taken := p.ID == other.Project.ID; errors.Is(err, ports.ErrTaken) != taken {
				t.Errorf("website taken: %v", err)
			}
		}
		if err := r.Sessions.Extend(ctx, released.ID, later, later); !errors.Is(err, ports.ErrTaken) {
			t.Errorf("an amount somebody else holds: %v", err)
		}
		return r.Merchants.Rename(ctx, shop.ID(), "Renamed")
	})
	if name := nameOf(t, s, shop); err != nil || name != "Renamed" {
		t.Fatalf("the merchant is called %s, error %v", name, err)
	}
}
