package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

type cursors struct{ *unit }

type trailKey struct {
	network chain.Network
	height  uint64
}

func (r cursors) Load(ctx context.Context, n chain.Network) (ports.Cursor, error) {
	s, err := r.state(ctx)
	if err != nil {
		return ports.Cursor{}, err
	}
	return must(s.cursors.get(n))
}

func (r cursors) Start(ctx context.Context, c ports.Cursor) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	if _, started := s.cursors.get(c.Network); !started {
		r.set(s, c)
	}
	return nil
}

// set moves the cursor and remembers its block.
func (r cursors) set(s *state, c ports.Cursor) {
	s.cursors.put(r.unit, c.Network, c)
	s.trail.put(r.unit, trailKey{c.Network, c.Height}, c)
}

func (r cursors) Stand(ctx context.Context, c ports.Cursor) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	if at, started := s.cursors.get(c.Network); !started || !at.On(c) {
		return ports.ErrStale
	}
	return nil
}

func (r cursors) Advance(ctx context.Context, from, c ports.Cursor) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	at, started := s.cursors.get(c.Network)
	switch {
	case !started || !at.On(from):
		return ports.ErrStale
	case c.Height < from.Height:
		return fmt.Errorf("advance %s from %d to %d: backwards", c.Network, from.Height, c.Height)
	case c.Height == from.Height:
		at.UpdatedAt = c.UpdatedAt
		s.cursors.put(r.unit, c.Network, at)
	default:
		r.set(s, c)
	}
	return nil
}

func (r cursors) Trail(
	ctx context.Context, n chain.Network, height uint64, limit int,
) ([]ports.Cursor, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	blocks := s.trail.where(func(c ports.Cursor) bool { return c.Network == n && c.Height <= height })
	slices.SortFunc(blocks, func(a, b ports.Cursor) int { return cmp.Compare(b.Height, a.Height) })
	blocks, _ = first(blocks, limit)
	return blocks, nil
}

func (r cursors) Since(
	ctx context.Context, n chain.Network, at time.Time,
) (ports.Cursor, error) {
	s, err := r.state(ctx)
	if err != nil {
		return ports.Cursor{}, err
	}
	blocks := s.trail.where(func(c ports.Cursor) bool {
		return c.Network == n && !c.BlockTime.Before(at)
	})
	if len(blocks) == 0 {
		return ports.Cursor{}, ports.ErrNotFound
	}
	return slices.MinFunc(blocks, func(a, b ports.Cursor) int {
		return cmp.Compare(a.Height, b.Height)
	}), nil
}

func (r cursors) Rewind(ctx context.Context, from, c ports.Cursor) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	if at, started := s.cursors.get(c.Network); !started || !at.On(from) {
		return ports.ErrStale
	}
	for _, b := range s.trail.where(func(b ports.Cursor) bool { return b.Network == c.Network }) {
		if b.Height > c.Height {
			s.trail.drop(r.unit, trailKey{b.Network, b.Height})
		}
	}
	r.set(s, c)
	return nil
}

// Cursors implements ports.CursorReads.
func (s *Store) Cursors(context.Context) ([]ports.Cursor, error) {
	all := s.committed.Load().cursors.where(func(ports.Cursor) bool { return true })
	slices.SortFunc(all, func(a, b ports.Cursor) int { return cmp.Compare(a.Network, b.Network) })
	return all, nil
}
