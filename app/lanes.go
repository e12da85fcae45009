package app

import (
	"sync"
	"time"
)

// Limits of sending side by side.
const (
	// lanesPerEndpoint is how many deliveries to one endpoint may be on their way at once in one
	// process: a receiver that hangs holds this many workers and no more.
	lanesPerEndpoint = 2
	// The next to find all lanes of an endpoint taken is told to come back a little later than the
	// one before, so that a long queue neither returns all at once nor spends its time returning.
	shortestWait = 500 * time.Millisecond
	waitStep     = 25 * time.Millisecond
	longestWait  = time.Minute
)

// lanes bounds what is on its way to each endpoint. The zero value is ready for use.
type lanes struct {
	mu        sync.Mutex
	endpoints map[string]*traffic // those with anything on its way
	underway  map[string]bool     // deliveries on their way
}

type traffic struct{ sending, turnedAway int }

// enter takes a lane, or says how long to stay away. A delivery is never on its way twice.
func (l *lanes) enter(endpoint, delivery string) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.endpoints == nil {
		l.endpoints, l.underway = make(map[string]*traffic), make(map[string]bool)
	}
	at := l.endpoints[endpoint]
	if at == nil {
		at = &traffic{}
		l.endpoints[endpoint] = at
	}
	if at.sending >= lanesPerEndpoint || l.underway[delivery] {
		wait = min(shortestWait+time.Duration(at.turnedAway)*waitStep, longestWait)
		at.turnedAway++
		return wait, false
	}
	at.sending++
	at.turnedAway = max(at.turnedAway-1, 0)
	l.underway[delivery] = true
	return 0, true
}

// leave gives a lane back.
func (l *lanes) leave(endpoint, delivery string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.underway, delivery)
	at := l.endpoints[endpoint]
	if at.sending--; at.sending == 0 {
		delete(l.endpoints, endpoint)
	}
}
