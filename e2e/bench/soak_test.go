package bench

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/adapters/pgembed/pgtest"
	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/e2e/rig"
)

// What a gateway has to do while its memory is watched.
const (
	soakShort     = 30 * time.Second
	soakAddresses = 1_000
	soakOpen      = 100_000
	soakPays      = 20 // payments of a block
	soakPace      = time.Second
	soakPayers    = 8 // who look at their payments
	soakLook      = 100 * time.Millisecond
	soakSettle    = 2 * time.Minute // for the last block to be read on a busy machine
)

// soak is a gateway with its hands full.
type soak struct {
	*testing.T
	node  *anviltest.Node
	g     *rig.Gateway
	conn  *pgx.Conn
	at    waiting
	shops []anviltest.Account
	paid  int // payments 1 to paid are paid
	mined int // blocks with payments
}

// A gateway that watches a thousand addresses with a hundred thousand open payments, block after block
// with payments among them, does not grow. SOAK says how long to look, as in 10m.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("watching memory takes half a minute")
	}
	length := soakShort
	if text := os.Getenv("SOAK"); text != "" {
		var err error
		if length, err = time.ParseDuration(text); err != nil || length < soakShort {
			t.Fatalf("SOAK: %q is no duration of at least %s", text, soakShort)
		}
	}
	s := openSoak(t)
	empty := rig.Start(t, s.env(pgtest.Database(t)))
	idle := s.sample(empty)
	empty.Kill()
	s.g = rig.Start(t, s.env(s.conn.Config().ConnString()))
	var seen growth
	var payers sync.WaitGroup
	done := make(chan struct{})
	for i := range soakPayers {
		payers.Go(func() { s.look(i, done) })
	}
	pace := time.NewTicker(soakPace)
	defer pace.Stop()
	for began := time.Now(); time.Since(began) < length; <-pace.C {
		s.block()
		seen.samples = append(seen.samples, s.sample(s.g))
	}
	close(done)
	payers.Wait()
	rig.Eventually(t, soakSettle, "every payment is settled", func() bool {
		return s.count("SELECT count(*) FROM sessions WHERE status = 'settled'") == s.paid
	})
	if open := s.count("SELECT count(*) FROM intents WHERE held"); open != soakOpen+s.paid {
		t.Errorf("%d amounts are held, want %d", open, soakOpen+s.paid)
	}
	t.Logf("%s, %d blocks with payments, %d settled; an empty server: %s\n%s",
		length, s.mined, s.paid, idle, seen.String())
	for _, complaint := range seen.judge(idle) {
		t.Error(complaint)
	}
}

func openSoak(t *testing.T) *soak {
	t.Helper()
	s := &soak{T: t, node: anviltest.Start(t), shops: accounts(soakAddresses)}
	s.node.PlaceUSDT()
	dsn := pgtest.Template(t, "soak", func(dsn string) error { return postgres.Migrate(t.Context(), dsn) })
	new(stage).addShops(t, dsn)
	s.conn = connect(t, dsn)
	s.at = waiting{tronAddresses(s.shops), chain.TronUSDT}
	s.at.add(t, s.conn, 1, soakOpen)
	if _, err := s.conn.Exec(t.Context(), "ANALYZE"); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *soak) env(dsn string) map[string]string {
	key := sha256.Sum256([]byte("soak"))
	return map[string]string{
		"DATABASE_URL": dsn, "MASTER_KEY": hex.EncodeToString(key[:]),
		"TRON_RPC_URLS": s.node.URL, "TRON_POLL_INTERVAL": "200ms", "LOG_LEVEL": "error",
	}
}

// block pays some of the open payments, and opens as many.
func (s *soak) block() {
	s.Helper()
	var to []anviltest.Account
	var units []*big.Int
	for range soakPays {
		s.paid++
		to = append(to, s.shops[s.paid%soakAddresses])
		units = append(units, big.NewInt(int64(baseUnits+s.paid)))
	}
	if tx := s.node.PayMany(to, units); !tx.OK {
		s.Fatal("the block pays nobody")
	}
	s.node.Finalize()
	s.mined++
	s.at.add(s.T, s.conn, soakOpen+s.paid-soakPays+1, soakOpen+s.paid)
}

// look is a payer who looks at one payment after another.
func (s *soak) look(payer int, done <-chan struct{}) {
	pace := time.NewTicker(soakLook)
	defer pace.Stop()
	for n := payer; ; n += soakPayers {
		select {
		case <-done:
			return
		case <-pace.C:
		}
		name := md5.Sum(fmt.Appendf(nil, "session %d", 1+n%soakOpen))
		id := uuid.UUID(name).String()
		a, err := s.g.TryCall(http.MethodGet, "/v1/checkout/sessions/"+id, nil)
		if err != nil || a.Status != http.StatusOK && a.Status != http.StatusTooManyRequests {
			s.Errorf("payment %d: %d %s, %v", n, a.Status, a.Body, err)
			return
		}
	}
}

func (s *soak) count(query string) (n int) {
	s.Helper()
	if err := s.conn.QueryRow(s.Context(), query).Scan(&n); err != nil {
		s.Fatal(err)
	}
	return n
}

// sample asks a gateway's process how large it is.
func (s *soak) sample(g *rig.Gateway) size {
	s.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", g.ID()))
	if err != nil {
		s.Skip("this system does not tell how large a process is")
	}
	a, err := g.TryCall(http.MethodGet, "/metrics", nil)
	if err != nil {
		s.Fatal(err)
	}
	z, err := readSize(string(status), string(a.Body))
	if err != nil {
		s.Fatal(err)
	}
	return z
}
