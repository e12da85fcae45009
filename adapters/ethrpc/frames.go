package ethrpc

import (
	"math/big"
	"slices"

	"github.com/101pay/101pay/domain/chain"
)

// maxCallDepth is how deep Ethereum's machine nests calls, and the outermost.
const maxCallDepth = 1025

// frame is one call, creation or self-destruction within a transaction.
type frame struct {
	parent   int // place of the frame around it in its list, -1 of the outermost
	kind     frameKind
	failed   bool // it ended in an error: neither it nor anything within it moved anything
	from, to Address
	hasFrom  bool
	hasTo    bool
	units    Hash // that go with it, as one word
}

// frameKind says what a frame does with its value.
type frameKind uint8

const (
	unknownFrame frameKind = iota
	// movingFrame hands its value over: a call, a creation, a self-destruction.
	movingFrame
	// lendingFrame moves nothing, whatever value is written on it: code of another account is run
	// (callcode, delegatecall) or may change nothing (staticcall).
	lendingFrame
)

// move is value that changed hands in a transaction.
type move struct {
	tx       Hash
	from, to Address
	units    Hash
	position uint32 // see chain.FirstNative
}

// effective lists what the frames of one transaction moved, in the order they were begun, in which
// they must be given. ok is false if a frame that counts does not say what it moves, or moves value in
// a way we do not know: to leave it out would be a hole.
func effective(tx Hash, frames []frame) (moved []move, ok bool) {
	undone := make([]bool, len(frames))
	next := chain.FirstNative
	for i, f := range frames {
		undone[i] = f.failed || f.parent >= 0 && undone[f.parent]
		if undone[i] || f.kind == lendingFrame || f.units == (Hash{}) {
			continue
		}
		if f.kind != movingFrame || !f.hasFrom || !f.hasTo {
			return nil, false
		}
		moved = append(moved, move{tx: tx, from: f.from, to: f.to, units: f.units, position: next})
		next++
	}
	return moved, true
}

// callKinds are the kinds of callTracer.
var callKinds = map[string]frameKind{
	"CALL": movingFrame, "CREATE": movingFrame, "CREATE2": movingFrame, "SELFDESTRUCT": movingFrame,
	"CALLCODE": lendingFrame, "DELEGATECALL": lendingFrame, "STATICCALL": lendingFrame,
}

// readCall consumes a call as callTracer writes it and appends it and all within it, in the order
// they were begun. It reads the text once: a hostile contract nests a thousand calls, and reading
// each level anew would take it as many times as long.
func (t *jsonText) readCall(frames *[]frame, parent, depth int) bool {
	if depth > maxCallDepth {
		return false
	}
	at := len(*frames)
	*frames = append(*frames, frame{parent: parent})
	sound := true
	whole := t.members('{', '}', func() bool {
		key, ok := t.str()
		if !ok || !t.take(':') {
			return false
		}
		if string(key) == "calls" && t.peek() == '[' {
			return t.members('[', ']', func() bool { return t.readCall(frames, at, depth+1) })
		}
		value, ok := t.value()
		f := &(*frames)[at]
		switch string(key) {
		case "type":
			f.kind = callKinds[string(text(value))]
		case "from":
			f.hasFrom = parseFixed(f.from[:], text(value))
		case "to":
			f.hasTo = parseFixed(f.to[:], text(value))
		case "value":
			sound = sound && f.readUnits(value)
		case "error":
			f.failed = complains(value)
		}
		return ok
	})
	return whole && sound
}

// readUnits reads the value of a frame; null is nothing.
func (f *frame) readUnits(value []byte) (ok bool) {
	if null(value) {
		return true
	}
	f.units, ok = parseWord(text(value))
	return ok
}

// complains reports whether a frame's error says anything.
func complains(value []byte) bool { return !null(value) && len(text(value)) > 0 || !isText(value) }

// isText reports whether a value is a string or null.
func isText(value []byte) bool { return null(value) || text(value) != nil }

// parseWord reads a quantity of at most 256 bits.
func parseWord(s []byte) (w Hash, ok bool) {
	digits, ok := hexDigits(s)
	if !ok || len(digits) == 0 || len(digits) > 2*hashBytes {
		return w, false
	}
	for i := range digits {
		d := nibbles[digits[len(digits)-1-i]]
		if d > 0xf {
			return Hash{}, false
		}
		w[hashBytes-1-i/2] |= d << (4 * (i % 2))
	}
	return w, true
}

// transfers tells of the moves that the filter looks for, in a block. Whoever pays himself moves
// nothing.
func (b *tracedBlock) transfers(f Filter) (found []Transfer) {
	for _, m := range b.moves {
		if _, wanted := f.receivers[m.to]; !wanted && !f.anyone || m.from == m.to {
			continue
		}
		found = append(found, Transfer{
			Native: true, From: m.from, To: m.to, Units: new(big.Int).SetBytes(m.units[:]),
			TxID: m.tx, Position: m.position, Block: b.header,
		})
	}
	return found
}

// tracedBlock is a block and what moved in it.
type tracedBlock struct {
	header Header
	parent Hash
	moves  []move
	proven map[Hash]bool // transactions that were held against their receipts
}

// body is what proves that a trace is of a block: the transactions it holds, in order.
type body struct {
	header Header
	parent Hash
	txs    []Hash
}

// decodeBody reads a block that must stand at a height, with its transactions.
func decodeBody(result []byte, height uint64) (b body, err error) {
	if b.header, err = decodeHeaderAt(result, height); err != nil {
		return b, err
	}
	linked, listed := false, false
	sound := true
	object(result, func(key, value []byte) { // decodeHeader saw that it is one
		switch string(key) {
		case "parentHash":
			linked = parseFixed(b.parent[:], text(value))
		case "transactions":
			listed = array(value, func(tx []byte) {
				var id Hash
				sound = parseFixed(id[:], text(tx)) && sound
				b.txs = append(b.txs, id)
			})
		}
	})
	if !linked || !listed || !sound {
		return b, fail(Broken, "a block without parent or transactions")
	}
	return b, nil
}

// holds reports whether traced transactions are exactly the block's.
func (b *body) holds(traced []Hash) bool { return slices.Equal(b.txs, traced) }
