package edge

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

// Query reads the query of a route that takes only the allowed parameters, each at most once. A
// route that takes none calls it with none.
func Query(c *gin.Context, allowed ...string) (url.Values, error) {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return nil, ErrUnexpectedQuery
	}
	// Sorted, so that the same request always hears about the same parameter.
	for _, name := range sortedKeys(values) {
		switch {
		case !slices.Contains(allowed, name) || len(values[name]) != 1:
			return nil, ErrUnexpectedQuery.About(clipParam(name))
		case !utf8.ValidString(values[name][0]) || strings.ContainsRune(values[name][0], 0):
			return nil, ErrInvalidString.About(name)
		}
	}
	return values, nil
}

func sortedKeys(values url.Values) []string {
	keys := make([]string, 0, len(values))
	for k := range values {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
