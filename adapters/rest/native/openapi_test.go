package native_test

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/adapters/rest/native"
	"github.com/101pay/101pay/domain/fault"
)

// Every route is documented, and everything documented is a route.
func TestRoutesAndDocumentAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := openSpecGateway(t, false)
		documented := map[string]bool{}
		for _, name := range g.checker.Operations() {
			documented[name] = true
		}
		param := regexp.MustCompile(`:([a-zA-Z]+)`)
		for _, r := range g.engine.Routes() {
			name := r.Method + " " + param.ReplaceAllString(r.Path, "{$1}")
			if !documented[name] {
				t.Errorf("%s is not documented", name)
			}
			delete(documented, name)
		}
		for name := range documented {
			t.Errorf("%s is documented, and there is no such route", name)
		}
	})
}

// codesOf reads the document's table of error codes, and the codes its answers can have.
func codesOf(t *testing.T) (table map[string]int, answered map[string]bool) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(native.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	text, err := doc.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Codes      map[string]struct{ Status int } `json:"x-error-codes"`
		Paths      any
		Components any
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	table, answered = map[string]int{}, map[string]bool{}
	for code, row := range d.Codes {
		table[code] = row.Status
	}
	for _, code := range slices.Concat(errorEnums(d.Paths, false), errorEnums(d.Components, false)) {
		answered[code] = true
	}
	return table, answered
}

// errorEnums gathers the values of enums below members named "error" and schemas of error codes.
func errorEnums(v any, within bool) (out []string) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			inside := within || name == "error" || strings.HasSuffix(name, "ErrorCode")
			if values, ok := member.([]any); ok && name == "enum" && within {
				for _, value := range values {
					if code, ok := value.(string); ok {
						out = append(out, code)
					}
				}
				continue
			}
			out = append(out, errorEnums(member, inside)...)
		}
	case []any:
		for _, element := range v {
			out = append(out, errorEnums(element, within)...)
		}
	}
	return out
}

// declaration is a fault declared in code.
var declaration = regexp.MustCompile(`fault\.New\(fault\.(\w+),\s*"(\w+)"|= New\((\w+), "(\w+)"`)

// declaredCodes finds the codes that code declares, with their statuses.
func declaredCodes(t *testing.T) map[string]int {
	t.Helper()
	kinds := map[string]fault.Kind{
		"Invalid": fault.Invalid, "Unauthenticated": fault.Unauthenticated, "Rejected": fault.Rejected,
		"Forbidden": fault.Forbidden, "NotFound": fault.NotFound, "NotAllowed": fault.NotAllowed,
		"Conflict": fault.Conflict, "TooLarge": fault.TooLarge, "Unsupported": fault.Unsupported,
		"Unprocessable": fault.Unprocessable, "Limited": fault.Limited, "Internal": fault.Internal,
		"Unavailable": fault.Unavailable,
	}
	out := map[string]int{}
	root := os.DirFS("../../..")
	for _, pattern := range []string{
		"domain/*/*.go", "ports/*.go", "app/*.go", "adapters/rest/edge/*.go", "adapters/rest/native/*.go",
		"adapters/vault/*.go",
	} {
		files, err := fs.Glob(root, pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %d files", pattern, err, len(files))
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := fs.ReadFile(root, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range declaration.FindAllStringSubmatch(string(text), -1) {
				kind, known := kinds[m[1]+m[3]]
				if !known {
					t.Fatalf("%s: kind %s", name, m[1]+m[3])
				}
				out[m[2]+m[4]] = edge.Status(kind)
			}
		}
	}
	return out
}

// neverAnswered are faults that no client of this API meets.
var neverAnswered = map[string]string{
	"client_closed_request":     "nobody is there to read it",
	"span_too_wide":             "the watcher asks for less",
	"stale":                     "units of work that are overtaken run again",
	"taken":                     "use cases say what is taken",
	"invalid_webhook_secret":    "secrets are made here, not sent",
	"webhook_signature_invalid": "receivers verify",

	"team_full":          "the dashboard's",
	"reauth_required":    "the dashboard's",
	"invalid_passkey":    "the dashboard's",
	"invitation_invalid": "the dashboard's",
	"invalid_role":       "the dashboard's",
	"no_second_factor":   "the dashboard's",
	"too_many_passkeys":  "the dashboard's",
	"last_owner":         "the dashboard's",
	"totp_exists":        "the dashboard's",
	"invalid_days":       "the dashboard's",
	"search_too_long":    "the dashboard's",
	"too_many_projects":  "the dashboard's",
	"invalid_schedule":   "the dashboard's",
	"too_many_schedules": "the dashboard's",
	"too_many_trials":    "the dashboard's",
	"kyc_not_pending":    "the operator's command",
	"kyc_changed":        "the operator's command",
	"invalid_kyc_reason": "the operator's command",
}

// Codes are told of once, with the status they come with, and each can be answered somewhere.
func TestErrorCodesAndDocumentAgree(t *testing.T) {
	table, answered := codesOf(t)
	declared := declaredCodes(t)
	if len(declared) < 50 {
		t.Fatalf("%d codes found in code", len(declared))
	}
	for code, status := range declared {
		_, never := neverAnswered[code]
		switch {
		case never && table[code] != 0:
			t.Errorf("%s is documented, and said to be never answered", code)
		case !never && table[code] == 0:
			t.Errorf("%s (%d) is not documented", code, status)
		case !never && table[code] != status:
			t.Errorf("%s is documented with %d and answered with %d", code, table[code], status)
		}
	}
	for code, status := range table {
		// These two are put together from the field's name.
		built := strings.HasSuffix(code, "_too_long") || strings.HasSuffix(code, "_domain_mismatch")
		if declared[code] == 0 && (!built || status != http.StatusBadRequest) {
			t.Errorf("%s is documented, and no code declares it", code)
		}
		// 405 belongs to no operation: no operation has that method.
		if !answered[code] && status != http.StatusMethodNotAllowed {
			t.Errorf("%s is explained, and no answer has it", code)
		}
	}
	for code := range answered {
		if table[code] == 0 {
			t.Errorf("%s is an answer, and nobody explains it", code)
		}
	}
}

// sourceCommands are the three commands of the source document, as written there.
const sourceCommands = `curl -X POST https://api-production-4983.up.railway.app/v1/transactions/charge \
-H "content-type: application/json" \
-d '{
"publicKey": "pk_test_…",
"privateKey": "sk_test_…",
"amount": "9.99",
"currency": "USD",
"description":"order #1024"
}'
curl -X POST https://api-production-4983.up.railway.app/v1/checkout/sessions \
-H "authorization: Bearer <JWT>" \
-H "content-type: application/json" \
-d '{ "amount":"1500", "currency":"JPY", "description":"Pro plan" }'
curl -X POST https://api-production-4983.up.railway.app/v1/payments \
-H "content-type: application/json" \
-d '{
"clientId": "101000000000000",
"secret": "sk_test_…",
"amount": "1.00",
"currency": "USDT",
"method": "usdt"
}'`

var sourceCommand = regexp.MustCompile(`(?s)curl -X POST https://[^/]+(/\S+) \\\n(.*?)-d '(.*?)'`)

// The source's own lines work with nothing but host and keys replaced, and answer what it shows.
func TestTheSourcesOwnCommandsWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpecGateway(t, false).register("ann@shop.example")
		text := strings.NewReplacer("pk_test_…", s.publicKey, "sk_test_…", s.privateKey,
			"101000000000000", s.clientID, "<JWT>", s.jwt).Replace(sourceCommands)
		var answers []specExchange
		for _, m := range sourceCommand.FindAllStringSubmatch(text, -1) {
			var header []string
			for _, h := range regexp.MustCompile(`-H "([^:]+): ([^"]+)"`).FindAllStringSubmatch(m[2], -1) {
				header = append(header, h[1], h[2])
			}
			answers = append(answers, s.send("POST", m[1], m[3], header...))
		}
		if len(answers) != 3 {
			t.Fatalf("%d commands found", len(answers))
		}
		charge, session, payment := answers[0].want(200), answers[1].want(201), answers[2].want(201)
		today := s.clock.Now().Format("20060102")
		no := charge.text("orderNo")
		if n, err := strconv.Atoi(strings.TrimPrefix(no, today)); len(no) != 17 || err != nil || n < 1 {
			t.Errorf("order number %q", no)
		}
		if !regexp.MustCompile(`^0x[0-9a-f]{64}$`).MatchString(charge.text("transaction")) {
			t.Errorf("transaction %q", charge.text("transaction"))
		}
		id, paymentID := session.text("session", "id"), payment.text("payment", "id")
		for _, c := range []struct{ got, want string }{
			{charge.text("amount"), "999"},
			{charge.text("currency"), "USD"},
			{charge.text("status"), "settled"},
			{session.text("session", "status"), "open"},
			{session.text("session", "amount"), "1500"},
			{session.text("url"), specPublicURL + "/checkout/" + id},
			{payment.text("payment", "status"), "open"},
			{payment.text("payment", "amount"), "1.00"},
			{payment.text("payment", "currency"), "USDT"},
			{payment.text("payment", "method"), "usdt"},
			{payment.text("cryptoPayLink"), specPublicURL + "/en/checkout/" + paymentID},
		} {
			if c.got != c.want {
				t.Errorf("answered %q, the source shows %q", c.got, c.want)
			}
		}
		if !strings.Contains(payment.Body.String(), `"success":true`) {
			t.Errorf("no success: %s", payment.Body)
		}
	})
}
