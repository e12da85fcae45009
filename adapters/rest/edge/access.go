package edge

import (
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"
)

// logAccess writes one line per request, also when a handler drops the connection. The route is
// the template: a raw path holds session ids, which are bearer capabilities.
func (f *frontier) logAccess(c *gin.Context) {
	began := f.Now()
	defer func() {
		x := of(c)
		level := accessLevel(c, x)
		if !f.Log.Enabled(c.Request.Context(), level) {
			return
		}
		attrs := []slog.Attr{
			slog.String("method", methodName(c.Request.Method)),
			slog.String("route", routeName(c)),
			slog.Int("status", c.Writer.Status()),
			slog.Duration("took", f.Now().Sub(began)),
			slog.Int("bytes", max(c.Writer.Size(), 0)),
			slog.String("request_id", x.id),
			slog.String("remote_ip", c.ClientIP()),
		}
		if x.fault != "" {
			attrs = append(attrs, slog.String("code", x.fault))
		}
		if x.limit != "" {
			attrs = append(attrs, slog.String("limit", x.limit))
		}
		if x.hungUp {
			attrs = append(attrs, slog.Bool("hung_up", true))
		}
		f.Log.LogAttrs(c.Request.Context(), level, "request served", attrs...)
	}()
	c.Next()
}

// accessLevel keeps what pages and probes poll all day out of an ordinary log, and what programs ask the
// price of: 402 without a fault is a price. They are counted like everything else.
func accessLevel(c *gin.Context, x *exchange) slog.Level {
	reads := x.reads || c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead
	status := c.Writer.Status()
	fine := status < http.StatusBadRequest || status == http.StatusPaymentRequired
	if reads && fine && x.fault == "" && !x.hungUp {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// Read tells the access log of a request that it only read, and got what it asked for, where its method does not
// say so.
func Read(c *gin.Context) { of(c).reads = true }

func routeName(c *gin.Context) string {
	if c.FullPath() == "" {
		return "unmatched"
	}
	return c.FullPath()
}

// methodName keeps a log line short whatever token a client made up.
func methodName(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodTrace, http.MethodConnect:
		return m
	}
	return "other"
}
