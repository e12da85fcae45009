package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/101pay/101pay/e2e/rig"
)

// toldReport is what an event says of a report.
type toldReport struct {
	ID       string
	Schedule string `json:"scheduleId"`
	From, To string
	Trial    bool
	File     struct {
		URL, SHA256  string
		Bytes, Lines int
	}
	Totals []struct{ Network, Currency, Received string }
}

// reports lists what the receiver was told of reports, each event once, in the order it came.
func (r *receiver) reports(t *testing.T) (out []toldReport) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := map[string]bool{}
	for _, got := range r.received {
		if got.Type != "report.ready" || seen[got.ID] {
			continue
		}
		seen[got.ID] = true
		var e struct{ Data struct{ Report toldReport } }
		if err := json.Unmarshal(got.Body, &e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e.Data.Report)
	}
	return out
}

// accountant is somebody signed in to the dashboard who has reports sent of a project.
type accountant struct {
	*visitor
	project string
}

func (a *accountant) ask(t *testing.T, query string) rig.Answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": map[string]string{"p": a.project}})
	if err != nil {
		t.Fatal(err)
	}
	got := a.do(t, http.MethodPost, "/dashboard/graphql", string(body)).Want(t, http.StatusOK)
	if text := string(got.Body); strings.Contains(text, `"errors"`) || !strings.Contains(text, `"userErrors":[]`) {
		t.Fatalf("answered %s", got.Body)
	}
	return got
}

func (a *accountant) plans(t *testing.T, contents, format string) (schedule string) {
	t.Helper()
	return a.ask(t, `mutation($p: ID!) { createReportSchedule(input: { project: $p, mode: TEST, every: DAY, contents: `+
		contents+`, format: `+format+` }) { schedule { id } userErrors { code } } }`).At("data.createReportSchedule.schedule.id")
}

// Days that ended while nobody looked are told by two gateways at once: each day once, in order, signed, and
// the file that the merchant's server fetches is the one the event tells of, today and later.
func TestReportsAreToldOnceAndVerified(t *testing.T) {
	d := openDatabase(t)
	first := rig.Start(t, map[string]string{"DATABASE_URL": d.url})
	m, other := first.Register(t), first.Register(t)
	hooks := openReceiver(t)
	hooks.register(t, m)
	a := &accountant{&visitor{Gateway: first}, m.Call(http.MethodGet, "/v1/project", nil).At("project.id")}
	a.do(t, http.MethodPost, "/dashboard/session", `{"email":"`+m.Email+`","password":"`+m.Password+`"}`).
		Want(t, http.StatusCreated)
	sums, entries := a.plans(t, "ASSETS", "CSV"), a.plans(t, "ENTRIES", "JSON")
	begun := d.text("SELECT min(told_until AT TIME ZONE 'UTC')::date::text FROM report_schedules")
	first.Twin(nil)
	d.exec(`UPDATE report_schedules SET told_until = told_until - interval '3 days', due_at = due_at - interval '3 days'`)
	rig.Eventually(t, settleLimit, "three days are told by each schedule", func() bool { return len(hooks.reports(t)) >= 6 })
	for _, schedule := range []string{sums, entries} {
		if got := d.text(fmt.Sprintf(`SELECT string_agg((DATE '%s' - (period_from AT TIME ZONE 'UTC')::date)::text, ' ' ORDER BY made_at)
			FROM report_runs WHERE schedule_id = '%s' AND period_from < '%[1]s'`, begun, schedule)); got != "3 2 1" {
			t.Errorf("the days before %s were told as %q", begun, got)
		}
	}
	if runs, events := d.text("SELECT count(*)::text FROM report_runs"),
		d.text("SELECT count(*)::text FROM webhook_events WHERE type = 'report.ready'"); runs != events {
		t.Errorf("%s runs and %s events", runs, events)
	}
	if text, exit := first.Command("audit"); exit != 0 {
		t.Errorf("audit answers %d:\n%s", exit, text)
	}

	// A charge of the day that ended last, and of the first instant after it.
	var orders []string
	for range 2 {
		orders = append(orders, first.Call(http.MethodPost, "/v1/transactions/charge", map[string]string{
			"publicKey": m.Public, "privateKey": m.Private, "amount": "12.50", "currency": "USDT",
		}).Want(t, http.StatusOK).At("orderNo"))
	}
	d.exec(fmt.Sprintf(`UPDATE transactions SET booked_at = date_trunc('day', now() - interval '5 minutes', 'UTC')
		- CASE order_no WHEN %s THEN interval '1 microsecond' ELSE interval '0' END`, orders[0]))
	run := a.ask(t, `mutation($p: ID!) { sendReportNow(project: $p, mode: TEST, schedule: "`+entries+`") {
		run { id sha256 } userErrors { code } } }`)
	id := run.At("data.sendReportNow.run.id")
	byID := func(r toldReport) bool { return r.ID == id }
	rig.Eventually(t, settleLimit, "the report asked for", func() bool { return slices.ContainsFunc(hooks.reports(t), byID) })
	list := hooks.reports(t)
	r := list[slices.IndexFunc(list, byID)]
	if !r.Trial || r.From != r.To || r.File.SHA256 != run.At("data.sendReportNow.run.sha256") {
		t.Errorf("told %+v, asked for %s", r, run.Body)
	}
	path := strings.TrimPrefix(r.File.URL, first.URL)
	if path == r.File.URL {
		t.Fatalf("the file is at %s, the gateway at %s", r.File.URL, first.URL)
	}
	file := first.Call(http.MethodGet, path, nil, "Authorization", "Bearer "+m.APIKey).Want(t, http.StatusOK)
	if r.File.Lines != 1 || !strings.Contains(string(file.Body), orders[0]) || strings.Contains(string(file.Body), orders[1]) {
		t.Errorf("of %q the file has\n%s", orders, file.Body)
	}
	for range 2 { // more is booked meanwhile
		if sum := sha256.Sum256(file.Body); hex.EncodeToString(sum[:]) != r.File.SHA256 || len(file.Body) != r.File.Bytes {
			t.Errorf("told %+v, the file is\n%s", r.File, file.Body)
		}
		d.exec(`UPDATE transactions SET booked_at = booked_at - interval '1 hour'`)
		file = first.Call(http.MethodGet, path, nil, "Authorization", "Bearer "+m.APIKey).Want(t, http.StatusOK)
	}
	first.Call(http.MethodGet, path, nil).Want(t, http.StatusUnauthorized)
	first.Call(http.MethodGet, path, nil, "Authorization", "Bearer "+other.APIKey).Want(t, http.StatusNotFound)
	hooks.wants(t, "report.ready") // and not one was forged
}

// exec changes rows from outside.
func (d *database) exec(query string) {
	d.Helper()
	if _, err := d.conn.Exec(d.Context(), query); err != nil {
		d.Fatal(err)
	}
}
