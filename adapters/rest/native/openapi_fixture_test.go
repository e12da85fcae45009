package native_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/adapters/rest/native"
	"github.com/101pay/101pay/adapters/rest/native/conform"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// specPublicURL is the address the document's examples carry.
const specPublicURL = "http://127.0.0.1:8080"

// specGateway is the dialect over the store in memory and the sandbox chain. Every exchange it has
// is held against the document. It runs inside a synctest bubble: whoever waits for the watcher
// waits for no real time.
type specGateway struct {
	t        *testing.T
	engine   *gin.Engine
	checker  *conform.Checker
	store    *memory.Store
	settle   *app.Settlement
	webhooks *app.Webhooks
	reports  app.Reporting
	agents   app.Reconciler
	clock    specClock
	seen     map[string]map[int]bool // operation → statuses answered

	mu   sync.Mutex
	told []ports.Outgoing // guarded by mu
}

// Send implements ports.Sender: receivers take everything, but for one that is gone.
func (g *specGateway) Send(_ context.Context, o ports.Outgoing) ports.SendResult {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.told = append(g.told, o)
	return ports.SendResult{StatusCode: 204, Outcome: webhook.OutcomeDelivered, Took: 37 * time.Millisecond}
}

// Ask implements ports.Upstreams: sellers' servers repeat what they are asked.
func (g *specGateway) Ask(_ context.Context, r ports.UpstreamRequest) (ports.UpstreamAnswer, error) {
	if strings.Contains(r.URL, "unreachable") {
		return ports.UpstreamAnswer{}, errors.New("connection refused")
	}
	return ports.UpstreamAnswer{
		Status: http.StatusOK, Headers: map[string]string{"Content-Type": "text/plain"},
		Body: []byte(r.Method + " " + r.URL + "?" + r.Query + " " + string(r.Body)),
	}, nil
}

// Reachable implements ports.Prober.
func (*specGateway) Reachable(_ context.Context, url string) bool {
	return !strings.Contains(url, "unreachable")
}

// openSpecGateway answers a gateway whose watcher runs until the test ends. live adds a network for
// real money.
func openSpecGateway(t *testing.T, live bool) *specGateway {
	t.Helper()
	checker, err := conform.New(native.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	store := memory.New()
	g := &specGateway{t: t, checker: checker, store: store, seen: map[string]map[int]bool{}}
	core := app.Core{Work: store, Clock: g.clock, IDs: specIDs{}, Vault: specVault{}}
	rails := app.Rails{
		Chains:  map[chain.Network]ports.Chain{chain.Sandbox: sandbox.New(store, g.clock)},
		Cursors: store,
	}
	if live {
		for _, n := range []chain.Network{chain.Tron, chain.BSC, chain.Base} {
			rails.Chains[n] = specChain{network: n}
		}
	}
	log := slog.New(slog.DiscardHandler)
	words := native.EventWords{PublicURL: specPublicURL}
	events := app.Announcer{IDs: specIDs{}, Clock: g.clock, Encoder: words, Addresses: words, Agents: words}
	g.settle = &app.Settlement{
		Core: core, Rails: rails, Sessions: store, Changes: store, Orders: store, Watches: store,
		Events: events, Log: log,
	}
	g.webhooks = &app.Webhooks{
		Core: core, Reads: store, Sandbox: store, Sender: g, Prober: g, Events: events, Log: log,
	}
	g.reports = app.Reporting{
		Core: core, Reads: store, Figures: app.Figures{Reads: store, Clock: g.clock},
		Statements: app.Statements{Book: store}, Words: words, Log: log,
	}
	agents := tokenRails()
	tokens := sandbox.NewTokens(store, store, g.clock)
	agents[0].Chain, agents[0].Relay, agents[0].Confirmations = tokens, tokens, 1
	relayer := &app.Relayer{
		Core: core, Rails: agents, Reads: store.Authorizations(), Lanes: store.Lanes(), Orders: store, Events: events,
		Till: g.settle, Played: store, Log: log,
	}
	sales := app.Checkout{
		Core: core, Sessions: store, Rails: rails, Rates: specRates{}, Changes: store, Events: events, Log: log,
	}
	g.agents = app.Reconciler{Relayer: relayer}
	catalog := app.Resources{Core: core, Reads: store, Rails: agents, Rates: specRates{}, Prober: g, Tags: new(app.PriceTags)}
	signin := app.SignIn{Core: core, Passwords: specPasswords{}, Ring: store, Throttle: app.NewThrottle()}
	api := &native.API{
		Credentials: app.Credentials{Ring: store, Vault: specVault{}, Tokens: specTokens{}, Clock: g.clock},
		Accounts:    app.Accounts{Core: core, SignIn: signin, Tokens: specTokens{}, Rails: rails},
		Keys:        app.Keys{Core: core, Rails: rails},
		Receiving: app.Receiving{
			Core: core, Rails: rails, SignIn: signin, Events: events, Log: log,
		},
		Sources: app.AddressSources{Core: core, Rails: rails, Receiving: app.Receiving{
			Core: core, Rails: rails, SignIn: signin, Events: events, Log: log,
		}},
		KYC:        app.KYC{Core: core},
		Statements: app.Statements{Book: store},
		Charges:    app.Charges{Core: core, Books: store, Orders: store},
		Checkout:   sales,
		Settlement: g.settle, Webhooks: g.webhooks, Reporting: g.reports,
		Resources: catalog,
		Paywall: &app.Paywall{
			Core: core, Catalog: catalog, Relayer: relayer, Reads: relayer.Reads, Upstreams: g, PublicURL: specPublicURL,
			Checkout: sales, Words: words,
			Log: log, Attestations: app.Attestations{Core: core, Signer: portstest.Pen{}, Issuer: specPublicURL},
		},
		Explainer: app.Explainer{Core: core, Sessions: store, Reads: store, Rails: rails},
		Sandbox:   app.Sandbox{Core: core, Sessions: store, Rails: rails},
		Attestations: app.Attestations{
			Core: core, Sessions: store, Signer: portstest.Pen{}, Issuer: specPublicURL,
		},
		Limiter: edge.NewLimiter(g.clock.Now), Budgets: native.DefaultBudgets(),
		PublicURL: specPublicURL, Clock: g.clock,
	}
	g.engine = edge.NewEngine(edge.Options{
		Log: log, Now: g.clock.Now, BodyLimits: native.BodyLimits(),
		Envelopes:   map[string]edge.Envelope{"/v1/": native.Envelope, native.WellKnown: native.Envelope},
		CrossOrigin: native.CrossOrigin(),
	})
	api.Mount(g.engine)
	g.watch()
	return g
}

// watch lets the sandbox be read, sessions lapse and webhooks go out until the test ends.
func (g *specGateway) watch() {
	ctx, stop := context.WithCancel(g.t.Context())
	done := make(chan struct{})
	g.t.Cleanup(func() { stop(); <-done })
	look := func() {
		if err := g.settle.Tick(ctx, chain.Sandbox); err != nil && !errors.Is(err, ports.ErrChainUnavailable) &&
			ctx.Err() == nil {
			g.t.Error(err)
		}
		if err := g.settle.Expire(ctx); err != nil && ctx.Err() == nil {
			g.t.Error(err)
		}
		if err := g.agents.Tick(ctx); err != nil && ctx.Err() == nil {
			g.t.Error(err)
		}
		if err := g.reports.Tick(ctx); err != nil && ctx.Err() == nil {
			g.t.Error(err)
		}
		_, err := g.store.Drain(ctx, g.clock.Now(), func(ctx context.Context, j memory.Job) error {
			var d app.Deliver
			if err := json.Unmarshal(j.Payload, &d); err != nil {
				return err
			}
			_, err := g.webhooks.Deliver(ctx, d)
			return err
		})
		if err != nil && ctx.Err() == nil {
			g.t.Error(err)
		}
	}
	look()
	go func() {
		defer close(done)
		pace := time.NewTicker(sandbox.BlockPeriod)
		defer pace.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-pace.C:
				look()
			}
		}
	}()
}

// specExchange is a request and what came of it.
type specExchange struct {
	*httptest.ResponseRecorder
	t *testing.T
}

// header pairs follow a request's body: name, value, name, value.
func (g *specGateway) send(method, path, body string, header ...string) specExchange {
	g.t.Helper()
	r := httptest.NewRequestWithContext(g.t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return g.do(r, []byte(body))
}

func (g *specGateway) do(r *http.Request, body []byte) specExchange {
	g.t.Helper()
	w := httptest.NewRecorder()
	g.engine.ServeHTTP(w, r)
	if err := g.checker.Check(r, body, w.Code, w.Header(), w.Body.Bytes()); err != nil {
		g.t.Errorf("%s %s answered %d %.1000s\n%v", r.Method, r.URL, w.Code, w.Body, err)
	}
	name := g.checker.Operation(r)
	if g.seen[name] == nil {
		g.seen[name] = map[int]bool{}
	}
	g.seen[name][w.Code] = true
	return specExchange{w, g.t}
}

// as is who sends: Authorization with a bearer token.
func specBearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

// want fails unless the answer has a status and, if a code is given, that error code.
func (x specExchange) want(status int, code ...string) specExchange {
	x.t.Helper()
	if x.Code != status {
		x.t.Fatalf("answered %d, want %d: %s", x.Code, status, x.Body)
	}
	if len(code) > 0 && x.text("error") != code[0] {
		x.t.Fatalf("answered code %q, want %q: %s", x.text("error"), code[0], x.Body)
	}
	return x
}

// list is the objects of an array.
func (x specExchange) list(name string) (out []map[string]any) {
	x.t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(x.Body.Bytes(), &members); err != nil {
		x.t.Fatalf("%v: %s", err, x.Body)
	}
	if err := json.Unmarshal(members[name], &out); err != nil {
		x.t.Fatalf("%v: %s", err, x.Body)
	}
	return out
}

// text is the text at a path of member names.
func (x specExchange) text(path ...string) string {
	x.t.Helper()
	var v any
	if err := json.Unmarshal(x.Body.Bytes(), &v); err != nil {
		x.t.Fatalf("%v: %s", err, x.Body)
	}
	for _, name := range path {
		members, ok := v.(map[string]any)
		if !ok {
			x.t.Fatalf("no %v in %s", path, x.Body)
		}
		v = members[name]
	}
	s, _ := v.(string)
	return s
}

// form is a multipart body and its media type.
func specForm(t *testing.T, kind string, file []byte) (body []byte, media string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("kind", kind); err != nil {
		t.Fatal(err)
	}
	part, err := w.CreateFormFile("file", "passport.pdf")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(part, bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), w.FormDataContentType()
}
