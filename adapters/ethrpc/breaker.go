package ethrpc

import "time"

// How long an endpoint is left alone.
const (
	breakerThreshold = 3                // failures in a row that open it
	firstPause       = time.Second      // doubled with every further failure
	longestPause     = time.Minute      // unless the endpoint asks for more
	longestRequested = 10 * time.Minute // of what an endpoint may ask for by Retry-After
	misfitPause      = 15 * time.Second // its operator may mend it; until then it is not used
	doubtPause       = 30 * time.Second // at the end of the line after a doubtful answer
)

// breaker keeps requests away from an endpoint that fails, and lets one through now and then to see
// whether it has recovered. It is guarded by its endpoint.
type breaker struct {
	failures int       // in a row
	until    time.Time // closed to requests until then, once open
	probing  bool      // the one request that tests an open breaker is under way
}

func (b *breaker) open() bool { return !b.until.IsZero() }

// Circuit is the state of an endpoint's breaker, in words fit for a metric's label.
type Circuit string

// The states.
const (
	Closed   Circuit = "closed"    // it is asked
	Open     Circuit = "open"      // it is left alone
	HalfOpen Circuit = "half_open" // the next request tests whether it has recovered
)

func (b *breaker) state(now time.Time) Circuit {
	switch {
	case !b.open():
		return Closed
	case now.Before(b.until):
		return Open
	}
	return HalfOpen
}

// admit asks whether a request may be sent now. Whoever is admitted reports back by succeed, fail
// or release.
func (b *breaker) admit(now time.Time) bool {
	switch {
	case !b.open():
		return true
	case b.probing || now.Before(b.until):
		return false
	}
	b.probing = true
	return true
}

func (b *breaker) succeed() { *b = breaker{} }

// release ends a request that said nothing about the endpoint.
func (b *breaker) release() { b.probing = false }

func (b *breaker) fail(f *failure, now time.Time) {
	b.probing = false
	b.failures++
	if b.failures < breakerThreshold && !f.fatal() && !b.open() {
		return
	}
	pause := firstPause
	for i := 1; i < b.failures && pause < longestPause; i++ {
		pause *= 2
	}
	pause = min(pause, longestPause)
	if f.class.Misfit() {
		pause = misfitPause
	}
	b.until = now.Add(max(pause, min(f.wait, longestRequested)))
}
