package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/report"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// Reporting tells merchants by schedule what was booked. What concerns another project or mode is not
// found.
type Reporting struct {
	Core       Core
	Reads      ports.ReportReads
	Figures    Figures
	Statements Statements
	Words      ports.ReportEncoder
	Log        *slog.Logger
}

const (
	// maxRunPage bounds a page of runs.
	maxRunPage = 100
	// dueBatch is how many schedules one turn looks after.
	dueBatch = 100
	// catchUpBatch is how many periods of one schedule a turn tells. After an outage the others follow in
	// the next turns, in order, so that no schedule keeps the others waiting.
	catchUpBatch = 8
)

// Schedules lists what a project is told by schedule, oldest first.
func (s Reporting) Schedules(ctx context.Context, who merchant.Principal) ([]report.Schedule, error) {
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) ([]report.Schedule, error) {
		return r.Reports.Schedules(ctx, who.Project, who.Mode)
	})
}

// Create adds a schedule. Its first report is of the whole period that runs now.
func (s Reporting) Create(
	ctx context.Context, who merchant.Principal, plan report.Plan,
) (report.Schedule, error) {
	if err := plan.Check(); err != nil {
		return report.Schedule{}, err
	}
	made := report.Schedule{
		ID: report.SchedulePrefix + s.Core.IDs.UUID(), MerchantID: who.Merchant, ProjectID: who.Project, Mode: who.Mode,
	}.Begin(plan, s.now())
	return fetch(ctx, s.Core, noted(s.Core, who, func(m report.Schedule) deed {
		return deed{"report_schedule.created", m.ID, "", planText(m)}
	}, func(ctx context.Context, r ports.Repos) (report.Schedule, error) {
		return made, r.Reports.AddSchedule(ctx, made)
	}))
}

// Change makes a schedule follow another plan from its next report on.
func (s Reporting) Change(
	ctx context.Context, who merchant.Principal, id string, plan report.Plan,
) (report.Schedule, error) {
	if err := plan.Check(); err != nil {
		return report.Schedule{}, err
	}
	var before string
	return fetch(ctx, s.Core, noted(s.Core, who, func(m report.Schedule) deed {
		return deed{"report_schedule.changed", m.ID, before, planText(m)}
	}, func(ctx context.Context, r ports.Repos) (report.Schedule, error) {
		was, err := loadSchedule(ctx, r, who, id)
		if err != nil {
			return report.Schedule{}, err
		}
		before = planText(was)
		changed := was.Follow(plan)
		return changed, r.Reports.SaveSchedule(ctx, changed)
	}))
}

// Remove ends a schedule. What it told stays, with its files.
func (s Reporting) Remove(ctx context.Context, who merchant.Principal, id string) error {
	now := s.now()
	_, err := fetch(ctx, s.Core, noted(s.Core, who, func(m report.Schedule) deed {
		return deed{"report_schedule.removed", m.ID, planText(m), ""}
	}, func(ctx context.Context, r ports.Repos) (report.Schedule, error) {
		was, err := loadSchedule(ctx, r, who, id)
		if err != nil {
			return report.Schedule{}, err
		}
		was.RemovedAt = now
		return was, r.Reports.SaveSchedule(ctx, was)
	}))
	return err
}

// SendNow tells the last whole period that ended, once more or for the first time, as a trial: the
// schedule goes on as if nothing had been asked.
func (s Reporting) SendNow(ctx context.Context, who merchant.Principal, id string) (report.Run, error) {
	schedule, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (report.Schedule, error) {
		was, err := loadSchedule(ctx, r, who, id)
		if err != nil {
			return report.Schedule{}, err
		}
		return was, s.mayTry(ctx, r, id)
	})
	if err != nil {
		return report.Run{}, err
	}
	written, err := s.write(ctx, schedule, schedule.LastEnded(s.now()), true)
	if err != nil {
		return report.Run{}, err
	}
	return fetch(ctx, s.Core, noted(s.Core, who, func(made report.Run) deed {
		return deed{action: "report.sent", subject: id, after: "run=" + made.ID}
	}, func(ctx context.Context, r ports.Repos) (report.Run, error) {
		if _, err := loadSchedule(ctx, r, who, id); err != nil {
			return report.Run{}, err
		}
		if err := s.mayTry(ctx, r, id); err != nil {
			return report.Run{}, err
		}
		return written.run, s.record(ctx, r, written)
	}))
}

// mayTry refuses a trial too many.
func (s Reporting) mayTry(ctx context.Context, r ports.Repos, id string) error {
	n, err := r.Reports.Trials(ctx, id, s.now().Add(-report.TrialsWithin))
	if err == nil && n >= report.MaxTrials {
		err = report.ErrTooManyTrials
	}
	return err
}

// RunFilter selects a page of runs, newest first. Zero fields do not filter.
type RunFilter struct {
	Schedule string
	Before   ports.RunMark
	Limit    int // at most maxRunPage
}

// Runs pages through what a project was told, newest first, removed schedules' runs included.
func (s Reporting) Runs(
	ctx context.Context, who merchant.Principal, f RunFilter,
) (runs []report.Run, more bool, err error) {
	return s.Reads.Runs(ctx, ports.RunQuery{
		Project: who.Project, Mode: who.Mode, ScheduleID: f.Schedule, Before: f.Before,
		Limit: min(max(f.Limit, 1), maxRunPage),
	})
}

// Run finds what was told once.
func (s Reporting) Run(ctx context.Context, who merchant.Principal, id string) (report.Run, error) {
	run, err := s.Reads.Run(ctx, who.Project, id)
	if err == nil && run.Mode != who.Mode {
		err = ports.ErrNotFound
	}
	if err != nil {
		return report.Run{}, err
	}
	return run, nil
}

// File answers the file of a run: the same bytes, whenever it is asked for.
func (s Reporting) File(
	ctx context.Context, who merchant.Principal, id string,
) (report.Run, []byte, error) {
	run, err := s.Run(ctx, who, id)
	if err != nil {
		return report.Run{}, nil, err
	}
	if run.Omitted {
		return report.Run{}, nil, report.ErrNoFile
	}
	file, err := s.Reads.File(ctx, who.Project, id)
	return run, file, err
}

// Tick tells every period that is over and has not been told. A schedule that fails is tried again at the
// next turn and keeps no other one waiting.
func (s Reporting) Tick(ctx context.Context) error {
	due, err := s.Reads.DueSchedules(ctx, s.now(), dueBatch)
	if err != nil {
		return err
	}
	var failed []error
	for _, schedule := range due {
		if err := s.catchUp(ctx, schedule); err != nil {
			failed = append(failed, fmt.Errorf("report by schedule %s: %w", schedule.ID, err))
		}
	}
	return errors.Join(failed...)
}

// catchUp tells the periods of a schedule that are due, in order.
func (s Reporting) catchUp(ctx context.Context, schedule report.Schedule) error {
	for range catchUpBatch {
		if !schedule.Due(s.now()) {
			return nil
		}
		told, err := s.tell(ctx, schedule)
		if err != nil || !told {
			return err
		}
		schedule = schedule.Told()
	}
	return nil
}

// tell tells the next period of a schedule. It answers false if somebody else did, or if the schedule is
// another one by now: then what is next is for the next turn.
func (s Reporting) tell(ctx context.Context, schedule report.Schedule) (told bool, err error) {
	written, err := s.write(ctx, schedule, schedule.Next(), false)
	if err != nil {
		return false, err
	}
	err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		told = false
		was, err := r.Reports.LoadSchedule(ctx, schedule.ProjectID, schedule.ID)
		if errors.Is(err, ports.ErrNotFound) {
			return nil // removed meanwhile
		}
		if err != nil || !was.ToldUntil.Equal(schedule.ToldUntil) || was.Plan() != schedule.Plan() {
			return err
		}
		if err := s.record(ctx, r, written); err != nil {
			return err
		}
		told = true
		return r.Reports.SaveSchedule(ctx, was.Told())
	})
	if err == nil && told {
		s.Log.LogAttrs(ctx, slog.LevelInfo, "report told", slog.String("schedule", schedule.ID),
			slog.String("run", written.run.ID), slog.Time("from", written.run.Period.From),
			slog.Time("to", written.run.Period.To))
	}
	return told && err == nil, err
}

// record keeps a run with its file and announces it, in the unit of work that moves its schedule.
func (s Reporting) record(ctx context.Context, r ports.Repos, w written) error {
	if err := r.Reports.AddRun(ctx, w.run, w.file); err != nil {
		return err
	}
	return announce(ctx, r, []webhook.Event{w.event}, s.Core.IDs)
}

// loadSchedule finds a schedule of the project and mode, locked.
func loadSchedule(
	ctx context.Context, r ports.Repos, who merchant.Principal, id string,
) (report.Schedule, error) {
	s, err := r.Reports.LoadSchedule(ctx, who.Project, id)
	if err == nil && s.Mode != who.Mode {
		return report.Schedule{}, ports.ErrNotFound
	}
	return s, err
}

func planText(s report.Schedule) string {
	return fmt.Sprintf("mode=%s every=%s contents=%s format=%s", s.Mode, s.Every, s.Contents, s.Format)
}

// now is the time as stores keep it.
func (s Reporting) now() time.Time { return s.Core.Clock.Now().UTC().Truncate(time.Microsecond) }
