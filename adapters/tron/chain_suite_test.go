package tron_test

import (
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/adapters/tron"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports/portstest"
)

func TestChainPromises(t *testing.T) {
	portstest.Chain(t, func(t *testing.T) portstest.ChainWorld {
		w := openWorld(t)
		return portstest.ChainWorld{Chain: w.chain, ChainScript: w}
	})
}

// hand is a clock that is moved by hand. It begins with the clock of the node, whose blocks bear
// the machine's time.
type hand struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hand) move(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// world is a Tron chain over a node of its own, read through a proxy.
type world struct {
	t      *testing.T
	node   *anviltest.Node
	proxy  *anviltest.Proxy
	hand   *hand
	chain  *tron.Chain
	blocks map[chain.TxID]uint64
	fake   anviltest.Account
	named  int
}

func openWorld(t *testing.T) *world {
	t.Helper()
	node := anviltest.Start(t)
	node.PlaceUSDT()
	w := &world{
		t: t, node: node, proxy: anviltest.NewProxy(t, node.URL), hand: &hand{now: time.Now()},
		blocks: map[chain.TxID]uint64{}, fake: anviltest.Named("fake token"),
	}
	node.Place("FakeUSDT", w.fake)
	w.chain = w.open(w.proxy.URL)
	return w
}

// open answers a chain read through nodes of our choice.
func (w *world) open(urls ...string) *tron.Chain {
	w.t.Helper()
	c, grid, err := tron.New(tron.Config{RPCURLs: urls, Clock: w.hand})
	if err != nil || grid != nil {
		w.t.Fatal(grid, err)
	}
	return c
}

func (w *world) Receiver() chain.Address {
	w.named++
	return chain.TronAddress(anviltest.Named("receiver " + big.NewInt(int64(w.named)).String()))
}

func (w *world) mined(tx anviltest.Tx, lawful bool) chain.TxID {
	w.t.Helper()
	if tx.OK != lawful {
		w.t.Fatalf("transaction %+v", tx)
	}
	w.blocks[chain.TxID(tx.ID)] = tx.Block
	return chain.TxID(tx.ID)
}

func raw(t *testing.T, a chain.Address) anviltest.Account {
	t.Helper()
	b, ok := a.Bytes20()
	if !ok {
		t.Fatalf("address %q", a)
	}
	return b
}

func (w *world) Pay(payments ...portstest.Payment) chain.TxID {
	w.t.Helper()
	if len(payments) == 1 {
		return w.mined(
			w.node.Transfer(anviltest.Payer, raw(w.t, payments[0].To), payments[0].Units), true)
	}
	var to []anviltest.Account
	var units []*big.Int
	for _, p := range payments {
		to, units = append(to, raw(w.t, p.To)), append(units, p.Units)
	}
	return w.mined(w.node.PayMany(to, units), true)
}

func (w *world) PayFake(p portstest.Payment) chain.TxID {
	w.t.Helper()
	return w.mined(w.node.Send(anviltest.Payer, w.fake,
		w.node.Calldata("FakeUSDT", "transfer(address,uint256)", raw(w.t, p.To), p.Units)), true)
}

func (w *world) Fail(p portstest.Payment) chain.TxID {
	w.t.Helper()
	return w.mined(w.node.Transfer(anviltest.Named("poor"), raw(w.t, p.To), p.Units), false)
}

func (w *world) Grow(blocks uint64) {
	w.t.Helper()
	if blocks > 0 {
		w.node.Mine(blocks)
	}
}

func (w *world) Undo(id chain.TxID) {
	w.t.Helper()
	w.node.Reorg(w.node.Height() - w.blocks[id] + 1)
}

func (w *world) Cut(off bool) {
	w.t.Helper()
	if off {
		w.proxy.Play(anviltest.Body(503, "no node today"))
		return
	}
	w.proxy.Play(nil)
	w.hand.move(time.Minute) // long enough for whoever gave the node up to try it again
}
