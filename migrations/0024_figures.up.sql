-- What a project booked is summed by day in the very statement that books it, and payments are listed by their state.

CREATE TABLE ledger_days (
	project_id uuid NOT NULL,
	mode text NOT NULL,
	day date NOT NULL, -- in UTC
	kind text NOT NULL,
	place text NOT NULL, -- the network, or "recorded" for what came over none
	currency text NOT NULL CHECK (currency LIKE '_%/_%'),
	worth_of text NOT NULL, -- the currency it was asked in, "" where nothing was converted
	worth_source text NOT NULL, -- whose rate that was
	entries bigint NOT NULL CHECK (entries > 0),
	amount numeric NOT NULL CHECK (amount > 0 AND amount < 'Infinity'), -- minor units of the currency
	worth numeric NOT NULL CHECK (worth >= 0 AND worth < 'Infinity'), -- in units of 10^-18
	CHECK ((worth_of = '') = (worth_source = '')),
	PRIMARY KEY (project_id, mode, day, kind, place, currency, worth_of, worth_source)
) WITH (fillfactor = 70);

INSERT INTO ledger_days (project_id, mode, day, kind, place, currency, worth_of, worth_source, entries, amount, worth)
SELECT t.project_id, t.mode, (t.booked_at AT TIME ZONE 'UTC')::date, t.kind, a.place, p.currency,
	coalesce(i.rate_from, ''), coalesce(i.rate_source, ''), count(*), sum(p.amount),
	sum(coalesce(div(p.amount * 1e18, i.rate_price * 10::numeric ^ split_part(p.currency, '/', 2)::int), 0))
FROM transactions t
JOIN postings p ON p.order_no = t.order_no
LEFT JOIN transactions o ON o.order_no = t.reverses
CROSS JOIN LATERAL (SELECT CASE
	WHEN p.source LIKE 'merchant:%:received:%' THEN split_part(p.source, ':', 5)
	WHEN p.destination LIKE 'merchant:%:received:%' THEN split_part(p.destination, ':', 5)
	ELSE 'recorded' END AS place) a
LEFT JOIN LATERAL (
	SELECT x.rate_from, x.rate_source, x.rate_price FROM intents x
	WHERE t.session_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
		AND x.session_id = CASE WHEN t.session_id ~ '^[0-9a-f-]{36}$' THEN t.session_id::uuid END
		AND x.network = a.place AND x.symbol = split_part(p.currency, '/', 1)
		AND x.created_at <= coalesce(o.booked_at, t.booked_at)
	ORDER BY x.created_at DESC, x.id DESC LIMIT 1) i ON true
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;

CREATE INDEX sessions_of_status ON sessions (project_id, mode, status, created_at, id);
