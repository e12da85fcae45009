package bench

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/ledger"
)

const (
	statementPage = 50
	// depths is at how many places of his statement each reader reads.
	depths = 4
	// skipped is how many lines are passed over by who asks for a page by its number.
	skipped = 100_000
)

// pagePath leads to a reader's first page.
var pagePath = fmt.Sprintf("/v1/transactions?limit=%d", statementPage)

// anyReader picks the lines of one of the readers, as :n has it.
var anyReader = fmt.Sprintf("project_id = CAST(md5('project ' || CAST(%d + CAST(:n AS int) %% %d AS text)) AS uuid)",
	shops+1, readers)

// deepLines picks those behind one of the depths of one of the readers.
func deepLines(lines int) string {
	return fmt.Sprintf("%s AND booked_at < now() - (%d + %d / %d * (CAST(:n AS int) %% %d)) * interval '1 second'",
		anyReader, lines/10, lines*7/10, readers*depths, readers*depths)
}

// statement measures pages of the long statements of many merchants whose lines lie among one another, against
// pgbench reading the same lines and against one another: a page deep inside costs what the first one does.
func (s *stage) statement(t *testing.T) {
	dsn := s.g.Env()["DATABASE_URL"]
	all := s.signIn(t, dsn)
	s.fillStatement(t, dsn, all)
	sql := func(name string, goal float64, text string) contest {
		return contest{name + " in SQL, 4 clients", goal, func(t *testing.T, d time.Duration) pace {
			return statement{text, s.lines, 4}.run(t, dsn, d)
		}}
	}
	key := sql("read one line by its key", 0,
		"SELECT * FROM transactions WHERE order_no = 20200101000000000 + CAST(:n AS int)")
	newest := sql(fmt.Sprintf("read the newest %d lines of any of %d merchants", statementPage, readers), 0.52,
		newestLines(anyReader, statementPage))
	of := fmt.Sprintf(" of %d lines of %d merchants, a client each", s.lines, readers)
	marks := s.marks(t, all)
	first := s.reading(all, "first pages"+of, 0.60, func(int, int) string { return "" })
	deep := s.reading(all, fmt.Sprintf("pages at %d depths", depths)+of, 0.63,
		func(who, turn int) string { return marks[who][turn%depths] })
	contests := []contest{key, newest, first, deep}
	if s.lines/readers > skipped { // nothing is skipped that is not there
		contests = append(contests,
			sql(fmt.Sprintf("read %d lines at any of the depths", statementPage), 0, newestLines(deepLines(s.lines), statementPage)),
			sql(fmt.Sprintf("skip %d lines", skipped), 0, skippedLines(anyReader, statementPage)))
	}
	paces := s.measure(t, contests...)
	s.found.add(key, newest, paces[0], paces[1])
	s.found.add(newest, first, paces[1], paces[2])
	s.found.add(first, deep, paces[2], paces[3])
	for i, limit := range contests[4:] {
		deep.goal = []float64{0.60, 500}[i]
		s.found.add(limit, deep, paces[4+i], paces[3])
	}
}

// skippedLines reads the page a number of lines down that an index leads to, as lists do that know no cursor.
func skippedLines(where string, page int) string {
	return fmt.Sprintf(`SELECT t.*, p.source, p.destination, p.currency, p.amount
		FROM (SELECT * FROM transactions WHERE %s AND mode = 'test' AND kind = 'charge'
			ORDER BY booked_at DESC, order_no DESC OFFSET %d LIMIT %d) t
		JOIN postings p USING (order_no)`, where, skipped, page)
}

// newestLines reads the newest page of a project's lines, kind by kind as they are indexed.
func newestLines(where string, page int) string {
	var kinds []string
	for _, kind := range ledger.Kinds() {
		kinds = append(kinds, fmt.Sprintf(`(SELECT order_no, booked_at FROM transactions
			WHERE %s AND mode = 'test' AND kind = '%s'
			ORDER BY booked_at DESC, order_no DESC LIMIT %d)`, where, kind, page))
	}
	return fmt.Sprintf(`
		SELECT t.*, p.source, p.destination, p.currency, p.amount FROM (SELECT order_no FROM (%s) k
			ORDER BY booked_at DESC, order_no DESC LIMIT %d) k
		JOIN transactions t USING (order_no) JOIN postings p USING (order_no)`, strings.Join(kinds, " UNION ALL "), page)
}

// marks are cursors of each reader, from a tenth of the way down to four fifths, so that a whole page lies behind
// each. No two lead equally deep.
func (s *stage) marks(t *testing.T, all []reader) [][depths]string {
	t.Helper()
	now := time.Now().UTC()
	marks := make([][depths]string, len(all))
	for who, r := range all {
		for i := range depths {
			down := s.lines/10 + s.lines*7/10*(i*readers+who)/(depths*readers) // seconds, as there is a line in each
			to := now.Add(-time.Duration(down) * time.Second).Format(time.RFC3339)
			one := s.g.Call(http.MethodGet, "/v1/transactions?limit=1&to="+to, nil, "Authorization", "Bearer "+r.token)
			marks[who][i] = "&cursor=" + one.Want(t, http.StatusOK).At("nextCursor")
		}
	}
	deepest := s.g.Call(http.MethodGet, pagePath+marks[readers-1][depths-1], nil, "Authorization",
		"Bearer "+all[readers-1].token).Want(t, http.StatusOK)
	if n := bytes.Count(deepest.Body, []byte(`"orderNo":`)); n != statementPage {
		t.Fatalf("%d lines on the deepest page, want %d", n, statementPage)
	}
	return marks
}

// reading is a client for each reader, who asks for his page of each turn.
func (s *stage) reading(all []reader, name string, goal float64, page func(who, turn int) string) contest {
	const share = addresses / readers
	l := load{s.address(), shots(func(n int) []byte {
		return shot(n, http.MethodGet, pagePath+page(n/share, n%share), nil, "Authorization", "Bearer "+all[n/share].token)
	}), http.StatusOK, readers, false}
	return contest{name, goal, func(t *testing.T, d time.Duration) pace {
		_, p := l.fire(t, d)
		return p
	}}
}
