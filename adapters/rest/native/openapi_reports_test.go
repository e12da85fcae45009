package native_test

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/rest/native"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/report"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// who is the merchant in test mode.
func (s *specShop) who() merchant.Principal {
	s.t.Helper()
	return merchant.Principal{
		Merchant: merchant.ID(s.login("GET", "/v1/me", "").want(200).text("merchant", "id")),
		Project:  merchant.ProjectID(s.login("GET", "/v1/project", "").want(200).text("project", "id")), Mode: merchant.Test,
	}
}

// plans has reports told that are due: of the day before, each kind of lines, in both forms.
func (s *specShop) plans() (first report.Schedule) {
	s.t.Helper()
	for _, c := range []report.Contents{report.Assets, report.Days, report.Entries} {
		for _, f := range []report.Format{report.CSV, report.JSON} {
			made, err := s.reports.Create(s.t.Context(), s.who(), report.Plan{Every: report.Daily, Contents: c, Format: f})
			if err != nil {
				s.t.Fatal(err)
			}
			if first.ID == "" {
				first = made
			}
			made.ToldUntil = made.ToldUntil.AddDate(0, 0, -1)
			err = s.store.Do(s.t.Context(), func(ctx context.Context, r ports.Repos) error {
				return r.Reports.SaveSchedule(ctx, made)
			})
			if err != nil {
				s.t.Fatal(err)
			}
		}
	}
	return first
}

// tellsReports has a day told that is over, by schedule and once more by hand.
func (s *specShop) tellsReports() {
	s.t.Helper()
	first := s.plans()
	if _, err := s.reports.SendNow(s.t.Context(), s.who(), first.ID); err != nil {
		s.t.Fatal(err)
	}
	time.Sleep(5 * time.Second)
}

// walkReports fetches what events of a day told, and gets what they said.
func walkReports(s *specShop) {
	first := s.plans()
	time.Sleep(5 * time.Second)
	s.mu.Lock()
	told := s.told
	s.mu.Unlock()
	fetched := map[string]bool{} // several endpoints are told
	for _, o := range told {
		var e struct {
			Type string
			Data struct {
				Report struct {
					ID   string
					File struct {
						URL, Name, Format, SHA256 string
						Bytes, Lines              int
					}
				}
			}
		}
		if err := json.Unmarshal(o.Body, &e); err != nil {
			s.t.Fatal(err)
		}
		if e.Type != "report.ready" {
			continue
		}
		fetched[e.Data.Report.ID] = true
		file := e.Data.Report.File
		path := strings.TrimPrefix(file.URL, specPublicURL)
		got := s.key("GET", path, "").want(200)
		sum := sha256.Sum256(got.Body.Bytes())
		if hex.EncodeToString(sum[:]) != file.SHA256 || len(got.Body.Bytes()) != file.Bytes {
			s.t.Errorf("%s is not what was told", path)
		}
		if d := got.Header().Get("Content-Disposition"); d != `attachment; filename="`+file.Name+`"` ||
			got.Header().Get("ETag") != strconv.Quote(file.SHA256) {
			s.t.Errorf("%s has %v", path, got.Header())
		}
		if file.Format == "csv" {
			rows, err := csv.NewReader(strings.NewReader(got.Body.String())).ReadAll()
			if err != nil || len(rows) < file.Lines+1 {
				s.t.Errorf("%s has %d rows, %v", path, len(rows), err)
			}
		}
	}
	if len(fetched) != 6 {
		s.t.Errorf("%d reports were told", len(fetched))
	}
	page := s.login("GET", "/v1/reports?limit=4", "").want(200)
	s.key("GET", "/v1/reports?limit=4&cursor="+page.text("nextCursor"), "").want(200)
	s.key("GET", "/v1/reports?scheduleId="+first.ID, "").want(200)
	one := "/v1/reports/" + page.list("reports")[0]["id"].(string)
	s.key("GET", one, "").want(200)
	s.login("GET", one+"?mode=live", "").want(200) // a path says which mode
	s.login("GET", one+"/file", "").want(200)
	for _, path := range []string{"/v1/reports", one, one + "/file"} {
		s.send("GET", path, "").want(401, "unauthorized")
		s.send("GET", path, "", specBearer(s.privateKey)...).want(401, "unauthorized")
		s.key("GET", path+"?verbose=1", "").want(400, "unexpected_query")
		s.key("GET", path+"?mode=live", "").want(400, "invalid_mode")
	}
	s.key("GET", "/v1/reports?cursor=x", "").want(400, "invalid_pagination")
	s.key("GET", "/v1/reports/rep_x", "").want(404, "not_found")
	s.key("GET", "/v1/reports/rep_x/file", "").want(404, "not_found")
	other := s.register("bob@shop.example")
	other.key("GET", one, "").want(404, "not_found")
	other.key("GET", one+"/file", "").want(404, "not_found")
	s.omitted(first)
}

// omitted has a period told that is too long for a file.
func (s *specShop) omitted(by report.Schedule) {
	s.t.Helper()
	run := report.Run{
		ID: "rep_1", ScheduleID: by.ID, MerchantID: by.MerchantID, ProjectID: by.ProjectID, Mode: by.Mode, Trial: true,
		Period: by.Next(), Contents: report.Entries, Format: report.CSV, EventID: "evt_1", Omitted: true,
		MadeAt: s.clock.Now(),
	}
	err := s.store.Do(s.t.Context(), func(ctx context.Context, r ports.Repos) error { return r.Reports.AddRun(ctx, run, nil) })
	if err != nil {
		s.t.Fatal(err)
	}
	s.key("GET", "/v1/reports/rep_1", "").want(200)
	s.key("GET", "/v1/reports/rep_1/file", "").want(404, "report_without_file")
}

// However many networks and currencies there were, an event is never too large: the totals are in the file.
func TestReportsFitIntoEvents(t *testing.T) {
	words := native.EventWords{PublicURL: specPublicURL}
	day := time.Date(2026, 5, 16, 0, 0, 0, 0, time.UTC)
	run := report.Run{ID: "rep_1", Mode: merchant.Live, Period: report.Period{From: day, To: day.AddDate(0, 0, 1)}}
	e := webhook.Event{ID: "evt_1", Type: webhook.ReportReady, Mode: merchant.Live, CreatedAt: day}
	for _, n := range []int{0, 3, 1000} {
		totals := make([]ports.Total, n)
		for i := range totals {
			totals[i] = ports.Total{
				Place: "tron", Currency: money.USDT, Received: big.NewInt(5), Undone: big.NewInt(7),
				Worth: []ports.TotalWorth{{Currency: money.USD, Minor: big.NewInt(-2), Sources: []string{"peg"}}},
			}
		}
		body, err := words.EncodeReport(e, run, totals)
		if err != nil || len(body) >= webhook.MaxBodyBytes {
			t.Fatalf("%d bytes, %v", len(body), err)
		}
		var told struct {
			Data struct {
				Report struct {
					Totals        []struct{ Net string }
					TotalsOmitted bool
				}
			}
		}
		if err := json.Unmarshal(body, &told); err != nil {
			t.Fatal(err)
		}
		r := told.Data.Report
		if fits := n < 1000; r.TotalsOmitted == fits || fits && len(r.Totals) != n || r.Totals == nil {
			t.Errorf("of %d totals it has %d", n, len(r.Totals))
		}
		if n == 3 && r.Totals[0].Net != "-0.000002" {
			t.Errorf("less than nothing is %s", r.Totals[0].Net)
		}
	}
}
