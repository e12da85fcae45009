package native_test

import (
	"context"
	"encoding/csv"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/rest/native"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// Row D04: no cell of a statement is a formula, and every value is still in it.
func TestStatementsHoldNoFormulas(t *testing.T) {
	d, token, charge := books(t)
	texts := []string{
		`=HYPERLINK("http://evil","x")`, "+1", "@SUM(1)", "-2+3", "\t=1", "＝1+1", "plain, \"quoted\"", "two\nlines", "'already", "",
	}
	for _, text := range texts {
		charge(`,"amount":"1.50","currency":"USD","description":` + strconv.Quote(text)).is(http.StatusOK)
		d.clock.pass(time.Second)
	}
	r := d.get("/v1/transactions/statement?from=2026-03-01&to=2026-03-31&format=csv", token)
	if r.status != http.StatusOK || r.header.Get("Content-Type") != "text/csv; charset=utf-8" ||
		r.header.Get("Content-Disposition") != `attachment; filename="statement-test-2026-03-01-2026-03-31.csv"` {
		t.Fatalf("%d %v\n%s", r.status, r.header, r.body)
	}
	if !strings.Contains(r.body, "\r\n") {
		t.Error("lines do not end as RFC 4180 says")
	}
	rows, err := csv.NewReader(strings.NewReader(r.body)).ReadAll()
	if err != nil || len(rows) != len(texts)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	for i, text := range texts {
		row := rows[len(rows)-1-i] // newest first
		want := text
		if i < 6 {
			want = "'" + text
		}
		if got := row[column["description"]]; got != want {
			t.Errorf("cell %q, want %q", got, want)
		}
		if row[column["amount"]] != "1.50" || row[column["amountMinor"]] != "150" || row[column["currency"]] != "USD" {
			t.Errorf("row %q", row)
		}
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r＝", []rune(cell)[0]) {
				t.Errorf("cell %q would be computed", cell)
			}
		}
	}
}

// A long statement is written whole, in both formats, and a reversal takes back what it reverses.
func TestWholeStatements(t *testing.T) {
	d, token, charge := books(t)
	id := merchant.ID(d.get("/v1/me", token).is(http.StatusOK).at(t, "merchant").text(t, "id"))
	first := charge(`,"amount":"1"`).is(http.StatusOK).text(t, "orderNo")
	booked, err := d.store.ByOrderNo(t.Context(), id, merchant.Test, ledger.OrderNo(first))
	if err != nil {
		t.Fatal(err)
	}
	const many = 1203 // three batches
	var last ledger.OrderNo
	for i := range many {
		d.clock.pass(time.Millisecond)
		if last, err = d.store.Next(t.Context(), d.clock.Now()); err != nil {
			t.Fatal(err)
		}
		tx := booked.Transaction
		tx.OrderNo, tx.SourceRef, tx.BookedAt = last, string(last), ledger.Instant(d.clock.Now())
		if i == many-1 {
			tx = booked.Transaction.Reversal(last, "back", "reorganised", d.clock.Now())
		}
		amount, err := money.FromMinor(money.USDC, big.NewInt(int64(i+1)))
		if err != nil {
			t.Fatal(err)
		}
		tx.Postings[0].Amount = amount
		if _, err := d.store.Book(t.Context(), tx, ""); err != nil {
			t.Fatal(err)
		}
	}
	const period = "/v1/transactions/statement?from=2026-03-01&to=2026-03-01"
	m := d.get(period, token).is(http.StatusOK)
	lines := m.list(t, "transactions")
	if len(lines) != many+1 || m["from"] != "2026-03-01T00:00:00.000000Z" || m["to"] != "2026-03-02T00:00:00.000000Z" || m["mode"] != "test" {
		t.Errorf("%d lines from %v to %v", len(lines), m["from"], m["to"])
	}
	seen := map[string]bool{}
	for _, l := range lines {
		seen[l.text(t, "orderNo")] = true
	}
	if len(seen) != many+1 {
		t.Errorf("%d different lines", len(seen))
	}
	if back := lines[0]; back["type"] != "reversal" || back["status"] != "reversed" || back["direction"] != "out" ||
		back["reverses"] != first || back["orderNo"] != string(last) {
		t.Errorf("reversal %v", back)
	}
	rows, err := csv.NewReader(strings.NewReader(d.get(period+"&format=csv", token).body)).ReadAll()
	if err != nil || len(rows) != many+2 {
		t.Errorf("%d rows, %v", len(rows), err)
	}

	if m := d.get("/v1/transactions/statement?from=2026-02-01&to=2026-02-02", token).is(http.StatusOK); len(m.list(t, "transactions")) != 0 {
		t.Errorf("an empty month holds %v", m)
	}
	empty := d.get("/v1/transactions/statement?from=2026-02-01&to=2026-02-02&format=csv", token)
	if rows, err := csv.NewReader(strings.NewReader(empty.body)).ReadAll(); err != nil || len(rows) != 1 {
		t.Errorf("an empty month has %d rows, %v", len(rows), err)
	}
	for query, want := range map[string]struct{ code, param string }{
		"":                              {"invalid_period", "from"},
		"from=2026-01-01":               {"invalid_period", "to"},
		"from=2026-01-01&to=2027-01-02": {"invalid_period", "to"},
		"from=2026-01-02&to=2026-01-01": {"invalid_period", "to"},
		"from=2026-01-01&to=2026-01-02&format=xlsx": {"invalid_request", "format"},
		"from=2026-01-01&to=2026-01-02&cursor=x":    {"unexpected_query", "cursor"},
	} {
		if m := d.get("/v1/transactions/statement?"+query, token).fails(http.StatusBadRequest, want.code); m["param"] != want.param {
			t.Errorf("%s: %v", query, m)
		}
	}
}

// tearing is a book whose second page cannot be read.
type tearing struct {
	ports.Statements
	line  ports.Booked
	pages int
}

func (b *tearing) Page(_ context.Context, q ports.StatementQuery) (ports.StatementPage, error) {
	if b.pages++; b.pages > 1 {
		return ports.StatementPage{}, ports.ErrTimeout
	}
	return ports.StatementPage{Lines: slices.Repeat([]ports.Booked{b.line}, q.Limit), More: true}, nil
}

// Half a statement must not look like a whole one: the connection breaks, and the reader knows.
func TestATornStatementBreaksOff(t *testing.T) {
	d, _, charge := books(t)
	no := charge(`,"amount":"1"`).is(http.StatusOK).text(t, "orderNo")
	page, err := d.store.Page(t.Context(), ports.StatementQuery{Mode: merchant.Test, Limit: 1})
	if err != nil || string(page.Lines[0].Transaction.OrderNo) != no {
		t.Fatal(page, err)
	}
	for _, format := range []string{"json", "csv"} {
		path := "/v1/transactions/statement?from=2026-03-01&to=2026-03-02&format=" + format
		book := &tearing{line: page.Lines[0]}
		torn := openDesk(t, func(a *native.API, _ app.Rails) { a.Statements.Book = book })
		server := httptest.NewServer(torn.engine)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+torn.token("a@b.example"))
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(answer.Body); err == nil {
			t.Errorf("%s: %d and a whole body of %d bytes", format, answer.StatusCode, len(body))
		}
		_ = answer.Body.Close()
		server.Close()

		// While nothing was sent, the failure can still be answered: book is beyond its first page.
		torn.get(path, torn.login("a@b.example")).fails(http.StatusServiceUnavailable, "timeout")
	}
}
