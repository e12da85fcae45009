package audit

// reportRules hold what was told by schedule against the book it was told of.
var reportRules = []rule{
	{
		name:    "report-closed",
		checked: `SELECT count(*) FROM ledger_heads`,
		// Books are closed at midnights, and as far as they were told.
		broken: `
			SELECT h.merchant_id || ' ' || h.mode, 'its book is closed until ' || h.closed_until ||
				', it is told until ' || coalesce(r.told::text, 'never')
			FROM ledger_heads h
			LEFT JOIN (
				SELECT merchant_id, mode, max(period_to) AS told FROM report_runs GROUP BY 1, 2
			) r USING (merchant_id, mode)
			WHERE h.closed_until <> date_trunc('day', h.closed_until, 'UTC') OR h.closed_until < r.told`,
	},
	{
		name:    "report-periods",
		checked: `SELECT count(*) FROM report_schedules`,
		// Each period begins where the one before ended, and the schedule goes on behind the last.
		broken: `
			SELECT r.schedule_id, 'what follows ' || r.period_to || ' begins at ' || r.next
			FROM (
				SELECT s.id AS schedule_id, t.period_to,
					lead(t.period_from, 1, s.told_until) OVER (PARTITION BY s.id ORDER BY t.period_from) AS next
				FROM report_schedules s JOIN report_runs t ON t.schedule_id = s.id AND NOT t.trial
			) r
			WHERE r.next <> r.period_to`,
	},
	{
		name:    "report-told",
		checked: `SELECT count(*) FROM report_runs`,
		// A run belongs to its schedule's project and mode, and one event tells of it there.
		broken: `
			SELECT r.id, CASE WHEN e.id IS NULL THEN 'nobody was told' ELSE 'it was told elsewhere' END
			FROM report_runs r
			JOIN report_schedules s ON s.id = r.schedule_id
			LEFT JOIN webhook_events e ON e.id = r.event_id AND e.type = 'report.ready'
			WHERE (s.merchant_id, s.project_id, s.mode) IS DISTINCT FROM (r.merchant_id, r.project_id, r.mode)
				OR (e.merchant_id, e.project_id, e.mode) IS DISTINCT FROM (r.merchant_id, r.project_id, r.mode)
			UNION ALL
			SELECT e.id, 'tells of a report that is not there'
			FROM webhook_events e LEFT JOIN report_runs r ON r.event_id = e.id
			WHERE e.type = 'report.ready' AND r.id IS NULL`,
	},
	{
		name:    "report-file",
		checked: `SELECT count(*) FROM report_runs WHERE file IS NOT NULL`,
		// A file is what was told of it, and one of entries has a line for each that the book has.
		broken: `
			SELECT r.id, CASE
				WHEN r.digest <> sha256(r.file) THEN 'its file is not the one that was told'
				ELSE 'its file has ' || r.lines || ' entries, the book has ' || b.entries END
			FROM report_runs r
			LEFT JOIN LATERAL (
				SELECT count(*) AS entries FROM transactions t
				WHERE r.contents = 'entries' AND t.merchant_id = r.merchant_id AND t.project_id = r.project_id
					AND t.mode = r.mode AND t.booked_at >= r.period_from AND t.booked_at < r.period_to
			) b ON true
			WHERE r.file IS NOT NULL AND (r.digest <> sha256(r.file) OR r.size <> octet_length(r.file)
				OR r.contents = 'entries' AND r.lines <> b.entries)`,
	},
}
