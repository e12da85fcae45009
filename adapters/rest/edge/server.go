package edge

import (
	"log/slog"
	"net/http"
	"time"
)

// Patience with clients. A handler that needs more of it (an event stream, an upload) moves its
// own deadlines with http.NewResponseController(c.Writer).
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second // request line to end of body
	writeTimeout      = 30 * time.Second // end of headers to end of answer
	idleTimeout       = 60 * time.Second // between two requests on one connection
)

// headerBytes bounds request line and headers together. net/http reads 4 kB more than it is told
// before it answers 431, so it is told less.
const (
	headerBytes = 16 << 10
	headerSlop  = 4 << 10
)

// Server is an HTTP server that no client can hold up. What net/http itself refuses (headers too
// large, framing that could be read two ways) never reaches the handler, and is answered by it in
// plain text on a connection it closes.
func Server(addr string, h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           answerHead(h),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerBytes - headerSlop,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// answerHead lets every GET route answer HEAD, which Gin does not do: the handler sees a GET, and
// net/http, which keeps the original request, sends the headers only.
func answerHead(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			get := *r
			get.Method = http.MethodGet
			r = &get
		}
		h.ServeHTTP(w, r)
	})
}
