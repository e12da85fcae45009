package ethrpc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/101pay/101pay/ports"
)

// MaxEndpoints is how many endpoints one chain may have.
const MaxEndpoints = 16

// Config says where and how a chain is read.
type Config struct {
	Endpoints []Endpoint // in order of preference
	ChainID   uint64     // what eth_chainId must answer
	Tokens    []Token    // what must be on the chain, as told
	Native    bool       // whether the chain's own coin is read too, for which endpoints must trace
	// Version judges what a node says its software is; nil takes any. A node that says nothing is
	// taken.
	Version func(clientVersion string) error
	Now     func() time.Time
	Timeout time.Duration // of one request; 0 means 15 seconds
	// StaleAfter is the age of an endpoint's newest block from which on the other endpoints are asked
	// too; 0 means two minutes.
	StaleAfter time.Duration
	Transport  http.RoundTripper // nil means one of its own
}

const defaultStaleAfter = 2 * time.Minute

// Client reads one chain through its endpoints. It is safe for concurrent use.
type Client struct {
	endpoints  []*endpoint
	native     bool
	pending    *pending
	now        func() time.Time
	staleAfter time.Duration

	mu     sync.Mutex
	seen   Header // the final block last told of: other answers must fit it
	past   memory
	reader string // host of the endpoint that last read a range
	mover  string // host of the endpoint that last traced one
}

// New prepares a client. It asks nothing yet.
func New(cfg Config) (*Client, error) {
	if len(cfg.Endpoints) == 0 || len(cfg.Endpoints) > MaxEndpoints {
		return nil, fmt.Errorf("a chain needs 1 to %d endpoints, not %d",
			MaxEndpoints, len(cfg.Endpoints))
	}
	if cfg.ChainID == 0 || cfg.Now == nil {
		return nil, errors.New("a chain needs its id and a clock")
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.StaleAfter <= 0 {
		cfg.StaleAfter = defaultStaleAfter
	}
	if cfg.Transport == nil {
		cfg.Transport = newTransport()
	}
	c := &Client{
		now: cfg.Now, staleAfter: cfg.StaleAfter, native: cfg.Native, pending: newPending(),
	}
	carrier := &http.Client{
		Transport:     cfg.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	fit := fitness{chainID: cfg.ChainID, tokens: slices.Clone(cfg.Tokens), version: cfg.Version}
	for i, given := range cfg.Endpoints {
		u, err := url.Parse(strings.TrimSpace(given.URL))
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
			// The text of a URL may hold a key, and so may the parser's complaint about it.
			return nil, fmt.Errorf("endpoint %d is not an http or https URL", i+1)
		}
		c.endpoints = append(c.endpoints, &endpoint{
			url: u.String(), host: u.Host, secrets: secretsOf(u, given), header: given.Header.Clone(),
			http: carrier, timeout: cfg.Timeout, now: cfg.Now, fit: fit, batch: maxBatch,
		})
	}
	return c, nil
}

// newTransport is one of our own, so that no other part of the process shares its connections.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4,
		IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second,
	}
}

// errMore ends a visit of one endpoint whose answer counts and does not suffice.
var errMore = errors.New("another endpoint is asked too")

// visit runs fn with one endpoint after another until it succeeds. Each endpoint is tried once; one
// whose breaker is open is not tried. Errors that are no endpoint's failure end the visit. If no fn
// succeeded but one asked for more, the answer is errMore.
func (c *Client) visit(ctx context.Context, fn func(e *endpoint) error) error {
	return c.visitAmong(ctx, c.endpoints, fn)
}

// visitAmong is visit of some of the endpoints.
func (c *Client) visitAmong(ctx context.Context, some []*endpoint, fn func(e *endpoint) error) error {
	var reasons []string
	more := false
	for _, e := range inOrder(some) {
		if !e.admit() {
			continue
		}
		err := c.try(ctx, e, fn)
		if err == nil {
			return nil
		}
		if errors.Is(err, errMore) {
			more = true
			continue
		}
		if errors.Is(err, errNoTrace) {
			reasons = append(reasons, e.host+" "+err.Error())
			continue
		}
		f, failed := asFailure(err)
		if !failed {
			return err
		}
		reasons = append(reasons, e.host+" "+f.Error())
		if ctx.Err() != nil {
			break
		}
	}
	if more {
		return errMore
	}
	return c.unavailable(reasons)
}

// try runs fn with one endpoint that admitted us and records how it went.
func (c *Client) try(ctx context.Context, e *endpoint, fn func(e *endpoint) error) error {
	err := e.verify(ctx)
	if err == nil {
		err = fn(e)
	}
	f, failed := asFailure(err)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		e.undecided() // the caller went away; that says nothing about the endpoint
		return ctx.Err()
	case failed:
		f.detail = e.redact(f.detail)
		// A caller in a hurry must not close an endpoint to everybody else.
		e.failed(f, f.doubtful() || ctx.Err() != nil)
		return f
	case err == nil, errors.Is(err, errMore), errors.Is(err, ports.ErrSpanTooWide), errors.Is(err, ports.ErrSeenPartly):
		e.succeeded()
	default:
		e.undecided()
	}
	return err
}

// unavailable says that nobody answered, and when asking again can help.
func (c *Client) unavailable(reasons []string) error {
	fault := ports.ErrChainUnavailable
	if len(reasons) == 0 {
		reasons = []string{"every endpoint is resting after failures"}
		var soonest time.Time
		for _, e := range c.endpoints {
			if at := e.opens(); soonest.IsZero() || at.Before(soonest) {
				soonest = at
			}
		}
		if wait := soonest.Sub(c.now()); wait > 0 {
			fault = fault.After(wait.Truncate(time.Second) + time.Second)
		}
	}
	return fmt.Errorf("%s: %w", strings.Join(reasons, "; "), fault)
}
