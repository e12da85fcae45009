package app

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/hdkey"
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

func (c *counter) sources() AddressSources {
	return AddressSources{Core: c.checkout.Core, Rails: c.checkout.Rails, Receiving: c.accepts}
}

func (c *counter) register(in SourceInput) (SourceState, error) {
	s, _, err := c.sources().Register(c.t.Context(), c.live(), in, Once[SourceState]{})
	return s, err
}

func (c *counter) confirm(id merchant.SourceID, first string) (SourceState, error) {
	s, _, err := c.sources().Confirm(c.t.Context(), c.live(), SourceConfirmation{
		ID: id, First: first, By: Confirmation{Login: true, Password: rightPassword},
	}, Once[SourceState]{})
	return s, err
}

func (c *counter) askedOn(network string) (checkout.Intent, error) {
	c.t.Helper()
	id, err := c.opened(c.live(), checkout.USDC)
	c.ok(err)
	s, err := c.checkout.Intent(c.t.Context(), id, Choice{Method: checkout.USDC, Network: network})
	if err != nil {
		return checkout.Intent{}, err
	}
	return *s.Intent, nil
}

// An account's key gives each payment its own address on every network of its family, and is never seen
// again; the merchant's own account is passed over.
func TestEachPaymentGetsAnAddressOfTheKey(t *testing.T) {
	c := openCounter(t, chain.Base, chain.Polygon)
	c.ok(c.receive("BASE", "USDC", evmAddress))
	source, err := c.register(SourceInput{Family: "evm", Xpub: evmXpub, Label: "ledger"})
	c.ok(err)
	if source.State != merchant.SourceUnconfirmed || len(source.First) != 3 || source.First[2] != thirdEVM {
		t.Fatalf("registered %+v", source)
	}
	shared, err := c.askedOn("BASE")
	c.ok(err)
	if shared.Address != evmAddress || shared.Terms.Matching != checkout.Shared {
		t.Errorf("an unconfirmed source is used: %+v", shared)
	}
	_, err = c.confirm(source.ID, otherEVM)
	c.refuses(err, merchant.ErrFirstAddress, "")
	_, _, err = c.sources().Confirm(t.Context(), c.live(),
		SourceConfirmation{ID: source.ID, First: evmAddress, By: Confirmation{Login: true}}, Once[SourceState]{})
	c.refuses(err, merchant.ErrPasswordRequired, "")
	pending, err := c.confirm(source.ID, evmAddress)
	c.ok(err)
	if want := c.clock.Now().Add(24 * time.Hour); pending.State != merchant.SourcePending || !pending.ActiveFrom.Equal(want) {
		t.Errorf("in place of another address: %s from %s", pending.State, pending.ActiveFrom)
	}
	if before, err := c.askedOn("BASE"); err != nil || before.Address != evmAddress {
		t.Errorf("before its time: %+v, %v", before, err)
	}
	c.clock.set(c.clock.Now().Add(24 * time.Hour))
	c.read(chain.Base, chain.Polygon)

	first, err := c.askedOn("BASE")
	c.ok(err)
	if first.Address != otherEVM || first.Terms.Matching != checkout.Dedicated || first.Payable() != "9.99" {
		t.Fatalf("first intent %+v", first) // 0/0 is the merchant's receiving account
	}
	second, err := c.askedOn("POLYGON")
	c.ok(err)
	if second.Address != thirdEVM {
		t.Errorf("second intent at %s", second.Address)
	}
	// The same session on another network of the family keeps its address.
	moved, err := c.checkout.Intent(t.Context(), first.SessionID, Choice{Method: checkout.USDC, Network: "POLYGON"})
	c.ok(err)
	if moved.Intent.Address != first.Address {
		t.Errorf("moved to %s", moved.Intent.Address)
	}
	c.refuses(c.receive("POLYGON", "USDC", thirdEVM), merchant.ErrAddressTaken, "")
	listed, err := c.sources().List(t.Context(), c.live())
	c.ok(err)
	if len(listed) != 1 || listed[0].Tally.Total != 2 || string(listed[0].Sealed) == evmXpub {
		t.Errorf("listed %+v", listed)
	}

	_, _, err = c.sources().Remove(t.Context(), c.live(), source.ID, Once[struct{}]{})
	c.ok(err)
	again, err := c.register(SourceInput{Family: "evm", Xpub: evmXpub})
	c.ok(err)
	_, err = c.confirm(again.ID, evmAddress)
	c.ok(err)
	c.clock.set(c.clock.Now().Add(24 * time.Hour))
	c.read(chain.Base, chain.Polygon)
	fresh, err := c.askedOn("BASE")
	c.ok(err)
	if fresh.Address == first.Address || fresh.Address == second.Address {
		t.Errorf("%s is given out again", fresh.Address)
	}
}

// What a merchant pastes by mistake is refused, and nothing of it is kept.
func TestWrongSourcesAreRefused(t *testing.T) {
	c := openCounter(t, chain.Base)
	for name, x := range map[string]struct {
		in   SourceInput
		want *fault.Fault
	}{
		"no family":     {SourceInput{Xpub: evmXpub}, merchant.ErrUnknownFamily},
		"neither":       {SourceInput{Family: "evm"}, merchant.ErrSourceKind},
		"both":          {SourceInput{Family: "evm", Xpub: evmXpub, Addresses: []string{otherEVM}}, merchant.ErrSourceKind},
		"a private key": {SourceInput{Family: "evm", Xpub: "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"}, hdkey.ErrPrivateKey},
		"a token":       {SourceInput{Family: "evm", Addresses: []string{chain.Base.Tokens()[0].Contract}}, chain.ErrInvalidAddress},
		"twice":         {SourceInput{Family: "evm", Addresses: []string{otherEVM, otherEVM}}, merchant.ErrAddressRepeated},
		"Tron's":        {SourceInput{Family: "evm", Addresses: []string{"TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdH"}}, chain.ErrAddressChainMismatch},
		"too many":      {SourceInput{Family: "evm", Addresses: make([]string, merchant.MaxPoolRequest+1)}, merchant.ErrSourceKind},
	} {
		_, err := c.register(x.in)
		if fault.From(err).Code != x.want.Code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if listed, err := c.sources().List(t.Context(), c.live()); err != nil || len(listed) != 0 {
		t.Errorf("kept %+v, %v", listed, err)
	}
}

// A pool that is used up refuses the next payer, in words for its owner, and says before that it is low.
func TestAPoolRunsOut(t *testing.T) {
	c := openCounter(t, chain.Base)
	source, err := c.register(SourceInput{Family: "evm", Addresses: []string{otherEVM}})
	c.ok(err)
	if !source.Low() {
		t.Error("a pool of one is not called low")
	}
	_, err = c.confirm(source.ID, otherEVM)
	c.ok(err)
	only, err := c.askedOn("BASE")
	c.ok(err)
	if only.Address != otherEVM {
		t.Errorf("paid at %s", only.Address)
	}
	_, err = c.askedOn("BASE")
	c.refuses(err, merchant.ErrAddressesExhausted, "")
	_, _, err = c.sources().Append(t.Context(), c.live(), source.ID, []string{thirdEVM}, Once[SourceState]{})
	c.ok(err)
	next, err := c.askedOn("BASE")
	c.ok(err)
	if next.Address != thirdEVM {
		t.Errorf("paid at %s", next.Address)
	}
}

// A project with a source tries its shop the way it will run.
func TestASourceMakesTestPaymentsDedicatedToo(t *testing.T) {
	c := openCounter(t, chain.Base)
	source, err := c.register(SourceInput{Family: "evm", Xpub: evmXpub})
	c.ok(err)
	_, err = c.confirm(source.ID, evmAddress)
	c.ok(err)
	if tried := c.asked(); tried.Intent.Terms.Matching != checkout.Dedicated || tried.Intent.Address[0] != 'S' {
		t.Errorf("tried at %+v", tried.Intent)
	}
	id, err := c.opened(c.live(), "")
	c.ok(err)
	_, err = c.checkout.Intent(t.Context(), id, Choice{Method: checkout.USDC, Dedicated: true})
	c.refuses(err, ErrDedicatedInTest, "")
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
