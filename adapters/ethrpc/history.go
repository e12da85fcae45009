package ethrpc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// remembered is how many blocks a client keeps in mind: more than a watcher's cursor stays behind.
const remembered = 256

// memory keeps the final blocks lately told of, by height. It is guarded by its client.
type memory struct {
	blocks [remembered]Header
	next   int
}

// add remembers a block. One that contradicts what is remembered means that all of it is in doubt.
func (m *memory) add(h Header) {
	switch known, found := m.at(h.Number); {
	case found && known.ID == h.ID:
		return
	case found:
		*m = memory{}
	}
	m.blocks[m.next] = h
	m.next = (m.next + 1) % remembered
}

func (m *memory) at(height uint64) (Header, bool) {
	i := slices.IndexFunc(m.blocks[:], func(h Header) bool {
		return h.Number == height && h.ID != (Hash{})
	})
	if i < 0 {
		return Header{}, false
	}
	return m.blocks[i], true
}

func (c *Client) remember(h Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.past.add(h)
}

func (c *Client) recalls(h Header) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, found := c.past.at(h.Number)
	return found && known.ID == h.ID
}

// told is a block and who told of it.
type told struct {
	by     *endpoint
	header Header
}

// Block reads the block at a height, to notice that history changed.
//
// Whoever hears that history changed takes payments back, so one endpoint's word is not enough for
// it: a block we do not remember is asked for at every endpoint, and those that answer must agree. Where
// we have seen the chain final, an endpoint that is not as far does not answer: it may stand still on a
// fork that was given up. One we do remember is believed from whoever confirms it.
func (c *Client) Block(ctx context.Context, height uint64) (Header, error) {
	var heard []told
	seen := c.lastSeen().Number
	err := c.visit(ctx, func(e *endpoint) error {
		sure := height > seen || e.final() >= height
		h, err := e.blockAt(ctx, height)
		if err == nil && !sure && !c.recalls(h) {
			if err = e.reach(ctx, height); err == nil {
				h, err = e.blockAt(ctx, height)
			}
		}
		if err != nil {
			return err
		}
		heard = append(heard, told{e, h})
		if c.recalls(h) {
			return nil
		}
		return errMore
	})
	if len(heard) == 0 {
		return Header{}, err
	}
	if err != nil && ctx.Err() != nil {
		return Header{}, ctx.Err()
	}
	last := heard[len(heard)-1].header
	others := slices.DeleteFunc(heard, func(t told) bool { return t.header.ID == last.ID })
	for _, t := range others {
		t.by.failed(fail(Contradicting, fmt.Sprintf("another block %d than others have", height)), true)
	}
	if err != nil && len(others) > 0 {
		disagree := fmt.Sprintf("the endpoints disagree about block %d", height)
		return Header{}, c.unavailable([]string{disagree})
	}
	c.remember(last)
	return last, nil
}

// blockAt is the block an endpoint has at a height.
func (e *endpoint) blockAt(ctx context.Context, height uint64) (Header, error) {
	answers, err := e.ask(ctx, []call{blockCall(quantity(height))})
	if err != nil {
		return Header{}, err
	}
	return decodeHeaderAt(answers[0].result, height)
}

// Holds reports whether an endpoint has all of some blocks. They are asked for together, the newest
// first, because history may change between two questions; and of one endpoint, because another may have
// another history.
func (c *Client) Holds(ctx context.Context, blocks map[uint64]Hash) (bool, error) {
	heights := slices.Sorted(maps.Keys(blocks))
	slices.Reverse(heights)
	calls := make([]call, len(heights))
	for i, height := range heights {
		calls[i] = blockCall(quantity(height))
	}
	err := c.visit(ctx, func(e *endpoint) error {
		answers, err := e.ask(ctx, calls)
		if err != nil {
			return err
		}
		for i, height := range heights {
			h, err := decodeHeaderAt(answers[i].result, height)
			if err != nil {
				return err
			}
			if h.ID != blocks[height] {
				return errMore
			}
		}
		return nil
	})
	if errors.Is(err, errMore) {
		return false, nil
	}
	return err == nil, err
}
