package bench

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/e2e/rig"
)

const statementPage = 50

// bookedLines gives a merchant $2 charges, one a second and the last of them just now. Their hashes
// are of nothing: it is for reading.
var bookedLines = []string{
	`INSERT INTO transactions (order_no, merchant_id, project_id, mode, kind, source_ref, session_id,
		description, reverses, booked_at, sequence, content, chain)
	SELECT 20200101000000000 + n, $1::text::uuid, (SELECT id FROM projects WHERE merchant_id = $1::text::uuid),
		'test', 'charge', (20200101000000000 + n)::text, '', 'line ' || n, NULL,
		now() - ($2::int - n) * interval '1 second', n, sha256(n::text::bytea), sha256(n::text::bytea)
	FROM generate_series(1, $2::int) n`,
	`INSERT INTO postings (order_no, position, merchant_id, source, destination, currency, amount)
	SELECT 20200101000000000 + n, 0, $1::text::uuid, 'world:test:merchant', 'merchant:' || $1 || ':test:charged',
		'USDC/6', 9990000
	FROM generate_series(1, $2::int) n`,
}

// statement measures pages of a long statement, against pgbench reading the same lines and against
// one another: a page deep inside costs what the first one does.
func (s *stage) statement(t *testing.T) {
	m := s.g.Register(t)
	dsn := s.g.Env()["DATABASE_URL"]
	conn := connect(t, dsn)
	for _, sql := range bookedLines {
		if _, err := conn.Exec(t.Context(), sql, m.ID, s.lines); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.Exec(t.Context(), "VACUUM ANALYZE transactions, postings"); err != nil {
		t.Fatal(err)
	}
	var project string
	err := conn.QueryRow(t.Context(), "SELECT id::text FROM projects WHERE merchant_id = $1::text::uuid", m.ID).Scan(&project)
	if err != nil {
		t.Fatal(err)
	}
	sql := func(name string, goal float64, text string) contest {
		return contest{name, goal, func(t *testing.T, d time.Duration) pace {
			return statement{text, s.lines, 4}.run(t, dsn, d)
		}}
	}
	key := sql("read one line by its key in SQL, 4 clients", 0,
		"SELECT * FROM transactions WHERE order_no = 20200101000000000 + CAST(:n AS int)")
	same := sql(fmt.Sprintf("read the newest %d lines in SQL, 4 clients", statementPage), 0.52,
		newestLines(project, statementPage))
	of := fmt.Sprintf("of %d lines, 64 clients", s.lines)
	first := s.reading(m, "first page "+of, 0.60, "")
	deep := s.reading(m, "page deep inside "+of, 0.63, s.cursor(t, m))
	contests := []contest{key, same, first, deep}
	if s.lines > skipped { // nothing is skipped that is not there
		contests = append(contests, sql(fmt.Sprintf("skip %d lines in SQL, 4 clients", skipped), 0,
			skippedLines(project, statementPage)))
	}
	paces := s.measure(t, contests...)
	s.found.add(key, same, paces[0], paces[1])
	s.found.add(same, first, paces[1], paces[2])
	s.found.add(first, deep, paces[2], paces[3])
	for _, counted := range contests[4:] {
		deep.goal = 500
		s.found.add(counted, deep, paces[4], paces[3])
	}
}

// skipped is how many lines are passed over by who asks for a page by its number.
const skipped = 100_000

// skippedLines reads the page a number of lines down that an index leads to, as lists do that know no cursor.
func skippedLines(project string, page int) string {
	return fmt.Sprintf(`SELECT t.*, p.source, p.destination, p.currency, p.amount
		FROM (SELECT * FROM transactions WHERE project_id = CAST('%s' AS uuid) AND mode = 'test' AND kind = 'charge'
			AND CAST(:n AS int) > 0 ORDER BY booked_at DESC, order_no DESC OFFSET %d LIMIT %d) t
		JOIN postings p USING (order_no)`, project, skipped, page)
}

// newestLines reads a page of a project's statement, kind by kind as lines are indexed. The number is not asked
// for, yet there: every statement of a limit takes one.
func newestLines(project string, page int) string {
	var kinds []string
	for _, kind := range ledger.Kinds() {
		kinds = append(kinds, fmt.Sprintf(`(SELECT order_no, booked_at FROM transactions
			WHERE project_id = CAST('%s' AS uuid) AND mode = 'test' AND kind = '%s' AND CAST(:n AS int) > 0
			ORDER BY booked_at DESC, order_no DESC LIMIT %d)`, project, kind, page))
	}
	return fmt.Sprintf(`
		SELECT t.*, p.source, p.destination, p.currency, p.amount FROM (SELECT order_no FROM (%s) k
			ORDER BY booked_at DESC, order_no DESC LIMIT %d) k
		JOIN transactions t USING (order_no) JOIN postings p USING (order_no)`, strings.Join(kinds, " UNION ALL "), page)
}

// cursor leads to the middle of the merchant's statement.
func (s *stage) cursor(t *testing.T, m rig.Merchant) string {
	t.Helper()
	middle := time.Now().Add(-time.Duration(s.lines/2) * time.Second).UTC().Format(time.RFC3339)
	a := m.Call(http.MethodGet, "/v1/transactions?limit=1&to="+middle, nil).Want(t, http.StatusOK)
	return "&cursor=" + a.At("nextCursor")
}

func (s *stage) reading(m rig.Merchant, name string, goal float64, cursor string) contest {
	l := load{s.address(), shots(func(n int) []byte {
		return shot(n, http.MethodGet, fmt.Sprintf("/v1/transactions?limit=%d%s", statementPage, cursor), nil,
			"Authorization", "Bearer "+m.Token)
	}), http.StatusOK, 64, false}
	return contest{name, goal, func(t *testing.T, d time.Duration) pace {
		_, p := l.fire(t, d)
		return p
	}}
}
