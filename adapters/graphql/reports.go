package graphql

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
)

const csvType = "text/csv; charset=utf-8"

var errReport = fault.New(fault.Invalid, "invalid_report",
	"from and to must be days such as 2026-05-17, mode test or live, and by day, month or period")

// mountReports registers a report's other forms, and files of those that were told. They are behind the
// same gate.
func (s *Service) mountReports(e *gin.Engine, limit gin.HandlerFunc) {
	e.GET(ReportFilePath, limit, s.reportFile)
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

func reportName(r app.Report, form string) string {
	return "report-" + r.From.Format(dayShape) + "-" + r.To.Format(dayShape) + "-" + r.Who.Mode.String() + form
}

func attach(c *gin.Context, name string) {
	c.Header("Content-Disposition", `attachment; filename="`+name+`"`)
}

func writeCSV(c *gin.Context, r app.Report) {
	attach(c, reportName(r, ".csv"))
	c.Data(http.StatusOK, csvType, r.CSV())
}

func writeJSON(c *gin.Context, r app.Report) {
	body, err := r.JSON()
	if err != nil {
		refuse(c, err)
		return
	}
	attach(c, reportName(r, ".json"))
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
		Rows: r.Rows(),
	}
	v.Columns = each(app.ReportColumns(), func(name string) string { return strings.ReplaceAll(name, "_", " ") })
	var b bytes.Buffer
	if err := page.Execute(&b, v); err != nil {
		refuse(c, err)
		return
	}
	c.Header("Content-Security-Policy", pagePolicy)
	c.Data(http.StatusOK, "text/html; charset=utf-8", b.Bytes())
}
