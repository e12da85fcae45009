package x402

import (
	"net/http"
	"strings"
	"testing"

	"github.com/101pay/101pay/adapters/agenttest"
	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/e2e/rig"
)

// The clients of both versions pay one resource with their default settings: the money is on the chain, in
// the book and in the list of payments, and the books agree with the chain.
func TestOfficialClientsPay(t *testing.T) {
	s := open(t, nil)
	path := s.sell("weather", "sunny")
	payers := s.payers("agent", 4)
	for i, version := range []string{"1", "2", "1 axios", "2 axios"} {
		got := buy(t, version, s.URL+path, payers[i])[0]
		if got.Status != http.StatusOK || got.Body != "sunny" || !strings.HasPrefix(got.Type, "text/plain") {
			t.Fatalf("version %s: %+v", version, got)
		}
		if r := got.Receipt; r == nil || !r.Success || len(r.Transaction) != 66 ||
			!strings.EqualFold(r.Payer, payers[i].Address().String()) {
			t.Errorf("version %s is told %+v", version, got.Receipt)
		}
	}
	if got := s.balance(s.payTo); got != 4*price {
		t.Errorf("the shop has %d units, want %d", got, 4*price)
	}
	list := s.Call(http.MethodGet, "/v1/payments?kind=x402", nil, "Authorization", "Bearer "+s.merchant.APIKey).
		Want(t, http.StatusOK)
	if n := strings.Count(string(list.Body), `"settled"`); n != 4 {
		t.Errorf("%d payments in %s", n, list.Body)
	}
	book := s.merchant.Call(http.MethodGet, "/v1/transactions?mode=test&type=x402", nil).Want(t, http.StatusOK)
	if n := strings.Count(string(book.Body), `"orderNo"`); n != 4 {
		t.Errorf("%d bookings in %s", n, book.Body)
	}
	s.audited()
}

// Without any node test mode plays the network: the same clients pay.
func TestOfficialClientsPayInTheSandbox(t *testing.T) {
	g := rig.Start(t, nil)
	s := &street{t: t, Gateway: g, merchant: g.Register(t), payTo: anviltest.Named("shop of " + t.Name())}
	path := s.sell("weather", "sunny")
	for _, version := range []string{"1", "2"} {
		got := buy(t, version, s.URL+path, agenttest.Named("agent "+version))[0]
		if got.Status != http.StatusOK || got.Body != "sunny" || got.Receipt == nil || !got.Receipt.Success {
			t.Errorf("version %s: %+v", version, got)
		}
	}
	s.audited()
}

// Fifty agents at once, blocks every second: fifty are served. The official facilitator serves one to
// seven of twenty with an ordinary wallet.
func TestFiftyAtOnce(t *testing.T) {
	s := open(t, nil)
	path := s.sell("weather", "sunny")
	payers := s.payers("agent", 50)
	s.node.Call("evm_setIntervalMining", 1)
	for i, got := range buy(t, "2", s.URL+path, payers...) {
		if got.Status != http.StatusOK || got.Body != "sunny" {
			t.Errorf("agent %d: %+v", i, got)
		}
	}
	if got := s.balance(s.payTo); got != 50*price {
		t.Errorf("the shop has %d units, want %d", got, 50*price)
	}
	s.audited()
}

// The official servers of both versions sell through our facilitator.
func TestOfficialServersOnOurFacilitator(t *testing.T) {
	for name, server := range map[string]struct{ version, program string }{
		"Express, version 1": {"1", "server.mjs"}, "Express, version 2": {"2", "server.mjs"}, "Hono": {"2", "hono.mjs"},
	} {
		version := server.version
		t.Run(name, func(t *testing.T) {
			s := open(t, nil)
			shop := run(t, server.program, "VERSION="+version, "FACILITATOR="+s.URL+"/facilitator",
				"TOKEN="+s.merchant.APIKey, "PAY_TO="+payee(s))
			got := buy(t, version, shop+"/weather", s.payers("agent", 1)[0])[0]
			if got.Status != http.StatusOK || !strings.Contains(got.Body, "sunny") || got.Receipt == nil || !got.Receipt.Success {
				t.Fatalf("%+v", got)
			}
			if got := s.balance(s.payTo); got != price {
				t.Errorf("the shop has %d units, want %d", got, price)
			}
			poor := agenttest.Named("pauper of " + t.Name())
			if got := buy(t, version, shop+"/weather", poor)[0]; got.Status != http.StatusPaymentRequired {
				t.Errorf("without money: %+v", got)
			}
			s.audited()
		})
	}
}

// Our server sells through the official facilitator, and believes the chain only.
func TestOurServerOnTheOfficialFacilitator(t *testing.T) {
	s := open(t, func(s *street) map[string]string {
		return map[string]string{
			"X402_FACILITATOR_URL": run(t, "facilitator.mjs", "RPC="+s.node.URL, "KEY="+s.relayer.Key()),
		}
	})
	path := s.sell("weather", "sunny")
	payers := s.payers("agent", 2)
	for i, version := range []string{"1", "2"} {
		got := buy(t, version, s.URL+path, payers[i])[0]
		if got.Status != http.StatusOK || got.Body != "sunny" || got.Receipt == nil || !got.Receipt.Success {
			t.Errorf("version %s: %+v", version, got)
		}
	}
	if got := s.balance(s.payTo); got != 2*price {
		t.Errorf("the shop has %d units, want %d", got, 2*price)
	}
	s.audited()
}
