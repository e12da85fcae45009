package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

type sandbox struct{ *unit }

type minedKey struct {
	id    chain.TxID
	index uint32
}

func (r sandbox) Emit(ctx context.Context, ts []ports.SandboxTransfer) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	for _, t := range ts {
		k := minedKey{t.TxID, t.Index}
		if _, mined := s.mined.get(k); mined {
			return ports.ErrTaken
		}
		if t.MinedAt.Before(s.sealed) {
			t.MinedAt = s.sealed
		}
		s.mined.put(r.unit, k, t)
	}
	return nil
}

// Seal implements ports.SandboxReads. Taking its turn is what waits for units that are emitting.
func (s *Store) Seal(ctx context.Context, until time.Time) error {
	return s.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		now, err := r.Sandbox.(sandbox).state(ctx) //nolint:errcheck // Do made it
		if err == nil && now.sealed.Before(until) {
			now.sealed = until
		}
		return err
	})
}

func (r sandbox) Reorg(ctx context.Context, id chain.TxID, reorg ports.SandboxReorg) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	for _, t := range s.mined.where(func(t ports.SandboxTransfer) bool { return t.TxID == id }) {
		t.Gone = true
		s.mined.put(r.unit, minedKey{t.TxID, t.Index}, t)
	}
	s.reorgs.put(r.unit, s.next(), reorg)
	return nil
}

func (r sandbox) Trouble(ctx context.Context, t ports.SandboxTrouble) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	s.troubles.put(r.unit, s.next(), t)
	return nil
}

// Mined implements ports.SandboxReads.
func (s *Store) Mined(
	_ context.Context, from, to time.Time, receivers []chain.Address,
) ([]ports.SandboxTransfer, error) {
	watched := make(map[chain.Address]bool, len(receivers))
	for _, a := range receivers {
		watched[a] = true
	}
	return s.minedWhere(func(t ports.SandboxTransfer) bool {
		return !t.MinedAt.Before(from) && t.MinedAt.Before(to) && watched[t.To]
	}), nil
}

// Transaction implements ports.SandboxReads.
func (s *Store) Transaction(_ context.Context, id chain.TxID) ([]ports.SandboxTransfer, error) {
	return s.minedWhere(func(t ports.SandboxTransfer) bool { return t.TxID == id }), nil
}

func (s *Store) minedWhere(match func(ports.SandboxTransfer) bool) []ports.SandboxTransfer {
	list := s.committed.Load().mined.where(func(t ports.SandboxTransfer) bool {
		return !t.Gone && match(t)
	})
	slices.SortFunc(list, func(a, b ports.SandboxTransfer) int {
		return cmp.Or(
			a.MinedAt.Compare(b.MinedAt), cmp.Compare(a.TxID, b.TxID), cmp.Compare(a.Index, b.Index),
		)
	})
	return list
}

// Reorgs implements ports.SandboxReads.
func (s *Store) Reorgs(context.Context) ([]ports.SandboxReorg, error) {
	list := s.committed.Load().reorgs.where(func(ports.SandboxReorg) bool { return true })
	slices.SortFunc(list, func(a, b ports.SandboxReorg) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Height, b.Height))
	})
	return list, nil
}

// Troubles implements ports.SandboxReads.
func (s *Store) Troubles(_ context.Context, now time.Time) ([]ports.SandboxTrouble, error) {
	list := s.committed.Load().troubles.where(func(t ports.SandboxTrouble) bool {
		return !now.Before(t.From) && now.Before(t.Until)
	})
	slices.SortFunc(list, func(a, b ports.SandboxTrouble) int {
		return cmp.Or(a.From.Compare(b.From), a.Until.Compare(b.Until))
	})
	return list, nil
}
