package graphql_test

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/101pay/101pay/adapters/graphql"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/member"
)

// fetch asks for a report in one of its forms.
func (w *world) fetch(actor, form, query string) *httptest.ResponseRecorder {
	w.Helper()
	return w.get(actor, graphql.ReportsPath+"."+form+"?"+query)
}

func (w *world) get(actor, path string) *httptest.ResponseRecorder {
	w.Helper()
	w.clock.pass(1e9)
	r := httptest.NewRequestWithContext(w.Context(), http.MethodGet, path, nil)
	r.Header.Set("Actor", actor)
	out := httptest.NewRecorder()
	w.engine.ServeHTTP(out, r)
	return out
}

// A report says the same in every form: what came in, what was undone, and what that was worth.
func TestReportsSayTheSame(t *testing.T) {
	w := open(t)
	s := w.shop("corner")
	paid := w.pay(&s, app.ScenarioExact)
	if err := w.sandbox.Play(t.Context(), paid, app.ScenarioReorg); err != nil {
		t.Fatal(err)
	}
	w.tick()
	w.tick()
	a := w.asked(s.as(member.Accountant), `query($p: ID!) { report(project: $p, mode: TEST, from: "2026-03-01", to: "2026-03-02") {
		csvUrl lines { from network currency entries received reversals reversed net worth { amount currency sources } } } }`,
		args{"p": s.ids["project"]})
	line := a.at("report", "lines", 0).(map[string]any)
	if line["network"] != "sandbox" || line["currency"] != "USDT" || line["entries"] != 3.0 || line["reversals"] != 1.0 {
		t.Errorf("the report has %v", line)
	}
	// One USDT for a dollar was the rate, so what is left was worth as much, in cents.
	net, _ := new(big.Rat).SetString(line["net"].(string))
	if worth := a.at("report", "lines", 0, "worth", 0).(map[string]any); worth["currency"] != "USD" ||
		worth["amount"] != net.FloatString(2) || net.Cmp(big.NewRat(19, 1)) < 0 {
		t.Errorf("%s was worth %v", net, worth)
	}
	query := "project=" + s.ids["project"] + "&mode=test&from=2026-03-01&to=2026-03-02&by=day"
	if url := a.at("report", "csvUrl").(string); !strings.HasPrefix(url, "https://pay.example"+graphql.ReportsPath+".csv?") ||
		!strings.Contains(url, s.ids["project"]) {
		t.Errorf("it is at %s", url)
	}
	sheet := w.fetch(s.as(member.Accountant), "csv", query)
	records, err := csv.NewReader(sheet.Body).ReadAll()
	if err != nil || len(records) != 2 {
		t.Fatalf("%v: %q", err, records)
	}
	for i, want := range []string{"from", "network", "currency", "entries", "received", "reversals", "reversed", "net"} {
		if records[0][i] != want || records[1][i] != fmt.Sprint(line[want]) {
			t.Errorf("column %s is %q, want %v", records[0][i], records[1][i], line[want])
		}
	}
	if d := sheet.Header().Get("Content-Disposition"); d != `attachment; filename="report-2026-03-01-2026-03-02-test.csv"` {
		t.Errorf("it is called %q", d)
	}
	printed := w.fetch(s.as(member.Accountant), "html", query)
	if p := printed.Header().Get("Content-Security-Policy"); !strings.HasPrefix(p, "default-src 'none'; style-src 'sha256-") {
		t.Errorf("its policy is %q", p)
	}
	for _, form := range []string{printed.Body.String(), w.fetch(s.as(member.Accountant), "json", query).Body.String()} {
		for _, name := range []string{"network", "received", "net"} {
			if !strings.Contains(form, fmt.Sprint(line[name])) {
				t.Errorf("%s is not in %s", name, form)
			}
		}
	}
}

// Reports as files are for who may export, of his own merchant, and of whole days.
func TestReportsAreForWhoMayExport(t *testing.T) {
	w := open(t)
	s, rival := w.shop("corner"), w.shop("rival")
	good := "project=" + s.ids["project"] + "&mode=test&from=2026-03-01&to=2026-03-02&by=month"
	for name, c := range map[string]struct {
		actor, query string
		status       int
	}{
		"accountant":     {s.as(member.Accountant), good, 200},
		"owner":          {s.as(member.Owner), good, 200},
		"developer":      {s.as(member.Developer), good, 403},
		"viewer":         {s.as(member.Viewer), good, 403},
		"nobody":         {"nobody", good, 401},
		"another's":      {rival.as(member.Owner), good, 400},
		"no project":     {s.as(member.Owner), strings.Replace(good, s.ids["project"], "x", 1), 400},
		"no mode":        {s.as(member.Owner), strings.Replace(good, "test", "prod", 1), 400},
		"no day":         {s.as(member.Owner), strings.Replace(good, "-01&", "-99&", 1), 400},
		"no kind":        {s.as(member.Owner), strings.Replace(good, "month", "hour", 1), 400},
		"backwards":      {s.as(member.Owner), strings.Replace(good, "to=2026-03-02", "to=2026-02-02", 1), 400},
		"years":          {s.as(member.Owner), strings.Replace(good, "from=2026", "from=2016", 1), 400},
		"something else": {s.as(member.Owner), good + "&limit=1", 400},
	} {
		for _, form := range []string{"csv", "json", "html"} {
			if got := w.fetch(c.actor, form, c.query); got.Code != c.status {
				t.Errorf("%s as %s: answered %d %s, want %d", name, form, got.Code, got.Body, c.status)
			}
		}
	}
	foreign := w.fetch(rival.as(member.Owner), "csv", good).Body.String()
	nobodys := w.fetch(rival.as(member.Owner), "csv", strings.Replace(good, s.ids["project"], "00000000-0000-4000-8000-000000000000", 1)).Body.String()
	if foreign != nobodys || !strings.Contains(foreign, "NOT_FOUND") {
		t.Errorf("another's is told from nobody's:\n%s\n%s", foreign, nobodys)
	}
}

// What is told by schedule is listed with its file, and the file is for who may export, of his own merchant.
func TestFilesOfReportsAreForWhoMayExport(t *testing.T) {
	w := open(t)
	s, rival := w.shop("corner"), w.shop("rival")
	w.tick()
	a := w.asked(s.as(member.Accountant), `query($p: ID!) {
		reportSchedules(project: $p, mode: TEST) { id every contents format from to nextAt }
		reportRuns(project: $p, mode: TEST) { nodes { id schedule trial from to lines bytes sha256 fileUrl eventId told { delivered pending failed } } }
	}`, args{"p": s.ids["project"]})
	next := a.at("reportSchedules", 0).(map[string]any)
	run := a.at("reportRuns", "nodes", 0).(map[string]any)
	if next["every"] != "DAY" || next["contents"] != "ASSETS" || next["from"] != next["to"] ||
		run["schedule"] != next["id"] || run["trial"] != true || run["told"].(map[string]any)["delivered"] != 1.0 {
		t.Errorf("listed are %s", a.Body)
	}
	at, err := url.Parse(run["fileUrl"].(string))
	if err != nil || at.Host != "pay.example" {
		t.Fatalf("the file is at %v, %v", at, err)
	}
	for name, c := range map[string]struct {
		actor, query string
		status       int
	}{
		"accountant":     {s.as(member.Accountant), at.RawQuery, 200},
		"owner":          {s.as(member.Owner), at.RawQuery, 200},
		"developer":      {s.as(member.Developer), at.RawQuery, 403},
		"viewer":         {s.as(member.Viewer), at.RawQuery, 403},
		"nobody":         {"nobody", at.RawQuery, 401},
		"another's":      {rival.as(member.Owner), at.RawQuery, 400},
		"mine of theirs": {rival.as(member.Owner), strings.Replace(at.RawQuery, s.ids["project"], rival.ids["project"], 1), 400},
		"another mode":   {s.as(member.Owner), strings.Replace(at.RawQuery, "test", "live", 1), 400},
		"no mode":        {s.as(member.Owner), strings.Replace(at.RawQuery, "test", "prod", 1), 400},
		"something else": {s.as(member.Owner), at.RawQuery + "&limit=1", 400},
	} {
		got := w.get(c.actor, at.Path+"?"+c.query)
		sum := sha256.Sum256(got.Body.Bytes())
		if got.Code != c.status || c.status == 200 && hex.EncodeToString(sum[:]) != run["sha256"] {
			t.Errorf("%s: answered %d %s, want %d", name, got.Code, got.Body, c.status)
		}
	}
}
