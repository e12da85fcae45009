package native

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/report"
)

const (
	// maxReportsPage bounds a page of reports.
	maxReportsPage = 100
	// reportList names the list cursors are issued for.
	reportList = "reports"
	// reportsPath is where reports are, below the public URL.
	reportsPath = "/v1/reports"

	csvType = "text/csv; charset=utf-8"

	// fileTimeout is how long a client may take to read a file of report.MaxEntries lines. The server's own
	// limit is for answers of a usual size.
	fileTimeout = 5 * time.Minute
)

func (a *API) mountReports(v1 *gin.RouterGroup) {
	a.forMerchant(v1, http.MethodGet, "/reports", a.reports)
	a.forReport(v1, "", a.report)
	a.forReport(v1, "/file", a.reportFile)
}

// forReport registers a route about one report.
func (a *API) forReport(
	g *gin.RouterGroup, path string, act func(c *gin.Context, who merchant.Principal),
) {
	a.forMerchant(g, http.MethodGet, "/reports/:id"+path, func(c *gin.Context, who merchant.Principal) {
		act(c, a.inMode(c, who, func(who merchant.Principal) error {
			_, err := a.Reporting.Run(c.Request.Context(), who, c.Param("id"))
			return err
		}))
	})
}

// reportJSON is a period of the book that was told.
type reportJSON struct {
	ID       string          `json:"id"`
	Schedule string          `json:"scheduleId"`
	Trial    bool            `json:"trial,omitempty"`
	From     string          `json:"from"` // the first day
	To       string          `json:"to"`   // the last day
	Contents report.Contents `json:"contents"`
	Mode     string          `json:"mode"`
	MadeAt   string          `json:"madeAt"`
	EventID  string          `json:"eventId"`
	File     *fileJSON       `json:"file,omitempty"` // none if it would be too long
}

// fileJSON is where the file of a report is, and how to know it.
type fileJSON struct {
	URL    string        `json:"url"`
	Name   string        `json:"name"`
	Format report.Format `json:"format"`
	Lines  int           `json:"lines"`
	Bytes  int           `json:"bytes"`
	SHA256 string        `json:"sha256"`
}

func showReport(r report.Run, publicURL string) reportJSON {
	shown := reportJSON{
		ID: r.ID, Schedule: r.ScheduleID, Trial: r.Trial, From: r.Period.From.Format(time.DateOnly),
		To: r.Period.Last().Format(time.DateOnly), Contents: r.Contents, Mode: r.Mode.String(),
		MadeAt: instant(r.MadeAt), EventID: r.EventID,
	}
	if !r.Omitted {
		shown.File = &fileJSON{
			URL: publicURL + reportsPath + "/" + r.ID + "/file", Name: r.FileName(), Format: r.Format,
			Lines: r.Lines, Bytes: r.Size, SHA256: r.Digest.String(),
		}
	}
	return shown
}

func (a *API) reports(c *gin.Context, who merchant.Principal) {
	query, err := edge.Query(c, modeParam, "limit", "cursor", "scheduleId")
	if err != nil {
		edge.Fail(c, err)
		return
	}
	limit, cursor, err := edge.Page(c, maxReportsPage)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	f := app.RunFilter{Schedule: query.Get("scheduleId"), Limit: limit}
	if f.Before.At, f.Before.ID, err = a.readCursor(reportList, who, cursor); err != nil {
		edge.Fail(c, err)
		return
	}
	found, more, err := a.Reporting.Runs(c.Request.Context(), who, f)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	next := ""
	shown := make([]reportJSON, len(found))
	for i, r := range found {
		shown[i] = showReport(r, a.PublicURL)
		if more {
			next = a.makeCursor(reportList, who, r.MadeAt, r.ID)
		}
	}
	show(c, struct {
		Reports    []reportJSON `json:"reports"`
		NextCursor string       `json:"nextCursor,omitempty"`
	}{shown, next})
}

func (a *API) report(c *gin.Context, who merchant.Principal) {
	if _, err := edge.Query(c, modeParam); err != nil {
		edge.Fail(c, err)
		return
	}
	r, err := a.Reporting.Run(c.Request.Context(), who, c.Param("id"))
	if err != nil {
		edge.Fail(c, err)
		return
	}
	show(c, struct {
		Report reportJSON `json:"report"`
	}{showReport(r, a.PublicURL)})
}

// reportFile answers a report's file. It never changes, so it has a name of its own for ever.
func (a *API) reportFile(c *gin.Context, who merchant.Principal) {
	if _, err := edge.Query(c, modeParam); err != nil {
		edge.Fail(c, err)
		return
	}
	r, file, err := a.Reporting.File(c.Request.Context(), who, c.Param("id"))
	if err != nil {
		edge.Fail(c, err)
		return
	}
	err = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(fileTimeout))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		edge.Fail(c, err)
		return
	}
	kind := jsonType
	if r.Format == report.CSV {
		kind = csvType
	}
	c.Header("Content-Disposition", `attachment; filename="`+r.FileName()+`"`)
	c.Header("Content-Length", strconv.Itoa(len(file)))
	c.Header("ETag", `"`+r.Digest.String()+`"`)
	c.Header("Cache-Control", "private, no-store")
	c.Data(http.StatusOK, kind, file)
}
