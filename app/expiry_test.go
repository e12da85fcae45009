package app

import (
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// A payment is seen, its amount is let go, and then it is final: it is nobody's, and its session must
// not wait for it any longer.
func TestAPaymentWhoseAmountWasLetGoDoesNotKeepItsSession(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.clock.set(session.Intent.HoldUntil.Add(2 * time.Second))
	s.play(session.ID, ScenarioExact)
	s.pass(1500 * time.Millisecond)
	s.is(session.ID, checkout.Processing)
	for range 50 {
		s.pass(200 * time.Millisecond)
		s.ok(s.settlement.LetGo(t.Context()))
	}
	if rows := s.queue(); len(rows) != 1 || rows[0].Disposition != ports.Unmatched {
		t.Fatalf("kept %+v", rows)
	}
	s.ok(s.settlement.Expire(t.Context()))
	s.is(session.ID, checkout.Expired)
}

// A session expires only when the chain is read beyond its deadline, and never while a payment is
// in sight.
func TestExpiryWaitsForTheChain(t *testing.T) {
	s := openStage(t)
	idle, unchosen := s.asked(), s.asked()
	due, err := money.Parse(money.USDT, "9.99")
	s.ok(err)
	opened, _, err := s.checkout.Open(t.Context(), OpenInput{Who: s.who(), Kind: checkout.KindCheckout, Due: due}, Once[OpenedSession]{})
	s.ok(err)
	deadline := idle.ExpiresAt
	s.clock.set(deadline.Add(time.Minute))
	s.ok(s.settlement.Expire(t.Context()))
	s.is(opened.ID, checkout.Expired) // nothing was asked for
	s.is(idle.ID, checkout.Awaiting)
	s.tick()
	s.ok(s.settlement.Expire(t.Context()))
	s.ok(s.settlement.Expire(t.Context()))
	s.is(idle.ID, checkout.Expired)
	s.is(unchosen.ID, checkout.Expired)
	s.wantTold(idle.ID, webhook.PaymentExpired)
}

func TestAPaymentInSightOutlivesTheDeadline(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.clock.set(session.ExpiresAt.Add(-time.Second))
	s.play(session.ID, ScenarioExact)
	s.pass(1500 * time.Millisecond)
	s.is(session.ID, checkout.Processing)
	s.ok(s.settlement.Expire(t.Context()))
	s.is(session.ID, checkout.Processing)
	s.pass(3 * time.Second)
	if paid := s.is(session.ID, checkout.Settled); paid.Receipt.Late {
		t.Error("called late")
	}
}

// index names transactions as an explorer does.
type index []chain.TxID

func (i index) TransfersTo(context.Context, chain.Asset, chain.Address, time.Time, int) ([]chain.TxID, error) {
	return i, nil
}

// Before a session lapses the explorer is asked, and what it names counts if the chain confirms it.
func TestAnExplorersWordIsProvenBeforeASessionLapses(t *testing.T) {
	s := openStage(t)
	session, unpaid := s.asked(), s.asked()
	s.settlement.Rails.Explorers = map[chain.Network]ports.Explorer{
		chain.Sandbox: index{portstest.TxID(), transfers(session, ScenarioExact, 0, s.clock.Now())[0].TxID},
	}
	s.clock.set(s.clock.Now().Add(time.Minute))
	s.play(session.ID, ScenarioExact)
	// A watcher that lost what it read: the cursor is beyond the transfer, which is not recorded.
	blind := s.settlement.Rails.Chains[chain.Sandbox]
	s.settlement.Rails.Chains[chain.Sandbox] = deaf{s.chain}
	s.pass(time.Hour)
	s.settlement.Rails.Chains[chain.Sandbox] = blind
	s.is(session.ID, checkout.Awaiting)
	s.ok(s.settlement.Expire(t.Context()))
	if paid := s.is(session.ID, checkout.Settled); paid.Receipt.Late {
		t.Error("called late")
	}
	s.is(unpaid.ID, checkout.Expired)
}

// deaf is a node that finds nothing.
type deaf struct{ ports.Chain }

func (c deaf) Scan(ctx context.Context, from, to uint64, w ports.Watch) (ports.Span, error) {
	span, err := c.Chain.Scan(ctx, from, to, w)
	span.Transfers = nil
	return span, err
}

// What was paid in time is found after any outage: its amount is held until the chain, not the
// clock, has passed the end of the hold.
func TestAmountsAreHeldByTheChainsTime(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	s.clock.set(session.Intent.HoldUntil.Add(time.Hour))
	s.ok(s.settlement.LetGo(t.Context()))
	s.tick()
	s.is(session.ID, checkout.Settled)
	s.ok(s.settlement.LetGo(t.Context()))
	free, err := s.store.Taken(t.Context(), session.Intent.Asset, session.Intent.Address, session.Intent.Units, session.Intent.Units)
	s.ok(err)
	if len(free) != 0 {
		t.Error("the amount is held for ever")
	}
}

// A network that nobody has read for days keeps its own amounts and nobody else's.
func TestANetworkThatStandsStillKeepsNobodyElsesAmounts(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.settlement.Rails.Chains[chain.Tron] = tronLike{}
	s.ok(s.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Cursors.Start(ctx, ports.Cursor{
			Network: chain.Tron, Height: 7, BlockID: "07", BlockTime: s.clock.Now(), UpdatedAt: s.clock.Now(),
		})
	}))
	stuck := *session.Intent
	stuck.ID, stuck.Asset = checkout.IntentID(portstest.UUID()), tronUSDT
	s.ok(s.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sessions.Reserve(ctx, stuck)
	}))
	s.pass(session.Intent.HoldUntil.Add(time.Hour).Sub(s.clock.Now()))
	s.ok(s.settlement.LetGo(t.Context()))
	for asset, want := range map[chain.Asset]int{session.Intent.Asset: 0, tronUSDT: 1} {
		held, err := s.store.Taken(t.Context(), asset, stuck.Address, stuck.Units, stuck.Units)
		s.ok(err)
		if len(held) != want {
			t.Errorf("%d amounts are held on %s, want %d", len(held), asset.Network, want)
		}
	}
}
