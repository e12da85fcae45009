package app

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// bubbleClock is the clock of a synctest bubble.
type bubbleClock struct{}

func (bubbleClock) Now() time.Time { return time.Now() }

func (plainWords) EncodeAgent(e webhook.Event, a ports.AuthorizationRow) ([]byte, error) {
	return fmt.Appendf(nil, `{"type":%q,"id":%q}`, e.Type, a.ID), nil
}

// process is one running gateway: it dies and is started again, the market's store and chain stay.
type process struct {
	*Paywall
	reconciler Reconciler
}

// market is a merchant who sells to programs on the sandbox's network.
type market struct {
	*testing.T
	store    *memory.Store
	tokens   *sandbox.Tokens
	shop     portstest.Shop
	upstream *scriptedUpstream
	gateway  process
	chain    ports.TokenChain // the rail's; tests put faults in front of it
	relay    ports.Relay
	budget   *big.Int
}

// inMarket runs a story in a bubble of its own.
func inMarket(t *testing.T, story func(m *market)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store := memory.New(memory.Restless())
		tokens := sandbox.NewTokens(store, store, bubbleClock{})
		m := &market{
			T: t, store: store, tokens: tokens, upstream: &scriptedUpstream{}, chain: tokens, relay: tokens,
			shop: portstest.OpenShop(t, portstest.World{Work: store}),
		}
		m.gateway = m.start(store)
		story(m)
	})
}

// start starts a gateway on the market's store.
func (m *market) start(work ports.UnitOfWork) process {
	core := Core{Work: work, Clock: bubbleClock{}, IDs: postIDs{}, Vault: deskVault{}}
	rails := TokenRails{{
		Mode: merchant.Test, Chain: m.chain, Relay: m.relay, Confirmations: 1, Budget: m.budget,
		Coins: map[x402.Address]string{sandbox.PlainUSDT.Contract(): "USDT"},
	}}
	log := slog.New(slog.DiscardHandler)
	relayer := &Relayer{
		Core: core, Rails: rails, Reads: m.store.Authorizations(), Lanes: m.store.Lanes(), Orders: m.store,
		Events: Announcer{IDs: core.IDs, Clock: core.Clock, Agents: plainWords{}}, Log: log,
	}
	return process{
		Paywall: &Paywall{
			Core: core, Relayer: relayer,
			Catalog: Resources{Core: core, Reads: m.store, Rails: rails, Rates: even{core.Clock}, Tags: new(PriceTags)},
			Reads:   relayer.Reads, Upstreams: m.upstream, PublicURL: "https://pay.example", Log: log,
			Attestations: Attestations{Core: core, Signer: portstest.Pen{}, Issuer: "https://pay.example"},
		},
		reconciler: Reconciler{Relayer: relayer},
	}
}

func (m *market) ok(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

const forecast = `{"temperature":21}`

// sells puts a resource on sale: a stored report for a price, unless changed.
func (m *market) sells(sku, usdc string, change ...func(*resource.Snapshot)) resource.Snapshot {
	m.Helper()
	price, err := money.FromMinor(money.USDC, units(m, usdc))
	m.ok(err)
	s := resource.Snapshot{
		ID: resource.ID(portstest.UUID()), MerchantID: m.shop.ID(), ProjectID: m.shop.Project.ID, Mode: merchant.Test,
		SKU: sku, Terms: resource.Terms{
			Price: price, Title: "Report " + sku, Timeout: 5 * time.Minute, Flow: resource.Authorization,
		},
	}
	s.Content, err = resource.StoredBody([]byte(forecast), "application/json")
	m.ok(err)
	for _, c := range change {
		c(&s)
	}
	r, err := resource.New(s, time.Now())
	m.ok(err)
	m.ok(m.store.Do(m.Context(), func(ctx context.Context, repos ports.Repos) error {
		if err := repos.Resources.Add(ctx, r); err != nil || !s.Content.Stored() {
			return err
		}
		return repos.Resources.SetContent(ctx, r, []byte(forecast))
	}))
	return r.Snapshot()
}

// fetched makes a resource an upstream's.
func fetched(s *resource.Snapshot) {
	s.Content = resource.Content{Kind: resource.Upstream, Upstream: resource.Source{
		URL: "https://origin.example/report", Post: true, Query: true,
	}}
}

func upfront(s *resource.Snapshot) { s.Terms.Flow = resource.Upfront }

func units(m *market, usdc string) *big.Int {
	m.Helper()
	n, ok := new(big.Int).SetString(usdc, 10)
	if !ok {
		m.Fatalf("units %q", usdc)
	}
	return n
}

// wants is a request for a resource without a payment.
func (m *market) wants(sku string) Purchase {
	return Purchase{
		Merchant: m.shop.ID(), SKU: sku, Method: http.MethodGet, Client: "203.0.113.7",
		Target: "/v1/resource/" + sku + "?merchant=" + string(m.shop.ID()),
	}
}

// asks answers the challenge of a resource, and the price in it.
func (m *market) asks(sku string) portstest.TokenPrice {
	m.Helper()
	sale, err := m.gateway.Buy(m.Context(), m.wants(sku))
	m.ok(err)
	if sale.Status() != http.StatusPaymentRequired || sale.Fault != nil || sale.Challenge == nil {
		m.Fatalf("unpaid: %d, %v", sale.Status(), sale.Fault)
	}
	text, err := base64.StdEncoding.DecodeString(sale.Challenge.Required)
	m.ok(err)
	var required struct {
		Accepts []struct {
			Scheme, Amount, PayTo, Asset string
			Extra                        struct{ AssetTransferMethod, FacilitatorAddress string }
		} `json:"accepts"`
	}
	m.ok(json.Unmarshal(text, &required))
	payTo, ok := x402.ParseAddress(required.Accepts[0].PayTo)
	amount, sure := x402.ParseUint(required.Accepts[0].Amount)
	if !ok || !sure {
		m.Fatalf("challenge %s", text)
	}
	price := portstest.TokenPrice{Token: sandbox.USDC, Name: "USDC", Version: "2", Units: amount, PayTo: payTo}
	way := required.Accepts[0]
	if way.Asset == sandbox.PlainUSDT.Contract().String() {
		price.Token, price.Name, price.Version = sandbox.PlainUSDT, "", ""
	}
	switch {
	case way.Scheme == x402.SchemeUpTo:
		price.Method = x402.Permit2UpTo
		price.Facilitator, _ = x402.ParseAddress(way.Extra.FacilitatorAddress)
	case way.Extra.AssetTransferMethod == "permit2":
		price.Method = x402.Permit2
	}
	return price
}

// pays is a request for a resource with a payment for it.
func (m *market) pays(sku string) Purchase {
	m.Helper()
	p := m.presents(m.asks(sku))
	p.SKU, p.Target = sku, m.wants(sku).Target
	return p
}

// presents is a request for weather with a payment of a price.
func (m *market) presents(price portstest.TokenPrice) Purchase {
	p := m.wants("weather")
	p.V2 = []string{base64.StdEncoding.EncodeToString(portstest.NewTokenPayer().Sign(price, time.Now()))}
	return p
}

func (m *market) keyOf(p Purchase) x402.ClaimKey {
	m.Helper()
	payload, _, err := x402.Read(p.V1, p.V2)
	m.ok(err)
	k := x402.ClaimKey{
		Network: m.chain.Network(), Asset: m.token().Contract(), Payer: payload.Authorization().From,
		Nonce: payload.Authorization().Nonce,
	}
	if payload.Authorization().Method.Permits() {
		k.Asset = x402.Permit2Contract
	}
	return k
}

// token is what the market's network takes.
func (m *market) token() x402.Token {
	m.Helper()
	tokens, err := m.chain.Tokens(m.Context())
	m.ok(err)
	return tokens[0]
}

// buy presents a payment and wants a status.
func (m *market) buy(p Purchase, status int) Sale {
	m.Helper()
	sale, err := m.gateway.Buy(m.Context(), p)
	m.ok(err)
	if sale.Status() != status {
		m.Errorf("answered %d (%v), want %d", sale.Status(), sale.Fault, status)
	}
	return sale
}

// gets wants a sale to be delivered with its receipt.
func (m *market) gets(sale Sale, body string) {
	m.Helper()
	if sale.Answer == nil || string(sale.Answer.Body) != body || sale.Response == nil || sale.Challenge != nil {
		m.Errorf("delivered %+v with fault %v, want %s", sale.Answer, sale.Fault, body)
		return
	}
	_, value := sale.Response.Header(x402.V2)
	text, err := base64.StdEncoding.DecodeString(value)
	m.ok(err)
	var response struct {
		Success     bool
		Transaction string
	}
	m.ok(json.Unmarshal(text, &response))
	if !response.Success || response.Transaction == "" {
		m.Errorf("the receipt says %s", text)
	}
}

// settlement is what is stored of a payment.
func (m *market) settlement(p Purchase) ports.AuthorizationRow {
	m.Helper()
	row, _, err := m.store.Authorizations().ByKey(m.Context(), m.keyOf(p))
	m.ok(err)
	return row
}

func (m *market) is(p Purchase, want x402.Status) {
	m.Helper()
	if got := m.settlement(p).Settlement.Snapshot(); got.Status != want {
		m.Errorf("the settlement is %s (%s), want %s", got.Status, got.Reason, want)
	}
}

// books wants so many payments in the book that were not reversed, and so many reversals.
func (m *market) books(standing, reversals int) {
	m.Helper()
	page, err := m.store.Page(m.Context(), ports.StatementQuery{
		Merchant: m.shop.ID(), Project: m.shop.Project.ID, Mode: merchant.Test, Limit: 100,
	})
	m.ok(err)
	booked, reversed := 0, 0
	for _, line := range page.Lines {
		switch line.Transaction.Kind {
		case ledger.KindAgent:
			booked++
		case ledger.KindReversal:
			reversed++
		case ledger.KindPayment, ledger.KindCharge:
		}
	}
	if booked-reversed != standing || reversed != reversals {
		m.Errorf("the book has %d payments and %d reversals, want %d standing and %d reversals",
			booked, reversed, standing, reversals)
	}
	m.told(webhook.AgentSettled, booked)
	m.told(webhook.AgentReversed, reversed)
}

func (m *market) told(t webhook.Type, want int) {
	m.Helper()
	events, _, err := m.store.Events(m.Context(), ports.EventQuery{
		Project: m.shop.Project.ID, Mode: merchant.Test, Type: t, Limit: 100,
	})
	m.ok(err)
	if len(events) != want {
		m.Errorf("told of %s %d times, want %d", t, len(events), want)
	}
}

// pass lets time go by, with a reconciler at work every second.
func (m *market) pass(d time.Duration) {
	m.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(time.Second)
		_ = m.gateway.reconciler.Tick(m.Context()) // what it cannot do now it does later
	}
}
