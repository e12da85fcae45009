package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/e2e/rig"
)

// deskPage is how many items of a list are asked for.
const deskPage = 50

// desk is somebody who looks at his dashboard.
type desk struct {
	s       *stage
	cookie  string
	project string
}

// asked is a request as the dashboard's page makes it. In rest $p stands for the project and the mode.
type asked struct {
	name, list, rest, fields string
	least                    int // items there must be
}

// query is the request's text.
func (d desk) query(a asked) []byte {
	place := fmt.Sprintf(`project: "%s", mode: TEST`, d.project)
	text := "query Q { " + a.list + "(" + strings.ReplaceAll(a.rest, "$p", place) + ") { " + a.fields + " } }"
	body, _ := json.Marshal(map[string]string{"query": text}) //nolint:errchkjson // it is text
	return body
}

// ask asks once, as a browser does, and fails the test unless everything was answered.
func (d desk) ask(t *testing.T, a asked) rig.Answer {
	t.Helper()
	answer := d.s.g.Call(http.MethodPost, "/dashboard/graphql", d.query(a), "Cookie", d.cookie,
		"Sec-Fetch-Site", "same-origin").Want(t, http.StatusOK)
	if bytes.Contains(answer.Body, []byte(`"errors"`)) {
		t.Fatalf("%s: %.500s", a.name, answer.Body)
	}
	if n := bytes.Count(answer.Body, []byte(`"key":`)); n < a.least {
		t.Fatalf("%s: %d items, want %d: %.300s", a.name, n, a.least, answer.Body)
	}
	return answer
}

// asks measures a request again and again by 64 clients.
func (d desk) asks(t *testing.T, a asked, goal float64) contest {
	t.Helper()
	d.ask(t, a)
	body := d.query(a)
	l := load{d.s.address(), shots(func(n int) []byte {
		return shot(n, http.MethodPost, "/dashboard/graphql", body, "Cookie", d.cookie, "Sec-Fetch-Site", "same-origin")
	}), http.StatusOK, 64, false}
	return contest{"dashboard: " + a.name, goal, func(t *testing.T, turn time.Duration) pace {
		_, p := l.fire(t, turn)
		return p
	}}
}

const (
	entryFields   = "nodes { key: orderNo kind paymentId description bookedAt reverses postings { source destination amount { amount currency } } } pageInfo { hasNextPage endCursor }"
	paymentFields = "nodes { key: id status kind description orderId createdAt expiresAt awaitsDecision due { amount currency } intent { method amount { network asset amount } } received { amount asset } } pageInfo { hasNextPage endCursor }"
	eventFields   = "nodes { key: id type createdAt paymentId } pageInfo { hasNextPage endCursor }"
	queueFields   = "nodes { key: id network txId from to blockTime disposition amount { amount asset } decision { action at } } pageInfo { hasNextPage endCursor }"
	chartFields   = "from to volume { key: day currency network kind amount entries } conversion { day created paid } finality { payments median p95 } webhooks { deliveries delivered pending failed }"
	reportFields  = "lines { key: from network currency entries received reversals reversed net worth { currency amount sources } }"
)

func (d desk) page(name, list, filter, fields string) asked {
	return asked{name, list, fmt.Sprintf("$p, first: %d%s", deskPage, filter), fields, deskPage}
}

// deskLists are all lists but the two that are measured at every depth.
func (d desk) deskLists() []asked {
	lists := []asked{
		d.page("entries of a rare kind", "entries", ", filter: {kind: REVERSAL}", entryFields),
		d.page("entries of a rare currency", "entries", `, filter: {currency: "JPY"}`, entryFields),
		d.page("payments in a rare state", "payments", ", filter: {statuses: [CANCELLED]}", paymentFields),
		d.page("payments in two states", "payments", ", filter: {statuses: [CANCELLED, OPEN]}", paymentFields),
		d.page("payments of a rare kind", "payments", `, filter: {kind: "usdt"}`, paymentFields),
		d.page("events", "events", "", eventFields),
		d.page("events of a type", "events", `, type: "payment.paid"`, eventFields),
		d.page("events of a type there are none of", "events", `, type: "payment.reversed"`, eventFields),
		d.page("the queue", "queue", "", queueFields),
		d.page("the queue, decided on", "queue", ", decided: true", queueFields),
		{"a payment by its reference", "search", `$p, text: "order 7"`, "key: id status", 1},
		{"payments by an address", "search", `$p, text: "desk address 07"`, "key: id status", 1},
		{"balances", "balances", "$p", "key: network currency received reversed net entries", 1},
		{"a report of a year by day", "report", d.period(deskYear-1).asked() + ", by: DAY", reportFields, deskYear - 1},
	}
	lists[0].least, lists[1].least, lists[7].least = 0, 0, 0 // a short statement has few, or none
	lists[2].least, lists[3].least, lists[4].least = 1, 1, 1
	return lists
}

// period is whole days, the last one included.
type period struct{ from, to string }

// period is the last days until yesterday: what is booked meanwhile does not count.
func (d desk) period(days int) period {
	day := func(back int) string { return time.Now().UTC().AddDate(0, 0, -back).Format(time.DateOnly) }
	return period{day(days), day(1)}
}

func (p period) asked() string { return fmt.Sprintf(`$p, from: "%s", to: "%s"`, p.from, p.to) }

// enter signs a merchant in.
func (s *stage) enter(t *testing.T, m rig.Merchant) desk {
	t.Helper()
	d := desk{s: s}
	in := s.g.Call(http.MethodPost, "/dashboard/session",
		map[string]string{"email": m.Email, "password": m.Password}, "Sec-Fetch-Site", "same-origin")
	for _, line := range in.Want(t, http.StatusCreated).Header.Values("Set-Cookie") {
		if pair, _, _ := strings.Cut(line, ";"); strings.HasPrefix(pair, "101pay=") {
			d.cookie = pair
		}
	}
	err := connect(t, s.g.Env()["DATABASE_URL"]).QueryRow(t.Context(),
		"SELECT id::text FROM projects WHERE merchant_id = $1::text::uuid", m.ID).Scan(&d.project)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// dashboard measures what a merchant of a year sees: lists at any depth against pgbench reading the same
// rows, and charts against the sums made from the book by an index that covers them.
func (s *stage) dashboard(t *testing.T) {
	m := s.g.Register(t)
	d := s.enter(t, m)
	dsn := s.g.Env()["DATABASE_URL"]
	conn := connect(t, dsn)
	s.fillDesk(t, conn, m.ID, d.project)
	d.lists(t, dsn)
	d.charts(t, dsn, m.ID)
	s.deskAgrees(t, conn, d.project)
}

func (d desk) sql(name, dsn, text string) contest {
	return contest{name, 0, func(t *testing.T, turn time.Duration) pace {
		return statement{text, d.s.deskLines, 4}.run(t, dsn, turn)
	}}
}

// lists measures pages.
func (d desk) lists(t *testing.T, dsn string) {
	s, of := d.s, fmt.Sprintf(" of %d lines", d.s.deskLines)
	book := d.sql("read the same page in SQL, 4 clients", dsn, newestLines(d.project, deskPage))
	sessions := d.sql("read the same payments in SQL, 4 clients", dsn, fmt.Sprintf(`
		SELECT s.*, i.* FROM (SELECT * FROM sessions WHERE project_id = CAST('%s' AS uuid) AND mode = 'test'
			AND CAST(:n AS int) > 0 ORDER BY created_at DESC, id DESC LIMIT %d) s
		LEFT JOIN intents i ON i.id = s.intent_id`, d.project, deskPage))
	entries, payments := d.page("entries"+of, "entries", "", entryFields), d.page("payments", "payments", "", paymentFields)
	middle := time.Now().UTC().AddDate(0, 0, -deskYear/2).Format(time.RFC3339)
	contests := []contest{
		book, d.asks(t, entries, 0.60), d.asks(t, d.deep(t, entries, middle), 0.63),
		sessions, d.asks(t, payments, 0.60), d.asks(t, d.deep(t, payments, middle), 0.63),
	}
	paces := s.measure(t, contests...)
	for i := 0; i < len(contests); i += 3 {
		s.found.add(contests[i], contests[i+1], paces[i], paces[i+1])
		s.found.add(contests[i+1], contests[i+2], paces[i+1], paces[i+2])
	}
	if s.thorough {
		first := contests[4]
		var others []contest
		for _, a := range d.deskLists() {
			others = append(others, d.asks(t, a, 0))
		}
		s.against(t, first, others...)
		return
	}
	for _, a := range d.deskLists() {
		d.ask(t, a)
	}
}

// deep is the page of a list that begins in the middle of the year.
func (d desk) deep(t *testing.T, a asked, at string) asked {
	t.Helper()
	from := a
	from.rest += fmt.Sprintf(`, filter: {to: "%s"}`, at)
	cursor := d.ask(t, from).At("data." + a.list + ".pageInfo.endCursor")
	a.name += ", in the middle"
	a.rest += fmt.Sprintf(`, after: "%s"`, cursor)
	return a
}

// charts measures sums, and holds a month's against the book's.
func (d desk) charts(t *testing.T, dsn, merchant string) {
	s := d.s
	month := s.deskLines / 12
	goal := 0.0 // of a short statement the book itself is summed in no time
	if s.thorough {
		goal = 150
	}
	scan := contest{"sum a month by a covering index, 4 clients", 0, func(t *testing.T, turn time.Duration) pace {
		return statement{fmt.Sprintf(`SELECT currency, count(*), sum(amount) FROM postings
			WHERE merchant_id = CAST('%s' AS uuid) AND CAST(:n AS int) > 0
				AND order_no BETWEEN 20210101000000000 + %d AND 20210101000000000 + %d GROUP BY currency`,
			merchant, 6*month, 7*month), s.deskLines, 4}.run(t, dsn, turn)
	}}
	period := d.period(30)
	report := asked{"a month's totals", "report", period.asked() + ", by: PERIOD", reportFields, 1}
	overview := asked{"the charts of 30 days", "overview", "$p, days: 30", chartFields, 30}
	s.against(t, scan, d.asks(t, report, goal), d.asks(t, overview, 0))
	d.exact(t, dsn, report, period)
}

// exact holds what a report of a period says came in against the book itself.
func (d desk) exact(t *testing.T, dsn string, report asked, of period) {
	t.Helper()
	var told struct {
		Data struct {
			Report struct {
				Lines []struct {
					Network, Currency, Received string
					Entries                     int
				}
			}
		}
	}
	if err := json.Unmarshal(d.ask(t, report).Body, &told); err != nil {
		t.Fatal(err)
	}
	if len(told.Data.Report.Lines) == 0 {
		t.Error("a report of nothing")
	}
	for _, line := range told.Data.Report.Lines {
		var entries int
		var same bool
		err := connect(t, dsn).QueryRow(t.Context(), `
			SELECT count(*), sum(p.amount) / 10::numeric ^ split_part(min(p.currency), '/', 2)::int = $4::text::numeric
			FROM transactions t JOIN postings p USING (order_no)
			WHERE t.project_id = $1::text::uuid AND t.mode = 'test' AND t.kind <> 'reversal'
				AND (t.booked_at AT TIME ZONE 'UTC')::date BETWEEN $5::text::date AND $6::text::date
				AND split_part(p.currency, '/', 1) = $2 AND ($3 = 'recorded') = (t.kind = 'charge')`,
			d.project, line.Currency, line.Network, line.Received, of.from, of.to).Scan(&entries, &same)
		if err != nil || entries != line.Entries || !same {
			t.Errorf("%+v, and the book has %d entries (the same sum: %v) %v", line, entries, same, err)
		}
	}
}
