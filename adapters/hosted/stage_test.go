package hosted

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// stage is the page over the real application, a store in memory and the sandbox chain, at a time
// that moves when told.
type stage struct {
	*testing.T
	store  *memory.Store
	shop   portstest.Shop
	hands  *hands
	page   *Page
	engine *gin.Engine
}

// hands are a clock's.
type hands struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

func (h *hands) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hands) move(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// mint makes identifiers no two tests share.
type mint struct{}

func (mint) UUID() string { return portstest.UUID() }

func (mint) Bytes(n int) []byte {
	b := portstest.Unique()
	return b[:n]
}

func (mint) Intn(n int) int { return int(portstest.Unique()[0]) % n }

// even quotes everything one to one.
type even struct{ clock ports.Clock }

func (e even) Rate(_ context.Context, _ merchant.Mode, from money.Currency, asset string) (money.Rate, error) {
	unit, err := money.Parse(from, "1")
	return money.Rate{From: from.Code(), To: asset, Price: unit.Decimal(), Source: "test", At: e.clock.Now()}, err
}

// wordless encodes events nobody reads.
type wordless struct{}

func (wordless) Encode(webhook.Event, checkout.Snapshot, *ports.TransferRow) ([]byte, error) {
	return []byte("{}"), nil
}

func openStage(t *testing.T) *stage {
	t.Helper()
	store := memory.New(memory.Restless())
	s := &stage{
		T: t, store: store, shop: portstest.OpenShop(t, portstest.World{Work: store}),
		hands: &hands{now: portstest.Epoch},
	}
	core := app.Core{Work: store, Clock: s.hands, IDs: mint{}}
	rails := app.Rails{
		Chains:  map[chain.Network]ports.Chain{chain.Sandbox: sandbox.New(store, s.hands)},
		Cursors: store,
	}
	events := app.Announcer{IDs: mint{}, Clock: s.hands, Encoder: wordless{}}
	s.page = &Page{
		Checkout: app.Checkout{
			Core: core, Sessions: store, Rails: rails, Rates: even{s.hands}, Changes: store, Events: events,
		},
		Settlement: &app.Settlement{
			Core: core, Rails: rails, Sessions: store, Changes: store, Orders: store, Watches: store,
			Events: events, Log: slog.New(slog.DiscardHandler),
		},
		Explainer: app.Explainer{Core: core, Sessions: store, Reads: store, Rails: rails},
		Attestations: app.Attestations{
			Core: core, Sessions: store, Signer: portstest.Pen{}, Issuer: "https://pay.example",
		},
		Sandbox:   app.Sandbox{Core: core, Sessions: store, Rails: rails},
		PublicURL: "https://pay.example", Drain: edge.NewDrain(), Limiter: edge.NewLimiter(s.hands.Now),
	}
	s.engine = edge.NewEngine(edge.Options{
		Log: slog.New(slog.DiscardHandler), Envelopes: Envelopes(), Drain: s.page.Drain,
	})
	s.page.Mount(s.engine)
	s.tick()
	return s
}

func (s *stage) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stage) tick() {
	s.Helper()
	s.ok(s.page.Settlement.Tick(s.Context(), chain.Sandbox))
}

// pass lets time go by, and the watcher look.
func (s *stage) pass(d time.Duration) {
	s.Helper()
	s.hands.move(d)
	s.tick()
}

// open makes a test session and answers its page's English path.
func (s *stage) open() string {
	s.Helper()
	due, err := money.Parse(money.USDT, "50")
	s.ok(err)
	opened, _, err := s.page.Checkout.Open(s.Context(), app.OpenInput{
		Who:  merchant.Principal{Merchant: s.shop.ID(), Project: s.shop.Project.ID, Mode: merchant.Test},
		Kind: checkout.KindCheckout, Due: due, Description: "Pro plan",
	}, app.Once[app.OpenedSession]{})
	s.ok(err)
	return "/en/checkout/" + string(opened.ID)
}

// openLive makes a live session; no rail of this stage carries it.
func (s *stage) openLive() string {
	s.Helper()
	due, err := money.Parse(money.USDT, "50")
	s.ok(err)
	id := checkout.SessionID(portstest.UUID())
	session, err := checkout.Open(checkout.Snapshot{
		ID: id, MerchantID: s.shop.ID(), ProjectID: s.shop.Project.ID, Mode: merchant.Live,
		Kind: checkout.KindCheckout, Due: due, ExpiresAt: s.hands.Now().Add(time.Hour),
	}, s.hands.Now())
	s.ok(err)
	s.ok(s.store.Do(s.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sessions.Add(ctx, session)
	}))
	return "/en/checkout/" + string(id)
}

// reply is what a browser got.
type reply struct {
	*stage
	status int
	header http.Header
	body   string
}

func (s *stage) send(method, path, body string, header ...string) reply {
	s.Helper()
	r := httptest.NewRequestWithContext(s.Context(), method, path, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.engine.ServeHTTP(w, r)
	text, err := io.ReadAll(w.Body)
	s.ok(err)
	return reply{s, w.Code, w.Header(), string(text)}
}

func (s *stage) get(path string, header ...string) reply {
	s.Helper()
	return s.send(http.MethodGet, path, "", header...)
}

// post sends a form and follows its redirect, as a browser without script does.
func (s *stage) post(path, field, value string) reply {
	s.Helper()
	sent := s.send(http.MethodPost, path, url.Values{field: {value}}.Encode())
	if sent.status != http.StatusSeeOther {
		return sent
	}
	to, _, _ := strings.Cut(sent.header.Get("Location"), "#")
	return s.get(to)
}

// has demands a status and texts.
func (r reply) has(status int, texts ...string) reply {
	r.Helper()
	if r.status != status {
		r.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	for _, text := range texts {
		if !strings.Contains(r.body, text) {
			r.Fatalf("there is no %q in %s", text, r.body)
		}
	}
	return r
}

func (r reply) lacks(texts ...string) reply {
	r.Helper()
	for _, text := range texts {
		if strings.Contains(r.body, text) {
			r.Fatalf("there is %q in %s", text, r.body)
		}
	}
	return r
}
