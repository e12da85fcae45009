package ethrpc

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// Endpoint is where a chain can be read: its URL and headers, either of which may hold a key.
type Endpoint struct {
	URL    string
	Header http.Header
}

// endpoint is one endpoint and what is known of it.
type endpoint struct {
	url     string
	host    string
	secrets []string // what of url and header must not be repeated
	header  http.Header
	http    *http.Client
	timeout time.Duration
	now     func() time.Time
	fit     fitness

	mu         sync.Mutex
	breaker    breaker
	verified   bool      // it proved to be fit, and has not failed since
	version    string    // of its software, as it says
	unproven   string    // what of its fitness it would not tell, "" if nothing
	doubted    time.Time // at the end of the line until then
	lastError  Class
	lastDetail string
	failures   uint64
	batch      int           // calls it takes in one request
	latency    time.Duration // of the last request that was answered
	head       Head          // as it last told
	headAt     time.Time
	traces     tracing
}

// admit asks the breaker.
func (e *endpoint) admit() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.breaker.admit(e.now())
}

// opens is when a closed endpoint may be asked again, zero if it may be now.
func (e *endpoint) opens() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.breaker.until
}

func (e *endpoint) doubtful() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now().Before(e.doubted)
}

// succeeded records an answer that counts.
func (e *endpoint) succeeded() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.breaker.succeed()
	e.doubted = time.Time{}
}

// undecided records a visit that says nothing about the endpoint.
func (e *endpoint) undecided() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.breaker.release()
}

// failed records a failure. Doubt only sends the endpoint to the end of the line; anything else is
// for its breaker to judge.
func (e *endpoint) failed(f *failure, doubt bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failures++
	e.lastError, e.lastDetail = f.class, f.detail
	if doubt {
		e.breaker.release()
		e.doubted = e.now().Add(doubtPause)
		return
	}
	e.verified = false
	e.breaker.fail(f, e.now())
}

// ask answers calls in order, in as few requests as the endpoint allows. Each call's own error
// fails them all.
func (e *endpoint) ask(ctx context.Context, calls []call) ([]answer, error) {
	answers, err := e.askEach(ctx, calls)
	if err != nil {
		return nil, err
	}
	for _, a := range answers {
		if a.err != nil {
			return nil, a.err
		}
	}
	return answers, nil
}

// askEach is ask, except that errors of single calls are left with their answers.
func (e *endpoint) askEach(ctx context.Context, calls []call) ([]answer, error) {
	answers := make([]answer, 0, len(calls))
	for len(answers) < len(calls) {
		rest := calls[len(answers):]
		size := min(len(rest), e.batchSize())
		got, err := e.post(ctx, rest[:size])
		var refused *rpcError
		if errors.As(err, &refused) && size > minBatch && !refused.pace() {
			e.shrinkBatch(size / 2)
			continue
		}
		if err != nil {
			return nil, err
		}
		answers = append(answers, got...)
	}
	return answers, nil
}

func (e *endpoint) batchSize() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.batch
}

// shrinkBatch remembers that a request was refused whole, which a batch too large is.
func (e *endpoint) shrinkBatch(to int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.batch = max(minBatch, min(e.batch, to))
}

// took notes how long an answer took.
func (e *endpoint) took(d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.latency = d
}

func (e *endpoint) setHead(h Head) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.head, e.headAt = h, e.now()
}

func (e *endpoint) final() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.head.Final.Number
}

// inOrder puts the endpoints we have doubts about behind the others.
func inOrder(all []*endpoint) []*endpoint {
	trusted, doubted := make([]*endpoint, 0, len(all)), []*endpoint(nil)
	for _, e := range all {
		if e.doubtful() {
			doubted = append(doubted, e)
		} else {
			trusted = append(trusted, e)
		}
	}
	return append(trusted, doubted...)
}
