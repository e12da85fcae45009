package graphql_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/101pay/101pay/adapters/graphql"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/ports"
)

// Rows L01 to L07 and L10: what is refused, how, and that nothing was asked of the store for it.
func TestTooMuchIsRefusedBeforeAnythingIsAsked(t *testing.T) {
	w := open(t)
	s := w.shop("corner")
	id := s.ids["project"]
	payments := func(inside string) string {
		return fmt.Sprintf(`{ payments(project: %q, mode: TEST, first: 100) { nodes { %s } } }`, id, inside)
	}
	deep := "events(first: 100) { deliveries { attempts { number } } }" // the deepest there is
	aliases := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "a%d: __typename ", i)
		}
		return "{ " + b.String() + "}"
	}
	for name, c := range map[string]struct {
		query  string
		status int
		code   string
	}{
		"L01 schema":            {`{ __schema { types { name } } }`, 200, "INTROSPECTION_DISABLED"},
		"L01 type":              {`{ viewer { id } ... on Query { __type(name: "Query") { name } } }`, 200, "INTROSPECTION_DISABLED"},
		"L01 in a fragment":     {`{ ...f } fragment f on Query { __schema { queryType { name } } }`, 200, "INTROSPECTION_DISABLED"},
		"L01 suggestion":        {`{ viewr { id } }`, 422, "GRAPHQL_VALIDATION_FAILED"},
		"L02 tokens":            {"{ viewer { " + strings.Repeat("id ", 1000) + "} }", 422, "GRAPHQL_PARSE_FAILED"},
		"L02 directives":        {"{ viewer { id " + strings.Repeat("@a ", 10_000) + "} }", 422, "GRAPHQL_PARSE_FAILED"},
		"L02 aliases":           {aliases(2_000), 422, "GRAPHQL_PARSE_FAILED"},
		"21 aliases":            {aliases(21), 200, "ALIAS_LIMIT_EXCEEDED"},
		"deferred":              {`{ viewer { ... @defer { id } } }`, 200, "NOTHING_DEFERRED"},
		"deferred in a list":    {payments("...f @defer") + " fragment f on Payment { id }", 200, "NOTHING_DEFERRED"},
		"no GraphQL":            {"{ viewer { id }", 422, "GRAPHQL_PARSE_FAILED"},
		"L03 four lists":        {payments("events(first: 100) { deliveries { attempts { number } } }"), 200, "COMPLEXITY_LIMIT_EXCEEDED"},
		"L03 lists of look-ups": {payments("timeline { at }"), 200, "COMPLEXITY_LIMIT_EXCEEDED"},
		"L03 spread twice":      {payments("...a ...a") + " fragment a on Payment { " + deep + " }", 200, "COMPLEXITY_LIMIT_EXCEEDED"},
		"L04 a million":         {strings.Replace(payments("id"), "100", "1000000", 1), 200, "BAD_USER_INPUT"},
		"L04 minus one":         {strings.Replace(payments("id"), "100", "-1", 1), 200, "BAD_USER_INPUT"},
		"L04 none":              {strings.Replace(payments("id"), "100", "null", 1), 200, "BAD_USER_INPUT"},
		"L04 beyond an integer": {strings.Replace(payments("id"), "100", "99999999999999999999", 1), 422, "GRAPHQL_VALIDATION_FAILED"},
		"L06 two mutations": {
			`mutation { a: renameMerchant(name: "A") { userErrors { code } } b: renameMerchant(name: "B") { userErrors { code } } }`,
			200, "ONE_MUTATION",
		},
		"L06 in a fragment": {
			`mutation { ...f ...f a: renameMerchant(name: "A") { userErrors { code } } } fragment f on Mutation { renameMerchant(name: "B") { userErrors { code } } }`,
			200, "ONE_MUTATION",
		},
		"L10 a cycle":             {`{ viewer { ...a } } fragment a on Viewer { ...b } fragment b on Viewer { ...a }`, 422, "GRAPHQL_VALIDATION_FAILED"},
		"a subscription, at once": {fmt.Sprintf(`subscription { changes(project: %q, mode: TEST) { kind } }`, id), 200, "BAD_USER_INPUT"},
		"no such enum":            {fmt.Sprintf(`{ payments(project: %q, mode: PROD) { nodes { id } } }`, id), 422, "GRAPHQL_VALIDATION_FAILED"},
		"no such day": {
			fmt.Sprintf(`{ report(project: %q, mode: TEST, from: "2026-02-30", to: "2026-03-01") { by } }`, id), 200, "BAD_USER_INPUT",
		},
		"no cursor of ours": {strings.Replace(payments("id"), "100", `100, after: "AAAA"`, 1), 200, "BAD_USER_INPUT"},
	} {
		t.Run(name, func(t *testing.T) {
			before := w.work.count()
			a := w.ask(s.as(member.Owner), c.query, nil)
			if a.Status != c.status || a.code() != c.code {
				t.Fatalf("answered %d %.300s", a.Status, a.Body)
			}
			if strings.Contains(a.Body, "Did you mean") {
				t.Errorf("it suggests: %s", a.Body)
			}
			// Where the project was looked up to know whose it is, nothing else was.
			if n := w.work.count() - before; n > 1 || n > 0 && c.code != "BAD_USER_INPUT" {
				t.Errorf("%d units of work were done", n)
			}
		})
	}
	if a := w.ask(s.as(member.Owner), aliases(20), nil); len(a.Errors) > 0 {
		t.Errorf("20 aliases: %s", a.Body)
	}
	if name := w.asked(s.as(member.Owner), `{ merchant { name } }`, nil).at("merchant", "name"); name != "corner" {
		t.Errorf("the account is called %v", name)
	}
}

// The pages that the dashboard asks for are well within bounds.
func TestPagesOfTheDashboardAreWithinBounds(t *testing.T) {
	w := open(t)
	s := w.shop("corner")
	coin := "{ amount units asset decimals network }"
	w.asked(s.as(member.Viewer), `query($p: ID!) { payments(project: $p, mode: TEST, first: 100) {
		nodes { id status kind orderId description createdAt expiresAt updatedAt due { amount currency }
			received `+coin+` rest `+coin+` receipt { txId network from amount `+coin+` blockTime orderNo late }
			intent { method address amount `+coin+` rate { price source } } }
		pageInfo { endCursor hasNextPage } } }`, args{"p": s.ids["project"]})
	w.asked(s.as(member.Viewer), `query($id: ID!) { payment(id: $id) { id status
		timeline { kind at detail txId network orderNo eventId amount `+coin+` }
		explanation { headline about { reason txId amount } attempts { current cut ignored
			intent { id method address amount `+coin+` } scan { network from to until ok gaps { from until } }
			findings { reason final txId asset amount units from to blockTime confirmations needed } } }
		entries { orderNo kind bookedAt contentHash chainHash postings { source destination amount { amount currency } } }
		signedReceipt
		events(first: 20) { id type createdAt deliveries { id status attempts { number at statusCode outcome answer } } } } }`,
		args{"id": s.ids["payment"]})
	w.asked(s.as(member.Viewer), `query($p: ID!, $id: ID!) { event(project: $p, mode: TEST, id: $id) { id type body
		deliveries { id endpointId status attemptCount nextAt updatedAt attempts { number at tookMilliseconds statusCode
			outcome answer requestHead { name value } answerHead { name value } } } }
		webhookEndpoints(project: $p, mode: TEST) { id url enabled } }`,
		args{"p": s.ids["project"], "id": s.ids["event"]})
	w.asked(s.as(member.Owner), `{ team { members { id email role createdAt seenAt totp passkeys }
		invitations { id email role createdAt expiresAt } }
		auditLog(first: 100) { intact nodes { id at by ip device action subject before after } pageInfo { endCursor hasNextPage } }
		sessions { id device ip createdAt seenAt expiresAt current } }`, nil)
}

// Row L05: only one way to ask.
func TestRequestsHaveOneForm(t *testing.T) {
	w := open(t)
	owner := w.shop("corner").as(member.Owner)
	good := `{"query":"{ viewer { id } }"}`
	for name, c := range map[string]struct {
		body    string
		headers []string
		status  int
	}{
		"whole":             {`{"query":"query a { viewer { id } }","operationName":"a","variables":{}}`, nil, 200},
		"from our own page": {good, []string{"Sec-Fetch-Site", "same-origin"}, 200},
		"a batch":           {"[" + good + "]", nil, 400},
		"two":               {good + good, nil, 400},
		"one and a brace":   {good + " }", nil, 400},
		"one and a line":    {good + " \n", nil, 200},
		"none":              {"", nil, 400},
		"no query":          {`{"variables":{}}`, nil, 400},
		"null":              {`{"query":null}`, nil, 400},
		"persisted":         {`{"query":"{ viewer { id } }","extensions":{"persistedQuery":{"version":1,"sha256Hash":"0"}}}`, nil, 400},
		"unknown member":    {`{"query":"{ viewer { id } }","merchant":"1"}`, nil, 400},
		"too large":         {`{"query":"` + strings.Repeat(" ", 70_000) + `"}`, nil, 413},
		"plain text":        {good, []string{"Content-Type", "text/plain"}, 415},
		"a form":            {good, []string{"Content-Type", "multipart/form-data; boundary=x"}, 415},
		"our public origin": {good, []string{"Origin", "https://pay.example"}, 200},
		"another page":      {good, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"another origin":    {good, []string{"Origin", "https://evil.example"}, 403},
		"a query streamed":  {good, []string{"Accept", "text/event-stream"}, 422},
	} {
		if a := w.post(owner, c.body, c.headers...); a.Status != c.status {
			t.Errorf("%s: answered %d %.200s, want %d", name, a.Status, a.Body, c.status)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, graphql.Path+"?query=%7Bviewer%7Bid%7D%7D", nil)
	r.Header.Set("Actor", owner)
	if a := w.do(r); a.Status != http.StatusMethodNotAllowed {
		t.Errorf("GET: answered %d", a.Status)
	}
}

// Whoever writes a page may ask for the schema, where the operator says so.
func TestDevelopmentShowsTheSchema(t *testing.T) {
	w := open(t)
	w.api.Development = true
	w.mount()
	other := w.shop("corner")
	if a := w.ask(other.as(member.Owner), `{ __schema { queryType { name } } }`, nil); a.at("__schema", "queryType", "name") != "Query" {
		t.Errorf("answered %s", a.Body)
	}
}

// broken is a store of figures that fails, or panics.
type broken struct {
	ports.Figures
	panics bool
}

func (b broken) Booked(context.Context, ports.FigureQuery) ([]ports.DayBooked, error) {
	if b.panics {
		panic(errBroken)
	}
	return nil, errBroken
}

// Row L09: what fails on our side is logged, and told as no more than that.
func TestFailuresTellNothing(t *testing.T) {
	for _, panics := range []bool{false, true} {
		w := open(t)
		s := w.shop("corner")
		w.api.Figures.Reads = broken{panics: panics}
		a := w.ask(s.as(member.Owner), `query($p: ID!) { balances(project: $p, mode: TEST) { net } }`, args{"p": s.ids["project"]})
		if a.Status != 200 || a.code() != "INTERNAL" || strings.Contains(a.Body, "disk") {
			t.Errorf("answered %d %s", a.Status, a.Body)
		}
		if !strings.Contains(w.log.String(), "disk is full") {
			t.Errorf("the log has %q", w.log.String())
		}
	}
}

// Where money goes, and secrets of real money, need a proof of who asks that is not old.
func TestWhatMovesMoneyNeedsAFreshProof(t *testing.T) {
	w := open(t)
	s := w.shop("corner")
	w.mu.Lock()
	stale := w.actors[s.as(member.Owner)]
	stale.Proven = w.clock.Now().Add(-app.FreshFor)
	w.actors["stale"] = stale
	w.mu.Unlock()
	guarded := []string{
		"challengeReceivingAccount", "addReceivingAccount", "removeReceivingAccount", "setAddressWait",
		"registerAddressSource", "appendAddresses", "confirmAddressSource", "removeAddressSource",
		"inviteMember", "withdrawInvitation", "changeRole", "removeMember",
	}
	for name, f := range rootFields() {
		field, is := strings.CutPrefix(name, "Mutation.")
		if !is {
			continue
		}
		a := w.ask("stale", operation(name, f, 1), s.arguments(rows[name].args, nil))
		if got, want := a.code() == "REAUTH_REQUIRED", slices.Contains(guarded, field); got != want {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
	for _, secret := range []string{"createKeyPair", "rotateApiKey", "createWebhookEndpoint", "rotateWebhookSecret"} {
		r := rows["Mutation."+secret]
		given := s.arguments(r.args, nil)
		if inner, ok := given["input"].(args); ok {
			inner["mode"] = "LIVE"
		} else {
			given["mode"] = "LIVE"
		}
		if a := w.ask("stale", operation("Mutation."+secret, rootFields()["Mutation."+secret], 1), given); a.code() != "REAUTH_REQUIRED" {
			t.Errorf("%s: %s", secret, a.Body)
		}
	}
}

// A password that is given has to be right, and is not to be guessed here either.
func TestPasswordsCannotBeGuessed(t *testing.T) {
	w := open(t)
	s := w.shop("corner")
	owner := w.owner(s)
	remove := func(password any) answer {
		return w.ask(owner, `mutation($p: ID!, $id: ID!, $w: String) {
			removeReceivingAccount(project: $p, id: $id, password: $w) { removed userErrors { code } } }`,
			args{"p": s.ids["project"], "id": s.ids["account"], "w": password})
	}
	limited := false
	for range 100 {
		a := remove("wrong horse")
		if limited = a.code() == "RATE_LIMITED"; limited {
			break
		}
		if a.told("removeReceivingAccount") != "invalid_credentials" {
			t.Fatalf("answered %s", a.Body)
		}
	}
	if !limited {
		t.Error("a hundred wrong passwords were tried")
	}
	if a := remove(nil); a.at("removeReceivingAccount", "removed") != true {
		t.Errorf("a fresh proof alone: answered %s", a.Body)
	}
}

// readerOf is the role with the fewest rights that may ask for a field.
func readerOf(name string) member.Role {
	may := rows[name].may
	return may[len(may)-1]
}

// Every page of a list holds what the one before did not, to its end; a cursor of another list means nothing.
func TestPagesFollowOneAnother(t *testing.T) {
	w := open(t)
	s := w.shop("corner")
	for name, f := range rootFields() {
		if f.Arguments.ForName("after") == nil {
			continue
		}
		seen, after, reader := map[string]bool{}, any(nil), readerOf(name)
		query := operation(name, f, 3)
		given := s.arguments(rows[name].args, nil)
		given["first"] = 1
		for range 50 {
			given["after"] = after
			page := w.asked(s.as(reader), query, given).at(f.Name)
			for _, node := range page.(map[string]any)["nodes"].([]any) {
				id := fmt.Sprint(node.(map[string]any)["id"], node.(map[string]any)["orderNo"])
				if seen[id] {
					t.Fatalf("%s shows %s twice", name, id)
				}
				seen[id] = true
			}
			info := page.(map[string]any)["pageInfo"].(map[string]any)
			after = info["endCursor"]
			if info["hasNextPage"] != true {
				break
			}
		}
		all := s.arguments(rows[name].args, nil)
		all["first"] = 100
		whole := w.asked(s.as(reader), operation(name, f, 1), all).at(f.Name, "nodes").([]any)
		if len(whole) != len(seen) {
			t.Errorf("%s: %d in pages, %d at once", name, len(seen), len(whole))
		}
		if after == nil {
			continue
		}
		given["after"] = after
		for other, o := range rootFields() {
			if o.Arguments.ForName("after") == nil || other == name {
				continue
			}
			foreign := s.arguments(rows[other].args, nil)
			foreign["after"] = after
			if a := w.ask(s.as(readerOf(other)), operation(other, o, 1), foreign); a.code() != "BAD_USER_INPUT" {
				t.Errorf("%s took a cursor of %s: %s", other, name, a.Body)
			}
		}
	}
}

// A page that looks all day fills no log; what it changes, and what it was refused, is told.
func TestQueriesAreLoggedAsReads(t *testing.T) {
	w := open(t)
	s := w.shop("corner")
	var lines bytes.Buffer
	w.mountLogged(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for _, c := range []struct{ query, level string }{
		{`{ viewer { id } }`, "DEBUG"},
		{`{ payment(id: "nobody") { id } }`, "INFO"},
		{`{ viewer { nothing } }`, "INFO"},
		{`mutation { renameMerchant(name: "A") { userErrors { code } } }`, "INFO"},
	} {
		lines.Reset()
		w.ask(s.as(member.Owner), c.query, nil)
		if got := lines.String(); strings.Count(got, "request served") != 1 || !strings.Contains(got, "level="+c.level+" ") {
			t.Errorf("%s is logged as %s, want %s", c.query, got, c.level)
		}
	}
}
