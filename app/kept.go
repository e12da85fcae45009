package app

import (
	"context"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

// Kept answers again what was read of a session, without reading, as long as that is known to hold: until
// a change of the session is committed by this process or announced by another, until the time it was
// kept for is over, and never while announcements may be missed (ports.Changes). It remembers a bounded
// number of sessions, those asked for last, and is safe for concurrent use.
type Kept[V any] struct {
	changes ports.Changes
	clock   ports.Clock
	most    int // sessions in each of young and old
	reads   sharedReads[checkout.SessionID, V]

	mu    sync.Mutex
	young map[checkout.SessionID]kept[V] // guarded by mu
	old   map[checkout.SessionID]kept[V] // guarded by mu: what young was when it was full last
}

// kept is what was read of a session, and while it holds.
type kept[V any] struct {
	Reading
	until time.Time
	found V
}

// Reading is what is known before a session is read: what is read then is at least as new.
type Reading struct {
	id    checkout.SessionID
	mark  ports.Mark
	known bool
	at    time.Time
}

// NewKept remembers at most so many sessions.
func NewKept[V any](of Checkout, most int) *Kept[V] {
	return &Kept[V]{
		changes: of.Changes, clock: of.Core.Clock, most: max(1, most/2),
		young: make(map[checkout.SessionID]kept[V]),
	}
}

// Read begins a reading of a session. It must be begun before anything is read.
func (k *Kept[V]) Read(id checkout.SessionID) Reading {
	mark, known := k.changes.Mark(id)
	return Reading{id: id, mark: mark, known: known, at: k.clock.Now()}
}

// Keep keeps what a reading found until then, unless a later reading was faster.
func (k *Kept[V]) Keep(r Reading, found V, until time.Time) {
	if !r.known {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if was, ok := k.young[r.id]; ok && (was.mark > r.mark || was.mark == r.mark && was.at.After(r.at)) {
		return
	}
	k.put(kept[V]{r, until, found})
}

// Get answers what was kept of a session, if it holds, or else what read finds, which is to Keep it. All who
// ask while it is read share the next reading.
func (k *Kept[V]) Get(
	ctx context.Context, id checkout.SessionID, read func(ctx context.Context, r Reading) (V, error),
) (V, error) {
	if found, ok := k.known(id); ok {
		return found, nil
	}
	return k.reads.get(ctx, id, func(ctx context.Context) (V, error) {
		if found, ok := k.known(id); ok { // the reading before found it
			return found, nil
		}
		return read(ctx, k.Read(id))
	})
}

// known answers what was kept of a session, if it holds. A clock that was set back makes nothing last longer.
func (k *Kept[V]) known(id checkout.SessionID) (found V, ok bool) {
	now := k.Read(id)
	if !now.known {
		return found, false
	}
	was, ok := k.find(id)
	if !ok || was.mark != now.mark || now.at.Before(was.at) || !now.at.Before(was.until) {
		return found, false
	}
	return was.found, true
}

func (k *Kept[V]) find(id checkout.SessionID) (was kept[V], ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if was, ok = k.young[id]; ok {
		return was, true
	}
	if was, ok = k.old[id]; ok {
		k.put(was) // or it would be forgotten with those nobody asks for
	}
	return was, ok
}

// put forgets all that nobody asked for since young was full the last time. The caller holds mu.
func (k *Kept[V]) put(v kept[V]) {
	if _, ok := k.young[v.id]; !ok && len(k.young) >= k.most {
		k.old, k.young = k.young, make(map[checkout.SessionID]kept[V])
	}
	k.young[v.id] = v
}
