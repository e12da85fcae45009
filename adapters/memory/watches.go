package memory

import (
	"context"

	"github.com/101pay/101pay/domain/chain"
)

// Hold implements ports.Watches.
func (s *Store) Hold(
	ctx context.Context, n chain.Network, fn func(ctx context.Context) error,
) (held bool, err error) {
	if !s.grab(n) {
		return false, nil
	}
	defer s.letOff(n)
	ctx, end := context.WithCancel(ctx)
	defer end()
	return true, fn(ctx)
}

func (s *Store) grab(n chain.Network) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watches[n] {
		return false
	}
	s.watches[n] = true
	return true
}

func (s *Store) letOff(n chain.Network) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watches, n)
}
