package outbound

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/101pay/101pay/domain/webhook"
)

const (
	// maxDrainBytes of an answer are taken off the wire, so that a receiver whose program ends when
	// its writing fails may finish; then the connection is closed, whatever follows.
	maxDrainBytes = 64 << 10
	// drainTimeout bounds that politeness: a body that drips must not hold a worker.
	drainTimeout = 3 * time.Second
)

// outcomeOf names an answer. Only 2xx is success: a receiver behind a redirect or a login page has
// not taken the news.
func outcomeOf(status int) string {
	switch {
	case status >= 200 && status <= 299:
		return webhook.OutcomeDelivered
	case status >= 300 && status <= 399:
		return webhook.OutcomeRedirect
	case status == http.StatusGone:
		return webhook.OutcomeGone
	default:
		return webhook.OutcomeStatus
	}
}

// outcome names what kept an answer from coming.
func (t *trouble) outcome(err error) string {
	var (
		op   *net.OpError
		dns  *net.DNSError
		slow interface{ Timeout() bool }
	)
	dialling := errors.As(err, &op) && op.Op == "dial"
	switch {
	case dialling && t.denied.Load():
		return webhook.OutcomeEgressDenied
	case errors.As(err, &dns):
		return webhook.OutcomeDNS
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.As(err, &slow) && slow.Timeout():
		return webhook.OutcomeTimeout
	case dialling:
		return webhook.OutcomeRefused
	case t.tls.Load():
		return webhook.OutcomeTLS
	case strings.Contains(err.Error(), "response headers exceeded"): // the transport has no type for it
		return webhook.OutcomeTooLarge
	default:
		return webhook.OutcomeReset
	}
}

// retryAfter reads when a receiver wants to be asked again, in seconds or as a date. Only where it
// is defined to mean that: elsewhere it is noise.
func retryAfter(r *http.Response, now time.Time) time.Duration {
	if r.StatusCode != http.StatusTooManyRequests && r.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	text := r.Header.Get("Retry-After")
	const most = 24 * time.Hour // beyond any use, and far from overflow
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, most)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), most)
}

// firstBytes answers the beginning of a body, printable, and takes a bounded rest off the wire.
func firstBytes(body io.Reader) string {
	limited := io.LimitReader(body, maxDrainBytes)
	start := make([]byte, webhook.MaxAnswerBytes)
	n, err := io.ReadFull(limited, start)
	if err == nil {
		_, _ = io.Copy(io.Discard, limited) // what became of the rest concerns nobody
	}
	return printable(start[:n])
}

// printable makes foreign bytes fit for logs, pages and the database: what is not printable text
// becomes a full stop.
func printable(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return '.'
		}
		return r
	}, string(b))
}
