package ethrpc

import (
	"context"
	"errors"
	"slices"
	"time"
)

// How soon an endpoint that does not trace is asked whether it does now.
const (
	traceAgain = 10 * time.Minute // after it said no: its plan or its software may have changed
	traceSoon  = time.Minute      // after it did not say
)

// errNoTrace ends a visit of an endpoint that cannot tell what happens within transactions.
var errNoTrace = errors.New("it cannot trace")

// tracing is what is known of an endpoint's traces. It is guarded by its endpoint.
type tracing struct {
	method traceMethod
	reason string    // why there is none, as the endpoint said
	due    time.Time // when it is asked again
	asking bool
	size   int // blocks it traces in one request
}

// traceWith answers how an endpoint traces, and finds out if that is not known.
func (e *endpoint) traceWith(ctx context.Context) (traceMethod, error) {
	e.mu.Lock()
	method, ask := e.traces.method, e.traces.mayAsk(e.now())
	e.traces.asking = e.traces.asking || method == noTrace && ask
	e.mu.Unlock()
	if method != noTrace {
		return method, nil
	}
	if !ask {
		return noTrace, errNoTrace
	}
	method, reason, err := e.probeTraces(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.traces.asking = false
	switch {
	case err != nil:
		e.traces.due, e.traces.reason = e.now().Add(traceSoon), e.redact(err.Error())
		return noTrace, err
	case method == noTrace:
		e.traces.due, e.traces.reason = e.now().Add(traceAgain), e.redact(reason)
		return noTrace, errNoTrace
	}
	e.traces.method, e.traces.reason = method, ""
	return method, nil
}

func (t *tracing) mayAsk(now time.Time) bool { return !t.asking && !now.Before(t.due) }

// probeTraces traces the final block, in each of the ways there are. An endpoint that keeps too little
// history to do so, as most do where thousands of blocks are not final, cannot be used: final blocks
// are what is read. An error says nothing about what it can.
func (e *endpoint) probeTraces(ctx context.Context) (m traceMethod, reason string, err error) {
	head, err := e.askHead(ctx)
	if err != nil {
		return noTrace, "", err
	}
	if head.Final.Number == 0 {
		return noTrace, "", fail(Lagging, "no block is final yet")
	}
	for _, m := range []traceMethod{callTrace, flatTraces} {
		_, err := e.traceBlocks(ctx, m, head.Final.Number, head.Final.Number)
		if err == nil {
			return m, "", nil
		}
		if undecided(err) {
			return noTrace, "", err
		}
		if reason != "" {
			reason += "; "
		}
		reason += m.block(head.Final.Number).method + ": " + err.Error()
	}
	return noTrace, reason, nil
}

// undecided reports an error that does not tell whether an endpoint can trace.
func undecided(err error) bool {
	f, failed := asFailure(err)
	if !failed {
		return true
	}
	return !slices.Contains([]Class{Refused, Broken, Contradicting}, f.class)
}

// codeNoMethod is the protocol's own word for a method that is not there.
const codeNoMethod = -32601

// noMethodWords are what providers say of methods that another plan has.
var noMethodWords = []string{
	"method not found", "does not exist", "not available", "not supported", "unsupported", "not allowed",
	"not enabled", "disabled", "upgrade", "whitelist",
}

// lostTraces remembers that an endpoint which could trace says it cannot any more.
func (e *endpoint) lostTraces(err error) bool {
	var refused *rpcError
	if !errors.As(err, &refused) || refused.pace() ||
		refused.code != codeNoMethod && !containsAny(refused.message, noMethodWords) {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.traces.method, e.traces.reason = noTrace, e.redact(refused.Error())
	e.traces.due = e.now().Add(traceAgain)
	return true
}

// traceSize is how many blocks are traced in one request.
func (e *endpoint) traceSize() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.traces.size == 0 {
		return traceBatch
	}
	return e.traces.size
}

// shrinkTraces remembers that traces of so many blocks were refused whole, or too long to take.
func (e *endpoint) shrinkTraces(to int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.traces.size = max(1, to)
}

// tracer runs fn with one endpoint after another that can trace, as visit does.
func (c *Client) tracer(ctx context.Context, fn func(e *endpoint, m traceMethod) error) error {
	return c.visit(ctx, func(e *endpoint) error {
		m, err := e.traceWith(ctx)
		if err != nil {
			return err
		}
		err = fn(e, m)
		if e.lostTraces(err) {
			return errNoTrace
		}
		return err
	})
}

// tracesBy is how an endpoint is known to trace.
func (e *endpoint) tracesBy() traceMethod {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.traces.method
}

// tracers counts the endpoints that are known to trace.
func (c *Client) tracers() (n int) {
	for _, e := range c.endpoints {
		if e.tracesBy() != noTrace {
			n++
		}
	}
	return n
}

// Traces reports whether any endpoint is known to trace.
func (c *Client) Traces() bool { return c.tracers() > 0 }

// askAllTraces asks every endpoint of which it is not known, and due to be asked, whether it can trace.
func (c *Client) askAllTraces(ctx context.Context) {
	for range c.endpoints {
		c.AskTraces(ctx)
	}
}

// AskTraces asks one endpoint of which it is not known, and due to be asked, whether it can trace. It
// is called now and then, so that one which could not be reached at first is found in the end.
func (c *Client) AskTraces(ctx context.Context) {
	for _, e := range c.endpoints {
		e.mu.Lock()
		due := e.traces.method == noTrace && e.traces.mayAsk(e.now())
		e.mu.Unlock()
		if !due || !e.admit() {
			continue
		}
		err := c.try(ctx, e, func(e *endpoint) error {
			_, err := e.traceWith(ctx)
			return err
		})
		if err != nil {
			e.postponeTraces()
		}
		return
	}
}

// postponeTraces leaves an endpoint alone that could not even be asked.
func (e *endpoint) postponeTraces() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if soon := e.now().Add(traceSoon); e.traces.due.Before(soon) {
		e.traces.due = soon
	}
}

// reviseTraces has an endpoint that does not trace asked anew.
func (e *endpoint) reviseTraces() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.traces.due = time.Time{}
}
