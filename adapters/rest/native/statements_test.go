package native_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// pageThrough reads a list to its end and answers the order numbers.
func (d *desk) pageThrough(token, query string) (all []string) {
	d.Helper()
	next := ""
	for range 100 {
		m := d.get("/v1/transactions?"+query+next, token).is(http.StatusOK)
		for _, line := range m.list(d.T, "transactions") {
			all = append(all, line.text(d.T, "orderNo"))
		}
		cursor, more := m["nextCursor"].(string)
		if !more {
			return all
		}
		next = "&cursor=" + cursor
	}
	d.Fatal("the list has no end")
	return nil
}

// A statement is read page by page, and filtered by what its lines say.
func TestTransactionsAreListed(t *testing.T) {
	d, token, charge := books(t)
	var want []string
	for i := range 7 {
		currency := []string{"USD", "JPY"}[i%2]
		no := charge(`,"amount":"`+strconv.Itoa(i+1)+`","currency":"`+currency+`"`).is(http.StatusOK).text(t, "orderNo")
		want = append([]string{no}, want...)
		if i%3 == 0 { // some at the same instant
			d.clock.pass(time.Hour)
		}
	}
	token = d.login("a@b.example") // the first token has expired meanwhile
	is := func(query string, want ...string) {
		t.Helper()
		if got := d.pageThrough(token, query); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	for _, limit := range []string{"1", "2", "3", "7", "100"} {
		is("limit="+limit, want...)
		is("limit="+limit+"&type=charge&status=settled", want...)
	}
	is("currency=JPY&limit=2", want[1], want[3], want[5])
	is("type=payment")
	is("status=reversed")
	is("mode=live")
	is("from=2026-03-01&to=2026-03-01", want...)
	is("to=2026-02-28")
	is("from=2026-03-02")
	is("from=2026-03-01T13:00:00Z&to=2026-03-01T14%3A00%3A00%2B00%3A00", want[3:6]...)

	line := d.get("/v1/transactions?limit=1", token).is(http.StatusOK).list(t, "transactions")[0]
	for name, value := range map[string]any{
		"type": "charge", "status": "settled", "direction": "in", "amount": "7.00", "amountMinor": "700",
		"currency": "USD", "mode": "test", "bookedAt": "2026-03-01T14:00:00.123456Z",
	} {
		if line[name] != value {
			t.Errorf("%s is %v, want %v", name, line[name], value)
		}
	}
	if got := d.pageThrough(d.token("c@d.example"), ""); len(got) != 0 {
		t.Errorf("another merchant sees %v", got)
	}
}

// login signs a merchant in.
func (d *desk) login(email string) string {
	d.Helper()
	return d.post("/v1/auth/login", "", `{"email":"`+email+`","password":"`+password+`"}`).is(http.StatusOK).text(d.T, "token")
}

// Row H05, and filters that mean nothing.
func TestListQueriesAreStrict(t *testing.T) {
	d, token, charge := books(t)
	for range 3 {
		charge(`,"amount":"1"`).is(http.StatusOK)
	}
	cursor := d.get("/v1/transactions?limit=1", token).is(http.StatusOK).text(t, "nextCursor")
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-1] ^= 1
	forged := base64.RawURLEncoding.EncodeToString(raw)
	other := d.token("c@d.example")
	for _, c := range []struct{ token, query, code string }{
		{token, "limit=0", "invalid_pagination"},
		{token, "limit=-1", "invalid_pagination"},
		{token, "limit=1000000000", "invalid_pagination"},
		{token, "limit=1e3", "invalid_pagination"},
		{token, "limit=101", "invalid_pagination"},
		{token, "cursor=" + forged, "invalid_pagination"},
		{token, "cursor=" + cursor[:8], "invalid_pagination"},
		{token, "cursor=MTIz", "invalid_pagination"},
		{token, "mode=live&cursor=" + cursor, "invalid_pagination"},
		{other, "cursor=" + cursor, "invalid_pagination"},
		{token, "cursor=", "invalid_pagination"},
		{token, "limit=1&limit=2", "unexpected_query"},
		{token, "merchantId=1", "unexpected_query"},
		{token, "mode=Live", "invalid_mode"},
		{token, "currency=usd", "unsupported_currency"},
		{token, "type=refund", "invalid_request"},
		{token, "status=open", "invalid_request"},
		{token, "from=yesterday", "invalid_period"},
		{token, "from=2026-02-30", "invalid_period"},
		{token, "from=0000-01-01", "invalid_period"},
		{token, "from=2026-03-02&to=2026-03-01", "invalid_period"},
	} {
		if d.get("/v1/transactions?"+c.query, c.token).fails(http.StatusBadRequest, c.code); t.Failed() {
			t.Fatal(c.query)
		}
	}
	d.get("/v1/transactions?cursor="+cursor, token).is(http.StatusOK)
}

// What a transaction says of itself is enough for anybody to recompute its hash (decision 7).
func TestATransactionProvesItself(t *testing.T) {
	d, token, charge := books(t)
	made := charge(`,"amount":"9.99","currency":"USD","description":"<a> & \"b\"\n日本"`).is(http.StatusOK)
	r := d.get("/v1/transactions/"+made.text(t, "orderNo"), token)
	m := r.is(http.StatusOK).at(t, "transaction")
	content := m.at(t, "content")
	text := content.text(t, "text")
	sum := sha256.Sum256([]byte(text))
	if hash := "0x" + hex.EncodeToString(sum[:]); hash != made["transaction"] || hash != m["transaction"] || hash != content["hash"] {
		t.Errorf("hash %s, answer %s", hash, r.body)
	}
	// Every line of the text can be written from the answer.
	var b strings.Builder
	for _, line := range [][2]string{
		{"101pay", "transaction/1"},
		{"orderNo", m.text(t, "orderNo")},
		{"merchant", m.text(t, "merchantId")},
		{"project", m.text(t, "projectId")},
		{"mode", m.text(t, "mode")},
		{"kind", m.text(t, "type")},
		{"source", strconv.Quote(m.text(t, "source"))},
		{"session", ""},
		{"description", strconv.Quote(m.text(t, "description"))},
		{"reverses", ""},
		{"bookedAt", m.text(t, "bookedAt")},
	} {
		b.WriteString(line[0] + ": " + line[1] + "\n")
	}
	for _, p := range m.list(t, "postings") {
		b.WriteString("posting: " + p.text(t, "source") + " " + p.text(t, "destination") + " " +
			p.text(t, "unit") + " " + p.text(t, "amountMinor") + "\n")
	}
	if b.String() != text {
		t.Errorf("rebuilt\n%s\nwant\n%s", b.String(), text)
	}
	if chain := m.at(t, "chain"); chain["sequence"] != "1" {
		t.Errorf("chain %v", chain)
	}
	d.get("/v1/transactions/"+made.text(t, "orderNo"), "").fails(http.StatusUnauthorized, "unauthorized")
	// Row A15: the charge's path answers to POST alone.
	if r := d.get("/v1/transactions/charge", ""); r.header.Get("Allow") != "POST" {
		t.Errorf("Allow %q", r.header.Get("Allow"))
	} else {
		r.fails(http.StatusMethodNotAllowed, "method_not_allowed")
	}
}
