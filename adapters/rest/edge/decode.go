package edge

import (
	"mime"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// Decode reads the body into dst, a pointer to the route's own request struct, and accepts it only
// if it can mean one thing: one JSON object in UTF-8, no member twice, no member the struct does
// not name, no null, no NUL, nothing behind it. Query parameters beside a body are refused, since
// the same parameter in both places could be read either way.
//
// Members left out keep what dst held. Errors are faults that name the field in Param.
func Decode(c *gin.Context, dst any) error {
	if _, err := Query(c); err != nil {
		return err
	}
	if err := checkMediaType(c.Request.Header); err != nil {
		return err
	}
	raw, err := RawBody(c)
	if err != nil {
		return err
	}
	return unmarshalStrict(raw, dst)
}

func checkMediaType(h http.Header) error {
	if len(h.Values("Content-Encoding")) > 0 {
		return ErrEncoding
	}
	types := h.Values("Content-Type")
	if len(types) != 1 {
		return ErrMediaType
	}
	media, params, err := mime.ParseMediaType(types[0]) // lower-cases type and parameter names
	if err != nil || media != "application/json" {
		return ErrMediaType
	}
	for name, value := range params {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return ErrMediaType
		}
	}
	return nil
}
