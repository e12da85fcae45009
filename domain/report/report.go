// Package report is what a merchant is told of his book by schedule: how often, of which periods, and
// when a period is over for good.
//
// It owns schedules, the arithmetic of their periods, and runs: one period told once. It does not own
// the sums (package app), the words of the event (the dialects), nor how the event travels (package
// webhook).
//
// Invariants: the periods of a schedule follow one another without a gap and without an overlap,
// whatever is changed about it: what was told ends where what comes next begins. Periods begin and end
// at midnight, UTC.
package report

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
)

// Every says how often a schedule tells.
type Every string

// How often there is a report.
const (
	Daily   Every = "day"
	Weekly  Every = "week"  // weeks begin on Monday
	Monthly Every = "month" // months begin on the first
)

// Contents says what a report's file has a line for.
type Contents string

// What there may be a line for.
const (
	Days    Contents = "days"    // a day, place and currency
	Assets  Contents = "assets"  // a place and currency, over the whole period
	Entries Contents = "entries" // an entry of the book, as in a statement
)

// Format is the form of a report's file.
type Format string

// The formats.
const (
	CSV  Format = "csv"
	JSON Format = "json"
)

// Bounds of schedules.
const (
	// MaxSchedules is how many schedules a project may have per mode.
	MaxSchedules = 8
	// MaxEntries is how many entries a file may have. A period with more is told without a file.
	MaxEntries = 20_000
	// MaxTrials is how many runs of a schedule may be asked for within TrialsWithin.
	MaxTrials = 10
	// TrialsWithin is the time in which MaxTrials counts.
	TrialsWithin = 24 * time.Hour
	// Settling is how long after its end a period is told: what was on its way into the book when the
	// period ended has arrived, and stands where it belongs.
	Settling = 5 * time.Minute
)

// Prefixes of identifiers.
const (
	SchedulePrefix = "rps_"
	RunPrefix      = "rep_"
)

// Faults of schedules.
var (
	ErrInvalidEvery = fault.New(fault.Invalid, "invalid_schedule",
		"every must be day, week or month").About("every")
	ErrInvalidContents = fault.New(fault.Invalid, "invalid_schedule",
		"contents must be days, assets or entries").About("contents")
	ErrInvalidFormat = fault.New(fault.Invalid, "invalid_schedule",
		"format must be csv or json").About("format")
	ErrTooManySchedules = fault.New(fault.Conflict, "too_many_schedules",
		"a project may have at most 8 report schedules per mode; remove one you do not need")
	ErrTooManyTrials = fault.New(fault.Conflict, "too_many_trials",
		"a schedule may be asked for at most 10 reports within 24 hours; they are still there to be downloaded")
	ErrNoFile = fault.New(fault.NotFound, "report_without_file",
		"this report has no file: the period has more than 20000 entries; read them with "+
			"GET /v1/transactions/statement, or by the day")
)

const oneDay = 24 * time.Hour

// Period is whole days in UTC: From is the first instant, To the first one after it.
type Period struct {
	From, To time.Time
}

// Last is the first instant of the last day.
func (p Period) Last() time.Time { return p.To.Add(-oneDay) }

// Check refuses what is not one of the ways to tell.
func (e Every) Check() error {
	if e != Daily && e != Weekly && e != Monthly {
		return ErrInvalidEvery
	}
	return nil
}

// Check refuses what no line can be for.
func (c Contents) Check() error {
	if c != Days && c != Assets && c != Entries {
		return ErrInvalidContents
	}
	return nil
}

// Check refuses what no file is written in.
func (f Format) Check() error {
	if f != CSV && f != JSON {
		return ErrInvalidFormat
	}
	return nil
}

// Around is the whole period an instant lies in.
func (e Every) Around(at time.Time) Period {
	day := at.UTC().Truncate(oneDay)
	switch e {
	case Weekly:
		sinceMonday := (int(day.Weekday()) + 6) % 7
		first := day.AddDate(0, 0, -sinceMonday)
		return Period{first, first.AddDate(0, 0, 7)}
	case Monthly:
		first := time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
		return Period{first, first.AddDate(0, 1, 0)}
	case Daily:
	}
	return Period{day, day.Add(oneDay)}
}

// Digest is a SHA-256 hash.
type Digest [sha256.Size]byte

// String is the digest in hex.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Run is a period that was told. It never changes.
type Run struct {
	ID         string // "rep_" and a UUID
	ScheduleID string
	MerchantID merchant.ID
	ProjectID  merchant.ProjectID
	Mode       merchant.Mode
	Period     Period
	Contents   Contents
	Format     Format
	Trial      bool // asked for by somebody; the schedule tells the period all the same
	EventID    string
	// Lines, Size and Digest are of the file; Omitted says that there is none, because it would have had
	// more than MaxEntries lines.
	Lines   int
	Size    int // bytes
	Digest  Digest
	Omitted bool
	MadeAt  time.Time
}

// FileName is what to call the file.
func (r Run) FileName() string {
	return "report-" + string(r.Contents) + "-" + r.Period.From.Format(time.DateOnly) + "-" +
		r.Period.Last().Format(time.DateOnly) + "-" + r.Mode.String() + "." + string(r.Format)
}
