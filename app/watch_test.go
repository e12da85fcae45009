package app

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// An outage hides nothing: the cursor stays where it was, and everything is read afterwards.
func TestAnOutageOnlyDelays(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.play(session.ID, ScenarioNodeOutage)
	s.play(session.ID, ScenarioExact)
	s.clock.set(s.clock.Now().Add(5 * time.Second))
	if err := s.settlement.Tick(t.Context(), chain.Sandbox); !errors.Is(err, ports.ErrChainUnavailable) {
		t.Fatalf("a tick in an outage: %v", err)
	}
	s.is(session.ID, checkout.Awaiting)
	s.pass(nodeOutage)
	s.is(session.ID, checkout.Settled)
}

// A silent watcher shows no addresses: nobody would see the payment in time.
func TestNoAddressIsShownOnAChainNobodyReads(t *testing.T) {
	s := openStage(t)
	due, err := money.Parse(money.USDT, "9.99")
	s.ok(err)
	opened, _, err := s.checkout.Open(t.Context(), OpenInput{Who: s.who(), Kind: checkout.KindCheckout, Due: due}, Once[OpenedSession]{})
	s.ok(err)
	s.clock.set(s.clock.Now().Add(railSilence))
	if _, err := s.checkout.Intent(t.Context(), opened.ID, Choice{Method: checkout.USDT}); !errors.Is(err, ports.ErrChainUnavailable) {
		t.Errorf("an intent on a silent rail: %v", err)
	}
}

// still is a chain that makes no blocks.
type still struct {
	ports.Chain
	head chain.Head
}

func (c still) Head(context.Context) (chain.Head, error) { return c.head, nil }

// A chain that makes no blocks is still being read: payers must not be turned away from it.
func TestAQuietChainIsNotASilentWatcher(t *testing.T) {
	s := openStage(t)
	head, err := s.chain.Head(t.Context())
	s.ok(err)
	s.settlement.Rails.Chains[chain.Sandbox] = still{s.chain, head}
	s.pass(0)
	for range 20 {
		s.pass(railSilence / 10)
	}
	s.ok(s.settlement.Rails.Ready(t.Context(), chain.Sandbox, s.clock.Now()))
}

// A node that has not come as far as we have is not believed.
func TestANodeBehindIsNotBelieved(t *testing.T) {
	s := openStage(t)
	head, err := s.chain.Head(t.Context())
	s.ok(err)
	s.pass(10 * time.Second)
	s.settlement.Rails.Chains[chain.Sandbox] = still{s.chain, head}
	if err := s.settlement.Tick(t.Context(), chain.Sandbox); !errors.Is(err, errNodeBehind) {
		t.Errorf("a tick with a node behind: %v", err)
	}
}

// narrow is a chain whose node refuses more than a few blocks at once.
type narrow struct {
	ports.Chain
	most   uint64
	widest uint64
}

func (c *narrow) Scan(ctx context.Context, from, to uint64, w ports.Watch) (ports.Span, error) {
	if to-from >= c.most {
		return ports.Span{}, ports.ErrSpanTooWide
	}
	c.widest = max(c.widest, to-from+1)
	return c.Chain.Scan(ctx, from, to, w)
}

// A range the node refuses is halved until it is taken, and nothing is skipped.
func TestRefusedRangesAreHalvedAndNothingIsSkipped(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	node := &narrow{Chain: s.chain, most: 7}
	s.settlement.Rails.Chains[chain.Sandbox] = node
	s.pass(5 * time.Minute)
	s.is(session.ID, checkout.Settled)
	if node.widest == 0 || node.widest > node.most {
		t.Errorf("the widest range was %d blocks", node.widest)
	}
}
