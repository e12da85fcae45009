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

const (
	deskPage    = 50 // items of a list that are asked for
	deskClients = 64 // who ask at the same time
	// deskPlaces is at how many places of the year lists are read. Each client has one of his own, because what all
	// ask for at once may be read once for all of them.
	deskPlaces    = deskClients
	deskPlaceDays = 5 // from one to the next; enough is left behind the last
)

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
	d.s.looks++
	answer := d.s.g.Call(http.MethodPost, "/dashboard/graphql", d.query(a), "Cookie", d.cookie,
		"Sec-Fetch-Site", "same-origin", "X-Forwarded-For", from(d.s.looks)).Want(t, http.StatusOK)
	if bytes.Contains(answer.Body, []byte(`"errors"`)) {
		t.Fatalf("%s: %.500s", a.name, answer.Body)
	}
	if n := bytes.Count(answer.Body, []byte(`"key":`)); n < a.least {
		t.Fatalf("%s: %d items, want %d: %.300s", a.name, n, a.least, answer.Body)
	}
	return answer
}

// asks measures requests that clients make again and again. Each client makes those of his share: all the same one
// if there is one only, and no two the same one if there are as many as clients.
func (d desk) asks(t *testing.T, goal float64, all ...asked) contest {
	t.Helper()
	var bodies [][]byte
	for _, a := range all {
		d.ask(t, a)
		bodies = append(bodies, d.query(a))
	}
	l := load{d.s.address(), shots(func(n int) []byte {
		return shot(n, http.MethodPost, "/dashboard/graphql", bodies[n*len(bodies)/addresses], "Cookie", d.cookie,
			"Sec-Fetch-Site", "same-origin")
	}), http.StatusOK, deskClients, false}
	return contest{"dashboard: " + all[0].name, goal, func(t *testing.T, turn time.Duration) pace {
		_, p := l.fire(t, turn)
		return p
	}}
}

const (
	entryFields   = "nodes { key: orderNo kind paymentId description bookedAt reverses postings { source destination amount { amount currency } } } pageInfo { hasNextPage endCursor }"
	paymentFields = "nodes { key: id status kind description orderId createdAt expiresAt awaitsDecision due { amount currency } intent { method amount { network asset amount } } received { amount asset } } pageInfo { hasNextPage endCursor }"
	eventFields   = "nodes { key: id type createdAt paymentId } pageInfo { hasNextPage endCursor }"
	queueFields   = "nodes { key: id network txId from to blockTime disposition amount { amount asset } decision { action at } } pageInfo { hasNextPage endCursor }"
	reportFields  = "lines { key: from network currency entries received reversals reversed net worth { currency amount sources } }"
)

// charts are what an overview shows, which the page asks for at once.
var charts = []struct{ name, fields string }{
	{"volume", "from to volume { key: day currency network kind amount entries }"},
	{"conversion", "conversion { key: day created paid }"},
	{"time to finality", "finality { key: payments median p95 }"},
	{"health of webhooks", "webhooks { key: deliveries delivered pending failed }"},
}

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

// lists measures pages: the newest, which all ask for, and those of many places of the year, a client each.
func (d desk) lists(t *testing.T, dsn string) {
	s := d.s
	entries := d.page(fmt.Sprintf("entries of %d lines", s.deskLines), "entries", "", entryFields)
	payments := d.page("payments", "payments", "", paymentFields)
	newest := d.newest(t, dsn, payments, newestPayments)
	contests := append(d.placed(t, dsn, entries, "booked_at", newestLines),
		d.placed(t, dsn, payments, "created_at", newestPayments)...)
	if s.thorough {
		contests = append(append(contests, d.newest(t, dsn, entries, newestLines)...), newest...)
	}
	paces := s.measure(t, contests...)
	for i := 0; i < len(contests); i += 2 {
		s.found.add(contests[i], contests[i+1], paces[i], paces[i+1])
	}
	if s.thorough {
		var others []contest
		for _, a := range d.deskLists() {
			others = append(others, d.asks(t, 0, a))
		}
		s.against(t, newest[1], others...)
		return
	}
	for _, a := range d.deskLists() {
		d.ask(t, a)
	}
}

// newest is the newest page of a list, after the same in SQL.
func (d desk) newest(t *testing.T, dsn string, a asked, rows func(where string, page int) string) []contest {
	t.Helper()
	own := fmt.Sprintf("project_id = CAST('%s' AS uuid) AND CAST(:n AS int) > 0", d.project)
	sql := d.sql("read the newest "+a.list+" in SQL, 4 clients", dsn, rows(own, deskPage))
	a.name += ", first page, the same for all clients"
	return []contest{sql, d.asks(t, 0.60, a)}
}

// placed is pages of a list at places of the year, after the same in SQL.
func (d desk) placed(
	t *testing.T, dsn string, a asked, at string, rows func(where string, page int) string,
) []contest {
	t.Helper()
	there := fmt.Sprintf("project_id = CAST('%s' AS uuid) AND %s < now() - (1 + CAST(:n AS int) %% %d) * interval '%d days'",
		d.project, at, deskPlaces, deskPlaceDays)
	sql := d.sql(fmt.Sprintf("read %s of %d places in SQL, 4 clients", a.list, deskPlaces), dsn, rows(there, deskPage))
	a.name += fmt.Sprintf(", pages at %d places of the year, a client each", deskPlaces)
	now := time.Now().UTC()
	var pages []asked
	for place := range deskPlaces {
		pages = append(pages, d.after(t, a, now.AddDate(0, 0, -deskPlaceDays*(1+place))))
	}
	return []contest{sql, d.asks(t, 0.60, pages...)}
}

// newestPayments reads the newest page of a project's payments.
func newestPayments(where string, page int) string {
	return fmt.Sprintf(`
		SELECT s.*, i.* FROM (SELECT * FROM sessions WHERE %s AND mode = 'test'
			ORDER BY created_at DESC, id DESC LIMIT %d) s
		LEFT JOIN intents i ON i.id = s.intent_id`, where, page)
}

// after is the page of a list that begins behind one of an instant.
func (d desk) after(t *testing.T, a asked, at time.Time) asked {
	t.Helper()
	page := a
	page.rest += fmt.Sprintf(`, filter: {to: "%s"}`, at.Format(time.RFC3339))
	a.rest += fmt.Sprintf(`, after: "%s"`, d.ask(t, page).At("data."+a.list+".pageInfo.endCursor"))
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
	contests, all := []contest{d.asks(t, goal, report)}, ""
	for _, chart := range charts {
		all += chart.fields + " "
		a := asked{"a chart of 30 days: " + chart.name, "overview", "$p, days: 30", chart.fields, 1}
		contests = append(contests, d.asks(t, goal, a))
	}
	overview := asked{"all charts of 30 days", "overview", "$p, days: 30", all, 30}
	s.against(t, scan, append(contests, d.asks(t, 0, overview))...)
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
