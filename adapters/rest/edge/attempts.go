package edge

import (
	"slices"
	"sync"
	"time"
)

// Attempts counts tries per key in a sliding window: at any instant at most so many lie within the
// window before it. It is exact, so that the eleventh try in fifteen minutes is refused and never
// the tenth. Counts are kept by each process for itself.
//
// Refused tries are not counted: somebody who hammers at an account delays its owner no longer
// than the window.
type Attempts struct {
	most   int
	window time.Duration
	now    func() time.Time

	mu   sync.Mutex
	keys *recent[[]time.Time] // times of counted tries, oldest first; guarded by mu
}

// NewAttempts allows most tries per key within any window, telling the time by now.
func NewAttempts(most int, window time.Duration, now func() time.Time) *Attempts {
	return &Attempts{
		most: most, window: window, now: now, keys: newRecent[[]time.Time](limitKeysMax),
	}
}

// Take counts a try. It fails with ErrRateLimited, carrying when the next one is allowed, if the
// key has used up its tries.
func (a *Attempts) Take(key string) error {
	key, now := shortKey(key), a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	entry := a.keys.get(key, func() []time.Time { return nil })
	tries := slices.DeleteFunc(entry.value, func(t time.Time) bool {
		return now.Sub(t) >= a.window
	})
	if len(tries) >= a.most {
		entry.value = tries
		return ErrRateLimited.After(tries[0].Add(a.window).Sub(now))
	}
	entry.value = append(tries, now)
	return nil
}

// Forget clears a key, as after a login that succeeded.
func (a *Attempts) Forget(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keys.drop(shortKey(key))
}
