package graphql_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/101pay/101pay/adapters/graphql"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/ports/portstest"
)

// Who may ask for what.
var (
	everybody  = member.Roles()
	owners     = []member.Role{member.Owner}
	developers = []member.Role{member.Owner, member.Developer}
	deciders   = []member.Role{member.Owner, member.Accountant}
)

// row is a root field: who may ask for it, and with which arguments it is asked. An argument that begins
// with @ is the shop's id of that kind.
type row struct {
	may  []member.Role
	args map[string]any
	// told is the code a mutation that changes nothing of a stocked shop answers, "" where it works.
	told string
}

type args = map[string]any

// in is the arguments of what belongs to a project and mode.
func in(more ...args) args {
	out := args{"project": "@project", "mode": "TEST"}
	for _, m := range more {
		maps.Copy(out, m)
	}
	return out
}

// of is the arguments of what belongs to a project.
func of(more args) args {
	out := in(more)
	delete(out, "mode")
	return out
}

func input(in args) args { return args{"input": in} }

// rows has one for each root field of the schema: a new one without a row fails.
var rows = map[string]row{
	"Query.viewer":            {may: everybody},
	"Query.merchant":          {may: everybody},
	"Query.projects":          {may: everybody},
	"Query.project":           {may: everybody, args: args{"id": "@project"}},
	"Query.keyPairs":          {may: everybody, args: of(nil)},
	"Query.paymentMethods":    {may: everybody, args: of(nil)},
	"Query.receivingAccounts": {may: everybody, args: of(nil)},
	"Query.addressWait":       {may: everybody, args: of(nil)},
	"Query.addressSources":    {may: everybody, args: of(nil)},
	"Query.payments":          {may: everybody, args: in(args{"first": 2})},
	"Query.payment":           {may: everybody, args: args{"id": "@payment"}},
	"Query.search":            {may: everybody, args: in(args{"text": "@payment"})},
	"Query.entries":           {may: everybody, args: in(args{"first": 2})},
	"Query.entry":             {may: everybody, args: args{"mode": "TEST", "orderNo": "@order"}},
	"Query.balances":          {may: everybody, args: in()},
	"Query.webhookEndpoints":  {may: everybody, args: in()},
	"Query.webhookEndpoint":   {may: everybody, args: in(args{"id": "@endpoint"})},
	"Query.webhookEventTypes": {may: everybody},
	"Query.events":            {may: everybody, args: in(args{"payment": "@payment", "first": 2})},
	"Query.event":             {may: everybody, args: in(args{"id": "@event"})},
	"Query.queue":             {may: everybody, args: in(args{"first": 2})},
	"Query.resources":         {may: everybody, args: in(args{"first": 2})},
	"Query.resource":          {may: everybody, args: in(args{"sku": "@sku"})},
	"Query.agentPayments":     {may: everybody, args: in(args{"first": 2})},
	"Query.overview":          {may: everybody, args: in(args{"days": 7})},
	"Query.report":            {may: everybody, args: in(args{"from": "2026-03-01", "to": "2026-03-31"})},
	"Query.reportSchedules":   {may: deciders, args: in()},
	"Query.reportRuns":        {may: deciders, args: in(args{"first": 2})},
	"Query.rails":             {may: everybody},
	"Query.kyc":               {may: owners},
	"Query.team":              {may: owners},
	"Query.auditLog":          {may: owners, args: args{"filter": args{"member": "@owner"}, "first": 2}},
	"Query.sessions":          {may: everybody},

	"Mutation.renameMerchant": {may: developers, args: args{"name": "Corner shop"}},
	"Mutation.createProject":  {may: developers, args: args{"name": "Second"}},
	"Mutation.updateProject":  {may: developers, args: input(of(args{"name": "First", "late": "HOLD"}))},
	"Mutation.createKeyPair":  {may: developers, args: in(args{"label": "another"})},
	"Mutation.relabelKeyPair": {may: developers, args: of(args{"id": "@key", "label": "desk"})},
	"Mutation.revokeKeyPair":  {may: developers, args: of(args{"id": "@key"})},
	"Mutation.rotateKeyPair":  {may: developers, args: of(args{"id": "@key"})},
	"Mutation.rotateApiKey":   {may: developers, args: in()},
	"Mutation.challengeReceivingAccount": {may: owners, args: input(of(args{
		"network": "tron", "asset": "USDT", "address": string(tronAddress("elsewhere")),
	}))},
	"Mutation.addReceivingAccount": {may: owners, args: input(of(args{
		"network": "tron", "asset": "USDT", "address": string(tronAddress("elsewhere")),
	}))},
	"Mutation.relabelReceivingAccount": {may: owners, args: of(args{"id": "@account", "label": "safe"})},
	"Mutation.removeReceivingAccount":  {may: owners, args: of(args{"id": "@account"})},
	"Mutation.setAddressWait":          {may: owners, args: of(args{"hours": 48})},
	"Mutation.switchPaymentMethod":     {may: developers, args: of(args{"method": "usdt", "enabled": false})},
	"Mutation.registerAddressSource": {may: owners, args: input(of(args{
		"family": "tron", "addresses": []string{string(tronAddress("more of a pool"))},
	}))},
	"Mutation.appendAddresses": {may: owners, args: of(args{
		"id": "@source", "addresses": []string{string(tronAddress("most of a pool"))},
	})},
	"Mutation.confirmAddressSource": {may: owners, told: "first_address_mismatch", args: of(args{
		"id": "@source", "firstAddress": string(tronAddress("of nobody")),
	})},
	"Mutation.removeAddressSource": {may: owners, args: of(args{"id": "@source"})},
	"Mutation.createPayment":       {may: developers, args: input(in(args{"amount": "3", "currency": "USD"}))},
	"Mutation.cancelPayment":       {may: developers, args: args{"id": "@open"}},
	"Mutation.playScenario":        {may: developers, args: args{"id": "@open", "scenario": "exact"}},
	"Mutation.proveTransaction": {may: deciders, args: args{
		"payment": "@open", "txId": strings.Repeat("ab", 32),
	}},
	"Mutation.createWebhookEndpoint": {may: developers, args: input(in(args{"url": "https://shop.example/new"}))},
	"Mutation.updateWebhookEndpoint": {may: developers, args: input(in(args{"id": "@endpoint", "enabled": true}))},
	"Mutation.removeWebhookEndpoint": {may: developers, args: in(args{"id": "@endpoint"})},
	"Mutation.rotateWebhookSecret":   {may: developers, args: in(args{"id": "@endpoint"})},
	"Mutation.testWebhookEndpoint":   {may: developers, args: in(args{"id": "@endpoint"})},
	"Mutation.replayEvent":           {may: developers, args: in(args{"id": "@event", "endpoint": "@endpoint"})},
	"Mutation.createReportSchedule": {may: deciders, args: input(in(args{
		"every": "MONTH", "contents": "ENTRIES", "format": "JSON",
	}))},
	"Mutation.updateReportSchedule": {may: deciders, args: input(in(args{
		"id": "@schedule", "every": "WEEK", "contents": "DAYS", "format": "JSON",
	}))},
	"Mutation.removeReportSchedule": {may: deciders, args: in(args{"id": "@schedule"})},
	"Mutation.sendReportNow":        {may: deciders, args: in(args{"schedule": "@schedule"})},
	"Mutation.decideTransfer": {may: deciders, args: input(in(args{
		"id": "@transfer", "action": "ASSIGNED", "payment": "@open",
	}))},
	"Mutation.createResource": {may: developers, args: input(in(args{
		"sku": "weather", "price": "0.10", "currency": "USDC", "body": "sun",
	}))},
	"Mutation.updateResource":  {may: developers, args: input(in(args{"sku": "@sku", "title": "News"}))},
	"Mutation.archiveResource": {may: developers, args: in(args{"sku": "@sku"})},
	"Mutation.submitKyc": {may: owners, args: input(args{
		"legalName": "Shop Ltd", "country": "JP", "kind": "company", "registry": "1",
	})},
	"Mutation.inviteMember":       {may: owners, args: args{"email": "new@shop.example", "role": "VIEWER"}},
	"Mutation.withdrawInvitation": {may: owners, args: args{"id": "@invitation"}},
	"Mutation.changeRole":         {may: owners, args: args{"member": "@member", "role": "ACCOUNTANT"}},
	"Mutation.removeMember":       {may: owners, args: args{"id": "@member"}},
	"Mutation.endSession":         {may: everybody, args: args{"id": "@session"}},
	"Mutation.endOtherSessions":   {may: everybody},

	"Subscription.changes": {may: everybody, args: in()},
}

// named are arguments that are names of what belongs to a merchant, though no ID.
var named = []string{"sku"}

// unnamed are fields whose names are new: nobody's yet.
var unnamed = []string{"Mutation.createResource"}

// schema is the schema as it is served.
func schema() *ast.Schema {
	return graphql.NewExecutableSchema(graphql.Config{}).Schema()
}

func rootFields() map[string]*ast.FieldDefinition {
	out := map[string]*ast.FieldDefinition{}
	s := schema()
	for _, root := range []*ast.Definition{s.Query, s.Mutation, s.Subscription} {
		for _, f := range root.Fields {
			if !strings.HasPrefix(f.Name, "__") {
				out[root.Name+"."+f.Name] = f
			}
		}
	}
	return out
}

// operation asks for a root field and for everything below it that needs no more arguments, so many deep.
func operation(name string, f *ast.FieldDefinition, depth int) string {
	kind, _, _ := strings.Cut(name, ".")
	var declared, passed []string
	for _, a := range f.Arguments {
		declared = append(declared, "$"+a.Name+": "+a.Type.String())
		passed = append(passed, a.Name+": $"+a.Name)
	}
	text := strings.ToLower(kind) + " asked"
	call := f.Name
	if len(declared) > 0 {
		text += "(" + strings.Join(declared, ", ") + ")"
		call += "(" + strings.Join(passed, ", ") + ")"
	}
	return text + " { " + call + selection(f.Type, depth) + " }"
}

func selection(t *ast.Type, depth int) string {
	d := schema().Types[t.Name()]
	if d.Kind != ast.Object {
		return ""
	}
	if depth == 0 {
		return " { __typename }"
	}
	var fields []string
	for _, f := range d.Fields {
		if f.Name == "edges" && depth < 3 || strings.HasPrefix(f.Name, "__") {
			continue // the same again as nodes
		}
		call := f.Name
		if f.Arguments.ForName("first") != nil {
			call += "(first: 1)"
		}
		fields = append(fields, call+selection(f.Type, depth-1))
	}
	return " { " + strings.Join(fields, " ") + " }"
}

// arguments are a row's, with the shop's ids in their places; other holds those to be put instead, by path.
func (s shop) arguments(a args, other map[string]string, path ...string) args {
	out := args{}
	for name, v := range a {
		at := strings.Join(append(slices.Clone(path), name), ".")
		switch v := v.(type) {
		case args:
			out[name] = s.arguments(v, other, append(slices.Clone(path), name)...)
		case string:
			if kind, is := strings.CutPrefix(v, "@"); is {
				v = s.ids[kind]
			}
			if o, given := other[at]; given {
				v = o
			}
			out[name] = v
		default:
			out[name] = v
		}
	}
	return out
}

// The schema is the list of what there is: each root field has a row that says who may ask for it.
func TestEveryRootFieldHasARow(t *testing.T) {
	fields := rootFields()
	for name := range fields {
		if _, has := rows[name]; !has {
			t.Errorf("%s has no row: say who may ask for it", name)
		}
	}
	for name := range rows {
		if fields[name] == nil {
			t.Errorf("%s is no field of the schema", name)
		}
	}
}

// Every root field, asked by every role, is answered or FORBIDDEN as its row says; by nobody, never. What
// is answered is whole: every field of it resolves.
func TestRolesAndFields(t *testing.T) {
	for name, f := range rootFields() {
		if strings.HasPrefix(name, "Subscription.") {
			continue // TestStreamsAreForWhoMayRead
		}
		t.Run(name, func(t *testing.T) {
			r := rows[name]
			w := open(t)
			s := w.shop("corner")
			query, depth := operation(name, f, 4), 4
			for w.ask(s.as(member.Viewer), query, s.arguments(r.args, nil)).code() == "COMPLEXITY_LIMIT_EXCEEDED" {
				depth--
				query = operation(name, f, depth)
			}
			if a := w.ask("nobody", query, s.arguments(r.args, nil)); a.Status != 401 || a.code() != "UNAUTHENTICATED" {
				t.Errorf("nobody was answered %d %s", a.Status, a.Body)
			}
			for _, role := range member.Roles() {
				if strings.HasPrefix(name, "Mutation.") {
					w = open(t) // what one has done, another cannot do again
					s = w.shop("corner")
				}
				a := w.ask(s.as(role), query, s.mine(role).arguments(r.args, nil))
				if !slices.Contains(r.may, role) {
					if a.code() != "FORBIDDEN" || a.Errors[0].Extensions["fault"] != "role_forbidden" {
						t.Errorf("%s was answered %s", role, a.Body)
					}
					continue
				}
				if len(a.Errors) > 0 {
					t.Fatalf("%s was answered %s\nlog: %s", role, a.Body, w.log.String())
				}
				if told := a.told(f.Name); told != r.told {
					t.Fatalf("%s was told %q, want %q: %s", role, told, r.told, a.Body)
				}
			}
			if strings.HasPrefix(name, "Query.") && w.log.Len() > 0 {
				t.Errorf("the log has %s", w.log.String())
			}
		})
	}
}

// told is the code of a mutation's first user error.
func (a answer) told(field string) string {
	if list, ok := a.at(field, "userErrors").([]any); ok && len(list) > 0 {
		return list[0].(map[string]any)["code"].(string)
	}
	return ""
}

// idPaths lists where a field's arguments name what belongs to somebody.
func idPaths(name string, f *ast.FieldDefinition) (paths []string) {
	if slices.Contains(unnamed, name) {
		return []string{"input.project"}
	}
	for _, a := range f.Arguments {
		if a.Type.Name() == "ID" || slices.Contains(named, a.Name) {
			paths = append(paths, a.Name)
		}
		if d := schema().Types[a.Type.Name()]; d.Kind == ast.InputObject {
			for _, field := range d.Fields {
				if field.Type.Name() == "ID" || slices.Contains(named, field.Name) {
					paths = append(paths, a.Name+"."+field.Name)
				}
			}
		}
	}
	return paths
}

func valueAt(a args, path string) (string, bool) {
	head, rest, deeper := strings.Cut(path, ".")
	if deeper {
		inner, ok := a[head].(args)
		if !ok {
			return "", false
		}
		return valueAt(inner, rest)
	}
	text, ok := a[head].(string)
	return text, ok
}

// unknown is an id of a kind that nobody has.
func unknown(kind string) string {
	switch kind {
	case "order":
		return "20260301999999999"
	case "sku":
		return "nothing"
	case "transfer":
		return "sandbox:" + string(portstest.TxID()) + ":0"
	case "endpoint":
		return "we_" + portstest.UUID()
	case "event":
		return "evt_" + portstest.UUID()
	}
	return portstest.UUID()
}

// What belongs to another merchant is answered as what does not exist, to the byte, and nothing happens to
// it: whichever id of whichever field is another's.
func TestWhatIsAnothersDoesNotExist(t *testing.T) {
	w := open(t)
	mine, theirs := w.shop("corner"), w.shop("rival")
	before := w.snapshot(theirs)
	tried := 0
	for name, f := range rootFields() {
		r := rows[name]
		if strings.HasPrefix(name, "Subscription.") {
			continue
		}
		for _, path := range idPaths(name, f) {
			kind, has := valueAt(r.args, path)
			if !has || !strings.HasPrefix(kind, "@") {
				t.Errorf("%s: its row has no id at %s", name, path)
				continue
			}
			kind = kind[1:]
			query := operation(name, f, 0)
			w.clock.pass(time.Hour) // or wrong passwords would run out
			foreign := w.ask(mine.as(member.Owner), query,
				mine.arguments(r.args, map[string]string{path: theirs.ids[kind]}))
			nobodys := w.ask(mine.as(member.Owner), query,
				mine.arguments(r.args, map[string]string{path: unknown(kind)}))
			if foreign.code() != "NOT_FOUND" {
				t.Errorf("%s with another's %s: %s", name, path, foreign.Body)
			}
			if foreign.Body != nobodys.Body || foreign.Status != nobodys.Status {
				t.Errorf("%s tells another's %s from nobody's:\n%s\n%s", name, path, foreign.Body, nobodys.Body)
			}
			tried++
		}
	}
	if tried < 40 {
		t.Errorf("only %d ids were tried", tried)
	}
	if after := w.snapshot(theirs); after != before {
		t.Errorf("something of theirs changed:\n%s\n%s", before, after)
	}
	for _, text := range []string{theirs.ids["payment"], theirs.ids["order"]} {
		found := w.asked(mine.as(member.Owner), `query($p: ID!, $t: String!) { search(project: $p, mode: TEST, text: $t) { id } }`,
			args{"p": mine.ids["project"], "t": text})
		if list := found.at("search").([]any); len(list) != 0 {
			t.Errorf("a search for %s found %v", text, list)
		}
	}
}

// snapshot is what a shop's owner sees of what others could have changed.
func (w *world) snapshot(s shop) string {
	w.Helper()
	a := w.asked(s.as(member.Owner), `query($p: ID!, $pay: ID!) {
		merchant { name } project(id: $p) { name policy { late } } keyPairs(project: $p) { id label revokedAt }
		receivingAccounts(project: $p) { id label state } addressSources(project: $p) { id state total }
		payment(id: $pay) { status } webhookEndpoints(project: $p, mode: TEST) { id url enabled secondSecretUntil }
		queue(project: $p, mode: TEST) { nodes { id decision { action } } }
		reportSchedules(project: $p, mode: TEST) { id every contents format } reportRuns(project: $p, mode: TEST) { nodes { id } }
		resources(project: $p, mode: TEST) { nodes { sku title state } } kyc { state legalName }
		team { members { id email role } }
	}`, args{"p": s.ids["project"], "pay": s.ids["open"]})
	return a.Body
}

// One of several rows per request may be another's: nothing of it is told beside what is mine.
func TestModesAreApart(t *testing.T) {
	w := open(t)
	s := w.shop("corner")
	for _, query := range []string{
		`query($p: ID!, $id: ID!) { event(project: $p, mode: LIVE, id: $id) { id } }`,
		`query($p: ID!, $id: ID!) { webhookEndpoint(project: $p, mode: LIVE, id: $id) { id } }`,
	} {
		kind := "event"
		if strings.Contains(query, "Endpoint") {
			kind = "endpoint"
		}
		if a := w.ask(s.as(member.Owner), query, args{"p": s.ids["project"], "id": s.ids[kind]}); a.code() != "NOT_FOUND" {
			t.Errorf("%s: %s", query, a.Body)
		}
	}
	a := w.asked(s.as(member.Owner), `query($p: ID!) { payments(project: $p, mode: LIVE) { nodes { id } } }`,
		args{"p": s.ids["project"]})
	if list := a.at("payments", "nodes").([]any); len(list) != 0 {
		t.Errorf("live payments %v", list)
	}
}
