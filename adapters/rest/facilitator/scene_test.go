package facilitator_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"log/slog"
	"math/big"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/adapters/rest/facilitator"
	"github.com/101pay/101pay/adapters/rest/native/conform"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// now is the clock of a synctest bubble, or the world's.
type now struct{}

func (now) Now() time.Time { return time.Now() }

type ids struct{}

func (ids) UUID() string { return portstest.UUID() }
func (ids) Bytes(n int) []byte {
	b := portstest.Unique()
	return b[:n]
}
func (ids) Intn(int) int { return 0 }

// vault seals nothing.
type vault struct{}

func (vault) Seal(_ string, plain []byte) ([]byte, error)  { return plain, nil }
func (vault) Open(_ string, sealed []byte) ([]byte, error) { return sealed, nil }
func (vault) Digest(s keys.Secret) []byte {
	sum := sha256.Sum256([]byte(s.Reveal()))
	return sum[:]
}
func (vault) Tag(purpose, text string) []byte { return []byte(purpose + text) }

// words announce nothing of interest.
type words struct{}

func (words) EncodeAgent(webhook.Event, ports.AuthorizationRow) ([]byte, error) {
	return []byte("{}"), nil
}

// gateway is the dialect over the store in memory and the sandbox's network. Every exchange is held against
// the document.
type gateway struct {
	*testing.T
	engine  *gin.Engine
	checker *conform.Checker
	store   *memory.Store
	chain   *scripted
}

// scripted is the sandbox's network, until it is down.
type scripted struct {
	ports.TokenChain
	down bool
}

func (s *scripted) Check(ctx context.Context, v x402.Verified) (x402.Route, error) {
	if s.down {
		return 0, ports.ErrChainUnavailable
	}
	return s.TokenChain.Check(ctx, v)
}

func open(t *testing.T, budgets facilitator.Budgets) *gateway {
	t.Helper()
	checker, err := conform.New(facilitator.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	store, log := memory.New(), slog.New(slog.DiscardHandler)
	tokens := sandbox.NewTokens(store, store, now{})
	g := &gateway{T: t, checker: checker, store: store, chain: &scripted{TokenChain: tokens}}
	core := app.Core{Work: store, Clock: now{}, IDs: ids{}, Vault: vault{}}
	rails := app.TokenRails{{Mode: merchant.Test, Chain: g.chain, Relay: tokens, Confirmations: 1}}
	relayer := &app.Relayer{
		Core: core, Rails: rails, Reads: store.Authorizations(), Lanes: store.Lanes(), Orders: store,
		Events: app.Announcer{IDs: core.IDs, Clock: core.Clock, Agents: words{}}, Log: log,
	}
	api := &facilitator.API{
		Credentials: app.Credentials{Ring: store, Vault: vault{}, Clock: now{}},
		Facilitator: &app.Facilitator{
			Core: core, Rails: rails, Relayer: relayer, Reads: relayer.Reads, Catalog: store, Log: log,
			Paywall: &app.Paywall{
				Core: core, Catalog: app.Resources{Core: core, Reads: store, Rails: rails}, Relayer: relayer,
				Reads: relayer.Reads, PublicURL: "http://127.0.0.1:8080", Log: log,
			},
		},
		Limiter: edge.NewLimiter(time.Now), Budgets: budgets, Clock: now{},
	}
	g.engine = edge.NewEngine(edge.Options{
		Log: log, Now: time.Now, Envelopes: map[string]edge.Envelope{facilitator.Prefix + "/": facilitator.Envelope},
	})
	api.Mount(g.engine)
	return g
}

// exchange is an answer.
type exchange struct {
	*httptest.ResponseRecorder
	t *testing.T
}

// send puts a request; headers are pairs.
func (g *gateway) send(method, path, body string, headers ...string) exchange {
	g.Helper()
	r := httptest.NewRequestWithContext(g.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	g.engine.ServeHTTP(w, r)
	if err := g.checker.Check(r, []byte(body), w.Code, w.Header(), w.Body.Bytes()); err != nil {
		g.Errorf("%s %s answered %d %s\n%v", method, path, w.Code, w.Body, err)
	}
	return exchange{w, g.T}
}

// is fails unless an answer has a status and exactly this body.
func (x exchange) is(status int, body string) {
	x.t.Helper()
	if got := strings.TrimSpace(x.Body.String()); x.Code != status || got != body {
		x.t.Errorf("answered %d\n%s\nwant %d\n%s", x.Code, got, status, body)
	}
}

// says fails unless an answer has a status and these members, as name, value, name, value.
func (x exchange) says(status int, members ...any) map[string]any {
	x.t.Helper()
	var got map[string]any
	if err := json.Unmarshal(x.Body.Bytes(), &got); err != nil || x.Code != status {
		x.t.Errorf("answered %d %s, want %d (%v)", x.Code, x.Body, status, err)
	}
	for i := 0; i < len(members); i += 2 {
		if name := members[i].(string); got[name] != members[i+1] {
			x.t.Errorf("%s is %v, want %v: %s", name, got[name], members[i+1], x.Body)
		}
	}
	return got
}

// shop is a merchant with an API key for test money.
type shop struct {
	*gateway
	portstest.Shop
	key string
}

func (g *gateway) shop() shop {
	g.Helper()
	s := shop{gateway: g, Shop: portstest.OpenShop(g.T, portstest.World{Work: g.store})}
	unique := portstest.Unique()
	text := keys.APIKeyText(merchant.Test, unique[:keys.SecretBytes])
	s.key = text.Reveal()
	err := g.store.Do(g.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Keys.PutAPIKey(ctx, keys.APIKey{
			MerchantID: s.ID(), ProjectID: s.Project.ID, Mode: merchant.Test, Digest: vault{}.Digest(text), CreatedAt: portstest.Epoch,
		})
	})
	if err != nil {
		g.Fatal(err)
	}
	return s
}

func (s shop) post(path, body string, headers ...string) exchange {
	s.Helper()
	return s.send("POST", facilitator.Prefix+path, body, append([]string{"Authorization", "Bearer " + s.key}, headers...)...)
}

// Helper resolves which of the embedded does.
func (s shop) Helper() { s.gateway.Helper() }

// price is what a server asks for: so many millionths of a USDC to an account of its own.
func price(units int64) portstest.TokenPrice {
	amount, _ := x402.UintOf(big.NewInt(units))
	return portstest.TokenPrice{
		Token: sandbox.USDC, Name: "USDC", Version: "2", Units: amount, PayTo: portstest.EVMAccount(),
	}
}

// demand is the body that the official middleware of a version sends.
func demand(t *testing.T, v x402.Version, p portstest.TokenPrice, change ...func(requirements map[string]any)) string {
	t.Helper()
	var payload map[string]any
	if err := json.Unmarshal(portstest.PayerNamed("agent").Sign(p, time.Now()), &payload); err != nil {
		t.Fatal(err)
	}
	requirements := map[string]any{
		"scheme": "exact", "network": "eip155:84532", "asset": p.Token.Contract().String(), "payTo": p.PayTo.String(),
		"amount": p.Units.String(), "maxTimeoutSeconds": 300, "extra": map[string]any{"name": "USDC", "version": "2"},
	}
	payload["resource"] = map[string]any{"url": "https://weather.example/tomorrow", "description": "", "mimeType": ""}
	if v == x402.V1 {
		payload = map[string]any{"x402Version": 1, "scheme": "exact", "network": "base-sepolia", "payload": payload["payload"]}
		delete(requirements, "amount")
		requirements["network"], requirements["maxAmountRequired"] = "base-sepolia", p.Units.String()
		requirements["resource"], requirements["description"] = "https://weather.example/tomorrow", ""
		requirements["mimeType"], requirements["outputSchema"] = "", map[string]any{
			"input": map[string]any{"type": "http", "method": "GET", "discoverable": true},
		}
	}
	for _, c := range change {
		c(requirements)
	}
	body, err := json.Marshal(map[string]any{
		"x402Version": int(v), "paymentPayload": payload, "paymentRequirements": requirements,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
