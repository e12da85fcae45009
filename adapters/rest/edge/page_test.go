package edge_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/adapters/rest/edge"
)

// Row H05.
func TestPagesAreBounded(t *testing.T) {
	h := open(t, edge.Options{}, func(engine *gin.Engine) {
		engine.GET("/list", func(c *gin.Context) { page(c, 100) })
		engine.GET("/short", func(c *gin.Context) { page(c, 10) })
	})
	for target, want := range map[string]map[string]any{
		"/list":                       {"limit": 20.0, "cursor": ""},
		"/list?limit=1":               {"limit": 1.0, "cursor": ""},
		"/list?limit=100":             {"limit": 100.0, "cursor": ""},
		"/list?cursor=aB0-_%3D":       {"limit": 20.0, "cursor": "aB0-_="},
		"/list?limit=7&cursor=abc":    {"limit": 7.0, "cursor": "abc"},
		"/short":                      {"limit": 10.0, "cursor": ""},
		"/list?unrelated=left+to+who": {"limit": 20.0, "cursor": ""},
	} {
		if diff := cmp.Diff(want, h.get(t, target).fields(t)); diff != "" {
			t.Errorf("%s: %s", target, diff)
		}
	}
	for _, limit := range []string{
		"", "0", "-1", "101", "1000000000", "1e3", "1.0", "+5", "05", "0x5", "%205", "5%20", "٣",
		"9999999999999999999999", "5&limit=6",
	} {
		m := h.get(t, "/list?limit="+limit).wantFault(t, 400, "invalid_pagination")
		if m["param"] != "limit" {
			t.Errorf("%q: param %v", limit, m["param"])
		}
	}
	for _, cursor := range []string{
		"", "%00", "a%20b", "a'b", "%2e%2e%2f", strings.Repeat("a", 513), "a&cursor=b", "é",
	} {
		m := h.get(t, "/list?cursor="+cursor).wantFault(t, 400, "invalid_pagination")
		if m["param"] != "cursor" {
			t.Errorf("%q: param %v", cursor, m["param"])
		}
	}
	h.get(t, "/short?limit=11").wantFault(t, 400, "invalid_pagination")
}

func page(c *gin.Context, most int) {
	limit, cursor, err := edge.Page(c, most)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"limit": limit, "cursor": cursor})
}
