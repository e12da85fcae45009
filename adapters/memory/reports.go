package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/report"
	"github.com/101pay/101pay/ports"
)

type reports struct{ *unit }

func (r reports) AddSchedule(ctx context.Context, sched report.Schedule) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	if len(schedulesOf(s, sched.ProjectID, sched.Mode)) >= report.MaxSchedules {
		return report.ErrTooManySchedules
	}
	s.schedules.put(r.unit, sched.ID, numbered[report.Schedule]{sched, s.next()})
	return nil
}

// schedulesOf lists a project's schedules of a mode, oldest first.
func schedulesOf(s *state, p merchant.ProjectID, m merchant.Mode) []report.Schedule {
	rows := s.schedules.where(func(n numbered[report.Schedule]) bool {
		return n.row.ProjectID == p && n.row.Mode == m && n.row.RemovedAt.IsZero()
	})
	slices.SortFunc(rows, func(a, b numbered[report.Schedule]) int { return cmp.Compare(a.number, b.number) })
	var out []report.Schedule
	for _, n := range rows {
		out = append(out, n.row)
	}
	return out
}

func (r reports) LoadSchedule(
	ctx context.Context, p merchant.ProjectID, id string,
) (report.Schedule, error) {
	s, err := r.state(ctx)
	if err != nil {
		return report.Schedule{}, err
	}
	n, found := s.schedules.get(id)
	if !found || n.row.ProjectID != p || !n.row.RemovedAt.IsZero() {
		return report.Schedule{}, ports.ErrNotFound
	}
	return n.row, nil
}

func (r reports) SaveSchedule(ctx context.Context, sched report.Schedule) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	was, found := s.schedules.get(sched.ID)
	if !found || was.row.ProjectID != sched.ProjectID {
		return ports.ErrNotFound
	}
	kept := was.row.Follow(sched.Plan())
	kept.ToldUntil, kept.RemovedAt = sched.ToldUntil, sched.RemovedAt
	s.schedules.put(r.unit, sched.ID, numbered[report.Schedule]{kept, was.number})
	return nil
}

func (r reports) Schedules(
	ctx context.Context, p merchant.ProjectID, m merchant.Mode,
) ([]report.Schedule, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	return schedulesOf(s, p, m), nil
}

func (r reports) AddRun(ctx context.Context, run report.Run, file []byte) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	_, told := s.reports.find(func(was report.Run) bool {
		return !run.Trial && !was.Trial && was.ScheduleID == run.ScheduleID &&
			was.Period.From.Before(run.Period.To) && run.Period.From.Before(was.Period.To)
	})
	if told {
		return ports.ErrTaken
	}
	s.reports.put(r.unit, run.ID, run)
	if !run.Omitted {
		s.reportFiles.put(r.unit, run.ID, bytes.Clone(file))
	}
	return nil
}

func (r reports) Trials(ctx context.Context, scheduleID string, since time.Time) (int, error) {
	s, err := r.state(ctx)
	if err != nil {
		return 0, err
	}
	return len(s.reports.where(func(was report.Run) bool {
		return was.Trial && was.ScheduleID == scheduleID && !was.MadeAt.Before(since)
	})), nil
}

// DueSchedules implements ports.ReportReads.
func (s *Store) DueSchedules(_ context.Context, now time.Time, limit int) ([]report.Schedule, error) {
	rows := s.committed.Load().schedules.where(func(n numbered[report.Schedule]) bool { return n.row.Due(now) })
	slices.SortFunc(rows, func(a, b numbered[report.Schedule]) int {
		return cmp.Or(a.row.DueAt().Compare(b.row.DueAt()), cmp.Compare(a.row.ID, b.row.ID))
	})
	rows, _ = first(rows, limit)
	var out []report.Schedule
	for _, n := range rows {
		out = append(out, n.row)
	}
	return out, nil
}

// Runs implements ports.ReportReads.
func (s *Store) Runs(_ context.Context, q ports.RunQuery) ([]report.Run, bool, error) {
	newer := func(a, b report.Run) int {
		return cmp.Or(b.MadeAt.Compare(a.MadeAt), cmp.Compare(b.ID, a.ID))
	}
	before := report.Run{MadeAt: q.Before.At, ID: q.Before.ID}
	rows := s.committed.Load().reports.where(func(run report.Run) bool {
		return run.ProjectID == q.Project && (q.Mode == 0 || run.Mode == q.Mode) &&
			(q.ScheduleID == "" || run.ScheduleID == q.ScheduleID) &&
			(q.Before == ports.RunMark{} || newer(before, run) < 0)
	})
	slices.SortFunc(rows, newer)
	rows, more := first(rows, q.Limit)
	return rows, more, nil
}

// Run implements ports.ReportReads.
func (s *Store) Run(_ context.Context, p merchant.ProjectID, id string) (report.Run, error) {
	run, found := s.committed.Load().reports.get(id)
	if !found || run.ProjectID != p {
		return report.Run{}, ports.ErrNotFound
	}
	return run, nil
}

// File implements ports.ReportReads.
func (s *Store) File(ctx context.Context, p merchant.ProjectID, id string) ([]byte, error) {
	if _, err := s.Run(ctx, p, id); err != nil {
		return nil, err
	}
	file, found := s.committed.Load().reportFiles.get(id)
	if !found {
		return nil, ports.ErrNotFound
	}
	return bytes.Clone(file), nil
}
