package x402

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/adapters/pgembed/pgtest"
	"github.com/101pay/101pay/e2e/rig"
)

// trap stops a gateway at one step of settling a payment, so that it is killed there and nowhere else.
type trap struct {
	*street
	name    string
	conn    *pgx.Conn // to the gateway's database
	proxy   *anviltest.Proxy
	reached chan error // told once
	once    sync.Once
	path    string
	header  string // the payment
}

func openTrap(t *testing.T, name string) *trap {
	t.Helper()
	s := &trap{name: name, reached: make(chan error, 1)}
	url := pgtest.Database(t)
	s.street = open(t, func(street *street) map[string]string {
		s.proxy = anviltest.NewProxy(t, street.node.URL)
		env := behindProxy(street)
		env["DATABASE_URL"], env["X402_TEST_RPC_URLS"] = url, s.proxy.URL
		return env
	})
	var err error
	if s.conn, err = pgx.Connect(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.conn.Close(context.Background()) })
	s.path = s.sell("weather", "sunny")
	s.header = sign(t, s.rich("agent"), s.bill(s.path))
	return s
}

// reach tells that the gateway is where it is to be killed, or why it cannot be held there.
func (s *trap) reach(err error) { s.once.Do(func() { s.reached <- err }) }

// asking holds the gateway where it asks the node something. With told, the node has been asked by then,
// and only its answer is held back.
func asking(method string, told bool) func(*trap) {
	return func(s *trap) {
		s.proxy.Play(func(w http.ResponseWriter, x *anviltest.Exchange) {
			if !x.Asks(method) {
				anviltest.Honest(w, x)
				return
			}
			if told {
				x.Forward()
			}
			s.reach(nil)
			anviltest.Silent(w, x)
		})
	}
}

// writing holds the gateway where it writes into a table.
func writing(table string) func(*trap) {
	return func(s *trap) {
		if err := s.lock(table); err != nil {
			s.t.Fatal(err)
		}
		s.reach(nil)
	}
}

// proven holds the gateway where it writes down what a receipt proved.
func proven(s *trap) {
	s.proxy.Play(func(w http.ResponseWriter, x *anviltest.Exchange) {
		if x.Asks("eth_getTransactionReceipt") {
			s.once.Do(func() { s.reached <- s.lock("x402_settlements") })
		}
		anviltest.Honest(w, x)
	})
}

// lock keeps everybody else from writing into a table until the gateway is free again.
func (s *trap) lock(table string) error {
	_, err := s.conn.Exec(s.t.Context(), "BEGIN; LOCK TABLE "+table+" IN EXCLUSIVE MODE")
	return err
}

// kill kills the gateway when it is where the trap is.
func (s *trap) kill(set func(*trap)) {
	s.t.Helper()
	set(s)
	cut := make(chan error, 1)
	go func() {
		_, err := s.TryCall(http.MethodGet, s.path, nil, "PAYMENT-SIGNATURE", s.header, "X-Forwarded-For", client(0, 0))
		cut <- err
	}()
	select {
	case err := <-s.reached:
		if err != nil {
			s.t.Fatalf("%s: %v", s.name, err)
		}
	case <-time.After(patience):
		s.t.Fatalf("%s: that was never reached", s.name)
	}
	if s.conn.PgConn().TxStatus() == 'T' {
		rig.Eventually(s.t, patience, s.name, func() (waits bool) {
			err := s.conn.QueryRow(s.t.Context(), "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)").Scan(&waits)
			return err == nil && waits
		})
	}
	s.Kill()
	if err := <-cut; err == nil {
		s.t.Errorf("%s: it was answered all the same", s.name)
	}
}

// revive starts the next process, in the world as it should be.
func (s *trap) revive() {
	s.t.Helper()
	s.proxy.Play(nil)
	if _, err := s.conn.Exec(s.t.Context(), "ROLLBACK"); err != nil {
		s.t.Fatal(err)
	}
	s.Run()
}

// The gateway is killed at each step between the claim and the answer. Whoever paid is served by the next
// process for the one transaction there is, and no nonce of the relayer is lost.
func TestKilledAtEachStep(t *testing.T) {
	var traps []*trap
	for _, step := range []struct {
		name string
		set  func(*trap)
	}{
		{"claimed, not signed", asking("eth_estimateGas", false)},
		{"signed, not stored", writing("x402_transactions")},
		{"stored, not sent", asking("eth_sendRawTransaction", false)},
		{"sent, and not answered", asking("eth_sendRawTransaction", true)},
		{"broadcast, no receipt asked for", asking("eth_getTransactionReceipt", false)},
		{"receipt given, not heard", asking("eth_getTransactionReceipt", true)},
		{"receipt heard, not stored", proven},
	} {
		s := openTrap(t, step.name)
		s.kill(step.set)
		traps = append(traps, s)
	}
	// A claim whose request died is free again after a while, and that is waited for once.
	var all sync.WaitGroup
	for _, s := range traps {
		s.revive()
		all.Go(func() {
			a, err := s.present(s.Gateway, s.path, s.header, client(0, 0))
			if err != nil || a.Status != http.StatusOK || string(a.Body) != "sunny" {
				t.Errorf("%s: then %d %s, %v", s.name, a.Status, a.Body, err)
			}
		})
	}
	all.Wait()
	for _, s := range traps {
		if paid, sent := s.balance(s.payTo), s.sent(); paid != price || sent != 1 {
			t.Errorf("%s: one payment moved %d units in %d transactions", s.name, paid, sent)
		}
		s.audited()
	}
}
