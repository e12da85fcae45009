package edge

import (
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/domain/fault"
)

// checkPath lets through only paths that have a single spelling. A proxy, a log and a router must
// not disagree about which route a request names, so "//", "/./", "/../", ";", "\" and any escape
// of a character that need not be escaped are no path of ours.
func checkPath(c *gin.Context) {
	if !lawfulPath(c.Request.URL) {
		Fail(c, fault.ErrNotFound)
	}
}

// lawfulPath looks at a path as it was sent. Escapes are allowed for text beyond ASCII and for
// the delimiters that some clients escape (":" as "%3A"); neither occurs in a route.
func lawfulPath(u *url.URL) bool {
	escaped := u.EscapedPath()
	if !strings.HasPrefix(escaped, "/") || strings.Contains(escaped, "//") ||
		!utf8.ValidString(u.Path) {
		return false
	}
	for segment := range strings.SplitSeq(escaped, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	for i := 0; i < len(escaped); i++ {
		b := escaped[i]
		if b != '%' {
			if !isUnreserved(b) && !isDelimiter(b) && b != '/' {
				return false
			}
			continue
		}
		// EscapedPath vouches for two hexadecimal digits behind every "%".
		n, _ := strconv.ParseUint(escaped[i+1:i+3], 16, 8)
		if n < utf8.RuneSelf && !isDelimiter(byte(n)) {
			return false
		}
		i += 2
	}
	return true
}

// isUnreserved and isDelimiter are RFC 3986's unreserved characters and those of its path
// characters that mean nothing to us; ";" is left out because some servers cut a path there.
func isUnreserved(b byte) bool { return isAlphanumeric(b) || strings.IndexByte("-._~", b) >= 0 }

func isDelimiter(b byte) bool { return strings.IndexByte("!$&'()*+,=:@", b) >= 0 }
