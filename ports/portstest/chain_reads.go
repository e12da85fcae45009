package portstest

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

func chainRanges(t *testing.T, s chainScene) {
	to, start := s.Receiver(), s.head()
	for i := range int64(6) {
		s.Pay(Units(to, i+1), Units(to, i+1))
		s.Grow(uint64(i % 3))
	}
	final := s.final()
	whole := s.scan(start.Final+1, final, to)
	same(t, len(whole), 12)
	rapid.Check(t, func(rt *rapid.T) {
		var found []chain.Transfer
		for from := start.Final + 1; from <= final; {
			end := rapid.Uint64Range(from, final).Draw(rt, "end")
			found = append(found, s.scan(from, end, to)...)
			from = end + 1
		}
		same(t, found, whole)
	})
}

func chainWatch(t *testing.T, s chainScene) {
	mine, theirs, start := s.Receiver(), s.Receiver(), s.head()
	id := s.Pay(Units(theirs, 1), Units(mine, 2))
	same(t, amounts(s.seen(mine)), []int64{2})
	final := s.final()
	from := start.Final + 1
	same(t, amounts(s.scan(from, final, mine)), []int64{2})
	same(t, amounts(s.scan(from, final, mine, mine)), []int64{2})
	same(t, amounts(s.scan(from, final, mine, theirs)), []int64{1, 2})
	same(t, s.scan(from, final), none)
	same(t, s.scan(from, final, s.Receiver(), "", "nobody's address"), none)
	// What is looked up by its transaction is for anyone.
	same(t, amounts(s.lookup(id)), []int64{1, 2})

	foreign := s.asset
	foreign.Network = "elsewhere"
	for name, assets := range map[string][]chain.Asset{
		"no asset": nil, "an asset of another network": {foreign},
	} {
		span, err := s.Chain.Scan(t.Context(), from, final,
			ports.Watch{Assets: assets, Receivers: []chain.Address{mine}})
		ok(t, err)
		if len(span.Transfers) != 0 || span.To != final || span.ToID != s.blockID(final) {
			t.Errorf("%s: %+v", name, span)
		}
	}
}

func chainCrowd(t *testing.T, s chainScene) {
	start := s.head()
	var crowd []chain.Address
	for range 4500 {
		crowd = append(crowd, s.Receiver())
	}
	// Far apart, and each in a transaction of its own: one must not be found by way of another.
	paid := []int{4499, 3000, 0, 1500, 700, 4200, 2300}
	for i, at := range paid {
		s.Pay(Units(crowd[at], int64(i)+1))
		s.Pay(Units(s.Receiver(), 100))
	}
	final := s.final()
	for _, n := range []int{1, 999, 1000, 1001, 2500, 4500} {
		var want []int64
		for i, at := range paid {
			if at < n {
				want = append(want, int64(i)+1)
			}
		}
		same(t, amounts(s.scan(start.Final+1, final, crowd[:n]...)), want)
	}
}

func chainFake(t *testing.T, s chainScene) {
	to, start := s.Receiver(), s.head()
	fake, real := s.PayFake(Units(to, 1)), s.Pay(Units(to, 2))
	same(t, ids(s.seen(to)), []chain.TxID{real})
	same(t, s.lookup(fake), none)
	same(t, ids(s.scan(start.Final+1, s.final(), to)), []chain.TxID{real})
	same(t, s.lookup(fake), none)
}

func chainNothing(t *testing.T, s chainScene) {
	to, start := s.Receiver(), s.head()
	zero, failed := s.Pay(Units(to, 0)), s.Fail(Units(to, 5))
	mixed := s.Pay(Units(to, 0), Units(to, 6))
	same(t, amounts(s.seen(to)), []int64{6})
	final := s.final()
	for _, id := range []chain.TxID{zero, failed} {
		same(t, s.lookup(id), none)
	}
	found := s.scan(start.Final+1, final, to)
	same(t, amounts(found), []int64{6})
	same(t, found, s.lookup(mixed))
}

func chainDigits(t *testing.T, s chainScene) {
	to, start := s.Receiver(), s.head()
	huge := new(big.Int).Lsh(big.NewInt(1), 250)
	huge.Add(huge, big.NewInt(1))
	for _, units := range []*big.Int{big.NewInt(1), big.NewInt(50_013_400), huge} {
		s.Pay(Payment{to, units})
	}
	found := s.scan(start.Final+1, s.final(), to)
	same(t, len(found), 3)
	for i, want := range []*big.Int{big.NewInt(1), big.NewInt(50_013_400), huge} {
		same(t, found[i].Units, want)
	}
}

func chainHoles(t *testing.T, s chainScene) {
	to := s.Receiver()
	s.Pay(Units(to, 1))
	s.Grow(5)
	h := s.head()
	for name, r := range map[string][2]uint64{
		"final to beyond it": {h.Final, h.Final + 1},
		"all above final":    {h.Final + 1, h.Latest},
		"not there":          {h.Latest + 1, h.Latest + 1},
		"far away":           {h.Latest + 1_000_000, h.Latest + 1_000_001},
		"backwards":          {h.Final, h.Final - 1},
		"the end of numbers": {^uint64(0), ^uint64(0)},
	} {
		if span, err := s.Chain.Scan(t.Context(), r[0], r[1], s.watch(to)); err == nil {
			t.Errorf("%s: %+v and no error", name, span)
		}
	}
	for _, height := range []uint64{h.Latest + 1, ^uint64(0)} {
		if id, err := s.Chain.BlockID(t.Context(), height); err == nil {
			t.Errorf("block %d, which does not exist, has the id %s", height, id)
		}
	}
	s.scan(h.Final, h.Final, to) // what was refused did not break anything
}

func chainWidth(t *testing.T, s chainScene) {
	to, start := s.Receiver(), s.head()
	s.Pay(Units(to, 1))
	first := start.Latest + 1
	s.Grow(ports.MaxScanSpan)
	final := s.final()
	same(t, amounts(s.scan(first, first+ports.MaxScanSpan-1, to)), []int64{1})
	if final < first+ports.MaxScanSpan {
		t.Fatalf("final is %d, the chain did not grow", final)
	}
	_, err := s.Chain.Scan(t.Context(), first, first+ports.MaxScanSpan, s.watch(to))
	isFault(t, err, ports.ErrSpanTooWide)
	below := chain.Head{Network: s.Chain.Network(), Final: start.Final}
	same(t, amounts(s.seenAbove(below, to)), []int64{1})
	s.Grow(ports.MaxSeenSpan - ports.MaxScanSpan)
	_, err = s.Chain.Seen(t.Context(), below, s.watch(to))
	isFault(t, err, ports.ErrSpanTooWide)
}

func chainBlockIDs(t *testing.T, s chainScene) {
	s.Grow(2)
	id := s.Pay(Units(s.Receiver(), 1))
	height := s.head().Latest
	s.Grow(1)
	below, at, above := s.blockID(height-1), s.blockID(height), s.blockID(height+1)
	if below == at || at == above || at == "" {
		t.Fatalf("ids %q, %q, %q of three blocks", below, at, above)
	}
	s.Undo(id)
	same(t, s.blockID(height-1), below)
	if s.blockID(height) == at || s.blockID(height+1) == above {
		t.Fatal("a block that was replaced kept its id")
	}
}

func chainHolds(t *testing.T, s chainScene) {
	s.Grow(2)
	id := s.Pay(Units(s.Receiver(), 1))
	height := s.head().Latest
	below, at := s.blockID(height-1), s.blockID(height)
	holds := func(blocks map[uint64]string, want bool) {
		t.Helper()
		got, err := s.Chain.Holds(t.Context(), blocks)
		ok(t, err)
		same(t, got, want)
	}
	holds(map[uint64]string{height: at}, true)
	holds(map[uint64]string{height - 1: below, height: at}, true)
	holds(map[uint64]string{height - 1: at, height: below}, false)
	holds(map[uint64]string{height - 1: below, height: "of no block"}, false)
	s.Undo(id)
	holds(map[uint64]string{height - 1: below, height: at}, false)
	holds(map[uint64]string{height - 1: below, height: s.blockID(height)}, true)
}

func chainUndone(t *testing.T, s chainScene) {
	to, start := s.Receiver(), s.head()
	kept, undone := s.Pay(Units(to, 1)), s.Pay(Units(to, 2))
	same(t, ids(s.seen(to)), []chain.TxID{kept, undone})
	s.Undo(undone)
	same(t, ids(s.seen(to)), []chain.TxID{kept})
	same(t, s.lookup(undone), none)
	same(t, ids(s.scan(start.Final+1, s.final(), to)), []chain.TxID{kept})
	same(t, s.lookup(undone), none)
	same(t, ids(s.lookup(kept)), []chain.TxID{kept})
}

func chainUnknown(t *testing.T, s chainScene) {
	same(t, s.lookup(TxID()), none)
	for _, text := range hostile {
		same(t, s.lookup(chain.TxID(text)), none)
	}
}

func chainOutage(t *testing.T, s chainScene) {
	to, start := s.Receiver(), s.head()
	id := s.Pay(Units(to, 1))
	s.Cut(true)
	for name, ask := range chainQuestions(s, start, id, to) {
		isFault(t, ask(t.Context()), ports.ErrChainUnavailable)
		gone, stop := context.WithCancel(t.Context())
		stop()
		if ask(gone) == nil {
			t.Errorf("%s: a cancelled question was answered", name)
		}
	}
	s.Cut(false)
	same(t, ids(s.scan(start.Final+1, s.final(), to)), []chain.TxID{id})
	for name, ask := range chainQuestions(s, start, id, to) {
		if err := ask(t.Context()); err != nil {
			t.Errorf("%s after the outage: %v", name, err)
		}
	}
}

// chainQuestions are all that can be asked of a chain.
func chainQuestions(
	s chainScene, h chain.Head, id chain.TxID, to chain.Address,
) map[string]func(context.Context) error {
	c, watch := s.Chain, s.watch(to)
	return map[string]func(context.Context) error{
		"head": func(ctx context.Context) error { _, err := c.Head(ctx); return err },
		"scan": func(ctx context.Context) error {
			_, err := c.Scan(ctx, h.Final, h.Final, watch)
			return err
		},
		"seen":     func(ctx context.Context) error { _, err := c.Seen(ctx, h, watch); return err },
		"block id": func(ctx context.Context) error { _, err := c.BlockID(ctx, h.Final); return err },
		"holds": func(ctx context.Context) error {
			_, err := c.Holds(ctx, map[uint64]string{h.Final: h.FinalID})
			return err
		},
		"lookup": func(ctx context.Context) error { _, err := c.Lookup(ctx, id); return err },
	}
}

func chainRace(t *testing.T, s chainScene) {
	to, start := s.Receiver(), s.head()
	s.Pay(Units(to, 1), Units(to, 2))
	final := s.final()
	want := s.scan(start.Final+1, final, to)
	allWon(t, race(racers, func(int) error {
		span, err := s.Chain.Scan(t.Context(), start.Final+1, final, s.watch(to))
		switch {
		case err != nil:
			return err
		case !slices.Equal(ids(span.Transfers), ids(want)):
			return errors.New("another reader read something else")
		}
		_, err = s.Chain.Head(t.Context())
		return err
	}))
}
