package ethrpc

import (
	"context"
	"errors"
	"fmt"
)

// Bounds of asking for traces, which are long and dear.
const (
	maxTraceBytes = 64 << 20 // of one answer: the calls of a full block repeat their inputs
	tracePatience = 2        // times the time of other requests
	traceBatch    = 4        // blocks in one request
	maxTraceSpan  = 16       // blocks of one reading; a caller gets on although a tick is short
)

// traceMethod is how an endpoint tells what happened within transactions.
type traceMethod uint8

const (
	noTrace traceMethod = iota
	callTrace
	flatTraces
)

// block asks for the traces of a block.
func (m traceMethod) block(height uint64) call {
	if m == flatTraces {
		return call{method: "trace_block", params: []any{quantity(height)}}
	}
	return call{method: "debug_traceBlockByNumber", params: []any{quantity(height), callTracer}}
}

// transaction asks for the traces of a transaction.
func (m traceMethod) transaction(tx Hash) call {
	if m == flatTraces {
		return call{method: "trace_transaction", params: []any{fixed(tx[:])}}
	}
	return call{method: "debug_traceTransaction", params: []any{fixed(tx[:]), callTracer}}
}

var callTracer = map[string]any{"tracer": "callTracer"}

// traceBlocks reads what moved in the blocks from..to, which the endpoint must prove to have.
func (e *endpoint) traceBlocks(
	ctx context.Context, m traceMethod, from, to uint64,
) ([]*tracedBlock, error) {
	out := make([]*tracedBlock, 0, to-from+1)
	for at := from; at <= to; at = from + uint64(len(out)) {
		size := min(to-at+1, uint64(e.traceSize())) //nolint:gosec // a small positive number
		some, err := e.traceSome(ctx, m, at, at+size-1)
		var refused *rpcError
		if errors.As(err, &refused) && size > 1 && !refused.pace() {
			e.shrinkTraces(int(size / 2)) //nolint:gosec // at most traceBatch
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// traceSome reads a few blocks in one request, each with its transactions: an endpoint that has not
// the block, yet answers "no traces", is found out.
func (e *endpoint) traceSome(
	ctx context.Context, m traceMethod, from, to uint64,
) ([]*tracedBlock, error) {
	var calls []call
	for height := from; height <= to; height++ {
		calls = append(calls, m.block(height), blockCall(quantity(height)))
	}
	answers, err := e.postWithin(ctx, calls, allowance{maxTraceBytes, tracePatience * e.timeout})
	if err != nil {
		return nil, err
	}
	var out []*tracedBlock
	for height := from; height <= to; height++ {
		traces, block := answers[0], answers[1]
		answers = answers[2:]
		// The block is looked at first: an endpoint that is behind may say anything of its traces.
		if block.err != nil {
			return nil, block.err
		}
		b, err := decodeBody(block.result, height)
		if err != nil {
			return nil, err
		}
		if traces.err != nil {
			return nil, traces.err
		}
		moves, err := m.decodeBlock(traces.result, b)
		if err != nil {
			return nil, err
		}
		out = append(out, &tracedBlock{header: b.header, parent: b.parent, moves: moves})
	}
	return out, nil
}

// decodeBlock reads the traces of a block: one for each of its transactions, in their order.
func (m traceMethod) decodeBlock(result []byte, b body) (moves []move, err error) {
	if null(result) {
		return nil, fail(Lagging, "the node has not the traces")
	}
	var traced []flatFrames
	if m == flatTraces {
		traced, err = decodeFlat(result, b.header.ID)
	} else {
		traced, err = decodeCalls(result)
	}
	if err != nil {
		return nil, err
	}
	ids := make([]Hash, len(traced))
	for i, t := range traced {
		ids[i] = t.tx
	}
	if !b.holds(ids) {
		return nil, fail(Contradicting, fmt.Sprintf(
			"block %d has %d transactions, its traces are of %d, or of others", b.header.Number, len(b.txs), len(ids)))
	}
	for _, t := range traced {
		moved, ok := effective(t.tx, t.frames)
		if !ok {
			return nil, fail(Broken, fmt.Sprintf("a trace in block %d that does not say who is paid", b.header.Number))
		}
		moves = append(moves, moved...)
	}
	return moves, nil
}

// decodeCalls reads what debug_traceBlockByNumber answers with callTracer. A transaction that the
// node could not trace is its failure: what it moved is not known.
func decodeCalls(result []byte) (out []flatFrames, err error) {
	whole := array(result, func(value []byte) {
		t := flatFrames{}
		named, traced, because := false, false, "no result"
		object(value, func(key, value []byte) {
			switch string(key) {
			case "txHash":
				named = parseFixed(t.tx[:], text(value))
			case "result":
				t.frames, traced = decodeCall(value)
			case "error":
				because = printable(string(value), maxMessage)
			}
		})
		if !named || !traced {
			err = fail(Broken, "a transaction that was not traced: "+because)
		}
		out = append(out, t)
	})
	if !whole {
		return nil, fail(Broken, "no list of traces")
	}
	return out, err
}

// decodeCall reads one transaction as callTracer writes it.
func decodeCall(value []byte) ([]frame, bool) {
	var frames []frame
	t := jsonText{buf: value}
	if !t.readCall(&frames, -1, 0) || !t.done() {
		return nil, false
	}
	return frames, frames[0].hasFrom && frames[0].kind != unknownFrame
}
