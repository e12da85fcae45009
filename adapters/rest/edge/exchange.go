package edge

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// requestIDHeader carries the id both ways.
const requestIDHeader = "X-Request-Id"

// Lengths of a request id we take from a client.
const (
	requestIDMin = 8
	requestIDMax = 64
)

// exchange is what the edge knows of one request and its answer.
type exchange struct {
	*frontier
	id      string
	body    []byte // the raw body, once read
	bodyErr error  // how reading it ended
	read    bool   // whether it was read
	fault   string // code of the fault answered, "" if none
	limit   string // name of the limit that refused, "" if none
	reads   bool   // nothing was changed by it, whatever its method
	hungUp  bool   // the connection is being dropped without an answer
}

type exchangeKey struct{}

// open begins the exchange. A client's own request id is kept if it cannot do harm in a log line.
func (f *frontier) open(c *gin.Context) {
	x := &exchange{frontier: f, id: c.GetHeader(requestIDHeader)}
	if !isRequestID(x.id) {
		x.id = f.NewRequestID()
	}
	c.Set(exchangeKey{}, x)
	c.Writer.Header().Set(requestIDHeader, x.id)
}

// of is the exchange of a request that came through NewEngine; there are no others.
func of(c *gin.Context) *exchange {
	return c.MustGet(exchangeKey{}).(*exchange) //nolint:errcheck // only this file sets it
}

// RequestID is the id under which this request is logged and answered.
func RequestID(c *gin.Context) string { return of(c).id }

// hangUp drops the connection so that a client cannot take half an answer for a whole one.
func (x *exchange) hangUp() {
	x.hungUp = true
	panic(http.ErrAbortHandler)
}

func isRequestID(s string) bool {
	if len(s) < requestIDMin || len(s) > requestIDMax {
		return false
	}
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && s[i] != '-' && s[i] != '_' {
			return false
		}
	}
	return true
}

func isAlphanumeric(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
}
