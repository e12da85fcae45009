package edge

import (
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// Bounds of a page request.
const (
	pageDefault = 20
	cursorMax   = 512 // bytes
)

// Page reads limit and cursor of a list route: limit in plain digits from 1 to maxLimit, by
// default 20; cursor as one of ours looks, base64url, or "" for the first page. Whether a cursor
// is one we issued is for whoever reads it to say, with ErrPagination.
func Page(c *gin.Context, maxLimit int) (limit int, cursor string, err error) {
	query := c.Request.URL.Query()
	limit = min(pageDefault, maxLimit)
	if given, ok := query["limit"]; ok {
		if limit, ok = parseLimit(given[0], maxLimit); !ok || len(given) > 1 {
			return 0, "", ErrPagination.About("limit")
		}
	}
	if given, ok := query["cursor"]; ok {
		if cursor = given[0]; !isCursor(cursor) || len(given) > 1 {
			return 0, "", ErrPagination.About("cursor")
		}
	}
	return limit, cursor, nil
}

// parseLimit wants the one spelling of a number: no sign, no leading zero, no exponent.
func parseLimit(s string, most int) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && strconv.Itoa(n) == s && n >= 1 && n <= most
}

func isCursor(s string) bool {
	if s == "" || len(s) > cursorMax {
		return false
	}
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && strings.IndexByte("-_=", s[i]) < 0 {
			return false
		}
	}
	return true
}
