package graphql

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/report"
)

// ReportFilePath is where the file of a report is that was told by schedule, for who is signed in.
const ReportFilePath = "/dashboard/reports/file"

// runURL is where the file of a run is.
func (a *API) runURL(who merchant.Principal, r report.Run) string {
	query := url.Values{"project": {string(who.Project)}, "mode": {who.Mode.String()}, "id": {r.ID}}
	return a.PublicURL + ReportFilePath + "?" + query.Encode()
}

// reportFile answers the file of a run.
func (s *Service) reportFile(c *gin.Context) {
	run, file, err := s.findReportFile(c)
	if err != nil {
		refuse(c, err)
		return
	}
	kind := jsonType + "; charset=utf-8"
	if run.Format == report.CSV {
		kind = csvType
	}
	c.Header("Cache-Control", "no-store")
	attach(c, run.FileName())
	c.Data(http.StatusOK, kind, file)
}

func (s *Service) findReportFile(c *gin.Context) (report.Run, []byte, error) {
	who, err := s.Gate(c)
	if err != nil {
		return report.Run{}, nil, err
	}
	query, err := edge.Query(c, "project", "mode", "id")
	if err != nil {
		return report.Run{}, nil, err
	}
	mode, err := merchant.ParseMode(query.Get("mode"))
	if err != nil {
		return report.Run{}, nil, err
	}
	place := app.Place{Project: merchant.ProjectID(query.Get("project")), Mode: mode}
	as, err := s.API.Desk.Enter(c.Request.Context(), who, member.Export, place)
	if err != nil {
		return report.Run{}, nil, err
	}
	return s.API.Reporting.File(c.Request.Context(), as, query.Get("id"))
}
