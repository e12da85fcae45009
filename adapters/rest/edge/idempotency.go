package edge

import (
	"strings"

	"github.com/gin-gonic/gin"
)

// idempotencyKeyMax bounds a key, in bytes.
const idempotencyKeyMax = 255

// IdempotencyKey reads the Idempotency-Key header. A request without one is not an error; one that
// is empty, too long, given twice or not printable ASCII is (row G01).
func IdempotencyKey(c *gin.Context) (key string, present bool, err error) {
	keys := c.Request.Header.Values("Idempotency-Key")
	if len(keys) == 0 {
		return "", false, nil
	}
	key = keys[0]
	unprintable := func(r rune) bool { return r < ' ' || r > '~' }
	if len(keys) > 1 || key == "" || len(key) > idempotencyKeyMax ||
		strings.ContainsFunc(key, unprintable) {
		return "", true, ErrIdempotencyKey
	}
	return key, true, nil
}
