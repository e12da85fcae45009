package audit

// figureRules hold the sums and counts that dashboards show against what they are of, day by day.
var figureRules = []rule{
	{
		name:    "figures-booked",
		checked: `SELECT count(*) FROM ledger_days`,
		// Every posting is in one sum: by day, kind, where it came over, currency, and by whose rate it was
		// converted, which is by the newest intent of its session in that coin from before it, or before what
		// is undone, was booked.
		broken: `
			WITH posted AS (
				SELECT t.project_id, t.mode, (t.booked_at AT TIME ZONE 'UTC')::date AS day, t.kind, p.currency, p.amount,
					substring(p.currency FROM '/([0-9]{1,2})$')::int AS scale,
					coalesce(substring(p.source FROM '^merchant:[^:]*:[^:]*:received:(.+)$'),
						substring(p.destination FROM '^merchant:[^:]*:[^:]*:received:(.+)$'), 'recorded') AS place,
					CASE WHEN t.session_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN t.session_id::uuid END AS session,
					coalesce(o.booked_at, t.booked_at) AS asked_before
				FROM transactions t
				JOIN postings p ON p.order_no = t.order_no AND p.merchant_id = t.merchant_id
				LEFT JOIN transactions o ON o.order_no = t.reverses
			), booked AS (
				SELECT p.project_id, p.mode, p.day, p.kind, p.place, p.currency, coalesce(i.rate_from, '') AS worth_of,
					coalesce(i.rate_source, '') AS worth_source, count(*) AS entries, sum(p.amount) AS amount,
					sum(coalesce(div(p.amount * 1e18, i.rate_price * 10::numeric ^ p.scale), 0)) AS worth
				FROM posted p
				LEFT JOIN LATERAL (
					SELECT x.rate_from, x.rate_source, x.rate_price FROM intents x
					WHERE x.session_id = p.session AND x.network = p.place AND x.symbol = split_part(p.currency, '/', 1)
						AND x.created_at <= p.asked_before
					ORDER BY x.created_at DESC, x.id DESC LIMIT 1) i ON true
				GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
			)
			SELECT concat_ws(' ', project_id, mode, day, kind, place, currency, worth_of, worth_source),
				'the book has ' || coalesce(b.entries, 0) || ' entries of ' || coalesce(b.amount, 0) || ', worth ' ||
				coalesce(b.worth, 0) || '; the sum says ' || coalesce(d.entries, 0) || ' of ' || coalesce(d.amount, 0) ||
				', worth ' || coalesce(d.worth, 0)
			FROM booked b
			FULL JOIN ledger_days d USING (project_id, mode, day, kind, place, currency, worth_of, worth_source)
			WHERE (b.entries, b.amount, b.worth) IS DISTINCT FROM (d.entries, d.amount, d.worth)`,
	},
	{
		name:    "figures-opened",
		checked: `SELECT count(*) FROM session_days`,
		broken: `
			SELECT concat_ws(' ', project_id, mode, day), coalesce(s.opened, 0) || ' sessions were opened, ' ||
				coalesce(s.settled, 0) || ' of them are settled; the counts say ' || coalesce(d.opened, 0) || ' and ' ||
				coalesce(d.settled, 0)
			FROM (
				SELECT project_id, mode, (created_at AT TIME ZONE 'UTC')::date AS day, count(*) AS opened,
					count(*) FILTER (WHERE status = 'settled') AS settled
				FROM sessions GROUP BY 1, 2, 3
			) s
			FULL JOIN (
				SELECT project_id, mode, day, sum(opened) AS opened, sum(settled) AS settled
				FROM session_days GROUP BY 1, 2, 3
			) d USING (project_id, mode, day)
			WHERE (s.opened, s.settled) IS DISTINCT FROM (d.opened, d.settled)`,
	},
}
