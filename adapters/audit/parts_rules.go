package audit

// partRules hold for payments in parts and for the addresses that payments have for themselves.
var partRules = []rule{
	{
		name:    "payment-parts",
		checked: `SELECT count(*) FROM sessions`,
		// What a session was paid is the sum of the transfers that pay it and were not undone, no more and
		// no less.
		broken: `
			SELECT s.id::text, 'paid ' || s.paid || ' in ' || s.parts || ' parts, and ' || coalesce(t.sum, 0) ||
				' in ' || coalesce(t.n, 0) || ' arrived'
			FROM sessions s LEFT JOIN (
				SELECT session_id, sum(units) AS sum, count(*) AS n FROM transfers
				WHERE disposition IN ('settled', 'part') AND session_id IS NOT NULL GROUP BY session_id
			) t ON t.session_id = s.id
			WHERE s.paid <> coalesce(t.sum, 0) OR s.parts <> coalesce(t.n, 0)`,
	},
	{
		name:    "payment-covered",
		checked: `SELECT count(*) FROM sessions WHERE status = 'settled' OR parts > 0`,
		// Settled means that what is due is covered, up to the tolerance its payer was told, unless the
		// merchant let less pay; and what is covered is settled.
		broken: `
			SELECT s.id::text, s.status || ' with ' || s.paid || ' of ' || i.units || ' less ' || i.tolerance
			FROM sessions s JOIN intents i ON i.id = s.intent_id
			WHERE (s.status = 'settled') <> (s.parts > 0 AND s.paid >= i.units - i.tolerance)
				AND (s.status = 'settled' OR s.parts > 0)
				AND NOT EXISTS (SELECT FROM transfers t
					WHERE t.session_id = s.id AND t.decision IN ('accepted', 'assigned'))`,
	},
	{
		name:    "payment-part",
		checked: `SELECT count(*) FROM transfers WHERE disposition = 'part'`,
		// Parts are paid at addresses of their payment's own, and a cancelled payment has none.
		broken: `
			SELECT t.network || ' ' || t.txid || '/' || t.idx, 'a part of session ' ||
				coalesce(s.id::text, 'none') || ', which is ' || coalesce(s.status, 'unknown') || ', at a ' ||
				coalesce(i.matching, 'unknown') || ' address'
			FROM transfers t
			LEFT JOIN sessions s ON s.id = t.session_id LEFT JOIN intents i ON i.id = t.intent_id
			WHERE t.disposition = 'part' AND
				(i.matching IS DISTINCT FROM 'dedicated' OR coalesce(s.status, 'cancelled') = 'cancelled')`,
	},
	{
		name:    "address-once",
		checked: `SELECT count(*) FROM intents WHERE held AND matching = 'dedicated'`,
		// An address of a payment's own is one session's at a time, by its intents and by the list of who
		// has which, and nobody is asked for an exact amount there.
		broken: `
			WITH own AS (
				SELECT CASE network WHEN 'tron' THEN 'tron' WHEN 'sandbox' THEN '' ELSE 'evm' END AS family,
					address, session_id, matching
				FROM intents WHERE held
			)
			SELECT family || ' ' || address, 'it is asked for by ' || count(DISTINCT session_id) || ' sessions'
			FROM own GROUP BY family, address
			HAVING count(DISTINCT session_id) > 1 AND count(*) FILTER (WHERE matching = 'dedicated') > 0
			UNION ALL
			SELECT o.family || ' ' || o.address, 'session ' || o.session_id || ' is asked to pay there, and ' ||
				coalesce('session ' || d.session_id, 'nobody') || ' has it'
			FROM own o LEFT JOIN dedicated_addresses d ON d.family = o.family AND d.address = o.address
			WHERE o.matching = 'dedicated' AND o.family <> '' AND d.session_id IS DISTINCT FROM o.session_id`,
	},
	{
		name:    "address-reused",
		checked: `SELECT count(*) FROM dedicated_addresses WHERE received`,
		// A derived address that received anything is spent: another payment sent there could not be told
		// from the next of the first.
		broken: `
			SELECT d.family || ' ' || d.address, 'it received ' || t.txid || ', and session ' || i.session_id ||
				' is asked to pay there'
			FROM dedicated_addresses d
			JOIN address_sources s ON s.id = d.source_id AND s.kind = 'xpub'
			JOIN transfers t ON t.receiver = d.address AND t.disposition <> 'reversed'
				AND CASE t.network WHEN 'tron' THEN 'tron' ELSE 'evm' END = d.family
			JOIN intents i ON i.network = t.network AND i.address = d.address AND i.created_at > t.recorded_at
				AND i.session_id IS DISTINCT FROM t.session_id
			UNION ALL
			SELECT d.family || ' ' || d.address, 'it received ' || t.txid || ', and is not known to have'
			FROM transfers t JOIN dedicated_addresses d ON d.address = t.receiver
				AND d.family = CASE t.network WHEN 'tron' THEN 'tron' ELSE 'evm' END
			WHERE NOT d.received`,
	},
}
