package hosted

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// failure is a fault as a payer reads it.
type failure struct {
	Key       string // of its words
	Code      string
	RequestID string
	Back      bool // whether there is a payment to go back to
}

// Envelopes are the path prefixes whose failures Envelope words: one for negotiated pages, and one
// for each language.
func Envelopes() map[string]edge.Envelope {
	out := map[string]edge.Envelope{"/checkout/": Envelope}
	for _, l := range locales {
		out["/"+l.Code+"/checkout/"] = Envelope
	}
	return out
}

// Envelope shows a failure as a page, in the language of the path or else of the browser.
func Envelope(c *gin.Context, f *fault.Fault, requestID string) {
	l, id, path := spoken(c)
	s := &screen{locale: l, Here: path, Session: id, Failure: &failure{
		Key: wording(f), Code: f.Code, RequestID: requestID,
		Back: path != "" && f.Kind != fault.NotFound,
	}}
	page, err := s.page()
	if err != nil {
		c.String(edge.Status(f.Kind), "%s %s", f.Code, requestID)
		return
	}
	guard(c)
	c.Data(edge.Status(f.Kind), "text/html; charset=utf-8", page)
}

// spoken tells language and payment from a path that may have matched no route.
func spoken(c *gin.Context) (l *locale, id checkout.SessionID, path string) {
	parts := strings.Split(strings.TrimPrefix(c.Request.URL.Path, "/"), "/")
	if parts[0] == "checkout" {
		c.Writer.Header().Add("Vary", "Accept-Language")
		l = preferred(c.GetHeader("Accept-Language"))
	} else {
		l = named(parts[0])
		path, parts = "/"+l.Code, parts[1:]
	}
	if len(parts) < 2 || !isSessionID(parts[1]) {
		return l, "", ""
	}
	return l, checkout.SessionID(parts[1]), path + "/checkout/" + parts[1]
}

// wording chooses the words of a fault: by its code where we can say more, else by its kind.
func wording(f *fault.Fault) string {
	switch f.Code {
	case checkout.ErrSlotsExhausted.Code:
		return "error.busy"
	case "chain_unavailable":
		return "error.chain"
	case money.ErrRateUnavailable.Code:
		return "error.rate"
	case merchant.ErrReceivingMissing.Code, merchant.ErrProjectDisabled.Code,
		merchant.ErrNoLiveRail.Code, checkout.ErrUnsupportedMethod.Code, app.ErrTooFewSources.Code:
		return "error.shop"
	case errForeign.Code:
		return "error.foreign"
	}
	switch status := edge.Status(f.Kind); {
	case status == http.StatusNotFound:
		return "error.not_found"
	case status == http.StatusTooManyRequests:
		return "error.limited"
	case status == http.StatusConflict:
		return "error.moved"
	case status == http.StatusServiceUnavailable:
		return "error.unavailable"
	case status < http.StatusInternalServerError:
		return "error.request"
	}
	return "error.internal"
}
