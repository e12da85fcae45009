package evm_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// watch looks for the own coin only, to these receivers.
func (w native) watch(to ...chain.Address) ports.Watch {
	return ports.Watch{Assets: ownCoin{w.chain}.Assets(), Receivers: to}
}

// found reads everything that is final now.
func (w native) found(to ...chain.Address) ([]chain.Transfer, error) {
	w.t.Helper()
	w.Grow(anviltest.FinalityLag)
	head, err := w.chain.Head(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	var out []chain.Transfer
	for from := uint64(1); from <= head.Final; from += 8 {
		span, err := w.chain.Scan(w.t.Context(), from, min(from+7, head.Final), w.watch(to...))
		if err != nil {
			return nil, err
		}
		out = append(out, span.Transfers...)
	}
	return out, nil
}

// moved is what there is to say of a transfer on whose node it was read does not matter.
type moved struct {
	TxID  chain.TxID
	Index uint32
	From  chain.Address
	Units int64
}

func tell(found []chain.Transfer) (out []moved) {
	for _, t := range found {
		out = append(out, moved{t.TxID, t.Index - chain.FirstNative, t.From, t.Units.Int64()})
	}
	return out
}

// What moves value, and what only looks like it, is told apart in the same way by both kinds of
// traces, under the same numbers, in a scan and in a look at the transaction.
func TestOnlyWhatMovedCounts(t *testing.T) {
	for name, trick := range map[string]anviltest.Trick{
		"callTracer": nil, "trace_block": anviltest.NoTraces("debug"),
	} {
		t.Run(name, func(t *testing.T) {
			w := openNative(t, chain.Ethereum, trick)
			to, other := w.Receiver(), w.Receiver()
			at, elsewhere := raw(t, to), raw(t, other)
			payer, inside := chain.EVMAddress(anviltest.Payer), chain.EVMAddress(w.scatter.At)
			two := []anviltest.Account{elsewhere, at}
			call := func(units int64, signature string, args ...any) chain.TxID {
				return w.mined(w.scatter.Call(big.NewInt(units), signature, args...), true)
			}
			ints := func(units ...int64) (out []*big.Int) {
				for _, u := range units {
					out = append(out, big.NewInt(u))
				}
				return out
			}
			var want []moved
			pays := func(id chain.TxID, index uint32, from chain.Address, units int64) {
				want = append(want, moved{id, index, from, units})
			}

			pays(w.mined(w.node.SendValue(anviltest.Payer, at, big.NewInt(7), nil), true), 0, payer, 7)
			// The value that the contract is sent is the first move, what it pays on the next two.
			batch := call(11, "send(address[],uint256[])", two, ints(5, 6))
			pays(batch, 2, inside, 6)
			// A call that moves nothing is not counted: nodes disagree about which of those to list.
			pays(call(0, "send(address[],uint256[])", []anviltest.Account{elsewhere, elsewhere, at}, ints(0, 1, 2)), 1, inside, 2)
			both := call(9, "send(address[],uint256[])", []anviltest.Account{at, at}, ints(4, 5))
			pays(both, 1, inside, 4)
			pays(both, 2, inside, 5)
			// Reverted within a transaction that succeeds: only what came after it counts. What was moved
			// and undone takes no number.
			pays(call(8, "caught(address[],uint256[],uint256)", []anviltest.Account{at}, ints(3), 5), 1, inside, 5)
			if nothing := call(3, "caught(address[],uint256[],uint256)", []anviltest.Account{at}, ints(3), 0); nothing == "" {
				t.Fatal("not mined")
			}
			w.mined(w.scatter.Call(big.NewInt(3), "fail(address[],uint256[])", []anviltest.Account{at}, ints(3)), false)
			call(13, "borrow(address)", at)
			burst := call(17, "burst(address)", at)
			found, err := w.found(to)
			if err != nil {
				t.Fatal(err)
			}
			// Nobody calls whom a self-destruction pays; the payer is the contract that went.
			last := len(found) - 1
			if last < 0 || found[last].TxID != burst {
				t.Fatalf("the self-destruction is missing: %+v", found)
			}
			pays(burst, 2, found[last].From, 17)
			if diff := cmp.Diff(want, tell(found)); diff != "" {
				t.Fatal(diff)
			}
			for _, f := range found {
				if !f.Asset.IsNative() || f.To != to {
					t.Errorf("transfer %+v", f)
				}
				looked, err := w.chain.Lookup(t.Context(), f.TxID)
				same := func(l chain.Transfer) bool { return cmp.Equal(l, f, cmp.Comparer(equal)) }
				if err != nil || !slices.ContainsFunc(looked, same) {
					t.Errorf("%s/%d looked up: %+v, %v", f.TxID, f.Index, looked, err)
				}
			}
			if paid, err := w.found(other); err != nil || len(paid) != 2 {
				t.Errorf("the other in the batch: %+v, %v", paid, err)
			}
		})
	}
}

// created is the contract that a transaction created, by the node's own word.
func (w native) created(id chain.TxID) chain.Address {
	w.t.Helper()
	var call struct{ Calls []struct{ To string } }
	told := w.node.Call("debug_traceTransaction", "0x"+string(id), map[string]any{"tracer": "callTracer"})
	var at [20]byte
	if err := json.Unmarshal(told, &call); err != nil || len(call.Calls) != 1 {
		w.t.Fatalf("%s, %v", told, err)
	}
	if _, err := hex.Decode(at[:], []byte(strings.TrimPrefix(call.Calls[0].To, "0x"))); err != nil {
		w.t.Fatal(err)
	}
	return chain.EVMAddress(at)
}

// A merchant's address may be a contract that is yet to be created, or that pays itself.
func TestContractsAreReceivers(t *testing.T) {
	for name, trick := range map[string]anviltest.Trick{
		"callTracer": nil, "trace_block": anviltest.NoTraces("debug"),
	} {
		t.Run(name, func(t *testing.T) {
			w := openNative(t, chain.BSC, trick)
			creation := w.mined(w.scatter.Call(big.NewInt(21), "make()"), true)
			made := w.created(creation)
			w.mined(w.scatter.Call(big.NewInt(22), "keep()"), true)
			found, err := w.found(made, chain.EVMAddress(w.scatter.At))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range found {
				got = append(got, fmt.Sprint(f.To == made, f.Units))
				if f.Asset.Symbol != "BNB" || f.To == made && f.TxID != creation {
					t.Errorf("transfer %+v", f)
				}
			}
			// It is paid by its callers, never by itself.
			if diff := cmp.Diff([]string{"false 21", "true 21", "false 22"}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Tokens and the own coin of one transaction are told apart, and neither takes the other's place.
func TestTokensAndOwnCoinTogether(t *testing.T) {
	w := openNative(t, chain.Base, nil)
	to := w.Receiver()
	token := w.mined(w.first.Transfer(anviltest.Payer, raw(t, to), big.NewInt(1)), true)
	value := w.Pay(portstest.Units(to, 2))
	w.Grow(anviltest.FinalityLag)
	head, err := w.chain.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	span, err := w.chain.Scan(t.Context(), 1, head.Final, ports.Watch{Assets: w.chain.Assets(), Receivers: []chain.Address{to}})
	if err != nil || len(span.Transfers) != 2 {
		t.Fatalf("%+v, %v", span, err)
	}
	if a, b := span.Transfers[0], span.Transfers[1]; a.TxID != token || a.Asset.IsNative() || a.Index >= chain.FirstNative ||
		b.TxID != value || !b.Asset.IsNative() || b.Index != chain.FirstNative {
		t.Errorf("%+v", span.Transfers)
	}
	// Nobody is watched, or the coin is not: nothing is traced.
	w.proxy.Asked()
	for _, watch := range []ports.Watch{
		{Assets: w.chain.Assets()}, {Assets: w.chain.Assets()[:1], Receivers: []chain.Address{to}},
	} {
		if _, err := w.chain.Scan(t.Context(), 1, head.Final, watch); err != nil {
			t.Fatal(err)
		}
	}
	if asked := strings.Join(w.proxy.Asked(), " "); strings.Contains(asked, "trace") {
		t.Errorf("asked %s", asked)
	}
}

// An endpoint that cannot trace reads tokens and is asked for nothing else; while no endpoint can, the
// coin is not there, and what must be read is refused and never called empty.
func TestEndpointsThatCannotTrace(t *testing.T) {
	w := openNative(t, chain.Base, nil)
	poor, rich := anviltest.NewProxy(t, w.node.URL), anviltest.NewProxy(t, w.node.URL)
	mute := anviltest.NoTraces("debug", "trace")
	poor.Play(mute)
	rich.Play(mute)
	to := w.Receiver()
	w.Pay(portstest.Units(to, 5))
	watch := w.watch(to)
	w.chain = w.open(poor.URL, rich.URL)
	if _, err := w.chain.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := w.chain.Assets(); len(a) != 1 || a[0].IsNative() {
		t.Fatalf("assets %+v", a)
	}
	for _, e := range w.chain.Endpoints() {
		if e.Traces || !strings.Contains(e.NoTraces, "debug_traceBlockByNumber: rpc error -32601") ||
			!strings.Contains(e.NoTraces, "trace_block: rpc error") || !e.Healthy {
			t.Errorf("endpoint %+v", e)
		}
	}
	w.Grow(anviltest.FinalityLag)
	head, err := w.chain.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := func() ([]chain.Transfer, error) {
		span, err := w.chain.Scan(t.Context(), 1, head.Final, watch)
		return span.Transfers, err
	}
	if found, err := ask(); !errors.Is(err, ports.ErrChainUnavailable) || !strings.Contains(err.Error(), "it cannot trace") {
		t.Errorf("without traces: %+v, %v", found, err)
	}
	// One of them learns it; that is noticed in a while, without anybody's help.
	rich.Play(nil)
	for range 2 {
		w.hand.move(11 * time.Minute)
		if _, err := w.chain.Head(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := w.chain.Head(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if a := w.chain.Assets(); len(a) != 2 {
		t.Fatalf("assets %+v", a)
	}
	poor.Asked()
	if found, err := ask(); err != nil || len(found) != 1 {
		t.Errorf("with traces: %+v, %v", found, err)
	}
	if asked := strings.Join(poor.Asked(), " "); strings.Contains(asked, "trace") {
		t.Errorf("the one that cannot trace was asked %s", asked)
	}
	// And it loses it again: the coin goes, the reading stops.
	rich.Play(mute)
	if found, err := ask(); !errors.Is(err, ports.ErrChainUnavailable) {
		t.Errorf("traces lost: %+v, %v", found, err)
	}
	if a := w.chain.Assets(); len(a) != 1 {
		t.Errorf("assets %+v", a)
	}
}

// badTraces are answers that look right and are not. Believing one would lose or invent a payment.
func badTraces(debug, transaction string) map[string]anviltest.Trick {
	change := func(fn func(list []map[string]any) []map[string]any) anviltest.Trick {
		return anviltest.Change(debug, func(_ anviltest.Call, r anviltest.Reply) anviltest.Reply {
			var list []map[string]any
			if json.Unmarshal(r.Result, &list) == nil {
				r.Result, _ = json.Marshal(fn(list))
			}
			return r
		})
	}
	const nobody = "0x1111111111111111111111111111111111111111111111111111111111111111"
	out := map[string]anviltest.Trick{
		"nothing":              anviltest.Instead(debug, `null`),
		"no traces":            anviltest.Instead(debug, `[]`),
		"an object":            anviltest.Instead(debug, `{}`),
		"no answer":            anviltest.Instead(debug, `error {"code":-32000,"message":"required historical state unavailable"}`),
		"no block":             anviltest.Instead("eth_getBlockByNumber", `null`),
		"no receipt":           anviltest.Instead("eth_getTransactionReceipt", `null`),
		"one short":            change(func(list []map[string]any) []map[string]any { return list[:max(0, len(list)-1)] }),
		"one twice":            change(func(list []map[string]any) []map[string]any { return append(list, list...) }),
		"a failed transaction": anviltest.Replace("eth_getTransactionReceipt", `"status":"0x1"`, `"status":"0x0"`),
		"of another transaction": change(func(list []map[string]any) []map[string]any {
			for _, one := range list {
				one[transaction] = nobody
			}
			return list
		}),
		"cut short": anviltest.CutShort(90),
	}
	return out
}

func TestBadTracesAreNeverBelieved(t *testing.T) {
	for method, base := range map[string]anviltest.Trick{
		"debug_traceBlockByNumber txHash": anviltest.Honest, "trace_block transactionHash": anviltest.NoTraces("debug"),
	} {
		names := strings.Fields(method)
		w := openNative(t, chain.Base, base)
		to := w.Receiver()
		paid := w.Pay(portstest.Units(to, 5))
		w.Grow(anviltest.FinalityLag)
		for name, trick := range badTraces(names[0], names[1]) {
			w.proxy.Play(base)
			w.chain = w.open(w.proxy.URL, w.node.URL)
			if _, err := w.chain.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.proxy.Play(anviltest.Both(base, trick))
			if found, err := w.found(to); err != nil || len(found) != 1 {
				t.Errorf("%s by %s, with a good endpoint at hand: %+v, %v", name, names[0], found, err)
			}
			w.proxy.Play(base)
			w.chain = w.open(w.proxy.URL)
			if _, err := w.chain.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			h, err := w.chain.Head(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			w.proxy.Play(anviltest.Both(base, trick))
			above := chain.Head{Network: chain.Base, Final: w.blocks[paid] - 1}
			if seen, err := w.chain.Seen(t.Context(), above, w.watch(to)); err == nil || len(seen) > 0 {
				t.Errorf("%s by %s: seen %+v, %v", name, names[0], seen, err)
			}
			for height := h.Final; height > 0; height-- {
				span, err := w.chain.Scan(t.Context(), height, height, w.watch(to))
				if len(span.Transfers) > 0 {
					t.Errorf("%s by %s: believed %+v", name, names[0], span)
				}
				if err == nil && height == w.blocks[paid] {
					t.Errorf("%s by %s: block %d is a hole", name, names[0], height)
				}
			}
		}
	}
}

func equal(a, b *big.Int) bool { return a.Cmp(b) == 0 }

// A node that is behind answers an empty list of traces for blocks it has not: that is no empty block.
func TestLaggingTracesAreNoEmptyBlocks(t *testing.T) {
	for name, base := range map[string]anviltest.Trick{"callTracer": anviltest.Honest, "trace_block": anviltest.NoTraces("debug")} {
		w := openNative(t, chain.Base, base)
		behind := w.node.Height()
		to := w.Receiver()
		id := w.Pay(portstest.Units(to, 5))
		w.Grow(anviltest.FinalityLag)
		if _, err := w.chain.Head(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.proxy.Play(anviltest.Both(base, anviltest.Behind(behind)))
		height := w.blocks[id]
		if span, err := w.chain.Scan(t.Context(), height, height, w.watch(to)); !errors.Is(err, ports.ErrChainUnavailable) {
			t.Errorf("%s: %+v, %v", name, span, err)
		}
	}
}

// Each block above the final one is traced once, however often somebody looks and for whom; one that
// was replaced is traced anew.
func TestNewBlocksAreTracedOnce(t *testing.T) {
	w := openNative(t, chain.Base, nil)
	to, other := w.Receiver(), w.Receiver()
	w.Pay(portstest.Units(to, 1), portstest.Units(other, 2))
	head := chain.Head{Network: chain.Base, Final: w.node.Height() - 3}
	look := func(to chain.Address, traced, want int) {
		t.Helper()
		w.proxy.Asked()
		seen, err := w.chain.Seen(t.Context(), head, w.watch(to))
		n := 0
		for _, method := range w.proxy.Asked() {
			if method == "debug_traceBlockByNumber" {
				n++
			}
		}
		if err != nil || n != traced || len(seen) != want {
			t.Errorf("%d blocks traced, want %d; %+v, %v", n, traced, seen, err)
		}
	}
	look(to, 3, 1)
	look(to, 0, 1)
	look(other, 0, 1)
	w.Grow(2)
	look(to, 2, 1)
	undone := w.Pay(portstest.Units(to, 3))
	look(to, 1, 2)
	w.Undo(undone)
	look(to, 1, 1)
	head.Final += 4
	look(to, 0, 0)
}

// So many new blocks that one look cannot trace them are looked at in several, and nothing is said
// until all were.
func TestManyNewBlocksTakeSeveralLooks(t *testing.T) {
	w := openNative(t, chain.Arbitrum, nil)
	to := w.Receiver()
	final := w.node.Height()
	w.Pay(portstest.Units(to, 1))
	w.Grow(450)
	head := chain.Head{Network: chain.Arbitrum, Final: final}
	looks := 0
	for {
		looks++
		seen, err := w.chain.Seen(t.Context(), head, w.watch(to))
		if errors.Is(err, ports.ErrSeenPartly) && looks < 10 {
			continue
		}
		if err != nil || len(seen) != 1 || looks != 3 {
			t.Errorf("after %d looks: %+v, %v", looks, seen, err)
		}
		return
	}
}

// The widths that traces are read in are refused before anybody is asked.
func TestTracesAreReadInSmallRanges(t *testing.T) {
	w := openNative(t, chain.Base, nil)
	w.Grow(40)
	if _, err := w.chain.Head(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.proxy.Asked()
	if _, err := w.chain.Scan(t.Context(), 1, 17, w.watch(w.Receiver())); !errors.Is(err, ports.ErrSpanTooWide) {
		t.Errorf("17 blocks: %v", err)
	}
	if asked := w.proxy.Asked(); len(asked) > 0 {
		t.Errorf("asked %v", asked)
	}
	if _, err := w.chain.Scan(t.Context(), 1, 16, w.watch(w.Receiver())); err != nil {
		t.Errorf("16 blocks: %v", err)
	}
}
