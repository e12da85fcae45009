package edge

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/domain/fault"
)

// Fail ends a request with the fault inside err, in the words of the envelope that owns the path.
// What wrapping added is logged once, for failures on our side only. If part of an answer has
// already left, the connection is dropped: half a statement must not look like a whole one.
func Fail(c *gin.Context, err error) {
	x, f := of(c), fault.From(err)
	if f == fault.ErrInternal && errors.Is(err, context.Canceled) &&
		c.Request.Context().Err() != nil {
		f = errClientGone
	}
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		x.logFailure(c, f, err)
	}
	if c.Writer.Written() || errors.Is(err, errBodyTooSlow) {
		x.note(f)
		x.hangUp()
	}
	x.answer(c, f)
}

// Note tells the access log and the counters of a fault that a handler answers in words of its own.
func Note(c *gin.Context, f *fault.Fault) { of(c).note(f) }

func (x *exchange) logFailure(c *gin.Context, f *fault.Fault, err error) {
	level := slog.LevelError
	if f.Kind == fault.Unavailable {
		level = slog.LevelWarn
	}
	x.Log.LogAttrs(c.Request.Context(), level, "request failed",
		slog.String("request_id", x.id),
		slog.String("route", routeName(c)),
		slog.String("code", f.Code),
		slog.String("error", clip(err.Error(), logTextMax)),
	)
}

// note remembers the fault for the access log and counts it.
func (x *exchange) note(f *fault.Fault) {
	x.fault = f.Code
	if x.OnFault != nil {
		x.OnFault(f.Code, f.Kind)
	}
}

// answer writes the fault. Headers a handler set for the success that did not come are taken back.
func (x *exchange) answer(c *gin.Context, f *fault.Fault) {
	c.Abort()
	x.note(f)
	h := c.Writer.Header()
	for _, name := range []string{
		"Content-Disposition", "Content-Encoding", "Content-Length", "Content-Type", "Etag",
		"Last-Modified",
	} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	if s := retryAfter(f); s != "" {
		h.Set("Retry-After", s)
	}
	if f.Kind == fault.TooLarge {
		h.Set("Connection", "close")
	}
	envelope, ok := x.envelopes.find(c.Request.URL.Path)
	if !ok {
		envelope = DefaultEnvelope
	}
	envelope(c, f, x.id)
}

// retryAfter is whole seconds, rounded up. A client told to come back is always told when.
func retryAfter(f *fault.Fault) string {
	wait := f.RetryAfter
	if wait <= 0 && (f.Kind == fault.Limited || f.Kind == fault.Unavailable) {
		wait = time.Second
	}
	if wait <= 0 {
		return ""
	}
	seconds := int64(wait / time.Second)
	if wait%time.Second > 0 {
		seconds++
	}
	return strconv.FormatInt(seconds, 10)
}
