package matrix

import (
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc/simnode"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/e2e/lab"
)

// play lets a cell happen.
func (b *table) play() {
	b.until(b.when)
	n, txs := b.payment()
	c, at := b.Chains[n], b.order.CreatedAt.Add(moments[b.when]).Unix()
	paying := c.Mine(at, txs...)
	b.look(n)
	depth := func() int { return int(c.Tip().Number-paying.Number) + 1 }
	switch b.fate {
	case undone:
		b.Mine(n)
		b.undo(n, depth(), nil, at)
	case moved:
		b.Mine(n)
		c.Undo(depth())
		c.Mine(at - 1)
		b.look(n)
		c.Mine(at, b.elsewhere(txs)...)
		b.look(n)
	case undoneLate:
		b.settle()
		b.undo(n, depth(), nil, at)
	case returnedLate:
		b.settle()
		b.undo(n, depth(), nil, at)
		b.Mine(n, b.elsewhere(txs)...)
		b.look(n)
	case movedLate:
		b.settle()
		b.undo(n, depth(), b.elsewhere(txs), at)
	}
	b.settle()
}

// undo replaces blocks by more others, of which the second may hold what the first of the old ones
// did, at the time it had.
func (b *table) undo(n chain.Network, depth int, again []*simnode.Tx, at int64) {
	c := b.Chains[n]
	c.Undo(depth)
	c.Mine(at - 1)
	if again != nil {
		c.Mine(at, again...)
	}
	for range depth {
		b.Mine(n)
	}
	b.look(n)
}

// elsewhere puts transactions at other places of a block.
func (b *table) elsewhere(txs []*simnode.Tx) []*simnode.Tx {
	stranger := b.Tx(lab.Event(chain.Address(b.order.Intent.Asset.Contract), b.Account(), b.Account(), hundred))
	txs = slices.Clone(txs)
	slices.Reverse(txs)
	return append([]*simnode.Tx{stranger}, txs...)
}

// over lets every deadline pass.
func (b *table) over() {
	const most = 3 * 24 * time.Hour
	b.Clock.Pass(most)
	b.settle()
	for range 2 {
		b.ok(b.gates[0].Settlement.Expire(b.Context()))
	}
}

// Whatever is paid, whenever, however, and whatever the chain makes of it: what comes of it is what
// the rules say.
func TestPaymentMatrix(t *testing.T) {
	const collectPercent = 400 // there is memory enough
	debug.SetGCPercent(collectPercent)
	groups, all := map[string][]cell{}, cells()
	for _, c := range all {
		groups[c.kind+" "+c.when] = append(groups[c.kind+" "+c.when], c)
	}
	for name, group := range groups {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range group {
				b := lay(t, c)
				b.play()
				b.over()
				if got, want := b.came(), expect(c); got != want {
					t.Errorf("%s:\ncame %v\nwant %v", c, got, want)
				}
			}
		})
	}
	t.Logf("%d cells", len(all))
}
