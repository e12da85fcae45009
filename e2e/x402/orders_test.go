package x402

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/agenttest"
	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/e2e/rig"
)

// order opens a checkout session over the price and answers its id and the path where programs pay it.
func (s *street) order() (id, path string) {
	s.t.Helper()
	a := s.merchant.Call(http.MethodPost, "/v1/checkout/sessions", map[string]any{
		"amount": priceText, "currency": "USDC", "mode": "test", "description": "Tea",
	}).Want(s.t, http.StatusCreated)
	path, found := strings.CutPrefix(a.At("session.x402_url"), s.URL)
	if !found {
		s.t.Fatalf("opened %s", a.Body)
	}
	return a.At("session.id"), path
}

// payee is where the money for a path goes.
func (s *street) payee(path string) anviltest.Account {
	s.t.Helper()
	to, ok := x402.ParseAddress(s.bill(path).Way.PayTo)
	if !ok {
		s.t.Fatal("nobody is to be paid")
	}
	return anviltest.Account(to)
}

// session is how a session stands.
func (s *street) session(id string) string {
	s.t.Helper()
	return s.Call(http.MethodGet, "/v1/checkout/sessions/"+id, nil).Want(s.t, http.StatusOK).At("session.status")
}

// The clients of both versions pay an order with their default settings, on a node and in the sandbox: the
// page says that it is paid, the books have it once, and whoever comes after is not asked for money.
func TestOfficialClientsPayAnOrder(t *testing.T) {
	for name, stage := range map[string]func(t *testing.T) *street{
		"on a node": func(t *testing.T) *street { return open(t, nil) },
		"in the sandbox": func(t *testing.T) *street {
			g := rig.Start(t, nil)
			return &street{t: t, Gateway: g, merchant: g.Register(t)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := stage(t)
			for _, version := range []string{"1", "2"} {
				id, path := s.order()
				payer, payTo := agenttest.Named("agent "+version+" of "+t.Name()), s.payee(path)
				before := int64(0)
				if s.node != nil {
					s.fund(payer, price)
					before = s.balance(payTo)
				}
				got := buy(t, version, s.URL+path, payer)[0]
				if got.Status != http.StatusOK || got.Receipt == nil || !got.Receipt.Success ||
					!strings.Contains(got.Body, `"status":"paid"`) || !strings.Contains(got.Body, `"duplicate":false`) {
					t.Fatalf("version %s: %+v", version, got)
				}
				if s.node != nil && s.balance(payTo) != before+price {
					t.Error("the money is not where it was asked for")
				}
				if now := s.session(id); now != "paid" {
					t.Errorf("its page says %s", now)
				}
				late := s.Call(http.MethodGet, path, nil).Want(t, http.StatusConflict)
				if late.At("error") != "session_already_paid" || late.Header.Get(x402.HeaderRequiredV2) != "" {
					t.Errorf("who comes late is told %s", late.Body)
				}
			}
			book := s.merchant.Call(http.MethodGet, "/v1/transactions?mode=test&type=payment", nil).Want(t, http.StatusOK)
			if n := strings.Count(string(book.Body), `"orderNo"`); n != 2 {
				t.Errorf("%d bookings in %s", n, book.Body)
			}
			s.audited()
		})
	}
}

// A person and a program pay one order at the same moment: one of them settles it, the other's money waits for
// the merchant, and both are told so. ORDERS says how many orders.
func TestAPersonAndAProgramPayAtOnce(t *testing.T) {
	s := open(t, behindProxy)
	payer := s.rich("agent")
	for round := range count(t, "ORDERS", 6) {
		id, path := s.order()
		bill := s.bill(path)
		s.Call(http.MethodPost, "/v1/checkout/sessions/"+id+"/pay/intent", map[string]any{"method": "usdc"}).Want(t, http.StatusOK)
		header := sign(t, payer, bill)
		var both sync.WaitGroup
		var told rig.Answer
		var failed error
		both.Go(func() {
			told, failed = s.present(s.Gateway, path, header, fmt.Sprintf("10.1.0.%d", round))
		})
		both.Go(func() {
			s.Call(http.MethodPost, "/v1/checkout/sessions/"+id+"/sandbox", map[string]any{"scenario": "exact"})
		})
		both.Wait()
		switch {
		case failed != nil:
			t.Fatal(failed)
		case told.Status == http.StatusConflict && told.Header.Get(x402.HeaderRequiredV2) == "" &&
			slices.Contains([]string{"session_already_paid", "payment_in_progress"}, told.At("error")):
			continue // the person was first by far, and the program paid nothing
		case told.Status != http.StatusOK:
			t.Fatalf("round %d: the program is told %d %s", round, told.Status, told.Body)
		}
		until := time.Now().Add(patience)
		for queued := false; !queued; {
			queue := s.merchant.Call(http.MethodGet, "/v1/queue?mode=test", nil).Want(t, http.StatusOK)
			byPerson := told.At("payment.status") == "duplicate"
			queued = strings.Contains(string(queue.Body), id)
			if !queued && time.Now().After(until) {
				t.Fatalf("round %d: the second payment (the program's: %v) is not in the queue %s", round, byPerson, queue.Body)
			}
		}
		if now := s.session(id); now != "paid" {
			t.Errorf("round %d: the session is %s", round, now)
		}
	}
	s.audited()
}
