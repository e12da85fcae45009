package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/report"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// reportWords encodes reports without a dialect.
type reportWords struct{}

type reportNews struct {
	Run, From, To, Digest string
	Trial                 bool
	Received              []string
}

func (reportWords) EncodeReport(_ webhook.Event, r report.Run, totals []ports.Total) ([]byte, error) {
	out := reportNews{
		Run: r.ID, From: r.Period.From.Format(time.DateOnly), To: r.Period.To.Format(time.DateOnly),
		Digest: r.Digest.String(), Trial: r.Trial,
	}
	for _, t := range totals {
		out.Received = append(out.Received, t.Received.String())
	}
	return json.Marshal(out)
}

func (reportWords) EncodeEntries(r report.Run, entries []ports.Booked) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s\n", r.Period.From.Format(time.DateOnly), r.Format)
	for _, e := range entries {
		fmt.Fprintf(&b, "%s %s\n", e.Transaction.OrderNo, e.Transaction.Postings[0].Amount.MinorText())
	}
	return b.Bytes(), nil
}

// reportDesk is a post office that reports, on a day at noon.
type reportDesk struct {
	*postOffice
	reporting Reporting
	noon      time.Time
}

func openReports(t *testing.T) *reportDesk {
	t.Helper()
	d := &reportDesk{postOffice: openPost(t), noon: time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)}
	d.clock.set(d.noon)
	d.shop.World.OrderNumbers = d.store
	core := d.hooks.Core
	core.Clock = runningClock{d.clock}
	d.reporting = Reporting{
		Core: core, Reads: d.store, Figures: Figures{Reads: d.store, Clock: d.clock},
		Statements: Statements{Book: d.store}, Words: reportWords{}, Log: slog.New(slog.DiscardHandler),
	}
	return d
}

// runningClock is a clock by which no two things happen at once.
type runningClock struct{ *postClock }

func (c runningClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Microsecond)
	return c.now
}

func (d *reportDesk) plans(every report.Every, contents report.Contents) report.Schedule {
	d.Helper()
	s, err := d.reporting.Create(d.Context(), d.who(merchant.Test), report.Plan{Every: every, Contents: contents, Format: report.CSV})
	d.ok(err)
	return s
}

// books books a charge; it commits now, and says it was booked at an instant.
func (d *reportDesk) books(minor int64, at time.Time) ports.Booked {
	d.Helper()
	booked, err := d.store.Book(d.Context(), d.shop.Charge(d.T, minor, ledger.Instant(at)), "")
	d.ok(err)
	return booked
}

// at moves the clock and lets the loop turn.
func (d *reportDesk) at(now time.Time) {
	d.Helper()
	d.clock.set(now)
	d.ok(d.reporting.Tick(d.Context()))
}

// told is what events say, the oldest first.
func (d *reportDesk) told() (news []reportNews) {
	d.Helper()
	events, more, err := d.store.Events(d.Context(), ports.EventQuery{
		Project: d.shop.Project.ID, Type: webhook.ReportReady, Limit: 1000,
	})
	d.ok(err)
	if more {
		d.Fatal("too many events")
	}
	runs, _, err := d.store.Runs(d.Context(), ports.RunQuery{Project: d.shop.Project.ID, Limit: 1000})
	d.ok(err)
	if len(runs) != len(events) {
		d.Errorf("%d runs and %d events", len(runs), len(events))
	}
	byID := map[string]reportNews{}
	for _, e := range events {
		var n reportNews
		d.ok(json.Unmarshal(e.Body, &n))
		byID[e.ID] = n
	}
	for _, r := range runs {
		n, known := byID[r.EventID]
		if !known || n.Run != r.ID {
			d.Errorf("run %s has the event %v", r.ID, n)
		}
		news = append([]reportNews{n}, news...)
	}
	return news
}

func (d *reportDesk) file(id string) string {
	d.Helper()
	run, file, err := d.reporting.File(d.Context(), d.who(merchant.Test), id)
	d.ok(err)
	if sum := sha256.Sum256(file); report.Digest(sum) != run.Digest || len(file) != run.Size {
		d.Errorf("the file of %s is not what was told", id)
	}
	return string(file)
}

func periods(news []reportNews) (out []string) {
	for _, n := range news {
		out = append(out, n.From+" "+n.To)
	}
	return out
}

func (d *reportDesk) wantPeriods(want ...string) {
	d.Helper()
	if got := periods(d.told()); !cmp.Equal(got, want) {
		d.Errorf("told %q, want %q", got, want)
	}
}

// A day is told once it has settled, to whoever listens, with its totals and its file.
func TestADayIsToldWhenItIsOver(t *testing.T) {
	d := openReports(t)
	hook := d.endpoint(merchant.Test, "report.ready")
	d.endpoint(merchant.Test, "payment.paid")
	d.books(1_000_000, d.noon.Add(-24*time.Hour))
	d.plans(report.Daily, report.Assets)
	d.books(2_000_000, d.noon)
	midnight := d.noon.Add(12 * time.Hour)
	d.at(midnight.Add(report.Settling - time.Second))
	d.wantPeriods()
	d.at(midnight.Add(report.Settling))
	d.at(midnight.Add(report.Settling))
	d.wantPeriods("2026-05-17 2026-05-18")
	told := d.told()[0]
	if file := d.file(told.Run); !strings.Contains(file, "2026-05-17,recorded,USDT,1,2.00,0,0.00,2.00") ||
		!cmp.Equal(told.Received, []string{"2000000"}) {
		t.Errorf("told %v:\n%s", told, file)
	}
	events, _, err := d.store.Events(t.Context(), ports.EventQuery{Project: d.shop.Project.ID, Limit: 9})
	d.ok(err)
	owed, err := d.store.DeliveriesOf(t.Context(), d.shop.Project.ID, []string{events[0].ID})
	d.ok(err)
	if of := owed[events[0].ID]; len(of) != 1 || of[0].EndpointID != hook.Endpoint.ID {
		t.Errorf("owed are %v", of)
	}
}

// A booking of the last instant that commits before the day is told is in it. One that commits after is in
// the next day, in the book too, and the file of the day stays as it is.
func TestWhatIsLateIsInTheNextDay(t *testing.T) {
	d := openReports(t)
	d.plans(report.Daily, report.Entries)
	midnight := d.noon.Add(12 * time.Hour)
	last := midnight.Add(-100 * time.Millisecond)
	timely := d.books(1, last)
	d.at(midnight.Add(time.Second))
	justIn := d.books(2, last)
	d.at(midnight.Add(report.Settling))
	first := d.told()[0]
	before := d.file(first.Run)
	late := d.books(3, last)
	if !late.Transaction.BookedAt.Equal(midnight) {
		t.Errorf("what was late is booked at %v", late.Transaction.BookedAt)
	}
	d.at(midnight.Add(24*time.Hour + report.Settling))
	d.wantPeriods("2026-05-17 2026-05-18", "2026-05-18 2026-05-19")
	line := func(b ports.Booked) string {
		return string(b.Transaction.OrderNo) + " " + b.Transaction.Postings[0].Amount.MinorText() + "\n"
	}
	if want := "2026-05-17 csv\n" + line(timely) + line(justIn); before != want || d.file(first.Run) != want {
		t.Errorf("the day is\n%s\nwant\n%s", before, want)
	}
	if got, want := d.file(d.told()[1].Run), "2026-05-18 csv\n"+line(late); got != want {
		t.Errorf("the next day is\n%s\nwant\n%s", got, want)
	}
	if got := d.told()[1].Received; !cmp.Equal(got, []string{"3"}) {
		t.Errorf("the next day's totals are %v", got)
	}
}

// What was missed is made up in order, each period once, a bounded number at a turn, and no schedule waits
// for another.
func TestMissedPeriodsAreMadeUpInOrder(t *testing.T) {
	d := openReports(t)
	d.plans(report.Daily, report.Days)
	d.plans(report.Monthly, report.Days)
	d.at(d.noon.AddDate(0, 0, 20))
	if told := d.told(); len(told) != catchUpBatch+1 {
		t.Errorf("told %d in one turn", len(told))
	}
	for turn := range 4 {
		d.at(d.noon.AddDate(0, 0, 20).Add(time.Duration(turn+1) * time.Minute))
	}
	var days []string
	for _, p := range periods(d.told()) {
		if p != "2026-05-01 2026-06-01" {
			days = append(days, p)
		}
	}
	var want []string
	for day := d.noon.Truncate(24 * time.Hour); len(want) < 20; day = day.AddDate(0, 0, 1) {
		want = append(want, day.Format(time.DateOnly)+" "+day.AddDate(0, 0, 1).Format(time.DateOnly))
	}
	if !cmp.Equal(days, want) || len(d.told()) != 21 {
		t.Errorf("told %q", periods(d.told()))
	}
}

// Many processes look at once, and each period is told by one of them.
func TestManyTellAPeriodOnce(t *testing.T) {
	d := openReports(t)
	d.plans(report.Daily, report.Days)
	d.plans(report.Weekly, report.Entries)
	d.clock.set(d.noon.AddDate(0, 0, 3))
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if err := d.reporting.Tick(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	d.at(d.noon.AddDate(0, 0, 3))
	told := periods(d.told())
	seen := map[string]int{}
	for _, p := range told {
		seen[p]++
	}
	want := map[string]int{
		"2026-05-17 2026-05-18": 1, "2026-05-18 2026-05-19": 1, "2026-05-19 2026-05-20": 1, "2026-05-11 2026-05-18": 1,
	}
	if !cmp.Equal(seen, want) {
		t.Errorf("told %q", told)
	}
}

// A change counts from the next report on: nothing is told twice and nothing left out. Whoever removes a
// schedule keeps what it told.
func TestChangesNeitherRepeatNorSkip(t *testing.T) {
	d := openReports(t)
	s := d.plans(report.Daily, report.Days)
	d.at(d.noon.AddDate(0, 0, 2))
	changed, err := d.reporting.Change(t.Context(), d.who(merchant.Test), s.ID,
		report.Plan{Every: report.Monthly, Contents: report.Entries, Format: report.JSON})
	d.ok(err)
	if next := changed.Next(); next.From.Format(time.DateOnly) != "2026-05-19" {
		t.Errorf("next is %v", next)
	}
	d.at(d.noon.AddDate(0, 1, 0))
	d.wantPeriods("2026-05-17 2026-05-18", "2026-05-18 2026-05-19", "2026-05-19 2026-06-01")
	kept := d.told()[0]
	d.ok(d.reporting.Remove(t.Context(), d.who(merchant.Test), s.ID))
	d.at(d.noon.AddDate(0, 3, 0))
	if len(d.told()) != 3 || d.file(kept.Run) == "" {
		t.Error("a removed schedule went on, or took its files along")
	}
	_, err = d.reporting.Change(t.Context(), d.who(merchant.Test), s.ID, s.Plan())
	for _, err := range []error{err, d.reporting.Remove(t.Context(), d.who(merchant.Test), s.ID)} {
		if !errors.Is(err, ports.ErrNotFound) {
			t.Errorf("of what is removed: %v", err)
		}
	}
	log := in(d, func(ctx context.Context, r ports.Repos) (done []string, err error) {
		page, err := r.Journal.Read(ctx, ports.JournalQuery{Merchant: d.shop.ID(), Limit: 9})
		for _, e := range page.Entries {
			done = append(done, e.Action+" "+e.Before+" > "+e.After)
		}
		return done, err
	})
	if want := []string{
		"report_schedule.removed mode=test every=month contents=entries format=json > ",
		"report_schedule.changed mode=test every=day contents=days format=csv > mode=test every=month contents=entries format=json",
		"report_schedule.created  > mode=test every=day contents=days format=csv",
	}; !cmp.Equal(log, want) {
		t.Errorf("the audit log has %q", log)
	}
}

func in[T any](d *reportDesk, read func(ctx context.Context, r ports.Repos) (T, error)) T {
	d.Helper()
	out, err := fetch(d.Context(), d.reporting.Core, read)
	d.ok(err)
	return out
}

// A schedule that is changed or removed while its report is written is told by the new plan, or no more.
func TestAChangeMeanwhileWins(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(d *reportDesk, s report.Schedule) error
		want      []string
	}{
		"changed": {func(d *reportDesk, s report.Schedule) error {
			_, err := d.reporting.Change(d.Context(), d.who(merchant.Test), s.ID,
				report.Plan{Every: report.Weekly, Contents: report.Days, Format: report.CSV})
			return err
		}, nil},
		"removed": {func(d *reportDesk, s report.Schedule) error {
			return d.reporting.Remove(d.Context(), d.who(merchant.Test), s.ID)
		}, nil},
		"told": {func(d *reportDesk, _ report.Schedule) error {
			return d.reporting.Tick(d.Context())
		}, []string{"2026-05-18 2026-05-19"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := openReports(t)
			d.clock.set(d.noon.AddDate(0, 0, 1)) // a Monday
			s := d.plans(report.Daily, report.Days)
			d.clock.set(d.noon.AddDate(0, 0, 2))
			slow := d.reporting
			slow.Figures.Reads = &interrupted{Figures: d.store, by: func() { d.ok(c.meanwhile(d, s)) }}
			if _, err := slow.tell(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			d.wantPeriods(c.want...)
		})
	}
}

// interrupted are figures before which something happens, once.
type interrupted struct {
	ports.Figures
	by func()
}

func (i *interrupted) Booked(ctx context.Context, q ports.FigureQuery) ([]ports.DayBooked, error) {
	if by := i.by; by != nil {
		i.by = nil
		by()
	}
	return i.Figures.Booked(ctx, q)
}

// A trial tells the period that ended last, marked as one, and the schedule goes on as if nothing had
// been asked. It is bounded.
func TestTrials(t *testing.T) {
	d := openReports(t)
	d.books(5, d.noon.AddDate(0, 0, -1))
	s := d.plans(report.Daily, report.Assets)
	run, err := d.reporting.SendNow(t.Context(), d.who(merchant.Test), s.ID)
	d.ok(err)
	if told := d.told(); len(told) != 1 || !told[0].Trial || told[0].From != "2026-05-16" ||
		!strings.Contains(d.file(run.ID), "recorded") {
		t.Errorf("the trial told %v", told)
	}
	for range report.MaxTrials - 1 {
		_, err := d.reporting.SendNow(t.Context(), d.who(merchant.Test), s.ID)
		d.ok(err)
	}
	if _, err := d.reporting.SendNow(t.Context(), d.who(merchant.Test), s.ID); !errors.Is(err, report.ErrTooManyTrials) {
		t.Errorf("a trial too many: %v", err)
	}
	d.at(d.noon.Add(report.TrialsWithin + time.Second))
	if told := d.told(); len(told) != report.MaxTrials+1 || told[report.MaxTrials].Trial {
		t.Errorf("after trials the schedule told %v", told)
	}
	_, err = d.reporting.SendNow(t.Context(), d.who(merchant.Test), s.ID)
	d.ok(err) // a day later
	for _, foreign := range []merchant.Principal{d.who(merchant.Live), {Merchant: d.shop.ID(), Project: "another", Mode: merchant.Test}} {
		_, err := d.reporting.SendNow(t.Context(), foreign, s.ID)
		_, _, fileErr := d.reporting.File(t.Context(), foreign, run.ID)
		if !errors.Is(err, ports.ErrNotFound) || !errors.Is(fileErr, ports.ErrNotFound) {
			t.Errorf("from elsewhere: %v, %v", err, fileErr)
		}
	}
}

// A period with more entries than a file may have is told all the same, without a file, and says so.
func TestTooManyEntriesAreToldWithoutAFile(t *testing.T) {
	d := openReports(t)
	s := d.plans(report.Daily, report.Entries)
	one := d.books(1, d.noon)
	long := d.reporting
	long.Statements.Book = endless{one}
	d.clock.set(d.noon.AddDate(0, 0, 1))
	if told, err := long.tell(t.Context(), s); err != nil || !told {
		t.Fatalf("told %t, %v", told, err)
	}
	id := d.told()[0].Run
	run, err := d.reporting.Run(t.Context(), d.who(merchant.Test), id)
	d.ok(err)
	_, _, err = d.reporting.File(t.Context(), d.who(merchant.Test), id)
	if !run.Omitted || run.Lines != 0 || !errors.Is(err, report.ErrNoFile) || !cmp.Equal(d.told()[0].Received, []string{"1"}) {
		t.Errorf("%+v, %v, %v", run, err, d.told())
	}
}

// endless is a book with a line too many.
type endless struct{ line ports.Booked }

func (e endless) Page(_ context.Context, q ports.StatementQuery) (ports.StatementPage, error) {
	page := ports.StatementPage{More: true}
	for range q.Limit {
		page.Lines = append(page.Lines, e.line)
	}
	return page, nil
}

func (endless) ByOrderNo(context.Context, merchant.ID, merchant.Mode, ledger.OrderNo) (ports.Booked, error) {
	return ports.Booked{}, ports.ErrNotFound
}

// A schedule that cannot be told keeps no other one waiting, and is told when it can be.
func TestAFailingScheduleKeepsNobodyWaiting(t *testing.T) {
	d := openReports(t)
	d.plans(report.Daily, report.Entries)
	d.plans(report.Daily, report.Days)
	d.clock.set(d.noon.AddDate(0, 0, 1))
	broken := d.reporting
	broken.Statements.Book = unreadable{}
	if err := broken.Tick(t.Context()); !errors.Is(err, errUnreadable) {
		t.Errorf("the turn: %v", err)
	}
	d.wantPeriods("2026-05-17 2026-05-18")
	d.at(d.noon.AddDate(0, 0, 1))
	d.wantPeriods("2026-05-17 2026-05-18", "2026-05-17 2026-05-18")
}

type unreadable struct{ ports.Statements }

var errUnreadable = errors.New("the book cannot be read")

func (unreadable) Page(context.Context, ports.StatementQuery) (ports.StatementPage, error) {
	return ports.StatementPage{}, errUnreadable
}

func TestPlansNobodyCanFollowAreRefused(t *testing.T) {
	d := openReports(t)
	s := d.plans(report.Daily, report.Days)
	bad := report.Plan{Every: "hour", Contents: report.Days, Format: report.CSV}
	_, err := d.reporting.Create(t.Context(), d.who(merchant.Test), bad)
	_, changing := d.reporting.Change(t.Context(), d.who(merchant.Test), s.ID, bad)
	if !errors.Is(err, report.ErrInvalidEvery) || !errors.Is(changing, report.ErrInvalidEvery) {
		t.Errorf("%v, %v", err, changing)
	}
	list, err := d.reporting.Schedules(t.Context(), d.who(merchant.Test))
	if err != nil || !cmp.Equal(list, []report.Schedule{s}) {
		t.Errorf("%v, %v", list, err)
	}
}
