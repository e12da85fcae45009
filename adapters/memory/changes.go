package memory

import (
	"context"
	"sync"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// hints is who wants to hear of which session or project.
type hints struct {
	mu    sync.Mutex
	subs  map[checkout.SessionID]map[chan struct{}]struct{} // guarded by mu
	marks map[checkout.SessionID]ports.Mark                 // guarded by mu
}

// Subscribe implements ports.Changes.
func (s *Store) Subscribe(ctx context.Context, id checkout.SessionID) <-chan struct{} {
	return s.watchers.add(ctx, id)
}

// SubscribeProject implements ports.Changes. Ids of projects and of sessions are never the same.
func (s *Store) SubscribeProject(ctx context.Context, id merchant.ProjectID) <-chan struct{} {
	return s.watchers.add(ctx, checkout.SessionID(id))
}

// Mark implements ports.Changes. A store in memory is told of everything.
func (s *Store) Mark(id checkout.SessionID) (m ports.Mark, known bool) {
	h := &s.watchers
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.marks[id], true
}

func (h *hints) add(ctx context.Context, id checkout.SessionID) <-chan struct{} {
	sub := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.subs == nil {
		h.subs = make(map[checkout.SessionID]map[chan struct{}]struct{})
	}
	if h.subs[id] == nil {
		h.subs[id] = make(map[chan struct{}]struct{})
	}
	h.subs[id][sub] = struct{}{}
	context.AfterFunc(ctx, func() { h.drop(id, sub) })
	return sub
}

func (h *hints) drop(id checkout.SessionID, sub chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.subs[id], sub)
	if len(h.subs[id]) == 0 {
		delete(h.subs, id)
	}
}

// tell moves the marks of changed sessions, and hints at them. A hint nobody took yet says as much as two.
func (h *hints) tell(ids []checkout.SessionID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.marks == nil {
		h.marks = make(map[checkout.SessionID]ports.Mark)
	}
	for _, id := range ids {
		h.marks[id]++
		for sub := range h.subs[id] {
			select {
			case sub <- struct{}{}:
			default:
			}
		}
	}
}
