package ports

import (
	"context"
	"time"
)

// MaxUpstreamBytes bounds the body an upstream may answer. It is held in memory until its payment is settled.
const MaxUpstreamBytes = 1 << 20

// UpstreamRequest is what a merchant's own server is asked for somebody who pays.
type UpstreamRequest struct {
	Method  string // GET or POST
	URL     string
	Query   string // added to the URL, raw, without its question mark; "" for none
	Headers map[string]string
	Body    []byte
	Timeout time.Duration
}

// UpstreamAnswer is what it answered, whole.
type UpstreamAnswer struct {
	Status  int
	Headers map[string]string // those that say what the body is
	Body    []byte
	Usage   string // the value of x402.HeaderUsage, "" if there is none
}

// Upstreams asks servers whose addresses merchants gave us. It never connects to an address that is not
// public (unless the operator allowed it), never follows a redirect, never reads more than MaxUpstreamBytes
// of a body, and always returns within the request's time. An error is everything but a whole answer; an
// answer of whatever status is none.
type Upstreams interface {
	Ask(ctx context.Context, r UpstreamRequest) (UpstreamAnswer, error)
}
