package graphql_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/graphql"
	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/report"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

const password = "correct horse"

// clock stands still until it is told to pass.
type clock struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type ids struct{}

func (ids) UUID() string       { return portstest.UUID() }
func (ids) Bytes(n int) []byte { b := portstest.Unique(); return b[:n] }
func (ids) Intn(n int) int     { b := portstest.Unique(); return (int(b[0])<<8 + int(b[1])) % n }

// vault seals nothing; digests and tags are real enough.
type vault struct{}

func (vault) Seal(_ string, plain []byte) ([]byte, error)  { return plain, nil }
func (vault) Open(_ string, sealed []byte) ([]byte, error) { return sealed, nil }
func (vault) Digest(s keys.Secret) []byte {
	sum := sha256.Sum256([]byte(s.Reveal()))
	return sum[:]
}

func (vault) Tag(purpose, text string) []byte {
	sum := sha256.Sum256([]byte(purpose + " " + text))
	return sum[:12]
}

type passwords struct{}

func (passwords) Hash(_ context.Context, password string) (string, error) {
	return "hash of " + password, nil
}

func (passwords) Verify(_ context.Context, password, hash string) (bool, error) {
	return hash == "hash of "+password, nil
}
func (passwords) Weak(string) bool { return false }

type tokens struct{}

func (tokens) Sign(ports.AccessClaims, time.Time) (string, error) { return "token", nil }
func (tokens) Read(string, time.Time) (ports.AccessClaims, error) {
	return ports.AccessClaims{}, keys.ErrUnauthorized
}

type prices struct{ clock ports.Clock }

func (p prices) Rate(_ context.Context, _ merchant.Mode, from money.Currency, asset string) (money.Rate, error) {
	one, err := money.Parse(from, "1")
	return money.Rate{From: from.Code(), To: asset, Price: one.Decimal(), Source: "peg", At: p.clock.Now()}, err
}

// words are the bodies of events.
type words struct{}

func (words) Encode(e webhook.Event, _ checkout.Snapshot, _ *ports.TransferRow) ([]byte, error) {
	return json.Marshal(map[string]string{"type": string(e.Type)})
}

func (w words) EncodeAddress(e webhook.Event, _ ports.AddressChange) ([]byte, error) {
	return w.Encode(e, checkout.Snapshot{}, nil)
}

func (w words) EncodeAgent(e webhook.Event, _ ports.AuthorizationRow) ([]byte, error) {
	return w.Encode(e, checkout.Snapshot{}, nil)
}

func (w words) EncodeReport(e webhook.Event, _ report.Run, _ []ports.Total) ([]byte, error) {
	return w.Encode(e, checkout.Snapshot{}, nil)
}

func (words) EncodeEntries(report.Run, []ports.Booked) ([]byte, error) { return []byte("entries"), nil }

// outside takes every webhook and has every host.
type outside struct{}

func (outside) Send(_ context.Context, o ports.Outgoing) ports.SendResult {
	return ports.SendResult{
		StatusCode: 200, Outcome: webhook.OutcomeDelivered, Answer: "thanks", Took: time.Millisecond,
		Sent:     []webhook.Header{{Name: "Webhook-Signature", Value: o.Headers["webhook-signature"]}},
		Answered: []webhook.Header{{Name: "X-Request-Id", Value: "r1"}},
	}
}
func (outside) Reachable(context.Context, string) bool { return true }

// stillTron is a network for real money on which nothing happens.
type stillTron struct{ ports.Chain }

func (stillTron) Network() chain.Network { return chain.Tron }
func (stillTron) Assets() []chain.Asset  { return chain.Tron.Tokens() }
func (stillTron) Head(context.Context) (chain.Head, error) {
	return chain.Head{Network: chain.Tron, Latest: 20, Final: 1}, nil
}

// counting counts units of work: what a request asked of the store.
type counting struct {
	ports.UnitOfWork
	mu   sync.Mutex
	done int // guarded by mu
}

func (c *counting) Do(ctx context.Context, fn func(ctx context.Context, r ports.Repos) error) error {
	c.mu.Lock()
	c.done++
	c.mu.Unlock()
	return c.UnitOfWork.Do(ctx, fn)
}

func (c *counting) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done
}

// world is the API over the store in memory and the sandbox chain, behind a gate that believes headers.
type world struct {
	*testing.T
	engine *gin.Engine
	api    *graphql.API
	store  *memory.Store
	work   *counting
	clock  *clock
	drain  *edge.Drain
	log    bytes.Buffer

	mu      sync.Mutex
	actors  map[string]app.Actor // by header; guarded by mu
	gates   int                  // how often the gate was asked; guarded by mu
	sandbox app.Sandbox
	signIn  app.SignIn
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{
		T: t, store: memory.New(), clock: &clock{now: portstest.Epoch}, drain: edge.NewDrain(),
		actors: map[string]app.Actor{},
	}
	w.work = &counting{UnitOfWork: w.store}
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	core := app.Core{Work: w.work, Clock: w.clock, IDs: ids{}, Vault: vault{}}
	simulated := sandbox.New(w.store, w.clock)
	rails := app.Rails{
		Chains:  map[chain.Network]ports.Chain{chain.Sandbox: simulated, chain.Tron: stillTron{}},
		Cursors: w.store,
	}
	events := app.Announcer{IDs: ids{}, Clock: w.clock, Encoder: words{}, Addresses: words{}, Agents: words{}}
	in := app.SignIn{Core: core, Passwords: passwords{}, Ring: w.store, Throttle: app.NewThrottle(), Issuer: "101pay"}
	w.signIn = in
	receiving := app.Receiving{Core: core, Rails: rails, SignIn: in, Events: events, Log: log}
	resources := app.Resources{Core: core, Reads: w.store, Rates: prices{w.clock}, Prober: outside{}}
	w.sandbox = app.Sandbox{Core: core, Sessions: w.store, Rails: rails}
	attestations := app.Attestations{Core: core, Sessions: w.store, Signer: portstest.Pen{}, Issuer: "https://pay.example"}
	w.api = &graphql.API{
		Actor:    func(ctx context.Context) (app.Actor, bool) { a, ok := ctx.Value(actorKey{}).(app.Actor); return a, ok },
		Desk:     app.Desk{Core: core, Sessions: w.store, Places: w.store},
		Accounts: app.Accounts{Core: core, SignIn: in, Tokens: tokens{}, Rails: rails},
		Keys:     app.Keys{Core: core, Rails: rails}, Receiving: receiving,
		Sources: app.AddressSources{Core: core, Rails: rails, Receiving: receiving}, KYC: app.KYC{Core: core},
		Statements: app.Statements{Book: w.store},
		Checkout: app.Checkout{
			Core: core, Sessions: w.store, Rails: rails, Rates: prices{w.clock}, Changes: w.store, Events: events, Log: log,
		},
		Settlement: &app.Settlement{
			Core: core, Rails: rails, Sessions: w.store, Changes: w.store, Orders: w.store, Watches: w.store,
			Events: events, Log: log,
		},
		Explainer: app.Explainer{Core: core, Sessions: w.store, Reads: w.store, Rails: rails}, Sandbox: w.sandbox,
		Webhooks: &app.Webhooks{
			Core: core, Reads: w.store, Sandbox: w.store, Sender: outside{}, Prober: outside{}, Events: events, Log: log,
		},
		Reporting: app.Reporting{
			Core: core, Reads: w.store, Figures: app.Figures{Reads: w.store, Clock: w.clock},
			Statements: app.Statements{Book: w.store}, Words: words{}, Log: log,
		},
		Resources: resources,
		Paywall: &app.Paywall{
			Core: core, Catalog: resources, Reads: w.store.Authorizations(), PublicURL: "https://pay.example", Log: log,
			Attestations: attestations,
		},
		Attestations: attestations,
		Health:       app.Health{Rails: rails, Rescans: w.store, Watches: w.store, Clock: w.clock},
		Chronicle:    app.Chronicle{Core: core, Sessions: w.store, Webhooks: w.store, Book: w.store},
		Finder:       app.Finder{Search: w.store}, Figures: app.Figures{Reads: w.store, Clock: w.clock},
		Follower: app.Follower{
			Core: core, Sessions: w.store, Figures: w.store, Changes: w.store, Rails: rails,
		},
		SignIn: in, Members: app.Members{Core: core, SignIn: in}, Journal: app.Journal{Core: core},
		PublicURL: "https://pay.example", Vault: vault{}, Clock: w.clock, Log: log,
	}
	w.mount()
	return w
}

type actorKey struct{}

// mount serves the API as it is now.
func (w *world) mount() { w.mountLogged(slog.DiscardHandler) }

// mountLogged is mount that tells a log of requests.
func (w *world) mountLogged(access slog.Handler) {
	w.engine = edge.NewEngine(edge.Options{
		Log: slog.New(access), Now: w.clock.Now, BodyLimits: graphql.BodyLimits(),
	})
	service := &graphql.Service{API: w.api, Gate: w.gate, Watch: w.watch, Limiter: edge.NewLimiter(w.clock.Now), Drain: w.drain}
	service.Mount(w.engine)
}

func (w *world) gate(c *gin.Context) (app.Actor, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gates++
	a, known := w.actors[c.GetHeader("Actor")]
	if !known {
		return app.Actor{}, keys.ErrUnauthorized
	}
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), actorKey{}, a))
	return a, nil
}

// watch is the gate without a trace: gates counts who came through that one.
func (w *world) watch(c *gin.Context) (app.Actor, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, known := w.actors[c.GetHeader("Actor")]
	if !known {
		return app.Actor{}, keys.ErrUnauthorized
	}
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), actorKey{}, a))
	return a, nil
}

// passed is how often somebody came through the gate.
func (w *world) passed() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.gates
}

// tick lets the networks, webhooks and deadlines catch up.
func (w *world) tick() {
	w.Helper()
	w.clock.pass(15 * sandbox.BlockPeriod)
	if err := w.api.Settlement.Tick(w.Context(), chain.Sandbox); err != nil {
		w.Fatal(err)
	}
	_, err := w.store.Drain(w.Context(), w.clock.Now(), func(ctx context.Context, j memory.Job) error {
		var d app.Deliver
		if err := json.Unmarshal(j.Payload, &d); err != nil {
			return err
		}
		_, err := w.api.Webhooks.Deliver(ctx, d)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
}

// answer is what a request was answered.
type answer struct {
	Status int
	Body   string
	Data   map[string]any
	Errors []struct {
		Message    string
		Path       []any
		Extensions map[string]any
	}
}

// code is the code of the first error, "" for none.
func (a answer) code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	code, _ := a.Errors[0].Extensions["code"].(string)
	return code
}

// at walks into the data.
func (a answer) at(path ...any) any {
	var v any = a.Data
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// post sends a body as an actor.
func (w *world) post(actor, body string, headers ...string) answer {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), http.MethodPost, graphql.Path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Actor", actor)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return w.do(r)
}

func (w *world) do(r *http.Request) answer {
	w.Helper()
	recorder := httptest.NewRecorder()
	w.engine.ServeHTTP(recorder, r)
	out := answer{Status: recorder.Code, Body: recorder.Body.String()}
	streamed := strings.HasPrefix(recorder.Header().Get("Content-Type"), "text/event-stream")
	if err := json.Unmarshal([]byte(out.Body), &out); err != nil && recorder.Code == http.StatusOK && !streamed {
		w.Fatalf("answered %q: %v", out.Body, err)
	}
	return out
}

// ask sends a request with variables.
func (w *world) ask(actor, query string, variables map[string]any) answer {
	w.Helper()
	w.clock.pass(time.Second) // or the budget of requests would run out
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		w.Fatal(err)
	}
	return w.post(actor, string(body))
}

// asked is ask of what must succeed.
func (w *world) asked(actor, query string, variables map[string]any) answer {
	w.Helper()
	a := w.ask(actor, query, variables)
	if len(a.Errors) > 0 {
		w.Fatalf("%s\nanswered %s\nlog: %s", query, a.Body, w.log.String())
	}
	return a
}

// shop is a merchant with something of everything, whose members are signed in.
type shop struct {
	name     string
	who      merchant.Principal
	ids      map[string]string         // by kind
	sessions map[member.Role]string    // another session of the member of a role
	members  map[member.Role]app.Actor // who is signed in, by role
}

// as is the name of the shop's member of a role.
func (s shop) as(r member.Role) string { return s.name + " " + r.String() }

// mine is the shop with those of its ids that are its member's own.
func (s shop) mine(r member.Role) shop {
	s.ids = maps.Clone(s.ids)
	s.ids["session"] = s.sessions[r]
	return s
}

func (w *world) shop(name string) shop {
	w.Helper()
	made, _, err := w.api.Accounts.Register(w.Context(), app.RegisterInput{
		Email: name + "@shop.example", Password: password, Name: name,
	}, app.Once[app.NewMerchant]{})
	if err != nil {
		w.Fatal(err)
	}
	s := shop{name: name, ids: map[string]string{"project": string(made.Project.ID)}}
	s.who = merchant.Principal{Merchant: made.Merchant.ID, Project: made.Project.ID, Mode: merchant.Test}
	w.hire(&s)
	w.stock(&s)
	return s
}

// hire gives a shop a member of each role, who is signed in twice, and invites one more.
func (w *world) hire(s *shop) {
	w.Helper()
	s.sessions, s.members = map[member.Role]string{}, map[member.Role]app.Actor{}
	founder := app.Shown{Email: s.name + "@shop.example", Password: password, Client: s.name}
	for _, role := range member.Roles() {
		shown := founder
		if role != member.Owner {
			shown.Email = role.String() + "@" + s.name + ".example"
			invited, err := w.api.Members.Invite(w.Context(), s.members[member.Owner], shown.Email, role)
			if err == nil {
				_, err = w.api.Members.Accept(w.Context(), invited.Token, password, app.Origin{})
			}
			if err != nil {
				w.Fatal(err)
			}
		}
		for range 2 {
			in, err := w.signIn.Enter(w.Context(), shown, keys.Secret{})
			if err != nil {
				w.Fatal(err)
			}
			s.sessions[role] = s.members[role].Session
			in.Actor.Proven = w.clock.Now().Add(1000 * time.Hour) // fresh whatever passes
			s.members[role] = in.Actor
		}
		w.mu.Lock()
		w.actors[s.as(role)] = s.members[role]
		w.mu.Unlock()
	}
	s.ids["owner"] = string(s.members[member.Owner].Member)
	s.ids["member"] = string(s.members[member.Viewer].Member)
	s.ids["session"] = s.sessions[member.Owner]
	invited, err := w.api.Members.Invite(w.Context(), s.members[member.Owner], "invited@"+s.name+".example", member.Viewer)
	if err != nil {
		w.Fatal(err)
	}
	s.ids["invitation"] = invited.Invitation.ID
}

// stock gives a shop something of everything.
func (w *world) stock(s *shop) {
	w.Helper()
	must := func(err error) {
		w.Helper()
		if err != nil {
			w.Fatal(err)
		}
	}
	ctx := w.Context()
	pair, _, err := w.api.Keys.Create(ctx, s.who, "till", app.Once[app.NewPair]{})
	must(err)
	s.ids["key"] = string(pair.Pair.ID)
	made, _, err := w.api.Webhooks.Create(ctx, app.EndpointInput{
		Who: s.who, URL: "https://" + s.name + ".example/hook",
	}, app.Once[app.Registered]{})
	must(err)
	s.ids["endpoint"] = made.Endpoint.ID
	plan := report.Plan{Every: report.Daily, Contents: report.Assets, Format: report.CSV}
	schedule, err := w.api.Reporting.Create(ctx, s.who, plan)
	must(err)
	_, err = w.api.Reporting.SendNow(ctx, s.who, schedule.ID)
	must(err)
	s.ids["schedule"] = schedule.ID
	account, _, err := w.api.Receiving.Add(ctx, s.who, app.ReceivingInput{
		Network: "tron", Asset: "USDT", Address: string(tronAddress(s.name)), By: app.Confirmation{Login: true},
	}, app.Once[app.ReceivingView]{})
	must(err)
	s.ids["account"] = string(account.ID)
	source, _, err := w.api.Sources.Register(ctx, s.who, app.SourceInput{
		Family: "tron", Addresses: []string{string(tronAddress(s.name + " pool"))},
	}, app.Once[app.SourceState]{})
	must(err)
	s.ids["source"] = string(source.ID)
	price, err := money.Parse(money.USDC, "0.05")
	must(err)
	view, _, err := w.api.Resources.Create(ctx, app.ResourceInput{
		Who: s.who, SKU: s.name + "-report", Terms: app.TermsChange{Price: &price},
		Content: &app.ContentInput{Body: []byte("news"), Type: "text/plain"},
	}, app.Once[app.ResourceView]{})
	must(err)
	s.ids["sku"] = view.SKU

	s.ids["open"] = string(w.pay(s, ""))
	s.ids["payment"] = string(w.pay(s, app.ScenarioExact))
	w.pay(s, app.ScenarioDuplicate)
	queue, err := w.api.Settlement.Queue(ctx, s.who, ports.QueueQuery{Limit: 10})
	must(err)
	if len(queue.Rows) == 0 {
		w.Fatal("nothing waits for a decision")
	}
	t := queue.Rows[0].Transfer
	s.ids["transfer"] = string(t.Network) + ":" + string(t.TxID) + ":0"
	page, err := w.api.Statements.Page(ctx, app.StatementInput{Who: s.who, Limit: 1})
	must(err)
	s.ids["order"] = string(page.Lines[0].Transaction.OrderNo)
	list, _, err := w.api.Webhooks.List(ctx, s.who, app.EventFilter{Limit: 1})
	must(err)
	s.ids["event"] = list[0].ID
}

// pay opens a payment, has its payer choose, and makes something happen to it.
func (w *world) pay(s *shop, what app.Scenario) checkout.SessionID {
	w.Helper()
	due, err := money.Parse(money.USD, "9.99")
	if err != nil {
		w.Fatal(err)
	}
	opened, _, err := w.api.Checkout.Open(w.Context(), app.OpenInput{
		Who: s.who, Kind: checkout.KindCheckout, Due: due, OrderID: "order " + portstest.UUID(),
		Metadata: map[string]string{"basket": "7"},
	}, app.Once[app.OpenedSession]{})
	if err != nil {
		w.Fatal(err)
	}
	w.tick()
	_, err = w.api.Checkout.Intent(w.Context(), opened.ID, app.Choice{Method: checkout.USDT})
	if err == nil && what != "" {
		err = w.sandbox.Play(w.Context(), opened.ID, what)
	}
	if err != nil {
		w.Fatal(err)
	}
	w.tick()
	w.tick()
	return opened.ID
}

// tronAddress is an address that follows from a name.
func tronAddress(name string) chain.Address {
	sum := sha256.Sum256([]byte(name))
	return chain.TronAddress([20]byte(sum[:20]))
}

// errBroken is what goes wrong on our side, with what nobody outside should read.
var errBroken = errors.New("the disk is full at /var/lib/101pay")

// owner signs in the member a shop was opened by.
func (w *world) owner(s shop) string {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.actors[s.as(member.Owner)]
	a.From.IP = "192.0.2.1"
	w.actors["owner of "+s.name] = a
	return "owner of " + s.name
}
