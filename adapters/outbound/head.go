package outbound

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/101pay/101pay/domain/webhook"
)

// telling are the fields of an answer that are kept: those that say what answered, why, and under which
// name it is found in the receiver's own logs. Anything else may be his secret, a cookie for one.
var telling = []string{
	"Date", "Server", "Via", "Content-Type", "Content-Length", "Location", "Retry-After", "X-Request-Id",
	"X-Correlation-Id", "X-Amzn-Trace-Id", "Cf-Ray",
}

// answered is what is kept of an answer's head, in the order above.
func answered(from http.Header) (kept []webhook.Header) {
	for _, name := range telling {
		value := from.Get(name)
		if value == "" {
			continue
		}
		if name == "Location" {
			value = value[:strings.IndexAny(value+"?", "?#")] // what follows may let somebody in
		}
		kept = append(kept, field(name, value))
	}
	return kept
}

// field is a field of a head, bounded and printable.
func field(name, value string) webhook.Header {
	short := func(s string) string { return printable([]byte(s[:min(len(s), webhook.MaxHeaderBytes)])) }
	return webhook.Header{Name: short(name), Value: short(value)}
}

// head is what was written of a request's head, as it was. It is noted by the goroutine that writes, which
// may still write when the answer is given.
type head struct {
	mu     sync.Mutex
	fields []webhook.Header // guarded by mu
}

func (h *head) note(name string, values []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.fields) < webhook.MaxHeaders {
		h.fields = append(h.fields, field(name, strings.Join(values, ", ")))
	}
}

func (h *head) read() []webhook.Header {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.fields)
}
