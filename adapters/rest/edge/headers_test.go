package edge_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/adapters/rest/edge"
)

func TestRequestIDIsTheClientsOnlyIfHarmless(t *testing.T) {
	h := open(t, edge.Options{NewRequestID: func() string { return "minted-id" }}, orders)
	long := strings.Repeat("a", 64)
	for given, want := range map[string]string{
		"abcDEF-_12": "abcDEF-_12", "12345678": "12345678", long: long,
		"": "minted-id", "1234567": "minted-id", long + "a": "minted-id",
		"abcdefgh ij": "minted-id", "abcdefgh=1": "minted-id", "abcdefgé": "minted-id",
		`abcdefgh"msg`: "minted-id",
	} {
		r := h.request(t, http.MethodGet, "/v1/sessions/1", "")
		r.Header.Set("X-Request-Id", given)
		if got := do(t, r).header.Values("X-Request-Id"); len(got) != 1 || got[0] != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}

func TestRequestIDsAreMintedWithoutBeingTold(t *testing.T) {
	h := open(t, edge.Options{}, orders)
	a, b := h.get(t, "/v1/sessions/1"), h.get(t, "/v1/sessions/1")
	idA, idB := a.header.Get("X-Request-Id"), b.header.Get("X-Request-Id")
	if len(idA) < 8 || idA == idB {
		t.Errorf("ids %q and %q", idA, idB)
	}
}

func TestSecurityHeadersAreOnEveryAnswer(t *testing.T) {
	page := func(engine *gin.Engine) {
		orders(engine)
		engine.GET("/page", func(c *gin.Context) { c.Header("Cache-Control", "public, max-age=60") })
	}
	want := map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control": "no-store", "Strict-Transport-Security": "",
		"Access-Control-Allow-Origin": "",
	}
	check := func(h house, path string) {
		t.Helper()
		header, got := h.get(t, path).header, map[string]string{}
		for name := range want {
			got[name] = header.Get(name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	plain := open(t, edge.Options{}, page)
	check(plain, "/v1/sessions/1")
	check(plain, "/none")
	check(plain, "/v1/payments")
	want["Strict-Transport-Security"] = "max-age=31536000"
	secure := open(t, edge.Options{Secure: true}, page)
	check(secure, "/v1/sessions/1")
	want["Cache-Control"] = "public, max-age=60"
	check(secure, "/page")
	want["Cache-Control"] = "no-store"
	check(secure, "/v1/sessions/1") // a page's override is its own
}

// The log names the template: a path holds session ids, which open the session to whoever has one.
func TestAccessLogHoldsNoSecret(t *testing.T) {
	h := open(t, edge.Options{}, orders)
	r := h.request(t, http.MethodPost, "/v1/payments?q=canary-query", `{"amount":"canary-body"}`)
	r.Header.Set("Authorization", "Bearer canary-header")
	r.Header.Set("User-Agent", "canary-agent")
	do(t, r)
	got := h.get(t, "/v1/sessions/canary-id")
	h.get(t, "/canary-path")
	h.raw(t, "CANARY /v1/sessions/x HTTP/1.1\r\nHost: canary-host\r\n\r\n")
	h.Close()
	if strings.Contains(strings.ToLower(h.log.String()), "canary") {
		t.Errorf("log: %s", h.log)
	}
	lines := h.log.lines(t, "request served")
	if len(lines) != 4 {
		t.Fatalf("log: %s", h.log)
	}
	line := lines[1]
	if _, ok := line["took"].(float64); !ok {
		t.Errorf("took %v", line["took"])
	}
	delete(line, "took")
	delete(line, "time")
	want := map[string]any{
		"level": "DEBUG", "msg": "request served", "method": "GET", "route": "/v1/sessions/:id",
		"status": 200.0, "bytes": float64(len(got.body)), "remote_ip": "127.0.0.1",
		"request_id": got.header.Get("X-Request-Id"),
	}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Error(diff)
	}
	if lines[2]["route"] != "unmatched" || lines[3]["method"] != "other" ||
		lines[0]["code"] != "unexpected_query" {
		t.Errorf("log: %s", h.log)
	}
}

// Row F14. Gin believes every X-Forwarded-For unless it is told not to.
func TestOnlyTrustedProxiesTellTheAddress(t *testing.T) {
	whoami := func(engine *gin.Engine) {
		engine.GET("/ip", func(c *gin.Context) { c.String(http.StatusOK, edge.ByIP(c)) })
	}
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	for _, tt := range []struct {
		trusted   []netip.Prefix
		forwarded []string
		want      string
	}{
		{nil, nil, "127.0.0.1"},
		{nil, []string{"203.0.113.9"}, "127.0.0.1"},
		{loopback, []string{"203.0.113.9"}, "203.0.113.9"},
		{loopback, []string{"198.51.100.1, 203.0.113.9"}, "203.0.113.9"},
		{loopback, []string{"198.51.100.1", "203.0.113.9"}, "203.0.113.9"},
		{loopback, []string{"203.0.113.9, 127.0.0.2"}, "203.0.113.9"},
		{loopback, []string{"garbage"}, "127.0.0.1"},
		{loopback, []string{"2001:db8:1:2:3:4:5:6"}, "2001:db8:1:2::/64"},
		{loopback, []string{"2001:db8:1:2::ffff"}, "2001:db8:1:2::/64"},
		{loopback, []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
	} {
		h := open(t, edge.Options{TrustedProxies: tt.trusted}, whoami)
		r := h.request(t, http.MethodGet, "/ip", "")
		r.Header["X-Forwarded-For"] = tt.forwarded
		r.Header.Set("X-Real-Ip", "192.0.2.66")
		r.Header.Set("Forwarded", "for=192.0.2.66")
		if got := do(t, r).body; got != tt.want {
			t.Errorf("%v %q: %s, want %s", tt.trusted, tt.forwarded, got, tt.want)
		}
	}
}

func TestOnlyOpenPrefixesAnswerAcrossOrigins(t *testing.T) {
	h := open(t, edge.Options{CrossOrigin: []edge.CrossOrigin{
		{Prefix: "/v1/checkout/sessions/"},
		{Prefix: "/v1/resource/", Headers: []string{"X-PAYMENT", "PAYMENT-SIGNATURE"}},
		{Prefix: "/v1/deposits", Methods: []string{"PUT"}},
	}}, func(engine *gin.Engine) {
		ok := func(c *gin.Context) { c.String(http.StatusOK, "ok") }
		engine.GET("/v1/checkout/sessions/:id", ok)
		engine.POST("/v1/checkout/sessions", ok)
	})
	ask := func(method, path string) answer {
		r := h.request(t, method, path, "")
		r.Header.Set("Origin", "https://shop.example")
		r.Header.Set("Access-Control-Request-Method", "POST")
		return do(t, r)
	}
	for _, got := range []answer{
		ask("GET", "/v1/checkout/sessions/1"), ask("GET", "/v1/checkout/sessions/1/none"),
		ask("OPTIONS", "/v1/checkout/sessions/1/pay/intent"),
	} {
		want := map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "",
			"Cross-Origin-Resource-Policy": "cross-origin",
			"Access-Control-Expose-Headers": "X-PAYMENT-RESPONSE, PAYMENT-REQUIRED, " +
				"PAYMENT-RESPONSE, X-Request-Id, Idempotent-Replayed, Retry-After",
		}
		for name, value := range want {
			if got.header.Get(name) != value {
				t.Errorf("%s: %q, want %q", name, got.header.Get(name), value)
			}
		}
	}
	for path, want := range map[string][2]string{
		"/v1/checkout/sessions/1/pay/intent": {"GET, POST", ""},
		"/v1/resource/weather":               {"GET, POST", ", X-PAYMENT, PAYMENT-SIGNATURE"},
		"/v1/deposits":                       {"GET, POST, PUT", ""},
	} {
		got := ask("OPTIONS", path)
		headers := "Content-Type, Idempotency-Key, X-Request-Id, Access-Control-Expose-Headers" + want[1]
		if got.status != http.StatusNoContent || got.body != "" ||
			got.header.Get("Access-Control-Allow-Methods") != want[0] ||
			got.header.Get("Access-Control-Allow-Headers") != headers ||
			got.header.Get("Access-Control-Max-Age") != "600" {
			t.Errorf("%s: %d %v", path, got.status, got.header)
		}
	}
	for _, got := range []answer{
		ask("OPTIONS", "/v1/checkout/sessions"), ask("POST", "/v1/checkout/sessions"),
	} {
		for name := range got.header {
			if strings.HasPrefix(name, "Access-Control") {
				t.Errorf("%d: %s", got.status, name)
			}
		}
	}
}
