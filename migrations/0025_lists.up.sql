-- Sessions are counted by day in the very statements that open and settle them; lists are indexed by what filters them.

-- Counts are in parts, told apart by slot: part 0 is changed by who settles, the others by who opens, each
-- connection its own, so that openings never wait for one another's commit.
CREATE TABLE session_days (
	project_id uuid NOT NULL,
	mode text NOT NULL,
	day date NOT NULL, -- in UTC, of opening
	slot smallint NOT NULL CHECK (slot >= 0),
	opened bigint NOT NULL CHECK (opened >= 0),
	settled bigint NOT NULL, -- of those opened on the day; what is undone is added as less than nothing
	PRIMARY KEY (project_id, mode, day, slot)
) WITH (fillfactor = 50);

INSERT INTO session_days (project_id, mode, day, slot, opened, settled)
SELECT project_id, mode, (created_at AT TIME ZONE 'UTC')::date, 0, count(*),
	count(*) FILTER (WHERE status = 'settled')
FROM sessions GROUP BY 1, 2, 3;

-- The name of a network may have colons of its own, which cut it off in the sums so far.
DELETE FROM ledger_days WHERE place = 'eip155';
INSERT INTO ledger_days (project_id, mode, day, kind, place, currency, worth_of, worth_source, entries, amount, worth)
SELECT t.project_id, t.mode, (t.booked_at AT TIME ZONE 'UTC')::date, t.kind, a.place, p.currency,
	coalesce(i.rate_from, ''), coalesce(i.rate_source, ''), count(*), sum(p.amount),
	sum(coalesce(div(p.amount * 1e18, i.rate_price * 10::numeric ^ split_part(p.currency, '/', 2)::int), 0))
FROM transactions t
JOIN postings p ON p.order_no = t.order_no
LEFT JOIN transactions o ON o.order_no = t.reverses
CROSS JOIN LATERAL (SELECT substring(CASE WHEN p.source LIKE 'merchant:%' THEN p.source ELSE p.destination END
	FROM '^merchant:[^:]*:[^:]*:received:(eip155:.+)$') AS place) a
LEFT JOIN LATERAL (
	SELECT x.rate_from, x.rate_source, x.rate_price FROM intents x
	WHERE x.session_id = CASE WHEN t.session_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN t.session_id::uuid END
		AND x.network = a.place AND x.symbol = split_part(p.currency, '/', 1)
		AND x.created_at <= coalesce(o.booked_at, t.booked_at)
	ORDER BY x.created_at DESC, x.id DESC LIMIT 1) i ON true
WHERE a.place IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;

-- What is filtered by stands before what is sorted by; who filters by less asks each value in turn, and for
-- that all values must be known.
ALTER TABLE sessions ADD CHECK (kind IN ('checkout', 'usdt'));
DROP INDEX sessions_listed;
CREATE INDEX sessions_listed ON sessions (project_id, mode, created_at, id);
DROP INDEX sessions_of_status;
CREATE INDEX sessions_of_status ON sessions (project_id, mode, status, kind, created_at, id);

DROP INDEX transactions_stated;
CREATE INDEX transactions_stated ON transactions (project_id, mode, kind, booked_at, order_no);

CREATE INDEX webhook_events_of_type ON webhook_events (project_id, mode, type, created_at, id);
CREATE INDEX resources_sold ON resources (project_id, mode, created_at, id) WHERE archived_at IS NULL;
