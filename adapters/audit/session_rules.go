package audit

// sessionRules hold for what is asked of payers, and for what became of transfers that settled
// nothing.
var sessionRules = []rule{
	{
		name:    "session-owner",
		checked: `SELECT count(*) FROM sessions`,
		broken: `
			SELECT s.id::text, 'its project is not its merchant''s'
			FROM sessions s LEFT JOIN projects p ON p.id = s.project_id
			WHERE p.merchant_id IS DISTINCT FROM s.merchant_id`,
	},
	{
		name:    "session-intent",
		checked: `SELECT count(*) FROM intents`,
		// An intent belongs to a session of its project, asks by a method the session allows, and on a
		// network of its mode: real payers are never sent to the sandbox, nor test payers to a chain.
		broken: `
			SELECT i.id::text, 'it is not what session ' || i.session_id || ' can ask for'
			FROM intents i LEFT JOIN sessions s ON s.id = i.session_id
			WHERE s.project_id IS DISTINCT FROM i.project_id OR s.method NOT IN ('', i.method)
				OR (i.network = 'sandbox') <> (s.mode = 'test')
			UNION ALL
			SELECT s.id::text, 'its intent ' || s.intent_id || ' is not its own'
			FROM sessions s LEFT JOIN intents i ON i.id = s.intent_id
			WHERE s.intent_id IS NOT NULL AND i.session_id IS DISTINCT FROM s.id`,
	},
	{
		name:    "session-processing",
		checked: `SELECT count(*) FROM sessions WHERE status = 'processing'`,
		// A payment in process is in sight, or final and waiting for a second source. One that is neither, a minute after its network was looked at,
		// is waited for for ever: such a session does not expire and cannot be cancelled.
		broken: `
			SELECT s.id::text, 'in process since ' || s.updated_at || ', and nothing is in sight'
			FROM sessions s
			JOIN intents i ON i.id = s.intent_id
			JOIN cursors c ON c.network = i.network
			WHERE s.status = 'processing' AND c.updated_at > s.updated_at + interval '1 minute'
				AND NOT EXISTS (SELECT FROM sightings o WHERE o.session_id = s.id)
				AND NOT EXISTS (SELECT FROM transfers t WHERE t.session_id = s.id AND t.disposition = 'held'
					AND t.reason IN ('awaiting_second_source', 'sources_disagree'))`,
	},
	{
		name:    "session-expired",
		checked: `SELECT count(*) FROM sessions WHERE status = 'expired'`,
		// A session expires after its deadline and, if it could be paid, not before its network was read
		// beyond that: a payment made in time is found first. After a reorganisation the network is read
		// again, and its cursor stands below something that was undone.
		broken: `
			SELECT s.id::text, 'payable until ' || s.expires_at || ', expired at ' || s.updated_at ||
				coalesce('; ' || i.network || ' is read until ' || c.block_time, '')
			FROM sessions s
			LEFT JOIN intents i ON i.id = s.intent_id
			LEFT JOIN cursors c ON c.network = i.network
			WHERE s.status = 'expired' AND (s.updated_at < s.expires_at
				OR i.id IS NOT NULL AND c.network IS NULL
				OR c.block_time <= s.expires_at AND NOT EXISTS (
					SELECT FROM transfers u
					WHERE u.network = c.network AND u.disposition = 'reversed' AND u.height > c.height))`,
	},
	{
		name:    "intent-held-once",
		checked: `SELECT count(*) FROM intents WHERE held`,
		// Two payers told to send the same amount to the same address cannot be told apart.
		broken: `
			SELECT network || ' ' || address || ' ' || units, 'asked by ' || count(*) || ' intents at once'
			FROM intents WHERE held
			GROUP BY network, contract, address, units HAVING count(*) > 1`,
	},
	{
		name:    "intent-held-long",
		checked: `SELECT count(*) FROM intents WHERE NOT held`,
		// An amount is let go after its hold, never before: a late payment must find one owner. The
		// minute is for clocks that differ; a gateway that lives ahead of us says so by its cursors.
		broken: `
			SELECT i.id::text, 'its amount was let go before ' || i.hold_until
			FROM intents i
			WHERE NOT i.held AND i.hold_until > interval '1 minute' +
				greatest(now(), (SELECT max(updated_at) FROM cursors))`,
	},
	{
		name:    "transfer-owner",
		checked: `SELECT (SELECT count(*) FROM transfers) + (SELECT count(*) FROM sightings)`,
		// A transfer that concerns a session concerns its project, and an intent of it, on a network of
		// its mode.
		broken: `
			SELECT t.network || ' ' || t.txid || '/' || t.idx, 'its project, session and intent disagree'
			FROM transfers t
			LEFT JOIN projects p ON p.id = t.project_id
			LEFT JOIN sessions s ON s.id = t.session_id
			LEFT JOIN intents i ON i.id = t.intent_id
			WHERE t.project_id IS NOT NULL AND p.id IS NULL
				OR t.session_id IS NOT NULL AND (
					(s.project_id, i.session_id) IS DISTINCT FROM (t.project_id, t.session_id)
					OR (t.network = 'sandbox') <> (s.mode = 'test'))
			UNION ALL
			SELECT o.network || ' ' || o.txid || '/' || o.idx, 'in sight for a session that cannot get it'
			FROM sightings o LEFT JOIN sessions s ON s.id = o.session_id
			WHERE o.session_id IS NOT NULL AND (s.id IS NULL OR (o.network = 'sandbox') <> (s.mode = 'test'))`,
	},
	{
		name:    "transfer-disposition",
		checked: `SELECT count(*) FROM transfers`,
		// Only what pays has an order number; what waits for the merchant names its session; a
		// duplicate's session was paid by something else.
		broken: `
			SELECT t.network || ' ' || t.txid || '/' || t.idx, t.disposition || ' with order number "' ||
				t.order_no || '" and session ' || coalesce(t.session_id::text, 'none')
			FROM transfers t
			WHERE CASE t.disposition
				WHEN 'part' THEN t.order_no = '' OR t.session_id IS NULL OR t.intent_id IS NULL
				WHEN 'settled' THEN t.order_no = '' OR t.session_id IS NULL OR t.intent_id IS NULL
				WHEN 'unmatched' THEN t.order_no <> '' OR t.session_id IS NOT NULL OR t.intent_id IS NOT NULL
				WHEN 'reversed' THEN t.order_no <> '' AND t.session_id IS NULL AND NOT EXISTS (
					SELECT FROM transactions b WHERE b.kind = 'x402' AND b.order_no::text = t.order_no)
				WHEN 'x402' THEN t.order_no = '' OR t.session_id IS NOT NULL OR t.intent_id IS NOT NULL
				ELSE t.order_no <> '' OR t.session_id IS NULL OR t.intent_id IS NULL
			END
			UNION ALL
			SELECT t.network || ' ' || t.txid || '/' || t.idx, 'session ' || t.session_id ||
				' was never paid by another'
			FROM transfers t
			WHERE t.disposition = 'duplicate' AND t.session_id IS NOT NULL AND NOT EXISTS (
				SELECT FROM transactions b WHERE b.kind = 'payment' AND b.session_id = t.session_id::text)`,
	},
	{
		name: "transfer-in-time",
		checked: `SELECT count(*) FROM transfers
			WHERE disposition IN ('held', 'duplicate', 'unmatched')`,
		// The exact amount, in time by its block, pays, however late it was read. Not so for a session
		// the merchant had cancelled, or one that was paid by something else meanwhile, or while the
		// second source is missing that the payment's own terms ask for.
		broken: `
			SELECT t.network || ' ' || t.txid || '/' || t.idx, t.disposition || ', though it pays session ' ||
				s.id || ', which is ' || s.status
			FROM transfers t
			JOIN intents i ON i.network = t.network AND i.address = t.receiver
				AND i.contract = t.contract AND i.units = t.units AND i.matching = 'shared'
			JOIN sessions s ON s.id = i.session_id
			WHERE t.disposition IN ('held', 'duplicate', 'unmatched')
				AND t.block_time BETWEEN i.created_at AND i.expires_at
				AND s.status NOT IN ('settled', 'cancelled')
				AND NOT (t.disposition = 'held' AND i.sources > 1 AND coalesce(t.reason, '') IN
					('awaiting_second_source', 'sources_disagree', 'no_second_source'))
				AND NOT EXISTS (
					SELECT FROM transactions r WHERE r.kind = 'reversal' AND r.session_id = s.id::text)`,
	},
	{
		name:    "answer",
		checked: `SELECT count(*) FROM answers`,
		// An answer is stored with the work it answers for, so it says that the work was done, and is
		// kept for somebody who exists. A stored refusal would answer a later success.
		broken: `
			SELECT a.scope || ' ' || a.key, CASE WHEN a.status NOT BETWEEN 200 AND 299
				THEN 'a stored answer of status ' || a.status ELSE 'nobody is known by its scope' END
			FROM answers a
			CROSS JOIN LATERAL (
				SELECT split_part(a.scope, ' ', 1) AS kind, split_part(a.scope, ' ', 2) AS id
			) asked
			LEFT JOIN merchants m ON m.id::text = asked.id AND asked.kind IN ('merchant', 'pair')
			LEFT JOIN sessions s ON s.id::text = asked.id AND asked.kind = 'session'
			WHERE a.status NOT BETWEEN 200 AND 299
				OR asked.kind IN ('merchant', 'pair', 'session') AND m.id IS NULL AND s.id IS NULL`,
	},
}
