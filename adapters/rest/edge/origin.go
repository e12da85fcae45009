package edge

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// CrossOrigin opens the paths below a prefix to pages of any origin, without credentials: nothing
// there depends on a cookie. Everything else gives browsers on foreign pages no answer they can
// read.
type CrossOrigin struct {
	Prefix  string   // "/v1/checkout/sessions/" opens what lies below, not the collection itself
	Methods []string // beside GET, HEAD and POST, which no browser asks about
	Headers []string // beside Content-Type, Idempotency-Key and X-Request-Id
}

// preflightMaxAge is how long, in seconds, a browser may remember the answer.
const preflightMaxAge = "600"

// exposedHeaders are what a page may read beyond the few every browser shows it: the x402 answers
// (spec/overview.md), and what a client needs to retry well.
const exposedHeaders = "X-PAYMENT-RESPONSE, PAYMENT-REQUIRED, PAYMENT-RESPONSE, " +
	"X-Request-Id, Idempotent-Replayed, Retry-After"

// crossOrigin answers OPTIONS below an open prefix itself: no route there has its own.
func (f *frontier) crossOrigin(c *gin.Context) {
	rule, ok := f.foreign.find(c.Request.URL.Path)
	if !ok {
		return
	}
	h := c.Writer.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", exposedHeaders)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if c.Request.Method != http.MethodOptions {
		return
	}
	// x402 clients send the name of the expose header as a request header of its own.
	headers := append([]string{
		"Content-Type", "Idempotency-Key", "X-Request-Id", "Access-Control-Expose-Headers",
	}, rule.Headers...)
	methods := append([]string{http.MethodGet, http.MethodPost}, rule.Methods...)
	h.Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
	h.Set("Access-Control-Allow-Headers", strings.Join(headers, ", "))
	h.Set("Access-Control-Max-Age", preflightMaxAge)
	c.AbortWithStatus(http.StatusNoContent)
}
