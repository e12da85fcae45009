package conform

import (
	"bytes"
	"io"
	"net/http"
)

// Transport lets requests through to base and reports every exchange that deviates, whole bodies
// read. It is for clients of tests that talk to a server over the network.
func (c *Checker) Transport(base http.RoundTripper, report func(r *http.Request, err error)) http.RoundTripper {
	return transport{c, base, report}
}

type transport struct {
	checker *Checker
	base    http.RoundTripper
	report  func(r *http.Request, err error)
}

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		if err := r.Body.Close(); err != nil {
			return nil, err
		}
		r = r.Clone(r.Context()) // a transport must not change the request it was given
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	answer, err := t.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if err := answer.Body.Close(); err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	if err := t.checker.Check(r, sent, answer.StatusCode, answer.Header, body); err != nil {
		t.report(r, err)
	}
	return answer, nil
}
