package paywall

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/agenttest"
	"github.com/101pay/101pay/domain/x402"
)

// front puts a server behind a gate, as the command does.
func front(t *testing.T, upstream http.Handler, rules ...Rule) *shop {
	t.Helper()
	behind := httptest.NewServer(upstream)
	t.Cleanup(behind.Close)
	s := &shop{
		t: t, bank: &bank{moved: map[x402.ClaimKey]x402.Hash{}}, now: time.Unix(1_800_000_000, 0),
		agent: agenttest.Named("agent"),
	}
	g, err := New(Options{Facilitator: s.bank, PublicURL: "https://api.example.com", Now: func() time.Time { return s.now }})
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(behind.URL)
	if err != nil {
		t.Fatal(err)
	}
	handlers, err := g.Proxy(at, rules)
	if err != nil {
		t.Fatal(err)
	}
	engine := gin.New()
	engine.Any("/*path", handlers...)
	s.h = engine
	return s
}

// Any server is sold by the request, knows who paid, and never sees the payment.
func TestAServerBehind(t *testing.T) {
	var seen *http.Request
	s := front(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r
		w.Header().Set(x402.HeaderResponseV2, "forged")
		_, _ = io.WriteString(w, "sunny in "+r.URL.Path)
	}), Rule{Pattern: "GET /weather/{city}", Price: &Price{Ways: usdc(t)}}, Rule{Pattern: "/health"})

	s.want(s.ask(http.MethodGet, "/health", ""), http.StatusOK, "sunny in /health")
	for _, path := range []string{"/", "/weather", "/weather/ulm/now", "/Weather/ulm", "/health/x"} {
		s.want(s.ask(http.MethodGet, path, ""), http.StatusNotFound, "not_found")
	}
	s.want(s.ask(http.MethodDelete, "/weather/ulm", ""), http.StatusNotFound, "not_found")
	challenge := s.ask(http.MethodGet, "/weather/ulm", "")
	s.want(challenge, http.StatusPaymentRequired, "https://api.example.com/weather/ulm")
	ways, err := agenttest.Ways(challenge.Header().Get(x402.HeaderRequiredV2))
	if err != nil {
		t.Fatal(err)
	}
	h := s.sign(agenttest.Bill{Version: x402.V2, Way: ways[0], Now: s.now})
	w := s.ask(http.MethodGet, "/weather/ulm", h, func(r *http.Request) { r.Header.Set(HeaderPayer, "somebody else") })
	s.want(w, http.StatusOK, "sunny in /weather/ulm")
	if seen.Header.Get(HeaderPayer) != s.agent.Address().String() || seen.Header.Get(x402.HeaderPaymentV2) != "" {
		t.Errorf("the server behind was sent %v", seen.Header)
	}
	if w.Header().Get(x402.HeaderResponseV2) == "forged" || len(w.Header().Values(x402.HeaderResponseV2)) != 1 {
		t.Errorf("the payer is told %v", w.Header().Values(x402.HeaderResponseV2))
	}
	s.want(s.ask(http.MethodGet, "/weather/bonn", h), http.StatusConflict, "authorization_bound_to_other_resource")
}

// A server that is down, or breaks off in the middle, is not paid for.
func TestAServerThatFails(t *testing.T) {
	var breaks atomic.Bool
	s := front(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if breaks.Load() {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "sun")
			_ = http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	}), Rule{Pattern: "GET /weather", Price: &Price{Ways: usdc(t)}})
	h := s.sign(s.bill())
	s.want(s.ask(http.MethodGet, "/weather", h), http.StatusBadGateway, "upstream_unavailable")
	breaks.Store(true)
	w := s.ask(http.MethodGet, "/weather", h)
	s.want(w, http.StatusInternalServerError, "internal_error")
	if s.bank.payments() != 0 || strings.Contains(w.Body.String(), "sun") {
		t.Errorf("%d payments, answered %s", s.bank.payments(), w.Body)
	}
}

// Rules that say nothing, or two things of one request, are refused.
func TestWrongRules(t *testing.T) {
	g, err := New(Options{Facilitator: &bank{}, PublicURL: "https://api.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	at := &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	for name, c := range map[string]struct {
		at    *url.URL
		rules []Rule
	}{
		"twice":      {at, []Rule{{Pattern: "/a"}, {Pattern: "/a"}}},
		"ambiguous":  {at, []Rule{{Pattern: "GET /{x}/b"}, {Pattern: "GET /a/{y}"}}},
		"no pattern": {at, []Rule{{Pattern: "a b c"}}},
		"no price":   {at, []Rule{{Pattern: "/a", Price: &Price{}}}},
		"no tool":    {at, []Rule{{Pattern: "/a", Tools: Tools{"x": {}}}}},
		"both":       {at, []Rule{{Pattern: "/a", Price: &Price{Ways: usdc(t)}, Tools: Tools{}}}},
		"no server":  {&url.URL{Scheme: "ftp", Host: "x"}, nil},
	} {
		if _, err := g.Proxy(c.at, c.rules); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
