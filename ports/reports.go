package ports

import (
	"context"
	"math/big"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/report"
	"github.com/101pay/101pay/domain/webhook"
)

// Reports keeps what is told of the book by schedule.
type Reports interface {
	// AddSchedule records a schedule; report.ErrTooManySchedules beyond report.MaxSchedules, of which
	// those that were removed do not count.
	AddSchedule(ctx context.Context, s report.Schedule) error
	// LoadSchedule finds a schedule of a project that is not removed, locked, or ErrNotFound.
	LoadSchedule(ctx context.Context, p merchant.ProjectID, id string) (report.Schedule, error)
	// SaveSchedule replaces the plan, how far it is told, and when it was removed, or answers ErrNotFound.
	SaveSchedule(ctx context.Context, s report.Schedule) error
	// Schedules lists a project's schedules of a mode that are not removed, oldest first.
	Schedules(ctx context.Context, p merchant.ProjectID, m merchant.Mode) ([]report.Schedule, error)
	// AddRun records a run and its file. ErrTaken says that the schedule told of a day of the period
	// before; trials are told as often as one likes. The unit of work can go on after that.
	AddRun(ctx context.Context, r report.Run, file []byte) error
	// Trials counts the trials of a schedule made at or after an instant.
	Trials(ctx context.Context, scheduleID string, since time.Time) (int, error)
}

// RunQuery selects a page of runs, newest first. Zero fields do not filter.
type RunQuery struct {
	Project    merchant.ProjectID
	Mode       merchant.Mode
	ScheduleID string
	Before     RunMark // exclusive; zero for the first page
	Limit      int
}

// RunMark is a position in a list of runs.
type RunMark struct {
	At time.Time // made
	ID string
}

// ReportReads answers questions about schedules and runs outside any unit of work.
type ReportReads interface {
	// DueSchedules lists at most limit schedules whose next period is due at now, those due first first.
	DueSchedules(ctx context.Context, now time.Time, limit int) ([]report.Schedule, error)
	// Runs pages through a project's runs, newest first.
	Runs(ctx context.Context, q RunQuery) (runs []report.Run, more bool, err error)
	// Run finds a project's run, or ErrNotFound.
	Run(ctx context.Context, p merchant.ProjectID, id string) (report.Run, error)
	// File answers the file of a project's run, the bytes it was recorded with, or ErrNotFound.
	File(ctx context.Context, p merchant.ProjectID, id string) ([]byte, error)
}

// Total is what a period brought at one place in one currency.
type Total struct {
	Place    string // the network, or Recorded
	Currency money.Currency
	// Entries counts what came in, Reversals what undid some of it or of what came before.
	Entries, Reversals int64
	Received, Undone   *big.Int // minor units
	Worth              []TotalWorth
}

// Net is what is left, which is less than nothing if more was undone than came in.
func (t Total) Net() *big.Int { return new(big.Int).Sub(t.Received, t.Undone) }

// TotalWorth is what a total was worth when it was asked for, less what was undone, in one currency.
type TotalWorth struct {
	Currency money.Currency
	Minor    *big.Int // to the nearest minor unit; less than nothing if more was undone than came in
	Sources  []string // whose rates were used, in order
}

// ReportEncoder puts reports into the words of a dialect. It is pure.
type ReportEncoder interface {
	// EncodeReport is the body of an event about a run, with the totals of its period by place and
	// currency. A body that would be larger than an event may be says that totals are left out.
	EncodeReport(e webhook.Event, r report.Run, totals []Total) ([]byte, error)
	// EncodeEntries is the file of a run that has a line for each entry of the book, oldest first.
	EncodeEntries(r report.Run, entries []Booked) ([]byte, error)
}
