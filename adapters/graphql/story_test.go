package graphql_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/101pay/101pay/domain/member"
)

// A paid payment's page tells its whole story, in order, and everything in it leads back to it.
func TestAPaymentTellsItsStory(t *testing.T) {
	w := open(t)
	s := w.shop("corner")
	a := w.asked(s.as(member.Viewer), `query($id: ID!) { payment(id: $id) { status orderId signedReceipt
		metadata { key value } intent { address } receipt { txId orderNo amount { amount units } }
		timeline { kind at orderNo detail } explanation { headline about { reason } } entries { orderNo kind paymentId }
		events(first: 20) { id type deliveries { status eventType body attempts { number statusCode outcome answer } } } } }`,
		args{"id": s.ids["payment"]})
	var kinds []string
	last := ""
	for _, m := range a.at("payment", "timeline").([]any) {
		m := m.(map[string]any)
		if at := m["at"].(string); at < last {
			t.Errorf("%v comes after %s", m, last)
		}
		last = m["at"].(string)
		kinds = append(kinds, m["kind"].(string))
	}
	want := []string{"OPENED", "NOTIFIED", "METHOD_CHOSEN", "TRANSFER_RECORDED", "BOOKED", "SETTLED", "NOTIFIED"}
	if got := slices.Compact(slices.Clone(kinds)); !slices.Equal(got, want) {
		t.Errorf("it tells of %v, want %v", got, want)
	}
	if a.at("payment", "status") != "SETTLED" || a.at("payment", "explanation", "headline") != "paid" ||
		strings.Count(a.at("payment", "signedReceipt").(string), ".") != 2 {
		t.Errorf("answered %s", a.Body)
	}
	if e := a.at("payment", "entries", 0).(map[string]any); e["paymentId"] != s.ids["payment"] || e["kind"] != "PAYMENT" ||
		e["orderNo"] != a.at("payment", "receipt", "orderNo") {
		t.Errorf("booked as %v", e)
	}
	told := a.at("payment", "events", 0, "deliveries", 0).(map[string]any)
	if told["status"] != "DELIVERED" || told["body"] != `{"type":"`+told["eventType"].(string)+`"}` {
		t.Errorf("told as %v", told)
	}
	if try := a.at("payment", "events", 0, "deliveries", 0, "attempts", 0).(map[string]any); try["statusCode"] != 200.0 ||
		try["answer"] != "thanks" || try["number"] != 1.0 {
		t.Errorf("tried as %v", try)
	}
	for _, clue := range []string{
		s.ids["payment"], " " + strings.ToUpper(s.ids["payment"]), a.at("payment", "orderId").(string),
		a.at("payment", "receipt", "txId").(string), "0x" + a.at("payment", "receipt", "txId").(string),
		a.at("payment", "receipt", "orderNo").(string),
	} {
		found := w.asked(s.as(member.Viewer), `query($p: ID!, $t: String!) { search(project: $p, mode: TEST, text: $t) { id } }`,
			args{"p": s.ids["project"], "t": clue})
		if list := found.at("search").([]any); len(list) != 1 || list[0].(map[string]any)["id"] != s.ids["payment"] {
			t.Errorf("%q finds %v", clue, list)
		}
	}
	for text, code := range map[string]string{"": "", strings.Repeat("x", 129): "BAD_USER_INPUT"} {
		found := w.ask(s.as(member.Viewer), `query($p: ID!, $t: String!) { search(project: $p, mode: TEST, text: $t) { id } }`,
			args{"p": s.ids["project"], "t": text})
		if found.code() != code {
			t.Errorf("%.10q: %s", text, found.Body)
		}
	}
}

// What a merchant changes is there afterwards, and what cannot be changed is said with the field that is wrong.
func TestChangesStay(t *testing.T) {
	w := open(t)
	s := w.shop("corner")
	owner := s.as(member.Owner)
	for name, c := range map[string]struct {
		mutation string
		field    string
		code     string
		about    string
	}{
		"a name of two alphabets": {`renameMerchant(name: "Cаfe")`, "renameMerchant", "confusable_name", "name"},
		"no amount":               {`createPayment(input: {project: "P", mode: TEST, amount: "1e3", currency: "USD"})`, "createPayment", "invalid_amount", "amount"},
		"no currency":             {`createPayment(input: {project: "P", mode: TEST, amount: "1", currency: "EUR"})`, "createPayment", "unsupported_currency", "currency"},
		"an invisible reference":  {`createPayment(input: {project: "P", mode: TEST, amount: "1", currency: "USD", orderId: "a\u200b"})`, "createPayment", "invalid_order_id", "orderId"},
		"no URL":                  {`createWebhookEndpoint(input: {project: "P", mode: TEST, url: "ftp://x"})`, "createWebhookEndpoint", "invalid_webhook_url", "url"},
		"no scenario":             {`playScenario(id: "O", scenario: "win")`, "playScenario", "unknown_scenario", "scenario"},
		"no method":               {`switchPaymentMethod(project: "P", method: "cash", enabled: true)`, "switchPaymentMethod", "unsupported_method", "method"},
		"a price in yen":          {`createResource(input: {project: "P", mode: TEST, sku: "a", price: "1", currency: "JPY"})`, "createResource", "unsupported_currency", "currency"},
		"an older version":        {`updateResource(input: {project: "P", mode: TEST, sku: "S", version: "9", title: "x"})`, "updateResource", "resource_changed", "version"},
	} {
		text := strings.NewReplacer(`"P"`, `"`+s.ids["project"]+`"`, `"O"`, `"`+s.ids["open"]+`"`, `"S"`, `"`+s.ids["sku"]+`"`).Replace(c.mutation)
		a := w.ask(owner, "mutation { "+text+" { userErrors { code field message } } }", nil)
		if e, _ := a.at(c.field, "userErrors", 0).(map[string]any); e["code"] != c.code || e["field"] != c.about {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
	changed := w.asked(owner, `mutation($in: ProjectInput!) { updateProject(input: $in) { userErrors { code message } } }`, args{"in": args{
		"project": s.ids["project"], "late": "HOLD", "underpaid": "RECORD", "sessionMinutes": 45, "websiteUrl": "https://corner.example",
		"finality": []any{args{"network": "base", "upTo": 50, "confirmations": 30}},
	}})
	if told := changed.told("updateProject"); told != "" {
		t.Fatalf("answered %s", changed.Body)
	}
	p := w.asked(owner, `query($p: ID!) { project(id: $p) { websiteUrl policy { late underpaid sessionMinutes finality { network upTo } } } }`,
		args{"p": s.ids["project"]}).at("project").(map[string]any)
	policy := p["policy"].(map[string]any)
	if p["websiteUrl"] != "https://corner.example" || policy["late"] != "HOLD" || policy["underpaid"] != "RECORD" ||
		policy["sessionMinutes"] != 45.0 || len(policy["finality"].([]any)) != 1 {
		t.Errorf("the project is %v", p)
	}
	made := w.asked(owner, `mutation { createProject(name: "Second") { project { id name mode } userErrors { code } } }`, nil)
	second := made.at("createProject", "project", "id").(string)
	pair := w.asked(owner, `mutation($p: ID!) { createKeyPair(project: $p, mode: TEST, label: "till") { keyPair { hint } privateKey } }`,
		args{"p": second})
	if !strings.HasPrefix(pair.at("createKeyPair", "privateKey").(string), "sk_test_") {
		t.Errorf("answered %s", pair.Body)
	}
	list := w.asked(owner, `query($p: ID!) { keyPairs(project: $p) { label hint publicKey } }`, args{"p": second})
	if strings.Contains(list.Body, pair.at("createKeyPair", "privateKey").(string)) || len(list.at("keyPairs").([]any)) != 1 {
		t.Errorf("listed as %s", list.Body)
	}
}
