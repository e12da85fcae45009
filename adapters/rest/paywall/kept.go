package paywall

import (
	"bufio"
	"bytes"
	"encoding/json"
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
	result map[string]json.RawMessage // of a tool, once approved
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

// messages are the messages of JSON-RPC in the answer: the body, or the data of its events.
func (k *kept) messages() [][]byte {
	if !strings.HasPrefix(k.header.Get("Content-Type"), "text/event-stream") {
		return [][]byte{k.body.Bytes()}
	}
	var out [][]byte
	var data []byte
	for line := range bytes.Lines(append(slices.Clone(k.body.Bytes()), "\n\n"...)) {
		line = bytes.TrimRight(line, "\r\n")
		if part, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			data = append(append(data, bytes.TrimPrefix(part, []byte(" "))...), '\n')
		}
		if len(line) == 0 && len(data) > 0 {
			out, data = append(out, data), nil
		}
	}
	return out
}

// send gives the answer out; it can be given again. The receipt is the name and the value of a header, ""
// for an answer that nobody paid for.
func (k *kept) send(w gin.ResponseWriter, name, value string) {
	h := w.Header()
	exposed := h.Values(exposes)
	maps.Copy(h, k.header)
	if own := k.header.Values(exposes); len(own) > 0 {
		h[exposes] = append(slices.Clone(own), exposed...)
	}
	h.Del("Content-Length") // of what a handler meant to write
	if name != "" {
		h.Set(name, value)
		ownAnswer(h)
	}
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
