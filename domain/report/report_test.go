package report

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestPeriodsAround(t *testing.T) {
	for _, c := range []struct {
		every        Every
		at, from, to string
	}{
		{Daily, "2026-05-17", "2026-05-17", "2026-05-18"},
		{Weekly, "2026-05-17", "2026-05-11", "2026-05-18"}, // a Sunday
		{Weekly, "2026-05-18", "2026-05-18", "2026-05-25"}, // a Monday
		{Weekly, "2026-12-31", "2026-12-28", "2027-01-04"},
		{Monthly, "2026-05-17", "2026-05-01", "2026-06-01"},
		{Monthly, "2028-02-29", "2028-02-01", "2028-03-01"},
		{Monthly, "2026-12-31", "2026-12-01", "2027-01-01"},
	} {
		want := Period{day(c.from), day(c.to)}
		for _, within := range []time.Duration{0, time.Hour, oneDay - time.Microsecond} {
			zone := time.FixedZone("", 9*3600) // an instant is the same wherever it is looked at
			if got := c.every.Around(day(c.at).Add(within).In(zone)); !cmp.Equal(got, want) {
				t.Errorf("every %s around %s+%v: %v", c.every, c.at, within, got)
			}
		}
	}
}

// A month that is told by the day from its middle on is told whole, and so is what was told by the day
// and then by the month.
func TestChangedPlansLeaveNoGap(t *testing.T) {
	plan := func(e Every) Plan { return Plan{e, Assets, CSV} }
	s := Schedule{}.Begin(plan(Monthly), day("2026-05-17").Add(time.Hour))
	if got, want := s.Next(), (Period{day("2026-05-01"), day("2026-06-01")}); got != want {
		t.Errorf("the first month is %v", got)
	}
	s = s.Follow(plan(Daily))
	if got, want := s.Next(), (Period{day("2026-05-01"), day("2026-05-02")}); got != want {
		t.Errorf("the first day is %v", got)
	}
	s = s.Told().Told().Follow(plan(Weekly))
	if got, want := s.Next(), (Period{day("2026-05-03"), day("2026-05-04")}); got != want {
		t.Errorf("the rest of the week is %v", got)
	}
	s = s.Told().Follow(plan(Monthly))
	if got, want := s.Next(), (Period{day("2026-05-04"), day("2026-06-01")}); got != want {
		t.Errorf("the rest of the month is %v", got)
	}
}

// Whatever is told and changed in whatever order: periods follow one another, each ends where its kind
// does, and none is told before it has settled.
func TestPeriodsFollowOneAnother(t *testing.T) {
	every := rapid.SampledFrom([]Every{Daily, Weekly, Monthly})
	rapid.Check(t, func(r *rapid.T) {
		begun := day("2026-01-01").Add(time.Duration(rapid.Int64Range(0, 800*24).Draw(r, "begun")) * time.Hour)
		s := Schedule{}.Begin(Plan{every.Draw(r, "every"), Days, JSON}, begun)
		if first := s.Next(); first.From.After(begun) || !first.To.After(begun) {
			r.Fatalf("begun at %v, it tells %v first", begun, first)
		}
		for range rapid.IntRange(1, 40).Draw(r, "steps") {
			if rapid.Bool().Draw(r, "change") {
				s = s.Follow(Plan{every.Draw(r, "to"), Days, JSON})
			}
			next, was := s.Next(), s.ToldUntil
			if !next.From.Equal(was) || !next.To.After(next.From) || s.Every.Around(next.To).From != next.To {
				r.Fatalf("every %s, told until %v, next is %v", s.Every, was, next)
			}
			if s.Due(next.To.Add(Settling-time.Nanosecond)) || !s.Due(next.To.Add(Settling)) {
				r.Fatalf("%v is due at another time than %v", next, s.DueAt())
			}
			s = s.Told()
		}
	})
}

func TestTrialsAreOfThePeriodThatEndedLast(t *testing.T) {
	for _, c := range []struct {
		every    Every
		now      time.Time
		from, to string
	}{
		{Daily, day("2026-05-17").Add(Settling), "2026-05-16", "2026-05-17"},
		{Daily, day("2026-05-17").Add(Settling - 1), "2026-05-15", "2026-05-16"},
		{Weekly, day("2026-05-17"), "2026-05-04", "2026-05-11"},
		{Monthly, day("2026-03-01").Add(Settling), "2026-02-01", "2026-03-01"},
		{Monthly, day("2026-03-01"), "2026-01-01", "2026-02-01"},
	} {
		want := Period{day(c.from), day(c.to)}
		if got := (Schedule{Every: c.every}).LastEnded(c.now); got != want {
			t.Errorf("every %s at %v: %v", c.every, c.now, got)
		}
	}
}

func TestPlansAreChecked(t *testing.T) {
	good := Plan{Weekly, Entries, JSON}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for want, p := range map[error]Plan{
		ErrInvalidEvery:    {"year", Entries, JSON},
		ErrInvalidContents: {Weekly, "", JSON},
		ErrInvalidFormat:   {Weekly, Entries, "pdf"},
	} {
		if err := p.Check(); !errors.Is(err, want) {
			t.Errorf("%v: %v", p, err)
		}
	}
	if (Schedule{Every: Daily, RemovedAt: day("2026-05-17")}).Due(day("2030-01-01")) {
		t.Error("what is removed is due")
	}
}

func TestFileNames(t *testing.T) {
	r := Run{Mode: 2, Contents: Days, Format: CSV, Period: Period{day("2026-05-01"), day("2026-06-01")}}
	if got := r.FileName(); got != "report-days-2026-05-01-2026-05-31-"+r.Mode.String()+".csv" {
		t.Error(got)
	}
}
