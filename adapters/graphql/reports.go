package graphql

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
)

var errReport = fault.New(fault.Invalid, "invalid_report",
	"from and to must be days such as 2026-05-17, mode test or live, and by day, month or period")

// mountReports registers a report's other forms. They are behind the same gate.
func (s *Service) mountReports(e *gin.Engine, limit gin.HandlerFunc) {
	for form, write := range map[string]func(c *gin.Context, r app.Report){
		".csv": writeCSV, ".json": writeJSON, ".html": writePage,
	} {
		e.GET(ReportsPath+form, limit, func(c *gin.Context) {
			r, err := s.report(c)
			if err != nil {
				refuse(c, err)
				return
			}
			c.Header("Cache-Control", "no-store")
			write(c, r)
		})
	}
}

// report reads which report is asked for, and makes it.
func (s *Service) report(c *gin.Context) (app.Report, error) {
	who, err := s.Gate(c)
	if err != nil {
		return app.Report{}, err
	}
	query, err := edge.Query(c, "project", "mode", "from", "to", "by")
	if err != nil {
		return app.Report{}, err
	}
	mode, err := merchant.ParseMode(query.Get("mode"))
	if err != nil {
		return app.Report{}, err
	}
	in := app.ReportInput{By: app.ReportBy(query.Get("by"))}
	from, errFrom := time.Parse(dayShape, query.Get("from"))
	to, errTo := time.Parse(dayShape, query.Get("to"))
	if errFrom != nil || errTo != nil || in.By != app.ByDay && in.By != app.ByMonth && in.By != app.ByPeriod {
		return app.Report{}, errReport
	}
	in.From, in.To = from, to
	place := app.Place{Project: merchant.ProjectID(query.Get("project")), Mode: mode}
	if in.Who, err = s.API.Desk.Enter(c.Request.Context(), who, member.Export, place); err != nil {
		return app.Report{}, err
	}
	return s.API.Figures.Report(c.Request.Context(), in)
}

// reportColumns head the lines of a report.
var reportColumns = []string{
	"from", "network", "currency", "entries", "received", "reversals", "reversed", "net", "worth", "worth_currency",
	"rate_sources",
}

// reportRows are a report's lines as cells, one for every currency something was worth.
func reportRows(r app.Report) (rows [][]string) {
	for _, l := range r.Lines {
		shown := showLine(l)
		row := []string{
			shown.From.Format(dayShape), shown.Network, shown.Currency, strconv.Itoa(shown.Entries), shown.Received,
			strconv.Itoa(shown.Reversals), shown.Reversed, shown.Net, "", "", "",
		}
		if len(shown.Worth) == 0 {
			rows = append(rows, row)
		}
		for _, w := range shown.Worth {
			worth := append(row[:8:8], w.Amount, w.Currency, strings.Join(w.Sources, " "))
			rows = append(rows, worth)
		}
	}
	return rows
}

// safe makes a cell that a spreadsheet takes for text, if it could take it for a formula. Numbers, also
// those below nothing, stay numbers.
func safe(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r", rune(cell[0])) || isNumber(cell) {
		return cell
	}
	return "'" + cell
}

func isNumber(cell string) bool {
	digits := strings.TrimPrefix(cell, "-")
	return digits != "" && strings.Trim(digits, "0123456789.") == "" && strings.Count(digits, ".") < 2
}

func reportName(r app.Report, form string) string {
	return "report-" + r.From.Format(dayShape) + "-" + r.To.Format(dayShape) + "-" + r.Who.Mode.String() + form
}

func attach(c *gin.Context, name string) {
	c.Header("Content-Disposition", `attachment; filename="`+name+`"`)
}

func writeCSV(c *gin.Context, r app.Report) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	_ = w.Write(reportColumns) // a buffer takes everything
	for _, row := range reportRows(r) {
		_ = w.Write(each(row, safe))
	}
	w.Flush()
	attach(c, reportName(r, ".csv"))
	c.Data(http.StatusOK, "text/csv; charset=utf-8", b.Bytes())
}

func writeJSON(c *gin.Context, r app.Report) {
	attach(c, reportName(r, ".json"))
	lines := make([]map[string]any, len(r.Lines))
	for i, l := range r.Lines {
		shown := showLine(l)
		worth := make([]map[string]any, len(shown.Worth))
		for j, w := range shown.Worth {
			worth[j] = map[string]any{"amount": w.Amount, "currency": w.Currency, "sources": w.Sources}
		}
		lines[i] = map[string]any{
			"from": shown.From.Format(dayShape), "network": shown.Network, "currency": shown.Currency,
			"entries": shown.Entries, "received": shown.Received, "reversals": shown.Reversals,
			"reversed": shown.Reversed, "net": shown.Net, "worth": worth,
		}
	}
	body, err := json.Marshal(map[string]any{
		"from": r.From.Format(dayShape), "to": r.To.Format(dayShape), "by": r.By, "mode": r.Who.Mode.String(),
		"lines": lines,
	})
	if err != nil {
		refuse(c, err)
		return
	}
	c.Data(http.StatusOK, jsonType+"; charset=utf-8", body)
}

// pageStyle is for paper.
const pageStyle = `body{font:14px/1.5 system-ui,sans-serif;margin:2rem;color:#111;background:#fff}` +
	`.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{padding:.35rem .5rem;border-bottom:1px solid #ccc;text-align:left}` +
	`td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}@media print{body{margin:0}.wide{overflow:visible}thead{display:table-header-group}}`

var page = template.Must(template.New("report").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Title}}</title><style>` + pageStyle + `</style></head>
<body><main><h1>{{.Title}}</h1>
<p>{{.Mode}} mode. Days are UTC. What payments were worth is at the rate that was locked when they were asked for.</p>
<div class="wide" tabindex="0" role="region" aria-label="{{.Title}}"><table><thead><tr>{{range $i, $c := .Columns}}<th scope="col"{{if $.Number $i}} class="n"{{end}}>{{$c}}</th>{{end}}</tr></thead>
<tbody>{{range .Rows}}<tr>{{range $i, $c := .}}<td{{if $.Number $i}} class="n"{{end}}>{{$c}}</td>{{end}}</tr>{{else}}` +
	`<tr><td colspan="11">Nothing was booked in this period.</td></tr>{{end}}</tbody></table></div>
</main></body></html>
`))

// pagePolicy lets the page have its own style and nothing else.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}()

// pageView is a report as its page shows it.
type pageView struct {
	Title, Mode string
	Columns     []string
	Rows        [][]string
}

// Number reports whether a column holds numbers.
func (pageView) Number(column int) bool { return column >= 3 && column <= 8 }

func writePage(c *gin.Context, r app.Report) {
	v := pageView{
		Title: "Report " + r.From.Format(dayShape) + " to " + r.To.Format(dayShape), Mode: r.Who.Mode.String(),
		Rows: reportRows(r),
	}
	v.Columns = each(reportColumns, func(name string) string { return strings.ReplaceAll(name, "_", " ") })
	var b bytes.Buffer
	if err := page.Execute(&b, v); err != nil {
		refuse(c, err)
		return
	}
	c.Header("Content-Security-Policy", pagePolicy)
	c.Data(http.StatusOK, "text/html; charset=utf-8", b.Bytes())
}
