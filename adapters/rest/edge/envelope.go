package edge

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/domain/fault"
)

// Envelope writes a fault the way one dialect or page shows failures: status and body. Headers
// that belong to the failure itself (Retry-After, Allow, X-Request-Id) are already set.
type Envelope func(c *gin.Context, f *fault.Fault, requestID string)

// Status is the HTTP status of a kind of failure, the same in every dialect.
func Status(kind fault.Kind) int {
	switch kind {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Rejected:
		return http.StatusPaymentRequired
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.NotAllowed:
		return http.StatusMethodNotAllowed
	case fault.Conflict:
		return http.StatusConflict
	case fault.Unready:
		return http.StatusPreconditionFailed
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Unsupported:
		return http.StatusUnsupportedMediaType
	case fault.Unprocessable:
		return http.StatusUnprocessableEntity
	case fault.Limited:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Internal:
		return http.StatusInternalServerError
	}
	return http.StatusInternalServerError // a fault without a kind is our mistake
}

// DefaultEnvelope is the native dialect's error body (source 000), with the additions of the
// known-bad-inputs suite 4.0. It also serves paths that belong to no dialect.
func DefaultEnvelope(c *gin.Context, f *fault.Fault, requestID string) {
	body := struct {
		Error     string `json:"error"`
		Message   string `json:"message"`
		Type      string `json:"type,omitempty"`
		Param     string `json:"param,omitempty"`
		Reason    string `json:"reason,omitempty"`
		RequestID string `json:"request_id"`
	}{Error: f.Code, Message: f.Message, Param: f.Param, Reason: f.Reason, RequestID: requestID}
	if f.Kind == fault.Invalid {
		body.Type = fault.ErrInvalid.Code
	}
	c.JSON(Status(f.Kind), body)
}
