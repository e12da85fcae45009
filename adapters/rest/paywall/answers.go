package paywall

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/x402"
)

// exposes is the header that lets programs on foreign pages read others.
const exposes = "Access-Control-Expose-Headers"

// headers is the counter of HTTP: payments come and are answered in headers.
type headers struct{}

func (headers) read(c *gin.Context) (p x402.Payload, paid bool, err error) {
	// Programs on foreign pages may read what concerns payment.
	c.Writer.Header().Add(exposes,
		strings.Join([]string{x402.HeaderRequiredV2, x402.HeaderResponseV2, x402.HeaderResponseV1}, ", "))
	sent := c.Request.Header
	return x402.Read(sent.Values(x402.HeaderPaymentV1), sent.Values(x402.HeaderPaymentV2))
}

func (headers) asked(c *gin.Context) (x402.Request, error) {
	body, err := readAll(c)
	return x402.Request{
		SKU: c.Request.URL.EscapedPath(), Method: c.Request.Method, Target: c.Request.URL.RequestURI(), Body: body,
	}, err
}

func (headers) demand(c *gin.Context, o x402.Offer) {
	challenge(c, http.StatusPaymentRequired, o.Challenge(nil))
}

func challenge(c *gin.Context, status int, ch x402.Challenge) {
	h := c.Writer.Header()
	h.Set(x402.HeaderRequiredV2, ch.Required)
	h.Set("Cache-Control", "no-store")
	c.Data(status, "application/json", ch.Body)
}

// statuses are those of kinds of fault, as everywhere in 101pay.
var statuses = map[fault.Kind]int{
	fault.Invalid: http.StatusBadRequest, fault.Rejected: http.StatusPaymentRequired,
	fault.NotFound: http.StatusNotFound, fault.Conflict: http.StatusConflict,
	fault.Unavailable: http.StatusServiceUnavailable, fault.TooLarge: http.StatusRequestEntityTooLarge,
	fault.Unready: http.StatusPreconditionFailed,
}

// refuse answers with a fresh challenge where the client has to do something about its payment.
func (headers) refuse(c *gin.Context, o x402.Offer, told *x402.Response, err error) {
	refusal := (*x402.Refusal)(nil)
	f := fault.From(err)
	status, known := statuses[f.Kind]
	if !known {
		status = http.StatusInternalServerError
	}
	if told != nil {
		version := x402.V2
		if c.Request.Header.Get(x402.HeaderPaymentV2) == "" {
			version = x402.V1
		}
		name, value := told.Header(version)
		c.Writer.Header().Set(name, value)
	}
	if errors.As(err, &refusal) && (status == http.StatusBadRequest || status == http.StatusPaymentRequired) {
		challenge(c, status, o.Challenge(refusal))
		return
	}
	plain(c, status, f)
}

func plain(c *gin.Context, status int, f *fault.Fault) {
	h := c.Writer.Header()
	h.Set("Cache-Control", "no-store")
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	}
	c.JSON(status, gin.H{"error": f.Code, "message": f.Message})
}

func (headers) approve(answer *kept) bool { return !answer.failed() }

// give sends the answer as its payer's alone.
func (headers) give(c *gin.Context, answer *kept, paid *x402.Response, v x402.Version) {
	name, value := "", ""
	if paid != nil {
		name, value = paid.Header(v)
	}
	answer.send(c.Writer, name, value)
}

// says402 reports a refusal that is a facilitator's word that nothing moved.
func says402(r *x402.Refusal) bool { return fault.From(r).Kind == fault.Rejected }

// orUnknown makes an error that is no refusal one that blames nobody's payment.
func orUnknown(err error, why x402.Reason) error {
	if refusal := (*x402.Refusal)(nil); errors.As(err, &refusal) {
		return err
	}
	return errors.Join(why.Refuse("the facilitator cannot be asked right now; present the same payment again"), err)
}

// ownAnswer marks what was paid for as its payer's alone.
func ownAnswer(h http.Header) {
	all := h.Values("Cache-Control")
	if !slices.ContainsFunc(all, func(v string) bool {
		return strings.Contains(v, "private") || strings.Contains(v, "no-store")
	}) {
		h.Set("Cache-Control", strings.Join(append(slices.Clone(all), "private"), ", "))
	}
}
