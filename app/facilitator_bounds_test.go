package app

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// What is bound to one merchant, page or resource pays for no other, and nobody hears of another's.
func TestPaymentsAreBoundToTheirServer(t *testing.T) {
	inMarket(t, func(m *market) {
		t := m.T
		s, f := m.server(10_000), m.facilitator()
		payload := portstest.NewTokenPayer().Sign(s.price, time.Now())
		got, err := f.Settle(t.Context(), s.paid(payload))
		m.ok(err)

		stranger := portstest.OpenShop(t, portstest.World{Work: m.store})
		theirs, elsewhere, page := s, s, s
		theirs.who = merchant.Principal{Merchant: stranger.ID(), Project: stranger.Project.ID, Mode: merchant.Test}
		elsewhere.who.Project = stranger.Project.ID
		page.page += "?of=paris"
		for name, as := range map[string]server{"merchant": theirs, "project": elsewhere, "page": page} {
			p := as.paid(payload)
			m.refuses(f.Verify(t.Context(), p), x402.ReasonOtherResource)
			told, err := f.Settle(t.Context(), p)
			m.refuses(err, x402.ReasonOtherResource)
			if told != (Relayed{}) {
				t.Errorf("another %s is told %+v", name, told)
			}
		}
		for name, who := range map[string]merchant.Principal{
			"merchant": theirs.who, "project": elsewhere.who,
			"mode": {Merchant: s.who.Merchant, Project: s.who.Project, Mode: merchant.Live},
		} {
			if _, err := f.Status(t.Context(), who, got.ID); !isNotFound(err) {
				t.Errorf("another %s finds it: %v", name, err)
			}
		}
		m.books(1, 0)

		// The same payment does not open a page of ours either, nor one of ours theirs.
		m.sells("report", "10000")
		bought := m.pays("report")
		m.buy(bought, 200)
		paid, _, err := x402.Read(bought.V1, bought.V2)
		m.ok(err)
		s.price = m.asks("report")
		p := s.presented()
		p.Demand.Payload = paid
		_, err = f.Settle(t.Context(), p)
		m.refuses(err, x402.ReasonOtherResource)
	})
}

func TestWhatServersAskForIsCompared(t *testing.T) {
	inMarket(t, func(m *market) {
		t := m.T
		f := m.facilitator()
		for name, c := range map[string]struct {
			change func(s *server, p *Presented)
			want   x402.Reason
		}{
			"another price":   {func(_ *server, p *Presented) { p.Demand.Amount = x402.Uint(9_999) }, x402.ReasonValue},
			"another payee":   {func(_ *server, p *Presented) { p.Demand.PayTo = portstest.EVMAccount() }, x402.ReasonRecipient},
			"another timeout": {func(_ *server, p *Presented) { p.Demand.Timeout = time.Minute }, x402.ReasonRequirements},
			"another asset":   {func(_ *server, p *Presented) { p.Demand.Asset = portstest.EVMAccount() }, x402.ReasonAsset},
			"another network": {func(_ *server, p *Presented) { p.Demand.Network = 8453 }, x402.ReasonNetwork},
			"live money":      {func(_ *server, p *Presented) { p.Who.Mode = merchant.Live }, x402.ReasonNetwork},
			"nothing":         {func(_ *server, p *Presented) { p.Demand.Amount = x402.Uint256{} }, x402.ReasonRequirements},
			"expired":         {func(*server, *Presented) { time.Sleep(5 * time.Minute) }, x402.ReasonExpired},
		} {
			s := m.server(10_000)
			p := s.presented()
			c.change(&s, &p)
			m.refuses(f.Verify(t.Context(), p), c.want)
			got, err := f.Settle(t.Context(), p)
			m.refuses(err, c.want)
			if got != (Relayed{}) || t.Failed() {
				t.Fatalf("%s: told %+v", name, got)
			}
		}
		s := m.server(10_000)
		s.price.Units, _ = x402.ParseUint("1000000000000000000000000000000") // more than the books hold
		m.refuses(f.Verify(t.Context(), s.presented()), x402.ReasonRequirements)
		m.books(0, 0)
	})
}

// Live money is settled to the merchant's current address on the network, as it was recorded.
func TestLivePayeesAreTheMerchantsOwn(t *testing.T) {
	inMarket(t, func(m *market) {
		t := m.T
		rail := m.gateway.Relayer.Rails[0]
		rail.Mode, rail.Watched = merchant.Live, chain.Base
		f := m.facilitator(rail)
		s := m.server(10_000)
		s.who.Mode = merchant.Live
		now := time.Now().UTC()
		account := func(n chain.Network, change func(*merchant.ReceivingAccount)) x402.Address {
			at := portstest.EVMAccount()
			a := m.shop.Receive(chain.EVMAddress(at), now.Add(-time.Hour))
			a.Network, a.Asset, a.Seal = n, "USDC", ""
			change(&a)
			seal := a.Seal
			a.Seal = sealOf(f.Core.Vault, a)
			if seal != "" {
				a.Seal = seal
			}
			m.ok(m.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error { return r.Receiving.Add(ctx, a) }))
			return at
		}
		asIs := func(*merchant.ReceivingAccount) {}
		own := account(chain.Base, asIs)
		elsewhere := account(chain.Polygon, asIs)
		old := account(chain.Base, func(a *merchant.ReceivingAccount) {
			a.Asset, a.RemovedAt = "USDT", now.Add(-time.Minute)
		})
		later := account(chain.Base, func(a *merchant.ReceivingAccount) { a.Asset, a.ActiveFrom = "USDT", now.Add(time.Hour) })
		tampered := account(chain.Base, func(a *merchant.ReceivingAccount) { a.Asset, a.Seal = "ETH", "00" })

		try := func(to x402.Address) error {
			s.price.PayTo = to
			return f.Verify(t.Context(), s.presented())
		}
		m.ok(try(own))
		for name, to := range map[string]x402.Address{
			"stranger": portstest.EVMAccount(), "another network": elsewhere, "ended": old, "pending": later,
		} {
			if m.refuses(try(to), x402.ReasonRecipient); t.Failed() {
				t.Fatal(name)
			}
		}
		if err := try(tampered); !errors.Is(err, merchant.ErrReceivingTampered) {
			t.Errorf("tampered with: %v", err)
		}
		_, err := f.Settle(t.Context(), s.presented())
		if !errors.Is(err, merchant.ErrReceivingTampered) {
			t.Errorf("tampered with: %v", err)
		}
	})
}

func TestDisabledProjectsAreNotSettledFor(t *testing.T) {
	inMarket(t, func(m *market) {
		t := m.T
		account, project := portstest.Unregistered()
		project.Disabled = true
		m.ok(m.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Merchants.Add(ctx, account, project)
		}))
		s := m.server(10_000)
		s.who.Merchant, s.who.Project = account.Merchant.ID, project.ID
		p := s.presented()
		if err := m.facilitator().Verify(t.Context(), p); !errors.Is(err, merchant.ErrProjectDisabled) {
			t.Error(err)
		}
		if _, err := m.facilitator().Settle(t.Context(), p); !errors.Is(err, merchant.ErrProjectDisabled) {
			t.Error(err)
		}
	})
}
