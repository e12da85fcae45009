package audit

import (
	"fmt"
	"time"
)

// told has two days reported before the world began, one of them once more as a trial.
func (w *world) told() {
	today := dawn.Truncate(24 * time.Hour)
	w.exec(`INSERT INTO report_schedules (id, merchant_id, project_id, mode, every, contents, format, told_until,
			due_at, created_at) VALUES ('rps_1', $1, $2, 'test', 'day', 'entries', 'csv', $3::timestamptz,
			$3::timestamptz + interval '1 day', $4)`, id(1), id(11), today, dawn)
	w.exec(`UPDATE ledger_heads SET closed_until = $2 WHERE merchant_id = $1 AND mode = 'test'`, id(1), today)
	for n, ago := range []int{2, 1, 1} {
		w.exec(`INSERT INTO webhook_events (id, merchant_id, project_id, mode, type, session_id, version, body, created_at)
			VALUES ($1, $2, $3, 'test', 'report.ready', '', 0, '{}', $4)`, fmt.Sprintf("evt_report%d", n), id(1), id(11), dawn)
		w.exec(`INSERT INTO report_runs (id, schedule_id, merchant_id, project_id, mode, period_from, period_to,
				contents, format, trial, event_id, lines, size, digest, made_at, file)
			VALUES ($1, 'rps_1', $2, $3, 'test', $4, $5, 'entries', 'csv', $6, $7, 0, 2, sha256('ab'), $8, 'ab')`,
			fmt.Sprintf("rep_%d", n), id(1), id(11), today.AddDate(0, 0, -ago), today.AddDate(0, 0, 1-ago), n == 2,
			fmt.Sprintf("evt_report%d", n), w.tick())
	}
}

// unchecked changes reports as only who has all rights to the database can.
func unchecked(what, sql string, want ...string) plant {
	return by(what, "ALTER TABLE report_runs DROP CONSTRAINT report_runs_check1; "+sql, want...)
}

var reportPlants = []plant{
	by("a day is told before it is closed", "UPDATE ledger_heads SET closed_until = 'epoch'", "report-closed"),
	by("a book is closed at noon", "UPDATE ledger_heads SET closed_until = closed_until + interval '12 hours'", "report-closed"),
	by("a day is skipped", "UPDATE report_runs SET period_to = period_to - interval '1 hour' WHERE id = 'rep_0'", "report-periods"),
	by("a day is told twice", "UPDATE report_runs SET trial = false, period_from = period_from + interval '1 hour'"+
		" WHERE id = 'rep_2'", "report-periods"),
	by("a schedule forgets a day", "UPDATE report_schedules SET told_until = told_until + interval '1 day',"+
		" due_at = due_at + interval '1 day'", "report-periods"),
	by("nobody is told", "DELETE FROM webhook_events WHERE id = 'evt_report1'", "report-told"),
	by("a report is lost", "DELETE FROM report_runs WHERE id = 'rep_2'", "report-told"),
	by("a report of another mode", "UPDATE report_runs SET mode = 'live' WHERE id = 'rep_2'", "report-closed", "report-told"),
	unchecked("a file is replaced", "UPDATE report_runs SET file = 'cd' WHERE id = 'rep_1'", "report-file"),
	by("a file lacks an entry", "UPDATE report_runs SET lines = 3 WHERE id = 'rep_1'", "report-file"),
}
