package native_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/rest/native"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/ports"
)

// A registration answers all a merchant needs, and each of it works.
func TestRegistrationAnswers(t *testing.T) {
	d := openDesk(t)
	m := d.post("/v1/auth/register", "",
		`{"email":"Owner@Shop.Example","password":"correct horse","name":"Café"}`).is(http.StatusCreated)
	who := m.at(t, "merchant")
	if id := who.text(t, "clientId"); len(id) != 15 || !strings.HasPrefix(id, "101") {
		t.Errorf("client id %q", id)
	}
	if who["email"] != "owner@shop.example" || who["name"] != "Café" || who["createdAt"] != "2026-03-01T12:00:00.123456Z" {
		t.Errorf("merchant %v", who)
	}
	if !strings.HasPrefix(m.text(t, "apiKey"), "ap_test_") || m["tokenType"] != "Bearer" || m["expiresIn"] != 900.0 {
		t.Errorf("answer %v", m)
	}
	me := d.get("/v1/me", m.text(t, "token")).is(http.StatusOK)
	if got := me.at(t, "merchant"); got["id"] != who["id"] {
		t.Errorf("me: %v, want %v", got, who)
	}
	if p := me.at(t, "project"); p["mode"] != "test" || p.at(t, "policy")["sessionMinutes"] != 30.0 {
		t.Errorf("project %v", p)
	}
	if name := d.signUp("b@shop.example").at(t, "merchant").text(t, "name"); !strings.HasPrefix(name, "Merchant 101") {
		t.Errorf("a merchant without a name is called %q", name)
	}
	d.post("/v1/auth/register", "", `{"email":"OWNER@shop.example","password":"another horse"}`).
		fails(http.StatusConflict, "email_taken")
}

// Rows F11, D03, D05 and those of the fields themselves.
func TestRegistrationRefuses(t *testing.T) {
	d := openDesk(t)
	for name, c := range map[string]struct{ body, code, param string }{
		"no email":         {`{"password":"correct horse"}`, "invalid_request", "email"},
		"no password":      {`{"email":"a@b.example"}`, "invalid_request", "password"},
		"no address":       {`{"email":"nonsense","password":"correct horse"}`, "invalid_email", "email"},
		"F11 short":        {`{"email":"a@b.example","password":"elevenchars"}`, "weak_password", "password"},
		"F11 long":         {`{"email":"a@b.example","password":"` + strings.Repeat("x", 129) + `"}`, "weak_password", "password"},
		"F11 known":        {`{"email":"a@b.example","password":"password1234"}`, "weak_password", "password"},
		"D03 bidi":         {`{"email":"a@b.example","password":"correct horse","name":"a\u202eb"}`, "invalid_string", "name"},
		"D03 zero width":   {`{"email":"a@b.example","password":"correct horse","name":"a\u200bb"}`, "invalid_string", "name"},
		"D05 wide":         {`{"email":"a@b.example","password":"correct horse","name":"ａdmin"}`, "confusable_name", "name"},
		"D05 two scripts":  {`{"email":"a@b.example","password":"correct horse","name":"Cаfe"}`, "confusable_name", "name"},
		"A08 its own id":   {`{"email":"a@b.example","password":"correct horse","merchantId":"1"}`, "unknown_field", "merchantId"},
		"A21 wrong type":   {`{"email":1,"password":"correct horse"}`, "invalid_type", "email"},
		"A10 NUL in name":  {`{"email":"a@b.example","password":"correct horse","name":"a\u0000"}`, "invalid_string", "name"},
		"name of 81 runes": {`{"email":"a@b.example","password":"correct horse","name":"` + strings.Repeat("é", 81) + `"}`, "name_too_long", "name"},
	} {
		if m := d.post("/v1/auth/register", "", c.body).fails(http.StatusBadRequest, c.code); m["param"] != c.param {
			t.Errorf("%s: param %v, want %s", name, m["param"], c.param)
		}
	}
	if strings.Contains(d.log.String(), "correct horse") || strings.Contains(d.log.String(), "elevenchars") {
		t.Error("a password is in the log")
	}
	d.signUp("a@b.example") // nothing was kept of the refused ones
}

// The life of a login: signed in, refreshed, and ended by whoever presents a spent refresh token.
func TestRefreshRotatesAndReuseRevokes(t *testing.T) {
	d := openDesk(t)
	d.signUp("a@b.example")
	in := d.post("/v1/auth/login", "", `{"email":"A@b.example","password":"correct horse"}`).is(http.StatusOK)
	if len(in) != 4 {
		t.Errorf("login answers %v", in)
	}
	refresh := func(token string) reply {
		return d.post("/v1/auth/refresh", "", `{"refreshToken":"`+token+`"}`)
	}
	spent := in.text(t, "refreshToken")
	next := refresh(spent).is(http.StatusOK)
	d.get("/v1/me", next.text(t, "token")).is(http.StatusOK)

	refresh(spent).fails(http.StatusUnauthorized, "unauthorized")
	d.get("/v1/me", next.text(t, "token")).fails(http.StatusUnauthorized, "unauthorized")
	refresh(next.text(t, "refreshToken")).fails(http.StatusUnauthorized, "unauthorized")
	refresh("").fails(http.StatusUnauthorized, "unauthorized")
	d.post("/v1/auth/refresh", "", `{}`).fails(http.StatusBadRequest, "invalid_request")
}

// Row F07, as far as it is not the token's own format: the header, the end of a token, and logout.
func TestAccessTokensAreReadOneWay(t *testing.T) {
	d := openDesk(t)
	m := d.signUp("a@b.example")
	token, apiKey := m.text(t, "token"), m.text(t, "apiKey")
	for name, header := range map[string]string{
		"none": "", "no scheme": token, "other scheme": "Basic " + token, "no token": "Bearer ",
		"two tokens": "Bearer " + token + ", Bearer " + token, "trailing": "Bearer " + token + " x",
		"two spaces": "Bearer  " + token, "altered": "Bearer " + token[:len(token)-1],
		"100 kB of points": "Bearer " + strings.Repeat(".", 100_000), "API key": "Bearer " + apiKey,
	} {
		got := d.do(call{method: "GET", path: "/v1/me", headers: map[string]string{"Authorization": header}})
		if got.fails(http.StatusUnauthorized, "unauthorized"); t.Failed() {
			t.Fatalf("failing: %s", name)
		}
	}
	two := func() reply {
		c := call{method: "GET", path: "/v1/me", token: token}
		return d.doTwice(c, "Authorization", "Bearer "+token)
	}
	two().fails(http.StatusUnauthorized, "unauthorized")
	d.do(call{method: "GET", path: "/v1/me", headers: map[string]string{"Authorization": "bearer " + token}}).is(http.StatusOK)

	d.clock.pass(15*time.Minute - time.Second)
	d.get("/v1/me", token).is(http.StatusOK)
	d.clock.pass(time.Second)
	d.get("/v1/me", token).fails(http.StatusUnauthorized, "unauthorized")

	in := d.post("/v1/auth/login", "", `{"email":"a@b.example","password":"correct horse"}`).is(http.StatusOK)
	d.post("/v1/auth/logout", in.text(t, "token"), "").is(http.StatusNoContent)
	d.get("/v1/me", in.text(t, "token")).fails(http.StatusUnauthorized, "unauthorized")
	d.post("/v1/auth/logout", in.text(t, "token"), "").fails(http.StatusUnauthorized, "unauthorized")
	d.post("/v1/auth/logout", "", "").fails(http.StatusUnauthorized, "unauthorized")
}

// Rows F09 and F10: an unknown address and a wrong password read alike, and neither can be tried
// often, whatever X-Forwarded-For says (row F14).
func TestLoginAttemptsAreCounted(t *testing.T) {
	d := openDesk(t)
	d.signUp("a@b.example")
	try := func(email, password, from string) reply {
		return d.do(call{
			method: "POST", path: "/v1/auth/login", body: `{"email":"` + email + `","password":"` + password + `"}`,
			headers: map[string]string{"X-Forwarded-For": from},
		})
	}
	var bodies []string
	for i, email := range []string{"a@b.example", "x@b.example", "nonsense"} {
		r := try(email, "wrong horse!", "203.0.113."+strconv.Itoa(i))
		r.fails(http.StatusUnauthorized, "invalid_credentials")
		bodies = append(bodies, r.body)
	}
	if bodies[0] != bodies[1] || bodies[0] != bodies[2] {
		t.Errorf("answers differ:\n%s", strings.Join(bodies, "\n"))
	}
	for i := range 9 {
		try("A@b.example", "wrong horse!", "203.0.113."+strconv.Itoa(i)).fails(http.StatusUnauthorized, "invalid_credentials")
	}
	r := try("a@B.example", password, "203.0.113.99")
	if r.fails(http.StatusTooManyRequests, "rate_limited"); r.header.Get("Retry-After") != "900" {
		t.Errorf("Retry-After %q", r.header.Get("Retry-After"))
	}
	d.clock.pass(15 * time.Minute)
	try("a@b.example", password, "").is(http.StatusOK)
	for range 10 { // the right password made the count begin again
		try("a@b.example", "wrong horse!", "").fails(http.StatusUnauthorized, "invalid_credentials")
	}

	// 12 wrong ones from this address lately; what came before the right one is long ago.
	for i := range 40 {
		try("x"+strconv.Itoa(i)+"@b.example", "wrong horse!", "198.51.100."+strconv.Itoa(i)).
			fails(http.StatusUnauthorized, "invalid_credentials")
	}
	try("fresh@b.example", "wrong horse!", "198.51.100.250").fails(http.StatusTooManyRequests, "rate_limited")
}

// Each class of routes has a budget of its own.
func TestBudgetsAreByClass(t *testing.T) {
	d := openDesk(t, withBudgets(native.Budgets{
		Public:        native.Budget{PerSecond: 0.5, Burst: 1},
		Authenticated: native.Budget{PerSecond: 0.5, Burst: 2},
		Login:         native.Budget{PerSecond: 0.5, Burst: 3},
	}))
	refresh := func() reply { return d.post("/v1/auth/refresh", "", `{}`) }
	refresh().fails(http.StatusBadRequest, "invalid_request")
	if r := refresh(); r.header.Get("Retry-After") != "2" {
		t.Errorf("Retry-After %q", r.header.Get("Retry-After"))
	} else {
		r.fails(http.StatusTooManyRequests, "rate_limited")
	}
	for range 2 {
		d.get("/v1/me", "").fails(http.StatusUnauthorized, "unauthorized")
	}
	d.post("/v1/transactions/charge", "", `{}`).fails(http.StatusTooManyRequests, "rate_limited")
	d.signUp("a@b.example")
	d.post("/v1/auth/login", "", `{}`).fails(http.StatusBadRequest, "invalid_request")
	d.post("/v1/auth/login", "", `{}`).fails(http.StatusBadRequest, "invalid_request")
	d.post("/v1/auth/register", "", `{}`).fails(http.StatusTooManyRequests, "rate_limited")
	d.clock.pass(2 * time.Second)
	refresh().fails(http.StatusBadRequest, "invalid_request")
}

// What may be changed about a merchant and his project is changed, what is left out is not, and the
// refusals name the field.
func TestMeAndProject(t *testing.T) {
	d := openDesk(t)
	token := d.token("a@b.example")
	patch := func(path, body string) reply {
		return d.do(call{method: "PATCH", path: path, token: token, body: body})
	}
	if m := patch("/v1/me", `{"name":"喫茶店"}`).is(http.StatusOK).at(t, "merchant"); m["name"] != "喫茶店" {
		t.Errorf("renamed %v", m)
	}
	patch("/v1/me", `{}`).fails(http.StatusBadRequest, "invalid_request")
	patch("/v1/me", `{"email":"x@y.example"}`).fails(http.StatusBadRequest, "unknown_field")

	p := patch("/v1/project", `{"name":"Web","websiteUrl":"https://EXAMPLE.com/","policy":{"latePolicy":"hold"}}`).
		is(http.StatusOK).at(t, "project")
	if p["name"] != "Web" || p["websiteUrl"] != "https://example.com" || p["mode"] != "test" {
		t.Errorf("project %v", p)
	}
	patch("/v1/project", `{"policy":{"sessionMinutes":45,"recordedCharges":true}}`).is(http.StatusOK)
	got := d.get("/v1/project", token).is(http.StatusOK).at(t, "project")
	policy := got.at(t, "policy")
	if policy["sessionMinutes"] != 45.0 || policy["latePolicy"] != "hold" || policy["recordedCharges"] != true {
		t.Errorf("policy %v", policy)
	}
	before := d.state(token)
	for body, want := range map[string]struct{ code, param string }{
		`{"mode":"Live"}`:                           {"invalid_mode", "mode"},
		`{"policy":{"sessionMinutes":4}}`:           {"invalid_policy", "sessionMinutes"},
		`{"policy":{"latePolicy":"refuse"}}`:        {"invalid_policy", "latePolicy"},
		`{"policy":{"sessionMinutes":"45"}}`:        {"invalid_type", "policy.sessionMinutes"},
		`{"policy":{"sessionMinutes":1e1}}`:         {"invalid_type", "policy.sessionMinutes"},
		`{"disabled":false}`:                        {"unknown_field", "disabled"},
		`{"websiteUrl":"https://127.1"}`:            {"invalid_website_url", "websiteUrl"},
		`{"websiteUrl":"http://example.com"}`:       {"invalid_url_scheme", "websiteUrl"},
		`{"websiteUrl":"https://example.com:8443"}`: {"invalid_url_port", "websiteUrl"},
		`{"name":"ａ"}`:                              {"confusable_name", "name"},
		`{"name":""}`:                               {"invalid_name", "name"},
	} {
		if m := patch("/v1/project", body).fails(http.StatusBadRequest, want.code); m["param"] != want.param {
			t.Errorf("%s: param %v, want %s", body, m["param"], want.param)
		}
	}
	patch("/v1/project", `{"mode":"live"}`).fails(http.StatusConflict, "live_rail_missing")
	if d.state(token) != before {
		t.Error("a refusal changed something")
	}
	other := d.token("c@d.example")
	d.do(call{method: "PATCH", path: "/v1/project", token: other, body: `{"websiteUrl":"https://example.com."}`}).
		fails(http.StatusConflict, "website_already_linked")
}

// This door asks for no less than the dashboard does: an account with a second factor opens to its
// password alone neither here nor there (docs/adr/0018).
func TestLoginAsksForTheSecondFactor(t *testing.T) {
	d := openDesk(t)
	d.signUp("a@b.example")
	secret := []byte("twenty bytes of key.")
	recovery := deskVault{}.Digest(keys.NewSecret("recovery " + string(d.member("a@b.example").ID) + " aaaabbbb"))
	d.unit(func(ctx context.Context, r ports.Repos) error {
		m, err := r.Members.ByEmail(ctx, "a@b.example")
		if err != nil {
			return err
		}
		sealed, err := deskVault{}.Seal("totp "+string(m.ID), secret)
		if err != nil {
			return err
		}
		return r.Factors.Save(ctx, m.ID, member.Factors{
			TOTP: member.TOTP{Sealed: sealed, ConfirmedAt: d.clock.Now()}, Recovery: [][]byte{recovery},
		})
	})
	login := func(more string) reply {
		return d.post("/v1/auth/login", "", `{"email":"a@b.example","password":"`+password+`"`+more+`}`)
	}
	m := login("").fails(http.StatusUnauthorized, "second_factor_required")
	if m["reason"] != "totp recovery_code" {
		t.Errorf("what would do: %v", m["reason"])
	}
	login(`,"totp":"000000"`).fails(http.StatusUnauthorized, "invalid_second_factor")
	in := login(`,"recoveryCode":"AAAA-BBBB"`).is(http.StatusOK)
	d.get("/v1/me", in.text(t, "token")).is(http.StatusOK)
	login(`,"recoveryCode":"AAAA-BBBB"`).fails(http.StatusUnauthorized, "invalid_second_factor")
}

// Others of a team than its owners get no token that acts for the whole account.
func TestOnlyOwnersLogIn(t *testing.T) {
	d := openDesk(t)
	d.signUp("a@b.example")
	d.unit(func(ctx context.Context, r ports.Repos) error {
		m, err := r.Members.ByEmail(ctx, "a@b.example")
		if err != nil {
			return err
		}
		m.Role = member.Accountant
		return r.Members.Save(ctx, m)
	})
	d.post("/v1/auth/login", "", `{"email":"a@b.example","password":"`+password+`"}`).
		fails(http.StatusForbidden, "role_forbidden")
}

func (d *desk) unit(fn func(ctx context.Context, r ports.Repos) error) {
	d.Helper()
	if err := d.store.Do(d.Context(), fn); err != nil {
		d.Fatal(err)
	}
}

func (d *desk) member(email string) (m member.Member) {
	d.Helper()
	d.unit(func(ctx context.Context, r ports.Repos) (err error) {
		m, err = r.Members.ByEmail(ctx, email)
		return err
	})
	return m
}
