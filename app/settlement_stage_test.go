package app

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// stage is a shop that takes test payments, a payer, and a watcher that looks when it is told to.
type stage struct {
	t          *testing.T
	store      *memory.Store
	shop       portstest.Shop
	clock      *postClock
	chain      *sandbox.Chain
	checkout   Checkout
	settlement *Settlement
	sandbox    Sandbox
}

// even quotes everything one to one.
type even struct{ clock ports.Clock }

func (e even) Rate(_ context.Context, _ merchant.Mode, from money.Currency, asset string) (money.Rate, error) {
	unit, err := money.Parse(from, "1")
	return money.Rate{From: from.Code(), To: asset, Price: unit.Decimal(), Source: "test", At: e.clock.Now()}, err
}

func openStage(t *testing.T) *stage {
	t.Helper()
	store := memory.New(memory.Restless())
	clock := &postClock{now: portstest.Epoch}
	core := Core{Work: store, Clock: clock, IDs: postIDs{}, Vault: markedVault{}}
	simulated := sandbox.New(store, clock)
	rails := Rails{Chains: map[chain.Network]ports.Chain{chain.Sandbox: simulated}, Cursors: store}
	events := Announcer{IDs: postIDs{}, Clock: clock, Encoder: plainWords{}}
	s := &stage{
		t: t, store: store, clock: clock, chain: simulated,
		shop:     portstest.OpenShop(t, portstest.World{Work: store}),
		checkout: Checkout{Core: core, Sessions: store, Rails: rails, Rates: even{clock}, Changes: store, Events: events},
		settlement: &Settlement{
			Core: core, Rails: rails, Sessions: store, Changes: store, Orders: store, Watches: store, Events: events,
			Log: slog.New(slog.DiscardHandler),
		},
		sandbox: Sandbox{Core: core, Sessions: store, Rails: rails},
	}
	s.tick()
	return s
}

func (s *stage) who() merchant.Principal {
	return merchant.Principal{Merchant: s.shop.ID(), Project: s.shop.Project.ID, Mode: merchant.Test}
}

func (s *stage) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// pass lets time go by and the watcher look.
func (s *stage) pass(d time.Duration) {
	s.t.Helper()
	s.clock.set(s.clock.Now().Add(d))
	s.tick()
}

func (s *stage) tick() {
	s.t.Helper()
	s.ok(s.settlement.Tick(s.t.Context(), chain.Sandbox))
}

// asked answers a session whose payer was told where to pay how much.
func (s *stage) asked() checkout.Snapshot {
	s.t.Helper()
	return s.askedFor("9.99")
}

func (s *stage) askedFor(usdt string) checkout.Snapshot {
	s.t.Helper()
	due, err := money.Parse(money.USDT, usdt)
	s.ok(err)
	opened, _, err := s.checkout.Open(s.t.Context(), OpenInput{Who: s.who(), Kind: checkout.KindCheckout, Due: due}, Once[OpenedSession]{})
	s.ok(err)
	issued, err := s.checkout.Intent(s.t.Context(), opened.ID, Choice{Method: checkout.USDT})
	s.ok(err)
	return issued
}

func (s *stage) play(id checkout.SessionID, scenario Scenario) {
	s.t.Helper()
	s.ok(s.sandbox.Play(s.t.Context(), id, scenario))
}

func (s *stage) is(id checkout.SessionID, want checkout.Status) checkout.Snapshot {
	s.t.Helper()
	got, err := s.checkout.Get(s.t.Context(), id)
	s.ok(err)
	if got.Status != want {
		s.t.Fatalf("the session is %s, want %s", got.Status, want)
	}
	return got
}

// told lists the types of events a session caused, oldest first.
func (s *stage) told(id checkout.SessionID) (types []webhook.Type) {
	s.t.Helper()
	events, _, err := s.store.Events(s.t.Context(), ports.EventQuery{
		Project: s.shop.Project.ID, Mode: merchant.Test, SessionID: string(id), Limit: 100,
	})
	s.ok(err)
	for i := len(events) - 1; i >= 0; i-- {
		types = append(types, events[i].Type)
	}
	return types
}

func (s *stage) wantTold(id checkout.SessionID, want ...webhook.Type) {
	s.t.Helper()
	got := map[webhook.Type]int{}
	for _, t := range s.told(id) {
		got[t]++
	}
	for _, t := range append([]webhook.Type{webhook.PaymentCreated}, want...) {
		got[t]--
	}
	for t, n := range got {
		if n != 0 {
			s.t.Errorf("%s was told %+d times too often", t, n)
		}
	}
}

// book answers the shop's transactions, newest first.
func (s *stage) book() []ports.Booked {
	s.t.Helper()
	page, err := s.store.Page(s.t.Context(), ports.StatementQuery{
		Merchant: s.shop.ID(), Mode: merchant.Test, Limit: 100,
	})
	s.ok(err)
	return page.Lines
}

func (s *stage) rows(id checkout.SessionID) (rows []ports.TransferRow) {
	s.t.Helper()
	s.ok(s.store.Do(s.t.Context(), func(ctx context.Context, r ports.Repos) (err error) {
		rows, _, err = r.Transfers.OfSession(ctx, id)
		return err
	}))
	return rows
}

func (s *stage) queue() (rows []ports.TransferRow) {
	s.t.Helper()
	s.ok(s.store.Do(s.t.Context(), func(ctx context.Context, r ports.Repos) error {
		page, err := r.Transfers.Queue(ctx, ports.QueueQuery{
			Project: s.shop.Project.ID, Mode: merchant.Test, Limit: 100,
		})
		rows = page.Rows
		return err
	}))
	return rows
}
