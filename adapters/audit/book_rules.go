package audit

// bookRules hold for the book by itself. What hashes prove is walked in book.go.
var bookRules = []rule{
	{
		name:    "book-head",
		checked: `SELECT count(*) FROM ledger_heads`,
		// The end of each chain is where its head says. Every merchant has a head per mode, so that
		// there is something to lock before the first booking.
		broken: `
			SELECT merchant_id || ' ' || mode, CASE
				WHEN h.chain IS NULL THEN 'it has no head'
				ELSE 'its head says number ' || h.sequence || ', the last is number ' ||
					coalesce(l.sequence, 0) END
			FROM ledger_heads h
			FULL JOIN (
				SELECT DISTINCT ON (merchant_id, mode) merchant_id, mode, sequence, chain
				FROM transactions ORDER BY merchant_id, mode, sequence DESC
			) l USING (merchant_id, mode)
			FULL JOIN (
				SELECT id AS merchant_id, mode FROM merchants, (VALUES ('test'), ('live')) AS m (mode)
			) o USING (merchant_id, mode)
			WHERE h.chain IS NULL OR (h.sequence, h.chain) IS DISTINCT FROM
				(coalesce(l.sequence, 0), coalesce(l.chain, decode(repeat('00', 32), 'hex')))`,
	},
	{
		name:    "book-order-number",
		checked: `SELECT count(*) FROM transactions`,
		// Eight digits of a day and nine of a number that was given out on it. A number may be drawn
		// just before midnight and booked just after.
		broken: `
			SELECT t.order_no::text, 'booked at ' || t.booked_at || '; the last number of its day is ' ||
				coalesce(d.last::text, 'unknown')
			FROM transactions t
			LEFT JOIN order_days d ON to_char(d.day, 'YYYYMMDD') = left(t.order_no::text, 8)
			WHERE length(t.order_no::text) <> 17 OR d.day IS NULL
				OR t.order_no % 1000000000 NOT BETWEEN 1 AND d.last
				OR t.booked_at::date - d.day NOT BETWEEN 0 AND 1`,
	},
	{
		name:    "book-order-once",
		checked: `SELECT count(*) FROM transactions`,
		broken: `
			SELECT order_no::text, 'given to ' || count(*) || ' transactions'
			FROM transactions GROUP BY order_no HAVING count(*) > 1`,
	},
	{
		name:    "book-cause-once",
		checked: `SELECT count(*) FROM transactions`,
		broken: `
			SELECT kind || ' ' || source_ref, 'booked ' || count(*) || ' times'
			FROM transactions GROUP BY kind, source_ref HAVING count(*) > 1`,
	},
	{
		name:    "book-owner",
		checked: `SELECT count(*) FROM transactions`,
		// A transaction belongs to a project of its merchant and, unless it is a charge or of a program that
		// paid for a resource, to a session of that project and mode.
		broken: `
			SELECT t.order_no::text, CASE
				WHEN p.merchant_id IS DISTINCT FROM t.merchant_id THEN 'its project is not its merchant''s'
				ELSE 'its session is not its project''s, or of the other mode' END
			FROM transactions t
			LEFT JOIN projects p ON p.id = t.project_id
			LEFT JOIN sessions s ON s.id::text = t.session_id
			WHERE p.merchant_id IS DISTINCT FROM t.merchant_id OR t.kind <> 'charge' AND
				NOT (t.session_id = '' AND starts_with(t.source_ref, 'x402:')) AND
				(s.merchant_id, s.project_id, s.mode) IS DISTINCT FROM (t.merchant_id, t.project_id, t.mode)`,
	},
	{
		name:    "book-posting",
		checked: `SELECT count(*) FROM postings`,
		// Postings belong to a transaction, are numbered from 0 without a gap, and move something from
		// one account to another.
		broken: `
			SELECT p.order_no::text, CASE
				WHEN t.order_no IS NULL THEN 'a posting of no transaction of that merchant'
				ELSE 'posting ' || p.position || ' moves ' || p.amount || ' from ' || p.source || ' to ' ||
					p.destination END
			FROM postings p
			LEFT JOIN transactions t ON t.order_no = p.order_no AND t.merchant_id = p.merchant_id
			WHERE t.order_no IS NULL OR p.amount <= 0 OR p.amount = 'NaN' OR p.source = p.destination
			UNION ALL
			SELECT order_no::text, 'its postings have the numbers ' || string_agg(position::text, ', ')
			FROM postings GROUP BY order_no, merchant_id
			HAVING min(position) <> 0 OR max(position) <> count(*) - 1
			UNION ALL
			SELECT t.order_no::text, 'it has no postings'
			FROM transactions t
			WHERE NOT EXISTS (SELECT FROM postings p
				WHERE p.order_no = t.order_no AND p.merchant_id = t.merchant_id)`,
	},
	{
		name:    "book-account",
		checked: `SELECT count(*) FROM postings`,
		// Test money never touches a live account, and nobody's money another merchant's account.
		broken: `
			SELECT t.order_no::text, a.account || ' is no account of ' || t.mode || ' mode for merchant ' ||
				t.merchant_id
			FROM transactions t
			JOIN postings p ON p.order_no = t.order_no AND p.merchant_id = t.merchant_id
			CROSS JOIN LATERAL (VALUES (p.source), (p.destination)) AS a (account)
			WHERE NOT starts_with(a.account, 'world:' || t.mode || ':')
				AND NOT starts_with(a.account, 'merchant:' || t.merchant_id || ':' || t.mode || ':')`,
	},
	{
		name:    "book-balance",
		checked: `SELECT count(DISTINCT (destination, currency)) FROM postings`,
		// What came to a merchant can be taken back once, never more. The world owes without limit.
		broken: `
			SELECT account, 'stands at ' || sum(amount) || ' of ' || currency
			FROM (
				SELECT destination AS account, currency, amount FROM postings
				UNION ALL
				SELECT source, currency, -amount FROM postings
			) moved
			WHERE NOT starts_with(account, 'world:')
			GROUP BY account, currency HAVING sum(amount) < 0`,
	},
	{
		name:    "book-charge",
		checked: `SELECT count(*) FROM transactions WHERE kind = 'charge'`,
		// A charge is the merchant's own word: it is its own cause, settles no session, and is kept
		// apart from money received; a live one is called recorded.
		broken: `
			SELECT t.order_no::text, 'cause ' || t.source_ref || ', session "' || t.session_id || '", from ' ||
				p.source || ' to ' || p.destination
			FROM transactions t
			JOIN postings p ON p.order_no = t.order_no AND p.merchant_id = t.merchant_id
			WHERE t.kind = 'charge' AND (
				t.source_ref <> t.order_no::text OR t.session_id <> '' OR p.position > 0
				OR p.source <> 'world:' || t.mode || ':merchant'
				OR p.destination <> 'merchant:' || t.merchant_id || ':' || t.mode || ':' ||
					CASE t.mode WHEN 'live' THEN 'recorded' ELSE 'charges' END)`,
	},
}
