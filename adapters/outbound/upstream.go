package outbound

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

var (
	errUpstreamURL  = errors.New("the upstream may not be asked: its address is not public")
	errUpstreamLong = errors.New("the upstream answered more than a resource may have")
	errUpstreamForm = errors.New("the upstream answered in a content encoding nobody asked for")
)

// told are the headers of an upstream's answer that are passed on: those that say what the body is. Whatever
// else it says, cookies above all, is not the payer's.
var told = []string{"Content-Type", "Content-Language", "Content-Disposition", "Last-Modified", "ETag"}

// never are the headers that no upstream is sent, whoever asks for it.
var never = []string{
	"X-Payment", "Payment-Signature", "Cookie", "Host", "Connection", "Transfer-Encoding", "Content-Length",
	"Accept-Encoding",
}

// Ask implements ports.Upstreams.
func (s *Sender) Ask(ctx context.Context, r ports.UpstreamRequest) (ports.UpstreamAnswer, error) {
	// Looked at again although it was looked at when it was stored: the rules may be stricter now.
	target, err := webhook.CheckURL(r.URL, s.opts.AllowPrivate)
	if err != nil {
		return ports.UpstreamAnswer{}, errUpstreamURL
	}
	if target, err = withQuery(target, r.Query); err != nil {
		return ports.UpstreamAnswer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, r.Method, target, bytes.NewReader(r.Body))
	if err != nil {
		return ports.UpstreamAnswer{}, errUpstreamURL
	}
	for name, value := range r.Headers {
		if !slices.Contains(never, http.CanonicalHeaderKey(name)) {
			request.Header.Set(name, value)
		}
	}
	var seen trouble
	transport := s.transport(&seen)
	defer transport.CloseIdleConnections()
	// The transport itself is asked, not a client: there is nothing in it that could follow.
	response, err := transport.RoundTrip(request)
	if err != nil {
		return ports.UpstreamAnswer{}, fmt.Errorf("ask the upstream (%s): %w", seen.outcome(err), err)
	}
	defer func() { _ = response.Body.Close() }()
	return whole(response)
}

// whole reads an answer, all of it or none.
func whole(response *http.Response) (ports.UpstreamAnswer, error) {
	if response.Header.Get("Content-Encoding") != "" {
		return ports.UpstreamAnswer{}, errUpstreamForm
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, ports.MaxUpstreamBytes+1))
	switch {
	case err != nil:
		return ports.UpstreamAnswer{}, fmt.Errorf("read the upstream's answer: %w", err)
	case len(body) > ports.MaxUpstreamBytes:
		return ports.UpstreamAnswer{}, errUpstreamLong
	}
	out := ports.UpstreamAnswer{
		Status: response.StatusCode, Headers: map[string]string{}, Body: body, Usage: response.Header.Get(x402.HeaderUsage),
	}
	for _, name := range told {
		if value := response.Header.Get(name); value != "" {
			out.Headers[name] = value
		}
	}
	return out, nil
}

// withQuery adds a payer's query to an address that has none of its own.
func withQuery(target, query string) (string, error) {
	if query == "" {
		return target, nil
	}
	u, err := url.Parse(target)
	if err != nil {
		return "", errUpstreamURL
	}
	u.RawQuery = query
	return u.String(), nil
}
