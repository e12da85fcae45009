package sandbox_test

import (
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// pay signs a price of so many units.
func (w *tokenWorld) pay(units uint64) x402.Verified {
	w.t.Helper()
	price := w.priced(units)
	return portstest.VerifyPayment(w.t, price, w.Rich().Sign(price, w.Now()), w.Now())
}

// sign makes the transaction for a payment that checks out.
func (w *tokenWorld) sign(v x402.Verified) ports.RelayTransaction {
	w.t.Helper()
	ctx, account, order := w.t.Context(), w.tokens.Accounts()[0], ports.OrderOf(v, x402.RouteKey)
	if _, err := w.tokens.Check(ctx, v); err != nil {
		w.t.Fatal(err)
	}
	nonce, _, err := w.tokens.Standing(ctx, account)
	if err != nil {
		w.t.Fatal(err)
	}
	fees, err := w.tokens.Quote(ctx, account, v.Due(), order)
	if err != nil {
		w.t.Fatal(err)
	}
	tx, err := w.tokens.Sign(account, nonce, v.Due(), order, fees)
	if err != nil {
		w.t.Fatal(err)
	}
	return tx
}

func (w *tokenWorld) send(tx ports.RelayTransaction) {
	w.t.Helper()
	if err := w.tokens.Send(w.t.Context(), tx); err != nil {
		w.t.Fatal(err)
	}
}

// prove says what a transaction shows of a payment.
func (w *tokenWorld) prove(id x402.Hash, v x402.Verified) error {
	r, err := w.tokens.Receipt(w.t.Context(), id)
	if err == nil {
		_, err = x402.Prove(v.Due(), r.Receipt, 1)
	}
	return err
}

func (w *tokenWorld) proves(id x402.Hash, v x402.Verified) {
	w.t.Helper()
	if err := w.prove(id, v); err != nil {
		w.t.Error(err)
	}
}

func (w *tokenWorld) notFound(id x402.Hash) {
	w.t.Helper()
	if _, err := w.tokens.Receipt(w.t.Context(), id); !errors.Is(err, ports.ErrNotFound) {
		w.t.Errorf("the receipt of %s: %v", id, err)
	}
}

func (w *tokenWorld) fate(v x402.Verified) ports.AuthorizationFate {
	w.t.Helper()
	f, err := w.tokens.Fate(w.t.Context(), v.Due(), w.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

func refusal(t *testing.T, err error, want x402.Reason) {
	t.Helper()
	var r *x402.Refusal
	if !errors.As(err, &r) || r.Reason != want {
		t.Errorf("got %v, want a refusal for %s", err, want)
	}
}

// A test payment in the middle of its settlement goes on after a restart.
func TestPaymentsSurviveARestart(t *testing.T) {
	w := openTokens(t)
	v := w.pay(12_000)
	tx := w.sign(v)
	w.send(tx)
	w.tokens = sandbox.NewTokens(w.store, w.store, w.hand)
	w.proves(tx.TxID, v)
	w.send(tx)
	_, err := w.tokens.Check(t.Context(), v)
	refusal(t, err, x402.ReasonUsed)
}

func TestScriptedRefusals(t *testing.T) {
	w := openTokens(t)
	for units, want := range map[uint64]x402.Reason{10_402: x402.ReasonFunds, 10_409: x402.ReasonUsed} {
		v := w.pay(units)
		_, err := w.tokens.Check(t.Context(), v)
		refusal(t, err, want)
		_, err = w.tokens.Quote(t.Context(), w.tokens.Accounts()[0], v.Due(), ports.OrderOf(v, x402.RouteKey))
		refusal(t, err, want)
	}
	_, err := w.tokens.Check(t.Context(), w.pay(10_503))
	if fault.From(err).Kind != fault.Unavailable {
		t.Errorf("got %v, want Unavailable", err)
	}
}

// A transaction that is stuck is mined when its time has come, or at once when its fees are raised.
func TestScriptedStuck(t *testing.T) {
	w := openTokens(t)
	patient, raised := w.pay(10_202), w.pay(10_202)
	slow := w.sign(patient)
	w.send(slow)
	w.notFound(slow.TxID)
	if w.fate(patient).Used {
		t.Error("what is stuck is used")
	}
	w.hand.move(sandbox.StuckFor)
	w.proves(slow.TxID, patient)

	slow = w.sign(raised)
	w.send(slow)
	fees, err := w.tokens.Raise(t.Context(), slow.Fees)
	if err != nil {
		t.Fatal(err)
	}
	fast, err := w.tokens.Sign(slow.Account, slow.Nonce, raised.Due(), ports.OrderOf(raised, x402.RouteKey), fees)
	if err != nil {
		t.Fatal(err)
	}
	w.send(fast)
	w.proves(fast.TxID, raised)
	if err := w.tokens.Send(t.Context(), slow); !errors.Is(err, ports.ErrNonceSpent) {
		t.Errorf("the one that was replaced: %v", err)
	}
}

// What is lost is never used, and can no longer be once its window is over.
func TestScriptedLost(t *testing.T) {
	w := openTokens(t)
	v := w.pay(10_408)
	tx := w.sign(v)
	w.send(tx)
	w.hand.move(time.Hour)
	w.notFound(tx.TxID)
	f := w.fate(v)
	until, _ := v.Due().ValidBefore.Uint64()
	if f.Used || uint64(f.FinalTime.Unix()) <= until {
		t.Errorf("fate %+v of an authorization valid before %d", f, until)
	}
}

func TestScriptedOutcomes(t *testing.T) {
	w := openTokens(t)
	beaten := w.pay(10_208)
	tx := w.sign(beaten)
	w.send(tx)
	w.send(tx)
	refusal(t, w.prove(tx.TxID, beaten), x402.ReasonReverted)
	w.proves(w.fate(beaten).TxID, beaten)

	reverted := w.pay(10_500)
	tx = w.sign(reverted)
	w.send(tx)
	refusal(t, w.prove(tx.TxID, reverted), x402.ReasonReverted)
	if w.fate(reverted).Used {
		t.Error("what was reverted is used")
	}

	undone := w.pay(10_410)
	tx = w.sign(undone)
	w.send(tx)
	w.proves(tx.TxID, undone)
	w.hand.move(sandbox.UndoneAfter - time.Millisecond)
	if r, err := w.tokens.Receipt(t.Context(), tx.TxID); err != nil || r.Final {
		t.Errorf("before the reorg: %+v, %v", r, err)
	}
	w.hand.move(time.Millisecond)
	w.notFound(tx.TxID)
	if w.fate(undone).Used {
		t.Error("what was undone is used")
	}
}

// An authorization that is sent after its time moves nothing, like on any chain.
func TestTooLateMovesNothing(t *testing.T) {
	w := openTokens(t)
	v := w.pay(12_000)
	tx := w.sign(v)
	w.hand.move(time.Hour)
	w.send(tx)
	refusal(t, w.prove(tx.TxID, v), x402.ReasonReverted)
}

// What is not a transaction of ours, whole and unchanged, is not taken.
func TestForeignTransactionsAreNotTaken(t *testing.T) {
	w := openTokens(t)
	tx := w.sign(w.pay(12_000))
	for name, change := range map[string]func(tx *ports.RelayTransaction){
		"no bytes":    func(tx *ports.RelayTransaction) { tx.Raw = nil },
		"other bytes": func(tx *ports.RelayTransaction) { tx.Raw = []byte(`{"max_fee":1}`) },
		"another id":  func(tx *ports.RelayTransaction) { tx.TxID[0]++ },
	} {
		other := tx
		change(&other)
		if err := w.tokens.Send(t.Context(), other); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
