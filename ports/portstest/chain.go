package portstest

import (
	"errors"
	"math/big"
	"slices"
	"testing"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// ChainWorld is a chain a test can write to, and what reads it. It begins with at least one final
// block.
type ChainWorld struct {
	Chain ports.Chain
	ChainScript
}

// ChainScript writes to a chain, on which nothing happens by itself. Payments are in the first of
// the assets its reader names. If that is the network's own coin, its reader may refuse ranges for
// their width that are narrower than others read, and look at new blocks in several goes.
type ChainScript interface {
	// Receiver is an account nobody was given before.
	Receiver() chain.Address
	// Pay mines one transaction, in a block of its own, that moves these amounts in this order.
	Pay(payments ...Payment) chain.TxID
	// PayFake mines a transfer of a token that has the asset's symbol and decimals, and is another.
	PayFake(p Payment) chain.TxID
	// Fail is a transaction that tries to pay and moves nothing; a chain that knows no failed
	// transactions answers one it does not have.
	Fail(p Payment) chain.TxID
	// Grow adds a number of empty blocks.
	Grow(blocks uint64)
	// Undo replaces the blocks from a transaction's on, among which no final one may be, by as many
	// others without it.
	Undo(id chain.TxID)
	// Cut makes every node unreachable, or mends that.
	Cut(off bool)
}

// Payment is an amount for somebody.
type Payment struct {
	To    chain.Address
	Units *big.Int
}

// Units is a payment of a small amount.
func Units(to chain.Address, units int64) Payment { return Payment{to, big.NewInt(units)} }

// Chain holds a reader of a chain to its promises. open answers a chain of its own for every
// promise.
func Chain(t *testing.T, open func(t *testing.T) ChainWorld) {
	for _, p := range []struct {
		name string
		keep func(t *testing.T, w chainScene)
	}{
		{"it names its network, and assets of that network", chainNames},
		{"the head is of blocks that can be read", chainHead},
		{"a payment is seen, becomes final, and is scanned as it was seen", chainLife},
		{"one transaction may hold several transfers", chainSeveral},
		{"transfers come in order of height and index", chainOrder},
		{"adjoining ranges give every transfer once, however they are cut", chainRanges},
		{"only transfers of watched assets to watched receivers are answered", chainWatch},
		{"thousands of receivers are watched as one is", chainCrowd},
		{"a token is its contract", chainFake},
		{"nothing, and what failed, is no payment", chainNothing},
		{"amounts keep every digit", chainDigits},
		{"a range that is not final, not there, or backwards is an error", chainHoles},
		{"a range of the widest span is read, a wider one refused for its width", chainWidth},
		{"a block keeps its id until history changes from its height on", chainBlockIDs},
		{"blocks are of one history until it changes, and none that is not there is", chainHolds},
		{"what was undone is gone", chainUndone},
		{"an unknown transaction is an empty answer", chainUnknown},
		{"what only looks like a payment is told apart, bounded", chainStrange},
		{"strangers are looked for at watched receivers only", chainStrangers},
		{"a transaction that pays nobody is inspected", chainInspect},
		{"while no node can be read every question is refused, and nothing is lost", chainOutage},
		{"readers at the same time read the same", chainRace},
	} {
		t.Run(p.name, func(t *testing.T) {
			w := open(t)
			p.keep(t, chainScene{ChainWorld: w, t: t, asset: w.Chain.Assets()[0]})
		})
	}
}

// chainScene asks a chain questions that must be answered.
type chainScene struct {
	ChainWorld
	t     *testing.T
	asset chain.Asset
}

func (s chainScene) head() chain.Head {
	s.t.Helper()
	h, err := s.Chain.Head(s.t.Context())
	ok(s.t, err)
	return h
}

func (s chainScene) blockID(height uint64) string {
	s.t.Helper()
	id, err := s.Chain.BlockID(s.t.Context(), height)
	ok(s.t, err)
	return id
}

// blockBefore is the id of the block before a height, "" before the first.
func (s chainScene) blockBefore(height uint64) string {
	s.t.Helper()
	if height == 0 {
		return ""
	}
	return s.blockID(height - 1)
}

func (s chainScene) watch(receivers ...chain.Address) ports.Watch {
	return ports.Watch{Assets: []chain.Asset{s.asset}, Receivers: receivers}
}

func (s chainScene) scan(from, to uint64, receivers ...chain.Address) []chain.Transfer {
	s.t.Helper()
	span, err := s.Chain.Scan(s.t.Context(), from, to, s.watch(receivers...))
	if s.asset.IsNative() && from < to && errors.Is(err, ports.ErrSpanTooWide) {
		middle := from + (to-from)/2
		return append(s.scan(from, middle, receivers...), s.scan(middle+1, to, receivers...)...)
	}
	ok(s.t, err)
	if span.From != from || span.To != to || span.ToID != s.blockID(to) || span.ToTime.IsZero() {
		s.t.Fatalf("asked for %d to %d, got %d to %d of block %q at %v",
			from, to, span.From, span.To, span.ToID, span.ToTime)
	}
	if before := s.blockBefore(from); span.ParentID != before {
		s.t.Fatalf("blocks %d to %d continue %q, want %q", from, to, span.ParentID, before)
	}
	return span.Transfers
}

func (s chainScene) seen(receivers ...chain.Address) []chain.Transfer {
	s.t.Helper()
	return s.seenAbove(s.head(), receivers...)
}

// seenAbove looks until all blocks above the head's final one were looked at.
func (s chainScene) seenAbove(h chain.Head, receivers ...chain.Address) []chain.Transfer {
	s.t.Helper()
	found, err := s.Chain.Seen(s.t.Context(), h, s.watch(receivers...))
	for range ports.MaxSeenSpan {
		if !s.asset.IsNative() || !errors.Is(err, ports.ErrSeenPartly) {
			break
		}
		found, err = s.Chain.Seen(s.t.Context(), h, s.watch(receivers...))
	}
	ok(s.t, err)
	return found
}

func (s chainScene) lookup(id chain.TxID) []chain.Transfer {
	s.t.Helper()
	found, err := s.Chain.Lookup(s.t.Context(), id)
	ok(s.t, err)
	return found
}

// final grows the chain until what was on it is final, and answers the final height.
func (s chainScene) final() uint64 {
	s.t.Helper()
	newest := s.head().Latest
	for range maxFinality {
		if h := s.head(); h.Final >= newest {
			return h.Final
		}
		s.Grow(1)
	}
	s.t.Fatalf("block %d is not final after %d others", newest, maxFinality)
	return 0
}

// maxFinality is more blocks than any chain under test needs to make one final.
const maxFinality = 200

// none is an empty answer, as same compares it.
var none []chain.Transfer

// amounts lists the amounts of transfers, in their order.
func amounts(found []chain.Transfer) []int64 {
	out := make([]int64, len(found))
	for i, t := range found {
		out[i] = t.Units.Int64()
	}
	return out
}

// ids lists the transactions of transfers, in their order.
func ids(found []chain.Transfer) []chain.TxID {
	out := make([]chain.TxID, len(found))
	for i, t := range found {
		out[i] = t.TxID
	}
	return out
}

func chainNames(t *testing.T, s chainScene) {
	c := s.Chain
	if c.Network() == "" {
		t.Fatal("the chain has no name")
	}
	for i, a := range c.Assets() {
		if a.Network != c.Network() || a.Symbol == "" || a.Contract == "" || a.Decimals == 0 {
			t.Errorf("asset %+v of network %s", a, c.Network())
		}
		same := func(b chain.Asset) bool { return b.Contract == a.Contract }
		if slices.IndexFunc(c.Assets(), same) != i {
			t.Errorf("two assets share the contract %s", a.Contract)
		}
		if _, err := a.Currency(); err != nil {
			t.Errorf("asset %+v is in no currency: %v", a, err)
		}
	}
}

func chainHead(t *testing.T, s chainScene) {
	before := s.head()
	s.Grow(3)
	h := s.head()
	if h.Network != s.Chain.Network() || h.Final > h.Latest || h.FinalTime.IsZero() {
		t.Fatalf("head %+v", h)
	}
	same(t, h.Latest, before.Latest+3)
	same(t, h.FinalID, s.blockID(h.Final))
	span, err := s.Chain.Scan(t.Context(), h.Final, h.Final, s.watch(s.Receiver()))
	ok(t, err)
	same(t, span, ports.Span{
		From: h.Final, To: h.Final, ParentID: s.blockBefore(h.Final), ToID: h.FinalID, ToTime: h.FinalTime,
	})
	_ = s.blockID(h.Latest)
}

func chainLife(t *testing.T, s chainScene) {
	to, start := s.Receiver(), s.head()
	id := s.Pay(Units(to, 9_990_100))
	seen := s.seen(to)
	if len(seen) != 1 {
		t.Fatalf("%d transfers are seen, want 1", len(seen))
	}
	want := chain.Transfer{
		Network: s.Chain.Network(), TxID: id, Asset: s.asset, From: seen[0].From, To: to,
		Units: big.NewInt(9_990_100), Height: start.Latest + 1, BlockID: s.blockID(start.Latest + 1),
		BlockTime: seen[0].BlockTime, Index: seen[0].Index,
	}
	same(t, seen[0], want)
	if want.From == "" || want.From == to || want.BlockTime.Before(start.FinalTime) {
		t.Fatalf("paid by %q at %v", want.From, want.BlockTime)
	}
	same(t, s.lookup(id), []chain.Transfer{want})
	same(t, s.scan(start.Final, s.head().Final, to), none)

	final := s.final()
	same(t, s.scan(start.Final+1, final, to), []chain.Transfer{want})
	same(t, s.scan(want.Height, want.Height, to), []chain.Transfer{want})
	same(t, s.lookup(id), []chain.Transfer{want})
	s.Grow(maxFinality) // whatever is above the final block now, the payment is below it
	same(t, s.seen(to), none)
}

func chainSeveral(t *testing.T, s chainScene) {
	a, b, start := s.Receiver(), s.Receiver(), s.head()
	id := s.Pay(Units(a, 5), Units(b, 6), Units(a, 5), Units(a, 7))
	final := s.final()
	for name, found := range map[string][]chain.Transfer{
		"scanned": s.scan(start.Final+1, final, a, b), "looked up": s.lookup(id),
	} {
		same(t, amounts(found), []int64{5, 6, 5, 7})
		for i, one := range found {
			if one.TxID != id || i > 0 && one.Index <= found[i-1].Index {
				t.Fatalf("%s: transfer %d is %s/%d", name, i, one.TxID, one.Index)
			}
		}
	}
	same(t, amounts(s.scan(start.Final+1, final, a)), []int64{5, 5, 7})
}

func chainOrder(t *testing.T, s chainScene) {
	to, start := s.Receiver(), s.head()
	var want []chain.TxID
	for range 5 {
		id := s.Pay(Units(to, 2), Units(to, 1))
		want = append(want, id, id)
	}
	found := s.scan(start.Final+1, s.final(), to)
	same(t, ids(found), want)
	same(t, amounts(found), []int64{2, 1, 2, 1, 2, 1, 2, 1, 2, 1})
}
