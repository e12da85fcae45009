package relayer_test

import (
	"errors"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Fifty payments at once, in blocks of a second, all settle: nonces are given out one by one and sent in
// any order.
func TestFiftyPaymentsAtOnce(t *testing.T) {
	w := open(t)
	const many = 50
	var paid [many]x402.Verified
	var sent [many]ports.RelayTransaction
	next := w.nextNonce()
	for i := range paid {
		paid[i] = w.pay(w.Rich())
	}
	w.node.Call("evm_setIntervalMining", 1)
	var all sync.WaitGroup
	var lane sync.Mutex
	for i := range paid {
		all.Go(func() {
			fees, err := w.relay.Quote(t.Context(), w.relay.Accounts()[0], paid[i].Due(), ports.OrderOf(paid[i], x402.RouteKey))
			if err != nil {
				t.Error(err)
				return
			}
			lane.Lock()
			nonce := next
			next++
			lane.Unlock()
			sent[i], err = w.relay.Sign(w.relay.Accounts()[0], nonce, paid[i].Due(), ports.OrderOf(paid[i], x402.RouteKey), fees)
			if err == nil {
				err = w.relay.Send(t.Context(), sent[i])
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i := range paid {
		w.until(func() bool { return !errors.Is(w.prove(sent[i].TxID, paid[i]), ports.ErrNotFound) })
		if err := w.prove(sent[i].TxID, paid[i]); err != nil {
			t.Errorf("payment %d: %v", i, err)
		}
	}
}

// until waits for something that the node does by itself.
func (w *world) until(done func() bool) {
	w.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-w.t.Context().Done():
			w.t.Fatal("it never happened")
		}
	}
}

// A transaction whose fees are too low for the blocks is replaced by one of raised fees.
func TestAStuckTransactionIsReplaced(t *testing.T) {
	w := open(t)
	v := w.pay(w.Rich())
	tx := w.sign(v, x402.RouteKey, w.nextNonce())
	w.send(tx)
	w.node.Call("anvil_setNextBlockBaseFeePerGas", "0x"+big.NewInt(10*gwei).Text(16))
	w.Grow(1)
	if err := w.prove(tx.TxID, v); !errors.Is(err, ports.ErrNotFound) {
		t.Fatalf("mined for too little: %v", err)
	}
	fees := must(w.relay.Raise(t.Context(), tx.Fees))(t)
	raised := must(w.relay.Sign(tx.Account, tx.Nonce, v.Due(), ports.OrderOf(v, x402.RouteKey), fees))(t)
	w.send(raised)
	w.Grow(1)
	if err := w.prove(raised.TxID, v); err != nil {
		t.Fatal(err)
	}
	if err := w.relay.Send(t.Context(), tx); !errors.Is(err, ports.ErrNonceSpent) {
		t.Errorf("the one that was replaced: %v", err)
	}
	r, _ := w.chain.Receipt(t.Context(), raised.TxID)
	if most := raised.Fees.Ceiling(); r.Cost.Cmp(most) > 0 {
		t.Errorf("it cost %s, at most %s was signed for", r.Cost, most)
	}
}

// A base fee above the cap signs nothing.
func TestFeesAboveTheCap(t *testing.T) {
	w := open(t)
	v := w.pay(w.Rich())
	w.node.Call("anvil_setNextBlockBaseFeePerGas", "0x"+big.NewInt(60*gwei).Text(16))
	w.Grow(1)
	fees := must(w.relay.Quote(t.Context(), w.relay.Accounts()[0], v.Due(), ports.OrderOf(v, x402.RouteKey)))(t)
	if fees.MaxFee.Cmp(big.NewInt(maxFee)) != 0 {
		t.Errorf("the fee is %s, want the cap", fees.MaxFee)
	}
	w.node.Call("anvil_setNextBlockBaseFeePerGas", "0x"+big.NewInt(2*maxFee).Text(16))
	w.Grow(1)
	_, err := w.relay.Quote(t.Context(), w.relay.Accounts()[0], v.Due(), ports.OrderOf(v, x402.RouteKey))
	if !errors.Is(err, ports.ErrFeesTooHigh) {
		t.Errorf("got %v, want ErrFeesTooHigh", err)
	}
}

// What a reorg undoes is not found any more, and unused; sent again it pays.
func TestAReorgUndoesASettlement(t *testing.T) {
	w := open(t)
	v := w.pay(w.Rich())
	tx := w.sign(v, x402.RouteKey, w.nextNonce())
	w.send(tx)
	w.Grow(1)
	if err := w.prove(tx.TxID, v); err != nil {
		t.Fatal(err)
	}
	w.node.Reorg(1)
	if err := w.prove(tx.TxID, v); !errors.Is(err, ports.ErrNotFound) {
		t.Fatalf("undone, yet: %v", err)
	}
	fate, err := w.chain.Fate(t.Context(), v.Due(), w.Now().Add(-time.Hour))
	if err != nil || fate.Used {
		t.Fatalf("undone, yet: %+v, %v", fate, err)
	}
	w.send(tx)
	w.Grow(1)
	if err := w.prove(tx.TxID, v); err != nil {
		t.Error(err)
	}
}

// A token that succeeds without moving anything (PYUSD) proves nothing by its status.
func TestSuccessAloneProvesNothing(t *testing.T) {
	w := openWith(t, "QuietAuthToken")
	v := w.pay(w.Rich())
	tx := w.sign(v, x402.RouteKey, w.nextNonce())
	theirs := w.Submit(v)
	_, err := w.chain.Check(t.Context(), v)
	refusal(t, err, x402.ReasonUsed)
	w.send(tx)
	w.Grow(1)
	r := must(w.chain.Receipt(t.Context(), tx.TxID))(t)
	if !r.Receipt.Succeeded {
		t.Fatal("the token does not behave as it is here for")
	}
	refusal(t, w.prove(tx.TxID, v), x402.ReasonNotObserved)
	if err := w.prove(theirs, v); err != nil {
		t.Error(err)
	}
}

// One node that is gone, or keeps what it is sent to itself, holds up nothing.
func TestSeveralNodesAreTold(t *testing.T) {
	w := open(t)
	dead, deaf := anviltest.NewProxy(t, w.node.URL), anviltest.NewProxy(t, w.node.URL)
	dead.Play(anviltest.Body(http.StatusBadGateway, "gone"))
	w.open(dead.URL, deaf.URL, w.proxy.URL)
	v := w.pay(w.Rich())
	tx := w.sign(v, x402.RouteKey, w.nextNonce())
	deaf.Play(anviltest.Instead("eth_sendRawTransaction", `"`+tx.TxID.String()+`"`))
	w.send(tx)
	w.until(func() bool { return slices.Contains(w.proxy.Asked(), "eth_sendRawTransaction") })
	w.until(func() bool {
		w.Grow(1)
		return w.prove(tx.TxID, v) == nil
	})
}

// An account without money is our fault, not the payer's.
func TestAnEmptyRelayerRefusesNobody(t *testing.T) {
	w := open(t)
	v := w.pay(w.Rich())
	tx := w.sign(v, x402.RouteKey, w.nextNonce())
	w.node.Call("anvil_setBalance", tx.Account.String(), "0x0")
	isUnavailable(t, w.relay.Send(t.Context(), tx))
}

// Who used an authorization is found in however narrow ranges a node answers.
func TestTheSearchIsNarrowedWhereANodeWantsIt(t *testing.T) {
	w := open(t)
	v := w.pay(w.Rich())
	began := w.Now().Add(-time.Minute)
	id := w.Submit(v)
	w.Grow(300)
	w.proxy.Play(anviltest.NarrowRanges(100, -32005, "block range is too wide"))
	fate, err := w.chain.Fate(t.Context(), v.Due(), began)
	if err != nil || fate.TxID != id || !fate.UsedFinal {
		t.Errorf("fate %+v, %v", fate, err)
	}
	w.proxy.Play(anviltest.Instead("eth_getLogs", "[]"))
	fate, err = w.chain.Fate(t.Context(), v.Due(), began)
	if err != nil || fate.TxID != (x402.Hash{}) || !fate.Used || !fate.UsedFinal {
		t.Errorf("without logs: %+v, %v", fate, err)
	}
	w.proxy.Play(anviltest.NarrowRanges(1, -32005, "block range is too wide"))
	_, err = w.chain.Fate(t.Context(), v.Due(), began)
	isUnavailable(t, err)
}

// Logs that a node offers of something else name nobody.
func TestForeignLogsNameNobody(t *testing.T) {
	w := open(t)
	v, other := w.pay(w.Rich()), w.pay(w.Rich())
	id := w.Submit(v)
	w.Submit(other)
	w.Grow(1)
	w.proxy.Play(anviltest.IgnoreAddressFilter)
	fate, err := w.chain.Fate(t.Context(), v.Due(), w.Now().Add(-time.Minute))
	if err != nil || fate.TxID != id {
		t.Errorf("fate %+v, %v", fate, err)
	}
	w.proxy.Play(anviltest.Replace("eth_getLogs", strings.ToLower(x402.Hash(v.Due().Nonce).String()), "0x"+strings.Repeat("00", 32)))
	fate, err = w.chain.Fate(t.Context(), v.Due(), w.Now().Add(-time.Minute))
	if err != nil || fate.TxID != (x402.Hash{}) {
		t.Errorf("a log of another nonce: %+v, %v", fate, err)
	}
}
