package postgres

import (
	"context"
	"sync"

	"github.com/101pay/101pay/domain/merchant"
)

// mostOwners is of how many projects it is remembered whose they are.
const mostOwners = 10_000

// owners remembers whose projects are: nearly every request of the dashboard asks, and the answer never changes.
// When it is full it forgets all, so that its memory is bounded.
type owners struct {
	mu sync.RWMutex
	of map[merchant.ProjectID]merchant.ID // guarded by mu
}

// Owner implements ports.ProjectReads. What does not exist is not remembered: it may from now on.
func (s *Store) Owner(ctx context.Context, id merchant.ProjectID) (merchant.ID, error) {
	if owner := s.owners.get(id); owner != "" {
		return owner, nil
	}
	p, err := s.Project(ctx, id)
	if err != nil {
		return "", err
	}
	s.owners.put(p.ID, p.MerchantID)
	return p.MerchantID, nil
}

func (o *owners) get(id merchant.ProjectID) merchant.ID {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.of[id]
}

func (o *owners) put(id merchant.ProjectID, owner merchant.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of == nil || len(o.of) >= mostOwners {
		o.of = make(map[merchant.ProjectID]merchant.ID)
	}
	o.of[id] = owner
}
