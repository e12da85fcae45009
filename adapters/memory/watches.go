package memory

import (
	"context"

	"github.com/101pay/101pay/domain/chain"
)

// duty is what one at a time may do.
type duty struct {
	rescan  bool
	network chain.Network
}

// Hold implements ports.Watches.
func (s *Store) Hold(
	ctx context.Context, n chain.Network, fn func(ctx context.Context) error,
) (held bool, err error) {
	return s.hold(ctx, duty{network: n}, fn)
}

// HoldRescan implements ports.Watches.
func (s *Store) HoldRescan(
	ctx context.Context, n chain.Network, fn func(ctx context.Context) error,
) (held bool, err error) {
	return s.hold(ctx, duty{rescan: true, network: n}, fn)
}

// Holder implements ports.Watches. Whoever shares this store is in this process.
func (s *Store) Holder(_ context.Context, n chain.Network) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watches[duty{network: n}] {
		return "this process", nil
	}
	return "", nil
}

func (s *Store) hold(
	ctx context.Context, d duty, fn func(ctx context.Context) error,
) (held bool, err error) {
	if !s.grab(d) {
		return false, nil
	}
	defer s.letOff(d)
	ctx, end := context.WithCancel(ctx)
	defer end()
	return true, fn(ctx)
}

func (s *Store) grab(d duty) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watches[d] {
		return false
	}
	s.watches[d] = true
	return true
}

func (s *Store) letOff(d duty) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watches, d)
}
