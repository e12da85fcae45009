package edge

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/domain/fault"
)

// logTextMax bounds error and panic texts in one log line, in bytes.
const logTextMax = 2 << 10

// rescue answers a panic with internal_error and the request id, and tells the log where it was.
func (f *frontier) rescue(c *gin.Context) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		x := of(c)
		if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it the same way
			x.hungUp = true
			panic(p)
		}
		f.Log.LogAttrs(c.Request.Context(), slog.LevelError, "request panicked",
			slog.String("request_id", x.id),
			slog.String("route", routeName(c)),
			slog.String("panic", clip(fmt.Sprint(p), logTextMax)),
			slog.String("stack", string(debug.Stack())),
		)
		if c.Writer.Written() {
			x.note(fault.ErrInternal)
			x.hangUp()
		}
		x.answer(c, fault.ErrInternal)
	}()
	c.Next()
}

// clip shortens s to at most n bytes and says so.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}
