package native_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/adapters/rest/native"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// desk is the accounts half of the dialect over the store in memory, which runs every unit of work
// twice.
type desk struct {
	*testing.T
	store  *memory.Store
	clock  *deskClock
	engine *gin.Engine
	log    *bytes.Buffer
}

type deskOption func(*native.API, app.Rails)

func withLiveRail(_ *native.API, r app.Rails) { r.Chains[chain.Tron] = deskTron{} }

func withBudgets(b native.Budgets) deskOption {
	return func(a *native.API, _ app.Rails) { a.Budgets = b }
}

func openDesk(t *testing.T, options ...deskOption) *desk {
	t.Helper()
	d := &desk{
		T: t, store: memory.New(memory.Restless()), clock: &deskClock{now: portstest.Epoch},
		log: &bytes.Buffer{},
	}
	core := app.Core{Work: d.store, Clock: d.clock, IDs: deskIDs{}, Vault: deskVault{}}
	rails := app.Rails{Chains: map[chain.Network]ports.Chain{chain.Sandbox: sandbox.New(d.store, d.clock)}}
	api := &native.API{
		Statements:  app.Statements{Book: d.store},
		Credentials: app.Credentials{Ring: d.store, Vault: deskVault{}, Tokens: deskTokens{}, Clock: d.clock},
		Limiter:     edge.NewLimiter(d.clock.Now), Budgets: native.DefaultBudgets(),
		PublicURL: "https://pay.example", Clock: d.clock,
	}
	for _, o := range options {
		o(api, rails)
	}
	signin := app.SignIn{Core: core, Passwords: deskPasswords{}, Ring: d.store, Throttle: app.NewThrottle()}
	api.Accounts = app.Accounts{Core: core, SignIn: signin, Tokens: deskTokens{}, Rails: rails}
	api.Keys = app.Keys{Core: core, Rails: rails}
	api.Receiving = app.Receiving{
		Core: core, Rails: rails, SignIn: signin, Log: slog.New(slog.DiscardHandler),
		Events: app.Announcer{IDs: deskIDs{}, Clock: d.clock, Addresses: native.EventWords{}},
	}
	api.KYC = app.KYC{Core: core}
	api.Charges = app.Charges{Core: core, Books: d.store, Orders: d.store}
	d.engine = edge.NewEngine(edge.Options{
		Log: slog.New(slog.NewJSONHandler(d.log, nil)), Now: d.clock.Now, BodyLimits: native.BodyLimits(),
		Envelopes: map[string]edge.Envelope{"/v1/": native.Envelope},
	})
	api.Mount(d.engine)
	return d
}

// call is a request to come.
type call struct {
	method, path string
	token        string // bearer
	body         string
	headers      map[string]string // beside the usual ones; "" takes one away
}

// reply is what came of a call.
type reply struct {
	*testing.T
	status int
	header http.Header
	body   string
}

func (d *desk) do(c call) reply {
	d.Helper()
	return d.send(d.request(c))
}

// doTwice sends a header a second time.
func (d *desk) doTwice(c call, name, value string) reply {
	d.Helper()
	r := d.request(c)
	r.Header.Add(name, value)
	return d.send(r)
}

func (d *desk) request(c call) *http.Request {
	d.Helper()
	var body io.Reader
	if c.body != "" {
		body = strings.NewReader(c.body)
	}
	r := httptest.NewRequestWithContext(d.Context(), c.method, c.path, body)
	r.Header.Set("X-Request-Id", "request-of-this-test")
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, value := range c.headers {
		r.Header.Del(name)
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}

func (d *desk) send(r *http.Request) reply {
	d.Helper()
	w := httptest.NewRecorder()
	d.engine.ServeHTTP(w, r)
	return reply{T: d.T, status: w.Code, header: w.Header(), body: w.Body.String()}
}

func (d *desk) post(path, token, body string) reply {
	d.Helper()
	return d.do(call{method: "POST", path: path, token: token, body: body})
}

func (d *desk) get(path, token string) reply {
	d.Helper()
	return d.do(call{method: "GET", path: path, token: token})
}

// is wants a status and answers the body's members.
func (r reply) is(status int) object {
	r.Helper()
	if r.status != status {
		r.Fatalf("%d %s, want %d", r.status, r.body, status)
	}
	if r.body == "" {
		return nil
	}
	var m object
	if err := json.Unmarshal([]byte(r.body), &m); err != nil {
		r.Fatalf("%v in %s", err, r.body)
	}
	return m
}

// fails wants a refusal as row 4.0 describes it.
func (r reply) fails(status int, code string) object {
	r.Helper()
	if r.status != status {
		r.Errorf("%d %s, want %d %s", r.status, r.body, status, code)
		return nil
	}
	m := r.is(status)
	if m["error"] != code || m["message"] == "" || m["request_id"] != "request-of-this-test" ||
		r.header.Get("X-Request-Id") != "request-of-this-test" ||
		r.header.Get("Content-Type") != "application/json; charset=utf-8" {
		r.Errorf("%s %v, want %s", r.body, r.header, code)
	}
	if parent := m["type"]; (status == http.StatusBadRequest) != (parent == "invalid_request") {
		r.Errorf("type %v on status %d", parent, status)
	}
	if challenge := r.header.Get("WWW-Authenticate"); (status == http.StatusUnauthorized) != (challenge == "Bearer") {
		r.Errorf("challenge %q on status %d", challenge, status)
	}
	return m
}

// object is a JSON object.
type object map[string]any

func (o object) at(t *testing.T, path ...string) object {
	t.Helper()
	for _, name := range path {
		m, ok := o[name].(map[string]any)
		if !ok {
			t.Fatalf("no object %s in %v", name, o)
		}
		o = m
	}
	return o
}

func (o object) text(t *testing.T, name string) string {
	t.Helper()
	s, ok := o[name].(string)
	if !ok {
		t.Fatalf("no text %s in %v", name, o)
	}
	return s
}

func (o object) list(t *testing.T, name string) []object {
	t.Helper()
	all, ok := o[name].([]any)
	if !ok {
		t.Fatalf("no list %s in %v", name, o)
	}
	out := make([]object, len(all))
	for i, v := range all {
		if out[i], ok = v.(map[string]any); !ok {
			t.Fatalf("%s holds %v", name, v)
		}
	}
	return out
}

const password = "correct horse"

// signUp registers a merchant and answers the registration's answer.
func (d *desk) signUp(email string) object {
	d.Helper()
	return d.post("/v1/auth/register", "", `{"email":"`+email+`","password":"`+password+`"}`).is(http.StatusCreated)
}

// token signs a merchant up and answers his access token.
func (d *desk) token(email string) string {
	d.Helper()
	return d.signUp(email).text(d.T, "token")
}

// newKey makes a key pair.
func (d *desk) newKey(token, body string) object {
	d.Helper()
	return d.post("/v1/keys", token, body).is(http.StatusCreated).at(d.T, "key")
}

// state is all that is kept of a merchant, to see that a refusal changed nothing.
func (d *desk) state(token string) string {
	d.Helper()
	var b strings.Builder
	for _, path := range []string{
		"/v1/me", "/v1/keys", "/v1/receiving-accounts", "/v1/payment-methods", "/v1/kyc",
		"/v1/kyc/documents", "/v1/transactions",
	} {
		r := d.get(path, token)
		r.is(http.StatusOK)
		b.WriteString(path + " " + r.body + "\n")
	}
	return b.String()
}
