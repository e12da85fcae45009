package audit

// newsRules hold events against what happened: nothing of it goes untold, and nothing is told that
// did not happen.
var newsRules = []rule{
	{
		name:    "news-owner",
		checked: `SELECT count(*) FROM webhook_events`,
		// An event is told to the project whose session it is about, in the session's mode.
		broken: `
			SELECT e.id, 'its merchant, project, session or mode disagree'
			FROM webhook_events e
			LEFT JOIN projects p ON p.id = e.project_id
			LEFT JOIN sessions s ON s.id::text = e.session_id
			WHERE p.merchant_id IS DISTINCT FROM e.merchant_id OR e.session_id <> '' AND
				(s.merchant_id, s.project_id, s.mode) IS DISTINCT FROM (e.merchant_id, e.project_id, e.mode)`,
	},
	{
		name:    "news-paid",
		checked: `SELECT count(*) FROM transactions WHERE kind IN ('payment', 'reversal')`,
		// Each payment booked is told as paid, or paid in part, once, each reversal as reversed once, and
		// neither without its booking. A part that its merchant lets be enough is told once more.
		broken: `
			SELECT coalesce(b.session_id, e.session_id), coalesce(b.n, 0) || ' times booked as ' ||
				coalesce(b.kind, e.kind) || ', ' || coalesce(e.n, 0) || ' times told'
			FROM (
				SELECT session_id, kind, count(*) + CASE kind WHEN 'payment' THEN coalesce(max(let.n), 0) ELSE 0 END AS n
				FROM transactions x LEFT JOIN (
					SELECT t.session_id::text AS session_id, count(*) AS n
					FROM transfers t JOIN transactions part ON part.order_no::text = t.order_no
					JOIN intents i ON i.id = t.intent_id AND i.matching = 'dedicated'
					WHERE t.decision = 'accepted' AND part.booked_at < t.decided_at
					GROUP BY t.session_id
				) let USING (session_id)
				WHERE kind IN ('payment', 'reversal') AND NOT starts_with(source_ref, 'x402:')
				GROUP BY session_id, kind
			) b FULL JOIN (
				SELECT session_id, CASE type WHEN 'payment.reversed' THEN 'reversal' ELSE 'payment' END AS kind,
					count(*) AS n
				FROM webhook_events
				WHERE type IN ('payment.paid', 'payment.partially_paid', 'payment.reversed')
				GROUP BY session_id, kind
			) e ON e.session_id = b.session_id AND e.kind = b.kind
			WHERE b.n IS DISTINCT FROM e.n`,
	},
	{
		name:    "news-session",
		checked: `SELECT count(*) FROM sessions`,
		// That a session began is told once; that it was cancelled, once if it was; that it expired, at
		// least once if it is.
		broken: `
			SELECT s.id::text, s.status || ', told as created ' || coalesce(e.created, 0) ||
				', as cancelled ' || coalesce(e.cancelled, 0) || ', as expired ' || coalesce(e.expired, 0) ||
				' times'
			FROM sessions s LEFT JOIN (
				SELECT session_id,
					count(*) FILTER (WHERE type = 'payment.created') AS created,
					count(*) FILTER (WHERE type = 'payment.cancelled') AS cancelled,
					count(*) FILTER (WHERE type = 'payment.expired') AS expired
				FROM webhook_events WHERE session_id <> '' GROUP BY session_id
			) e ON e.session_id = s.id::text
			WHERE coalesce(e.created, 0) <> 1
				OR coalesce(e.cancelled, 0) <> CASE s.status WHEN 'cancelled' THEN 1 ELSE 0 END
				OR s.status = 'expired' AND coalesce(e.expired, 0) = 0`,
	},
	{
		name: "news-late",
		checked: `SELECT count(*) FROM transfers
			WHERE disposition IN ('held', 'duplicate')`,
		// The merchant hears of every transfer that waits for his decision; one that waits for a second
		// source is not his to decide yet.
		broken: `
			SELECT t.session_id::text, t.n || ' transfers wait, ' || coalesce(e.n, 0) || ' were told'
			FROM (
				SELECT session_id, count(*) AS n FROM transfers
				WHERE disposition IN ('held', 'duplicate') AND session_id IS NOT NULL
					AND coalesce(reason, '') NOT IN ('awaiting_second_source', 'sources_disagree')
				GROUP BY session_id
			) t LEFT JOIN (
				SELECT session_id, count(*) AS n FROM webhook_events
				WHERE type = 'payment.late' GROUP BY session_id
			) e ON e.session_id = t.session_id::text
			WHERE t.n > coalesce(e.n, 0)`,
	},
	{
		name:    "news-version",
		checked: `SELECT count(*) FROM webhook_events WHERE session_id <> ''`,
		// Receivers order news by version, so each change of a session has its own, none is ahead of the
		// session, and they rise with time (but for a minute between clocks). A late transfer changes no
		// session and has the version it found.
		broken: `
			SELECT id, type || ' of session ' || session_id || ' has version ' || version ||
				' after version ' || coalesce(before::text, 'none') || '; the session has ' || now
			FROM (
				SELECT e.id, e.type, e.session_id, e.version, s.version AS now, e.created_at,
					lag(e.version) OVER w AS before, lag(e.created_at) OVER w AS before_at
				FROM webhook_events e JOIN sessions s ON s.id::text = e.session_id
				WHERE e.type <> 'payment.late'
				WINDOW w AS (PARTITION BY e.session_id ORDER BY e.version, e.id)
			) told
			WHERE version NOT BETWEEN 1 AND now OR version = before
				OR before_at > created_at + interval '1 minute'
			UNION ALL
			SELECT e.id, e.type || ' of session ' || e.session_id || ' has version ' || e.version ||
				'; the session has ' || s.version
			FROM webhook_events e JOIN sessions s ON s.id::text = e.session_id
			WHERE e.type = 'payment.late' AND e.version NOT BETWEEN 1 AND s.version`,
	},
}
