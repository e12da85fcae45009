package paywall

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/domain/fault"
)

// kept is an answer that is kept back until it is paid for. It is bounded, and nothing can get past it: a
// flush waits with the rest, and there is no way to the connection.
type kept struct {
	gin.ResponseWriter

	header http.Header
	status int
	body   bytes.Buffer
	broken bool
}

var errTooLong = errors.New("paywall: the answer is longer than may be kept back")

// Header implements http.ResponseWriter.
func (k *kept) Header() http.Header { return k.header }

// WriteHeader implements http.ResponseWriter.
func (k *kept) WriteHeader(status int) {
	if status >= http.StatusOK && !k.Written() {
		k.status = status
	}
}

// WriteHeaderNow implements gin.ResponseWriter.
func (k *kept) WriteHeaderNow() {}

// Write implements io.Writer.
func (k *kept) Write(b []byte) (int, error) {
	if k.broken || k.body.Len()+len(b) > MaxAnswerBytes {
		k.breakDown()
		return 0, errTooLong
	}
	return k.body.Write(b)
}

// WriteString implements io.StringWriter.
func (k *kept) WriteString(s string) (int, error) { return k.Write([]byte(s)) }

// Status implements gin.ResponseWriter.
func (k *kept) Status() int {
	if k.status == 0 {
		return http.StatusOK
	}
	return k.status
}

// Size implements gin.ResponseWriter.
func (k *kept) Size() int { return k.body.Len() }

// Written implements gin.ResponseWriter.
func (k *kept) Written() bool { return k.body.Len() > 0 }

// Flush implements http.Flusher.
func (k *kept) Flush() {}

// Hijack implements http.Hijacker.
func (k *kept) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, http.ErrNotSupported }

// Pusher implements gin.ResponseWriter.
func (k *kept) Pusher() http.Pusher { return nil }

// Unwrap would be a way past us.
func (k *kept) Unwrap() http.ResponseWriter { return nil }

// breakDown makes the answer one of our own fault.
func (k *kept) breakDown() {
	k.broken, k.status = true, http.StatusInternalServerError
	k.body.Reset()
	k.header = http.Header{"Content-Type": {"application/json"}}
	_, _ = k.body.WriteString(`{"error":"` + fault.ErrInternal.Code + `","message":"` + fault.ErrInternal.Message + `"}`)
}

// failed reports an answer that nobody should pay for.
func (k *kept) failed() bool { return k.Status() >= http.StatusBadRequest }

// receipt adds the settlement response, and that the answer is its payer's alone.
func (k *kept) receipt(name, value string) {
	k.header.Set(name, value)
	if all := k.header.Values("Cache-Control"); !slices.ContainsFunc(all, func(v string) bool {
		return strings.Contains(v, "private") || strings.Contains(v, "no-store")
	}) {
		k.header.Set("Cache-Control", strings.Join(append(all, "private"), ", "))
	}
}

// send gives the answer out; it can be given again.
func (k *kept) send(w gin.ResponseWriter) {
	maps.Copy(w.Header(), k.header)
	w.Header().Del("Content-Length") // of what a handler meant to write
	w.WriteHeader(k.Status())
	_, _ = w.Write(k.body.Bytes())
}

// readAll reads a request's body, which handlers can read again.
func readAll(c *gin.Context) ([]byte, error) {
	if c.Request.Body == nil || c.Request.Body == http.NoBody {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, MaxRequestBytes))
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		return nil, errBodyTooLarge
	}
	if err != nil {
		return nil, errBody
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

var (
	errBody         = fault.New(fault.Invalid, "invalid_body", "the request's body could not be read")
	errBodyTooLarge = fault.New(fault.TooLarge, "body_too_large", "a paid request may have a body of 1 MiB")
)
