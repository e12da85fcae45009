package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/101pay/101pay/e2e/rig"
)

// receiver is a merchant's server: it verifies what it gets with the unmodified Standard Webhooks
// library and remembers it.
type receiver struct {
	URL string

	mu       sync.Mutex
	secret   string
	answer   int
	received []received
	forged   int
}

type received struct {
	ID, Type string
	Headers  string // the signature's, as JSON
	Body     []byte
}

func openReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{answer: http.StatusNoContent}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.URL = server.URL + "/hooks"
	return r
}

// register tells the merchant's gateway about the receiver.
func (r *receiver) register(t *testing.T, m rig.Merchant) string {
	t.Helper()
	return r.registerIn(t, m, "test")
}

func (r *receiver) registerIn(t *testing.T, m rig.Merchant, mode string) string {
	t.Helper()
	a := m.Call(http.MethodPost, "/v1/webhook-endpoints", map[string]string{"url": r.URL, "mode": mode})
	a.Want(t, http.StatusCreated)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secret = a.At("endpoint.secret")
	return a.At("endpoint.id")
}

func (r *receiver) answerWith(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = status
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	hook, bad := standard.NewWebhook(r.secret)
	if err != nil || bad != nil || hook.Verify(body, q.Header) != nil {
		r.forged++
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var event struct {
		Type string `json:"type"`
	}
	_ = json.Unmarshal(body, &event)
	if r.answer < http.StatusMultipleChoices {
		signature := map[string]string{}
		for _, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
			signature[name] = q.Header.Get(name)
		}
		headers, _ := json.Marshal(signature) //nolint:errchkjson // texts
		r.received = append(r.received, received{signature["webhook-id"], event.Type, string(headers), body})
	}
	w.WriteHeader(r.answer)
}

// last is what was received last.
func (r *receiver) last() received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.received[len(r.received)-1]
}

// types lists what was received, each event once.
func (r *receiver) types() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	seen := map[string]bool{}
	for _, e := range r.received {
		if !seen[e.ID] {
			seen[e.ID] = true
			out = append(out, e.Type)
		}
	}
	return out
}

// wants waits until every given type of event has been received.
func (r *receiver) wants(t *testing.T, types ...string) {
	t.Helper()
	rig.Eventually(t, time.Minute, "webhooks of every kind", func() bool {
		got := r.types()
		return !slices.ContainsFunc(types, func(want string) bool { return !slices.Contains(got, want) })
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forged > 0 {
		t.Errorf("%d webhooks could not be verified", r.forged)
	}
}
