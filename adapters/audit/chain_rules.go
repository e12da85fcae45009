package audit

// chainRules hold what was read from chains against how far they were read. Only the sandbox chain
// can be held against itself here: it is in the same database.
var chainRules = []rule{
	{
		name:    "chain-cursor",
		checked: `SELECT count(*) FROM cursors`,
		// The trail ends at the cursor, with its block: it is what tells a reorganisation.
		broken: `
			SELECT c.network, 'its trail does not hold block ' || c.height || ' ' || c.block_id
			FROM cursors c
			LEFT JOIN cursor_trail t ON t.network = c.network AND t.height = c.height
			WHERE t.block_id IS DISTINCT FROM c.block_id
			UNION ALL
			SELECT t.network, 'its trail goes on to block ' || max(t.height) || ', beyond its cursor'
			FROM cursor_trail t LEFT JOIN cursors c ON c.network = t.network
			WHERE c.network IS NULL OR t.height > c.height GROUP BY t.network`,
	},
	{
		name:    "chain-final",
		checked: `SELECT count(*) FROM transfers WHERE disposition = 'settled'`,
		// Nothing settles above the final height, unless its payer's terms say so. A payer may have his transfer proven before the watcher
		// has come so far, and after a reorganisation the watcher reads blocks again: then the cursor has
		// not moved since, or stands below something that was undone.
		broken: `
			SELECT t.network || ' ' || t.txid || '/' || t.idx, 'it settled at height ' || t.height ||
				', and final is ' || coalesce(c.height::text, 'nothing')
			FROM transfers t LEFT JOIN cursors c ON c.network = t.network
			LEFT JOIN intents i ON i.id = t.intent_id
			WHERE t.disposition = 'settled' AND coalesce(i.confirmations, 0) = 0 AND (c.network IS NULL
				OR t.height > c.height AND t.recorded_at <= c.updated_at AND NOT EXISTS (
					SELECT FROM transfers u
					WHERE u.network = t.network AND u.disposition = 'reversed' AND u.height > c.height))`,
	},
	{
		name:    "sandbox-lost",
		checked: `SELECT count(*) FROM sandbox_transfers WHERE NOT gone`,
		// Whatever reached an address that payers were sent to, in a token they were asked for, and in a
		// block that was read, is recorded.
		broken: `
			SELECT s.txid || '/' || s.idx, s.units || ' to ' || s.receiver || ' mined at ' || s.mined_at ||
				' were never recorded'
			FROM sandbox_transfers s
			JOIN cursors c ON c.network = 'sandbox'
			CROSS JOIN LATERAL (
				SELECT FROM intents i
				WHERE i.network = 'sandbox' AND i.address = s.receiver AND i.contract = s.contract
					AND i.created_at <= s.mined_at AND i.hold_until >= s.mined_at
				ORDER BY i.hold_until LIMIT 1
			) asked
			WHERE NOT s.gone AND s.mined_at < c.block_time
				AND NOT EXISTS (SELECT FROM transfers t
					WHERE t.network = 'sandbox' AND t.txid = s.txid AND t.idx = s.idx
						AND t.disposition <> 'reversed')`,
	},
	{
		name: "sandbox-phantom",
		checked: `SELECT count(*) FROM transfers
			WHERE network = 'sandbox' AND disposition <> 'reversed'`,
		// What is recorded did happen, as it is recorded; and what the chain undid is not counted any
		// more once the watcher has had a minute to see that.
		broken: `
			SELECT t.txid || '/' || t.idx, CASE WHEN s.gone
				THEN 'the chain undid it, and it is still ' || t.disposition
				ELSE t.disposition || ', though no such transfer was made' END
			FROM transfers t
			LEFT JOIN sandbox_transfers s ON s.txid = t.txid AND s.idx = t.idx
			LEFT JOIN cursors c ON c.network = t.network
			WHERE t.network = 'sandbox' AND t.disposition <> 'reversed' AND (
				(s.receiver, s.sender, s.contract, s.units) IS DISTINCT FROM
				(t.receiver, t.sender, t.contract, t.units)
				OR s.gone AND c.updated_at > interval '1 minute' +
					(SELECT max(r.at) FROM sandbox_reorgs r WHERE r.height <= t.height))`,
	},
}
