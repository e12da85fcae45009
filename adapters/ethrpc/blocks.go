package ethrpc

import (
	"context"
	"fmt"
	"math"
	"time"
)

// Header is what is read of a block.
type Header struct {
	Number       uint64
	ID           Hash
	Time         time.Time // whole seconds, UTC
	transactions int
}

// Head is how far a chain is, and how far it is final by its own rule.
type Head struct {
	Latest, Final Header
}

// The block tags we use. "safe" is not among them: Tron does not know it, and elsewhere its meaning
// is changing.
const (
	tagLatest = "latest"
	tagFinal  = "finalized"
)

func blockCall(which string) call {
	return call{method: "eth_getBlockByNumber", params: []any{which, false}}
}

// decodeHeader reads a block. A node answers null for a block it has not.
func decodeHeader(result []byte) (Header, error) {
	if null(result) {
		return Header{}, fail(Lagging, "the node has not the block")
	}
	var h Header
	var numbered, named, timed bool
	var seconds uint64
	whole := object(result, func(key, value []byte) {
		switch string(key) {
		case "number":
			h.Number, numbered = parseQuantity(text(value))
		case "hash":
			named = parseFixed(h.ID[:], text(value))
		case "timestamp":
			seconds, timed = parseQuantity(text(value))
		case "transactions":
			array(value, func([]byte) { h.transactions++ })
		}
	})
	if !whole || !numbered || !named || !timed || seconds > math.MaxInt32<<8 {
		return Header{}, fail(Broken, "no block")
	}
	h.Time = time.Unix(int64(seconds), 0).UTC()
	return h, nil
}

// decodeHeaderAt reads a block that must stand at a height.
func decodeHeaderAt(result []byte, height uint64) (Header, error) {
	h, err := decodeHeader(result)
	if err == nil && h.Number != height {
		return h, fail(Contradicting, fmt.Sprintf("block %d for block %d", h.Number, height))
	}
	return h, err
}

// Head asks how far the chain is. It trusts the first endpoint unless that one is behind what we
// have seen, or its newest block is old: then the others are asked too, and the furthest is
// believed. So an endpoint that stands still is noticed, and one that runs ahead of the chain
// cannot hold up the others for longer than it answers.
func (c *Client) Head(ctx context.Context) (Head, error) {
	var best Head
	found := false
	err := c.visit(ctx, func(e *endpoint) error {
		h, err := e.askHead(ctx)
		if err != nil {
			return err
		}
		if !found || h.Final.Number > best.Final.Number {
			best, found = h, true
		}
		if h.Final.Number < c.lastSeen().Number {
			return fail(Lagging, fmt.Sprintf("final block %d is behind", h.Final.Number))
		}
		return c.fresh(h.Latest)
	})
	if !found {
		return Head{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = best.Final
	c.past.add(best.Final)
	return best, nil
}

// fresh doubts an endpoint whose newest block is old.
func (c *Client) fresh(latest Header) error {
	if c.now().Sub(latest.Time) > c.staleAfter {
		return fail(Lagging, fmt.Sprintf("newest block %d is old", latest.Number))
	}
	return nil
}

func (c *Client) lastSeen() Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen
}

// askHead asks for the final block before the newest one, so that a node which moves on in between
// cannot make the final one newer.
//
// A node that does not know the final block is refused: a number of blocks below the newest is not
// the network's own rule, and the software that lacks the tag (java-tron before 4.8.0) also leaves
// holes in eth_getLogs.
func (e *endpoint) askHead(ctx context.Context) (Head, error) {
	answers, err := e.post(ctx, []call{blockCall(tagFinal), blockCall(tagLatest)})
	if err != nil {
		return Head{}, err
	}
	for i, a := range answers {
		switch {
		case a.err == nil:
		case i == 0 && a.err.code == codeInvalidParams:
			return Head{}, fail(Outdated, "it does not know the final block: "+a.err.Error())
		default:
			return Head{}, a.err
		}
	}
	final, err := decodeHeader(answers[0].result)
	if err != nil {
		return Head{}, err
	}
	latest, err := decodeHeader(answers[1].result)
	if err != nil {
		return Head{}, err
	}
	if final.Number > latest.Number {
		return Head{}, fail(Contradicting, "a final block above the newest")
	}
	h := Head{Latest: latest, Final: final}
	e.setHead(h)
	return h, nil
}

// reach makes sure that an endpoint holds a block for final.
func (e *endpoint) reach(ctx context.Context, height uint64) error {
	if e.final() >= height {
		return nil
	}
	h, err := e.askHead(ctx)
	if err == nil && h.Final.Number < height {
		return fail(Lagging, fmt.Sprintf("block %d is not final: %d is", height, h.Final.Number))
	}
	return err
}
