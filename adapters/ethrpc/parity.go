package ethrpc

import (
	"math"
	"slices"
)

// flatTrace is one frame as trace_block and trace_transaction write it: not nested, but with the path
// that leads to it.
type flatTrace struct {
	frame
	tx      Hash
	hasTx   bool
	blockID Hash
	inBlock bool
	path    []uint64 // which call within which; nothing of the outermost
	hasPath bool
	sound   bool
}

// flatFrames are the frames of one transaction.
type flatFrames struct {
	tx     Hash
	frames []frame
}

// decodeFlat reads a list of traces that must all be of a block, as the transactions they are of, in
// their order. What belongs to no transaction, as a miner's reward does, pays nobody.
func decodeFlat(result []byte, blockID Hash) (out []flatFrames, err error) {
	var path []uint64
	var stack []int // places of the frames on the path, the outermost first
	whole := array(result, func(value []byte) {
		t := readFlat(value)
		switch {
		case err != nil:
			return
		case !t.sound || t.hasTx && !t.hasPath:
			err = fail(Broken, "no trace")
			return
		case !t.inBlock || t.blockID != blockID:
			err = fail(Contradicting, "a trace is of another block")
			return
		case !t.hasTx:
			return
		case len(t.path) == 0:
			out, stack = append(out, flatFrames{tx: t.tx}), nil
		case len(out) == 0 || out[len(out)-1].tx != t.tx || !follows(t.path, path):
			err = fail(Broken, "traces out of order")
			return
		}
		last := &out[len(out)-1]
		t.parent = -1
		if depth := len(t.path); depth > 0 {
			t.parent = stack[depth-1]
		}
		stack = append(stack[:len(t.path)], len(last.frames))
		path = t.path
		last.frames = append(last.frames, t.frame)
	})
	if err == nil && !whole {
		err = fail(Broken, "no list of traces")
	}
	return out, err
}

// follows reports whether a path is one that comes after another in depth-first order, with its
// parent on the way.
func follows(next, last []uint64) bool {
	up := len(next) - 1
	return up <= len(last) && slices.Equal(next[:up], last[:up]) &&
		(up == len(last) || next[up] > last[up])
}

func readFlat(value []byte) (t flatTrace) {
	t.sound = true
	var action, kind, made []byte
	whole := object(value, func(key, value []byte) {
		switch string(key) {
		case "type":
			kind = text(value)
		case "action":
			action = value
		case "result":
			made = value
		case "error":
			t.failed = complains(value)
		case "transactionHash":
			t.hasTx = parseFixed(t.tx[:], text(value))
			t.sound = t.sound && (t.hasTx || null(value))
		case "blockHash":
			t.inBlock = parseFixed(t.blockID[:], text(value))
		case "traceAddress":
			t.hasPath = t.readPath(value)
		}
	})
	t.sound = t.sound && whole
	if t.hasTx && t.sound {
		t.sound = t.readAction(string(kind), action, made)
	}
	return t
}

// readPath reads a list of whole numbers.
func (t *flatTrace) readPath(value []byte) bool {
	sound := true
	whole := array(value, func(step []byte) {
		var n uint64
		for _, c := range step {
			if c < '0' || c > '9' || n > math.MaxUint32 {
				sound = false
				return
			}
			n = n*10 + uint64(c-'0')
		}
		t.path = append(t.path, n)
	})
	return whole && sound && len(t.path) < maxCallDepth
}

// readAction reads what a trace of a kind did: "call", "create" or "suicide". made is its result.
func (t *flatTrace) readAction(kind string, action, made []byte) bool {
	t.kind = map[string]frameKind{"call": movingFrame, "create": movingFrame, "suicide": movingFrame}[kind]
	sound := true
	whole := object(action, func(key, value []byte) {
		switch string(key) {
		case "callType":
			if kind == "call" && string(text(value)) != "call" {
				t.kind = flatCalls[string(text(value))]
			}
		case "from", "address": // who destroys himself has an address
			t.hasFrom = parseFixed(t.from[:], text(value)) || t.hasFrom
		case "to", "refundAddress":
			t.hasTo = parseFixed(t.to[:], text(value)) || t.hasTo
		case "value", "balance":
			sound = t.readUnits(value) && sound
		}
	})
	if kind == "create" && !t.failed {
		object(made, func(key, value []byte) {
			if string(key) == "address" {
				t.hasTo = parseFixed(t.to[:], text(value))
			}
		})
	}
	return whole && sound
}

// flatCalls are the kinds of call but the ordinary one.
var flatCalls = map[string]frameKind{
	"callcode": lendingFrame, "delegatecall": lendingFrame, "staticcall": lendingFrame,
}
