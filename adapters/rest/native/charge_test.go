package native_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// books opens a till: charge posts with the good pair, the rest of the body as given.
func books(t *testing.T) (d *desk, token string, charge func(rest string) reply) {
	t.Helper()
	d = openDesk(t)
	token = d.token("a@b.example")
	key := d.newKey(token, `{}`)
	pair := `{"publicKey":"` + key.text(t, "publicKey") + `","privateKey":"` + key.text(t, "privateKey") + `"`
	return d, token, func(rest string) reply {
		t.Helper()
		return d.post("/v1/transactions/charge", "", pair+rest+`}`)
	}
}

// The example of source 000, member for member.
func TestChargeAnswersAsTheSourceShows(t *testing.T) {
	_, _, charge := books(t)
	r := charge(`,"amount":"9.99","currency":"USD","description":"order #1024"`)
	m := r.is(http.StatusOK)
	if no := m.text(t, "orderNo"); len(no) != 17 || !strings.HasPrefix(no, "20260301") {
		t.Errorf("order number %q", no)
	}
	if hash := m.text(t, "transaction"); len(hash) != 66 || !strings.HasPrefix(hash, "0x") {
		t.Errorf("transaction %q", hash)
	}
	if len(m) != 6 || m["amount"] != "999" || m["currency"] != "USD" || m["status"] != "settled" || m["amountDecimal"] != "9.99" {
		t.Errorf("answer %s", r.body)
	}
	for i, name := range []string{"orderNo", "transaction", "amount", "currency", "status"} {
		if at := strings.Index(r.body, `"`+name+`"`); at < 0 || strings.Count(r.body[:at], ",") != i {
			t.Errorf("%s is not in the source's place in %s", name, r.body)
		}
	}
	if m := charge(`,"amount":"1"`).is(http.StatusOK); m["currency"] != "USDC" || m["amount"] != "1000000" {
		t.Errorf("without a currency: %v", m)
	}
}

// Row F01 and ten kinds of bad pairs: one answer, byte for byte, and nothing booked.
func TestBadPairsReadAlike(t *testing.T) {
	d := openDesk(t, withLiveRail)
	token, other := d.token("a@b.example"), d.token("c@d.example")
	type pair struct{ public, private string }
	of := func(o object) pair { return pair{o.text(t, "publicKey"), o.text(t, "privateKey")} }
	good, second := of(d.newKey(token, `{}`)), of(d.newKey(token, `{}`))
	live, foreign := of(d.newKey(token, `{"mode":"live"}`)), of(d.newKey(other, `{}`))
	gone := d.newKey(token, `{}`)
	d.post("/v1/keys/"+gone.text(t, "id")+"/revoke", token, "").is(http.StatusOK)
	rotated := d.newKey(token, `{}`)
	d.post("/v1/keys/"+rotated.text(t, "id")+"/rotate", token, "").is(http.StatusCreated)

	ask := func(p pair) reply {
		return d.post("/v1/transactions/charge", "",
			`{"publicKey":"`+p.public+`","privateKey":"`+p.private+`","amount":"1"}`)
	}
	ask(good).is(http.StatusOK)
	before := d.state(token)
	var want string
	for name, p := range map[string]pair{
		"unknown public key":            {"pk_test_" + strings.Repeat("a", 32), good.private},
		"unknown private key":           {good.public, "sk_test_" + strings.Repeat("a", 52)},
		"private key of another pair":   {good.public, second.private},
		"private key of another's pair": {good.public, foreign.private},
		"swapped":                       {good.private, good.public},
		"revoked":                       of(gone),
		"rotated away":                  of(rotated),
		"other mode":                    {good.public, live.private},
		"other mode's public key":       {live.public, good.private},
		"cut short":                     {good.public, good.private[:len(good.private)-1]},
		"capitals":                      {good.public, strings.ToUpper(good.private)},
		"public key in capitals":        {strings.ToUpper(good.public), good.private},
		"empty":                         {"", ""},
		"empty private key":             {good.public, ""},
		"overlong":                      {strings.Repeat("p", 5000), strings.Repeat("s", 5000)},
		"hint":                          {good.public, "sk_test_…" + good.private[len(good.private)-4:]},
		"injection":                     {"' OR '1'='1", "x"},
	} {
		r := ask(p)
		r.fails(http.StatusUnauthorized, "key_pair_invalid")
		if want == "" {
			want = r.body
		}
		if r.body != want {
			t.Errorf("%s: %s, others %s", name, r.body, want)
		}
	}
	if d.state(token) != before {
		t.Error("a bad pair changed something")
	}
	for _, secret := range []string{good.private, gone.text(t, "privateKey"), token} {
		if strings.Contains(d.log.String(), secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
	for body, param := range map[string]string{ // F02
		`{"privateKey":"x","amount":"1"}`: "publicKey", `{"publicKey":"x","amount":"1"}`: "privateKey",
	} {
		if m := d.post("/v1/transactions/charge", "", body).fails(http.StatusBadRequest, "invalid_request"); m["param"] != param {
			t.Errorf("%s: %v", body, m)
		}
	}
}

// Rows B01 to B17 and C01.
func TestChargeAmounts(t *testing.T) {
	d, token, charge := books(t)
	before := d.state(token)
	for _, c := range []struct {
		code, currency string
		amounts        []string
	}{
		{"invalid_amount", "USD", []string{"", " ", " 1", "1 ", `1\n`, `\t1`}},                                   // B01
		{"invalid_amount", "USD", []string{"-1", "−1", "+1", "--1"}},                                             // B02
		{"amount_not_positive", "USD", []string{"0", "0.00", "-0"}},                                              // B03
		{"invalid_amount", "USD", []string{"1e2", "1E2", "1e1000000000", "1e-1000000000", "1e400"}},              // B04
		{"invalid_amount", "USD", []string{"NaN", "nan", "Infinity", "-Inf"}},                                    // B05
		{"invalid_amount", "USD", []string{"0x10", "0b1", "0o7", "1_000", "1,000", "1'000"}},                     // B06
		{"invalid_amount", "USD", []string{"１", "٣", "1．5", "1‚5", "1,5"}},                                       // B07
		{"invalid_amount", "USD", []string{"01", "00.1", ".5", "5.", ".", "1.2.3"}},                              // B08
		{"amount_precision", "USD", []string{"9.999", "9.9900000"}},                                              // B09, B10
		{"amount_precision", "JPY", []string{"1.0", "9.99"}},                                                     // B09, B16
		{"amount_precision", "USDT", []string{"1.0000001"}},                                                      // B09
		{"amount_too_large", "USD", []string{strings.Repeat("9", 19), strings.Repeat("9", 41), "1000000000001"}}, // B11, B12
		{"amount_too_small", "USDT", []string{"0.000001"}},                                                       // B13
		{"invalid_amount", "USD", []string{"$9.99", "9.99 USD", "1abc"}},                                         // B14
		{"unsupported_currency", "usd", []string{"1"}},                                                           // C01
		{"unsupported_currency", "USDＴ", []string{"1"}},
		{"unsupported_currency", "USDТ", []string{"1"}}, // a Cyrillic letter
		{"unsupported_currency", "BTC", []string{"1"}},
		{"unsupported_currency", "", []string{"1"}},
	} {
		param := "amount"
		if c.code == "unsupported_currency" {
			param = "currency"
		}
		for _, amount := range c.amounts {
			m := charge(`,"currency":"`+c.currency+`","amount":"`+amount+`"`).fails(http.StatusBadRequest, c.code)
			if m["param"] != param {
				t.Errorf("%q %s: param %v", amount, c.currency, m["param"])
			}
		}
	}
	charge(``).fails(http.StatusBadRequest, "amount_required")
	for _, number := range []string{"9.99", "9007199254740993", "true", "null", "{}"} { // B15, A21
		if m := charge(`,"amount":`+number).fails(http.StatusBadRequest, "invalid_type"); m["param"] != "amount" {
			t.Errorf("%s: %v", number, m)
		}
	}
	charge(`,"amount":"`+strings.Repeat("9", 1<<20)+`"`).fails(http.StatusRequestEntityTooLarge, "body_too_large")
	if d.state(token) != before {
		t.Error("a refusal changed something")
	}
	for amount, want := range map[string][2]string{ // B17
		"9.99": {"USD", "999"}, "1500": {"JPY", "1500"}, "1.00": {"USDT", "1000000"}, "9.990000": {"USDC", "9990000"},
	} {
		if m := charge(`,"currency":"` + want[0] + `","amount":"` + amount + `"`).is(http.StatusOK); m["amount"] != want[1] {
			t.Errorf("%s %s: %v", amount, want[0], m)
		}
	}
}

// Rows D01 to D04 and D06: a description is any text that shows what it is.
func TestChargeDescriptions(t *testing.T) {
	d, token, charge := books(t)
	for _, good := range []string{
		`<script>alert(1)</script>`, `{{7*7}}`, `${7*7}`, `</title>`, `]]>`, `javascript:alert(1)`, `a\u2028b`,
		`=HYPERLINK(\"x\")`, `\t=1`, `\r\nlevel=info msg=paid`, strings.Repeat("é", 500), "日本語", "",
	} {
		charge(`,"amount":"1","description":"` + good + `"`).is(http.StatusOK)
	}
	charge(`,"amount":"1","description":"`+strings.Repeat("é", 501)+`"`).
		fails(http.StatusBadRequest, "description_too_long")
	for _, bad := range []string{`a\u202eb`, `a\u200bb`, `a\u0007b`, `a\u0000b`, `a\rb`, `a\ufeffb`} {
		m := charge(`,"amount":"1","description":"`+bad+`"`).fails(http.StatusBadRequest, "invalid_string")
		if m["param"] != "description" {
			t.Errorf("%s: %v", bad, m)
		}
	}
	if lines := strings.Count(d.log.String(), "level=info"); lines != 0 {
		t.Errorf("a description is in the log")
	}
	if n := len(d.get("/v1/transactions?limit=100", token).is(http.StatusOK).list(t, "transactions")); n != 13 {
		t.Errorf("%d charges", n)
	}
}

// Live charges have no payer, so they are refused until the project asks for them (decision 7).
func TestLiveChargesNeedThePolicy(t *testing.T) {
	d := openDesk(t, withLiveRail)
	token := d.token("a@b.example")
	key := d.newKey(token, `{"mode":"live"}`)
	body := `{"publicKey":"` + key.text(t, "publicKey") + `","privateKey":"` + key.text(t, "privateKey") + `","amount":"1"}`
	d.post("/v1/transactions/charge", "", body).fails(http.StatusPaymentRequired, "payment_rejected")
	d.do(call{method: "PATCH", path: "/v1/project", token: token, body: `{"policy":{"recordedCharges":true}}`}).is(http.StatusOK)
	no := d.post("/v1/transactions/charge", "", body).is(http.StatusOK).text(t, "orderNo")
	d.get("/v1/transactions/"+no, token).fails(http.StatusNotFound, "not_found")
	m := d.get("/v1/transactions/"+no+"?mode=live", token).is(http.StatusOK).at(t, "transaction")
	to := m.list(t, "postings")[0].text(t, "destination")
	if m["mode"] != "live" || !strings.HasSuffix(to, ":live:recorded") {
		t.Errorf("recorded charge %v", m)
	}
}

// Order numbers are of the day a charge was booked.
func TestOrderNumbersAreOfTheirDay(t *testing.T) {
	d, _, charge := books(t)
	first := charge(`,"amount":"1"`).is(http.StatusOK).text(t, "orderNo")
	d.clock.pass(24 * time.Hour)
	second := charge(`,"amount":"1"`).is(http.StatusOK).text(t, "orderNo")
	if first != "20260301000000001" || second != "20260302000000001" {
		t.Errorf("order numbers %s, %s", first, second)
	}
}
