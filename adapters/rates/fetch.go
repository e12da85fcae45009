package rates

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Bounds of one question to a venue.
const (
	askTimeout     = 2 * time.Second // for everything: name, connection, request, answer
	maxAnswerBytes = 256 << 10       // the longest is Coinbase's list of all currencies, some 20 kB
	maxHeaderBytes = 64 << 10
	idleTimeout    = 30 * time.Second // of a connection; a venue in use is asked again within this
	userAgent      = "101pay (+https://github.com/101pay/101pay)"
)

// newTransport is one of our own, so that no other part of the process shares its connections.
func newTransport() http.RoundTripper {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: idleTimeout,
		MaxIdleConnsPerHost: len(marketPairs), MaxResponseHeaderBytes: maxHeaderBytes, DisableCompression: true,
	}
}

// ask puts one question to a venue. The quote is dated by the venue, or else by when it was asked,
// less what the answer says it lay in a cache.
func (m *Market) ask(ctx context.Context, v Venue, q question) (quote, error) {
	asked := m.clock.Now()
	body, header, err := m.get(ctx, v.base+q.path)
	if err != nil {
		return quote{}, err
	}
	t, err := q.read(body)
	if err != nil {
		return quote{}, err
	}
	at := t.at
	if at.IsZero() {
		at = servedAt(header, asked)
	}
	now := m.clock.Now()
	if at.Sub(now) > maxAhead {
		return quote{}, errors.New("the price is dated ahead of this machine's clock")
	}
	if at.After(now) {
		at = now
	}
	return quote{venue: v.name, price: t.bid, at: at}, nil
}

// get fetches a URL. Nothing is followed: a host that is not the operator's choice is never asked.
func (m *Market) get(ctx context.Context, url string) ([]byte, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, errors.New("the address is not usable")
	}
	request.Header.Set("User-Agent", userAgent)
	request.Header.Set("Accept", "application/json")
	// The transport itself is asked, not a client: there is nothing in it that could follow.
	response, err := m.transport.RoundTrip(request)
	if err != nil {
		return nil, nil, plain(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("HTTP %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	if err != nil {
		return nil, nil, plain(err)
	}
	if len(body) > maxAnswerBytes {
		return nil, nil, errors.New("the answer is too long")
	}
	return body, response.Header, nil
}

// plain says what broke without the URL the standard library may write into its errors.
func plain(err error) error {
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return errors.New("no answer in time")
	}
	var name *net.DNSError
	if errors.As(err, &name) {
		return errors.New("the host's name is not known")
	}
	return errors.New("the connection could not be made, or broke")
}

// servedAt is when an answer that does not date its prices was true: not after it was asked for, not
// after the server's date, and earlier by as long as a cache kept it.
func servedAt(h http.Header, asked time.Time) time.Time {
	at := asked
	if date, err := http.ParseTime(h.Get("Date")); err == nil && date.Before(at) {
		at = date
	}
	if age, err := strconv.ParseUint(h.Get("Age"), 10, 31); err == nil {
		at = at.Add(-time.Duration(age) * time.Second)
	}
	return at
}
