package app

import (
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// facilitator is the market's gateway as other people's servers use it.
func (m *market) facilitator(rails ...TokenRail) *Facilitator {
	g := m.gateway
	all := TokenRails(rails)
	if len(all) == 0 {
		all = g.Relayer.Rails
	}
	return &Facilitator{
		Core: g.Core, Rails: all, Relayer: g.Relayer, Reads: g.Reads, Catalog: m.store, Paywall: g.Paywall,
		Log: slog.New(slog.DiscardHandler),
	}
}

// server is the program of a merchant who sells somewhere else.
type server struct {
	*market
	who     merchant.Principal
	version x402.Version
	price   portstest.TokenPrice
	page    string
}

// server has a price of its own, of so many millionths of a USDC.
func (m *market) server(units uint64) server {
	return server{
		market: m, version: x402.V2, page: "https://weather.example/tomorrow",
		who: merchant.Principal{Merchant: m.shop.ID(), Project: m.shop.Project.ID, Mode: merchant.Test},
		price: portstest.TokenPrice{
			Token: sandbox.USDC, Name: "USDC", Version: "2", Units: x402.Uint(units), PayTo: portstest.EVMAccount(),
		},
	}
}

// paid is what the server sends for somebody who pays: the same for the same page, price and payload.
func (s server) paid(payload []byte) Presented {
	s.Helper()
	var p map[string]any
	s.ok(json.Unmarshal(payload, &p))
	wants := map[string]any{
		"scheme": "exact", "asset": s.price.Token.Contract().String(), "payTo": s.price.PayTo.String(),
		"maxTimeoutSeconds": 300, "network": s.price.Token.Network().Name(s.version),
		"extra": map[string]any{"name": s.price.Name, "version": s.price.Version},
	}
	if s.version == x402.V1 {
		p = map[string]any{"x402Version": 1, "scheme": "exact", "network": wants["network"], "payload": p["payload"]}
		wants["maxAmountRequired"], wants["resource"] = s.price.Units.String(), s.page
	} else {
		p["resource"] = map[string]any{"url": s.page}
		wants["amount"] = s.price.Units.String()
	}
	body, err := json.Marshal(map[string]any{
		"x402Version": int(s.version), "paymentPayload": p, "paymentRequirements": wants,
	})
	s.ok(err)
	demand, err := x402.ReadDemand(body)
	s.ok(err)
	return Presented{Who: s.who, Demand: demand}
}

// presented is a payment by somebody new.
func (s server) presented() Presented {
	return s.paid(portstest.NewTokenPayer().Sign(s.price, time.Now()))
}

// refuses wants an error to be the Refusal for a reason.
func (m *market) refuses(err error, want x402.Reason) {
	m.Helper()
	var refusal *x402.Refusal
	if !errors.As(err, &refusal) || refusal.Reason != want {
		m.Errorf("%v, want %s", err, want)
	}
}

// row is what is stored of a presented payment.
func (m *market) row(p Presented) ports.AuthorizationRow {
	m.Helper()
	row, _, err := m.store.Authorizations().ByKey(m.Context(), keyOf(p))
	m.ok(err)
	return row
}

func keyOf(p Presented) x402.ClaimKey {
	a := p.Demand.Payload.Authorization()
	return x402.ClaimKey{Network: p.Demand.Network, Asset: p.Demand.Asset, Payer: a.From, Nonce: a.Nonce}
}
