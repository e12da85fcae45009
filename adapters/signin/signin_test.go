package signin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/signin"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/member"
)

// Whoever registers is signed in, is the owner, and signs out again.
func TestRegisteringSigningOutAndIn(t *testing.T) {
	d := openDesk(t)
	b := d.signUp("Ann@shop.example")
	me := b.do("GET", "/dashboard/session", "").is(http.StatusOK)
	who := me.at(t, "member")
	if who["email"] != "ann@shop.example" || who["role"] != "owner" || len(me.list(t, "projects")) != 1 ||
		me.at(t, "factors")["totp"] != false || me.at(t, "session")["provenUntil"] != "2026-03-01T12:10:00.123456Z" {
		t.Errorf("she is %v", me)
	}
	rights := me.list(t, "rights")
	if len(rights) < 10 || rights[0] != "read_money" {
		t.Errorf("her rights are %v", rights)
	}
	b.do("DELETE", "/dashboard/session", "").is(http.StatusNoContent)
	b.do("GET", "/dashboard/session", "").fails(http.StatusUnauthorized, "unauthorized")
	in := `{"email":"ann@shop.example","password":"` + password + `"}`
	b.do("POST", "/dashboard/session", strings.Replace(in, password, "wrong horse", 1)).
		fails(http.StatusUnauthorized, "invalid_credentials")
	b.do("POST", "/dashboard/session", in).is(http.StatusCreated)
	b.do("POST", "/dashboard/account", in).fails(http.StatusConflict, "email_taken")
	b.do("POST", "/dashboard/account", `{"email":"x@y.example","password":"short"}`).fails(http.StatusBadRequest, "weak_password")
	b.do("POST", "/dashboard/session", `{"email":"ann@shop.example"}`).fails(http.StatusBadRequest, "invalid_request")
}

// The cookie is out of scripts' reach, goes to this host alone, by https alone, and to no request that
// another site caused. On plain http, which is for one's own machine, it has a name browsers take.
func TestTheCookie(t *testing.T) {
	for secure, name := range map[bool]string{true: "__Host-101pay", false: "101pay"} {
		d := openDesk(t, func(a *signin.API) { a.Jar.Secure = secure })
		b := d.signUp("ann@shop.example")
		seen := 0
		for _, c := range b.last.Cookies() {
			if c.Name != name && c.Name != name+"-device" {
				t.Errorf("cookie %s", c.Name)
			}
			if !c.HttpOnly || c.Secure != secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("cookie %v", c)
			}
			seen++
		}
		if seen != 2 {
			t.Errorf("%d cookies", seen)
		}
		token := b.cookies[name]
		if strings.Contains(b.do("GET", "/dashboard/session", "").body, token) {
			t.Error("the token is in an answer's body")
		}
	}
}

// A page of another origin cannot make a browser do anything here, whatever cookies it sends along.
func TestOtherOriginsAreRefused(t *testing.T) {
	d := openDesk(t)
	b := d.signUp("ann@shop.example")
	for name, headers := range map[string][]string{
		"by fetch metadata": {"Sec-Fetch-Site", "cross-site"},
		"by a sibling":      {"Sec-Fetch-Site", "same-site"},
		"by origin":         {"Sec-Fetch-Site", "", "Origin", "https://evil.example"},
		"by another scheme": {"Sec-Fetch-Site", "", "Origin", "http://evil.example"},
		"by null":           {"Sec-Fetch-Site", "", "Origin", "null"},
	} {
		for _, path := range []string{"/dashboard/session", "/dashboard/totp", "/dashboard/nothing", "/dashboard/graphql"} {
			r := b.do("DELETE", path, "", headers...)
			if r.status != http.StatusForbidden || r.is(http.StatusForbidden)["error"] != "cross_origin" {
				t.Errorf("%s: %s: %d %s", name, path, r.status, r.body)
			}
		}
	}
	b.do("GET", "/dashboard/session", "", "Sec-Fetch-Site", "cross-site").is(http.StatusOK)
	b.do("POST", "/dashboard/totp", "", "Sec-Fetch-Site", "", "Origin", public).is(http.StatusCreated)
	b.do("POST", "/dashboard/totp", "", "Sec-Fetch-Site", "").is(http.StatusCreated) // no browser
	d.browser().do("POST", "/v1/elsewhere", "", "Sec-Fetch-Site", "cross-site").fails(http.StatusNotFound, "not_found")
}

func TestSecondFactorsOverHTTP(t *testing.T) {
	d := openDesk(t)
	b := d.signUp("ann@shop.example")
	offered := b.do("POST", "/dashboard/totp", `{}`).is(http.StatusCreated)
	secret := offered.text(t, "secret")
	if !strings.HasPrefix(offered.text(t, "uri"), "otpauth://totp/101pay%20pay.example:ann@shop.example?") ||
		!strings.HasPrefix(offered.at(t, "qr").text(t, "path"), "M0 0h1v1h-1z") {
		t.Errorf("offered %v", offered)
	}
	b.do("POST", "/dashboard/totp/confirm", `{"code":"000000"}`).fails(http.StatusUnauthorized, "invalid_second_factor")
	before := b.cookies["__Host-101pay"]
	codes := b.do("POST", "/dashboard/totp/confirm", `{"code":"`+d.code(secret)+`"}`).is(http.StatusOK).list(t, "recoveryCodes")
	if len(codes) != 10 || b.cookies["__Host-101pay"] == before {
		t.Errorf("%d codes; the token rotated: %t", len(codes), b.cookies["__Host-101pay"] != before)
	}
	d.clock.pass(30 * time.Second)

	other := d.browser()
	in := func(more string) reply {
		return other.do("POST", "/dashboard/session", `{"email":"ann@shop.example","password":"`+password+`"`+more+`}`)
	}
	if m := in("").fails(http.StatusUnauthorized, "second_factor_required"); m["reason"] != "totp recovery_code" {
		t.Errorf("what would do: %v", m["reason"])
	}
	in(`,"code":"` + d.code(secret) + `"`).is(http.StatusCreated)
	in(`,"code":"`+d.code(secret)+`"`).fails(http.StatusUnauthorized, "invalid_second_factor")
	in(`,"recoveryCode":"` + codes[0].(string) + `"`).is(http.StatusCreated)
	in(`,"recoveryCode":"`+codes[0].(string)+`"`).fails(http.StatusUnauthorized, "invalid_second_factor")

	d.clock.pass(app.FreshFor)
	b.do("DELETE", "/dashboard/totp", "").fails(http.StatusForbidden, "reauth_required")
	b.do("POST", "/dashboard/session/proof", `{"password":"`+password+`"}`).fails(http.StatusUnauthorized, "second_factor_required")
	b.do("POST", "/dashboard/session/proof", `{"code":"`+d.code(secret)+`"}`).is(http.StatusOK)
	if n := len(b.do("POST", "/dashboard/recovery-codes", "").is(http.StatusCreated).list(t, "recoveryCodes")); n != 10 {
		t.Errorf("%d new codes", n)
	}
	b.do("DELETE", "/dashboard/totp", "").is(http.StatusNoContent)
	b.do("DELETE", "/dashboard/totp", "").fails(http.StatusNotFound, "not_found")
	b.do("POST", "/dashboard/recovery-codes", "").fails(http.StatusConflict, "no_second_factor")
	other.do("GET", "/dashboard/session", "").fails(http.StatusUnauthorized, "unauthorized")
}

func TestPasskeysOverHTTP(t *testing.T) {
	d := openDesk(t)
	b := d.signUp("ann@shop.example")
	offered := b.do("POST", "/dashboard/passkeys/registration", `{}`).is(http.StatusOK)
	if offered.at(t, "publicKey")["challenge"] != "offer" {
		t.Errorf("offered %v", offered)
	}
	add := func(challenge, label string) reply {
		return b.do("POST", "/dashboard/passkeys", `{"challenge":"`+challenge+`","label":"`+label+`","credential":{"id":"key 1"}}`)
	}
	add(offered.text(t, "challenge"), `a\u0000b`).fails(http.StatusBadRequest, "invalid_string")
	if n := len(add(offered.text(t, "challenge"), "laptop").is(http.StatusCreated).list(t, "recoveryCodes")); n != 10 {
		t.Errorf("%d recovery codes", n)
	}
	add(offered.text(t, "challenge"), "laptop").fails(http.StatusUnauthorized, "invalid_passkey")

	other := d.browser()
	answer := func(id string) string {
		asked := other.do("POST", "/dashboard/passkeys/challenge", `{}`).is(http.StatusOK)
		return `{"challenge":"` + asked.text(t, "challenge") + `","credential":{"id":"` + id + `"}}`
	}
	other.do("POST", "/dashboard/session/passkey", answer("key 2")).fails(http.StatusUnauthorized, "invalid_passkey")
	right := answer("key 1")
	other.do("POST", "/dashboard/session/passkey", right).is(http.StatusCreated)
	other.do("POST", "/dashboard/session/passkey", right).fails(http.StatusUnauthorized, "invalid_passkey")
	other.do("POST", "/dashboard/session/passkey", `{"challenge":"x"}`).fails(http.StatusBadRequest, "invalid_request")
	d.clock.pass(app.FreshFor + time.Second)
	other.do("POST", "/dashboard/session/proof", answer("key 1")).is(http.StatusOK)
	keys := other.do("GET", "/dashboard/passkeys", "").is(http.StatusOK).list(t, "passkeys")
	key, _ := keys[0].(map[string]any)
	if len(keys) != 1 || key["label"] != "laptop" || key["usedAt"] == "" {
		t.Fatalf("passkeys %v", keys)
	}
	id, _ := key["id"].(string)
	other.do("DELETE", "/dashboard/passkeys/xx", "").fails(http.StatusNotFound, "not_found")
	other.do("DELETE", "/dashboard/passkeys/"+id, "").is(http.StatusNoContent)
	other.do("POST", "/dashboard/session/passkey", answer("key 1")).fails(http.StatusUnauthorized, "invalid_passkey")
}

func TestThePasswordOverHTTP(t *testing.T) {
	d := openDesk(t)
	b := d.signUp("ann@shop.example")
	other := d.browser()
	other.do("POST", "/dashboard/session", `{"email":"ann@shop.example","password":"`+password+`"}`).is(http.StatusCreated)
	b.do("PUT", "/dashboard/password", `{"current":"wrong horse","password":"battery staple"}`).
		fails(http.StatusUnauthorized, "invalid_credentials")
	b.do("PUT", "/dashboard/password", `{"current":"`+password+`","password":"battery staple"}`).is(http.StatusNoContent)
	b.do("GET", "/dashboard/session", "").is(http.StatusOK)
	other.do("GET", "/dashboard/session", "").fails(http.StatusUnauthorized, "unauthorized")
	other.do("POST", "/dashboard/session", `{"email":"ann@shop.example","password":"battery staple"}`).is(http.StatusCreated)
}

func TestAnInvitationOverHTTP(t *testing.T) {
	d := openDesk(t)
	token := d.signUp("ann@shop.example").invite("bob@shop.example", "viewer")
	bob := d.browser()
	seen := bob.do("POST", "/dashboard/invitations/look", `{"token":"`+token+`"}`).is(http.StatusOK)
	if seen["email"] != "bob@shop.example" || seen["role"] != "viewer" || !strings.HasPrefix(seen.text(t, "merchant"), "Merchant 101") {
		t.Errorf("the invitation says %v", seen)
	}
	accept := `{"token":"` + token + `","password":"` + password + `"}`
	who := bob.do("POST", "/dashboard/invitations/accept", accept).is(http.StatusCreated).at(t, "member")
	if who["email"] != "bob@shop.example" || who["role"] != "viewer" {
		t.Errorf("he is %v", who)
	}
	bob.do("GET", "/dashboard/session", "").is(http.StatusOK)
	bob.do("POST", "/dashboard/invitations/look", `{"token":"`+token+`"}`).fails(http.StatusNotFound, "invitation_invalid")
	bob.do("POST", "/dashboard/invitations/accept", accept).fails(http.StatusNotFound, "invitation_invalid")
}

// A watch says whether a session still stands, and is no sign that anybody is there.
func TestWatchingIsNoPresence(t *testing.T) {
	d := openDesk(t)
	watch := signin.NewWatch(d.in, signin.Jar{Secure: true})
	stands := 0
	d.engine.GET("/watched", func(c *gin.Context) {
		for {
			who, err := watch(c)
			if err != nil {
				return
			}
			if known, ok := signin.ActorOf(c.Request.Context()); !ok || known != who || who.Email != "ann@shop.example" {
				t.Errorf("it let %+v in, and the request is %+v's", who, known)
			}
			stands++
			d.clock.pass(time.Hour)
		}
	})
	b := d.signUp("ann@shop.example")
	b.do("GET", "/watched", "")
	if want := int(member.VisitIdle / time.Hour); stands != want {
		t.Errorf("it stood for %d hours without anybody there, want %d", stands, want)
	}
	b.do("GET", "/dashboard/session", "").fails(http.StatusUnauthorized, "unauthorized")
}

// A body says what it may and nothing else; a query says nothing.
func TestBodiesAreReadStrictly(t *testing.T) {
	d := openDesk(t)
	b := d.signUp("ann@shop.example")
	for _, route := range d.engine.Routes() {
		if route.Method == http.MethodGet {
			continue
		}
		path := strings.ReplaceAll(route.Path, ":id", "00000000-0000-4000-8000-000000000001")
		for body, code := range map[string]string{
			`{"merchantId":"x"}`: "unknown_field", `{"Role":"owner"}`: "unknown_field", `[]`: "invalid_json", `{`: "invalid_json",
		} {
			if r := b.do(route.Method, path, body); r.status != http.StatusBadRequest || r.is(400)["error"] != code {
				t.Errorf("%s %s %s: %d %s, want %s", route.Method, path, body, r.status, r.body, code)
			}
		}
		if r := b.do(route.Method, path+"?role=owner", ""); r.status != http.StatusBadRequest && r.status != http.StatusUnsupportedMediaType {
			t.Errorf("%s %s with a query: %d %s", route.Method, path, r.status, r.body)
		}
	}
}

// Somebody who hammers is told to wait, and so is everybody at his address, and nobody else.
func TestBudgets(t *testing.T) {
	d := openDesk(t, func(a *signin.API) { a.Budgets.Door = signin.Budget{PerSecond: 0.5, Burst: 1} })
	b := d.browser()
	b.do("POST", "/dashboard/passkeys/challenge", "").is(http.StatusOK)
	if r := b.do("POST", "/dashboard/passkeys/challenge", ""); r.header.Get("Retry-After") != "2" {
		t.Errorf("%d %v", r.status, r.header)
	}
	b.do("GET", "/dashboard/session", "").fails(http.StatusUnauthorized, "unauthorized")
}
