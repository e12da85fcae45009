package outbound

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/ports"
)

var _ ports.Upstreams = (*Sender)(nil)

func asks(url string) ports.UpstreamRequest {
	return ports.UpstreamRequest{Method: http.MethodGet, URL: url, Timeout: 5 * time.Second}
}

// What a payer may say is passed on, what the merchant wants to know is added, and neither the payment nor
// a cookie ever is. Of the answer only what says what it is comes back.
func TestAnUpstreamHearsWhatItMay(t *testing.T) {
	r := newReceiver(t, func(_ *receiver, w http.ResponseWriter, q *http.Request) {
		for _, name := range []string{"X-Payment", "Payment-Signature", "Cookie"} {
			if q.Header.Get(name) != "" {
				t.Errorf("it was sent %s", name)
			}
		}
		body, _ := io.ReadAll(q.Body)
		w.Header().Set("Content-Type", "text/csv")
		w.Header().Set("Set-Cookie", "session=1")
		w.Header().Set("PAYMENT-RESPONSE", "forged")
		_, _ = io.WriteString(w, q.Method+" "+q.URL.RawQuery+" "+q.Header.Get("X-Key")+" "+string(body))
	})
	in := asks(strings.TrimSuffix(r.url, "?a=1"))
	in.Method, in.Query, in.Body = http.MethodPost, "city=ky%6Fto&city=x", []byte("{}")
	in.Headers = map[string]string{"x-key": "k", "x-payment": "p", "payment-signature": "p", "cookie": "c", "Host": "inside"}
	got, err := r.sender(t, time.Second).Ask(t.Context(), in)
	if err != nil || got.Status != http.StatusOK || string(got.Body) != "POST city=ky%6Fto&city=x k {}" {
		t.Fatalf("answered %d %q, %v", got.Status, got.Body, err)
	}
	if len(got.Headers) != 1 || got.Headers["Content-Type"] != "text/csv" {
		t.Errorf("passed back %v", got.Headers)
	}
}

// An answer is whole or none: one that is too long, that breaks off, or that is packed is an error, and one
// of another status is an answer. Nothing is followed.
func TestAnUpstreamsAnswerIsWhole(t *testing.T) {
	for name, c := range map[string]struct {
		serve func(w http.ResponseWriter)
		want  int
	}{
		"as long as may be": {func(w http.ResponseWriter) { _, _ = w.Write(make([]byte, ports.MaxUpstreamBytes)) }, 200},
		"too long":          {func(w http.ResponseWriter) { _, _ = w.Write(make([]byte, ports.MaxUpstreamBytes+1)) }, 0},
		"broken off": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "10")
			_, _ = w.Write([]byte("12345"))
		}, 0},
		"packed": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte("x"))
		}, 0},
		"elsewhere": {func(w http.ResponseWriter) {
			w.Header().Set("Location", "/other")
			w.WriteHeader(http.StatusFound)
		}, 302},
		"failed": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusTeapot) }, 418},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			r := newReceiver(t, func(_ *receiver, w http.ResponseWriter, _ *http.Request) {
				asked++
				c.serve(w)
			})
			got, err := r.sender(t, time.Second).Ask(t.Context(), asks(r.url))
			if (err == nil) != (c.want != 0) || got.Status != c.want || asked != 1 {
				t.Errorf("answered %d after %d requests, %v", got.Status, asked, err)
			}
		})
	}
}

// Where nobody may post, nobody may ask.
func TestNoUpstreamIsInside(t *testing.T) {
	for _, url := range []string{"https://127.0.0.1/", "http://example.com/", "https://10.0.0.1/", "https://example.com:8443/"} {
		if got, err := New(Options{}).Ask(t.Context(), asks(url)); err == nil {
			t.Errorf("%s answered %d", url, got.Status)
		}
	}
}
