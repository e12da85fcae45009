package native_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/merchant"
)

// keyed is a call with an Idempotency-Key.
func keyed(c call, key string) call {
	c.headers = map[string]string{"Idempotency-Key": key}
	return c
}

// Row G02: a repeated request has the first one's effect and answer, byte for byte, on every unsafe
// route.
func TestRepeatedRequestsAreAnsweredAlike(t *testing.T) {
	d := openDesk(t, withLiveRail)
	m := d.signUp("a@b.example")
	token, refresh := m.text(t, "token"), m.text(t, "refreshToken")
	key := d.newKey(token, `{"label":"till"}`)
	pair := `"publicKey":"` + key.text(t, "publicKey") + `","privateKey":"` + key.text(t, "privateKey") + `"`
	account := d.post("/v1/receiving-accounts", token,
		`{"network":"TRC20","asset":"USDT","address":"`+tronAddress+`"}`).
		is(http.StatusCreated).at(t, "receivingAccount").text(t, "id")
	rotated, revoked := d.newKey(token, `{}`).text(t, "id"), d.newKey(token, `{}`).text(t, "id")
	form, formType := upload(t, part{"file", "image/png", pngFile(t)})
	out := d.token("c@d.example")

	for _, c := range []call{
		{method: "POST", path: "/v1/auth/register", body: `{"email":"e@f.example","password":"correct horse"}`},
		{method: "POST", path: "/v1/auth/login", body: `{"email":"a@b.example","password":"correct horse"}`},
		{method: "POST", path: "/v1/auth/refresh", body: `{"refreshToken":"` + refresh + `"}`},
		{method: "POST", path: "/v1/auth/logout", token: out},
		{method: "POST", path: "/v1/auth/api-key/rotate", token: token},
		{method: "PATCH", path: "/v1/me", token: token, body: `{"name":"Café <&>"}`},
		{method: "PATCH", path: "/v1/project", token: token, body: `{"name":"Web"}`},
		{method: "POST", path: "/v1/keys", token: token, body: `{"mode":"live"}`},
		{method: "PATCH", path: "/v1/keys/" + rotated, token: token, body: `{"label":"x"}`},
		{method: "POST", path: "/v1/keys/" + rotated + "/rotate", token: token},
		{method: "POST", path: "/v1/keys/" + revoked + "/revoke", token: token, body: `{}`},
		{method: "DELETE", path: "/v1/keys/" + revoked, token: token},
		{method: "POST", path: "/v1/receiving-accounts", token: token, body: `{"network":"TRC20","asset":"USDT","address":"` + otherAddress + `","password":"` + password + `"}`},
		{method: "POST", path: "/v1/receiving-accounts/challenge", token: token, body: `{"network":"TRC20","address":"` + otherAddress + `"}`},
		{method: "PUT", path: "/v1/receiving-accounts/waiting-time", token: token, body: `{"hours":48}`},
		{method: "PUT", path: "/v1/payment-methods/usdt", token: token, body: `{"enabled":false}`},
		{method: "POST", path: "/v1/kyc", token: token, body: `{"legalName":"Café","country":"FR","kind":"company"}`},
		{method: "POST", path: "/v1/transactions/charge", body: `{` + pair + `,"amount":"9.99"}`},
	} {
		c := keyed(c, "key of "+c.method+" "+strings.ReplaceAll(c.path, "/", " "))
		first, second := d.do(c), d.do(c)
		if first.status >= 300 || first.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("%s %s: first answer %d %s", c.method, c.path, first.status, first.body)
		}
		if second.status != first.status || second.body != first.body ||
			second.header.Get("Idempotent-Replayed") != "true" ||
			second.header.Get("Content-Type") != first.header.Get("Content-Type") {
			t.Errorf("%s %s: %d %s %v,\nthen %d %s %v", c.method, c.path,
				first.status, first.body, first.header, second.status, second.body, second.header)
		}
	}
	// Removing without the password must fail, again and again.
	remove := keyed(call{method: "DELETE", path: "/v1/receiving-accounts/" + account, token: token}, "gone")
	d.do(remove).fails(http.StatusBadRequest, "password_required")
	d.do(remove).fails(http.StatusBadRequest, "password_required")

	// A form has another boundary at every try, and is still the same upload.
	send := func(body, contentType string) reply {
		return d.do(call{
			method: "POST", path: "/v1/kyc/documents", token: token, body: body,
			headers: map[string]string{"Content-Type": contentType, "Idempotency-Key": "form"},
		})
	}
	again, againType := upload(t, part{"file", "image/png", pngFile(t)})
	first, second := send(form, formType), send(again, againType)
	if formType == againType || first.status != http.StatusCreated || second.body != first.body {
		t.Errorf("uploads: %d %s, %d %s", first.status, first.body, second.status, second.body)
	}
	other, otherType := upload(t, part{"file", "application/pdf", pdfFile})
	send(other, otherType).fails(http.StatusUnprocessableEntity, "idempotency_key_reused")
	if docs := d.get("/v1/kyc/documents", token).is(http.StatusOK).list(t, "documents"); len(docs) != 1 {
		t.Errorf("%d documents", len(docs))
	}
}

// Rows G01 and G03 to G08.
func TestIdempotencyKeys(t *testing.T) {
	d := openDesk(t, withLiveRail)
	token, other := d.token("a@b.example"), d.token("c@d.example")
	create := call{method: "POST", path: "/v1/keys", token: token, body: `{"label":"a"}`}
	made := func() int { return len(d.get("/v1/keys", token).is(http.StatusOK).list(t, "keys")) }

	for name, key := range map[string]string{
		"G01 too long": strings.Repeat("k", 256), "G01 not printable": "a\tb", "G01 not ASCII": "é",
	} {
		d.do(keyed(create, key)).fails(http.StatusBadRequest, "invalid_idempotency_key")
		if t.Failed() {
			t.Fatal(name)
		}
	}
	d.doTwice(keyed(create, "k"), "Idempotency-Key", "k").fails(http.StatusBadRequest, "invalid_idempotency_key")
	if n := made(); n != 0 {
		t.Fatalf("%d keys made by refused requests", n)
	}

	first := d.do(keyed(create, "k"))
	first.is(http.StatusCreated)
	changed := create
	changed.body = `{"label":"b"}`
	d.do(keyed(changed, "k")).fails(http.StatusUnprocessableEntity, "idempotency_key_reused")
	elsewhere := call{method: "POST", path: "/v1/auth/api-key/rotate", token: token, body: create.body}
	d.do(keyed(elsewhere, "k")).fails(http.StatusBadRequest, "unknown_field")
	elsewhere.body = ""
	d.do(keyed(elsewhere, "k")).fails(http.StatusUnprocessableEntity, "idempotency_key_reused")
	d.do(keyed(call{method: "PATCH", path: "/v1/me", token: token, body: `{"name":"x"}`}, "k")).
		fails(http.StatusUnprocessableEntity, "idempotency_key_reused")

	pair := d.newKey(token, `{}`).text(t, "id")
	d.do(keyed(call{method: "POST", path: "/v1/keys/" + pair + "/revoke", token: token}, "path")).is(http.StatusOK)
	for _, path := range []string{"/rotate", "x/revoke"} {
		d.do(keyed(call{method: "POST", path: "/v1/keys/" + pair + path, token: token}, "path")).
			fails(http.StatusUnprocessableEntity, "idempotency_key_reused")
	}

	foreign := create // G05
	foreign.token = other
	if r := d.do(keyed(foreign, "k")); r.status != http.StatusCreated || r.body == first.body {
		t.Errorf("another merchant's request: %d %s", r.status, r.body)
	}
	d.do(call{method: "PATCH", path: "/v1/project", token: token, body: `{"mode":"live"}`}).is(http.StatusOK)
	if r := d.do(keyed(create, "k")); r.status != http.StatusCreated || r.body == first.body {
		t.Errorf("the same request in live mode: %d %s", r.status, r.body)
	}
	d.do(call{method: "PATCH", path: "/v1/project", token: token, body: `{"mode":"test"}`}).is(http.StatusOK)

	bad := create // G06
	bad.body = `{"label":1}`
	d.do(keyed(bad, "fresh")).fails(http.StatusBadRequest, "invalid_type")
	refused := call{method: "POST", path: "/v1/keys/none/rotate", token: token}
	d.do(keyed(refused, "fresh")).fails(http.StatusNotFound, "not_found")
	d.do(keyed(create, "fresh")).is(http.StatusCreated)

	err := d.store.Do(t.Context(), takeAway(merchantScope(d, token), "held", func() { // G03
		r := d.do(keyed(create, "held"))
		if r.fails(http.StatusConflict, "idempotency_in_progress"); r.header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After %q", r.header.Get("Retry-After"))
		}
	}))
	if err != nil {
		t.Fatal(err)
	}

	before := made()
	d.clock.pass(24*time.Hour + time.Second) // G08
	if err := d.store.Do(t.Context(), prunes(d.clock.Now())); err != nil {
		t.Fatal(err)
	}
	token = d.login("a@b.example")
	create.token = token
	if r := d.do(keyed(create, "k")); r.status != http.StatusCreated || made() != before+1 {
		t.Errorf("after a day: %d %s, %d keys, %d before", r.status, r.body, made(), before)
	}
}

// Of many requests with one key, sent at once, one works; the others are answered like it or told
// that it is being worked on.
func TestRacingRequestsWorkOnce(t *testing.T) {
	d := openDesk(t)
	token := d.token("a@b.example")
	create := keyed(call{method: "POST", path: "/v1/keys", token: token, body: `{"label":"a"}`}, "k")
	const racers = 32
	answers := make([]reply, racers)
	var group sync.WaitGroup
	for i := range racers {
		group.Go(func() { answers[i] = d.do(create) })
	}
	group.Wait()
	bodies := map[string]bool{}
	for _, r := range answers {
		switch r.status {
		case http.StatusCreated:
			bodies[r.body] = true
		default:
			r.fails(http.StatusConflict, "idempotency_in_progress")
		}
	}
	if n := len(d.get("/v1/keys", token).is(http.StatusOK).list(t, "keys")); n != 1 || len(bodies) != 1 {
		t.Errorf("%d keys made, %d different answers", n, len(bodies))
	}
}

// What is kept to tell requests apart must be of no use to whoever reads the database: it is not the
// plain hash of a body that holds a password.
func TestFingerprintsAreKeyed(t *testing.T) {
	d := openDesk(t)
	d.signUp("a@b.example")
	login := call{method: "POST", path: "/v1/auth/login", body: `{"email":"a@b.example","password":"correct horse"}`}
	d.do(keyed(login, "k")).is(http.StatusOK)
	plain := plainFingerprint(login)
	err := d.store.Do(t.Context(), takes("account a@b.example", "k", plain))
	if err == nil {
		t.Error("the fingerprint is the plain hash of the request")
	}
	// A replay is no way around the password.
	login.body = `{"email":"a@b.example","password":"wrong horse!"}`
	d.do(keyed(login, "k")).fails(http.StatusUnauthorized, "invalid_credentials")
}

// merchantScope is the scope of a merchant's keys in test mode.
func merchantScope(d *desk, token string) string {
	id := d.get("/v1/me", token).is(http.StatusOK).at(d.T, "merchant").text(d.T, "id")
	return "merchant " + id + " " + merchant.Test.String()
}
