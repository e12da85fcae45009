package portstest

import (
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/report"
	"github.com/101pay/101pay/ports"
)

var reportPromises = []promise{
	{"a schedule is kept whole and listed oldest first, per mode", schedulesListed},
	{"saving replaces plan, progress and removal; what is removed is found no more", schedulesSaved},
	{"a schedule of another project is not found", schedulesForeign},
	{"no more schedules than the limit, however many are added at once, and removed ones do not count", schedulesLimit},
	{"schedules are due when their next period has settled, those due first first", schedulesDue},
	{"a run is kept whole with its file, byte for byte", runsKept},
	{"a run without a file has none", runsOmitted},
	{"a run of another project is not found", runsForeign},
	{"runs are listed newest first, page by page, by schedule and mode", runsListed},
	{"no day is told twice, however many tell at once; trials are told as often as one likes", runsOnce},
	{"trials are counted from an instant on", trialsCounted},
}

// MakeSchedule answers a schedule of the shop, not recorded. Told until Epoch, it is of every day.
func (s Shop) MakeSchedule(created time.Time, change ...func(*report.Schedule)) report.Schedule {
	sched := report.Schedule{
		ID: report.SchedulePrefix + UUID(), MerchantID: s.ID(), ProjectID: s.Project.ID, Mode: merchant.Test,
		Every: report.Daily, Contents: report.Days, Format: report.CSV, ToldUntil: Epoch, CreatedAt: created,
	}
	for _, c := range change {
		c(&sched)
	}
	return sched
}

func (s Shop) addSchedule(t *testing.T, created time.Time, change ...func(*report.Schedule)) report.Schedule {
	t.Helper()
	sched := s.MakeSchedule(created, change...)
	do(t, s.World, func(ctx context.Context, r ports.Repos) error { return r.Reports.AddSchedule(ctx, sched) })
	return sched
}

func (s Shop) schedules(t *testing.T, m merchant.Mode) []report.Schedule {
	t.Helper()
	return in(t, s.World, func(ctx context.Context, r ports.Repos) ([]report.Schedule, error) {
		return r.Reports.Schedules(ctx, s.Project.ID, m)
	})
}

func (s Shop) saveSchedule(t *testing.T, sched report.Schedule) {
	t.Helper()
	do(t, s.World, func(ctx context.Context, r ports.Repos) error { return r.Reports.SaveSchedule(ctx, sched) })
}

// makeRun answers a run of a schedule's next period with its file, not recorded.
func makeRun(s report.Schedule, text string, made time.Time) (report.Run, []byte) {
	return report.Run{
		ID: report.RunPrefix + UUID(), ScheduleID: s.ID, MerchantID: s.MerchantID, ProjectID: s.ProjectID,
		Mode: s.Mode, Period: s.Next(), Contents: s.Contents, Format: s.Format, EventID: "evt_" + UUID(),
		Lines: 7, Size: len(text), Digest: sha256.Sum256([]byte(text)), MadeAt: made,
	}, []byte(text)
}

func (s Shop) addRun(t *testing.T, run report.Run, file []byte) {
	t.Helper()
	do(t, s.World, func(ctx context.Context, r ports.Repos) error { return r.Reports.AddRun(ctx, run, file) })
}

func schedulesListed(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	other.addSchedule(t, Epoch)
	first := shop.addSchedule(t, Epoch, func(s *report.Schedule) {
		s.Every, s.Contents, s.Format = report.Monthly, report.Entries, report.JSON
	})
	second := shop.addSchedule(t, Epoch, func(s *report.Schedule) { s.Every, s.Contents = report.Weekly, report.Assets })
	live := shop.addSchedule(t, Epoch, func(s *report.Schedule) { s.Mode = merchant.Live })
	same(t, shop.schedules(t, merchant.Test), []report.Schedule{first, second})
	same(t, shop.schedules(t, merchant.Live), []report.Schedule{live})
	same(t, in(t, w, func(ctx context.Context, r ports.Repos) (report.Schedule, error) {
		return r.Reports.LoadSchedule(ctx, shop.Project.ID, first.ID)
	}), first)
}

func schedulesSaved(t *testing.T, w World) {
	shop := OpenShop(t, w)
	sched := shop.addSchedule(t, Epoch)
	sched = sched.Told().Follow(report.Plan{Every: report.Weekly, Contents: report.Entries, Format: report.JSON})
	changed := sched
	changed.Mode, changed.CreatedAt, changed.MerchantID = merchant.Live, Epoch.Add(day), merchant.ID(UUID())
	shop.saveSchedule(t, changed)
	same(t, shop.schedules(t, merchant.Test), []report.Schedule{sched})
	sched.RemovedAt = Epoch.Add(day)
	shop.saveSchedule(t, sched)
	same(t, len(shop.schedules(t, merchant.Test)), 0)
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Reports.LoadSchedule(ctx, shop.Project.ID, sched.ID)
		return err
	})
}

func schedulesForeign(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	sched := shop.addSchedule(t, Epoch)
	for _, c := range []struct {
		p  merchant.ProjectID
		id string
	}{{other.Project.ID, sched.ID}, {shop.Project.ID, "rps_" + UUID()}, {"' OR 1=1", sched.ID}, {shop.Project.ID, "\x00"}} {
		refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
			_, err := r.Reports.LoadSchedule(ctx, c.p, c.id)
			return err
		})
		foreign := sched
		foreign.ProjectID, foreign.ID = c.p, c.id
		refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
			return r.Reports.SaveSchedule(ctx, foreign)
		})
	}
	same(t, shop.schedules(t, merchant.Test), []report.Schedule{sched})
}

func schedulesLimit(t *testing.T, w World) {
	shop := OpenShop(t, w)
	gone := shop.addSchedule(t, Epoch)
	gone.RemovedAt = Epoch
	shop.saveSchedule(t, gone)
	errs := race(racers, func(int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Reports.AddSchedule(ctx, shop.MakeSchedule(Epoch))
		})
	})
	added := 0
	for _, err := range errs {
		if err == nil {
			added++
			continue
		}
		isFault(t, err, report.ErrTooManySchedules)
	}
	same(t, added, report.MaxSchedules)
	same(t, len(shop.schedules(t, merchant.Test)), report.MaxSchedules)
	shop.addSchedule(t, Epoch, func(s *report.Schedule) { s.Mode = merchant.Live })
}

func schedulesDue(t *testing.T, w World) {
	shop := OpenShop(t, w)
	tomorrow := shop.addSchedule(t, Epoch, func(s *report.Schedule) { s.ToldUntil = Epoch.Add(day) })
	today := shop.addSchedule(t, Epoch)
	shop.addSchedule(t, Epoch, func(s *report.Schedule) { s.RemovedAt = Epoch })
	due := func(now time.Time, limit int, want ...report.Schedule) {
		t.Helper()
		list, err := w.Reports.DueSchedules(t.Context(), now, limit)
		ok(t, err)
		same(t, list, want)
	}
	due(today.DueAt().Add(-time.Microsecond), 9)
	due(today.DueAt(), 9, today)
	due(tomorrow.DueAt(), 9, today, tomorrow)
	due(tomorrow.DueAt(), 1, today)
	shop.saveSchedule(t, today.Told().Told())
	due(tomorrow.DueAt(), 9, tomorrow)
}

func runsKept(t *testing.T, w World) {
	shop := OpenShop(t, w)
	for i, text := range []string{"a;b\r\n\x00\xff", ""} {
		sched := shop.addSchedule(t, Epoch, func(s *report.Schedule) { s.Contents, s.Format = report.Entries, report.JSON })
		run, file := makeRun(sched, text, Epoch.Add(time.Duration(i)*time.Hour))
		run.Trial = i == 1
		shop.addRun(t, run, file)
		found, err := w.Reports.Run(t.Context(), shop.Project.ID, run.ID)
		ok(t, err)
		same(t, found, run)
		for range 2 {
			kept, err := w.Reports.File(t.Context(), shop.Project.ID, run.ID)
			ok(t, err)
			same(t, string(kept), text)
			if len(kept) > 0 {
				kept[0] = 'x' // what is handed out is no row
			}
		}
	}
}

func runsOmitted(t *testing.T, w World) {
	shop := OpenShop(t, w)
	run, _ := makeRun(shop.addSchedule(t, Epoch), "", Epoch)
	run.Omitted = true
	shop.addRun(t, run, nil)
	found, err := w.Reports.Run(t.Context(), shop.Project.ID, run.ID)
	ok(t, err)
	same(t, found, run)
	_, err = w.Reports.File(t.Context(), shop.Project.ID, run.ID)
	isFault(t, err, ports.ErrNotFound)
}

func runsForeign(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	run, file := makeRun(shop.addSchedule(t, Epoch), "a", Epoch)
	shop.addRun(t, run, file)
	for _, c := range []struct {
		p  merchant.ProjectID
		id string
	}{{other.Project.ID, run.ID}, {shop.Project.ID, "rep_" + UUID()}, {"' OR 1=1", run.ID}, {shop.Project.ID, "\x00"}} {
		_, err := w.Reports.Run(t.Context(), c.p, c.id)
		isFault(t, err, ports.ErrNotFound)
		_, err = w.Reports.File(t.Context(), c.p, c.id)
		isFault(t, err, ports.ErrNotFound)
	}
	list, more, err := w.Reports.Runs(t.Context(), ports.RunQuery{Project: other.Project.ID, Limit: 9})
	ok(t, err)
	same(t, len(list), 0)
	same(t, more, false)
}

func runsListed(t *testing.T, w World) {
	shop := OpenShop(t, w)
	one, live := shop.addSchedule(t, Epoch), shop.addSchedule(t, Epoch, func(s *report.Schedule) { s.Mode = merchant.Live })
	var runs []report.Run // newest first
	for i := range 5 {
		sched := one
		if i == 2 {
			sched = live
		}
		run, file := makeRun(sched, "a", Epoch.Add(time.Duration(i/2)*time.Hour)) // some at one instant
		run.Trial = true
		shop.addRun(t, run, file)
		runs = append(runs, run)
	}
	of := func(q ports.RunQuery, want int, fits func(report.Run) bool) {
		t.Helper()
		q.Project, q.Limit = shop.Project.ID, 2
		var got []report.Run
		for more := true; more; {
			page, further, err := w.Reports.Runs(t.Context(), q)
			ok(t, err)
			if len(page) > q.Limit || further && len(page) == 0 {
				t.Fatalf("a page of %d", len(page))
			}
			for _, r := range page {
				if last := len(got) - 1; last >= 0 && (got[last].MadeAt.Before(r.MadeAt) ||
					got[last].MadeAt.Equal(r.MadeAt) && got[last].ID <= r.ID) {
					t.Fatal("not newest first")
				}
				got = append(got, r)
				q.Before = ports.RunMark{At: r.MadeAt, ID: r.ID}
			}
			more = further
		}
		same(t, len(got), want)
		for _, r := range got {
			same(t, fits(r), true)
		}
	}
	of(ports.RunQuery{}, 5, func(report.Run) bool { return true })
	of(ports.RunQuery{ScheduleID: one.ID}, 4, func(r report.Run) bool { return r.ScheduleID == one.ID })
	of(ports.RunQuery{Mode: merchant.Live}, 1, func(r report.Run) bool { return r.ID == runs[2].ID })
}

func runsOnce(t *testing.T, w World) {
	shop := OpenShop(t, w)
	sched := shop.addSchedule(t, Epoch)
	oneWinner(t, race(racers, func(int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			run, file := makeRun(sched, "a", Epoch)
			return r.Reports.AddRun(ctx, run, file)
		})
	}), ports.ErrTaken)
	again, file := makeRun(sched, "a", Epoch)
	again.Period.From = again.Period.From.Add(-day) // another period over a day that was told
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		isFault(t, r.Reports.AddRun(ctx, again, file), ports.ErrTaken)
		trial := again
		trial.Trial = true
		if err := r.Reports.AddRun(ctx, trial, file); err != nil {
			return err
		}
		trial.ID = report.RunPrefix + UUID()
		return r.Reports.AddRun(ctx, trial, file)
	})
	next, file := makeRun(sched.Told(), "b", Epoch)
	shop.addRun(t, next, file)
	other, file := makeRun(shop.addSchedule(t, Epoch), "c", Epoch)
	shop.addRun(t, other, file)
}

func trialsCounted(t *testing.T, w World) {
	shop := OpenShop(t, w)
	sched, other := shop.addSchedule(t, Epoch), shop.addSchedule(t, Epoch)
	for i, s := range []report.Schedule{sched, sched, sched, other} {
		run, file := makeRun(s, "a", Epoch.Add(time.Duration(i)*time.Hour))
		run.Trial = true
		shop.addRun(t, run, file)
	}
	told, file := makeRun(sched, "a", Epoch.Add(2*time.Hour))
	shop.addRun(t, told, file)
	same(t, in(t, w, func(ctx context.Context, r ports.Repos) (int, error) {
		return r.Reports.Trials(ctx, sched.ID, Epoch.Add(time.Hour))
	}), 2)
}
