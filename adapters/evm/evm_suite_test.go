package evm_test

import (
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/adapters/evm"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports/portstest"
)

// The network's own coin is held to the same promises, however its node tells of calls.
func TestNativeCoinPromises(t *testing.T) {
	for name, trick := range map[string]anviltest.Trick{
		"by callTracer": nil, "by trace_block": anviltest.NoTraces("debug"),
	} {
		t.Run(name, func(t *testing.T) {
			portstest.Chain(t, func(t *testing.T) portstest.ChainWorld {
				w := openNative(t, chain.Base, trick)
				return portstest.ChainWorld{Chain: ownCoin{w.chain}, ChainScript: w}
			})
		})
	}
}

// ownCoin is a network of which only its own coin is asked.
type ownCoin struct{ *evm.Chain }

func (c ownCoin) Assets() []chain.Asset {
	return slices.DeleteFunc(c.Chain.Assets(), func(a chain.Asset) bool { return !a.IsNative() })
}

// native is a world that pays in the network's own coin.
type native struct {
	*world
	scatter anviltest.Scatter
}

func openNative(t *testing.T, n chain.Network, trick anviltest.Trick) native {
	t.Helper()
	w := native{world: openWorld(t, n)}
	w.honest = trick
	w.proxy.Play(trick)
	w.scatter = w.node.PlaceScatter()
	w.Grow(anviltest.FinalityLag) // traces are asked of a final block
	if _, err := w.chain.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w native) Pay(payments ...portstest.Payment) chain.TxID {
	w.t.Helper()
	// Anvil takes no more with a transaction than fits in 128 bits; a contract can send what it has.
	if len(payments) == 1 && payments[0].Units.BitLen() < 128 {
		return w.mined(w.node.SendValue(anviltest.Payer, raw(w.t, payments[0].To), payments[0].Units, nil), true)
	}
	to, units := split(w.t, payments)
	return w.mined(w.scatter.Send(to, units), true)
}

func (w native) Fail(p portstest.Payment) chain.TxID {
	w.t.Helper()
	to, units := split(w.t, []portstest.Payment{p})
	return w.mined(w.scatter.Call(new(big.Int), "fail(address[],uint256[])", to, units), false)
}

func split(t *testing.T, payments []portstest.Payment) (to []anviltest.Account, units []*big.Int) {
	t.Helper()
	for _, p := range payments {
		to, units = append(to, raw(t, p.To)), append(units, p.Units)
	}
	return to, units
}

func TestChainPromises(t *testing.T) {
	portstest.Chain(t, func(t *testing.T) portstest.ChainWorld {
		w := openWorld(t, chain.Base)
		return portstest.ChainWorld{Chain: w.chain, ChainScript: w}
	})
}

func TestWitnessPromises(t *testing.T) {
	portstest.Witness(t, func(t *testing.T) portstest.WitnessWorld {
		w := openWorld(t, chain.Base)
		w.addEndpoint()
		return portstest.WitnessWorld{ChainWorld: portstest.ChainWorld{Chain: w.chain, ChainScript: w}, Witness: w.chain}
	})
}

// The network's own coin is proven by as many endpoints, each by its own traces, of either kind.
func TestNativeWitnessPromises(t *testing.T) {
	for name, trick := range map[string]anviltest.Trick{
		"by callTracer": nil, "by trace_block": anviltest.NoTraces("debug"),
	} {
		t.Run(name, func(t *testing.T) {
			portstest.Witness(t, func(t *testing.T) portstest.WitnessWorld {
				w := openNative(t, chain.Base, trick)
				w.addTracer(trick)
				return portstest.WitnessWorld{
					ChainWorld: portstest.ChainWorld{Chain: ownCoin{w.chain}, ChainScript: w}, Witness: w.chain,
				}
			})
		})
	}
}

// addTracer has another endpoint tell of the same node, in a way of its own.
func (w native) addTracer(trick anviltest.Trick) {
	w.t.Helper()
	w.addEndpoint()
	w.others[len(w.others)-1].Play(trick)
	if _, err := w.chain.Check(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func TestRereaderPromises(t *testing.T) {
	for _, second := range []bool{true, false} {
		portstest.Rereader(t, func(t *testing.T) portstest.RereaderWorld {
			w := openWorld(t, chain.Base)
			if second {
				w.addEndpoint()
			}
			return portstest.RereaderWorld{
				ChainWorld: portstest.ChainWorld{Chain: w.chain, ChainScript: w}, Rereader: w.chain, Second: second,
			}
		})
	}
}

// The own coin is read again by traces where two endpoints trace; where one does it is not, which is said.
func TestNativeRereaderPromises(t *testing.T) {
	for name, trick := range map[string]anviltest.Trick{
		"a second one traces": nil, "a second one does not": anviltest.NoTraces("debug", "trace"),
	} {
		t.Run(name, func(t *testing.T) {
			portstest.Rereader(t, func(t *testing.T) portstest.RereaderWorld {
				w := openNative(t, chain.Base, nil)
				w.addTracer(trick)
				return portstest.RereaderWorld{
					ChainWorld: portstest.ChainWorld{Chain: ownCoin{w.chain}, ChainScript: w}, Rereader: w.chain,
					Second: true, Unread: trick != nil,
				}
			})
		})
	}
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

// world is a network over a node of its own, read through a proxy.
type world struct {
	t       *testing.T
	network chain.Network
	node    *anviltest.Node
	proxy   *anviltest.Proxy
	others  []*anviltest.Proxy
	hand    *hand
	chain   *evm.Chain
	coins   map[string]anviltest.Coin // by symbol
	first   anviltest.Coin
	blocks  map[chain.TxID]uint64
	fake    anviltest.Account
	named   int64
	honest  anviltest.Trick // how the proxy answers when it does
}

func openWorld(t *testing.T, n chain.Network) *world {
	t.Helper()
	node := anviltest.StartChain(t, n.EVMChainID())
	w := &world{
		t: t, network: n, node: node, proxy: anviltest.NewProxy(t, node.URL), hand: &hand{now: time.Now()},
		coins: map[string]anviltest.Coin{}, blocks: map[chain.TxID]uint64{}, fake: anviltest.Named("fake token"),
	}
	contracts := map[uint8]string{6: "TetherToken", 18: "PeggedToken"}
	for _, a := range n.Tokens() {
		if a.IsNative() {
			continue
		}
		w.coins[a.Symbol] = node.PlaceCoin(contracts[a.Decimals], raw(t, chain.Address(a.Contract)))
	}
	w.first = w.coins[n.Tokens()[0].Symbol]
	node.Place("FakeUSDT", w.fake)
	w.chain = w.open(w.proxy.URL)
	return w
}

// addEndpoint puts another proxy before the same node and reads by both.
func (w *world) addEndpoint() {
	w.t.Helper()
	w.others = append(w.others, anviltest.NewProxy(w.t, w.node.URL))
	urls := []string{w.proxy.URL}
	for _, p := range w.others {
		urls = append(urls, p.URL)
	}
	w.chain = w.open(urls...)
}

// open answers a chain read through nodes of our choice.
func (w *world) open(urls ...string) *evm.Chain {
	w.t.Helper()
	c, err := evm.New(evm.Config{Network: w.network, RPCURLs: urls, Clock: w.hand})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) Receiver() chain.Address {
	w.named++
	return chain.EVMAddress(anviltest.Named("receiver " + big.NewInt(w.named).String()))
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
	b, ok := a.EVMBytes()
	if !ok {
		t.Fatalf("address %q", a)
	}
	return b
}

func (w *world) Pay(payments ...portstest.Payment) chain.TxID {
	w.t.Helper()
	if len(payments) == 1 {
		return w.mined(w.first.Transfer(anviltest.Payer, raw(w.t, payments[0].To), payments[0].Units), true)
	}
	to, units := split(w.t, payments)
	return w.mined(w.first.PayMany(to, units), true)
}

func (w *world) PayFake(p portstest.Payment) chain.TxID {
	w.t.Helper()
	return w.mined(w.node.Send(anviltest.Payer, w.fake,
		w.node.Calldata("FakeUSDT", "transfer(address,uint256)", raw(w.t, p.To), p.Units)), true)
}

func (w *world) Fail(p portstest.Payment) chain.TxID {
	w.t.Helper()
	return w.mined(w.first.Transfer(anviltest.Named("poor"), raw(w.t, p.To), p.Units), false)
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
	var trick anviltest.Trick
	if off {
		trick = anviltest.Body(503, "no node today")
	}
	for _, p := range append(w.others, w.proxy) {
		p.Play(trick)
	}
	if off {
		return
	}
	w.proxy.Play(w.honest)
	w.hand.move(time.Minute) // long enough for whoever gave the node up to try it again
}
