package app

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// The main job: seen, then final, then booked once, however often the watcher looks.
func TestAnExactPaymentIsSeenSettledAndBookedOnce(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	s.play(session.ID, ScenarioExact)
	s.pass(time.Second)
	s.is(session.ID, checkout.Processing)
	if lines := s.book(); len(lines) != 0 {
		t.Fatalf("booked before it was final: %v", lines)
	}
	s.pass(4 * time.Second)
	paid := s.is(session.ID, checkout.Settled)
	s.pass(4 * time.Second)
	s.tick()

	lines := s.book()
	if len(lines) != 1 {
		t.Fatalf("%d transactions are booked, want 1", len(lines))
	}
	got := lines[0].Transaction
	if got.Kind != ledger.KindPayment || string(got.OrderNo) != paid.Receipt.OrderNo ||
		got.Postings[0].Amount.Minor().Cmp(session.Intent.Units) != 0 || got.SessionID != string(session.ID) {
		t.Errorf("booked %+v for %+v", got, paid.Receipt)
	}
	s.wantTold(session.ID, webhook.PaymentDetected, webhook.PaymentPaid)
}

// Nobody has to look at a page: what was paid while no watcher ran is found by the next one.
func TestPaymentsMadeWhileNobodyWatchedAreFound(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	s.pass(2 * time.Hour) // far beyond the deadline
	paid := s.is(session.ID, checkout.Settled)
	if paid.Receipt.Late {
		t.Error("a payment whose block was in time is called late")
	}
}

// Whatever arrives is accounted for: it settles, waits for the merchant, or is kept as unmatched.
func TestWrongPaymentsSettleNothingAndAreKept(t *testing.T) {
	for scenario, kept := range map[Scenario]int{
		ScenarioShort: 1, ScenarioOver: 1, ScenarioSplit: 2, ScenarioWrongToken: 0,
	} {
		t.Run(string(scenario), func(t *testing.T) {
			s := openStage(t)
			counted := 0
			s.settlement.Recorded = func(_ chain.Network, d ports.Disposition) {
				if d == ports.Unmatched {
					counted++
				}
			}
			session := s.asked()
			s.play(session.ID, scenario)
			s.pass(5 * time.Second)
			s.is(session.ID, checkout.Awaiting)
			if counted != kept {
				t.Errorf("%d unmatched transfers were counted, want %d", counted, kept)
			}
			if rows := s.queue(); len(rows) != kept {
				t.Errorf("%d transfers are kept, want %d", len(rows), kept)
			}
			if lines := s.book(); len(lines) != 0 {
				t.Errorf("booked %v", lines)
			}
			s.wantTold(session.ID)
		})
	}
}

func TestLatePaymentsFollowThePolicy(t *testing.T) {
	for _, policy := range []merchant.LatePolicy{merchant.LateAccept, merchant.LateHold} {
		t.Run(string(policy), func(t *testing.T) {
			s := openStage(t)
			s.shop.Project.Policy.Late = policy
			s.ok(s.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
				return r.Projects.Update(ctx, s.shop.Project)
			}))
			s.clock.set(s.clock.Now().Add(time.Second))
			session := s.asked()
			s.clock.set(s.clock.Now().Add(time.Second))
			s.play(session.ID, ScenarioLate)
			s.pass(10 * time.Second)
			if policy == merchant.LateAccept {
				if paid := s.is(session.ID, checkout.Settled); !paid.Receipt.Late {
					t.Error("the receipt does not say that it was late")
				}
				s.wantTold(session.ID, webhook.PaymentPaid)
				return
			}
			if rows := s.rows(session.ID); len(rows) != 1 || rows[0].Disposition != ports.Held {
				t.Errorf("kept %+v", rows)
			}
			s.ok(s.settlement.Expire(t.Context()))
			s.is(session.ID, checkout.Expired)
			s.wantTold(session.ID, webhook.PaymentLate, webhook.PaymentExpired)

			seen := s.asked() // a held transfer that was seen first does not keep its session waiting
			s.play(seen.ID, ScenarioLate)
			s.pass(1500 * time.Millisecond)
			s.is(seen.ID, checkout.Processing)
			s.pass(10 * time.Second)
			s.ok(s.settlement.Expire(t.Context()))
			s.is(seen.ID, checkout.Expired)
		})
	}
}

// Who looks with an old head sees what somebody else has recorded as final meanwhile. A payment that is
// held then must not keep its session waiting for it.
func TestAStaleLookDoesNotBringBackAHeldPayment(t *testing.T) {
	s := openStage(t)
	s.shop.Project.Policy.Late = merchant.LateHold
	s.ok(s.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Projects.Update(ctx, s.shop.Project)
	}))
	session := s.asked()
	s.clock.set(s.clock.Now().Add(time.Second))
	s.play(session.ID, ScenarioLate)
	s.pass(10 * time.Second)
	rows := s.rows(session.ID)
	if len(rows) != 1 || rows[0].Disposition != ports.Held {
		t.Fatalf("kept %+v", rows)
	}
	s.ok(s.settlement.sight(t.Context(), chain.Sandbox,
		[]ports.Sighting{{Transfer: rows[0].Transfer, SessionID: session.ID}}))
	s.is(session.ID, checkout.Awaiting)
	s.pass(10 * time.Second)
	s.ok(s.settlement.Expire(t.Context()))
	s.is(session.ID, checkout.Expired)
}

func TestTheSecondPaymentOfASessionIsADuplicate(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.play(session.ID, ScenarioDuplicate)
	s.pass(10 * time.Second)
	s.is(session.ID, checkout.Settled)
	if rows := s.queue(); len(rows) != 1 || rows[0].Disposition != ports.Duplicate {
		t.Errorf("kept %+v", rows)
	}
	if lines := s.book(); len(lines) != 1 {
		t.Errorf("%d transactions are booked, want 1", len(lines))
	}
	s.wantTold(session.ID, webhook.PaymentPaid, webhook.PaymentLate)
}

// A payer who names his transaction is told the truth, and a final one counts even if the watcher
// missed it.
func TestANamedTransactionIsProvenOnChain(t *testing.T) {
	s := openStage(t)
	session, other := s.asked(), s.asked()
	prove := func(id checkout.SessionID, tx chain.TxID, want Outcome) {
		t.Helper()
		got, err := s.settlement.Prove(t.Context(), id, string(tx))
		s.ok(err)
		if got.Outcome != want {
			t.Errorf("outcome %s, want %s", got.Outcome, want)
		}
		// Another payment's transfer is not this payer's to see.
		if shown := got.Transfer != nil; shown != (want != OutcomeUnknown && want != OutcomeOtherPayment) {
			t.Errorf("outcome %s shows a transfer: %v", want, shown)
		}
	}
	txOf := func(v checkout.Snapshot, scenario Scenario) chain.TxID {
		return transfers(v, scenario, 0, s.clock.Now())[0].TxID
	}
	prove(session.ID, portstest.TxID(), OutcomeUnknown)
	s.play(session.ID, ScenarioExact)
	s.play(session.ID, ScenarioShort)
	s.play(session.ID, ScenarioOver)
	s.clock.set(s.clock.Now().Add(time.Second))
	prove(session.ID, txOf(session, ScenarioExact), OutcomeProcessing)
	prove(session.ID, txOf(session, ScenarioShort), OutcomeShort)
	prove(session.ID, txOf(session, ScenarioOver), OutcomeOver)
	prove(other.ID, txOf(session, ScenarioExact), OutcomeOtherPayment)
	s.clock.set(s.clock.Now().Add(5 * time.Second))
	prove(session.ID, txOf(session, ScenarioExact), OutcomePaid) // no watcher looked
	s.is(session.ID, checkout.Settled)
	s.is(other.ID, checkout.Awaiting)
	s.tick()
	if lines := s.book(); len(lines) != 1 {
		t.Errorf("%d transactions are booked, want 1", len(lines))
	}
	s.wantTold(session.ID, webhook.PaymentPaid)
	if _, err := s.settlement.Prove(t.Context(), session.ID, "not a transaction"); !errors.Is(err, ErrInvalidTxID) {
		t.Errorf("nonsense: %v", err)
	}
}

// Live sessions have no scenarios, and nothing says that they exist.
func TestScenariosAreForTestModeOnly(t *testing.T) {
	s := openStage(t)
	live := s.shop.AddSession(t, s.clock.Now(), func(v *checkout.Snapshot) { v.Mode = merchant.Live })
	for _, id := range []checkout.SessionID{live.ID(), "nobody"} {
		if err := s.sandbox.Play(t.Context(), id, ScenarioExact); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("scenario on %s: %v", id, err)
		}
	}
	if err := s.sandbox.Play(t.Context(), s.asked().ID, "miracle"); !errors.Is(err, ErrUnknownScenario) {
		t.Errorf("unknown scenario: %v", err)
	}
}
