package bench

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/agenttest"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/e2e/rig"
)

// mostPerSecond is how many payments are signed beforehand for each second of a load. Each is presented
// once; that more could be settled is no danger yet.
const mostPerSecond = 4000

// buyers is how many programs buy at once.
const buyers = 64

// paywall measures what programs ask of a resource over HTTP: what it costs, to be sold it, and the answer
// again that they paid for. The chain is the sandbox, which is asked in the database: all that is written
// for a real one is written.
func (s *stage) paywall(t *testing.T) {
	address := startNothing(t)
	path := sell(t, s.g.Register(t), s.g.URL)
	bill := billOf(t, s.g, path)
	ask := load{s.address(), shots(func(n int) []byte {
		return shot(n, http.MethodGet, path, nil)
	}), http.StatusPaymentRequired, buyers, false}
	nothing := load{address, shots(func(n int) []byte {
		return shot(n, http.MethodGet, "/empty", nil)
	}), http.StatusOK, buyers, false}
	s.against(t, loadOf("empty Gin handler, 64 clients", 0, nothing),
		loadOf("x402: price of a resource, 64 clients", 0.97, ask))

	payer := agenttest.Named("bench")
	var paid [][]byte
	settle := contest{"x402: verify, settle and deliver, 64 clients", 0.3, func(t *testing.T, d time.Duration) pace {
		paid = payments(t, payer, bill, path, d)
		n, p := load{s.address(), paid, http.StatusOK, buyers, true}.fire(t, d)
		s.charges += n
		s.agents += n
		return p
	}}
	bill.Now = time.Now()
	header := sign(t, payer, bill)
	// The limit reads what a paying request is, and does nothing with it.
	post := load{address, shots(func(n int) []byte {
		return shot(n, http.MethodPost, "/empty", []byte("{}"), x402.HeaderPaymentV2, header)
	}), http.StatusOK, buyers, false}
	limit := loadOf("empty POST, 64 clients", 0, post)
	s.against(t, limit, settle)

	// The first of every client's share were settled for sure, as all are by whoever comes first with them.
	spent := load{s.address(), firsts(paid), http.StatusOK, buyers, false}
	s.against(t, limit, loadOf("x402: payment presented again, 64 clients", 0.8, spent))
}

// loadOf is a contest of how fast a load is answered.
func loadOf(name string, goal float64, l load) contest {
	return contest{name, goal, func(t *testing.T, d time.Duration) pace {
		_, p := l.fire(t, d)
		return p
	}}
}

// firsts are the first requests of each client's share.
func firsts(of [][]byte) (out [][]byte) {
	for i := range buyers {
		out = append(out, of[i*len(of)/buyers])
	}
	return out
}

// sell offers a text and answers the path where it is paid for.
func sell(t *testing.T, m rig.Merchant, url string) string {
	t.Helper()
	a := m.Call(http.MethodPost, "/v1/resources", map[string]any{
		"sku": "weather", "mode": "test", "price": "0.01", "currency": "USDC", "timeoutSeconds": 300,
		"payTo":   map[string]string{"eip155:84532": agenttest.Named("shop").Address().String()},
		"content": map[string]string{"text": "sunny", "contentType": "text/plain"},
	}).Want(t, http.StatusCreated)
	path, found := strings.CutPrefix(a.At("resource.url"), url)
	if !found {
		t.Fatalf("sold at %s", a.Body)
	}
	return path
}

// billOf asks what a path costs.
func billOf(t *testing.T, g *rig.Gateway, path string) agenttest.Bill {
	t.Helper()
	a := g.Call(http.MethodGet, path, nil).Want(t, http.StatusPaymentRequired)
	ways, err := agenttest.Ways(a.Header.Get(x402.HeaderRequiredV2))
	if err != nil || len(ways) != 1 {
		t.Fatalf("challenge %v: %v", ways, err)
	}
	return agenttest.Bill{Version: x402.V2, Way: ways[0], Now: time.Now()}
}

// payments are requests that each pay once, as many as may be sent in a time.
func payments(t *testing.T, p agenttest.Payer, b agenttest.Bill, path string, d time.Duration) [][]byte {
	t.Helper()
	out := make([][]byte, int(mostPerSecond*d.Seconds()))
	b.Now = time.Now()
	for n := range out {
		out[n] = shot(n, http.MethodGet, path, nil, x402.HeaderPaymentV2, sign(t, p, b))
	}
	return out
}

// sign pays a bill.
func sign(t *testing.T, p agenttest.Payer, b agenttest.Bill) string {
	t.Helper()
	header, err := p.Pay(b)
	if err != nil {
		t.Fatal(err)
	}
	return header
}
