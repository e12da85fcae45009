package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/report"
	"github.com/101pay/101pay/ports"
)

type reports struct{ *unit }

type scheduleRow struct {
	ID         string
	MerchantID merchant.ID
	ProjectID  merchant.ProjectID
	Mode       string
	Every      report.Every
	Contents   report.Contents
	Format     report.Format
	ToldUntil  time.Time
	CreatedAt  time.Time
	RemovedAt  time.Time
}

const scheduleQuery = `SELECT id, merchant_id, project_id, mode, every, contents, format, told_until, created_at,
	removed_at FROM report_schedules `

func (r scheduleRow) schedule() (report.Schedule, error) {
	mode, err := merchant.ParseMode(r.Mode)
	return report.Schedule{
		ID: r.ID, MerchantID: r.MerchantID, ProjectID: r.ProjectID, Mode: mode, Every: r.Every,
		Contents: r.Contents, Format: r.Format, ToldUntil: r.ToldUntil.UTC(), CreatedAt: r.CreatedAt,
		RemovedAt: r.RemovedAt,
	}, err
}

func (r reports) AddSchedule(ctx context.Context, s report.Schedule) error {
	if err := r.lockProject(ctx, s.ProjectID); err != nil {
		return err
	}
	n, err := one[countRow](ctx, r.in(), `SELECT count(*) AS count FROM report_schedules
		WHERE project_id = $1 AND mode = $2 AND removed_at IS NULL`, s.ProjectID, s.Mode.String())
	if err != nil {
		return err
	}
	if n.Count >= report.MaxSchedules {
		return report.ErrTooManySchedules
	}
	_, err = exec(ctx, r.in(), `
		INSERT INTO report_schedules (id, merchant_id, project_id, mode, every, contents, format, told_until,
			due_at, created_at, removed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		s.ID, s.MerchantID, s.ProjectID, s.Mode.String(), s.Every, s.Contents, s.Format, s.ToldUntil.UTC(),
		s.DueAt().UTC(), s.CreatedAt.UTC(), orNull(s.RemovedAt))
	return err
}

func (r reports) LoadSchedule(
	ctx context.Context, p merchant.ProjectID, id string,
) (report.Schedule, error) {
	if !isUUID(p) || !isText(id) {
		return report.Schedule{}, ports.ErrNotFound
	}
	row, err := one[scheduleRow](ctx, r.in(), scheduleQuery+
		"WHERE project_id = $1 AND id = $2 AND removed_at IS NULL FOR UPDATE", p, id)
	if err != nil {
		return report.Schedule{}, err
	}
	return row.schedule()
}

func (r reports) SaveSchedule(ctx context.Context, s report.Schedule) error {
	if !isUUID(s.ProjectID) || !isText(s.ID) {
		return ports.ErrNotFound
	}
	return exists(exec(ctx, r.in(), `
		UPDATE report_schedules SET every = $3, contents = $4, format = $5, told_until = $6, due_at = $7,
			removed_at = $8
		WHERE project_id = $1 AND id = $2`, s.ProjectID, s.ID, s.Every, s.Contents, s.Format,
		s.ToldUntil.UTC(), s.DueAt().UTC(), orNull(s.RemovedAt)))
}

func (r reports) Schedules(
	ctx context.Context, p merchant.ProjectID, m merchant.Mode,
) ([]report.Schedule, error) {
	if !isUUID(p) {
		return nil, nil
	}
	rows, err := all[scheduleRow](ctx, r.in(), scheduleQuery+
		"WHERE project_id = $1 AND mode = $2 AND removed_at IS NULL ORDER BY number", p, m.String())
	if err != nil {
		return nil, err
	}
	return each(rows, scheduleRow.schedule)
}

// AddRun looks for what was told of the same days; the index holds against whoever did not lock the
// schedule.
func (r reports) AddRun(ctx context.Context, run report.Run, file []byte) error {
	if run.Omitted {
		file = nil
	} else if file == nil {
		file = []byte{}
	}
	n, err := exec(ctx, r.in(), `
		INSERT INTO report_runs (id, schedule_id, merchant_id, project_id, mode, period_from, period_to,
			contents, format, trial, event_id, lines, size, digest, made_at, file)
		SELECT $1::text, $2::text, $3::uuid, $4::uuid, $5::text, $6::timestamptz, $7::timestamptz, $8::text,
			$9::text, $10::boolean, $11::text, $12::integer, $13::integer, $14::bytea, $15::timestamptz,
			$16::bytea
		WHERE $10::boolean OR NOT EXISTS (SELECT FROM report_runs told WHERE told.schedule_id = $2::text
			AND NOT told.trial AND told.period_from < $7::timestamptz AND told.period_to > $6::timestamptz)
		ON CONFLICT (schedule_id, period_from) WHERE NOT trial DO NOTHING`,
		run.ID, run.ScheduleID, run.MerchantID, run.ProjectID, run.Mode.String(), run.Period.From.UTC(),
		run.Period.To.UTC(), run.Contents, run.Format, run.Trial, run.EventID, run.Lines, run.Size,
		run.Digest[:], run.MadeAt.UTC(), file)
	if err == nil && n == 0 {
		return ports.ErrTaken
	}
	return err
}

func (r reports) Trials(ctx context.Context, scheduleID string, since time.Time) (int, error) {
	n, err := one[countRow](ctx, r.in(), `SELECT count(*) AS count FROM report_runs
		WHERE schedule_id = $1 AND trial AND made_at >= $2`, scheduleID, since.UTC())
	return int(n.Count), err
}

// DueSchedules implements ports.ReportReads.
func (s *Store) DueSchedules(ctx context.Context, now time.Time, limit int) ([]report.Schedule, error) {
	rows, err := all[scheduleRow](ctx, s.in(), scheduleQuery+
		"WHERE removed_at IS NULL AND due_at <= $1 ORDER BY due_at, id LIMIT $2", now.UTC(), limited(limit))
	if err != nil {
		return nil, err
	}
	return each(rows, scheduleRow.schedule)
}

type runRow struct {
	ID         string
	ScheduleID string
	MerchantID merchant.ID
	ProjectID  merchant.ProjectID
	Mode       string
	PeriodFrom time.Time
	PeriodTo   time.Time
	Contents   report.Contents
	Format     report.Format
	Trial      bool
	EventID    string
	Lines      int
	Size       int
	Digest     []byte
	MadeAt     time.Time
	Omitted    bool
}

const runQuery = `SELECT r.id, r.schedule_id, r.merchant_id, r.project_id, r.mode, r.period_from, r.period_to,
	r.contents, r.format, r.trial, r.event_id, r.lines, r.size, r.digest, r.made_at, r.file IS NULL AS omitted
	FROM report_runs r`

func (r runRow) run() (report.Run, error) {
	mode, err := merchant.ParseMode(r.Mode)
	if len(r.Digest) != len(report.Digest{}) {
		return report.Run{}, fmt.Errorf("report %s: a digest of %d bytes in the database", r.ID, len(r.Digest))
	}
	return report.Run{
		ID: r.ID, ScheduleID: r.ScheduleID, MerchantID: r.MerchantID, ProjectID: r.ProjectID, Mode: mode,
		Period:   report.Period{From: r.PeriodFrom.UTC(), To: r.PeriodTo.UTC()},
		Contents: r.Contents, Format: r.Format, Trial: r.Trial, EventID: r.EventID, Lines: r.Lines,
		Size: r.Size, Digest: report.Digest(r.Digest), Omitted: r.Omitted, MadeAt: r.MadeAt,
	}, err
}

// Runs implements ports.ReportReads.
func (s *Store) Runs(ctx context.Context, q ports.RunQuery) ([]report.Run, bool, error) {
	if !isUUID(q.Project) || !isText(q.ScheduleID) || !isText(q.Before.ID) {
		return nil, false, nil
	}
	f := &filter{}
	f.add("r.project_id = $?", q.Project)
	if q.Mode != 0 {
		f.add("r.mode = $?", q.Mode.String())
	}
	if q.ScheduleID != "" {
		f.add("r.schedule_id = $?", q.ScheduleID)
	}
	if (q.Before != ports.RunMark{}) {
		f.add("(r.made_at, r.id) < ($?, $?)", q.Before.At.UTC(), q.Before.ID)
	}
	rows, err := all[runRow](ctx, s.in(), runQuery+f.page("r.made_at DESC, r.id DESC", q.Limit), f.args...)
	if err != nil {
		return nil, false, err
	}
	rows, more := cut(rows, q.Limit)
	runs, err := each(rows, runRow.run)
	return runs, more, err
}

// Run implements ports.ReportReads.
func (s *Store) Run(ctx context.Context, p merchant.ProjectID, id string) (report.Run, error) {
	if !isUUID(p) || !isText(id) {
		return report.Run{}, ports.ErrNotFound
	}
	row, err := one[runRow](ctx, s.in(), runQuery+" WHERE r.project_id = $1 AND r.id = $2", p, id)
	if err != nil {
		return report.Run{}, err
	}
	return row.run()
}

type reportFileRow struct{ File []byte }

// File implements ports.ReportReads.
func (s *Store) File(ctx context.Context, p merchant.ProjectID, id string) ([]byte, error) {
	if !isUUID(p) || !isText(id) {
		return nil, ports.ErrNotFound
	}
	row, err := one[reportFileRow](ctx, s.in(), `SELECT file FROM report_runs
		WHERE project_id = $1 AND id = $2 AND file IS NOT NULL`, p, id)
	return row.File, err
}
