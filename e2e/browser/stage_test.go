package browser

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/hosted"
	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/adapters/vault"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// stage serves the page over the real application, at a time that moves when told.
type stage struct {
	*testing.T
	store   *memory.Store
	shop    portstest.Shop
	hands   *hands
	page    *hosted.Page
	accepts app.Receiving
	server  *httptest.Server
	deaf    atomic.Bool // event streams do not get through
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

// mint makes identifiers no two tests share, and the same suffix every time.
type mint struct{}

func (mint) UUID() string { return portstest.UUID() }

func (mint) Bytes(n int) []byte {
	b := portstest.Unique()
	return b[:n]
}

func (mint) Intn(n int) int { return 33 % n }

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

func (wordless) EncodeAddress(webhook.Event, ports.AddressChange) ([]byte, error) {
	return []byte("{}"), nil
}

func masterKey(t *testing.T) vault.MasterKey {
	t.Helper()
	key, err := vault.LoadOrCreateKey("", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// quietTron is a Tron network on which nothing happens, so that live pages can be read.
type quietTron struct {
	ports.Chain // what nobody asks
}

func (quietTron) Network() chain.Network { return chain.Tron }

func (quietTron) Assets() []chain.Asset {
	return []chain.Asset{{Network: chain.Tron, Symbol: "USDT", Contract: chain.TronUSDT, Decimals: 6}}
}

func (quietTron) Lookup(context.Context, chain.TxID) ([]chain.Transfer, error) { return nil, nil }

func (quietTron) Inspect(context.Context, chain.TxID) (ports.Inspection, error) {
	return ports.Inspection{}, nil
}

func (quietTron) Head(context.Context) (chain.Head, error) {
	return chain.Head{Network: chain.Tron, Latest: 119, Final: 100}, nil
}

func openStage(t *testing.T) *stage {
	t.Helper()
	return openStageAt(t, time.Now())
}

func openStageAt(t *testing.T, now time.Time) *stage {
	t.Helper()
	store := memory.New()
	s := &stage{
		T: t, store: store, shop: portstest.OpenShop(t, portstest.World{Work: store}),
		hands: &hands{now: now.UTC().Truncate(time.Second)},
	}
	s.shop.Project.WebsiteURL = "https://atelier.example"
	s.ok(store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		if err := r.Merchants.Rename(ctx, s.shop.ID(), "Atelier Mori"); err != nil {
			return err
		}
		return r.Projects.Update(ctx, s.shop.Project)
	}))
	core := app.Core{Work: store, Clock: s.hands, IDs: mint{}, Vault: vault.New(masterKey(t))}
	rails := app.Rails{
		Chains: map[chain.Network]ports.Chain{
			chain.Sandbox: sandbox.New(store, s.hands), chain.Tron: quietTron{},
		},
		Cursors: store,
	}
	events := app.Announcer{IDs: mint{}, Clock: s.hands, Encoder: wordless{}, Addresses: wordless{}}
	s.accepts = app.Receiving{Core: core, Rails: rails, Events: events, Log: slog.New(slog.DiscardHandler)}
	s.page = &hosted.Page{
		Checkout: app.Checkout{
			Core: core, Sessions: store, Rails: rails, Rates: even{s.hands}, Changes: store, Events: events,
			Log: slog.New(slog.DiscardHandler),
		},
		Settlement: &app.Settlement{
			Core: core, Rails: rails, Sessions: store, Changes: store, Orders: store, Watches: store,
			Events: events, Log: slog.New(slog.DiscardHandler),
		},
		Explainer: app.Explainer{Core: core, Sessions: store, Reads: store, Rails: rails},
		Sandbox:   app.Sandbox{Core: core, Sessions: store, Rails: rails},
		// Limits are about clients, not about a test that is a hundred of them.
		Drain: edge.NewDrain(), Limiter: edge.NewLimiter(quickly()),
	}
	engine := edge.NewEngine(edge.Options{
		Log: slog.New(slog.DiscardHandler), Envelopes: hosted.Envelopes(), Drain: s.page.Drain,
	})
	s.page.Mount(engine)
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.deaf.Load() && strings.HasSuffix(r.URL.Path, "/live") {
			http.Error(w, "no streams here", http.StatusBadGateway)
			return
		}
		engine.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		s.page.Drain.Begin() // ends the streams, which the server would wait for
		s.server.Close()
	})
	s.page.PublicURL = s.server.URL
	s.readTron()
	s.tick()
	return s
}

// quickly is a clock that runs ten seconds at every look, so that no bucket is ever empty.
func quickly() func() time.Time {
	var looks atomic.Int64
	return func() time.Time { return time.Unix(10*looks.Add(1), 0) }
}

func (s *stage) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// readTron makes the Tron network look as if it had just been read.
func (s *stage) readTron() {
	s.Helper()
	now := s.hands.Now()
	s.ok(s.store.Do(s.Context(), func(ctx context.Context, r ports.Repos) error {
		c := ports.Cursor{Network: chain.Tron, Height: 100, BlockID: "b", BlockTime: now, UpdatedAt: now}
		if err := r.Cursors.Start(ctx, c); err != nil {
			return err
		}
		return r.Cursors.Advance(ctx, c, c)
	}))
}

func (s *stage) tick() {
	s.Helper()
	s.ok(s.page.Settlement.Tick(s.Context(), chain.Sandbox))
}

// pass lets time go by, and the watchers look.
func (s *stage) pass(d time.Duration) {
	s.Helper()
	s.hands.move(d)
	s.readTron()
	s.tick()
}

// session makes a session of 50 USDT.
func (s *stage) session(m merchant.Mode, description string) checkout.SessionID {
	s.Helper()
	due, err := money.Parse(money.USDT, "50")
	s.ok(err)
	if m == merchant.Live {
		s.receive()
	}
	opened, _, err := s.page.Checkout.Open(s.Context(), app.OpenInput{
		Who:  merchant.Principal{Merchant: s.shop.ID(), Project: s.shop.Project.ID, Mode: m},
		Kind: checkout.KindCheckout, Due: due, Description: description, OrderID: "A-" + portstest.UUID()[:6],
		SuccessURL: "https://atelier.example/thanks",
	}, app.Once[app.OpenedSession]{})
	s.ok(err)
	return opened.ID
}

// receive gives the shop an address of real money, once.
func (s *stage) receive() {
	s.Helper()
	who := merchant.Principal{Merchant: s.shop.ID(), Project: s.shop.Project.ID, Mode: merchant.Live}
	_, _, err := s.accepts.Add(s.Context(), who, app.ReceivingInput{
		Network: "TRC20", Asset: "USDT", Address: "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8",
		By: app.Confirmation{Login: true},
	}, app.Once[app.ReceivingView]{})
	if !errors.Is(err, merchant.ErrReceivingExists) {
		s.ok(err)
	}
}

func (s *stage) choose(id checkout.SessionID) {
	s.Helper()
	_, err := s.page.Checkout.Intent(s.Context(), id, app.Choice{Method: checkout.USDT})
	s.ok(err)
}

func (s *stage) play(id checkout.SessionID, scenario app.Scenario) {
	s.Helper()
	s.ok(s.page.Sandbox.Play(s.Context(), id, scenario))
}
