package facilitator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// How long a facilitator that wants rest is left alone.
const (
	shortRest = time.Second     // if it does not say
	longRest  = 2 * time.Minute // at most, whatever it says
)

// question is one request.
type question struct {
	path    string
	body    []byte // nil asks with GET
	timeout time.Duration
	key     string // Idempotency-Key, "" for none
}

// answer is what came back, whole.
type answer struct {
	status int
	body   []byte
}

// ask puts a question. An error says that there is no whole answer, or that the facilitator would not look
// at the question: too many of them, no permission, a fault of its own that it says nothing about.
func (c *Client) ask(ctx context.Context, q question) (answer, error) {
	if wait := c.resting(); wait > 0 {
		return answer{}, fmt.Errorf("%s: it asked to be left alone: %w", q.path, ErrUnavailable.After(wait))
	}
	ctx, cancel := context.WithTimeout(ctx, q.timeout)
	defer cancel()
	request, err := c.request(ctx, q)
	if err != nil {
		return answer{}, err
	}
	// The transport itself is asked, not a client: there is nothing in it that could follow.
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %s: %w", q.path, plain(err), ErrUnavailable)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	switch {
	case err != nil:
		return answer{}, fmt.Errorf("%s: %s: %w", q.path, plain(err), ErrUnavailable)
	case len(body) > maxAnswerBytes:
		return answer{}, fmt.Errorf("%s: the answer is too long: %w", q.path, ErrUnavailable)
	case response.StatusCode == http.StatusTooManyRequests:
		return answer{}, fmt.Errorf("%s: HTTP 429: %w", q.path, ErrUnavailable.After(c.rest(response.Header)))
	}
	return answer{response.StatusCode, body}, nil
}

func (c *Client) request(ctx context.Context, q question) (*http.Request, error) {
	method, body := http.MethodGet, io.Reader(http.NoBody)
	if q.body != nil {
		method, body = http.MethodPost, bytes.NewReader(q.body)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base.JoinPath(q.path).String(), body)
	if err != nil {
		return nil, errors.New("the facilitator's address is not usable")
	}
	h := request.Header
	h.Set("Accept", "application/json")
	h.Set("User-Agent", "101pay (+https://github.com/101pay/101pay)")
	if q.body != nil {
		h.Set("Content-Type", "application/json")
	}
	if q.key != "" {
		h.Set("Idempotency-Key", q.key)
	}
	if c.token != "" {
		h.Set("Authorization", "Bearer "+c.token)
	}
	return request, nil
}

// rest notes how long the facilitator does not want to be asked, and answers it.
func (c *Client) rest(h http.Header) time.Duration {
	wait := shortRest
	now := c.clock.Now()
	if seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 16); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(h.Get("Retry-After")); err == nil {
		wait = at.Sub(now)
	}
	wait = min(max(wait, shortRest), longRest)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rests = now.Add(wait)
	return wait
}

func (c *Client) resting() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rests.Sub(c.clock.Now())
}

// plain says what broke without the URL the standard library may write into its errors.
func plain(err error) string {
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return "no answer in time"
	}
	var name *net.DNSError
	if errors.As(err, &name) {
		return "the host's name is not known"
	}
	return "the connection could not be made, or broke"
}
