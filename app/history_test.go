package app

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// turning is a chain to which something happens just before it is scanned.
type turning struct {
	ports.Chain
	before func()
}

// Scan implements ports.Chain.
func (c *turning) Scan(ctx context.Context, from, to uint64, w ports.Watch) (ports.Span, error) {
	if happen := c.before; happen != nil {
		c.before = nil
		happen()
	}
	return c.Chain.Scan(ctx, from, to, w)
}

// History that changes between the look at the cursor's block and the scan is not stepped over.
func TestAChangeOfHistoryDuringATickIsNoticed(t *testing.T) {
	s := openStage(t)
	moving := &turning{Chain: s.chain}
	s.settlement.Rails.Chains[chain.Sandbox] = moving
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	s.pass(5 * time.Second)
	s.is(session.ID, checkout.Settled)

	moving.before = func() { s.play(session.ID, ScenarioReorg) }
	s.clock.set(s.clock.Now().Add(5 * time.Second))
	if err := s.settlement.Tick(t.Context(), chain.Sandbox); !errors.Is(err, errHistoryMoves) {
		t.Fatalf("the tick during which history changed: %v", err)
	}
	s.pass(5 * time.Second)
	s.is(session.ID, checkout.Awaiting)
	s.wantTold(session.ID, webhook.PaymentPaid, webhook.PaymentReversed)
}

// A transfer recorded ahead of the watcher, because its payer named it, and undone before the watcher
// came there, is taken back.
func TestANamedTransactionThatIsUndoneIsTakenBack(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	tx := transfers(session, ScenarioExact, 0, s.clock.Now())[0].TxID
	s.clock.set(s.clock.Now().Add(5 * time.Second))
	_, err := s.settlement.Prove(t.Context(), session.ID, string(tx))
	s.ok(err)
	s.is(session.ID, checkout.Settled)

	s.play(session.ID, ScenarioReorg)
	if err := s.settlement.Tick(t.Context(), chain.Sandbox); !errors.Is(err, errHistoryMoves) {
		t.Fatalf("the tick that found the transfer gone: %v", err)
	}
	s.tick()
	s.is(session.ID, checkout.Awaiting)
	s.wantTold(session.ID, webhook.PaymentPaid, webhook.PaymentReversed)
}
