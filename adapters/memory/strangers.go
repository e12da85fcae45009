package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

type (
	ignored  struct{ *unit }
	watchLog struct{ *unit }
)

// ignoredKey is an event, ignoredDay an address on a network and a day.
type (
	ignoredKey struct {
		network chain.Network
		id      chain.TxID
		index   uint32
	}
	ignoredDay struct {
		network chain.Network
		to      chain.Address
		day     time.Time
	}
	gapKey struct {
		network chain.Network
		from    time.Time
	}
)

// dayCount says how many events of a day were kept, and how many were not.
type dayCount struct{ kept, more int }

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

func (r ignored) Note(ctx context.Context, n chain.Network, s ports.Strange, at time.Time) error {
	now, err := r.state(ctx)
	if err != nil {
		return err
	}
	for _, t := range s.Transfers {
		k := ignoredKey{n, t.TxID, t.Index}
		if _, known := now.ignored.get(k); known {
			continue
		}
		day := ignoredDay{n, t.To, dayOf(t.BlockTime)}
		count, _ := now.ignoredDays.get(day)
		if count.kept < ports.IgnoredPerDay {
			count.kept++
			t.Units = cloneUnits(t.Units)
			now.ignored.put(r.unit, k, t)
		} else {
			count.more++
		}
		now.ignoredDays.put(r.unit, day, count)
	}
	for to, more := range s.More {
		day := ignoredDay{n, to, dayOf(at)}
		count, _ := now.ignoredDays.get(day)
		count.more += more
		now.ignoredDays.put(r.unit, day, count)
	}
	return nil
}

func (r ignored) Prune(ctx context.Context, before time.Time) (int, error) {
	now, err := r.state(ctx)
	if err != nil {
		return 0, err
	}
	old := now.ignored.where(func(t ports.IgnoredTransfer) bool { return t.BlockTime.Before(before) })
	old, _ = first(old, ports.IgnoredBatch)
	for _, t := range old {
		now.ignored.drop(r.unit, ignoredKey{t.Network, t.TxID, t.Index})
	}
	for day := range now.ignoredDays.all() {
		if day.day.Before(dayOf(before)) {
			now.ignoredDays.drop(r.unit, day)
		}
	}
	return len(old), nil
}

func (r watchLog) Mark(ctx context.Context, c ports.Cursor) error {
	s, err := r.state(ctx)
	if err == nil {
		s.marks.put(r.unit, trailKey{c.Network, c.Height}, c)
	}
	return err
}

func (r watchLog) Gap(ctx context.Context, g ports.WatchGap) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	k := gapKey{g.Network, g.From}
	if known, found := s.gaps.get(k); found && known.Until.After(g.Until) {
		return nil
	}
	s.gaps.put(r.unit, k, g)
	return nil
}

func (r watchLog) Prune(ctx context.Context, before time.Time) (int, error) {
	s, err := r.state(ctx)
	if err != nil {
		return 0, err
	}
	marks := s.marks.where(func(c ports.Cursor) bool { return c.BlockTime.Before(before) })
	for _, c := range marks {
		s.marks.drop(r.unit, trailKey{c.Network, c.Height})
	}
	gaps := s.gaps.where(func(g ports.WatchGap) bool { return g.Until.Before(before) })
	for _, g := range gaps {
		s.gaps.drop(r.unit, gapKey{g.Network, g.From})
	}
	return len(marks) + len(gaps), nil
}

// MarkBefore implements ports.Explanations.
func (s *Store) MarkBefore(_ context.Context, n chain.Network, at time.Time) (ports.Cursor, error) {
	now := s.committed.Load()
	before := now.marks.where(func(c ports.Cursor) bool { return c.Network == n && !c.BlockTime.After(at) })
	if len(before) == 0 {
		return ports.Cursor{}, ports.ErrNotFound
	}
	return slices.MaxFunc(before, func(a, b ports.Cursor) int { return cmp.Compare(a.Height, b.Height) }), nil
}

// Gaps implements ports.Explanations.
func (s *Store) Gaps(
	_ context.Context, n chain.Network, from, until time.Time, limit int,
) ([]ports.WatchGap, error) {
	now := s.committed.Load()
	gaps := now.gaps.where(func(g ports.WatchGap) bool {
		return g.Network == n && !g.Until.Before(from) && !g.From.After(until)
	})
	slices.SortFunc(gaps, func(a, b ports.WatchGap) int { return a.From.Compare(b.From) })
	gaps, _ = first(gaps, limit)
	return gaps, nil
}
