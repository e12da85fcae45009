package app

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

// finding is the only thing that is told of a session.
func (s *stage) finding(id checkout.SessionID, to audience) (Finding, Headline) {
	s.t.Helper()
	x := s.why(id, to)
	if len(x.Attempts) != 1 || len(x.Attempts[0].Findings) != 1 {
		s.t.Fatalf("told %+v", x.Attempts)
	}
	return x.Attempts[0].Findings[0], x.Headline
}

// A payer whose payment waits for a second endpoint is not told that it had ended: it is on its way, and
// he must not pay again. What nobody proved in time is the merchant's to decide, and what he decided is
// told to both.
func TestWaitingForASourceAndDecisionsAreTold(t *testing.T) {
	b := &bench{sources: 2, agree: 1, err: ports.ErrChainUnavailable}
	s, _ := careful(t, b)
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	s.pass(5 * time.Second)
	tells := func(because Reason, waits ports.Reason, decided ports.Action) {
		t.Helper()
		for _, who := range []audience{payer, owner} {
			f, headline := s.finding(session.ID, who)
			if f.Reason != because || f.Waits != waits || f.Decided != decided || headline != Headline(because) {
				t.Errorf("%d is told %q: %+v", who, headline, f)
			}
		}
	}
	tells(ReasonNotFinal, ports.AwaitingSource, "")
	b.say(1, ports.ErrSourcesDisagree)
	s.corroborate()
	tells(ReasonNotFinal, ports.SourcesDiffer, "")
	if rows := s.queue(); len(rows) != 1 || rows[0].Reason != ports.SourcesDiffer {
		t.Errorf("the merchant sees %+v", rows)
	}
	s.pass(vouchPatience)
	s.corroborate()
	tells(ReasonHeld, ports.Uncorroborated, "")
	_, err := s.decide(Verdict{Action: ports.Returned})
	s.ok(err)
	tells(ReasonHeld, ports.Uncorroborated, ports.Returned)
}

// Whatever terms meet, whatever endpoints say and whatever the merchant tries: a payment is booked when
// its terms are met or the merchant decides, once, and a chain that undoes it takes back what was booked.
func TestTermsSourcesDecisionsAndReversalsMeet(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		early, careful bool
		agree          int
		given          bool // up, by the time anybody decides
		before, after  checkout.Status
		refused        error
		booked         int
	}{
		"plain":                            {before: checkout.Processing, after: checkout.Settled, booked: 1},
		"early":                            {early: true, before: checkout.Settled, after: checkout.Settled, booked: 1},
		"careful, agreed":                  {careful: true, agree: 2, before: checkout.Processing, after: checkout.Settled, booked: 1},
		"careful and early, agreed":        {careful: true, early: true, agree: 2, before: checkout.Processing, after: checkout.Settled, booked: 1},
		"careful, waiting":                 {careful: true, agree: 1, before: checkout.Processing, after: checkout.Processing, refused: ErrNotWaiting},
		"careful and early, waiting":       {careful: true, early: true, agree: 1, before: checkout.Processing, after: checkout.Processing, refused: ErrNotWaiting},
		"careful, given up, then accepted": {careful: true, agree: 1, given: true, before: checkout.Processing, after: checkout.Settled, booked: 1},
	} {
		for _, undone := range []bool{false, true} {
			name := name
			if undone {
				name += ", undone"
			}
			t.Run(name, func(t *testing.T) {
				b := &bench{sources: 2, agree: c.agree}
				if c.agree < 2 {
					b.err = ports.ErrChainUnavailable
				}
				s, _ := careful(t, b)
				s.settlement.Sessions = terms{s.store, c.early, c.careful}
				session := s.asked()
				s.pass(2 * time.Second)
				s.play(session.ID, ScenarioExact)
				s.pass(3 * sandbox.BlockPeriod)
				s.is(session.ID, c.before)
				s.pass(5 * time.Second)
				s.corroborate()
				if c.given {
					s.pass(vouchPatience)
					s.corroborate()
				}
				if rows := s.queue(); len(rows) > 0 {
					_, err := s.decide(Verdict{Action: ports.Accepted})
					if !errors.Is(err, c.refused) {
						t.Errorf("accepting: %v, want %v", err, c.refused)
					}
					if c.refused == nil {
						s.ok(err)
					}
				}
				s.is(session.ID, c.after)
				if got := len(s.book()); got != c.booked {
					t.Fatalf("booked %d times, want %d", got, c.booked)
				}
				if !undone {
					return
				}
				s.undo(s.rows(session.ID)[0].Transfer)
				s.is(session.ID, checkout.Awaiting)
				if rows := s.rows(session.ID); len(rows) != 1 || rows[0].Disposition != ports.Reversed {
					t.Errorf("recorded %+v", rows)
				}
				if got := len(s.book()); got != 2*c.booked {
					t.Errorf("booked %d times after the reversal, want %d", got, 2*c.booked)
				}
				b.say(2, nil)
				s.corroborate()
				s.is(session.ID, checkout.Awaiting)
				s.pass(2 * day)
				s.ok(s.settlement.Expire(t.Context()))
				s.is(session.ID, checkout.Expired)
			})
		}
	}
}

// terms gives every intent terms of a kind.
type terms struct {
	*memory.Store
	early, careful bool
}

func (x terms) Held(ctx context.Context, ts []chain.Transfer) ([]*ports.HeldAmount, error) {
	held, err := x.Store.Held(ctx, ts)
	for _, h := range held {
		if h != nil && x.early {
			h.Intent.Terms.Confirmations = 3
		}
		if h != nil && x.careful {
			h.Intent.Terms.Sources = 2
		}
	}
	return held, err
}

// undo has the chain take a transfer back.
func (s *stage) undo(t chain.Transfer) {
	s.t.Helper()
	s.ok(s.store.Do(s.t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sandbox.Reorg(ctx, t.TxID, ports.SandboxReorg{Height: t.Height, At: s.clock.Now()})
	}))
	s.pass(time.Second)
}

// A second payment that is seen and goes again leaves the first one waiting for its source: it is on its
// way, so that its session neither falls back nor expires.
func TestAnotherPaymentThatVanishesEndsNoWaiting(t *testing.T) {
	b := &bench{sources: 2, agree: 1, err: ports.ErrChainUnavailable}
	s, _ := careful(t, b)
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	s.pass(5 * time.Second)
	s.heldBecause(session.ID, ports.AwaitingSource)
	second := s.scripted(*session.Intent, session.Intent.Units.Int64())
	s.sends(second)
	s.pass(2 * sandbox.BlockPeriod)
	_, seen, err := s.ofSession(session.ID)
	s.ok(err)
	if len(seen) != 1 {
		t.Fatalf("in sight: %+v", seen)
	}
	s.undo(seen[0].Transfer)
	s.is(session.ID, checkout.Processing)
	s.pass(time.Hour)
	s.ok(s.settlement.Expire(t.Context()))
	s.is(session.ID, checkout.Processing)
	b.say(2, nil)
	s.corroborate()
	s.is(session.ID, checkout.Settled)
}

func (s *stage) ofSession(id checkout.SessionID) (rows []ports.TransferRow, seen []ports.Sighting, err error) {
	err = s.store.Do(s.t.Context(), func(ctx context.Context, r ports.Repos) error {
		rows, seen, err = r.Transfers.OfSession(ctx, id)
		return err
	})
	return rows, seen, err
}

// Of two payments that wait, one that is undone leaves the other one waiting.
func TestAnUndonePaymentEndsNoOthersWaiting(t *testing.T) {
	b := &bench{sources: 2, agree: 1, err: ports.ErrChainUnavailable}
	s, _ := careful(t, b)
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	s.pass(5 * time.Second)
	s.sends(s.scripted(*session.Intent, session.Intent.Units.Int64()))
	s.pass(5 * time.Second)
	rows := s.rows(session.ID)
	if len(rows) != 2 || !awaits(rows[0]) || !awaits(rows[1]) {
		t.Fatalf("recorded %+v", rows)
	}
	last := rows[0].Transfer
	if rows[1].Transfer.Height > last.Height {
		last = rows[1].Transfer
	}
	s.undo(last)
	s.is(session.ID, checkout.Processing)
	b.say(2, nil)
	s.corroborate()
	s.is(session.ID, checkout.Settled)
	if lines := s.book(); len(lines) != 1 {
		t.Errorf("booked %d times", len(lines))
	}
}
