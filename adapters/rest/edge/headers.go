package edge

import (
	"maps"

	"github.com/gin-gonic/gin"
)

// hstsValue is one year. Subdomains are the operator's other business, so they are not included.
const hstsValue = "max-age=31536000"

// securityHeaders are right for an API answer. Pages and assets replace what they know better:
// Cache-Control, and the opener and resource policies where a merchant's page may embed them.
func securityHeaders(secure bool) map[string][]string {
	h := map[string][]string{
		"X-Content-Type-Options":       {"nosniff"},
		"Referrer-Policy":              {"no-referrer"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Cache-Control":                {"no-store"},
	}
	if secure {
		h["Strict-Transport-Security"] = []string{hstsValue}
	}
	return h
}

// secure shares the header values between requests: nothing may write into them, and the methods
// of http.Header never do (Set replaces the slice, Add reallocates a full one).
func (f *frontier) secure(c *gin.Context) { maps.Copy(c.Writer.Header(), f.headers) }
