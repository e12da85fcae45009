package app

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/ports"
)

// upstreamTime is how long a merchant's server is given.
const upstreamTime = 30 * time.Second

// headerDigest names stored content by its hash (RFC 9530). An answer that is kept with it is kept without
// its body, which is the resource's.
const headerDigest = "Content-Digest"

func digestOf(h resource.Hash) string {
	return "sha-256=:" + base64.StdEncoding.EncodeToString(h[:]) + ":"
}

// errUpstream says that the merchant's server made no answer.
var errUpstream = fault.New(fault.Unavailable, "upstream_failed",
	"the seller's server could not make what is sold; nothing was charged, and the same payment may be presented again").
	After(5 * time.Second)

// upstreamError is why a merchant's server made nothing that can be sold. answer is what it said, if that
// is for the client to know; nil if not.
type upstreamError struct {
	answer *ports.AuthorizationAnswer
	cause  error
}

func (f *upstreamError) Error() string { return "upstream: " + f.cause.Error() }

// Unwrap makes it a fault for clients, and keeps the cause for the log.
func (f *upstreamError) Unwrap() []error { return []error{errUpstream, f.cause} }

// make makes what a resource sells. Stored content never fails but with its store.
func (s *Paywall) make(
	ctx context.Context, r resource.Snapshot, p Purchase,
) (ports.AuthorizationAnswer, error) {
	if r.Content.Kind == resource.Upstream {
		return s.ask(ctx, r, p)
	}
	return s.stored(ctx, r)
}

func (s *Paywall) stored(ctx context.Context, r resource.Snapshot) (ports.AuthorizationAnswer, error) {
	body, err := s.content(ctx, r)
	if isNotFound(err) { // it was replaced since its resource was read
		row, err := s.Catalog.Reads.BySKU(ctx, r.MerchantID, r.SKU)
		if err != nil {
			return ports.AuthorizationAnswer{}, err
		}
		r = row.Resource.Snapshot()
		if body, err = s.content(ctx, r); err != nil {
			return ports.AuthorizationAnswer{}, fmt.Errorf("content of %s: %w", r.ID, errors.Join(fault.ErrUnavailable, err))
		}
	} else if err != nil {
		return ports.AuthorizationAnswer{}, err
	}
	headers := r.Content.Headers()
	headers[headerDigest] = digestOf(r.Content.Hash)
	return s.answer(http.StatusOK, headers, body), nil
}

func (s *Paywall) answer(status int, headers map[string]string, body []byte) ports.AuthorizationAnswer {
	return ports.AuthorizationAnswer{
		Status: status, Headers: headers, Body: body, Expires: s.Core.Clock.Now().UTC().Add(answerKept),
	}
}

// shelved is an answer as it is kept.
func shelved(a ports.AuthorizationAnswer) *ports.AuthorizationAnswer {
	if a.Headers[headerDigest] != "" {
		a.Body = nil
	}
	return &a
}

// unshelved is a kept answer as it is given. Stored content that was replaced meanwhile is given as it is
// now.
func (s *Paywall) unshelved(
	ctx context.Context, r resource.Snapshot, kept ports.AuthorizationAnswer,
) (ports.AuthorizationAnswer, error) {
	if kept.Headers[headerDigest] == "" {
		return kept, nil
	}
	if r.Content.Stored() && kept.Headers[headerDigest] == digestOf(r.Content.Hash) {
		body, err := s.content(ctx, r)
		if err == nil {
			kept.Body = body
			return kept, nil
		}
		if !isNotFound(err) {
			return ports.AuthorizationAnswer{}, err
		}
	}
	return s.make(ctx, r, Purchase{Method: http.MethodGet})
}

// ask asks the merchant's server. What it answers is held whole, so that nothing of it is given before it
// is paid. Only a success is sold.
func (s *Paywall) ask(
	ctx context.Context, r resource.Snapshot, p Purchase,
) (ports.AuthorizationAnswer, error) {
	u := r.Content.Upstream
	asked := ports.UpstreamRequest{
		Method: http.MethodGet, URL: u.URL, Headers: map[string]string{}, Timeout: upstreamTime,
	}
	if p.Accept != "" {
		asked.Headers["Accept"] = p.Accept
	}
	if u.Query {
		asked.Query = p.Query
	}
	if p.Method == http.MethodPost && u.Post {
		asked.Method, asked.Body = http.MethodPost, p.Body
		if p.Type != "" {
			asked.Headers["Content-Type"] = p.Type
		}
	}
	name, value, err := s.Catalog.UpstreamHeader(r)
	if err != nil {
		return ports.AuthorizationAnswer{}, &upstreamError{cause: fmt.Errorf("open its header: %w", err)}
	}
	if name != "" {
		asked.Headers[name] = value
	}
	got, err := s.Upstreams.Ask(ctx, asked)
	if err != nil {
		return ports.AuthorizationAnswer{}, &upstreamError{cause: err}
	}
	answer := s.answer(got.Status, got.Headers, got.Body)
	if r.Content.Type != "" {
		answer.Headers["Content-Type"] = r.Content.Type
	}
	for name, value := range upstreamHeaders {
		answer.Headers[name] = value
	}
	return sellable(answer)
}

// upstreamHeaders keep a browser from running what a merchant's server says as a page of the gateway.
var upstreamHeaders = map[string]string{
	"X-Content-Type-Options":  "nosniff",
	"Content-Security-Policy": "default-src 'none'; sandbox",
}

// sellable refuses what is not worth money. What the client did wrong it is told in the server's words;
// what the server did wrong, and what would be taken for a word of the paywall, in ours.
func sellable(a ports.AuthorizationAnswer) (ports.AuthorizationAnswer, error) {
	failure := &upstreamError{cause: fmt.Errorf("it answered %d", a.Status)}
	switch {
	case a.Status >= http.StatusOK && a.Status < http.StatusMultipleChoices:
		return a, nil
	case a.Status == http.StatusUnauthorized, a.Status == http.StatusPaymentRequired,
		a.Status == http.StatusForbidden, a.Status == http.StatusProxyAuthRequired:
	case a.Status >= http.StatusBadRequest && a.Status < http.StatusInternalServerError:
		failure.answer = &a
	}
	return ports.AuthorizationAnswer{}, failure
}
