package app

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// bench is a number of endpoints that say what they are told to say.
type bench struct {
	sources int

	mu    sync.Mutex
	agree int
	err   error
	asked int
}

func (b *bench) Sources(chain.Asset) int { return b.sources }

func (b *bench) Witnesses(_ context.Context, _ chain.Transfer, n int) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	return min(n, b.agree), b.err
}

func (b *bench) say(agree int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.agree, b.err = agree, err
}

func (b *bench) times() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked
}

// careworn gives every intent terms that ask for two endpoints: the simulated network's never do.
type careworn struct{ *memory.Store }

func (c careworn) Held(ctx context.Context, ts []chain.Transfer) ([]*ports.HeldAmount, error) {
	held, err := c.Store.Held(ctx, ts)
	for _, h := range held {
		if h != nil {
			h.Intent.Terms.Sources = 2
		}
	}
	return held, err
}

// careful is a stage whose shop has every payment proven by two endpoints.
func careful(t *testing.T, b *bench) (*stage, map[ports.Reason]int) {
	t.Helper()
	s := openStage(t)
	s.settlement.Sessions = careworn{s.store}
	heard := map[ports.Reason]int{}
	var mu sync.Mutex // two may look at once
	s.settlement.Vouched = func(_ chain.Network, because ports.Reason) {
		mu.Lock()
		defer mu.Unlock()
		heard[because]++
	}
	s.settlement.Rails.Witnesses = map[chain.Network]ports.Witness{chain.Sandbox: b}
	return s, heard
}

func (s *stage) corroborate() {
	s.t.Helper()
	s.ok(s.settlement.Corroborate(s.t.Context(), chain.Sandbox))
}

func (s *stage) heldBecause(id checkout.SessionID, want ports.Reason) {
	s.t.Helper()
	rows := s.rows(id)
	if len(rows) != 1 || rows[0].Disposition != ports.Held || rows[0].Reason != want || rows[0].OrderNo != "" {
		s.t.Fatalf("recorded %+v, want one held because of %q", rows, want)
	}
	if lines := s.book(); len(lines) != 0 {
		s.t.Fatalf("booked although %q: %v", want, lines)
	}
}

// Two endpoints that agree settle a large payment as one settles a small one.
func TestAgreedPaymentsSettleAsUsual(t *testing.T) {
	b := &bench{sources: 2, agree: 2}
	s, heard := careful(t, b)
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	s.pass(5 * time.Second)
	s.is(session.ID, checkout.Settled)
	if rows := s.rows(session.ID); len(rows) != 1 || rows[0].Reason != ports.NoReason || len(s.book()) != 1 {
		t.Errorf("recorded %+v", rows)
	}
	if heard[ports.NoReason] != 1 || b.times() != 1 {
		t.Errorf("heard %v, asked %d times", heard, b.times())
	}
}

// A payment only one endpoint proves is held, shown as being on its way, outlives its deadline, and is
// settled once, when the other one agrees, whoever asks how often.
func TestAPaymentWaitsForASecondSource(t *testing.T) {
	for name, c := range map[string]struct {
		says error
		want ports.Reason
	}{
		"silence":       {ports.ErrChainUnavailable, ports.AwaitingSource},
		"contradiction": {ports.ErrSourcesDisagree, ports.SourcesDiffer},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bench{sources: 2, agree: 1, err: c.says}
			s, _ := careful(t, b)
			session := s.asked()
			s.play(session.ID, ScenarioExact)
			s.pass(5 * time.Second)
			s.is(session.ID, checkout.Processing)
			s.heldBecause(session.ID, c.want)
			s.corroborate()
			s.pass(time.Hour)
			s.ok(s.settlement.Expire(t.Context()))
			s.is(session.ID, checkout.Processing)
			s.heldBecause(session.ID, c.want)
			if _, err := s.decide(Verdict{Action: ports.Closed}); !errors.Is(err, ErrNotWaiting) {
				t.Errorf("decided on before it was given up: %v", err)
			}
			tx := s.rows(session.ID)[0].Transfer.TxID
			asked := b.times()
			proof, err := s.settlement.Prove(t.Context(), session.ID, string(tx))
			s.ok(err)
			if proof.Outcome != OutcomeProcessing || b.times() != asked {
				t.Errorf("the payer is told %s; asked %d times more", proof.Outcome, b.times()-asked)
			}

			b.say(2, nil)
			var all sync.WaitGroup
			failures := make(chan error, 8)
			for range cap(failures) {
				all.Go(func() { failures <- s.settlement.Corroborate(t.Context(), chain.Sandbox) })
			}
			all.Wait()
			for range cap(failures) {
				s.ok(<-failures)
			}
			s.corroborate()
			s.pass(5 * time.Second)
			paid := s.is(session.ID, checkout.Settled)
			rows := s.rows(session.ID)
			if len(rows) != 1 || rows[0].Disposition != ports.Settled || rows[0].Reason != ports.NoReason ||
				rows[0].OrderNo != paid.Receipt.OrderNo || paid.Receipt.Late || len(s.book()) != 1 {
				t.Errorf("recorded %+v, booked %d times", rows, len(s.book()))
			}
			s.wantTold(session.ID, webhook.PaymentDetected, webhook.PaymentPaid)
		})
	}
}

// What nobody else proves in time is the merchant's to judge, is told to him once, and never settles by
// itself, even if the other endpoint changes its mind.
func TestAPaymentNobodyElseProvesStaysHeld(t *testing.T) {
	b := &bench{sources: 2, agree: 1, err: ports.ErrSourcesDisagree}
	s, heard := careful(t, b)
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	s.pass(5 * time.Second)
	s.pass(vouchPatience - 10*time.Second)
	s.corroborate()
	s.heldBecause(session.ID, ports.SourcesDiffer)
	s.pass(20 * time.Second)
	s.corroborate()
	s.corroborate()
	s.heldBecause(session.ID, ports.Uncorroborated)
	b.say(2, nil)
	s.corroborate()
	s.pass(5 * time.Second)
	s.heldBecause(session.ID, ports.Uncorroborated)
	if heard[ports.Uncorroborated] != 1 {
		t.Errorf("heard %v", heard)
	}
	if rows := s.queue(); len(rows) != 1 {
		t.Errorf("%d transfers wait for the merchant", len(rows))
	}
	s.ok(s.settlement.Expire(t.Context()))
	s.is(session.ID, checkout.Expired)
	s.wantTold(session.ID, webhook.PaymentDetected, webhook.PaymentLate, webhook.PaymentExpired)
}

// The reason follows what endpoints say: silence may turn into contradiction and back.
func TestTheReasonOfWaitingIsKeptUpToDate(t *testing.T) {
	b := &bench{sources: 2, agree: 1, err: ports.ErrChainUnavailable}
	s, _ := careful(t, b)
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	s.pass(5 * time.Second)
	for _, c := range []struct {
		says error
		want ports.Reason
	}{
		{ports.ErrSourcesDisagree, ports.SourcesDiffer},
		{ports.ErrChainUnavailable, ports.AwaitingSource},
		{errors.New("anything else"), ports.AwaitingSource},
	} {
		b.say(1, c.says)
		s.corroborate()
		s.heldBecause(session.ID, c.want)
	}
	s.is(session.ID, checkout.Processing)
}

// A chain that undoes what waits for a second source leaves nobody waiting.
func TestAnUndonePaymentWaitsForNoSource(t *testing.T) {
	b := &bench{sources: 2, agree: 1, err: ports.ErrChainUnavailable}
	s, _ := careful(t, b)
	session := s.asked()
	s.pass(2 * time.Second)
	s.play(session.ID, ScenarioExact)
	s.pass(5 * time.Second)
	s.heldBecause(session.ID, ports.AwaitingSource)
	undone := s.rows(session.ID)[0].Transfer
	s.ok(s.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sandbox.Reorg(ctx, undone.TxID, ports.SandboxReorg{Height: undone.Height, At: s.clock.Now()})
	}))
	s.pass(time.Second)
	s.is(session.ID, checkout.Awaiting)
	b.say(2, nil)
	s.corroborate()
	if rows := s.rows(session.ID); len(rows) != 1 || rows[0].Disposition != ports.Reversed || len(s.book()) != 0 {
		t.Errorf("recorded %+v, booked %d times", rows, len(s.book()))
	}
}

// Nobody is asked to pay what could never be settled.
func TestAPaymentThatCouldNotBeProvenIsNotAskedFor(t *testing.T) {
	rails := Rails{Witnesses: map[chain.Network]ports.Witness{
		chain.Base: &bench{sources: 1}, chain.BSC: &bench{sources: 2},
	}}
	for n, refused := range map[chain.Network]bool{chain.Base: true, chain.BSC: false, chain.Tron: true} {
		a := chain.Asset{Network: n, Symbol: "USDT"}
		if err := rails.canProve(a, 2); errors.Is(err, ErrTooFewSources) != refused {
			t.Errorf("two sources on %s: %v", n, err)
		}
		if err := rails.canProve(a, 1); err != nil {
			t.Errorf("one source on %s: %v", n, err)
		}
	}
}

// Above the final height endpoints differ as a matter of course, so that nothing that asks for two of
// them is credited there, whatever else its terms say.
func TestTwoSourcesWaitForFinality(t *testing.T) {
	b := &bench{sources: 2, agree: 2}
	s, _ := careful(t, b)
	s.settlement.Sessions = hasty{careworn{s.store}}
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	s.pass(3 * sandbox.BlockPeriod)
	s.is(session.ID, checkout.Processing)
	s.pass(5 * time.Second)
	s.is(session.ID, checkout.Settled)
}

// hasty gives every intent terms that credit it early.
type hasty struct{ careworn }

func (h hasty) Held(ctx context.Context, ts []chain.Transfer) ([]*ports.HeldAmount, error) {
	held, err := h.careworn.Held(ctx, ts)
	for _, one := range held {
		if one != nil {
			one.Intent.Terms.Confirmations = 2
		}
	}
	return held, err
}
