package app

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// decide decides about the only transfer in the queue.
func (s *stage) decide(v Verdict) (ports.TransferRow, error) {
	s.t.Helper()
	rows := s.queue()
	if len(rows) != 1 {
		s.t.Fatalf("%d transfers wait, want 1", len(rows))
	}
	t := rows[0].Transfer
	v.Transfer = TransferID{t.Network, t.TxID, t.Index}
	row, _, err := s.settlement.Decide(s.t.Context(), s.who(), v, Once[ports.TransferRow]{})
	return row, err
}

// unsettled answers a session whose payer sent less than was asked, which waits in the queue.
func (s *stage) unsettled(scenario Scenario) checkout.Snapshot {
	s.t.Helper()
	session := s.asked()
	s.play(session.ID, scenario)
	s.pass(5 * time.Second)
	return session
}

// A merchant may take less than he asked for: the transfer is booked at what it is, once, and pays.
func TestAWaitingTransferIsAssignedToACheckout(t *testing.T) {
	s := openStage(t)
	session := s.unsettled(ScenarioShort)
	if _, err := s.decide(Verdict{Action: ports.Accepted}); !errors.Is(err, ErrNoSessionYet) {
		t.Errorf("accepted for no session: %v", err)
	}
	row, err := s.decide(Verdict{Action: ports.Assigned, SessionID: session.ID, Note: "close enough"})
	s.ok(err)
	paid := s.is(session.ID, checkout.Settled)
	lines := s.book()
	if len(lines) != 1 || lines[0].Transaction.Postings[0].Amount.Minor().Cmp(row.Transfer.Units) != 0 ||
		string(lines[0].Transaction.OrderNo) != paid.Receipt.OrderNo || paid.Receipt.Units.Cmp(row.Transfer.Units) != 0 {
		t.Errorf("booked %+v, receipt %+v, transfer %s", lines, paid.Receipt, row.Transfer.Units)
	}
	s.wantTold(session.ID, webhook.PaymentPaid)
	if rows := s.queue(); len(rows) != 0 {
		t.Errorf("%d transfers still wait", len(rows))
	}
	again := Verdict{Transfer: TransferID{row.Transfer.Network, row.Transfer.TxID, row.Transfer.Index}, Action: ports.Closed}
	if _, _, err := s.settlement.Decide(t.Context(), s.who(), again, Once[ports.TransferRow]{}); !errors.Is(err, ErrDecided) {
		t.Errorf("decided twice: %v", err)
	}
	s.pass(5 * time.Second)
	if len(s.book()) != 1 {
		t.Error("the watcher booked it again")
	}
}

// Held money pays the session it came for when its merchant accepts it, also one he had cancelled.
func TestHeldMoneyIsAccepted(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	_, err := s.checkout.Cancel(t.Context(), s.who(), session.ID)
	s.ok(err)
	s.play(session.ID, ScenarioExact)
	s.pass(5 * time.Second)
	s.is(session.ID, checkout.Cancelled)
	_, err = s.decide(Verdict{Action: ports.Accepted})
	s.ok(err)
	s.is(session.ID, checkout.Settled)
	if len(s.book()) != 1 {
		t.Error("not booked once")
	}
}

// What is sent back or closed is never booked, waits no longer, and is not lost.
func TestReturnedAndClosedTransfersAreKept(t *testing.T) {
	for _, action := range []ports.Action{ports.Returned, ports.Closed} {
		s := openStage(t)
		session := s.unsettled(ScenarioShort)
		row, err := s.decide(Verdict{Action: action, Note: "by hand"})
		s.ok(err)
		if row.Decision.Action != action || row.Disposition != ports.Unmatched || len(s.book()) != 0 {
			t.Errorf("%s: %+v, %d booked", action, row, len(s.book()))
		}
		s.is(session.ID, checkout.Awaiting)
		page, err := s.settlement.Queue(t.Context(), s.who(), ports.QueueQuery{Decided: true, Limit: 10})
		s.ok(err)
		if len(page.Rows) != 1 || page.Rows[0].Decision.Note != "by hand" {
			t.Errorf("%s: decided are %+v", action, page.Rows)
		}
	}
}

// Nobody decides about what is not his, what settled, or what the chain does not hold any more.
func TestDecisionsHaveLimits(t *testing.T) {
	s := openStage(t)
	paid := s.asked()
	s.play(paid.ID, ScenarioExact)
	s.pass(5 * time.Second)
	settled := s.rows(paid.ID)[0].Transfer
	id := TransferID{settled.Network, settled.TxID, settled.Index}
	decide := func(who merchant.Principal, v Verdict) error {
		_, _, err := s.settlement.Decide(t.Context(), who, v, Once[ports.TransferRow]{})
		return err
	}
	if err := decide(s.who(), Verdict{Transfer: id, Action: ports.Closed}); !errors.Is(err, ErrNotWaiting) {
		t.Errorf("what settled was closed: %v", err)
	}
	session := s.unsettled(ScenarioShort)
	waiting := s.queue()[0].Transfer
	id = TransferID{waiting.Network, waiting.TxID, waiting.Index}
	stranger, live := s.who(), s.who()
	stranger.Project, live.Mode = "other", merchant.Live
	for _, who := range []merchant.Principal{stranger, live} {
		for _, action := range []ports.Action{ports.Closed, ports.Assigned} {
			err := decide(who, Verdict{Transfer: id, Action: action, SessionID: session.ID})
			if !errors.Is(err, ports.ErrNotFound) {
				t.Errorf("%s by %+v: %v", action, who, err)
			}
		}
	}
	assign := func(to checkout.SessionID) error {
		return decide(s.who(), Verdict{Transfer: id, Action: ports.Assigned, SessionID: to})
	}
	if err := assign(paid.ID); !errors.Is(err, checkout.ErrAlreadyPaid) {
		t.Errorf("assigned to a paid session: %v", err)
	}
	opened, _, err := s.checkout.Open(t.Context(), OpenInput{
		Who: s.who(), Kind: checkout.KindCheckout, Due: paid.Due,
	}, Once[OpenedSession]{})
	s.ok(err)
	if err := assign(opened.ID); !errors.Is(err, ErrNothingAsked) {
		t.Errorf("assigned to a session without a method: %v", err)
	}
	dollars, err := s.checkout.Intent(t.Context(), opened.ID, Choice{Method: checkout.USDC})
	s.ok(err)
	if err := assign(dollars.ID); !errors.Is(err, checkout.ErrOtherAsset) {
		t.Errorf("assigned another coin: %v", err)
	}
	strange, _ := portstest.OpenShop(t, portstest.World{Work: s.store}).AwaitPayment(t, s.clock.Now(), portstest.Address(), 9_990_100)
	if err := assign(strange.ID()); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("assigned to another shop's session: %v", err)
	}
	whole := s.settlement.Rails.Chains[chain.Sandbox]
	s.settlement.Rails.Chains[chain.Sandbox] = forgetful{whole}
	if err := assign(session.ID); !errors.Is(err, chain.ErrNotFinal) {
		t.Errorf("assigned what the chain does not hold: %v", err)
	}
	s.settlement.Rails.Chains[chain.Sandbox] = whole
	if len(s.queue()) != 1 || len(s.book()) != 1 {
		t.Error("a refused decision changed something")
	}
	s.ok(assign(session.ID))
}

// forgetful is a chain that knows no transaction.
type forgetful struct{ ports.Chain }

func (forgetful) Lookup(context.Context, chain.TxID) ([]chain.Transfer, error) { return nil, nil }

// An accepted payment that the chain undoes is reversed like any other.
func TestAnAcceptedTransferThatIsUndoneIsReversed(t *testing.T) {
	s := openStage(t)
	session := s.unsettled(ScenarioShort)
	row, err := s.decide(Verdict{Action: ports.Assigned, SessionID: session.ID})
	s.ok(err)
	s.ok(s.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		undone := ports.SandboxReorg{At: s.clock.Now(), Height: row.Transfer.Height - 1}
		return r.Sandbox.Reorg(ctx, row.Transfer.TxID, undone)
	}))
	s.pass(5 * time.Second)
	s.is(session.ID, checkout.Awaiting)
	if len(s.book()) != 2 {
		t.Error("not reversed")
	}
	s.wantTold(session.ID, webhook.PaymentPaid, webhook.PaymentReversed)
}

// A repeated decision is answered as the first time.
func TestADecisionIsMadeOnce(t *testing.T) {
	s := openStage(t)
	session := s.unsettled(ScenarioShort)
	waiting := s.queue()[0].Transfer
	v := Verdict{
		Transfer: TransferID{waiting.Network, waiting.TxID, waiting.Index}, Action: ports.Assigned,
		SessionID: session.ID,
	}
	once := Once[ports.TransferRow]{
		Key: "k", Fingerprint: []byte("f"),
		Render: func(r ports.TransferRow) (ports.Answer, error) {
			return ports.Answer{Status: 200, Body: []byte(r.OrderNo)}, nil
		},
	}
	first, _, err := s.settlement.Decide(t.Context(), s.who(), v, once)
	s.ok(err)
	_, stored, err := s.settlement.Decide(t.Context(), s.who(), v, once)
	s.ok(err)
	if stored == nil || string(stored.Body) != first.OrderNo || len(s.book()) != 1 {
		t.Errorf("the second answer is %v, %d booked", stored, len(s.book()))
	}
}

// What may be an agent's payment is nobody's to decide about until it is known whether it is; the watcher
// does not take such a payment back, because its settlement does.
func TestAgentsTransfersAreLeftToTheirSettlement(t *testing.T) {
	s := openStage(t)
	s.unsettled(ScenarioShort)
	row := s.queue()[0]
	store := func(do func(ctx context.Context, r ports.Repos) error) {
		t.Helper()
		s.ok(s.store.Do(t.Context(), do))
	}
	store(func(ctx context.Context, r ports.Repos) error {
		return r.Transfers.Note(ctx, row.Transfer, ports.AwaitingSettlement)
	})
	if rows := s.queue(); len(rows) != 1 || rows[0].Reason != ports.AwaitingSettlement {
		t.Errorf("the queue holds %+v", rows)
	}
	for _, action := range []ports.Action{ports.Closed, ports.Returned, ports.Assigned} {
		if _, err := s.decide(Verdict{Action: action}); !errors.Is(err, ErrNotWaiting) {
			t.Errorf("%s while it is being settled: %v", action, err)
		}
	}
	store(func(ctx context.Context, r ports.Repos) error {
		return r.Transfers.Note(ctx, row.Transfer, ports.NoReason)
	})
	_, err := s.decide(Verdict{Action: ports.Closed})
	s.ok(err)

	s.unsettled(ScenarioShort)
	row = s.queue()[0]
	store(func(ctx context.Context, r ports.Repos) error {
		row.Disposition, row.OrderNo = ports.Agent, "20260301000000777"
		return r.Transfers.Decide(ctx, row)
	})
	s.undo(row.Transfer)
	store(func(ctx context.Context, r ports.Repos) error {
		left, err := r.Transfers.Load(ctx, row.Transfer.Network, row.Transfer.TxID, row.Transfer.Index)
		if left.Disposition != ports.Reversed || left.OrderNo != row.OrderNo || len(s.book()) != 0 {
			t.Errorf("the watcher made it %+v and booked %d", left, len(s.book()))
		}
		return err
	})
	after := s.asked()
	s.play(after.ID, ScenarioExact)
	s.pass(5 * time.Second)
	s.is(after.ID, checkout.Settled) // and it goes on
}
