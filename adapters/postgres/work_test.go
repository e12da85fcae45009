package postgres_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// Two units of work that lock two sessions in opposite orders wait for each other. PostgreSQL ends
// one, and it is run again.
func TestDeadlocksHeal(t *testing.T) {
	s := open(t, migrated(t)+"&deadlock_timeout=20ms")
	shop := portstest.OpenShop(t, world(s))
	a, b := shop.AddSession(t, portstest.Epoch).ID(), shop.AddSession(t, portstest.Epoch).ID()
	var met sync.WaitGroup
	met.Add(2)
	var runs atomic.Int32
	both := func(ids ...checkout.SessionID) error {
		var once sync.Once
		return s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			runs.Add(1)
			if _, err := r.Sessions.Load(ctx, ids[0]); err != nil {
				return err
			}
			once.Do(func() { met.Done(); met.Wait() })
			_, err := r.Sessions.Load(ctx, ids[1])
			return err
		})
	}
	errs := make(chan error, 2)
	go func() { errs <- both(a, b) }()
	go func() { errs <- both(b, a) }()
	if err := errors.Join(<-errs, <-errs); err != nil {
		t.Fatal(err)
	}
	if runs.Load() < 3 { // PostgreSQL may end both
		t.Fatalf("%d runs, so they never met", runs.Load())
	}
}

// Units of work that hold all they may hold leave connections to those they may be waiting for.
func TestUnitsLeaveConnections(t *testing.T) {
	s, err := postgres.Open(t.Context(), postgres.Config{URL: migrated(t), MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	shop := portstest.OpenShop(t, world(s))
	session := shop.AddSession(t, portstest.Epoch)
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wg.Go(func() {
			errs[i] = s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
				if _, err := r.Sessions.Load(ctx, session.ID()); err != nil {
					return err
				}
				if _, err := s.Next(ctx, portstest.Epoch.AddDate(0, 0, i)); err != nil {
					return err
				}
				_, err := s.ByID(ctx, session.ID())
				return err
			})
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}

	full, release := make(chan struct{}, 2), make(chan struct{})
	for range 2 {
		wg.Go(func() {
			_ = s.Do(t.Context(), func(context.Context, ports.Repos) error {
				full <- struct{}{}
				<-release
				return nil
			})
		})
	}
	<-full
	<-full
	ctx, giveUp := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Do(ctx, func(context.Context, ports.Repos) error { return nil }) }()
	giveUp()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("whoever gave up waiting for a connection got %v", err)
	}
	close(release)
	wg.Wait()
}

// A caller who leaves in the middle leaves nothing behind, and his connection serves the next.
func TestLeavingRollsBack(t *testing.T) {
	s := open(t, migrated(t))
	shop := portstest.OpenShop(t, world(s))
	for range 20 {
		ctx, leave := context.WithCancel(t.Context())
		err := s.Do(ctx, func(ctx context.Context, r ports.Repos) error {
			if err := r.Merchants.Rename(ctx, shop.ID(), "Renamed"); err != nil {
				return err
			}
			leave()
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("a unit of work whose caller left ended with %v", err)
		}
	}
	if name := nameOf(t, s, shop); name != shop.Account.Merchant.Name {
		t.Fatalf("the merchant is called %s", name)
	}
}

// eventually asks again and again until the answer is yes.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !yes(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// waitingForLocks counts connections to a database that wait for a lock.
func waitingForLocks(t *testing.T, conn execQuerier) int {
	t.Helper()
	var n int
	err := conn.QueryRow(t.Context(), `SELECT count(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Everything a Load answers is locked until the unit of work ends: nobody else can have it.
func TestLoadLocks(t *testing.T) {
	dsn := migrated(t)
	s, conn := open(t, dsn), connect(t, dsn)
	f := fixtures(t, s)
	for name, c := range map[string]struct {
		load   func(ctx context.Context, r ports.Repos) error
		tables []string
	}{
		"session": {func(ctx context.Context, r ports.Repos) error {
			_, err := r.Sessions.Load(ctx, f.session.ID())
			return err
		}, []string{"sessions"}},
		"pair": {func(ctx context.Context, r ports.Repos) error {
			_, err := r.Keys.LoadPair(ctx, f.shop.Project.ID, f.pair.ID)
			return err
		}, []string{"key_pairs"}},
		"login": {func(ctx context.Context, r ports.Repos) error { _, err := r.Logins.Load(ctx, f.login.ID); return err }, []string{"logins"}},
		"kyc":   {func(ctx context.Context, r ports.Repos) error { _, err := r.KYC.Load(ctx, f.shop.ID()); return err }, []string{"merchants"}},
		"cursor": {func(ctx context.Context, r ports.Repos) error {
			_, err := r.Cursors.Load(ctx, f.cursor.Network)
			return err
		}, []string{"cursors"}},
		"transfer": {func(ctx context.Context, r ports.Repos) error {
			_, err := r.Transfers.LoadAbove(ctx, f.cursor.Network, 0)
			return err
		}, []string{"transfers"}},
		"endpoint": {func(ctx context.Context, r ports.Repos) error {
			_, err := r.Webhooks.LoadEndpoint(ctx, f.shop.Project.ID, f.endpoint.ID)
			return err
		}, []string{"webhook_endpoints"}},
		"delivery": {func(ctx context.Context, r ports.Repos) error {
			_, err := r.Webhooks.Deliveries().Load(ctx, f.delivery.ID)
			return err
		}, []string{"webhook_deliveries", "webhook_endpoints"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
				for _, table := range c.tables {
					if free := texts(t, conn, "SELECT 'row' FROM "+table+" FOR UPDATE SKIP LOCKED"); len(free) != 1 {
						t.Fatalf("%d rows of %s before they are loaded, want 1", len(free), table)
					}
				}
				if err := c.load(ctx, r); err != nil {
					return err
				}
				for _, table := range c.tables {
					if free := texts(t, conn, "SELECT 'row' FROM "+table+" FOR UPDATE SKIP LOCKED"); slices.Contains(free, "row") {
						t.Errorf("a row of %s is loaded and not locked", table)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// What is counted before it is added to is counted by one unit of work at a time.
func TestCountingTakesTurns(t *testing.T) {
	dsn := migrated(t)
	s, conn, watcher := open(t, dsn), connect(t, dsn), connect(t, dsn)
	shop := portstest.OpenShop(t, world(s))
	for name, c := range map[string]struct {
		table string
		add   func(ctx context.Context, r ports.Repos) error
	}{
		"endpoints": {"projects", func(ctx context.Context, r ports.Repos) error {
			return r.Webhooks.AddEndpoint(ctx, shop.MakeEndpoint(merchant.Test, portstest.Epoch))
		}},
		"key pairs": {"projects", func(ctx context.Context, r ports.Repos) error {
			return r.Keys.AddPair(ctx, shop.MakePair(merchant.Test))
		}},
		"receiving accounts": {"projects", func(ctx context.Context, r ports.Repos) error {
			if _, err := r.Receiving.Load(ctx, shop.Project.ID, portstest.Epoch); err != nil {
				return err
			}
			return r.Receiving.Add(ctx, shop.Receive(portstest.Address(), portstest.Epoch))
		}},
		"documents": {"merchants", func(ctx context.Context, r ports.Repos) error {
			d := merchant.Document{ID: portstest.UUID(), MerchantID: shop.ID(), CreatedAt: portstest.Epoch}
			return r.KYC.AddDocument(ctx, d, []byte("sealed"))
		}},
	} {
		exec(t, conn, "BEGIN")
		exec(t, conn, "SELECT id FROM "+c.table+" FOR NO KEY UPDATE") // a reference to the row need not wait
		done := make(chan error, 1)
		go func() { done <- s.Do(t.Context(), c.add) }()
		eventually(t, "adding "+name+" waits for its turn", func() bool {
			return len(done) > 0 || waitingForLocks(t, watcher) == 1
		})
		if len(done) > 0 {
			t.Errorf("%s are counted out of turn", name)
		}
		exec(t, conn, "ROLLBACK")
		if err := <-done; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
