// Package outbound posts to addresses merchants gave us, and to no others.
//
// It owns the egress guard, the bounds on time and size, and the names of what can go wrong. It
// does not own signatures, schedules or records (domain/webhook, app).
//
// Invariants: the address is judged when it is dialled, after the name was resolved, so a name that
// changes its answer gains nothing; nothing is ever followed, through no proxy, on no connection
// used before; at most a bounded part of an answer is read, as it came, never inflated; Send
// returns within its timeout.
package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

const (
	defaultTimeout = 15 * time.Second // for everything: name, connection, request, answer
	dialTimeout    = 5 * time.Second  // for one address, so that a dead one leaves time for the next
	probeTimeout   = 2 * time.Second
	// maxHeaderBytes bounds the head of an answer, informational ones included; Go's own limit is
	// ten megabytes.
	maxHeaderBytes = 64 << 10
)

// Options say how to send. The zero value is right for production.
type Options struct {
	// AllowPrivate admits loopback and private addresses, http and any port: for development only.
	AllowPrivate bool
	// Timeout bounds a Send, 15 s when zero.
	Timeout time.Duration
	// Roots are the certificate authorities trusted, those of the system when nil.
	Roots *x509.CertPool
	// Resolver looks up names, the system's name servers when nil. It must not be one that asks the
	// C library, which reads numbers like 2130706433 as addresses.
	Resolver *net.Resolver
}

// Sender implements ports.Sender and ports.Prober.
type Sender struct {
	opts  Options
	guard guard
	drain time.Duration // how long a body may take after the headers have come
	probe time.Duration // how long Reachable may take
}

// New answers a sender.
func New(o Options) *Sender {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Resolver == nil {
		o.Resolver = &net.Resolver{PreferGo: true}
	}
	return &Sender{opts: o, guard: newGuard(o.AllowPrivate), drain: drainTimeout, probe: probeTimeout}
}

// Send makes one HTTP try.
func (s *Sender) Send(ctx context.Context, o ports.Outgoing) ports.SendResult {
	start := time.Now()
	result := ports.SendResult{Outcome: webhook.OutcomeEgressDenied}
	// Looked at again although it was looked at when it was stored: the rules may be stricter now.
	if target, err := webhook.CheckURL(o.URL, s.opts.AllowPrivate); err == nil {
		o.URL = target
		result = s.post(ctx, o)
	}
	result.Took = time.Since(start)
	return result
}

// post sends to a URL that has been checked.
func (s *Sender) post(ctx context.Context, o ports.Outgoing) ports.SendResult {
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	var seen trouble
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) { seen.tls.Store(err != nil) },
		WroteHeaderField: seen.written.note,
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, o.URL, bytes.NewReader(o.Body))
	if err != nil {
		return ports.SendResult{Outcome: webhook.OutcomeEgressDenied}
	}
	for name, value := range o.Headers {
		request.Header.Set(name, value)
	}
	transport := s.transport(&seen)
	defer transport.CloseIdleConnections()
	// The transport itself is asked, not a client: there is nothing in it that could follow.
	response, err := transport.RoundTrip(request)
	if err != nil {
		return ports.SendResult{Outcome: seen.outcome(err), Sent: seen.written.read()}
	}
	// Past this point the receiver has answered, and how he goes on cannot change what he said.
	stop := time.AfterFunc(s.drain, cancel)
	defer stop.Stop()
	defer func() { _ = response.Body.Close() }()
	return ports.SendResult{
		StatusCode: response.StatusCode,
		Outcome:    outcomeOf(response.StatusCode),
		RetryAfter: retryAfter(response, time.Now()),
		Answer:     firstBytes(response.Body),
		Sent:       seen.written.read(),
		Answered:   answered(response.Header),
	}
}

// transport is made anew for every try: no connection, and so no address judged earlier, is ever
// used again.
func (s *Sender) transport(seen *trouble) *http.Transport {
	dialer := &net.Dialer{
		Timeout:   dialTimeout,
		KeepAlive: -1,
		Resolver:  s.opts.Resolver,
		Control:   s.guard.control(&seen.denied),
	}
	http1 := new(http.Protocols)
	http1.SetHTTP1(true)
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, s.absolute(address))
		},
		TLSClientConfig:        &tls.Config{RootCAs: s.opts.Roots, MinVersion: tls.VersionTLS12},
		Protocols:              http1,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// absolute ends a public name with a dot, so that the machine's search list cannot turn it into a
// name of the inside.
func (s *Sender) absolute(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil || s.opts.AllowPrivate {
		return address
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return address
	}
	return net.JoinHostPort(host+".", port)
}

// Reachable implements ports.Prober.
func (s *Sender) Reachable(ctx context.Context, raw string) bool {
	target, err := webhook.CheckURL(raw, s.opts.AllowPrivate)
	if err != nil {
		return false
	}
	parsed, err := url.Parse(target)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, s.probe)
	defer cancel()
	host, _, err := net.SplitHostPort(s.absolute(net.JoinHostPort(parsed.Hostname(), "443")))
	if err != nil {
		return false
	}
	addresses, err := s.opts.Resolver.LookupNetIP(ctx, "ip", host)
	if err == nil {
		err = ctx.Err() // a resolver may have an answer ready for who does not wait for it any more
	}
	for _, a := range addresses {
		if s.guard.refuses(a.Unmap()) != nil {
			return false
		}
	}
	return err == nil && len(addresses) > 0
}

// trouble is what was noticed on the way, by callbacks that may still run when the answer is given.
type trouble struct {
	denied atomic.Bool // the guard refused an address
	tls    atomic.Bool // a handshake failed

	written head
}
