package crash

import (
	"hash/fnv"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// stumble is of how many events the receiver refuses one the first time, so that there are repeated
// attempts whose id can be looked at.
const stumble = 64

// receiver is the merchants' server. It is never killed.
type receiver struct {
	URL   string
	found *findings

	mu      sync.Mutex
	secrets map[string]string // by path
	bodies  map[string]string // by webhook-id
	taken   map[string]int    // how often each was accepted
	tried   map[string]int
}

func openReceiver(t *testing.T, found *findings) *receiver {
	t.Helper()
	r := &receiver{
		found: found, secrets: map[string]string{}, bodies: map[string]string{}, taken: map[string]int{},
		tried: map[string]int{},
	}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.URL = server.URL
	return r
}

func (r *receiver) trust(path, secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secrets[path] = secret
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return // its sender was killed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	id := q.Header.Get("webhook-id")
	hook, err := standard.NewWebhook(r.secrets[q.URL.Path])
	if err != nil || hook.Verify(body, q.Header) != nil {
		r.found.add("forged: webhook %q at %s cannot be verified", id, q.URL.Path)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if before, known := r.bodies[id]; known && before != string(body) {
		r.found.add("changed: webhook %s says\n%s\nand before\n%s", id, body, before)
	}
	if !strings.Contains(string(body), `"`+id+`"`) {
		r.found.add("changed: webhook %s has another id inside: %s", id, body)
	}
	r.bodies[id] = string(body)
	if r.tried[id]++; r.tried[id] == 1 && stumbles(id) {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	r.taken[id]++
	w.WriteHeader(http.StatusNoContent)
}

func stumbles(id string) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return h.Sum32()%stumble == 0
}

// has reports whether an event was accepted at least once.
func (r *receiver) has(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.taken[id] > 0
}

// ids lists what was ever sent.
func (r *receiver) ids() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]string, 0, len(r.bodies))
	for id := range r.bodies {
		out = append(out, id)
	}
	return out
}
