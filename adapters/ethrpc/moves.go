package ethrpc

import (
	"context"
	"fmt"

	"github.com/101pay/101pay/ports"
)

// Moves reads the final blocks from..to for movements of the network's own coin to the filter's
// receivers, by traces: a call within a contract pays as well as a transaction does, and leaves no
// log. Order and errors are those of Transfers; but a range is too wide much earlier.
func (c *Client) Moves(ctx context.Context, from, to uint64, f Filter) (r Range, err error) {
	if from > to {
		return Range{}, fmt.Errorf("trace blocks %d to %d: backwards", from, to)
	}
	if to-from >= maxTraceSpan {
		return Range{}, ports.ErrSpanTooWide
	}
	err = c.tracer(ctx, func(e *endpoint, m traceMethod) error {
		if err := e.reach(ctx, to); err != nil {
			return err
		}
		blocks, err := e.traceBlocks(ctx, m, from, to)
		if err != nil {
			return err
		}
		r, err = e.provenMoves(ctx, blocks, f)
		if err != nil {
			return err
		}
		if err := c.fits(r.Last); err != nil {
			return err
		}
		c.movedBy(e)
		return nil
	})
	if err != nil {
		return Range{}, err
	}
	return r, nil
}

// provenMoves picks from traced blocks what the filter looks for, and holds it against the receipts.
func (e *endpoint) provenMoves(ctx context.Context, blocks []*tracedBlock, f Filter) (Range, error) {
	r := Range{Last: blocks[len(blocks)-1].header}
	paying := 0
	for i, b := range blocks {
		if i > 0 && b.parent != blocks[i-1].header.ID {
			return Range{}, fail(Contradicting, fmt.Sprintf("block %d is not on top of the one below", b.header.Number))
		}
		found := b.transfers(f)
		paying += len(transactions(found))
		r.Transfers = append(r.Transfers, found...)
	}
	if len(blocks) > 1 && (paying > maxProofs || len(r.Transfers) > ports.MaxScanTransfers) {
		return Range{}, ports.ErrSpanTooWide
	}
	inChainOrder(r.Transfers)
	return r, e.proveMoves(ctx, transactions(r.Transfers))
}

// transactions picks one transfer of each transaction.
func transactions(ts []Transfer) (out []Transfer) {
	seen := make(map[Hash]bool, len(ts))
	for _, t := range ts {
		if !seen[t.TxID] {
			seen[t.TxID], out = true, append(out, t)
		}
	}
	return out
}

// proveMoves holds traced transfers, one of each transaction, against the receipts.
func (e *endpoint) proveMoves(ctx context.Context, ts []Transfer) error {
	calls := make([]call, len(ts))
	for i, t := range ts {
		calls[i] = receiptCall(t.TxID)
	}
	answers, err := e.ask(ctx, calls)
	if err != nil {
		return err
	}
	for i, t := range ts {
		if err := t.succeeded(answers[i].result); err != nil {
			return err
		}
	}
	return nil
}

// succeeded holds a traced transfer against the receipt of its transaction.
func (t *Transfer) succeeded(result []byte) error {
	if null(result) {
		return fail(Lagging, "a transaction with traces has no receipt")
	}
	r, err := decodeReceipt(result)
	switch {
	case err != nil:
		return err
	case r.tx != t.TxID:
		return fail(Contradicting, "a receipt of another transaction")
	case !r.success:
		return fail(Contradicting, fmt.Sprintf("a failed transaction in block %d moves value by its trace", r.block))
	}
	return r.in(t.Block)
}

// MovesOf reads the movements of the network's own coin in one transaction, to anyone. An unknown
// transaction is an empty answer as for TransfersOf.
func (c *Client) MovesOf(ctx context.Context, tx Hash) (found []Transfer, err error) {
	absent := 0
	err = c.tracer(ctx, func(e *endpoint, m traceMethod) error {
		found = nil
		result, latest, err := c.findReceipt(ctx, e, tx)
		switch {
		case err != nil:
			return err
		case null(result):
			absent++
			return c.fresh(latest)
		}
		r, err := decodeReceipt(result)
		if err != nil {
			return err
		}
		found, err = e.traceOne(ctx, m, r, tx)
		return err
	})
	if err != nil && (absent == 0 || absent < c.tracers()) {
		return nil, err
	}
	return found, nil
}

// traceOne reads the movements in one transaction that has a receipt.
func (e *endpoint) traceOne(ctx context.Context, m traceMethod, r receipt, tx Hash) ([]Transfer, error) {
	if r.tx != tx {
		return nil, fail(Contradicting, "a receipt of another transaction")
	}
	answers, err := e.postWithin(ctx, []call{m.transaction(tx), blockCall(quantity(r.block))},
		allowance{maxTraceBytes, tracePatience * e.timeout})
	if err != nil {
		return nil, err
	}
	if answers[1].err != nil {
		return nil, answers[1].err
	}
	h, err := decodeHeaderAt(answers[1].result, r.block)
	if err == nil {
		err = r.in(h)
	}
	switch {
	case err != nil:
		return nil, err
	case !r.success:
		return nil, nil
	case answers[0].err != nil:
		return nil, answers[0].err
	case null(answers[0].result):
		return nil, fail(Lagging, "a transaction with a receipt has no trace")
	}
	frames, err := m.decodeTransaction(answers[0].result, r)
	if err != nil {
		return nil, err
	}
	moved, ok := effective(tx, frames)
	if !ok {
		return nil, fail(Broken, "a trace that does not say who is paid")
	}
	b := tracedBlock{header: h, moves: moved}
	return b.transfers(Filter{anyone: true}), nil
}

// decodeTransaction reads the traces of one transaction, which must be the receipt's.
func (m traceMethod) decodeTransaction(result []byte, r receipt) ([]frame, error) {
	var traced []flatFrames
	if m == flatTraces {
		var err error
		if traced, err = decodeFlat(result, r.blockID); err != nil {
			return nil, err
		}
		if len(traced) != 1 || traced[0].tx != r.tx {
			return nil, fail(Contradicting, "traces of another transaction")
		}
		return traced[0].frames, nil
	}
	frames, ok := decodeCall(result)
	if !ok {
		return nil, fail(Broken, "no trace")
	}
	if outermost := frames[0]; !r.hasFrom || outermost.from != r.from || r.hasTo && outermost.to != r.to {
		return nil, fail(Contradicting, "a trace of another transaction")
	}
	return frames, nil
}
