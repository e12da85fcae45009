package app

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
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

// A server of either version has a payment verified and settled, and finds it in the books.
func TestOtherServersAreSettledFor(t *testing.T) {
	for _, v := range []x402.Version{x402.V1, x402.V2} {
		inMarket(t, func(m *market) {
			t := m.T
			s, f := m.server(10_000), m.facilitator()
			s.version = v
			p := s.presented()
			m.ok(f.Verify(t.Context(), p))
			m.ok(f.Verify(t.Context(), p)) // without effect
			m.books(0, 0)
			got, err := f.Settle(t.Context(), p)
			m.ok(err)
			row := m.row(p)
			if s := row.Settlement.Snapshot(); got.ID != row.ID || got.TxID != s.TxID || s.Status != x402.Settled {
				t.Errorf("told %+v of %s", got, s.Status)
			}
			if row.Version != v || row.ResourceID != "" || row.Title != s.page || row.Price.String() != "0.01" {
				t.Errorf("recorded %+v", row)
			}
			m.books(1, 0)
			found, err := f.Status(t.Context(), s.who, got.ID)
			if err != nil || SettlementProgressOf(found.Settlement.Snapshot().Status) != SettlementCompleted {
				t.Errorf("%+v, %v", found, err)
			}
		})
	}
}

// One payment opens one page. Whoever presents copies of it to a server gets no more, however he times them;
// the server itself may repeat its request under its key.
func TestSuccessIsToldOnce(t *testing.T) {
	inMarket(t, func(m *market) {
		t := m.T
		s, f := m.server(10_000), m.facilitator()
		p := s.presented()
		p.Repeat = "request 7"
		first, err := f.Settle(t.Context(), p)
		m.ok(err)
		copied := p
		copied.Repeat = ""
		m.refuses(f.Verify(t.Context(), copied), x402.ReasonUsed)
		for _, key := range []string{"", "request 8"} {
			copied.Repeat = key
			again, err := f.Settle(t.Context(), copied)
			m.refuses(err, x402.ReasonDuplicate)
			if again != first {
				t.Errorf("told %+v, want %+v", again, first)
			}
		}
		m.gateway = m.start(m.store) // whatever was remembered
		again, err := m.facilitator().Settle(t.Context(), p)
		if m.ok(err); again != first {
			t.Errorf("told %+v, want %+v", again, first)
		}
		time.Sleep(x402.ReplayFor + time.Second)
		_, err = f.Settle(t.Context(), p)
		m.refuses(err, x402.ReasonUsed)
		m.books(1, 0)
	})
}

func TestOfManyWhoSettleAtOnceOneIsTold(t *testing.T) {
	inMarket(t, func(m *market) {
		t := m.T
		s, f := m.server(10_000), m.facilitator()
		p := s.presented()
		other := m.start(m.store)
		elsewhere := &Facilitator{
			Core: other.Core, Rails: other.Relayer.Rails, Relayer: other.Relayer, Reads: other.Reads, Log: f.Log,
		}
		var mu sync.Mutex
		told := 0
		var wg sync.WaitGroup
		for i := range 32 {
			wg.Go(func() {
				f := f
				if i%2 == 1 {
					f = elsewhere
				}
				_, err := f.Settle(t.Context(), p)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					told++
					return
				}
				m.refuses(err, x402.ReasonDuplicate)
			})
		}
		wg.Wait()
		sent, err := m.store.Lanes().OfSettlement(t.Context(), m.row(p).Settlement.Snapshot().Due.Key())
		if m.ok(err); told != 1 || len(sent) != 1 {
			t.Errorf("%d were told of success, %d transactions were signed", told, len(sent))
		}
		m.books(1, 0)
	})
}

// A server that went away before it was told, or a gateway that did, is told when it asks again.
func TestWhoWasNotToldIsTold(t *testing.T) {
	inMarket(t, func(m *market) {
		t := m.T
		s, f := m.server(10_000), m.facilitator()
		p := s.presented()
		gone, hangUp := context.WithCancel(t.Context())
		hangUp()
		_, err := f.Settle(gone, p)
		m.refuses(err, x402.ReasonPending)
		if got := m.row(p).Settlement.Snapshot().Status; got != x402.Settled {
			t.Fatalf("what was begun ended %s", got)
		}
		m.gateway = m.start(m.store)
		f = m.facilitator()
		m.ok(f.Verify(t.Context(), p)) // its payer presents it again
		_, err = f.Settle(t.Context(), p)
		m.ok(err)
		_, err = f.Settle(t.Context(), p)
		m.refuses(err, x402.ReasonDuplicate)
		m.books(1, 0)
	})
}

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

// What the chain says of a payment is told, and it may be presented again; what is ours is not told of the
// payment.
func TestTheChainsWordAndOurFaults(t *testing.T) {
	inMarket(t, func(m *market) {
		t := m.T
		f := m.facilitator()
		for units, want := range map[uint64]x402.Reason{10_402: x402.ReasonFunds, 10_409: x402.ReasonUsed} {
			p := m.server(units).presented()
			m.refuses(f.Verify(t.Context(), p), want)
			for range 2 { // again, and refused again
				_, err := f.Settle(t.Context(), p)
				m.refuses(err, want)
			}
		}
		p := m.server(10_503).presented()
		for range 2 {
			if err := f.Verify(t.Context(), p); !isOurs(err) || fault.From(err).Kind != fault.Unavailable {
				t.Errorf("verify: %v", err)
			}
		}
		if _, err := f.Settle(t.Context(), p); !isOurs(err) || fault.From(err).Kind != fault.Unavailable {
			t.Errorf("settle: %v", err)
		}
		p = m.server(10_500).presented()
		_, err := f.Settle(t.Context(), p)
		m.refuses(err, x402.ReasonReverted)
		_, err = f.Settle(t.Context(), p)
		m.refuses(err, x402.ReasonReverted)
		m.books(0, 0)
	})
}

// A payment that takes long is pending, is never told as anything else, and is told when it is settled.
func TestPendingIsToldAsPending(t *testing.T) {
	inMarket(t, func(m *market) {
		t := m.T
		s, f := m.server(10_202), m.facilitator() // mined after half a minute
		p := s.presented()
		began := time.Now()
		got, err := f.Settle(t.Context(), p)
		m.refuses(err, x402.ReasonPending)
		if got.ID == "" || got.TxID == (x402.Hash{}) {
			t.Errorf("told %+v", got)
		}
		if took := time.Since(began); took > 29*time.Second {
			t.Errorf("it took %s, longer than clients wait", took)
		}
		m.ok(f.Verify(t.Context(), p))
		var wg sync.WaitGroup
		wg.Go(func() { m.pass(30 * time.Second) })
		_, err = f.Settle(t.Context(), p) // as official servers do at once
		wg.Wait()
		m.ok(err)
		m.books(1, 0)
		m.refuses(f.Verify(t.Context(), p), x402.ReasonUsed)
	})
	inMarket(t, func(m *market) {
		t := m.T
		s, f := m.server(10_408), m.facilitator() // never mined
		p := s.presented()
		_, err := f.Settle(t.Context(), p)
		m.refuses(err, x402.ReasonPending)
		m.pass(10 * time.Minute)
		_, err = f.Settle(t.Context(), p)
		m.refuses(err, x402.ReasonExpired)
		m.books(0, 0)
	})
	inMarket(t, func(m *market) {
		t := m.T
		s, f := m.server(10_208), m.facilitator() // somebody else submits it first
		_, err := f.Settle(t.Context(), s.presented())
		m.ok(err)
		m.books(1, 0)
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

// remoteFacilitator is somebody else's, whose word is not believed.
type remoteFacilitator struct {
	ports.Delegate
	verify, settle error
	supports       bool
	sent           x402.Hash
}

func (r remoteFacilitator) Supports(context.Context, x402.Network) (bool, error) {
	return r.supports, r.verify
}
func (r remoteFacilitator) Verify(context.Context, x402.Verified) error { return r.verify }
func (r remoteFacilitator) Settle(context.Context, x402.Verified) (x402.Hash, error) {
	return r.sent, r.settle
}

func TestAnotherFacilitatorsWordMovesNothing(t *testing.T) {
	inMarket(t, func(m *market) {
		t := m.T
		rail := m.gateway.Relayer.Rails[0]
		rail.Relay = nil
		with := func(d remoteFacilitator) *Facilitator {
			rail.Delegate = d
			m.gateway = m.start(m.store)
			m.gateway.Relayer.Rails = TokenRails{rail}
			return m.facilitator(rail)
		}
		s := m.server(10_000)
		refusing := with(remoteFacilitator{verify: x402.ReasonSignature.Refuse("no")})
		p := s.presented()
		m.refuses(refusing.Verify(t.Context(), p), x402.ReasonSignature)
		_, err := refusing.Settle(t.Context(), p)
		m.refuses(err, x402.ReasonSignature)

		lying := with(remoteFacilitator{sent: x402.Hash{1}})
		got, err := lying.Settle(t.Context(), s.presented())
		m.refuses(err, x402.ReasonPending)
		if got.TxID != (x402.Hash{1}) {
			t.Errorf("told %+v", got)
		}
		silent := with(remoteFacilitator{settle: ports.ErrChainUnavailable})
		_, err = silent.Settle(t.Context(), s.presented())
		m.refuses(err, x402.ReasonPending)
		m.books(0, 0)

		if got, err := with(remoteFacilitator{}).Supported(t.Context()); err != nil || len(got.Networks) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := with(remoteFacilitator{supports: true}).Supported(t.Context()); err != nil || len(got.Networks) != 1 || len(got.Signers) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := refusing.Supported(t.Context()); err == nil {
			t.Error("it supports what nobody could tell of")
		}
	})
}

func listed(s *resource.Snapshot) { s.Terms.Discoverable = true }

func TestTheCatalogIsPublic(t *testing.T) {
	inMarket(t, func(m *market) {
		t := m.T
		f := m.facilitator()
		got, err := f.Supported(t.Context())
		if m.ok(err); len(got.Networks) != 1 || got.Networks[0] != sandbox.TokenNetwork || len(got.Signers) == 0 {
			t.Errorf("%+v", got)
		}
		m.sells("hidden", "10000")
		m.sells("report", "20000", listed)
		time.Sleep(time.Second)
		m.sells("weather", "30000", listed)
		for _, offset := range []int{0, 1, 2} {
			items, total, err := f.Discover(t.Context(), merchant.Test, offset, 1)
			if err != nil || total != 2 || len(items) != min(1, 2-offset) {
				t.Fatalf("%d of %d, %v", len(items), total, err)
			}
			if offset == 1 {
				var item struct {
					Resource string
					Accepts  []struct{ Amount string }
				}
				m.ok(json.Unmarshal(items[0], &item))
				if item.Resource != "https://pay.example/v1/resource/weather?merchant="+string(m.shop.ID()) ||
					item.Accepts[0].Amount != "30000" {
					t.Errorf("%s", items[0])
				}
			}
		}
		if _, total, err := f.Discover(t.Context(), merchant.Live, 0, 20); err != nil || total != 0 {
			t.Errorf("%d live, %v", total, err)
		}
	})
}

// lossy is a store whose answer to one commit is lost: what was done is done.
type lossy struct {
	ports.UnitOfWork
	mu   sync.Mutex
	left int // commits until then
}

func (l *lossy) Do(ctx context.Context, fn func(context.Context, ports.Repos) error) error {
	err := l.UnitOfWork.Do(ctx, fn)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left--; l.left == 0 && err == nil {
		return ports.ErrOutcomeUnknown
	}
	return err
}

// Whichever answer of the store is lost, a server is told of success once in the end, and never that its
// payment failed.
func TestLostCommitsLoseNoPayment(t *testing.T) {
	for lost := range 12 {
		inMarket(t, func(m *market) {
			t := m.T
			m.gateway = m.start(&lossy{UnitOfWork: m.store, left: lost + 1})
			s, f, told := m.server(10_000), m.facilitator(), 0
			p := s.presented()
			for range 4 {
				_, err := f.Settle(t.Context(), p)
				var refusal *x402.Refusal
				switch {
				case err == nil:
					told++
				case errors.As(err, &refusal) && told > 0 && refusal.Reason == x402.ReasonDuplicate:
				case errors.As(err, &refusal):
					m.refuses(err, x402.ReasonPending)
				default: // the request failed, and must have signed nothing
					if sent, err := m.store.Lanes().OfSettlement(t.Context(), keyOf(p)); err != nil || len(sent) > 0 {
						t.Errorf("commit %d: an error of ours is told of what was sent (%v)", lost+1, err)
					}
				}
				m.pass(time.Minute)
			}
			if told != 1 {
				t.Errorf("commit %d: told %d times", lost+1, told)
			}
			m.books(1, 0)
		})
	}
}
