package edge

import (
	"bytes"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
)

// capturedMax bounds an answer that is kept, in bytes. Answers to unsafe requests are small; one
// that is not is a mistake of ours, which panics and is answered as such.
const capturedMax = 256 << 10

var errCaptureTooLarge = errors.New("edge: captured answer exceeds 256 kB")

// Captured is an answer that can be kept and given again.
type Captured struct {
	Status      int
	Body        []byte
	ContentType string
}

// Capture runs a handler and holds its answer back, so that it can be stored before the client
// sees it. Headers the handler sets stay set for the answer that is sent in the end; Send or
// Replay must follow.
func Capture(c *gin.Context, run func()) Captured {
	through := c.Writer
	held := &holding{ResponseWriter: through, status: http.StatusOK}
	c.Writer = held
	defer func() { c.Writer = through }()
	run()
	return Captured{
		Status: held.status, Body: held.body.Bytes(),
		ContentType: through.Header().Get("Content-Type"),
	}
}

// Send gives a captured answer to the client for the first time.
func Send(c *gin.Context, a Captured) {
	c.Abort()
	if a.ContentType != "" {
		c.Header("Content-Type", a.ContentType)
	}
	c.Status(a.Status)
	if len(a.Body) == 0 {
		c.Writer.WriteHeaderNow()
		return
	}
	_, _ = c.Writer.Write(a.Body) // fails only if the client is gone, and then nobody is there
}

// Replay gives a kept answer again, and says so.
func Replay(c *gin.Context, a Captured) {
	c.Header("Idempotent-Replayed", "true")
	Send(c, a)
}

// holding is a response writer that keeps what is written.
type holding struct {
	gin.ResponseWriter
	status  int
	body    bytes.Buffer
	written bool
}

func (h *holding) WriteHeader(status int) {
	if status > 0 && !h.written {
		h.status = status
	}
}

func (h *holding) Write(p []byte) (int, error) {
	h.written = true
	if h.body.Len()+len(p) > capturedMax {
		panic(errCaptureTooLarge)
	}
	return h.body.Write(p)
}

func (h *holding) WriteString(s string) (int, error) { return h.Write([]byte(s)) }

func (h *holding) WriteHeaderNow() { h.written = true }
func (h *holding) Flush()          { h.written = true }
func (h *holding) Status() int     { return h.status }
func (h *holding) Size() int       { return h.body.Len() }
func (h *holding) Written() bool   { return h.written }
