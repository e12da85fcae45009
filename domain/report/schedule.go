package report

import (
	"time"

	"github.com/101pay/101pay/domain/merchant"
)

// Schedule says what a project's endpoints are told, again and again.
type Schedule struct {
	ID         string // "rps_" and a UUID
	MerchantID merchant.ID
	ProjectID  merchant.ProjectID
	Mode       merchant.Mode
	Every      Every
	Contents   Contents
	Format     Format
	// ToldUntil is where the next period begins: everything before has been told, or was before the
	// schedule began.
	ToldUntil time.Time
	CreatedAt time.Time
	RemovedAt time.Time // zero until it is removed
}

// Plan is what a merchant chooses of a schedule.
type Plan struct {
	Every    Every
	Contents Contents
	Format   Format
}

// Check refuses a plan nobody can follow.
func (p Plan) Check() error {
	if err := p.Every.Check(); err != nil {
		return err
	}
	if err := p.Contents.Check(); err != nil {
		return err
	}
	return p.Format.Check()
}

// Begin makes a schedule whose first period is the whole one that now lies in.
func (s Schedule) Begin(p Plan, now time.Time) Schedule {
	s.ToldUntil, s.CreatedAt = p.Every.Around(now).From, now
	return s.Follow(p)
}

// Follow changes what is told from the next period on. What was told stays told, and the next period
// still begins where that ended: from a month to days, the days of this month are told one by one; from
// days to a month, the first report is of the rest of it.
func (s Schedule) Follow(p Plan) Schedule {
	s.Every, s.Contents, s.Format = p.Every, p.Contents, p.Format
	return s
}

// Plan is what the schedule follows.
func (s Schedule) Plan() Plan { return Plan{s.Every, s.Contents, s.Format} }

// Next is the period that is told next.
func (s Schedule) Next() Period {
	return Period{s.ToldUntil, s.Every.Around(s.ToldUntil).To}
}

// DueAt is when the next period is told.
func (s Schedule) DueAt() time.Time { return s.Next().To.Add(Settling) }

// Due reports whether the next period is to be told at now.
func (s Schedule) Due(now time.Time) bool { return s.RemovedAt.IsZero() && !now.Before(s.DueAt()) }

// Told moves the schedule behind its next period.
func (s Schedule) Told() Schedule {
	s.ToldUntil = s.Next().To
	return s
}

// LastEnded is the last whole period that could have been told at now, for a trial.
func (s Schedule) LastEnded(now time.Time) Period {
	running := s.Every.Around(now.Add(-Settling))
	return s.Every.Around(running.From.Add(-oneDay))
}
