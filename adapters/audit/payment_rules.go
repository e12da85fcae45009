package audit

// paymentRules tie together what a payment is written down as: the session that is paid, the transfer
// that paid it, and the booking of that. Together they say that the three are one to one, so nothing
// is paid for twice, or paid and not booked, or booked and not paid.
//
// A transfer that the chain undid and that came back keeps one row: the row tells of its return, and
// what it was before is in the book, booked and reversed.
var paymentRules = []rule{
	{
		name:    "payment-receipt",
		checked: `SELECT count(*) FROM sessions WHERE status = 'settled'`,
		// A session is paid by a recorded transfer that settled this very session.
		broken: `
			SELECT s.id::text, CASE
				WHEN t.txid IS NULL THEN 'paid, and its transfer is not recorded'
				WHEN t.disposition <> 'settled' THEN 'paid, and its transfer is ' || t.disposition
				ELSE 'its receipt and its transfer disagree' END
			FROM sessions s
			LEFT JOIN transfers t ON t.network = s.receipt_network AND t.txid = s.receipt_txid
				AND t.idx = s.receipt_idx
			WHERE s.status = 'settled' AND (
				(t.disposition, t.session_id, t.intent_id, t.order_no, t.units, t.sender) IS DISTINCT FROM
				('settled', s.id, s.receipt_intent_id, s.receipt_order_no, s.receipt_units, s.receipt_sender)
				OR s.intent_id IS DISTINCT FROM s.receipt_intent_id)`,
	},
	{
		name:    "payment-session",
		checked: `SELECT count(*) FROM transfers WHERE disposition = 'settled'`,
		// The other way round: a transfer that settled a session is its receipt, so no session is paid
		// by two transfers.
		broken: `
			SELECT t.network || ' ' || t.txid || '/' || t.idx, 'said to settle session ' ||
				coalesce(t.session_id::text, 'none') || ', which is ' || coalesce(s.status, 'unknown') ||
				CASE WHEN s.status = 'settled' THEN ' by another' ELSE '' END
			FROM transfers t LEFT JOIN sessions s ON s.id = t.session_id
			WHERE t.disposition = 'settled' AND (s.receipt_network, s.receipt_txid, s.receipt_idx)
				IS DISTINCT FROM (t.network, t.txid, t.idx)`,
	},
	{
		name:    "payment-exact",
		checked: `SELECT count(*) FROM transfers WHERE disposition = 'settled'`,
		// What settled is the asset, the address and the exact amount that were asked for; at an address of
		// its own, whatever amount. What a merchant
		// let pay is of the coin that was asked for, and for an intent of the session it pays.
		broken: `
			SELECT t.network || ' ' || t.txid || '/' || t.idx, t.units || ' of ' || t.contract || ' to ' ||
				t.receiver || '; asked were ' || coalesce(i.units || ' of ' || i.contract || ' to ' ||
				i.address, 'nothing')
			FROM transfers t LEFT JOIN intents i ON i.id = t.intent_id
			WHERE t.disposition = 'settled' AND t.decision <> '' AND
				(i.symbol, i.decimals, i.session_id, i.project_id)
				IS DISTINCT FROM (t.symbol, t.decimals, t.session_id, t.project_id)
			OR t.disposition IN ('settled', 'part') AND t.decision = '' AND
				(i.network, i.symbol, i.contract, i.decimals, i.address,
					CASE i.matching WHEN 'dedicated' THEN t.units ELSE i.units END, i.session_id, i.project_id)
				IS DISTINCT FROM
				(t.network, t.symbol, t.contract, t.decimals, t.receiver, t.units, t.session_id, t.project_id)`,
	},
	{
		name:    "payment-late",
		checked: `SELECT count(*) FROM sessions WHERE status = 'settled'`,
		// Time is the block's: not before the intent but for a minute between clocks, not more than a
		// day after its deadline unless its merchant accepted it, and called late if and only if it came after
		// that.
		broken: `
			SELECT s.id::text, 'asked at ' || i.created_at || ' until ' || i.expires_at || ', paid at ' ||
				s.receipt_block_time || CASE WHEN s.receipt_late THEN ', called late' ELSE '' END
			FROM sessions s JOIN intents i ON i.id = s.receipt_intent_id
			LEFT JOIN transfers t ON t.network = s.receipt_network AND t.txid = s.receipt_txid
				AND t.idx = s.receipt_idx
			WHERE s.status = 'settled' AND (
				coalesce(t.decision, '') = '' AND (
					s.receipt_block_time < i.created_at - interval '60 seconds'
					OR s.receipt_block_time > i.expires_at + interval '24 hours')
				OR s.receipt_late <> (s.receipt_block_time > i.expires_at))`,
	},
	{
		name:    "payment-booked",
		checked: `SELECT count(*) FROM transfers WHERE disposition IN ('settled', 'part')`,
		// A transfer that settled, or is a part, is booked under its order number, for its session, and that stands. The
		// cause names the block it was first seen in, which may have been replaced since.
		broken: `
			SELECT t.network || ' ' || t.txid || '/' || t.idx, CASE
				WHEN b.order_no IS NULL THEN 'settled, and not booked as "' || t.order_no || '"'
				WHEN r.order_no IS NOT NULL THEN 'settled, and its booking is reversed by ' || r.order_no
				ELSE 'it and its booking ' || t.order_no || ' disagree' END
			FROM transfers t
			LEFT JOIN sessions s ON s.id = t.session_id
			LEFT JOIN transactions b ON b.order_no::text = t.order_no AND b.kind = 'payment'
			LEFT JOIN transactions r ON r.reverses = b.order_no AND r.kind = 'reversal'
			WHERE t.disposition IN ('settled', 'part') AND (r.order_no IS NOT NULL
				OR (b.merchant_id, b.project_id, b.mode, b.session_id) IS DISTINCT FROM
					(s.merchant_id, t.project_id, s.mode, t.session_id::text)
				OR NOT starts_with(b.source_ref, t.network || ':' || t.txid || ':' || t.idx || ':'))`,
	},
	{
		name:    "payment-received",
		checked: `SELECT count(*) FROM transactions WHERE kind = 'payment'`,
		// The other way round: a booking that stands has its transfer; of one that was reversed the
		// transfer is known, and does not count any more.
		broken: `
			SELECT b.order_no::text, CASE
				WHEN t.txid IS NULL THEN 'booked, and no transfer is recorded for ' || b.source_ref
				WHEN r.order_no IS NULL THEN 'booked, and the transfer ' || b.source_ref || ' is ' ||
					t.disposition || CASE t.order_no WHEN '' THEN '' ELSE ' under ' || t.order_no END
				ELSE 'reversed by ' || r.order_no || ', and the transfer still settles under it' END
			FROM transactions b
			LEFT JOIN transfers t ON t.network || ':' || t.txid || ':' || t.idx =
				regexp_replace(b.source_ref, ':[^:]*$', '')
			LEFT JOIN transactions r ON r.reverses = b.order_no AND r.kind = 'reversal'
			WHERE b.kind = 'payment' AND (t.txid IS NULL OR
				(r.order_no IS NULL) <> (t.disposition IN ('settled', 'part') AND t.order_no = b.order_no::text))`,
	},
	{
		name:    "payment-posted",
		checked: `SELECT count(*) FROM transactions WHERE kind = 'payment'`,
		// A payment moves the very units of its transfer, in the transfer's asset, from its network to
		// what the merchant received there. Test money is the sandbox's and no other.
		broken: `
			SELECT b.order_no::text, 'books ' || p.amount || ' ' || p.currency || ' from ' || p.source ||
				' to ' || p.destination || ' for ' || coalesce(t.units || ' ' || t.symbol || '/' ||
				t.decimals, 'a transfer that is not recorded') || ' on ' || n.network
			FROM transactions b
			CROSS JOIN LATERAL (SELECT split_part(b.source_ref, ':', 1) AS network) n
			JOIN postings p ON p.order_no = b.order_no AND p.merchant_id = b.merchant_id
			LEFT JOIN transfers t ON t.network || ':' || t.txid || ':' || t.idx =
				regexp_replace(b.source_ref, ':[^:]*$', '')
			WHERE b.kind = 'payment' AND (p.position > 0 OR p.amount <> t.units
				OR p.currency <> t.symbol || '/' || t.decimals
				OR p.source <> 'world:' || b.mode || ':' || n.network
				OR p.destination <> 'merchant:' || b.merchant_id || ':' || b.mode || ':received:' || n.network
				OR (n.network = 'sandbox') <> (b.mode = 'test'))`,
	},
	{
		name:    "payment-reversal",
		checked: `SELECT count(*) FROM transactions WHERE kind = 'reversal'`,
		// A reversal undoes one earlier transaction, which nothing else undoes, and mirrors each of its
		// postings.
		broken: `
			SELECT r.order_no::text, CASE
				WHEN b.order_no IS NULL THEN 'it reverses ' || r.reverses || ', which is not booked'
				ELSE 'it does not mirror ' || r.reverses END
			FROM transactions r LEFT JOIN transactions b ON b.order_no = r.reverses AND b.kind <> 'reversal'
			WHERE r.kind = 'reversal' AND (
				(b.merchant_id, b.project_id, b.mode, b.session_id, b.source_ref) IS DISTINCT FROM
				(r.merchant_id, r.project_id, r.mode, r.session_id, r.source_ref)
				OR b.sequence >= r.sequence
				OR EXISTS (
					SELECT FROM (SELECT * FROM postings x WHERE x.order_no = b.order_no) was
					FULL JOIN (SELECT * FROM postings y WHERE y.order_no = r.order_no) undone USING (position)
					WHERE (was.source, was.destination, was.currency, was.amount) IS DISTINCT FROM
						(undone.destination, undone.source, undone.currency, undone.amount)))
			UNION ALL
			SELECT reverses::text, 'it is reversed ' || count(*) || ' times'
			FROM transactions WHERE kind = 'reversal' GROUP BY reverses HAVING count(*) > 1`,
	},
	{
		name:    "payment-undone",
		checked: `SELECT count(*) FROM transfers WHERE disposition = 'reversed'`,
		// What the chain undid after it was booked is taken back in the book; an agent's payment when its
		// settlement is looked at.
		broken: `
			SELECT t.network || ' ' || t.txid || '/' || t.idx, 'undone, and its booking ' || t.order_no ||
				' still stands'
			FROM transfers t
			WHERE t.disposition = 'reversed' AND t.order_no <> '' AND NOT EXISTS (
				SELECT FROM transactions r
				WHERE r.kind = 'reversal' AND r.reverses::text = t.order_no)
				AND NOT EXISTS (
					SELECT FROM x402_settlements s
					WHERE s.order_no = t.order_no AND s.status = 'settled' AND s.look_at IS NOT NULL)`,
	},
}
