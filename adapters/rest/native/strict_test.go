package native_test

import (
	"net/http"
	"strings"
	"testing"
)

// withBody are the routes of accounts that read a JSON body, each with one it accepts.
func withBody(d *desk, token string) []call {
	id := d.newKey(token, `{}`).text(d.T, "id")
	return []call{
		{method: "POST", path: "/v1/auth/register", body: `{"email":"x@y.example","password":"correct horse"}`},
		{method: "POST", path: "/v1/auth/login", body: `{"email":"a@b.example","password":"correct horse"}`},
		{method: "POST", path: "/v1/auth/refresh", body: `{"refreshToken":"x"}`},
		{method: "PATCH", path: "/v1/me", token: token, body: `{"name":"x"}`},
		{method: "PATCH", path: "/v1/project", token: token, body: `{"name":"x"}`},
		{method: "POST", path: "/v1/keys", token: token, body: `{"label":"x"}`},
		{method: "PATCH", path: "/v1/keys/" + id, token: token, body: `{"label":"x"}`},
		{method: "POST", path: "/v1/receiving-accounts", token: token, body: `{"network":"TRC20","asset":"USDT","address":"` + tronAddress + `"}`},
		{method: "POST", path: "/v1/receiving-accounts/challenge", token: token, body: `{"network":"TRC20","address":"` + tronAddress + `"}`},
		{method: "PUT", path: "/v1/receiving-accounts/waiting-time", token: token, body: `{"hours":1}`},
		{method: "PUT", path: "/v1/payment-methods/usdt", token: token, body: `{"enabled":true}`},
		{method: "POST", path: "/v1/kyc", token: token, body: `{"legalName":"x","country":"FR","kind":"company"}`},
		{method: "POST", path: "/v1/transactions/charge", body: `{"publicKey":"x","privateKey":"x","amount":"1"}`},
		{method: "POST", path: "/v1/auth/api-key/rotate", token: token, body: `{"mode":"test"}`},
		{method: "POST", path: "/v1/keys/" + id + "/revoke", token: token, body: `{}`},
		{method: "POST", path: "/v1/keys/" + id + "/rotate", token: token, body: `{}`},
		{method: "DELETE", path: "/v1/keys/" + id, token: token, body: `{}`},
	}
}

// Rows A01 to A14, A21 and A22, on every route that reads a body: whatever could be read two ways is
// refused, and changes nothing.
func TestBodiesAreReadOneWay(t *testing.T) {
	d := openDesk(t)
	token := d.token("a@b.example")
	calls := withBody(d, token)
	before := d.state(token)
	for _, c := range calls {
		inside := strings.TrimSuffix(strings.TrimPrefix(c.body, "{"), "}")
		if inside != "" {
			inside += ","
		}
		name, _, _ := strings.Cut(inside, ":")
		for _, bad := range []struct{ body, code string }{
			{"null", "invalid_json"},
			{"[]", "invalid_json"},
			{`"x"`, "invalid_json"},
			{"1", "invalid_json"},
			{`{"a":"1`, "invalid_json"},
			{c.body + c.body, "invalid_json"},
			{c.body + " x", "invalid_json"},
			{`{` + inside + `"status":"paid"}`, "unknown_field"},
			{`{` + inside + `"merchantId":"1"}`, "unknown_field"},
			{`{` + inside + `"livemode":true}`, "unknown_field"},
			{`{` + inside + `"__proto__":{}}`, "unknown_field"},
			{`{` + inside + `"` + "\u017f" + `tatus":"paid"}`, "unknown_field"},
			{"\ufeff" + c.body, "invalid_json"},
			{"{\"a\":\"\xff\"}", "invalid_json"},
			{`{"a":"\ud800"}`, "invalid_json"},
			{strings.Repeat("[", 10_000), "invalid_json"},
			{`{"a":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + "}", "invalid_json"},
		} {
			c.body = bad.body
			if d.do(c).fails(http.StatusBadRequest, bad.code); t.Failed() {
				t.Fatalf("%s %s %.60q", c.method, c.path, bad.body)
			}
		}
		if name != "" {
			c.body = `{` + inside + name + `:"2"}`
			d.do(c).fails(http.StatusBadRequest, "duplicate_field")
			c.body = `{` + strings.ToUpper(name) + `:"1"}`
			d.do(c).fails(http.StatusBadRequest, "unknown_field")
			c.body = `{` + name + `:null}`
			d.do(c).fails(http.StatusBadRequest, "invalid_type")
			c.body = `{` + name + `:{}}`
			d.do(c).fails(http.StatusBadRequest, "invalid_type")
		}
		c.body = `{` + inside + `"x":"` + strings.Repeat("x", 64<<10) + `"}`
		d.do(c).fails(http.StatusRequestEntityTooLarge, "body_too_large")
		for _, contentType := range []string{"text/plain", "", "application/json; charset=utf-16", "multipart/form-data; boundary=x"} {
			c.body, c.headers = `{`+strings.TrimSuffix(inside, ",")+`}`, map[string]string{"Content-Type": contentType}
			d.do(c).fails(http.StatusUnsupportedMediaType, "unsupported_media_type")
		}
		c.headers = map[string]string{"Content-Encoding": "gzip"}
		d.do(c).fails(http.StatusUnsupportedMediaType, "unsupported_encoding")
		c.headers = nil
		c.path += "?amount=1"
		if d.do(c).fails(http.StatusBadRequest, "unexpected_query"); t.Failed() {
			t.Fatalf("%s %s", c.method, c.path)
		}
	}
	if after := d.state(token); after != before {
		t.Errorf("refusals changed\n%s\ninto\n%s", before, after)
	}
}

// Row A01, on the routes that cannot do without a body, and rows A15 and A16.
func TestPathsAndMethods(t *testing.T) {
	d := openDesk(t)
	token := d.token("a@b.example")
	for _, c := range withBody(d, token)[:11] {
		c.body, c.headers = "", map[string]string{"Content-Type": "application/json"}
		if d.do(c).fails(http.StatusBadRequest, "invalid_json"); t.Failed() {
			t.Fatalf("%s %s", c.method, c.path)
		}
	}
	for path, allow := range map[string]string{
		"/v1/auth/register": "POST", "/v1/auth/login": "POST", "/v1/auth/refresh": "POST", "/v1/auth/logout": "POST",
	} {
		r := d.get(path, token)
		if r.fails(http.StatusMethodNotAllowed, "method_not_allowed"); r.header.Get("Allow") != allow {
			t.Errorf("%s: Allow %q", path, r.header.Get("Allow"))
		}
	}
	for _, path := range []string{"/v1/", "/v1/unknown", "/v1/keys/", "/v1//keys", "/v1/me/", "/v1/ME"} {
		d.get(path, token).fails(http.StatusNotFound, "not_found")
	}
}

// Every route a merchant signs in for asks who he is before anything else.
func TestNothingOpensWithoutALogin(t *testing.T) {
	d := openDesk(t)
	m := d.signUp("a@b.example")
	token, apiKey := m.text(t, "token"), m.text(t, "apiKey")
	key := d.newKey(token, `{}`)
	for _, c := range []call{
		{method: "GET", path: "/v1/me"},
		{method: "PATCH", path: "/v1/me"},
		{method: "GET", path: "/v1/project"},
		{method: "PATCH", path: "/v1/project"},
		{method: "POST", path: "/v1/keys"},
		{method: "GET", path: "/v1/keys"},
		{method: "GET", path: "/v1/keys/" + key.text(t, "id")},
		{method: "PATCH", path: "/v1/keys/" + key.text(t, "id")},
		{method: "DELETE", path: "/v1/keys/" + key.text(t, "id")},
		{method: "POST", path: "/v1/keys/" + key.text(t, "id") + "/revoke"},
		{method: "POST", path: "/v1/keys/" + key.text(t, "id") + "/rotate"},
		{method: "POST", path: "/v1/auth/api-key/rotate"},
		{method: "POST", path: "/v1/auth/logout"},
		{method: "PATCH", path: "/v1/receiving-accounts/x"},
		{method: "POST", path: "/v1/receiving-accounts/challenge"},
		{method: "PUT", path: "/v1/receiving-accounts/waiting-time"},
		{method: "GET", path: "/v1/payment-methods"},
		{method: "PUT", path: "/v1/payment-methods/usdt"},
		{method: "GET", path: "/v1/kyc"},
		{method: "POST", path: "/v1/kyc"},
		{method: "GET", path: "/v1/kyc/documents"},
		{method: "POST", path: "/v1/kyc/documents"},
		{method: "GET", path: "/v1/transactions"},
		{method: "GET", path: "/v1/transactions/statement?from=2026-01-01&to=2026-01-02"},
		{method: "GET", path: "/v1/transactions/20260301000000001"},
	} {
		for _, credential := range []string{"", apiKey, key.text(t, "privateKey"), "x.y"} {
			c.token = credential
			if d.do(c).fails(http.StatusUnauthorized, "unauthorized"); t.Failed() {
				t.Fatalf("%s %s with %q", c.method, c.path, credential)
			}
		}
	}
}
