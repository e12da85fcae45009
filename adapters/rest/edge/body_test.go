package edge_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
)

// Rows A01 to A11, A21 and A22: what a body may look like.
func TestBodiesThatCouldBeReadTwoWaysAreRefused(t *testing.T) {
	h := open(t, edge.Options{}, orders)
	deep := func(n int) string {
		return `{"amount":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`
	}
	long := strings.Repeat("é", 40)
	for _, tt := range []struct{ row, body, code, param string }{
		{"A01", "", "invalid_json", ""},
		{"A01", "  \n", "invalid_json", ""},
		{"A02", "null", "invalid_json", ""},
		{"A02", "[]", "invalid_json", ""},
		{"A02", `"x"`, "invalid_json", ""},
		{"A02", "1", "invalid_json", ""},
		{"A03", `{"amount":"1`, "invalid_json", ""},
		{"A03", `{"amount":"1"`, "invalid_json", ""},
		{"A03", `{"amount":"1",}`, "invalid_json", ""},
		{"A04", `{"amount":"1"}{"amount":"2"}`, "invalid_json", ""},
		{"A04", `{"amount":"1"} x`, "invalid_json", ""},
		{"A04", `{"amount":"1"} null`, "invalid_json", ""},
		{"A04", `{"amount":"1"},`, "invalid_json", ""},
		{"A05", `{"amount":"1","amount":"2"}`, "duplicate_field", "amount"},
		{"A05", `{"metadata":{"a":"1","b":"","a":"1"}}`, "duplicate_field", "metadata.a"},
		{"A05", `{"x":{"y":[{"z":1,"z":2}]}}`, "duplicate_field", "x.y.0.z"},
		{"A06", `{"amount":"1","amoun\u0074":"2"}`, "duplicate_field", "amount"},
		{"A07", `{"AMOUNT":"1"}`, "unknown_field", "AMOUNT"},
		{"A07", `{"\u017ftatus":"paid"}`, "unknown_field", "ſtatus"},
		{"A07", `{"metadat\u212a":"1"}`, "unknown_field", "metadat\u212a"},
		{"A08", `{"merchantId":"1"}`, "unknown_field", "merchantId"},
		{"A08", `{"status":null}`, "unknown_field", "status"},
		{"A08", `{"livemode":true}`, "unknown_field", "livemode"},
		{"A08", `{"__proto__":{}}`, "unknown_field", "__proto__"},
		{"A08", `{"items":[{"price":"1"},{"Price":"1"}]}`, "unknown_field", "items.1.Price"},
		{"A08", `{"a` + long + `":1}`, "unknown_field", "a" + long[:62] + "…"},
		{"A09", "{\"amount\":\"\xff\"}", "invalid_json", ""},
		{"A09", "{\"\xc0\xaf\":\"1\"}", "invalid_json", ""},
		{"A09", `{"amount":"\ud800"}`, "invalid_json", ""},
		{"A09", `{"amount":"\udc00\ud800"}`, "invalid_json", ""},
		{"A09", "\ufeff{\"amount\":\"1\"}", "invalid_json", ""},
		{"A10", `{"amount":"a\u0000b"}`, "invalid_string", "amount"},
		{"A10", `{"metadata":{"k":"\u0000"}}`, "invalid_string", "metadata.k"},
		{"A10", `{"metadata":{"\u0000":"v"}}`, "invalid_string", "metadata.\x00"},
		{"A10", "{\"amount\":\"a\x00b\"}", "invalid_json", ""},
		{"A11", deep(20), "invalid_json", ""},
		{"A11", strings.Repeat("[", 10_000), "invalid_json", ""},
		{"A11", deep(10_000), "invalid_json", ""},
		{"A21", `{"amount":1}`, "invalid_type", "amount"},
		{"A21", `{"amount":true}`, "invalid_type", "amount"},
		{"A21", `{"amount":null}`, "invalid_type", "amount"},
		{"A21", `{"amount":{}}`, "invalid_type", "amount"},
		{"A21", `{"amount":["1"]}`, "invalid_type", "amount"},
		{"A21", `{"description":null}`, "invalid_type", "description"},
		{"A21", `{"description":5}`, "invalid_type", "description"},
		{"A21", `{"count":"1"}`, "invalid_type", "count"},
		{"A21", `{"count":1.5}`, "invalid_type", "count"},
		{"A21", `{"count":1e400}`, "invalid_type", "count"},
		{"A21", `{"metadata":{"k":1}}`, "invalid_type", "metadata.k"},
		{"A21", `{"metadata":{"k":null}}`, "invalid_type", "metadata.k"},
		{"A21", `{"items":[{"price":"1"},null]}`, "invalid_type", "items.1"},
	} {
		t.Run(tt.row+" "+tt.body[:min(len(tt.body), 40)], func(t *testing.T) {
			m := h.post(t, tt.body).wantFault(t, http.StatusBadRequest, tt.code)
			param, _ := m["param"].(string)
			if param != tt.param {
				t.Errorf("param %q, want %q", param, tt.param)
			}
		})
	}
}

func TestLawfulBodiesAreReadExactly(t *testing.T) {
	h := open(t, edge.Options{}, orders)
	for body, want := range map[string]string{
		`{}`: `{"amount":"","description":null,"count":0,"metadata":null,"items":null}`,
		" {\"amount\" : \"\\u0039.99\"}\r\n": `{"amount":"9.99","description":null,"count":0,` +
			`"metadata":null,"items":null}`,
		`{"description":"","count":-3,"metadata":{"a":"\\u0000","b":"\ud83d\ude00"},"items":[]}`:
		// An escaped backslash before "u0000" is no NUL.
		`{"amount":"","description":"","count":-3,"metadata":{"a":"\\u0000","b":"😀"},"items":[]}`,
	} {
		if got := h.post(t, body); got.status != http.StatusOK || got.body != want {
			t.Errorf("%s\ngot  %d %s\nwant %s", body, got.status, got.body, want)
		}
	}
}

// Row A12, with and without a Content-Length, and the exact boundary.
func TestBodiesAreBounded(t *testing.T) {
	var streamed error
	h := open(t, edge.Options{BodyLimits: map[string]int64{"/v1/kyc/:id": 100_000}},
		func(engine *gin.Engine) {
			orders(engine)
			engine.POST("/v1/kyc/:id", func(c *gin.Context) {
				if _, streamed = io.Copy(io.Discard, c.Request.Body); streamed != nil {
					edge.Fail(c, streamed)
				}
			})
		})
	filled := func(n int) string {
		const frame = `{"amount":""}`
		return `{"amount":"` + strings.Repeat("9", n-len(frame)) + `"}`
	}
	for _, tt := range []struct {
		path string
		size int
		want int
	}{
		{"/v1/payments", 64 << 10, http.StatusOK},
		{"/v1/payments", 64<<10 + 1, http.StatusRequestEntityTooLarge},
		{"/v1/payments", 8 << 20, http.StatusRequestEntityTooLarge},
		{"/v1/kyc/1", 100_000, http.StatusOK},
		{"/v1/kyc/1", 100_001, http.StatusRequestEntityTooLarge},
		{"/nowhere", 64<<10 + 1, http.StatusRequestEntityTooLarge},
	} {
		for _, chunked := range []bool{false, true} {
			if chunked && tt.path == "/nowhere" {
				continue // nobody reads it, so nobody learns its size
			}
			r := h.request(t, http.MethodPost, tt.path, filled(tt.size))
			if chunked {
				r.ContentLength = -1
			}
			got := do(t, r)
			if got.status != tt.want {
				t.Errorf("%s %d bytes, chunked %v: %d %.200s", tt.path, tt.size, chunked,
					got.status, got.body)
			}
			if tt.want == http.StatusRequestEntityTooLarge {
				got.wantFault(t, tt.want, "body_too_large")
			}
		}
	}
}

// An announced body is refused before a byte of it is read, and the connection goes with it.
func TestAnnouncedBodyIsRefusedUnread(t *testing.T) {
	h := open(t, edge.Options{}, orders)
	const head = "POST /v1/payments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	for _, rest := range []string{
		"Content-Length: 65537\r\n\r\n",
		"Transfer-Encoding: chunked\r\n\r\n20000\r\n" + strings.Repeat(" ", 64<<10+1),
	} {
		conn := h.dial(t)
		if _, err := io.WriteString(conn, head+rest); err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(conn) // ends because the server closes
		if err != nil || !strings.HasPrefix(string(all), "HTTP/1.1 413") ||
			!strings.Contains(string(all), "Connection: close\r\n") {
			t.Errorf("%v %q", err, all)
		}
	}
}

// Rows A13 and A14.
func TestOnlyPlainJSONIsRead(t *testing.T) {
	h := open(t, edge.Options{}, orders)
	for _, tt := range []struct {
		types []string
		want  int
	}{
		{[]string{"application/json"}, 200},
		{[]string{"Application/JSON; Charset=UTF-8"}, 200},
		{[]string{`application/json;charset="utf-8"`}, 200},
		{nil, 415},
		{[]string{""}, 415},
		{[]string{"text/plain"}, 415},
		{[]string{"application/json; charset=utf-16"}, 415},
		{[]string{"application/json; charset=utf-8; charset=utf-16"}, 415},
		{[]string{"application/json; profile=x"}, 415},
		{[]string{"multipart/form-data; boundary=x"}, 415},
		{[]string{"application/x-www-form-urlencoded"}, 415},
		{[]string{"application/jsonp"}, 415},
		{[]string{"application/problem+json"}, 415},
		{[]string{"application/json, text/plain"}, 415},
		{[]string{"application/json", "text/plain"}, 415},
		{[]string{"application/json", "application/json"}, 415},
	} {
		r := h.request(t, http.MethodPost, "/v1/payments", `{}`)
		r.Header["Content-Type"] = tt.types
		got := do(t, r)
		if got.status != tt.want {
			t.Errorf("%q: %d %s", tt.types, got.status, got.body)
		}
		if tt.want == 415 {
			got.wantFault(t, 415, "unsupported_media_type")
		}
	}
	for _, encoding := range []string{"gzip", "identity", "br, gzip", ""} {
		r := h.request(t, http.MethodPost, "/v1/payments", `{}`)
		r.Header.Set("Content-Encoding", encoding)
		do(t, r).wantFault(t, 415, "unsupported_encoding")
	}
}

// A signature is over bytes, so reading JSON must not cost them; and whoever reads the body after
// us (a GraphQL server) must find it.
func TestRawBodyIsWhatWasSent(t *testing.T) {
	const body = " {\"amount\": \"1\\u0030\"}\n"
	h := open(t, edge.Options{}, func(engine *gin.Engine) {
		engine.POST("/v1/payments", func(c *gin.Context) {
			before, err1 := edge.RawBody(c)
			var o order
			err2 := edge.Decode(c, &o)
			after, err3 := edge.RawBody(c)
			rest, err4 := io.ReadAll(c.Request.Body)
			if err1 != nil || err2 != nil || err3 != nil || err4 != nil || o.Amount != "10" {
				t.Error(err1, err2, err3, err4, o)
			}
			c.JSON(http.StatusOK, []string{string(before), string(after), string(rest)})
		})
	})
	want := `[" {\"amount\": \"1\\u0030\"}\n"," {\"amount\": \"1\\u0030\"}\n",` +
		`" {\"amount\": \"1\\u0030\"}\n"]`
	if got := h.post(t, body); got.body != want {
		t.Errorf("got %s", got.body)
	}
}
