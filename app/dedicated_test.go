package app

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

const (
	evmXpub  = "xpub6DCoCpSuQZB2jawqnGMEPS63ePKWkwWPH4TU45Q7LPXWuNd8TMtVxRrgjtEshuqpK3mdhaWHPFsBngh5GFZaM6si3yZdUsT8ddYM3PwnATt"
	thirdEVM = "0xb6716976A3ebe8D39aCEB04372f22Ff8e6802D7A"
)

// own opens a session that is paid at an address of its own in test mode.
func (s *stage) own() checkout.Snapshot {
	s.t.Helper()
	due, err := money.Parse(money.USDT, "9.99")
	s.ok(err)
	opened, _, err := s.checkout.Open(s.t.Context(), OpenInput{Who: s.who(), Kind: checkout.KindCheckout, Due: due}, Once[OpenedSession]{})
	s.ok(err)
	issued, err := s.checkout.Intent(s.t.Context(), opened.ID, Choice{Method: checkout.USDT, Dedicated: true})
	s.ok(err)
	return issued
}

func (s *stage) emit(i checkout.Intent, n int, units int64) chain.TxID {
	s.t.Helper()
	id := chain.TxID(fmt.Sprintf("%064x", n))
	s.ok(s.store.Do(s.t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sandbox.Emit(ctx, []ports.SandboxTransfer{{
			TxID: id, Contract: i.Asset.Contract, Symbol: i.Asset.Symbol, From: "payer", To: i.Address,
			Units: fmt.Sprint(units), MinedAt: s.clock.Now(),
		}})
	}))
	return id
}

func (s *stage) heard(id checkout.SessionID, t webhook.Type, want int) {
	s.t.Helper()
	n := 0
	for _, have := range s.told(id) {
		if have == t {
			n++
		}
	}
	if n != want {
		s.t.Errorf("%d times %s in %v, want %d", n, t, s.told(id), want)
	}
}

// A payer whose exchange kept a fee is shown what is left, and pays it: two bookings, one payment.
func TestAShortPaymentIsCompleted(t *testing.T) {
	s := openStage(t)
	asked := s.own()
	if asked.Intent.Payable() != "9.99" || asked.Intent.Address == s.asked().Intent.Address {
		t.Fatalf("asked for %s at %s", asked.Intent.Payable(), asked.Intent.Address)
	}
	s.play(asked.ID, ScenarioShort)
	s.pass(10 * time.Second)
	got := s.is(asked.ID, checkout.Awaiting)
	if got.Received().Int64() != 8_991_000 || got.Rest().Int64() != 999_000 || got.Parts != 1 {
		t.Fatalf("paid %v, rest %v", got.Paid, got.Rest())
	}
	s.heard(asked.ID, webhook.PaymentPartlyPaid, 1)
	_, err := s.checkout.Intent(t.Context(), asked.ID, Choice{Method: checkout.USDC})
	if !errors.Is(err, checkout.ErrPartlyPaid) {
		t.Errorf("another method after a part: %v", err)
	}
	s.tick() // looks again, finds nothing new
	s.play(asked.ID, ScenarioExact)
	s.pass(10 * time.Second)
	got = s.is(asked.ID, checkout.Settled)
	rows := s.rows(asked.ID)
	if len(rows) != 2 || rows[0].Disposition != ports.Part || rows[1].Disposition != ports.Settled ||
		rows[0].OrderNo == rows[1].OrderNo || rows[0].OrderNo == "" || got.Receipt.OrderNo != rows[1].OrderNo {
		t.Fatalf("rows %+v", rows)
	}
	s.heard(asked.ID, webhook.PaymentPaid, 1)
	if n := len(s.book()); n != 2 {
		t.Errorf("%d bookings", n)
	}
	if got.Received().Int64() != 9_990_000 || got.Over().Sign() != 0 {
		t.Errorf("paid %v", got.Paid)
	}

	s.play(asked.ID, ScenarioDuplicate)
	s.pass(10 * time.Second)
	if again := s.is(asked.ID, checkout.Settled); again.Received().Int64() != 9_990_000 {
		t.Errorf("what came after the payment counts: %v", again.Paid)
	}
}

// Scenarios at an address of the payment's own, and what becomes of the session.
func TestScenariosAtADedicatedAddress(t *testing.T) {
	for scenario, want := range map[Scenario]struct {
		status checkout.Status
		paid   int64
	}{
		ScenarioExact: {checkout.Settled, 9_990_000},
		ScenarioOver:  {checkout.Settled, 10_989_000},
		ScenarioSplit: {checkout.Settled, 9_990_000},
		ScenarioShort: {checkout.Awaiting, 8_991_000},
	} {
		s := openStage(t)
		asked := s.own()
		s.play(asked.ID, scenario)
		s.pass(10 * time.Second)
		if got := s.is(asked.ID, want.status); got.Received().Int64() != want.paid {
			t.Errorf("%s: paid %v, want %d", scenario, got.Paid, want.paid)
		}
	}
}

// At a shared address everything stays as it was: another amount is nobody's.
func TestPartsNeedADedicatedAddress(t *testing.T) {
	s := openStage(t)
	asked := s.asked()
	s.play(asked.ID, ScenarioShort)
	s.pass(10 * time.Second)
	if got := s.is(asked.ID, checkout.Awaiting); got.Parts != 0 {
		t.Errorf("%d parts at a shared address", got.Parts)
	}
}

// What arrived when the time is over stays booked, and waits for the merchant or not as he chose.
func TestAnUnderpaidSessionExpires(t *testing.T) {
	for policy, held := range map[merchant.UnderpaidPolicy]bool{
		merchant.UnderpaidHold: true, merchant.UnderpaidRecord: false,
	} {
		s := openStage(t)
		project := s.shop.Project
		project.Policy.Underpaid = policy
		s.ok(s.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Projects.Update(ctx, project)
		}))
		asked := s.own()
		s.play(asked.ID, ScenarioShort)
		s.pass(10 * time.Second)
		s.pass(31 * time.Minute)
		s.ok(s.settlement.Expire(t.Context()))
		got := s.is(asked.ID, checkout.Expired)
		if got.UnderpaidHeld != held || got.Received().Int64() != 8_991_000 || !got.Partly() {
			t.Errorf("%s: %+v", policy, got)
		}
		queue := len(s.queue())
		if (queue == 1) != held {
			t.Errorf("%s: %d wait for the merchant", policy, queue)
		}
		// The rest, late, is accepted by the project's late policy and completes it.
		s.play(asked.ID, ScenarioExact)
		s.pass(10 * time.Second)
		if got := s.is(asked.ID, checkout.Settled); !got.Receipt.Late || got.UnderpaidHeld {
			t.Errorf("%s: completed late: %+v", policy, got)
		}
	}
}

// A late part is not counted where late money is held.
func TestALatePartIsHeldWhereLateMoneyIs(t *testing.T) {
	s := openStage(t)
	project := s.shop.Project
	project.Policy.Late = merchant.LateHold
	s.ok(s.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error { return r.Projects.Update(ctx, project) }))
	asked := s.own()
	s.play(asked.ID, ScenarioShort)
	s.pass(10 * time.Second)
	s.pass(31 * time.Minute)
	s.ok(s.settlement.Expire(t.Context()))
	s.play(asked.ID, ScenarioExact)
	s.pass(10 * time.Second)
	if got := s.is(asked.ID, checkout.Expired); got.Parts != 1 || got.Received().Int64() != 8_991_000 {
		t.Errorf("%d parts, %v", got.Parts, got.Paid)
	}
	if rows := s.rows(asked.ID); rows[1].Disposition != ports.Held || rows[1].OrderNo != "" {
		t.Errorf("the late part is %+v", rows[1])
	}
}

// The chain undoes the first of two parts: its booking is reversed, the second becomes a part, and the
// payment can be completed again.
func TestAnUndonePartReopensThePayment(t *testing.T) {
	s := openStage(t)
	asked := s.own()
	first := s.emit(*asked.Intent, 1, 4_000_000)
	s.pass(10 * time.Second)
	s.is(asked.ID, checkout.Awaiting)
	s.emit(*asked.Intent, 2, 5_990_000)
	s.pass(10 * time.Second)
	s.is(asked.ID, checkout.Settled)

	height := s.rows(asked.ID)[0].Transfer.Height
	s.ok(s.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sandbox.Reorg(ctx, first, ports.SandboxReorg{At: s.clock.Now(), Height: height})
	}))
	s.pass(10 * time.Second)
	got := s.is(asked.ID, checkout.Awaiting)
	if got.Received().Int64() != 5_990_000 || got.Parts != 1 || got.Receipt != nil {
		t.Fatalf("after the reversal: %v in %d parts", got.Paid, got.Parts)
	}
	rows := s.rows(asked.ID)
	if rows[0].Disposition != ports.Reversed || rows[1].Disposition != ports.Part {
		t.Fatalf("rows %+v", rows)
	}
	s.heard(asked.ID, webhook.PaymentReversed, 1)
	s.play(asked.ID, ScenarioExact)
	s.pass(10 * time.Second)
	if got := s.is(asked.ID, checkout.Settled); got.Received().Int64() != 9_990_000 {
		t.Errorf("completed with %v", got.Paid)
	}
}

// The merchant of an underpaid payment says that it is enough, or that nothing comes of it; what comes
// later is then not added to what he may have sent back.
func TestAnUnderpaidPaymentIsDecidedAbout(t *testing.T) {
	lapsed := func() (*stage, checkout.Snapshot, TransferID) {
		s := openStage(t)
		asked := s.own()
		s.play(asked.ID, ScenarioShort)
		s.pass(10 * time.Second)
		s.pass(31 * time.Minute)
		s.ok(s.settlement.Expire(t.Context()))
		row := s.queue()[0].Transfer
		return s, asked, TransferID{row.Network, row.TxID, row.Index}
	}
	decide := func(s *stage, v Verdict) error {
		_, _, err := s.settlement.Decide(t.Context(), s.who(), v, Once[ports.TransferRow]{})
		return err
	}
	s, asked, id := lapsed()
	s.ok(decide(s, Verdict{Transfer: id, Action: ports.Accepted}))
	got := s.is(asked.ID, checkout.Settled)
	if got.Received().Int64() != 8_991_000 || got.Receipt.OrderNo != s.rows(asked.ID)[0].OrderNo || len(s.book()) != 1 {
		t.Errorf("accepted: %+v", got)
	}
	s.heard(asked.ID, webhook.PaymentPaid, 1)
	if err := decide(s, Verdict{Transfer: id, Action: ports.Closed}); !errors.Is(err, ErrDecided) {
		t.Errorf("decided twice: %v", err)
	}

	s, asked, id = lapsed()
	s.ok(decide(s, Verdict{Transfer: id, Action: ports.Returned, Note: "sent back"}))
	if got := s.is(asked.ID, checkout.Expired); got.UnderpaidHeld || !got.PartsClosed || len(s.queue()) != 0 {
		t.Errorf("returned: %+v", got)
	}
	s.play(asked.ID, ScenarioExact)
	s.pass(10 * time.Second)
	if got := s.is(asked.ID, checkout.Expired); got.Parts != 1 || len(s.queue()) != 1 {
		t.Errorf("what comes after a return is added to it: %+v", got)
	}

	// A part of a payment that goes on is nobody's to decide about.
	s = openStage(t)
	asked = s.own()
	s.play(asked.ID, ScenarioShort)
	s.pass(10 * time.Second)
	row := s.rows(asked.ID)[0].Transfer
	err := decide(s, Verdict{Transfer: TransferID{row.Network, row.TxID, row.Index}, Action: ports.Closed})
	if !errors.Is(err, ErrNotWaiting) {
		t.Errorf("a live part: %v", err)
	}
}
