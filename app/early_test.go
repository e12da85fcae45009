package app

import (
	"context"
	"errors"
	"testing"

	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// early is a project that credits payments after three blocks.
func early(t *testing.T) *stage {
	t.Helper()
	s := openStage(t)
	s.policy(func(p *merchant.Policy) {
		p.Finality = []merchant.FinalityRule{{Network: chain.Sandbox, UpTo: 100, Confirmations: 3}}
	})
	return s
}

// policy changes the project's.
func (s *stage) policy(change func(*merchant.Policy)) {
	s.t.Helper()
	s.ok(s.store.Do(s.t.Context(), func(ctx context.Context, r ports.Repos) error {
		p, err := r.Projects.Load(ctx, s.shop.Project.ID)
		if err != nil {
			return err
		}
		change(&p.Policy)
		s.ok(p.Policy.Validate())
		return r.Projects.Update(ctx, p)
	}))
}

// A payment is credited as soon as its terms say, once, and finality adds nothing.
func TestPaymentsAreCreditedAtTheConfirmationsOfTheirTerms(t *testing.T) {
	s := early(t)
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	s.pass(sandbox.BlockPeriod)
	s.is(session.ID, checkout.Processing)
	s.pass(2 * sandbox.BlockPeriod)
	paid := s.is(session.ID, checkout.Settled)
	if head, err := s.chain.Head(t.Context()); err != nil || paid.Receipt.Height <= head.Final {
		t.Fatalf("paid at height %d, final is %d, %v: nothing was early", paid.Receipt.Height, head.Final, err)
	}
	for range 12 {
		s.pass(sandbox.BlockPeriod)
	}
	s.is(session.ID, checkout.Settled)
	s.wantTold(session.ID, webhook.PaymentDetected, webhook.PaymentPaid)
	if lines := s.book(); len(lines) != 1 {
		t.Errorf("%d transactions are booked, want 1", len(lines))
	}
}

// The payer was told a rule; a policy that changes afterwards changes nothing for him.
func TestTermsStayAsTheyWereTold(t *testing.T) {
	s := openStage(t)
	slow := s.asked()
	s.policy(func(p *merchant.Policy) {
		p.Finality = []merchant.FinalityRule{{Network: chain.Sandbox, UpTo: 100, Confirmations: 3}}
	})
	fast, dear := s.asked(), s.askedFor("101")
	for _, v := range []checkout.Snapshot{slow, fast, dear} {
		s.play(v.ID, ScenarioExact)
	}
	s.pass(3 * sandbox.BlockPeriod)
	s.is(slow.ID, checkout.Processing)
	s.is(dear.ID, checkout.Processing)
	s.is(fast.ID, checkout.Settled)
	s.pass(12 * sandbox.BlockPeriod)
	s.is(slow.ID, checkout.Settled)
	s.is(dear.ID, checkout.Settled)
}

// What does not pay is not decided early: it may still be undone, and nobody should hear of it before.
func TestOnlyPaymentsAreCreditedEarly(t *testing.T) {
	s := early(t)
	session := s.asked()
	s.play(session.ID, ScenarioDuplicate) // the second transfer is two blocks after the first
	for range 5 {
		s.pass(sandbox.BlockPeriod)
	}
	s.is(session.ID, checkout.Settled)
	s.wantTold(session.ID, webhook.PaymentDetected, webhook.PaymentPaid)
	s.pass(12 * sandbox.BlockPeriod)
	s.wantTold(session.ID, webhook.PaymentDetected, webhook.PaymentPaid, webhook.PaymentLate)
}

// A credited payment that the network undoes before it is final is reversed, and can be made again.
func TestAnEarlyPaymentThatIsUndoneIsReversed(t *testing.T) {
	s := early(t)
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	s.pass(3 * sandbox.BlockPeriod)
	paid := s.is(session.ID, checkout.Settled)
	s.ok(s.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		undone := ports.SandboxReorg{At: s.clock.Now(), Height: paid.Receipt.Height - 1}
		return r.Sandbox.Reorg(ctx, paid.Receipt.TxID, undone)
	}))
	s.pass(0)
	s.is(session.ID, checkout.Settled) // one look that does not find it says nothing yet
	s.clock.set(s.clock.Now().Add(12 * sandbox.BlockPeriod))
	if err := s.settlement.Tick(t.Context(), chain.Sandbox); !errors.Is(err, errHistoryMoves) {
		t.Errorf("the look that finds it gone: %v", err)
	}
	s.tick()
	s.is(session.ID, checkout.Awaiting)
	s.wantTold(session.ID, webhook.PaymentPaid, webhook.PaymentReversed)
	if lines := s.book(); len(lines) != 2 {
		t.Errorf("%d transactions are booked, want the payment and its reversal", len(lines))
	}
}

// What is not final yet is judged when it would be: a change of history below it is none of it.
func TestAChangeOfHistoryElsewhereSparesWhatIsNotFinal(t *testing.T) {
	s := early(t)
	lost := s.asked()
	s.play(lost.ID, ScenarioExact)
	s.pass(20 * sandbox.BlockPeriod)
	was := s.is(lost.ID, checkout.Settled)
	kept := s.asked()
	s.play(kept.ID, ScenarioExact)
	s.pass(3 * sandbox.BlockPeriod)
	s.is(kept.ID, checkout.Settled)
	s.ok(s.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		undone := ports.SandboxReorg{At: s.clock.Now(), Height: was.Receipt.Height - 1}
		return r.Sandbox.Reorg(ctx, was.Receipt.TxID, undone)
	}))
	s.pass(0)
	s.is(lost.ID, checkout.Awaiting)
	s.is(kept.ID, checkout.Settled)
	s.clock.set(s.clock.Now().Add(20 * sandbox.BlockPeriod))
	if err := s.settlement.Tick(t.Context(), chain.Sandbox); !errors.Is(err, errHistoryMoves) {
		t.Errorf("the look that finds its block renamed: %v", err)
	}
	s.tick()
	s.is(kept.ID, checkout.Settled)
	s.wantTold(kept.ID, webhook.PaymentPaid)
}

// moved is a chain on which one transaction is in a later block than before.
type moved struct {
	ports.Chain
	by uint64
}

func (c moved) move(ts []chain.Transfer) []chain.Transfer {
	out := make([]chain.Transfer, len(ts))
	for i, t := range ts {
		out[i] = t
		out[i].Height += c.by
		out[i].BlockID = "moved" + t.BlockID
	}
	return out
}

func (c moved) Scan(ctx context.Context, from, to uint64, w ports.Watch) (ports.Span, error) {
	span, err := c.Chain.Scan(ctx, from, to, w)
	if err != nil {
		return span, err
	}
	before, err := c.Chain.Scan(ctx, from-c.by, to-c.by, w)
	span.Transfers = c.move(before.Transfers)
	return span, err
}

func (c moved) Seen(ctx context.Context, head chain.Head, w ports.Watch) ([]chain.Transfer, error) {
	head.Final -= c.by
	ts, err := c.Chain.Seen(ctx, head, w)
	return c.move(ts), err
}

func (c moved) Lookup(ctx context.Context, id chain.TxID) ([]chain.Transfer, error) {
	ts, err := c.Chain.Lookup(ctx, id)
	return c.move(ts), err
}

// A payment that moves to a later block is still there: nothing is reversed, and it is remembered
// where it is now.
func TestAnEarlyPaymentThatMovesStaysPaid(t *testing.T) {
	s := early(t)
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	s.pass(3 * sandbox.BlockPeriod)
	paid := s.is(session.ID, checkout.Settled)
	s.settlement.Rails.Chains[chain.Sandbox] = moved{s.chain, 3}
	for range 20 {
		s.clock.set(s.clock.Now().Add(sandbox.BlockPeriod))
		_ = s.settlement.Tick(t.Context(), chain.Sandbox) // a look that finds history changed says so
		s.is(session.ID, checkout.Settled)
	}
	s.wantTold(session.ID, webhook.PaymentPaid)
	var rows []ports.TransferRow
	s.ok(s.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) (err error) {
		rows, _, err = r.Transfers.OfSession(ctx, session.ID)
		return err
	}))
	if len(rows) != 1 || rows[0].Transfer.Height != paid.Receipt.Height+3 {
		t.Errorf("remembered at %+v, want one at height %d", rows, paid.Receipt.Height+3)
	}
}
