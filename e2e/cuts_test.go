package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/101pay/101pay/adapters/pgembed/pgtest"
	"github.com/101pay/101pay/e2e/rig"
)

// How the network between a gateway and its database fails: with an end to every connection, or
// without a word to anybody.
var cuts = []struct {
	name string
	cut  func(*pgtest.Line)
}{
	{"every connection is reset", (*pgtest.Line).Cut},
	{"packets vanish", (*pgtest.Line).Silence},
}

// severed is two gateways on one database, of which one can be cut off from it.
type severed struct {
	*relay
	line       *pgtest.Line
	off, other *rig.Gateway
}

// openSevered has the first gateway watch, and lays the line to it or to the second.
func openSevered(t *testing.T, watching bool) *severed {
	t.Helper()
	d := openDatabase(t)
	line := pgtest.Between(t, d.url)
	s := &severed{relay: &relay{database: d}, line: line}
	first, second, pace := d.url, line.DSN, "200ms"
	if watching {
		first, second, pace = line.DSN, d.url, "1m" // settleLimit ends before its second look
	}
	s.first, s.node, s.m, s.to = liveOn(t, map[string]string{"DATABASE_URL": first})
	rig.Eventually(t, settleLimit, "the first watches", s.watches(s.first))
	s.second = s.first.Twin(map[string]string{"DATABASE_URL": second, "TRON_POLL_INTERVAL": pace})
	s.off, s.other = s.second, s.first
	if watching {
		s.off, s.other = s.first, s.second
	}
	s.m = s.m.At(s.other)
	s.m.Call(http.MethodPatch, "/v1/project", map[string]any{"policy": map[string]any{"recordedCharges": true}}).
		Want(t, http.StatusOK)
	return s
}

// charge books an amount for which a client has a key of his own.
func (s *severed) charge(g *rig.Gateway, key string) bool {
	a, err := g.TryCall(http.MethodPost, "/v1/transactions/charge", map[string]string{
		"publicKey": s.m.Public, "privateKey": s.m.Private, "amount": "1.00", "currency": "USDC", "description": key,
	}, "Idempotency-Key", key)
	switch {
	case err != nil || a.Status == http.StatusServiceUnavailable || a.Status == http.StatusConflict:
		return false
	case a.Status != http.StatusOK:
		s.Errorf("charge %s is answered %d %s", key, a.Status, a.Body)
	}
	return true
}

// customers charge at the gateway that will be cut off, one charge after another, and whenever it does
// not answer yes at the other one, until they are told to stop.
type customers struct {
	*severed
	served, stop chan bool
	work         sync.WaitGroup
	charges      int
}

func (s *severed) customers() *customers {
	c := &customers{severed: s, served: make(chan bool, 1), stop: make(chan bool)}
	c.work.Go(func() {
		for {
			c.charges++
			key := fmt.Sprint("charge ", c.charges)
			if !s.charge(s.off, key) {
				rig.Eventually(s.T, leaseLimit, key+" is booked at the other gateway", func() bool {
					return s.charge(s.other, key)
				})
			}
			select {
			case c.served <- true:
			case <-c.stop:
				return
			default:
			}
		}
	})
	return c
}

// leave lets the customers finish and answers how many charges they were told are booked.
func (c *customers) leave() int {
	close(c.stop)
	c.work.Wait()
	return c.charges
}

// A gateway that is cut off from its database says that it is not ready. The other one books and takes
// payments all the while; if it did not watch, it settles what became final meanwhile in its first look,
// which it takes as soon as the database has given up the right of the one nobody hears of. Nothing is
// lost or doubled, also of what was on its way, and once the network is back both are as good as ever.
func TestAGatewayIsCutOffFromItsDatabase(t *testing.T) {
	for _, c := range cuts {
		t.Run(c.name, func(t *testing.T) {
			t.Run("for the one that watches", func(t *testing.T) { cutOff(t, openSevered(t, true), c.cut) })
			t.Run("for the other", func(t *testing.T) { cutOff(t, openSevered(t, false), c.cut) })
		})
	}
}

func cutOff(t *testing.T, s *severed, cut func(*pgtest.Line)) {
	t.Helper()
	seen := s.seen(s.off, "25.00")
	charging := s.customers()
	<-charging.served
	cut(s.line)
	asked := s.pay("30.00")
	s.node.Finalize()
	if a, err := s.off.TryCall(http.MethodGet, "/readyz", nil); err != nil || a.Status != http.StatusServiceUnavailable {
		t.Errorf("the gateway that is cut off says that it is ready: %v %d %s", err, a.Status, a.Body)
	}
	rig.Eventually(t, leaseLimit, "the right to watch passes on", s.watches(s.other))
	for _, payment := range []string{seen, asked} {
		rig.Eventually(t, settleLimit, "the other settles in one look", isPaid(s.other, payment))
	}
	if !s.other.Ready() {
		t.Error("the other gateway is not ready")
	}

	s.line.Heal()
	rig.Eventually(t, leaseLimit, "the one that was cut off is ready", s.off.Ready)
	for _, payment := range []string{seen, asked} {
		rig.Eventually(t, settleLimit, "it says so too", isPaid(s.off, payment))
	}
	booked := charging.leave()
	s.other.Kill()
	rig.Eventually(t, leaseLimit, "it watches again", s.watches(s.off))
	s.m = s.m.At(s.off)
	last := s.seen(s.off, "35.00")
	s.node.Finalize()
	rig.Eventually(t, leaseLimit, "it settles", isPaid(s.off, last))
	s.sound()
	s.once(booked, 3)
}

// pay has a payer ask the gateway that is not cut off, and pay.
func (s *severed) pay(amount string) (payment string) {
	s.Helper()
	payment, units := asked(s.T, s.other, s.m, amount)
	shop, _ := s.to.Bytes20()
	s.node.Pay(shop, units.Int64())
	return payment
}

// once checks that each charge and each payment is booked once, and each payment told once.
func (s *severed) once(charges, payments int) {
	s.Helper()
	for _, c := range []struct {
		query string
		want  int
	}{
		{"count(DISTINCT description) FROM transactions WHERE kind = 'charge'", charges},
		{"count(DISTINCT session_id) FROM transactions WHERE kind = 'payment'", payments},
		{"count(DISTINCT session_id) FROM webhook_events WHERE type = 'payment.paid'", payments},
	} {
		if got, want := s.text("SELECT count(*) || ' of ' || "+c.query), fmt.Sprintf("%d of %d", c.want, c.want); got != want {
			s.Errorf("there are %s, want %s: %s", got, want, c.query)
		}
	}
}
