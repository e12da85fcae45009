package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

type rescans struct{ *unit }

type rescanKey struct {
	network chain.Network
	started time.Time
}

func keyOfRescan(r ports.Rescan) rescanKey { return rescanKey{r.Network, r.StartedAt.UTC()} }

// latest finds the newest rescan of a network.
func (s *state) latest(n chain.Network) (ports.Rescan, bool) {
	all := s.rescans.where(func(r ports.Rescan) bool { return r.Network == n })
	if len(all) == 0 {
		return ports.Rescan{}, false
	}
	return slices.MaxFunc(all, func(a, b ports.Rescan) int {
		return a.StartedAt.Compare(b.StartedAt)
	}), true
}

func (r rescans) Start(ctx context.Context, begun ports.Rescan) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	_, same := s.rescans.get(keyOfRescan(begun))
	if now, found := s.latest(begun.Network); same || found && now.FinishedAt.IsZero() {
		return ports.ErrTaken
	}
	s.rescans.put(r.unit, keyOfRescan(begun), begun)
	return nil
}

func (r rescans) Latest(ctx context.Context, n chain.Network) (ports.Rescan, error) {
	s, err := r.state(ctx)
	if err != nil {
		return ports.Rescan{}, err
	}
	return must(s.latest(n))
}

func (r rescans) Advance(ctx context.Context, from uint64, to ports.Rescan) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	now, found := s.latest(to.Network)
	if !found || !now.FinishedAt.IsZero() || now.Next != from || !now.StartedAt.Equal(to.StartedAt) {
		return ports.ErrStale
	}
	now.Next, now.Found, now.Missing = to.Next, to.Found, to.Missing
	now.Host, now.Second, now.OwnUnread = to.Host, to.Second, to.OwnUnread
	now.UpdatedAt, now.FinishedAt = to.UpdatedAt, to.FinishedAt
	s.rescans.put(r.unit, keyOfRescan(now), now)
	return nil
}

// Rescans implements ports.RescanReads.
func (s *Store) Rescans(context.Context) ([]ports.Rescan, error) {
	now := s.committed.Load()
	newest := now.rescans.where(func(r ports.Rescan) bool {
		last, _ := now.latest(r.Network)
		return last.StartedAt.Equal(r.StartedAt)
	})
	slices.SortFunc(newest, func(a, b ports.Rescan) int { return cmp.Compare(a.Network, b.Network) })
	return newest, nil
}
