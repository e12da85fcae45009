package edge

import (
	"strings"

	"github.com/gin-gonic/gin"
)

// deviceMax bounds what is kept of a User-Agent, in bytes.
const deviceMax = 160

// Device is what a client said of itself, fit to be stored and shown: printable ASCII, shortened.
func Device(c *gin.Context) string {
	said := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, c.Request.UserAgent())
	return said[:min(len(said), deviceMax)]
}
