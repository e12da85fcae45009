package edge_test

import (
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/adapters/rest/edge"
)

// Rows A15 and A16.
func TestUnknownRoutesAndMethods(t *testing.T) {
	h := open(t, edge.Options{}, orders)
	for _, method := range []string{"GET", "HEAD", "TRACE", "DELETE", "OPTIONS", "BREW", "post"} {
		got := do(t, h.request(t, method, "/v1/payments", ""))
		if got.header.Get("Allow") != "POST" {
			t.Errorf("%s: Allow %q", method, got.header.Get("Allow"))
		}
		if method == "HEAD" {
			if got.status != http.StatusMethodNotAllowed || got.body != "" {
				t.Errorf("HEAD: %d %q", got.status, got.body)
			}
			continue
		}
		got.wantFault(t, http.StatusMethodNotAllowed, "method_not_allowed")
	}
	for _, path := range []string{"/", "/v1", "/v1/payments/", "/v1/Payments", "/v1/payments/x", "/v1/sessions/1/"} {
		h.get(t, path).wantFault(t, http.StatusNotFound, "not_found")
	}
}

// Row A17. Each is sent as it stands; none may reach a route.
func TestPathTricksReachNoRoute(t *testing.T) {
	h := open(t, edge.Options{}, func(engine *gin.Engine) {
		for _, route := range []string{"/v1/payments", "/v1/sessions/:id", "/files/*path"} {
			engine.GET(route, func(c *gin.Context) { c.String(http.StatusOK, "reached") })
		}
	})
	for _, path := range []string{
		"/v1//payments", "//v1/payments", "/v1/payments//", "/v1/./payments", "/./v1/payments",
		"/v1/x/../payments", "/v1/%2e%2e/payments", "/v1/%2E/payments", "/v1/.%2e/v1/payments",
		"/v1/payments%25", "/v1/payments%00", "/v1/payments%20", "/v1/payments%0a",
		"/v1/payments;x", "/v1;x/payments", "/v1/payments%3bx", `/v1\payments`, "/v1%5cpayments",
		"/v1%2fpayments", "/v1/%70ayments", "/v1/payments%3f", "/v1/payments%23",
		"/v1/sessions/..", "/v1/sessions/%2e%2e", "/v1/sessions/.", "/v1/sessions/a%2fb",
		"/v1/sessions/a;b", "/v1/sessions/%ff", "/v1/sessions/%", "*",
		"/files/../v1/payments", "/files/a//b", "/files/..%2f..%2fetc/passwd", "/files/%2e%2e/x",
	} {
		got := h.raw(t, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
		if path == "/v1/sessions/%" {
			// net/http cannot read such a path and answers before any handler of ours.
			if got.status != http.StatusBadRequest || got.body == "reached" {
				t.Errorf("%s: %d %s", path, got.status, got.body)
			}
			continue
		}
		if got.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, got.status, got.body)
			continue
		}
		got.wantFault(t, http.StatusNotFound, "not_found")
	}
	for path, want := range map[string]string{
		"/v1/payments": "reached", "/v1/sessions/a.b-c_d~e": "reached", "/files/": "reached",
		"/v1/sessions/a:b+c@d": "reached", "/v1/sessions/a%3Ab": "reached",
		"/v1/sessions/%E6%97%A5": "reached", "/files/a/b.js": "reached", "/v1/payments?": "reached",
	} {
		if got := h.raw(t, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); got.body != want {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

// Row A22, and the query of routes that take one.
func TestQueriesAreReadStrictly(t *testing.T) {
	h := open(t, edge.Options{}, func(engine *gin.Engine) {
		orders(engine)
		engine.GET("/list", func(c *gin.Context) {
			q, err := edge.Query(c, "kind", "from")
			if err != nil {
				edge.Fail(c, err)
				return
			}
			c.JSON(http.StatusOK, q)
		})
	})
	r := h.request(t, http.MethodPost, "/v1/payments?amount=2", `{"amount":"1"}`)
	if m := do(t, r).wantFault(t, 400, "unexpected_query"); m["param"] != "amount" {
		t.Errorf("param %v", m["param"])
	}
	for query, want := range map[string]string{
		"kind=a&kind=b": "kind", "Kind=a": "Kind", "kind[]=a": "kind[]", "z=1&b=1&kind=a": "b",
		"=": "", "a;b": "", "kind=%zz": "",
	} {
		m := h.get(t, "/list?"+query).wantFault(t, 400, "unexpected_query")
		if param, _ := m["param"].(string); param != want {
			t.Errorf("%s: param %q, want %q", query, param, want)
		}
	}
	for _, query := range []string{"kind=%00", "kind=%ff"} {
		h.get(t, "/list?"+query).wantFault(t, 400, "invalid_string")
	}
	want := map[string]any{"kind": []any{""}, "from": []any{"a b"}}
	if diff := cmp.Diff(want, h.get(t, "/list?kind=&from=a+b").fields(t)); diff != "" {
		t.Error(diff)
	}
}
