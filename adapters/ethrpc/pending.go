package ethrpc

import (
	"context"
	"fmt"

	"github.com/101pay/101pay/ports"
)

// Bounds of looking at traces above the final block.
const (
	// maxSeenTraces is how many blocks one look traces; the next goes on.
	maxSeenTraces = 200
	// maxPendingMoves bounds what is remembered: some twenty megabytes, and several times what the
	// busiest network moves between a block and its finality. What does not fit is traced again.
	maxPendingMoves = 200_000
)

// pending remembers what moved in blocks that are not final, by the id of the block, so that each is
// traced once however often somebody looks. It can be lost at any time. Whoever uses it holds its
// turn.
type pending struct {
	turn    chan struct{} // holds one token
	blocks  map[Hash]*tracedBlock
	heights map[uint64]bool // of blocks
	moves   int             // of blocks
}

func newPending() *pending {
	p := &pending{turn: make(chan struct{}, 1)}
	p.turn <- struct{}{}
	p.keep(nil)
	return p
}

func (p *pending) add(blocks []*tracedBlock) {
	for _, b := range blocks {
		if _, known := p.blocks[b.header.ID]; known || p.moves+len(b.moves) > maxPendingMoves {
			continue
		}
		p.blocks[b.header.ID] = b
		p.moves += len(b.moves)
		p.heights[b.header.Number] = true
	}
}

// keep forgets everything but a chain of blocks.
func (p *pending) keep(path []*tracedBlock) {
	p.blocks, p.heights, p.moves = map[Hash]*tracedBlock{}, map[uint64]bool{}, 0
	p.add(path)
}

// MovesAbove reads the blocks above a final one for movements of the network's own coin. What it
// answers may be undone. It is ports.ErrSeenPartly while there are blocks it has not come to yet.
func (c *Client) MovesAbove(ctx context.Context, final uint64, f Filter) (found []Transfer, err error) {
	select {
	case <-c.pending.turn:
		defer func() { c.pending.turn <- struct{}{} }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var path []*tracedBlock
	err = c.tracer(ctx, func(e *endpoint, m traceMethod) error {
		head, err := e.headAbove(ctx, final)
		if err != nil {
			return err
		}
		if path, err = c.pending.follow(ctx, e, m, descent{head.Latest, final}); err != nil {
			return err
		}
		found, err = e.proveSeen(ctx, path, f)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.pending.keep(path)
	inChainOrder(found)
	return found, nil
}

// proveSeen picks from blocks what the filter looks for and holds it against the receipts, once for
// each transaction and block: merchants may have payments credited before they are final.
func (e *endpoint) proveSeen(ctx context.Context, path []*tracedBlock, f Filter) (found []Transfer, err error) {
	var unproven []Transfer
	for _, b := range path {
		ts := b.transfers(f)
		found = append(found, ts...)
		for _, t := range transactions(ts) {
			if !b.proven[t.TxID] {
				unproven = append(unproven, t)
			}
		}
	}
	if err := e.proveMoves(ctx, unproven); err != nil {
		return nil, err
	}
	for _, b := range path {
		for _, t := range transactions(b.transfers(f)) {
			if b.proven == nil {
				b.proven = map[Hash]bool{}
			}
			b.proven[t.TxID] = true
		}
	}
	return found, nil
}

// descent is a way down: from a block to the one above a final height.
type descent struct {
	from  Header
	final uint64
}

// follow goes from the newest block down by parents, and traces the blocks it does not remember.
func (p *pending) follow(
	ctx context.Context, e *endpoint, m traceMethod, way descent,
) (path []*tracedBlock, err error) {
	budget := uint64(maxSeenTraces)
	id := way.from.ID
	fresh := map[Hash]*tracedBlock{}
	for height := way.from.Number; height > way.final; height-- {
		b, known := p.blocks[id]
		if !known {
			b, known = fresh[id]
		}
		if !known {
			if budget == 0 {
				return nil, ports.ErrSeenPartly
			}
			low := p.below(height, max(way.final+1, height-min(height, budget-1, traceBatch-1)))
			blocks, err := e.traceBlocks(ctx, m, low, height)
			if err != nil {
				return nil, err
			}
			budget -= height - low + 1
			p.add(blocks)
			clear(fresh)
			for _, traced := range blocks {
				fresh[traced.header.ID] = traced
			}
			if b, known = fresh[id]; !known {
				return nil, fail(Lagging, fmt.Sprintf("block %d changed while it was read", height))
			}
		}
		path = append(path, b)
		id = b.parent
	}
	return path, nil
}

// below is where to begin when blocks up to a height are traced at once: not below a bound, and above
// what is remembered already.
func (p *pending) below(height, bound uint64) uint64 {
	low := height
	for low > bound && !p.heights[low-1] {
		low--
	}
	return low
}
