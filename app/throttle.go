package app

import (
	"container/list"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/fault"
)

// ErrTooManyTries asks somebody who guessed too often to wait.
var ErrTooManyTries = fault.New(fault.Limited, "rate_limited",
	"too many tries; wait as long as Retry-After says")

// Bounds of what a throttle remembers.
const (
	throttleKeys   = 1 << 15 // the least recently tried is forgotten beyond that
	throttleKeyMax = 64      // bytes of a key; a longer one is replaced by its hash
	strikesKept    = 24 * time.Hour
)

// pace is how many wrong tries a key has within a quarter of an hour, and how long it waits then:
// first, and twice as long each time after, up to most.
type pace struct {
	free        int
	first, most time.Duration
}

// tryWindow is how long a wrong try counts.
const tryWindow = 15 * time.Minute

// The paces. Who guesses at one account from one address is slowed down most. An account as a whole
// is slowed down too, because guesses may come from many addresses; but only for those who never
// signed in to it from where they are, and not for long, so that nobody can keep its owner out.
var (
	paceOfPair    = pace{free: 10, first: tryWindow, most: 2 * time.Hour}
	paceOfClient  = pace{free: 50, first: tryWindow, most: 2 * time.Hour}
	paceOfAccount = pace{free: 10, first: time.Minute, most: 30 * time.Minute}
	paceOfDevice  = pace{free: 10, first: time.Minute, most: tryWindow}
	paceOfProof   = pace{free: 5, first: time.Minute, most: tryWindow}
)

// try is a key that a guess is counted at.
type try struct {
	key  string
	pace pace
}

// Throttle slows guessing down. It is kept by each process for itself, in bounded memory. Tries that
// are refused do not count, so that hammering prolongs nothing.
type Throttle struct {
	mu    sync.Mutex
	keys  map[string]*list.Element // guarded by mu
	order *list.List               // of *tally, the latest first; guarded by mu
}

// NewThrottle answers a throttle that remembers nothing yet.
func NewThrottle() *Throttle {
	return &Throttle{keys: make(map[string]*list.Element), order: list.New()}
}

// tally is what is known of one key.
type tally struct {
	key      string
	count    int // wrong tries, or tries under way
	strikes  int // times it ran out of free tries
	last     time.Time
	until    time.Time // when it may try again
	welcomed bool      // somebody signed in here
}

// take counts a try at every key, or at none: ErrTooManyTries, with how long to wait.
func (t *Throttle) take(now time.Time, tries []try) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var wait time.Duration
	for _, y := range tries {
		wait = max(wait, t.at(y.key, now).until.Sub(now))
	}
	if wait > 0 {
		return ErrTooManyTries.After(wait)
	}
	for _, y := range tries {
		c := t.at(y.key, now)
		c.count++
		c.last = now
		if c.count >= y.pace.free {
			c.until = now.Add(min(y.pace.first<<min(c.strikes, 16), y.pace.most))
			c.strikes++
			c.count = 0
		}
	}
	return nil
}

// giveBack uncounts a try that was no wrong guess. welcome forgets what was counted at the first key,
// and remembers it as a place somebody signed in from.
func (t *Throttle) giveBack(now time.Time, tries []try, welcome bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, y := range tries {
		c := t.at(y.key, now)
		switch {
		case welcome && i == 0:
			*c = tally{key: c.key, last: now, welcomed: true}
		case c.count > 0:
			c.count--
		case c.strikes > 0: // this try used up the last free one
			c.strikes--
			c.count, c.until = y.pace.free-1, time.Time{}
		}
	}
}

// welcomed reports whether somebody signed in at a key lately.
func (t *Throttle) welcomed(key string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at(key, now).welcomed
}

// at is the tally of a key, with what is too old forgotten.
func (t *Throttle) at(key string, now time.Time) *tally {
	if len(key) > throttleKeyMax {
		sum := sha256.Sum256([]byte(key))
		key = string(sum[:])
	}
	e, known := t.keys[key]
	if !known {
		e = t.order.PushFront(&tally{key: key, last: now})
		t.keys[key] = e
		if t.order.Len() > throttleKeys {
			oldest := t.order.Back()
			delete(t.keys, t.order.Remove(oldest).(*tally).key) //nolint:errcheck // the list holds nothing else
		}
	}
	t.order.MoveToFront(e)
	c := e.Value.(*tally) //nolint:errcheck // the list holds nothing else
	if now.Sub(c.last) >= tryWindow {
		c.count = 0
	}
	if now.Sub(c.last) >= strikesKept {
		c.strikes = 0
	}
	return c
}
