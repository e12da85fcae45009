package graphql

import (
	"context"
	"strings"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/report"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// ReportSchedules lists what a project's endpoints are told of the book. All of this takes the right to
// export: who may have the files may have them sent, to endpoints that others look after.
func (q queries) ReportSchedules(ctx context.Context, project string, mode Mode) ([]*ReportSchedule, error) {
	who, err := q.enter(ctx, member.Export, project, mode)
	if err != nil {
		return nil, err
	}
	list, err := q.Reporting.Schedules(ctx, who)
	return each(list, showSchedule), err
}

func showSchedule(s report.Schedule) *ReportSchedule {
	next := s.Next()
	return &ReportSchedule{
		ID: s.ID, Every: ReportEvery(upper(s.Every)), Contents: ReportContents(upper(s.Contents)),
		Format: ReportFormat(upper(s.Format)), From: next.From, To: next.Last(), NextAt: s.DueAt(),
		CreatedAt: s.CreatedAt,
	}
}

func upper[T ~string](s T) string { return strings.ToUpper(string(s)) }

func lower[T ~string](s T) string { return strings.ToLower(string(s)) }

// ReportRuns pages through what was told.
func (q queries) ReportRuns(
	ctx context.Context, project string, mode Mode, first *int, after *string,
) (*ReportRunConnection, error) {
	who, err := q.enter(ctx, member.Export, project, mode)
	if err != nil {
		return nil, err
	}
	f := app.RunFilter{}
	if f.Limit, err = sizeOf(first); err != nil {
		return nil, err
	}
	at := list{q.API, "report runs", who}
	from, err := at.read(after)
	if err != nil {
		return nil, err
	}
	f.Before = ports.RunMark{At: from.at, ID: from.id}
	runs, more, err := q.Reporting.Runs(ctx, who, f)
	if err != nil {
		return nil, err
	}
	shown, err := q.showRuns(ctx, who, runs)
	if err != nil {
		return nil, err
	}
	cursors := each(runs, func(r report.Run) string { return at.cursor(mark{r.MadeAt, r.ID}) })
	return &ReportRunConnection{Nodes: shown, PageInfo: ending(cursors, more)}, nil
}

// showRuns shows runs with how the endpoints took them, looked up together.
func (a *API) showRuns(
	ctx context.Context, who merchant.Principal, runs []report.Run,
) ([]*ReportRun, error) {
	owed, err := a.Webhooks.DeliveriesOf(ctx, who, each(runs, func(r report.Run) string { return r.EventID }))
	if err != nil {
		return nil, err
	}
	return each(runs, func(r report.Run) *ReportRun {
		shown := &ReportRun{
			ID: r.ID, Schedule: r.ScheduleID, From: r.Period.From, To: r.Period.Last(),
			Contents: ReportContents(upper(r.Contents)), Format: ReportFormat(upper(r.Format)), Trial: r.Trial,
			MadeAt: r.MadeAt, EventID: r.EventID, Lines: r.Lines, Bytes: r.Size, Told: tookIt(owed[r.EventID]),
		}
		if !r.Omitted {
			shown.Sha256, shown.FileURL = optional(r.Digest.String()), optional(a.runURL(who, r))
		}
		return shown
	}), nil
}

func tookIt(owed []webhook.Delivery) *ReportTold {
	told := &ReportTold{}
	for _, d := range owed {
		switch d.Status {
		case webhook.Delivered:
			told.Delivered++
		case webhook.Pending:
			told.Pending++
		case webhook.Failed:
			told.Failed++
		}
	}
	return told
}

// CreateReportSchedule adds a schedule.
func (m mutations) CreateReportSchedule(ctx context.Context, input ReportScheduleInput) (*ReportSchedulePayload, error) {
	who, err := m.enter(ctx, member.Export, input.Project, input.Mode)
	if err != nil {
		return nil, err
	}
	made, err := m.Reporting.Create(ctx, who, planOf(input.Every, input.Contents, input.Format))
	out := &ReportSchedulePayload{}
	return done(out, &out.UserErrors, err, func() { out.Schedule = showSchedule(made) })
}

func planOf(every ReportEvery, contents ReportContents, format ReportFormat) report.Plan {
	return report.Plan{
		Every: report.Every(lower(every)), Contents: report.Contents(lower(contents)), Format: report.Format(lower(format)),
	}
}

// UpdateReportSchedule changes a schedule.
func (m mutations) UpdateReportSchedule(ctx context.Context, input ReportScheduleChange) (*ReportSchedulePayload, error) {
	who, err := m.enter(ctx, member.Export, input.Project, input.Mode)
	if err != nil {
		return nil, err
	}
	changed, err := m.Reporting.Change(ctx, who, input.ID, planOf(input.Every, input.Contents, input.Format))
	out := &ReportSchedulePayload{}
	return done(out, &out.UserErrors, err, func() { out.Schedule = showSchedule(changed) })
}

// RemoveReportSchedule ends a schedule.
func (m mutations) RemoveReportSchedule(ctx context.Context, project string, mode Mode, id string) (*RemovedPayload, error) {
	who, err := m.enter(ctx, member.Export, project, mode)
	if err != nil {
		return nil, err
	}
	return removed(m.Reporting.Remove(ctx, who, id))
}

// SendReportNow tells the last period that ended.
func (m mutations) SendReportNow(ctx context.Context, project string, mode Mode, schedule string) (*ReportRunPayload, error) {
	who, err := m.enter(ctx, member.Export, project, mode)
	if err != nil {
		return nil, err
	}
	made, err := m.Reporting.SendNow(ctx, who, schedule)
	var shown []*ReportRun
	if err == nil {
		shown, err = m.showRuns(ctx, who, []report.Run{made})
	}
	out := &ReportRunPayload{}
	return done(out, &out.UserErrors, err, func() { out.Run = shown[0] })
}
