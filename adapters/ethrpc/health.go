package ethrpc

import (
	"context"
	"net/url"
	"strings"
	"time"
)

// EndpointHealth is how an endpoint is doing, for readiness, metrics and the doctor. It holds no
// secret.
type EndpointHealth struct {
	Host       string        // with the port; the rest of the URL may hold a key
	Healthy    bool          // its last answer counted, and nothing speaks against asking it again
	Circuit    Circuit       // of its breaker
	RetryAt    time.Time     // when it may be asked again; zero if it may be now
	LastError  Class         // of the last failure, None if it never failed
	LastDetail string        // of the last failure, in words
	Failures   uint64        // so far
	Version    string        // of its software, "" until it told
	Unproven   string        // what of its fitness it would not tell, "" if nothing
	Traces     bool          // whether it is known to tell what happens within transactions
	NoTraces   string        // why it does not, as it said; "" if it does or was not asked
	Latency    time.Duration // of its last answer; 0 if it never answered
	Latest     uint64        // newest block it told of
	Final      uint64        // newest final block it told of
	At         time.Time     // when it told of them; zero if never
}

func (e *endpoint) health() EndpointHealth {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	h := EndpointHealth{
		Host: e.host, Circuit: e.breaker.state(now), LastError: e.lastError, LastDetail: e.lastDetail,
		Healthy:  e.verified && !e.breaker.open() && !now.Before(e.doubted),
		Failures: e.failures, Latency: e.latency, Version: e.version, Unproven: e.unproven,
		Latest: e.head.Latest.Number, Final: e.head.Final.Number, At: e.headAt,
		Traces: e.traces.method != noTrace, NoTraces: e.traces.reason,
	}
	if h.Circuit == Open {
		h.RetryAt = e.breaker.until
	}
	return h
}

// Endpoints answers how every endpoint is doing, in order of preference.
func (c *Client) Endpoints() []EndpointHealth {
	out := make([]EndpointHealth, len(c.endpoints))
	for i, e := range c.endpoints {
		out[i] = e.health()
	}
	return out
}

// Checked is what one endpoint came to when it was asked everything anew.
type Checked struct {
	Health  EndpointHealth
	Class   Class  // of what is wrong, None if nothing
	Problem string // in words, "" if nothing is wrong
}

// Check asks every endpoint, its breaker aside, whether it is fit and how far it is. It answers in
// order of preference.
func (c *Client) Check(ctx context.Context) []Checked {
	out := make([]Checked, 0, len(c.endpoints))
	for _, e := range c.endpoints {
		e.mu.Lock()
		e.verified = false
		e.mu.Unlock()
		err := c.try(ctx, e, func(e *endpoint) error {
			_, err := e.askHead(ctx)
			return err
		})
		if err == nil && c.native {
			e.reviseTraces()
			_, _ = e.traceWith(ctx) // its health tells; it serves all the same
		}
		checked := Checked{Health: e.health()}
		if f, failed := asFailure(err); failed {
			checked.Class, checked.Problem = f.class, f.detail
		} else if err != nil {
			checked.Class, checked.Problem = TimedOut, err.Error()
		}
		out = append(out, checked)
	}
	return out
}

// minSecret is how short a part of a URL or header may be before it is taken for an ordinary word.
const minSecret = 6

// secretsOf lists what may be a key in an endpoint's URL and headers. Nodes repeat keys in their
// complaints ("invalid project id …"), and their complaints are logged.
func secretsOf(u *url.URL, given Endpoint) []string {
	parts := strings.Split(u.Path, "/")
	for _, values := range u.Query() {
		parts = append(parts, values...)
	}
	if u.User != nil {
		password, _ := u.User.Password()
		parts = append(parts, u.User.Username(), password)
	}
	for _, values := range given.Header {
		parts = append(parts, values...)
	}
	var out []string
	for _, part := range parts {
		if len(part) >= minSecret && part != "jsonrpc" {
			out = append(out, part)
		}
	}
	return out
}

// redact takes an endpoint's secrets out of what it said.
func (e *endpoint) redact(s string) string {
	for _, secret := range e.secrets {
		s = strings.ReplaceAll(s, secret, "…")
	}
	return s
}
