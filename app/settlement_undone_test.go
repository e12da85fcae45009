package app

import (
	"context"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// A chain that undoes a final block takes the booking back, and the session can be paid again.
func TestAReorganisationIsBookedBackAndPaidAgain(t *testing.T) {
	s := openStage(t)
	bystander := s.asked()
	s.play(bystander.ID, ScenarioExact)
	session := s.asked()
	s.pass(2 * time.Second)
	s.play(session.ID, ScenarioExact)
	s.pass(5 * time.Second)
	s.is(session.ID, checkout.Settled)
	s.play(session.ID, ScenarioReorg)
	s.pass(5 * time.Second)
	again := s.is(session.ID, checkout.Awaiting)
	s.is(bystander.ID, checkout.Settled)
	if again.Intent.Units.Cmp(session.Intent.Units) != 0 || !again.ExpiresAt.After(s.clock.Now()) {
		t.Errorf("after the reversal it cannot be paid again: %+v", again)
	}
	s.play(session.ID, ScenarioExact)
	s.pass(5 * time.Second)
	s.is(session.ID, checkout.Settled)

	sum := new(big.Int)
	for _, line := range s.book() {
		if line.Transaction.SessionID != string(session.ID) {
			continue
		}
		p := line.Transaction.Postings[0]
		if line.Transaction.Kind == ledger.KindReversal {
			sum.Sub(sum, p.Amount.Minor())
			if p.Source != ledger.Of(s.shop.ID(), merchant.Test, ledger.Received+"sandbox") {
				t.Errorf("the reversal takes from %s", p.Source)
			}
			continue
		}
		sum.Add(sum, p.Amount.Minor())
	}
	if sum.Cmp(session.Intent.Units) != 0 {
		t.Errorf("the book says %s was received, want %s", sum, session.Intent.Units)
	}
	s.wantTold(session.ID, webhook.PaymentPaid, webhook.PaymentReversed, webhook.PaymentPaid)
}

// A payment that only moved to another block is the same payment.
func TestAPaymentThatMovedIsNotReversed(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	s.pass(5 * time.Second)
	paid := s.is(session.ID, checkout.Settled)
	s.ok(s.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sandbox.Reorg(ctx, portstest.TxID(), ports.SandboxReorg{At: s.clock.Now(), Height: paid.Receipt.Height - 1})
	}))
	s.pass(5 * time.Second)
	s.is(session.ID, checkout.Settled)
	rows := s.rows(session.ID)
	id, err := s.chain.BlockID(t.Context(), paid.Receipt.Height)
	s.ok(err)
	if len(rows) != 1 || rows[0].Disposition != ports.Settled || rows[0].Transfer.BlockID != id {
		t.Errorf("the transfer is recorded as %+v", rows)
	}
	s.wantTold(session.ID, webhook.PaymentPaid)
}

// A sighting that vanished before it was final leaves nothing behind but the news that it vanished.
func TestASightingThatVanishesIsTakenBack(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	s.pass(time.Second)
	s.is(session.ID, checkout.Processing)
	s.ok(s.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		tx := transfers(session, ScenarioExact, 0, s.clock.Now())[0].TxID
		height := uint64(s.clock.Now().UnixMilli() / sandbox.BlockPeriod.Milliseconds())
		return r.Sandbox.Reorg(ctx, tx, ports.SandboxReorg{At: s.clock.Now(), Height: height - 2})
	}))
	s.pass(time.Second)
	s.is(session.ID, checkout.Awaiting)
	s.pass(5 * time.Second)
	s.is(session.ID, checkout.Awaiting)
	s.wantTold(session.ID, webhook.PaymentDetected, webhook.PaymentReverted)
	if lines := s.book(); len(lines) != 0 {
		t.Errorf("booked %v", lines)
	}
}

// forked is a chain of two endpoints: one vouches for blocks that the other, which is asked for
// transfers, has replaced.
type forked struct {
	ports.Chain
	old map[uint64]string
}

func (c forked) BlockID(ctx context.Context, height uint64) (string, error) {
	if id, known := c.old[height]; known {
		return id, nil
	}
	return c.Chain.BlockID(ctx, height)
}

// What an endpoint tells is not joined to a history only another one still has: what was undone between
// the two would never be noticed.
func TestHistoriesOfTwoForksAreNotJoined(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	s.pass(6 * time.Second)
	paid := s.is(session.ID, checkout.Settled)
	before, err := s.store.Cursors(t.Context())
	s.ok(err)
	cursor := before[0]
	s.settlement.Rails.Chains[chain.Sandbox] = forked{s.chain, map[uint64]string{cursor.Height: cursor.BlockID}}
	s.ok(s.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sandbox.Reorg(ctx, paid.Receipt.TxID,
			ports.SandboxReorg{At: s.clock.Now(), Height: paid.Receipt.Height})
	}))
	s.clock.set(s.clock.Now().Add(5 * time.Second))
	if err := s.settlement.Tick(t.Context(), chain.Sandbox); !errors.Is(err, errHistoryMoves) {
		t.Fatalf("a tick between two forks: %v", err)
	}
	if after, err := s.store.Cursors(t.Context()); err != nil || after[0].Height != cursor.Height {
		t.Fatalf("read on to %+v, %v", after, err)
	}
	s.settlement.Rails.Chains[chain.Sandbox] = s.chain
	s.tick()
	s.is(session.ID, checkout.Awaiting)
}

// elsewhere is a chain on a fork of its own from a height on, without any transfers there.
type elsewhere struct {
	ports.Chain
	from uint64
}

func (c elsewhere) id(height uint64, id string) string {
	if height < c.from {
		return id
	}
	return "f0" + id[2:]
}

func (c elsewhere) Head(ctx context.Context) (chain.Head, error) {
	h, err := c.Chain.Head(ctx)
	h.FinalID = c.id(h.Final, h.FinalID)
	return h, err
}

func (c elsewhere) BlockID(ctx context.Context, height uint64) (string, error) {
	id, err := c.Chain.BlockID(ctx, height)
	return c.id(height, id), err
}

func (c elsewhere) Scan(ctx context.Context, from, to uint64, w ports.Watch) (ports.Span, error) {
	span, err := c.Chain.Scan(ctx, from, to, w)
	span.ParentID, span.ToID, span.Transfers = c.id(from-1, span.ParentID), c.id(to, span.ToID), nil
	return span, err
}

func (c elsewhere) Seen(context.Context, chain.Head, ports.Watch) ([]chain.Transfer, error) {
	return nil, nil
}

// Endpoints disagree about history: a payment is undone by the word of one, and is in the very block it
// was in by the word of another. It is booked again, and nobody is stuck on it.
func TestAPaymentThatComesBackInItsOldBlockIsBookedAgain(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.pass(2 * time.Second)
	s.play(session.ID, ScenarioExact)
	s.pass(6 * time.Second)
	for range 2 {
		paid := s.is(session.ID, checkout.Settled)
		s.settlement.Rails.Chains[chain.Sandbox] = elsewhere{s.chain, paid.Receipt.Height}
		s.pass(time.Second)
		s.is(session.ID, checkout.Awaiting)
		s.settlement.Rails.Chains[chain.Sandbox] = s.chain
		s.pass(time.Second)
	}
	s.is(session.ID, checkout.Settled)
	if lines := s.book(); len(lines) != 5 {
		t.Errorf("%d transactions are booked, want 3 payments and 2 reversals", len(lines))
	}
	s.wantTold(session.ID, webhook.PaymentPaid, webhook.PaymentReversed, webhook.PaymentPaid,
		webhook.PaymentReversed, webhook.PaymentPaid)
}
