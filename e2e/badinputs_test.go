package e2e

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/e2e/rig"
)

// bad is a request that must be refused: a row of the known bad inputs.
type bad struct {
	row    string
	method string // POST if empty
	path   string
	body   any
	header []string
	status int
	code   string
}

// Every row of the known bad inputs that concerns one request is refused over HTTP by the real
// binary, with the code it names, and changes nothing.
func TestKnownBadInputs(t *testing.T) {
	g := rig.Start(t, nil)
	m, other := g.Register(t), g.Register(t)
	foreign := other.Pay(t, "5.00")
	rows := slicesConcat(transport(m), amounts(m), terms(m), texts(m), urls(t, m), credentials(m, other),
		idempotency(m), tenancy(m, foreign), states(t, g, m), receivers(m))
	before := counts(m)
	for i, row := range rows {
		t.Run(fmt.Sprintf("%s %d", row.row, i), func(t *testing.T) {
			method := row.method
			if method == "" {
				method = http.MethodPost
			}
			a := g.Call(method, row.path, row.body, row.header...)
			if a.Status != row.status || a.At("error") != row.code {
				t.Errorf("%s %s %.120v: %d %s, want %d %s", method, row.path, row.body, a.Status, a.Body, row.status, row.code)
			}
			if kind := a.Header.Get("Content-Type"); kind != "application/json; charset=utf-8" {
				t.Errorf("content type %q", kind)
			}
			if a.Header.Get("X-Request-Id") == "" || a.At("message") == "" {
				t.Errorf("answer without request id or message: %s", a.Body)
			}
			if strings.Contains(string(a.Body), m.Private) || strings.Contains(g.Log(), m.Private) {
				t.Error("a secret is repeated")
			}
		})
	}
	if after := counts(m); !maps.Equal(before, after) {
		t.Errorf("refused requests changed something: %v, then %v", before, after)
	}
	if text, code := g.Command("audit"); code != 0 {
		t.Errorf("audit answers %d:\n%s", code, text)
	}
}

func slicesConcat(lists ...[]bad) (all []bad) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// counts is what a merchant's lists say.
func counts(m rig.Merchant) map[string]string {
	out := map[string]string{}
	for _, path := range []string{
		"/v1/checkout/sessions?limit=100", "/v1/transactions?limit=100", "/v1/keys", "/v1/receiving-accounts",
		"/v1/webhook-endpoints", "/v1/events?limit=100", "/v1/project", "/v1/me",
	} {
		out[path] = string(m.Call(http.MethodGet, path, nil).Body)
	}
	return out
}

// charge is the body of a good charge with members changed; nil takes one away.
func charge(m rig.Merchant, changes ...any) map[string]any {
	body := map[string]any{
		"publicKey": m.Public, "privateKey": m.Private, "amount": "9.99", "currency": "USD",
	}
	return with(body, changes)
}

// payment is the body of a good payment with members changed.
func payment(m rig.Merchant, changes ...any) map[string]any {
	body := map[string]any{
		"clientId": m.ClientID, "secret": m.Private, "amount": "1.00", "currency": "USDT", "method": "usdt",
	}
	return with(body, changes)
}

func with(body map[string]any, changes []any) map[string]any {
	for i := 0; i+1 < len(changes); i += 2 {
		name, _ := changes[i].(string)
		if changes[i+1] == nil {
			delete(body, name)
			continue
		}
		body[name] = changes[i+1]
	}
	return body
}

const chargePath, paymentsPath = "/v1/transactions/charge", "/v1/payments"

func transport(m rig.Merchant) []bad {
	rows := []bad{
		{row: "A12", path: chargePath, body: `{"amount":"` + strings.Repeat("1", 70_000) + `"}`, status: 413, code: "body_too_large"},
		{row: "A15", method: http.MethodDelete, path: chargePath, status: 405, code: "method_not_allowed"},
		{row: "A16", path: "/v1/nothing", body: `{}`, status: 404, code: "not_found"},
		{row: "A17", path: "/v1//payments", body: `{}`, status: 404, code: "not_found"},
		{row: "A17", path: "/v1/payments;x", body: `{}`, status: 404, code: "not_found"},
		{row: "A17", path: "/v1/%2e%2e/payments", body: `{}`, status: 404, code: "not_found"},
		{row: "A22", path: chargePath + "?amount=1", body: charge(m), status: 400, code: "unexpected_query"},
		{row: "A14", path: chargePath, body: charge(m), header: []string{"Content-Encoding", "gzip"}, status: 415, code: "unsupported_encoding"},
	}
	for _, kind := range []string{"text/plain", "application/json; charset=utf-16", "multipart/form-data; boundary=x"} {
		rows = append(rows, bad{row: "A13", path: chargePath, body: charge(m), header: []string{"Content-Type", kind}, status: 415, code: "unsupported_media_type"})
	}
	for _, body := range []string{
		"", "null", "[]", `"x"`, "1", `{"amount":"1`, `{"amount":"1"}{"amount":"2"}`, `{"amount":"1"} x`,
		"{\"amount\":\"\xff\"}", `{"amount":"\ud800"}`, "\ufeff{}", strings.Repeat("[", 10_000),
	} {
		rows = append(rows, bad{row: "A01-A04 A09 A11", path: chargePath, body: body, status: 400, code: "invalid_json"})
	}
	for body, code := range map[string]string{
		`{"amount":"1","amount":"2"}`:      "duplicate_field",
		`{"amount":"1","amoun\u0074":"2"}`: "duplicate_field",
		`{"AMOUNT":"1"}`:                   "unknown_field",
		`{"\u017ftatus":"paid"}`:           "unknown_field",
		`{"merchantId":"x"}`:               "unknown_field",
		`{"status":"paid"}`:                "unknown_field",
		`{"livemode":true}`:                "unknown_field",
		`{"__proto__":{}}`:                 "unknown_field",
		`{"description":"a\u0000b"}`:       "invalid_string",
		`{"amount":1}`:                     "invalid_type",
		`{"amount":true}`:                  "invalid_type",
		`{"amount":null}`:                  "invalid_type",
		`{"amount":{}}`:                    "invalid_type",
		`{"amount":9007199254740993}`:      "invalid_type",
	} {
		rows = append(rows, bad{row: "A05-A10 A21", path: chargePath, body: body, status: 400, code: code})
	}
	return rows
}

func amounts(m rig.Merchant) []bad {
	var rows []bad
	refuse := func(code, currency string, inputs ...string) {
		for _, amount := range inputs {
			rows = append(rows,
				bad{row: "B", path: chargePath, body: charge(m, "amount", amount, "currency", currency), status: 400, code: code})
			if currency == "USDT" {
				rows = append(rows,
					bad{row: "B", path: paymentsPath, body: payment(m, "amount", amount), status: 400, code: code})
			}
		}
	}
	rows = append(rows, bad{row: "B00", path: chargePath, body: charge(m, "amount", nil), status: 400, code: "amount_required"})
	refuse("invalid_amount", "USDT", "", " ", " 1", "1 ", "1\n", "\t1", "-1", "−1", "+1", "--1", "1e2", "1E2",
		"1e1000000000", "1e-1000000000", "NaN", "Infinity", "-Inf", "0x10", "0b1", "1_000", "1,000", "1'000", "１", "٣",
		"1．5", "1,5", "01", "00.1", ".5", "5.", ".", "1.2.3", "$9.99", "9.99 USD", "1abc")
	refuse("amount_not_positive", "USDT", "0", "0.00")
	refuse("amount_precision", "USDT", "1.0000001")
	refuse("amount_precision", "USD", "9.999", "9.9900000")
	refuse("amount_precision", "JPY", "1.0", "9.99")
	refuse("amount_too_large", "USDT", "1000000000001", strings.Repeat("9", 19))
	refuse("amount_too_small", "USDT", "0.000001")
	return rows
}

func terms(m rig.Merchant) []bad {
	auth := []string{"Authorization", "Bearer " + m.Token}
	var rows []bad
	for _, currency := range []string{"usd", "USDＴ", "USDТ", "BTC", ""} {
		rows = append(rows, bad{row: "C01", path: chargePath, body: charge(m, "currency", currency), status: 400, code: "unsupported_currency"})
	}
	for _, method := range []string{"USDT", "usdt ", "lightning", "btc"} {
		rows = append(rows, bad{row: "C02", path: paymentsPath, body: payment(m, "method", method), status: 400, code: "unsupported_method"})
	}
	for address, code := range map[string]string{
		"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6T":         "invalid_address",
		"TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYd":          "invalid_address",
		"TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdHH":        "invalid_address",
		"TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYd0":         "invalid_address",
		"41c8599111f29c1e1e061265b4af93ea1f274ad78a": "invalid_address",
		"0x9858EfFD232B4033E47d90003D41EC34EcaEda94": "invalid_address",
		"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t":         "invalid_address",
		"T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb":         "invalid_address",
		"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa":         "address_chain_mismatch",
	} {
		rows = append(rows, bad{
			row: "C03 C05", path: "/v1/receiving-accounts", header: auth, status: 400, code: code,
			body: map[string]string{"network": "TRC20", "asset": "USDT", "address": address},
		})
	}
	for _, id := range []string{"", strings.Repeat("x", 65), "a\u0001b", "a\u202eb", "a\u200bb", " a", "a "} {
		rows = append(rows, bad{row: "C07", path: paymentsPath, body: payment(m, "order_id", id), status: 400, code: "invalid_order_id"})
	}
	rows = append(rows,
		bad{row: "C10", path: paymentsPath, body: payment(m, "clientId", "12"), status: 401, code: "unauthorized"},
		bad{row: "C11", path: paymentsPath, body: payment(m, "metadata", map[string]string{strings.Repeat("k", 41): "v"}), status: 400, code: "invalid_metadata"},
		bad{row: "C11", path: paymentsPath, body: payment(m, "metadata", map[string]string{"k": strings.Repeat("v", 501)}), status: 400, code: "invalid_metadata"},
		bad{row: "C11", path: paymentsPath, body: payment(m, "metadata", many(21)), status: 400, code: "invalid_metadata"},
		bad{row: "C11", path: paymentsPath, body: payment(m, "metadata", map[string]any{"k": map[string]string{}}), status: 400, code: "invalid_type"},
		bad{row: "live without a rail", path: "/v1/checkout/sessions", header: auth, body: map[string]string{"amount": "5", "mode": "live"}, status: 409, code: "live_rail_missing"},
		bad{row: "live key without a rail", path: "/v1/keys", header: auth, body: map[string]string{"mode": "live"}, status: 409, code: "live_rail_missing"},
	)
	return rows
}

func many(n int) map[string]string {
	out := map[string]string{}
	for i := range n {
		out[fmt.Sprint("k", i)] = "v"
	}
	return out
}

func texts(m rig.Merchant) []bad {
	auth := []string{"Authorization", "Bearer " + m.Token}
	rows := []bad{
		{row: "D02", path: chargePath, body: charge(m, "description", strings.Repeat("x", 501)), status: 400, code: "description_too_long"},
		{row: "D05", method: http.MethodPatch, path: "/v1/me", header: auth, body: map[string]string{"name": "Shоp"}, status: 400, code: "confusable_name"},
	}
	for _, text := range []string{"a\u202eb", "a\u200bb", "a\u0007b"} {
		rows = append(rows, bad{row: "D03", path: paymentsPath, body: payment(m, "description", text), status: 400, code: "invalid_string"})
	}
	return rows
}

func urls(t *testing.T, m rig.Merchant) []bad {
	t.Helper()
	rows := []bad{
		{row: "E12", path: paymentsPath, body: payment(m, "success_url", "https://example.com/ok"), status: 409, code: "website_not_configured"},
	}
	auth := []string{"Authorization", "Bearer " + m.Token}
	for _, site := range []string{
		"https://localhost", "https://127.0.0.1", "https://127.1", "https://2130706433", "https://0x7f000001", "https://[::1]",
		"https://foo.localhost", "https://x.local", "https://x.internal", "https://com", "https://a_b.com",
	} {
		rows = append(rows, bad{row: "E10", method: http.MethodPatch, path: "/v1/project", header: auth, body: map[string]string{"websiteUrl": site}, status: 400, code: "invalid_website_url"})
	}
	return rows
}

func credentials(m, other rig.Merchant) []bad {
	var rows []bad
	for _, pair := range [][2]string{
		{"pk_test_unknown", m.Private},
		{m.Public, "sk_test_wrong"},
		{m.Public, other.Private},
		{m.Private, m.Public},
		{m.Public[:len(m.Public)-1], m.Private},
		{strings.ToUpper(m.Public), m.Private},
		{"", ""},
		{strings.Replace(m.Public, "test", "live", 1), m.Private},
		{m.Public, strings.Replace(m.Private, "test", "live", 1)},
	} {
		rows = append(rows, bad{row: "F01", path: chargePath, body: charge(m, "publicKey", pair[0], "privateKey", pair[1]), status: 401, code: "key_pair_invalid"})
	}
	rows = append(rows,
		bad{row: "F02", path: chargePath, body: charge(m, "publicKey", nil), status: 400, code: "invalid_request"},
		bad{row: "F02", path: chargePath, body: charge(m, "privateKey", nil), status: 400, code: "invalid_request"},
		bad{row: "F09", path: "/v1/auth/login", body: map[string]string{"email": m.Email, "password": "not the password"}, status: 401, code: "invalid_credentials"},
		bad{row: "F09", path: "/v1/auth/login", body: map[string]string{"email": "nobody@example.com", "password": "not the password"}, status: 401, code: "invalid_credentials"},
	)
	for _, token := range []string{
		"", "x", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", m.Token + "x", m.APIKey, strings.Repeat(".", 6000), m.Refresh,
	} {
		rows = append(rows, bad{row: "F07", method: http.MethodGet, path: "/v1/keys", header: []string{"Authorization", "Bearer " + token}, status: 401, code: "unauthorized"})
	}
	for _, password := range []string{"short", "password1234", strings.Repeat("x", 129)} {
		rows = append(rows, bad{row: "F11", path: "/v1/auth/register", body: map[string]string{"email": "new-" + rand.Text() + "@example.com", "password": password}, status: 400, code: "weak_password"})
	}
	return rows
}

func idempotency(m rig.Merchant) []bad {
	return []bad{
		{row: "G01", path: chargePath, body: charge(m), header: []string{"Idempotency-Key", strings.Repeat("x", 256)}, status: 400, code: "invalid_idempotency_key"},
		{row: "G01", path: chargePath, body: charge(m), header: []string{"Idempotency-Key", "ключ"}, status: 400, code: "invalid_idempotency_key"},
	}
}

func tenancy(m rig.Merchant, foreign string) []bad {
	auth := []string{"Authorization", "Bearer " + m.Token}
	var rows []bad
	add := func(row, method, path string) {
		rows = append(rows, bad{row: row, method: method, path: path, header: auth, status: 404, code: "not_found"})
	}
	add("H01", http.MethodPost, "/v1/checkout/sessions/"+foreign+"/cancel")
	for _, id := range []string{"1", "00000000-0000-4000-8000-00000000000G", strings.Repeat("a", 4000), strings.ToUpper(foreign), "20260517000000042"} {
		add("H02 H03", http.MethodGet, "/v1/checkout/sessions/"+id)
		add("H02", http.MethodGet, "/v1/keys/"+id)
		add("H02", http.MethodGet, "/v1/events/"+id)
		add("H02", http.MethodGet, "/v1/reports/"+id)
		add("H02", http.MethodGet, "/v1/reports/"+id+"/file")
		add("H02", http.MethodGet, "/v1/webhook-endpoints/"+id)
	}
	add("H01", http.MethodGet, "/v1/transactions/20260517000000042")
	for _, page := range []string{"limit=0", "limit=-1", "limit=1000000000", "limit=1e3", "cursor=forged", "cursor=AAAA_AAAA"} {
		for _, path := range []string{"/v1/checkout/sessions", "/v1/transactions", "/v1/events", "/v1/reports"} {
			rows = append(rows, bad{row: "H05", method: http.MethodGet, path: path + "?" + page, header: auth, status: 400, code: "invalid_pagination"})
		}
	}
	return rows
}

// states are requests that come at the wrong time.
func states(t *testing.T, g *rig.Gateway, m rig.Merchant) []bad {
	t.Helper()
	at := func(id string) string { return "/v1/checkout/sessions/" + id }
	usdt := map[string]string{"method": "usdt"}

	paid := m.Pay(t, "5.00")
	intent := g.Intent(t, paid)
	g.Call(http.MethodPost, at(paid)+"/pay/confirm", map[string]string{"paymentId": intent}).Want(t, http.StatusOK)
	cancelled := m.Pay(t, "5.00")
	m.Call(http.MethodPost, at(cancelled)+"/cancel", nil).Want(t, http.StatusOK)
	open := m.Pay(t, "5.00")
	ordered := payment(m, "order_id", "order-1")
	g.Call(http.MethodPost, paymentsPath, ordered).Want(t, http.StatusCreated)

	auth := []string{"Authorization", "Bearer " + m.Token}
	return []bad{
		{row: "I02", path: at(open) + "/pay/confirm", body: map[string]string{"paymentId": intent}, status: 404, code: "not_found"},
		{row: "I04", path: at(paid) + "/pay/intent", body: usdt, status: 409, code: "session_already_paid"},
		{row: "I04", path: at(cancelled) + "/pay/intent", body: usdt, status: 409, code: "session_cancelled"},
		{row: "I06", path: at(paid) + "/cancel", header: auth, status: 409, code: "session_already_paid"},
		{row: "I", path: at(open) + "/sandbox", body: map[string]string{"scenario": "miracle"}, status: 400, code: "unknown_scenario"},
		{row: "I", path: at(open) + "/pay/transaction", body: map[string]string{"transaction": "x"}, status: 400, code: "invalid_transaction_id"},
		{row: "C09", path: paymentsPath, body: payment(m, "order_id", "order-1", "amount", "2.00"), status: 409, code: "order_id_conflict"},
	}
}

func receivers(m rig.Merchant) []bad {
	auth := []string{"Authorization", "Bearer " + m.Token}
	var rows []bad
	for _, url := range []string{"ftp://example.com/", "https://user:pw@example.com/", "//example.com", "https://exаmple.com/", "javascript:x", "https://example.com/" + strings.Repeat("a", 2048)} {
		rows = append(rows, bad{row: "E13", path: "/v1/webhook-endpoints", header: auth, body: map[string]string{"url": url}, status: 400, code: "invalid_webhook_url"})
	}
	rows = append(rows, bad{row: "E13", path: "/v1/webhook-endpoints", header: auth, body: map[string]any{"url": "https://example.com/", "events": []string{"payment.stolen"}}, status: 400, code: "invalid_event_types"})
	return rows
}

// What good rows promise: repeated requests, and who may not be told apart.
func TestRepeatedRequestsAreAnsweredAlike(t *testing.T) {
	g := rig.Start(t, nil)
	m, other := g.Register(t), g.Register(t)
	key := []string{"Idempotency-Key", "order-1024"}
	first := g.Call(http.MethodPost, chargePath, charge(m), key...).Want(t, http.StatusOK)
	again := g.Call(http.MethodPost, chargePath, charge(m), key...).Want(t, http.StatusOK)
	if string(first.Body) != string(again.Body) || again.Header.Get("Idempotent-Replayed") != "true" || first.Header.Get("Idempotent-Replayed") != "" {
		t.Errorf("G02: %s, then %s", first.Body, again.Body)
	}
	reused := g.Call(http.MethodPost, chargePath, charge(m, "amount", "1.00"), key...)
	if reused.Status != http.StatusUnprocessableEntity || reused.At("error") != "idempotency_key_reused" {
		t.Errorf("G04: %d %s", reused.Status, reused.Body)
	}
	theirs := g.Call(http.MethodPost, chargePath, charge(other), key...).Want(t, http.StatusOK)
	if theirs.At("orderNo") == first.At("orderNo") {
		t.Error("G05: two merchants share an idempotency key")
	}
	g.Call(http.MethodPost, chargePath, charge(m, "amount", "x"), "Idempotency-Key", "spare").Want(t, http.StatusBadRequest)
	g.Call(http.MethodPost, chargePath, charge(m), "Idempotency-Key", "spare").Want(t, http.StatusOK) // G06

	order := payment(m, "order_id", "A-1")
	made := g.Call(http.MethodPost, paymentsPath, order).Want(t, http.StatusCreated)
	same := g.Call(http.MethodPost, paymentsPath, order).Want(t, http.StatusOK)
	if made.At("payment.id") != same.At("payment.id") {
		t.Errorf("C08: %s, then %s", made.Body, same.Body)
	}
	id := made.At("payment.id")
	one, two := g.Intent(t, id), g.Intent(t, id)
	if one != two {
		t.Error("I07: a second intent of the same method is another one")
	}
	public := g.Call(http.MethodGet, "/v1/checkout/sessions/"+id, nil).Want(t, http.StatusOK)
	for _, secret := range []string{m.Email, "A-1", m.ClientID, "metadata"} {
		if strings.Contains(string(public.Body), secret) {
			t.Errorf("H04: the public status holds %q: %s", secret, public.Body)
		}
	}
}

// Ten kinds of bad key pair are one answer, but for its request id.
func TestBadKeyPairsReadAlike(t *testing.T) {
	g := rig.Start(t, nil)
	m, other := g.Register(t), g.Register(t)
	revoked := m.Call(http.MethodPost, "/v1/keys", map[string]string{"mode": "test"}).Want(t, http.StatusCreated)
	m.Call(http.MethodPost, "/v1/keys/"+revoked.At("key.id")+"/revoke", nil).Want(t, http.StatusOK)
	answers := map[string]int{}
	for _, pair := range [][2]string{
		{"pk_test_unknown", m.Private},
		{m.Public, "sk_test_wrong"},
		{m.Public, other.Private},
		{other.Public, m.Private},
		{m.Private, m.Public},
		{revoked.At("key.publicKey"), revoked.At("key.privateKey")},
		{strings.Replace(m.Public, "pk_test", "pk_live", 1), m.Private},
		{m.Public, m.Private[:len(m.Private)-1]},
		{strings.ToUpper(m.Public), strings.ToUpper(m.Private)},
		{"", ""},
	} {
		a := g.Call(http.MethodPost, chargePath, charge(m, "publicKey", pair[0], "privateKey", pair[1]))
		text := strings.ReplaceAll(string(a.Body), a.At("request_id"), "")
		answers[fmt.Sprint(a.Status, a.Header.Get("Www-Authenticate"), text)]++
	}
	if len(answers) != 1 {
		t.Errorf("bad pairs can be told apart: %v", answers)
	}
}

// What net/http itself refuses is refused on a connection it closes.
func TestBrokenFramingIsRefused(t *testing.T) {
	g := rig.Start(t, nil)
	address := strings.TrimPrefix(g.URL, "http://")
	for row, text := range map[string]string{
		"A18":  "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("a", 40_000) + "\r\n\r\n",
		"A19":  "POST /v1/payments HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
		"A19b": "POST /v1/payments HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
		"A17":  "GET /v1/%zz HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		_, _ = io.WriteString(conn, text)
		status, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.HasPrefix(status, "HTTP/1.1 4") {
			t.Errorf("%s: %q, %v", row, status, err)
		}
		_ = conn.Close()
	}
}

// No secret that passed through the gateway is in its log, at the most talkative level.
func TestTheLogHoldsNoSecret(t *testing.T) {
	g := rig.Start(t, map[string]string{"LOG_LEVEL": "debug"})
	m := g.Register(t)
	hooks := openReceiver(t)
	hooks.register(t, m)
	g.Call(http.MethodPost, chargePath, charge(m)).Want(t, http.StatusOK)
	g.Call(http.MethodPost, chargePath, charge(m, "privateKey", "sk_test_canarycanarycanary"))
	g.Call(http.MethodPost, "/v1/auth/login", map[string]string{"email": m.Email, "password": "canary password"})
	g.Call(http.MethodPost, "/v1/auth/refresh", map[string]string{"refreshToken": m.Refresh})
	payment := m.Pay(t, "5.00")
	g.Call(http.MethodPost, "/v1/checkout/sessions/"+payment+"/pay/confirm", map[string]string{"paymentId": g.Intent(t, payment)})
	hooks.wants(t, "payment.paid")
	for name, secret := range map[string]string{
		"private key": m.Private, "password": m.Password, "token": m.Token, "refresh token": m.Refresh,
		"API key": m.APIKey, "webhook secret": hooks.secret, "a wrong key": "canarycanarycanary", "a wrong password": "canary password",
		"e-mail": m.Email, "session id": payment,
	} {
		if strings.Contains(g.Log(), secret) {
			t.Errorf("the log holds the %s", name)
		}
	}
}
