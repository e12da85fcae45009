package edge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"
)

// DefaultBodyLimit bounds a request body, in bytes, where Options.BodyLimits says nothing else.
const DefaultBodyLimit = 64 << 10

// errBodyTooSlow is a body that outlasted the server's read timeout. It is counted as broken, and
// the connection is dropped without an answer (row A20).
var errBodyTooSlow = fmt.Errorf("read timeout: %w", ErrBodyBroken)

// limitBody refuses a body announced as too large before reading any of it, and stops reading one
// that merely turns out so.
func (f *frontier) limitBody(c *gin.Context) {
	limit, ok := f.BodyLimits[c.FullPath()]
	if !ok {
		limit = DefaultBodyLimit
	}
	if c.Request.ContentLength > limit {
		Fail(c, ErrBodyTooLarge)
		return
	}
	if c.Request.Body == nil || c.Request.Body == http.NoBody {
		return
	}
	c.Request.Body = boundedBody{http.MaxBytesReader(innermost(c.Writer), c.Request.Body, limit)}
}

// innermost is net/http's own writer. MaxBytesReader tells it that the limit was hit, and it then
// lingers over closing, so that a client still sending gets to read why it was refused.
func innermost(w http.ResponseWriter) http.ResponseWriter {
	for {
		outer, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = outer.Unwrap()
	}
}

// boundedBody names what can go wrong with a body where it goes wrong, so that a handler that
// streams one may pass the error to Fail as it came.
type boundedBody struct{ io.ReadCloser }

func (b boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case errors.As(err, &tooLarge):
		return n, ErrBodyTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, errBodyTooSlow
	}
	return n, fmt.Errorf("read body: %w: %w", ErrBodyBroken, err)
}

// RawBody is the whole body, byte for byte, as signatures and fingerprints need it. It may be
// called any number of times, and leaves the body readable for whoever comes next.
func RawBody(c *gin.Context) ([]byte, error) {
	x := of(c)
	if !x.read {
		x.read = true
		x.body, x.bodyErr = readAll(c.Request)
	}
	if x.bodyErr != nil {
		return nil, x.bodyErr
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(x.body))
	return x.body, nil
}

func readAll(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	var buf bytes.Buffer
	if r.ContentLength > 0 {
		buf.Grow(int(r.ContentLength) + bytes.MinRead) // at most the limit: limitBody saw to it
	}
	_, err := buf.ReadFrom(r.Body)
	return buf.Bytes(), err
}
