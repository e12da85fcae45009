package app

import (
	"context"
	"errors"
	"log/slog"
	"math/big"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// stage is a shop that takes test payments, a payer, and a watcher that looks when it is told to.
type stage struct {
	t          *testing.T
	store      *memory.Store
	shop       portstest.Shop
	clock      *postClock
	chain      *sandbox.Chain
	checkout   Checkout
	settlement *Settlement
	sandbox    Sandbox
}

// even quotes everything one to one.
type even struct{ clock ports.Clock }

func (e even) Rate(_ context.Context, _ merchant.Mode, from money.Currency, asset string) (money.Rate, error) {
	unit, err := money.Parse(from, "1")
	return money.Rate{From: from.Code(), To: asset, Price: unit.Decimal(), Source: "test", At: e.clock.Now()}, err
}

func openStage(t *testing.T) *stage {
	t.Helper()
	store := memory.New(memory.Restless())
	clock := &postClock{now: portstest.Epoch}
	core := Core{Work: store, Clock: clock, IDs: postIDs{}, Vault: markedVault{}}
	simulated := sandbox.New(store, clock)
	rails := Rails{Chains: map[chain.Network]ports.Chain{chain.Sandbox: simulated}, Cursors: store}
	events := Announcer{IDs: postIDs{}, Clock: clock, Encoder: plainWords{}}
	s := &stage{
		t: t, store: store, clock: clock, chain: simulated,
		shop:     portstest.OpenShop(t, portstest.World{Work: store}),
		checkout: Checkout{Core: core, Sessions: store, Rails: rails, Rates: even{clock}, Changes: store, Events: events, Openings: new(Openings)},
		settlement: &Settlement{
			Core: core, Rails: rails, Sessions: store, Changes: store, Orders: store, Watches: store, Events: events,
			Log: slog.New(slog.DiscardHandler),
		},
		sandbox: Sandbox{Core: core, Sessions: store, Rails: rails},
	}
	s.tick()
	return s
}

func (s *stage) who() merchant.Principal {
	return merchant.Principal{Merchant: s.shop.ID(), Project: s.shop.Project.ID, Mode: merchant.Test}
}

func (s *stage) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// pass lets time go by and the watcher look.
func (s *stage) pass(d time.Duration) {
	s.t.Helper()
	s.clock.set(s.clock.Now().Add(d))
	s.tick()
}

func (s *stage) tick() {
	s.t.Helper()
	s.ok(s.settlement.Tick(s.t.Context(), chain.Sandbox))
}

// asked answers a session whose payer was told where to pay how much.
func (s *stage) asked() checkout.Snapshot {
	s.t.Helper()
	return s.askedFor("9.99")
}

func (s *stage) askedFor(usdt string) checkout.Snapshot {
	s.t.Helper()
	due, err := money.Parse(money.USDT, usdt)
	s.ok(err)
	opened, _, err := s.checkout.Open(s.t.Context(), OpenInput{Who: s.who(), Kind: checkout.KindCheckout, Due: due}, Once[OpenedSession]{})
	s.ok(err)
	issued, err := s.checkout.Intent(s.t.Context(), opened.ID, Choice{Method: checkout.USDT})
	s.ok(err)
	return issued
}

func (s *stage) play(id checkout.SessionID, scenario Scenario) {
	s.t.Helper()
	s.ok(s.sandbox.Play(s.t.Context(), id, scenario))
}

func (s *stage) is(id checkout.SessionID, want checkout.Status) checkout.Snapshot {
	s.t.Helper()
	got, err := s.checkout.Get(s.t.Context(), id)
	s.ok(err)
	if got.Status != want {
		s.t.Fatalf("the session is %s, want %s", got.Status, want)
	}
	return got
}

// told lists the types of events a session caused, oldest first.
func (s *stage) told(id checkout.SessionID) (types []webhook.Type) {
	s.t.Helper()
	events, _, err := s.store.Events(s.t.Context(), ports.EventQuery{
		Project: s.shop.Project.ID, Mode: merchant.Test, SessionID: string(id), Limit: 100,
	})
	s.ok(err)
	for i := len(events) - 1; i >= 0; i-- {
		types = append(types, events[i].Type)
	}
	return types
}

func (s *stage) wantTold(id checkout.SessionID, want ...webhook.Type) {
	s.t.Helper()
	got := map[webhook.Type]int{}
	for _, t := range s.told(id) {
		got[t]++
	}
	for _, t := range append([]webhook.Type{webhook.PaymentCreated}, want...) {
		got[t]--
	}
	for t, n := range got {
		if n != 0 {
			s.t.Errorf("%s was told %+d times too often", t, n)
		}
	}
}

// book answers the shop's transactions, newest first.
func (s *stage) book() []ports.Booked {
	s.t.Helper()
	page, err := s.store.Page(s.t.Context(), ports.StatementQuery{
		Merchant: s.shop.ID(), Mode: merchant.Test, Limit: 100,
	})
	s.ok(err)
	return page.Lines
}

func (s *stage) rows(id checkout.SessionID) (rows []ports.TransferRow) {
	s.t.Helper()
	s.ok(s.store.Do(s.t.Context(), func(ctx context.Context, r ports.Repos) (err error) {
		rows, _, err = r.Transfers.OfSession(ctx, id)
		return err
	}))
	return rows
}

func (s *stage) queue() (rows []ports.TransferRow) {
	s.t.Helper()
	s.ok(s.store.Do(s.t.Context(), func(ctx context.Context, r ports.Repos) error {
		page, err := r.Transfers.Queue(ctx, ports.QueueQuery{
			Project: s.shop.Project.ID, Mode: merchant.Test, Limit: 100,
		})
		rows = page.Rows
		return err
	}))
	return rows
}

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
