package outbound

import (
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

var (
	_ ports.Sender = (*Sender)(nil)
	_ ports.Prober = (*Sender)(nil)
)

// A proxy named by the environment would connect in our place, past the guard. Every test here runs
// with one that answers nobody, so that none passes if it is asked.
func TestMain(m *testing.M) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		if err := os.Setenv(name, "http://127.0.0.1:1"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// receiver is a merchant's server at https://example.com on this machine.
type receiver struct {
	*httptest.Server
	url  string
	took atomic.Int64 // bytes of answers written
}

func newReceiver(t *testing.T, serve func(r *receiver, w http.ResponseWriter, q *http.Request)) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		serve(r, w, q)
	}))
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.StartTLS()
	t.Cleanup(r.Close)
	_, port, _ := net.SplitHostPort(r.Listener.Addr().String())
	r.url = "https://example.com:" + port + "/hook?a=1"
	return r
}

// sender trusts the receiver and finds example.com on this machine.
func (r *receiver) sender(t *testing.T, timeout time.Duration) *Sender {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(r.Certificate())
	return New(Options{
		AllowPrivate: true, Timeout: timeout, Roots: roots, Resolver: nameServer(t, fixed("127.0.0.1")),
	})
}

// raw answers with a function on the bare connection.
func raw(t *testing.T, answer func(c net.Conn)) *receiver {
	t.Helper()
	return newReceiver(t, func(_ *receiver, w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer c.Close()
		answer(c)
	})
}

// patience is longer than anything takes on a busy machine: nothing is judged by it.
const patience = time.Minute

func TestARequestArrivesAsItWasSigned(t *testing.T) {
	type arrived struct {
		Method, URI, Proto, Host, Body string
		Header                         http.Header
	}
	got := make(chan arrived, 1)
	r := newReceiver(t, func(_ *receiver, w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		got <- arrived{q.Method, q.RequestURI, q.Proto, q.Host, string(body), q.Header}
		io.WriteString(w, "thank\x00 you ☕\n")
	})
	body := `{"b":1, "a":"☕ <&>"}`
	result := r.sender(t, patience).Send(t.Context(), ports.Outgoing{URL: r.url, Body: []byte(body), Headers: map[string]string{
		"webhook-id": "evt_1", "content-type": "application/json", "user-agent": "101pay-webhooks/1",
	}})
	want := arrived{
		"POST", "/hook?a=1", "HTTP/1.1", strings.TrimSuffix(strings.TrimPrefix(r.url, "https://"), "/hook?a=1"), body,
		http.Header{
			"Webhook-Id": {"evt_1"}, "Content-Type": {"application/json"}, "User-Agent": {"101pay-webhooks/1"},
			"Content-Length": {"22"}, "Connection": {"close"},
		},
	}
	if diff := cmp.Diff(want, <-got); diff != "" {
		t.Error(diff)
	}
	if result.Took <= 0 {
		t.Error("it took no time")
	}
	result.Took = 0
	if diff := cmp.Diff(ports.SendResult{
		StatusCode: 200, Outcome: webhook.OutcomeDelivered, Answer: "thank. you ☕.",
		Sent: []webhook.Header{
			{Name: "Host", Value: want.Host},
			{Name: "User-Agent", Value: "101pay-webhooks/1"},
			{Name: "Content-Length", Value: "22"},
			{Name: "Content-Type", Value: "application/json"},
			{Name: "Webhook-Id", Value: "evt_1"},
			{Name: "Connection", Value: "close"},
		},
		Answered: []webhook.Header{{Name: "Content-Type", Value: "application/octet-stream"}, {Name: "Content-Length", Value: "15"}},
	}, result, cmpopts.IgnoreSliceElements(func(h webhook.Header) bool { return h.Name == "Date" })); diff != "" {
		t.Error(diff)
	}
}

// Of an answer's head is kept what helps to find it, bounded, and nothing that may let somebody in.
func TestHeadsAreKeptWithoutSecrets(t *testing.T) {
	r := newReceiver(t, func(_ *receiver, w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h["Date"] = nil
		h.Set("Set-Cookie", "session=hunter2")
		h.Set("X-Internal-Token", "hunter2")
		h.Set("Location", "https://shop.example/sign-in?token=hunter2#hunter2")
		h.Set("X-Request-Id", strings.Repeat("é", 10_000))
		w.WriteHeader(http.StatusFound)
	})
	result := r.sender(t, patience).Send(t.Context(), ports.Outgoing{URL: r.url, Body: []byte("{}"), Headers: map[string]string{
		"webhook-id": strings.Repeat("x", 1000),
	}})
	want := []webhook.Header{
		{Name: "Content-Length", Value: "0"},
		{Name: "Location", Value: "https://shop.example/sign-in"},
		{Name: "X-Request-Id", Value: strings.Repeat("é", webhook.MaxHeaderBytes/2)},
	}
	if diff := cmp.Diff(want, result.Answered); diff != "" {
		t.Error(diff)
	}
	if !slices.Contains(result.Sent, webhook.Header{Name: "Webhook-Id", Value: strings.Repeat("x", webhook.MaxHeaderBytes)}) {
		t.Errorf("sent %v", result.Sent)
	}
	r.Close()
	if result = r.sender(t, patience).Send(t.Context(), ports.Outgoing{URL: r.url, Body: []byte("{}")}); result.Sent != nil || result.Answered != nil {
		t.Errorf("to nobody was sent %v and answered %v", result.Sent, result.Answered)
	}
}

// Rows N01 to N05 of the bad inputs.
func TestAnswersByStatus(t *testing.T) {
	for status, want := range map[int]string{
		200: webhook.OutcomeDelivered, 201: webhook.OutcomeDelivered, 204: webhook.OutcomeDelivered, 299: webhook.OutcomeDelivered,
		300: webhook.OutcomeRedirect, 301: webhook.OutcomeRedirect, 302: webhook.OutcomeRedirect, 304: webhook.OutcomeRedirect,
		307: webhook.OutcomeRedirect, 308: webhook.OutcomeRedirect,
		400: webhook.OutcomeStatus, 401: webhook.OutcomeStatus, 404: webhook.OutcomeStatus, 422: webhook.OutcomeStatus,
		410: webhook.OutcomeGone, 429: webhook.OutcomeStatus, 500: webhook.OutcomeStatus, 503: webhook.OutcomeStatus,
	} {
		r := newReceiver(t, func(_ *receiver, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.Header().Set("Location", "https://example.com/elsewhere")
			w.WriteHeader(status)
		})
		got := r.sender(t, patience).Send(t.Context(), ports.Outgoing{URL: r.url})
		if got.Outcome != want || got.StatusCode != status {
			t.Errorf("%d: outcome %q with status %d, want %q", status, got.Outcome, got.StatusCode, want)
		}
		if asked := got.RetryAfter == 2*time.Minute; asked != (status == 429 || status == 503) {
			t.Errorf("%d: retry after %v", status, got.RetryAfter)
		}
	}
}

// N02: a redirect to the inside, to another receiver, or to itself is an answer and nothing else.
func TestRedirectsAreNeverFollowed(t *testing.T) {
	c := newCanary(t)
	for _, to := range []string{"http://127.0.0.1:" + c.port + "/", "https://example.com:" + c.port + "/", "//localhost:" + c.port, "/again"} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			var visits atomic.Int64
			r := newReceiver(t, func(_ *receiver, w http.ResponseWriter, _ *http.Request) {
				visits.Add(1)
				w.Header().Set("Location", to)
				w.Header().Set("Refresh", "0; url="+to)
				w.WriteHeader(status)
			})
			got := r.sender(t, patience).Send(t.Context(), ports.Outgoing{URL: r.url, Body: []byte("{}")})
			if got.Outcome != webhook.OutcomeRedirect || visits.Load() != 1 {
				t.Errorf("%d to %s: outcome %q after %d visits", status, to, got.Outcome, visits.Load())
			}
		}
	}
	c.untouched(t)
}

func TestRetryAfterIsReadInBothForms(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "90": 90 * time.Second, "-5": 0, "1.5": 0, "soon": 0, "999999999": 24 * time.Hour,
		"99999999999999999999": 0, "Sun, 01 Mar 2026 12:10:00 GMT": 10 * time.Minute,
		"Sun, 01 Mar 2026 11:00:00 GMT": 0, "Thu, 01 Mar 2096 12:00:00 GMT": 24 * time.Hour,
	} {
		r := &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {text}}}
		if got := retryAfter(r, now); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

// N08: what counts is the status; of the body a bounded part is read, and not for long.
func TestEndlessBodiesAreCut(t *testing.T) {
	chunk := bytes.Repeat([]byte("a"), 1<<16)
	flood := func(r *receiver, w http.ResponseWriter, _ *http.Request) {
		for range 1 << 14 { // a gigabyte
			n, err := w.Write(chunk)
			r.took.Add(int64(n))
			if err != nil {
				return
			}
		}
	}
	r := newReceiver(t, flood)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := r.sender(t, patience).Send(t.Context(), ports.Outgoing{URL: r.url})
	r.Close() // waits for the receiver, which ends when its writing fails
	runtime.ReadMemStats(&after)
	if got.Outcome != webhook.OutcomeDelivered || got.Answer != strings.Repeat("a", webhook.MaxAnswerBytes) {
		t.Errorf("outcome %q, answer of %d bytes", got.Outcome, len(got.Answer))
	}
	// What the kernel holds for a closed connection is written, but never read: some megabytes.
	if wrote := r.took.Load(); wrote > 64<<20 {
		t.Errorf("%d bytes of the answer were taken", wrote)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Errorf("%d bytes were allocated for an answer", grown)
	}
}

func TestNoMoreThanTheBoundIsRead(t *testing.T) {
	for size, want := range map[int]int{0: 0, 5: 5, 512: 512, 513: 513, maxDrainBytes: maxDrainBytes, maxDrainBytes + 1: maxDrainBytes, 1 << 20: maxDrainBytes} {
		body := strings.NewReader(strings.Repeat("x", size))
		answer := firstBytes(body)
		if read := size - body.Len(); read != want || len(answer) != min(size, webhook.MaxAnswerBytes) {
			t.Errorf("of %d bytes %d were read and %d kept, want %d read", size, read, len(answer), want)
		}
	}
}

func TestCompressedAnswersStayCompressed(t *testing.T) {
	var bomb bytes.Buffer
	z, _ := gzip.NewWriterLevel(&bomb, gzip.BestCompression)
	zeros := make([]byte, 1<<20)
	for range 64 {
		z.Write(zeros)
	}
	z.Close()
	r := newReceiver(t, func(_ *receiver, w http.ResponseWriter, q *http.Request) {
		if q.Header.Get("Accept-Encoding") != "" {
			t.Errorf("we asked for compression: %q", q.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(bomb.Bytes())
	})
	got := r.sender(t, patience).Send(t.Context(), ports.Outgoing{URL: r.url})
	if got.Outcome != webhook.OutcomeDelivered || !strings.HasPrefix(got.Answer, "..") {
		t.Errorf("outcome %q, answer %.20q", got.Outcome, got.Answer)
	}
}
