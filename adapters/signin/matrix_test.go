package signin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/app"
)

// Answers a cell of the matrix may have.
const (
	in     = "in"     // served: whatever is wrong with the request is said, not who made it
	no     = "no"     // 401: not signed in
	reauth = "reauth" // 403 reauth_required
)

// cells say who reaches a route: nobody, a session that ended, a viewer, an accountant, a developer, an
// owner, an owner whose proof is old, and the owner of another account. Whom a route concerns is the cookie's
// to say alone, so no role is turned away: what a role grants is asked for in the schema.
type cells struct {
	anonymous, ended, viewer, accountant, developer, owner, stale, foreign string
}

var (
	open      = cells{in, in, in, in, in, in, in, in}
	signedIn  = cells{no, no, in, in, in, in, in, in}
	sensitive = cells{no, no, in, in, in, in, reauth, in}
)

// matrix has a row for every route. body is one that decodes, so that the answer is about who asks.
var matrix = map[string]struct {
	body string
	cells
}{
	"POST /dashboard/account":               {`{"email":"x","password":"y"}`, open},
	"POST /dashboard/session":               {`{"email":"x","password":"y"}`, open},
	"POST /dashboard/session/passkey":       {`{"challenge":"x","credential":{}}`, open},
	"POST /dashboard/passkeys/challenge":    {``, open},
	"POST /dashboard/invitations/look":      {`{"token":"x"}`, open},
	"POST /dashboard/invitations/accept":    {`{"token":"x","password":"y"}`, open},
	"GET /dashboard/session":                {``, signedIn},
	"DELETE /dashboard/session":             {``, signedIn},
	"POST /dashboard/session/proof":         {`{"password":"correct horse"}`, signedIn},
	"PUT /dashboard/password":               {`{"current":"correct horse","password":"battery staple"}`, sensitive},
	"POST /dashboard/totp":                  {``, sensitive},
	"POST /dashboard/totp/confirm":          {`{"code":"000000"}`, sensitive},
	"DELETE /dashboard/totp":                {``, sensitive},
	"POST /dashboard/recovery-codes":        {``, sensitive},
	"GET /dashboard/passkeys":               {``, signedIn},
	"POST /dashboard/passkeys/registration": {``, sensitive},
	"POST /dashboard/passkeys":              {`{"challenge":"x","label":"y","credential":{}}`, sensitive},
	"DELETE /dashboard/passkeys/:id":        {``, sensitive},
}

// Every route is reached by whom its row says, and a route without a row fails (threat P1-1).
func TestWhoReachesWhichRoute(t *testing.T) {
	routes := map[string]bool{}
	for _, r := range openDesk(t).engine.Routes() {
		route := r.Method + " " + r.Path
		routes[route] = true
		if _, listed := matrix[route]; !listed {
			t.Errorf("%s has no row", route)
		}
	}
	for route, row := range matrix {
		if !routes[route] {
			t.Errorf("%s has a row and is no route", route)
		}
		for who, want := range map[string]string{
			"anonymous": row.anonymous, "ended": row.ended, "viewer": row.viewer, "accountant": row.accountant,
			"developer": row.developer, "owner": row.owner, "stale": row.stale, "foreign": row.foreign,
		} {
			t.Run(route+" as "+who, func(t *testing.T) {
				if got := reach(t, route, row.body, who); got != want {
					t.Errorf("%s, want %s", got, want)
				}
			})
		}
	}
}

// reach tries a route as somebody, in an account of its own.
func reach(t *testing.T, route, body, who string) string {
	t.Helper()
	d := openDesk(t)
	ann := d.signUp("ann@shop.example")
	method, path, _ := strings.Cut(route, " ")
	b := as(t, ann, who)
	r := b.do(method, strings.Replace(path, ":id", "c29tZXRoaW5n", 1), body)
	code := ""
	if r.status >= http.StatusBadRequest {
		code, _ = r.is(r.status)["error"].(string)
	}
	switch {
	case code == "unauthorized":
		return no
	case code == "reauth_required":
		return reauth
	case r.status >= http.StatusInternalServerError:
		t.Fatalf("%d %s", r.status, r.body)
	}
	return in
}

// as is a browser in which somebody is signed in, or was.
func as(t *testing.T, ann *browser, who string) *browser {
	t.Helper()
	switch who {
	case "anonymous":
		return ann.browser()
	case "ended":
		kept := ann.browser()
		bob := ann.join("bob@shop.example", "owner")
		for name, value := range bob.cookies {
			kept.cookies[name] = value
		}
		bob.do("DELETE", "/dashboard/session", "").is(http.StatusNoContent)
		return kept
	case "owner":
		return ann
	case "stale":
		ann.clock.pass(app.FreshFor + time.Second)
		return ann
	case "foreign":
		return ann.signUp("eve@else.example")
	}
	return ann.join(who+"@shop.example", who)
}
