package ethrpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Bounds of one exchange with an endpoint.
const (
	maxAnswerBytes = 25 << 20         // java-tron's own bound of an answer
	defaultTimeout = 15 * time.Second // of one request, answer read
	maxBatch       = 50               // calls in one request; java-tron's bound is 100
	minBatch       = 2                // a question and its proof must fit
)

// call is one question.
type call struct {
	method string
	params []any
}

// answer is what came of one question: a result as it is written, or an error.
type answer struct {
	result []byte
	err    *rpcError
}

// request is a call on the wire.
type request struct {
	Version string `json:"jsonrpc"`
	ID      int    `json:"id"`
	Method  string `json:"method"`
	Params  []any  `json:"params"`
}

// encode writes calls as one request: a batch, or the bare call if there is only one.
func encode(calls []call) ([]byte, error) {
	out := make([]request, len(calls))
	for i, c := range calls {
		out[i] = request{Version: "2.0", ID: i, Method: c.method, Params: c.params}
		if c.params == nil {
			out[i].Params = []any{}
		}
	}
	if len(out) == 1 {
		return json.Marshal(out[0])
	}
	return json.Marshal(out)
}

// allowance is how long an answer may be, and may take.
type allowance struct {
	bytes int64
	time  time.Duration
}

// post sends calls in one HTTP request and answers them in order. Every call is answered, or the
// whole exchange failed.
func (e *endpoint) post(ctx context.Context, calls []call) ([]answer, error) {
	return e.postWithin(ctx, calls, allowance{maxAnswerBytes, e.timeout})
}

// postWithin is post with other bounds than the usual ones.
func (e *endpoint) postWithin(ctx context.Context, calls []call, within allowance) ([]answer, error) {
	body, err := encode(calls)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, within.time)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return nil, fail(Unreachable, "the address is not usable")
	}
	for name, values := range e.header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	began := e.now()
	resp, err := e.http.Do(req)
	if err != nil {
		return nil, transportFailure(err)
	}
	defer resp.Body.Close() //nolint:errcheck // nothing was written
	if resp.StatusCode == http.StatusRequestEntityTooLarge {
		return nil, &rpcError{code: codeTooLarge, message: "HTTP 413"}
	}
	if f := statusFailure(resp, e.now()); f != nil {
		return nil, f
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, within.bytes+1))
	if err != nil {
		return nil, transportFailure(err)
	}
	e.took(e.now().Sub(began))
	if int64(len(text)) > within.bytes {
		return nil, &rpcError{code: codeTooLarge, message: "the answer is too large"}
	}
	return decodeAnswers(text, len(calls))
}

// transportFailure says what broke, without the URL the standard library writes into its errors.
func transportFailure(err error) *failure {
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return fail(TimedOut, "no answer in time")
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return fail(Unreachable, printable(op.Op+": "+op.Err.Error(), maxMessage))
	}
	return fail(Unreachable, "the connection broke")
}

// statusFailure judges an HTTP status. A redirect is a failure: following it could carry a key to
// another host.
func statusFailure(resp *http.Response, now time.Time) *failure {
	f := fail(Broken, "HTTP "+strconv.Itoa(resp.StatusCode))
	switch resp.StatusCode {
	case http.StatusOK, http.StatusBadRequest:
		return nil // some nodes answer errors of the protocol with 400
	case http.StatusTooManyRequests:
		f.class = Limited
	case http.StatusUnauthorized, http.StatusForbidden:
		f.class = Refused
	}
	f.wait = retryAfter(resp.Header.Get("Retry-After"), now)
	return f
}

// retryAfter reads seconds or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// decodeAnswers reads the answers to n calls. A node that refuses the whole batch with one error is
// reported by that error.
func decodeAnswers(text []byte, n int) ([]answer, error) {
	t := textOf(text)
	if t.peek() == '{' {
		id, one, err := t.answer()
		switch {
		case err != nil:
			return nil, err
		case !t.done():
			return nil, fail(Broken, "the answer is cut short or no JSON")
		case one.err != nil:
			return nil, one.err
		case n != 1:
			return nil, fail(Broken, "one answer to a batch")
		case id != 0:
			return nil, fail(Broken, "an answer to no question of ours")
		}
		return []answer{one}, nil
	}
	answers, given := make([]answer, n), make([]bool, n)
	var problem error
	whole := t.members('[', ']', func() bool {
		id, a, err := t.answer()
		switch {
		case err != nil:
			problem = err
		case id >= uint64(len(given)) || given[id]:
			problem = fail(Broken, "an answer to no question of ours")
		default:
			answers[id], given[id] = a, true
		}
		return problem == nil
	})
	switch {
	case problem != nil:
		return nil, problem
	case !whole || !t.done():
		return nil, fail(Broken, "the answer is cut short or no JSON")
	}
	for _, ok := range given {
		if !ok {
			return nil, fail(Broken, "a question was not answered")
		}
	}
	return answers, nil
}

// noID is the id of an answer that has none, as errors before a request is understood do.
const noID = ^uint64(0)

// answer consumes one answer. What is not exactly a JSON-RPC answer is a failure, never an empty
// result: java-tron's limiter answers 200 with {"Error":"… lack of computing resources"}.
func (t *jsonText) answer() (id uint64, a answer, err error) {
	id = noID
	version, limiter, problem := false, false, false
	whole := t.object(func(key, value []byte) {
		switch string(key) {
		case "jsonrpc":
			version = string(text(value)) == "2.0"
		case "id":
			if n, err := strconv.ParseUint(string(value), 10, 32); err == nil {
				id = n
			}
		case "result":
			a.result = value
		case "error":
			if !null(value) {
				a.err = decodeError(value)
				problem = a.err == nil
			}
		case "Error":
			limiter = true
		}
	})
	switch {
	case !whole:
		return noID, a, fail(Broken, "the answer is cut short or no JSON")
	case limiter:
		return noID, a, fail(Limited, "the node's own limiter")
	case problem, !version, a.result == nil && a.err == nil:
		return noID, a, fail(Broken, "no JSON-RPC answer")
	}
	return id, a, nil
}

func decodeError(value []byte) *rpcError {
	var e rpcError
	coded := false
	whole := object(value, func(key, value []byte) {
		switch string(key) {
		case "code":
			code, err := strconv.ParseInt(string(value), 10, 64)
			e.code, coded = code, err == nil
		case "message":
			e.message = string(text(value))
		}
	})
	if !whole || !coded {
		return nil
	}
	return &e
}
