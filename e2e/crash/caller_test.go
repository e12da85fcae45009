package crash

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/101pay/101pay/e2e/rig"
)

// How a client bears a gateway that comes and goes.
const (
	insistLimit = 60 * time.Second
	retryPause  = 50 * time.Millisecond
	longestWait = 2 * time.Second // of what Retry-After may ask
)

// fate is what a client knows of a request.
type fate int

const (
	unknown fate = iota // sent, and no answer came that says what became of it
	acked               // answered yes
	refused             // answered no
)

// request is one that can be sent again as it was.
type request struct {
	method, path string
	body         []byte
	header       []string // names and values in turn
}

func post(path string, body any, header ...string) request {
	text, _ := json.Marshal(body) //nolint:errchkjson // maps of text
	return request{http.MethodPost, path, text, header}
}

func get(path string, header ...string) request {
	return request{http.MethodGet, path, nil, header}
}

// with is the request with a further header.
func (r request) with(name, value string) request {
	r.header = append(append([]string(nil), r.header...), name, value)
	return r
}

// caller speaks to the gateways as a good client does, each time to the next one, as a load balancer
// has it that does not know yet who died.
type caller struct {
	fleet []*rig.Gateway
	turn  *atomic.Uint64
	found *findings
}

func (c caller) next() *rig.Gateway { return c.fleet[c.turn.Add(1)%uint64(len(c.fleet))] }

// once sends a request that must not be repeated. A full budget is no answer: it says that nothing
// was done.
func (c caller) once(r request) (rig.Answer, fate) {
	for {
		var body any
		if r.body != nil {
			body = r.body
		}
		a, err := c.next().TryCall(r.method, r.path, body, r.header...)
		switch {
		case err != nil || a.Status == http.StatusServiceUnavailable:
			return a, unknown
		case a.Status == http.StatusTooManyRequests:
			time.Sleep(politeness(a))
		case a.Status >= http.StatusInternalServerError:
			c.found.add("fault: %s %s answered %d: %s", r.method, r.path, a.Status, a.Body)
			return a, unknown
		case a.Status >= http.StatusBadRequest:
			return a, refused
		default:
			return a, acked
		}
	}
}

// insist repeats a request that may be repeated until it is answered.
func (c caller) insist(r request) (rig.Answer, fate) {
	deadline := time.Now().Add(insistLimit)
	for {
		a, f := c.once(r)
		if f == refused && !passing(a) || f == acked {
			return a, f
		}
		if time.Now().After(deadline) {
			c.found.add("stuck: %s %s was not answered in %s; last %d %s",
				r.method, r.path, insistLimit, a.Status, a.Body)
			return a, unknown
		}
		time.Sleep(retryPause)
	}
}

// passing reports whether a refusal asks to come again: somebody else has the key, or a payment is
// on its way.
func passing(a rig.Answer) bool {
	code := a.At("error")
	return a.Status == http.StatusConflict && code == "idempotency_in_progress" ||
		a.Status == http.StatusPaymentRequired
}

func politeness(a rig.Answer) time.Duration {
	seconds, _ := strconv.Atoi(a.Header.Get("Retry-After"))
	return min(max(time.Duration(seconds)*time.Second, retryPause), longestWait)
}

// findings is everything that is not as it must be.
type findings struct {
	mu   sync.Mutex
	list []string
}

// maxFindings is enough to see what is wrong.
const maxFindings = 200

func (f *findings) add(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.list) < maxFindings {
		f.list = append(f.list, fmt.Sprintf(format, args...))
	}
}

func (f *findings) all() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.list...)
}
