package paywall

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/agenttest"
	"github.com/101pay/101pay/domain/x402"
)

// bank is a facilitator whose money can be counted. It settles a payment once, however often it is asked.
type bank struct {
	mu      sync.Mutex
	moved   map[x402.ClaimKey]x402.Hash
	asked   int
	verify  error         // what it answers when it is asked to verify
	settle  error         // what it answers when it is asked to settle
	despite bool          // the money moves although settle is answered
	hurry   chan struct{} // settling waits for it, if there is one
}

func (b *bank) Verify(context.Context, x402.Verified) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.verify
}

func (b *bank) Settle(_ context.Context, v x402.Verified) (x402.Hash, error) {
	if b.hurry != nil {
		<-b.hurry
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	if b.settle != nil && !b.despite {
		return x402.Hash{}, b.settle
	}
	k := v.Due().Key()
	if _, done := b.moved[k]; !done {
		b.moved[k] = x402.Hash{1: byte(len(b.moved) + 1)}
	}
	return b.moved[k], b.settle
}

// say changes what the bank answers.
func (b *bank) say(verify, settle error, despite bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.verify, b.settle, b.despite = verify, settle, despite
}

func (b *bank) payments() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.moved)
}

// shop is a server behind a gate.
type shop struct {
	t     *testing.T
	bank  *bank
	now   time.Time
	agent agenttest.Payer
	h     http.Handler

	mu   sync.Mutex
	work int // times the handler ran
	run  gin.HandlerFunc
}

func usdc(t *testing.T) []x402.Requirements {
	t.Helper()
	asset, _ := x402.ParseAddress("0x036CbD53842c5426634e7929541eC2318f3dCF7e")
	to, _ := x402.ParseAddress("0x209693Bc6afc0C5328bA36FaF03C514EF312287C")
	token, err := x402.NewToken(84532, asset, "USDC", "2")
	if err != nil {
		t.Fatal(err)
	}
	return []x402.Requirements{{Token: token, Amount: x402.Uint(10_000), PayTo: to, Timeout: time.Minute}}
}

func open(t *testing.T, upfront bool, run gin.HandlerFunc) *shop {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	s := &shop{
		t: t, bank: &bank{moved: map[x402.ClaimKey]x402.Hash{}}, now: time.Unix(1_800_000_000, 0),
		agent: agenttest.Named("agent"), run: run,
	}
	g, err := New(Options{
		Facilitator: s.bank, PublicURL: "https://api.example.com", Now: func() time.Time { return s.now },
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	sell, err := g.Sell(Price{Ways: usdc(t), Description: "The weather", MIMEType: "text/plain", Upfront: upfront})
	if err != nil {
		t.Fatal(err)
	}
	engine := gin.New()
	handle := func(c *gin.Context) {
		s.mu.Lock()
		s.work++
		s.mu.Unlock()
		s.run(c)
	}
	engine.GET("/weather", sell, handle)
	engine.GET("/slow", sell, handle)
	engine.POST("/weather", sell, handle)
	s.h = engine
	return s
}

func (s *shop) worked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.work
}

// ask sends a request with a payment, or without one if header is "".
func (s *shop) ask(method, target, header string, changes ...func(*http.Request)) *httptest.ResponseRecorder {
	s.t.Helper()
	// As from a server: without it the reverse proxy does not break off as it would there.
	from := context.WithValue(s.t.Context(), http.ServerContextKey, &http.Server{ReadHeaderTimeout: time.Second})
	r := httptest.NewRequestWithContext(from, method, target, nil)
	if header != "" {
		r.Header.Set(x402.HeaderPaymentV2, header)
	}
	for _, change := range changes {
		change(r)
	}
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	return w
}

// bill is what the shop asks for.
func (s *shop) bill() agenttest.Bill {
	s.t.Helper()
	ways, err := agenttest.Ways(s.ask(http.MethodGet, "/weather", "").Header().Get(x402.HeaderRequiredV2))
	if err != nil || len(ways) != 1 {
		s.t.Fatalf("challenge: %v, %v", ways, err)
	}
	return agenttest.Bill{Version: x402.V2, Way: ways[0], Now: s.now}
}

// sign pays the bill.
func (s *shop) sign(b agenttest.Bill) string {
	s.t.Helper()
	h, err := s.agent.Pay(b)
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

func (s *shop) want(w *httptest.ResponseRecorder, status int, says string) {
	s.t.Helper()
	if w.Code != status || !strings.Contains(w.Body.String(), says) || status == http.StatusOK && w.Body.String() != says {
		s.t.Errorf("answered %d %s, want %d with %q", w.Code, w.Body, status, says)
	}
}

func sunny(c *gin.Context) { c.String(http.StatusOK, "sunny") }
