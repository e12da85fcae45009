package postgres

import (
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

const (
	// markSlots bounds what marks take, whatever changes. Sessions share slots: a change of one of them
	// makes the others be read once more.
	markSlots = 1 << 16

	heardEvery = time.Second     // how often the listening connection is asked whether it tells all
	heardLimit = 3 * time.Second // after the last answer, marks say nothing any more
)

var markSeed = maphash.MakeSeed()

// marks count what was announced. Its zero value has heard of nothing.
type marks struct {
	all     atomic.Uint64
	slots   [markSlots]atomic.Uint64
	heardAt atomic.Pointer[time.Time] // when the connection was asked what it answered last; nil while there is none
}

// Mark implements ports.Changes. Nothing listens until somebody asks.
func (s *Store) Mark(id checkout.SessionID) (m ports.Mark, known bool) {
	s.listen()
	return s.hints.marks.of(id)
}

// of answers a session's mark. The sum of two numbers that only grow is the same only if both are.
func (m *marks) of(id checkout.SessionID) (mark ports.Mark, known bool) {
	at := m.heardAt.Load()
	known = at != nil && time.Since(*at) < heardLimit
	return ports.Mark(m.all.Load() + m.slot(id).Load()), known
}

func (m *marks) slot(id checkout.SessionID) *atomic.Uint64 {
	return &m.slots[maphash.String(markSeed, string(id))%markSlots]
}

// move is called when something of a session was committed, and before whoever did it is told so.
func (m *marks) move(id checkout.SessionID) { m.slot(id).Add(1) }

// moveAll makes nothing hold that was read before: an announcement may have been missed.
func (m *marks) moveAll() { m.all.Add(1) }

// heard notes that all that was announced before the connection was asked has been told.
func (m *marks) heard(asked time.Time) { m.heardAt.Store(&asked) }

// deaf notes that nobody listens.
func (m *marks) deaf() { m.heardAt.Store(nil) }
