// Package facilitator asks somebody else's x402 facilitator, over HTTP, to verify and settle payments.
//
// It owns the requests, the bounds on their time and size, how long a facilitator that asks for rest is
// left alone, and which of its answers are believed to mean that no money moved. It does not own what
// proves a settlement: the chain does (domain/x402), whatever a facilitator says.
//
// Invariants: a Refusal is answered only for reasons that lie in the payment itself, which the facilitator
// would have given whenever it was asked; everything else (no answer, half an answer, an error of its own, a
// payment in another state than expected) leaves open whether it sent a transaction. Only the operator's URL
// is ever asked: nothing is followed. No error holds the URL or the token.
//
// Sources: x402-specification-v2.md section 7; HTTPFacilitatorClient of @x402/core 2.27.
package facilitator

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Bounds of one request.
const (
	askTimeout = 10 * time.Second // to verify, or what it supports
	// settleTimeout is how long a settlement may take. Whoever asks holds a payer's connection open.
	settleTimeout  = 30 * time.Second
	idleTimeout    = 90 * time.Second // of a connection
	maxAnswerBytes = 256 << 10
	maxHeaderBytes = 64 << 10
	maxConnections = 32 // that lie idle
)

// supportedFor is how long an answer about what it supports is used.
const supportedFor = 5 * time.Minute

// ErrUnavailable says that a facilitator gave no answer that can be relied on. It says nothing about
// whether money moved.
var ErrUnavailable = fault.New(fault.Unavailable, "facilitator_unavailable",
	"the facilitator that settles on this network gave no answer that can be relied on; "+
		"do not sign again, present the same payment later").After(x402.RetryAfter)

// Options say which facilitator is asked.
type Options struct {
	URL   string // as in "https://facilitator.example/v2"; a slash at its end does not matter
	Token string // sent as a bearer token; "" for none
	Clock ports.Clock
	// Transport carries requests; nil means one of its own, which uses the proxy of the environment.
	Transport http.RoundTripper
}

// Client implements ports.Delegate. It is safe for concurrent use.
type Client struct {
	base      *url.URL
	token     string
	clock     ports.Clock
	transport http.RoundTripper

	mu        sync.Mutex
	rests     time.Time // it is not asked until then
	supported map[x402.Network]bool
	asked     time.Time // when supported was answered
}

// New makes a client.
func New(o Options) (*Client, error) {
	u, err := url.Parse(strings.TrimSpace(o.URL))
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, errors.New("the facilitator's URL is not an http or https URL")
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return nil, errors.New("the facilitator's URL must have no user, query or fragment")
	case strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, errors.New("the facilitator's token must be printable ASCII without spaces")
	case o.Clock == nil:
		return nil, errors.New("a clock is needed")
	}
	c := &Client{base: u, token: o.Token, clock: o.Clock, transport: o.Transport}
	if c.transport == nil {
		c.transport = newTransport()
	}
	return c, nil
}

// newTransport is one of our own, so that no other part of the process shares its connections.
func newTransport() http.RoundTripper {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: idleTimeout,
		MaxIdleConnsPerHost: maxConnections, MaxResponseHeaderBytes: maxHeaderBytes, DisableCompression: true,
	}
}

// Supports implements ports.Delegate. What the facilitator said is used for a few minutes.
func (c *Client) Supports(ctx context.Context, n x402.Network) (bool, error) {
	if yes, fresh := c.remembered(n); fresh {
		return yes, nil
	}
	a, err := c.ask(ctx, question{path: "supported", timeout: askTimeout})
	if err != nil {
		return false, err
	}
	networks, err := readSupported(a)
	if err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.supported, c.asked = networks, c.clock.Now()
	return networks[n], nil
}

func (c *Client) remembered(n x402.Network) (yes, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.supported[n], c.supported != nil && c.clock.Now().Sub(c.asked) < supportedFor
}

// Verify implements ports.Delegate.
func (c *Client) Verify(ctx context.Context, v x402.Verified) error {
	a, err := c.ask(ctx, question{path: "verify", body: v.FacilitatorRequest(), timeout: askTimeout})
	if err != nil {
		return err
	}
	return judgeVerify(a, v.Due())
}

// Settle implements ports.Delegate. The same payment carries the same Idempotency-Key whenever it is asked
// about, for facilitators that answer a repetition as they answered before.
func (c *Client) Settle(ctx context.Context, v x402.Verified) (sent x402.Hash, err error) {
	a, err := c.ask(ctx, question{
		path: "settle", body: v.FacilitatorRequest(), timeout: settleTimeout, key: keyOf(v),
	})
	if err != nil {
		return x402.Hash{}, err
	}
	return judgeSettle(a, v.Due())
}

// keyOf is the Idempotency-Key of a payment: its digest, which tells nobody anything he could use.
func keyOf(v x402.Verified) string { return "x402-" + strings.TrimPrefix(v.Digest().String(), "0x") }
