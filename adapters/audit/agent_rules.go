package audit

// agentBooks pairs each settlement of an authorization with the names it has elsewhere: what the book
// calls it, and what the book calls its network, which has a name of ours where it is watched.
const agentBooks = `(
	SELECT s.*, 'x402:eip155:' || s.network || '/0x' || encode(s.asset, 'hex') || '/0x' || encode(s.payer, 'hex') ||
			'/0x' || encode(s.nonce, 'hex') AS ref,
		'eip155:' || s.network AS caip, CASE s.network WHEN 1 THEN 'ethereum' WHEN 10 THEN 'optimism' WHEN 56 THEN 'bsc'
			WHEN 137 THEN 'polygon' WHEN 8453 THEN 'base' WHEN 42161 THEN 'arbitrum' WHEN 43114 THEN 'avalanche' END AS chain
	FROM x402_settlements s)`

// agentAlike says of a transfer t and a settlement s of agentBooks that the one may have moved what the
// other is due.
const agentAlike = `t.network = s.chain AND lower(t.contract) = '0x' || encode(s.asset, 'hex')
	AND lower(t.sender) = '0x' || encode(s.payer, 'hex') AND lower(t.receiver) = '0x' || encode(s.pay_to, 'hex')
	AND t.units = s.value`

// orderMoved says of a transfer t and a settlement s of agentBooks that the one pays the session of the other.
const orderMoved = `t.session_id = s.session_id AND lower(t.sender) = '0x' || encode(s.payer, 'hex') AND t.units = s.value
	AND (s.mode = 'test' AND t.network = 'sandbox' OR t.txid = encode(s.txid, 'hex') AND ` + agentAlike + `)`

// agentRules hold for what programs pay: an authorization, what was signed for it, the transfer that
// moved its money, its booking, and what was delivered for it.
var agentRules = []rule{
	{
		name:    "agent-owner",
		checked: `SELECT count(*) FROM x402_settlements`,
		broken: `
			SELECT s.id::text, 'its merchant, project and session disagree'
			FROM x402_settlements s
			LEFT JOIN projects p ON p.id = s.project_id
			LEFT JOIN sessions o ON o.id = s.session_id
			WHERE p.merchant_id IS DISTINCT FROM s.merchant_id
				OR s.session_id IS NOT NULL AND (o.project_id, o.mode) IS DISTINCT FROM (s.project_id, s.mode)`,
	},
	{
		name:    "agent-booked",
		checked: `SELECT count(*) FROM x402_settlements WHERE status = 'settled'`,
		// What is settled for a resource is booked under its order number, at its price, as received on its
		// network, and that stands. (What pays an order is booked as every payment of one: agent-order.) Nothing else stands for it, and nothing stands for what is not settled.
		broken: `
			SELECT s.id::text, CASE
				WHEN b.order_no IS NULL THEN s.status || ', and not booked as "' || s.order_no || '"'
				ELSE 'its booking ' || s.order_no || ' says something else' END
			FROM ` + agentBooks + ` s
			LEFT JOIN transactions b ON b.order_no::text = s.order_no AND b.kind = 'x402'
				AND (b.source_ref = s.ref OR starts_with(b.source_ref, s.ref || '.'))
			LEFT JOIN postings p ON p.order_no = b.order_no
			WHERE s.status = 'settled' AND s.session_id IS NULL AND ((b.merchant_id, b.project_id, b.mode, p.position, p.amount, p.currency)
					IS DISTINCT FROM (s.merchant_id, s.project_id, s.mode, 0::smallint, s.price, s.price_currency)
				OR b.session_id <> coalesce(s.session_id::text, '')
				OR NOT EXISTS (
					SELECT FROM (VALUES (s.caip), (s.chain)) AS n (network)
					WHERE p.source = 'world:' || s.mode || ':' || n.network
						AND p.destination = 'merchant:' || s.merchant_id || ':' || s.mode || ':received:' || n.network))
			UNION ALL
			SELECT s.id::text, s.status || ', with order number ' || s.order_no
			FROM x402_settlements s WHERE s.status <> 'settled' AND s.order_no <> ''`,
	},
	{
		name:    "agent-standing",
		checked: `SELECT count(*) FROM transactions WHERE kind = 'x402'`,
		// The other way round: a booking that stands has its settlement, settled under its number; one that
		// was reversed has one that is not settled under it any more.
		broken: `
			SELECT b.order_no::text, CASE
				WHEN s.id IS NULL THEN 'booked, and there is no settlement of ' || b.source_ref
				WHEN r.order_no IS NULL THEN 'booked, and its settlement is ' || s.status || ' under "' || s.order_no || '"'
				ELSE 'reversed by ' || r.order_no || ', and its settlement still stands' END
			FROM transactions b
			LEFT JOIN ` + agentBooks + ` s ON s.ref = split_part(b.source_ref, '.', 1)
			LEFT JOIN transactions r ON r.reverses = b.order_no AND r.kind = 'reversal'
			WHERE b.kind = 'x402' AND (s.id IS NULL
				OR (r.order_no IS NULL) <> (s.status = 'settled' AND s.order_no = b.order_no::text))`,
	},
	{
		name:    "agent-transfer",
		checked: `SELECT count(*) FROM transfers WHERE disposition = 'x402'`,
		// A transfer that settled an authorization is the one its receipt showed, under its order number; and
		// what did is counted for nothing else. What the chain undid is taken back when the settlement is
		// looked at.
		broken: `
			SELECT t.network || ' ' || t.txid || '/' || t.idx, 'said to settle an authorization under ' || t.order_no ||
				', and none is settled so'
			FROM transfers t
			WHERE t.disposition = 'x402' AND NOT EXISTS (
				SELECT FROM ` + agentBooks + ` s
				WHERE s.status = 'settled' AND s.order_no = t.order_no AND encode(s.txid, 'hex') = t.txid
					AND s.project_id = t.project_id AND ` + agentAlike + `)
			UNION ALL
			SELECT t.network || ' ' || t.txid || '/' || t.idx, 'it settled authorization ' || s.id || ', and is ' ||
				t.disposition || CASE t.order_no WHEN '' THEN '' ELSE ' under ' || t.order_no END
			FROM transfers t
			JOIN ` + agentBooks + ` s ON encode(s.txid, 'hex') = t.txid AND s.status = 'settled' AND ` + agentAlike + `
			WHERE s.session_id IS NULL AND NOT (t.disposition = 'x402' AND t.order_no = s.order_no)
				AND NOT (t.disposition IN ('reversed', 'unmatched') AND s.look_at IS NOT NULL)
				AND NOT EXISTS (SELECT FROM transfers o WHERE o.network = t.network AND o.txid = t.txid
					AND o.disposition = 'x402' AND o.order_no = s.order_no)`,
	},
	{
		name:    "agent-waits",
		checked: `SELECT count(*) FROM transfers WHERE reason = 'x402_settlement'`,
		// A transfer that may be an agent's is kept from its merchant only while somebody looks at the
		// settlement. The hour is for who is about to end one.
		broken: `
			SELECT t.network || ' ' || t.txid || '/' || t.idx, t.disposition ||
				', and kept for a settlement that nobody makes'
			FROM transfers t
			WHERE t.reason = 'x402_settlement' AND t.disposition <> 'reversed' AND (t.disposition <> 'unmatched'
				OR t.recorded_at < greatest(now(), (SELECT max(updated_at) FROM cursors)) - interval '1 hour'
				AND NOT EXISTS (SELECT FROM ` + agentBooks + ` s WHERE s.look_at IS NOT NULL AND ` + agentAlike + `))`,
	},
	{
		name:    "agent-once",
		checked: `SELECT count(*) FROM x402_settlements WHERE status = 'settled'`,
		// One movement of money settles one authorization: a transaction that shows two alike settles none.
		broken: `
			SELECT '0x' || encode(txid, 'hex'), 'it settled ' || count(*) || ' authorizations of one payer, payee and value'
			FROM x402_settlements WHERE status = 'settled'
			GROUP BY network, txid, asset, payer, pay_to, value HAVING count(*) > 1`,
	},
	{
		name:    "agent-signed",
		checked: `SELECT count(*) FROM x402_transactions WHERE key IS NOT NULL`,
		// What was sent was stored before, for the settlement it is for. A settled one may have been
		// somebody else's transaction, but none of ours that was signed for another.
		broken: `
			SELECT s.id::text, s.status || ' by 0x' || encode(s.txid, 'hex') || CASE WHEN t.txid IS NULL
				THEN ', which is not stored' ELSE ', which was signed for another' END
			FROM x402_settlements s LEFT JOIN x402_transactions t ON t.txid = s.txid
			WHERE s.txid IS NOT NULL AND CASE WHEN t.txid IS NULL
				THEN s.status IN ('signed', 'broadcast', 'pending')
				ELSE t.key IS DISTINCT FROM s.key OR t.network <> s.network END
			UNION ALL
			SELECT '0x' || encode(t.txid, 'hex'), 'signed for an authorization that is not known'
			FROM x402_transactions t LEFT JOIN x402_settlements s ON s.key = t.key
			WHERE t.key IS NOT NULL AND s.key IS NULL`,
	},
	{
		name:    "agent-nonce",
		checked: `SELECT count(*) FROM x402_transactions`,
		// A lane goes on behind its last nonce, and no nonce is left out: what is signed above a gap is never
		// mined. Below what was mined every nonce was used, be it by others that have the key; above it they
		// may have used some until a node says so.
		broken: `
			SELECT 'eip155:' || t.network || ' 0x' || encode(t.account, 'hex'), 'its last nonce is ' || max(t.nonce) ||
				', the next ' || coalesce(max(l.next)::text, 'unknown')
			FROM x402_transactions t
			LEFT JOIN x402_lanes l ON l.network = t.network AND l.account = t.account
			GROUP BY t.network, t.account HAVING max(l.next) IS DISTINCT FROM max(t.nonce) + 1
			UNION ALL
			SELECT 'eip155:' || l.network || ' 0x' || encode(l.account, 'hex'), 'the next nonce is ' || l.next ||
				', and none was used'
			FROM x402_lanes l
			WHERE l.next > 0 AND NOT EXISTS (
				SELECT FROM x402_transactions t WHERE t.network = l.network AND t.account = l.account)
			UNION ALL
			SELECT 'eip155:' || g.network || ' 0x' || encode(g.account, 'hex'), 'nonce ' || g.nonce ||
				' waits for one before it, which is not signed'
			FROM (
				SELECT network, account, nonce, min(signed_at) AS since, bool_or(mined_at IS NOT NULL) AS mined,
					lag(nonce) OVER (PARTITION BY network, account ORDER BY nonce) AS before
				FROM x402_transactions GROUP BY network, account, nonce
			) g
			WHERE g.nonce > g.before + 1 AND g.since < now() - interval '1 hour' AND NOT EXISTS (
				SELECT FROM x402_transactions m WHERE m.network = g.network AND m.account = g.account
					AND m.nonce >= g.nonce AND m.mined_at IS NOT NULL)`,
	},
	{
		name:    "agent-mined",
		checked: `SELECT count(*) FROM x402_transactions WHERE mined_at IS NOT NULL`,
		// Of a nonce one transaction is mined, and what is void had to give way to one.
		broken: `
			SELECT 'eip155:' || network || ' 0x' || encode(account, 'hex') || ' ' || nonce,
				count(*) FILTER (WHERE mined_at IS NOT NULL) || ' of its transactions are mined, ' ||
				count(*) FILTER (WHERE void) || ' void'
			FROM x402_transactions GROUP BY network, account, nonce
			HAVING count(*) FILTER (WHERE mined_at IS NOT NULL) > 1
				OR bool_or(void) AND NOT bool_or(mined_at IS NOT NULL)`,
	},
	{
		name:    "agent-answer",
		checked: `SELECT count(*) FROM x402_answers`,
		// Something was delivered only for what was settled, be it undone since.
		broken: `
			SELECT coalesce(s.id::text, encode(a.key, 'hex')), 'something was delivered for it, and it is ' ||
				coalesce(s.status, 'not known') || ' and was never booked'
			FROM x402_answers a
			LEFT JOIN ` + agentBooks + ` s ON s.key = a.key
			WHERE NOT EXISTS (SELECT FROM transactions b
				WHERE b.kind = 'x402' AND split_part(b.source_ref, '.', 1) = s.ref)
				AND NOT EXISTS (SELECT FROM transfers t JOIN intents i ON i.id = t.intent_id
					WHERE t.session_id = s.session_id AND i.matching = 'authorized')`,
	},
	{
		name:    "agent-order",
		checked: `SELECT count(*) FROM x402_settlements WHERE status = 'settled' AND session_id IS NOT NULL`,
		// What settled for a checkout session has its transfer, which the session has taken or which waits for its
		// merchant, under the same order number; the sandbox chain shows that of test money. A settlement whose
		// transfer was undone is looked at. The other way round, what is said to pay an order by authorization was
		// authorized, unless it paid what a reversal had reopened.
		broken: `
			SELECT s.id::text, 'settled under "' || s.order_no || '" for session ' || s.session_id ||
				', and no transfer of it stands so'
			FROM ` + agentBooks + ` s
			WHERE s.status = 'settled' AND s.session_id IS NOT NULL AND s.look_at IS NULL AND NOT EXISTS (
				SELECT FROM transfers t JOIN intents i ON i.id = t.intent_id AND i.matching = 'authorized'
				WHERE ` + orderMoved + ` AND t.disposition IN ('settled', 'part', 'held', 'duplicate')
					AND (t.order_no = s.order_no OR s.order_no = '' AND t.decision <> ''))
			UNION ALL
			SELECT t.network || ' ' || t.txid || '/' || t.idx, t.disposition || ' for session ' || t.session_id ||
				' by authorization, and nobody authorized it'
			FROM transfers t JOIN intents i ON i.id = t.intent_id AND i.matching = 'authorized'
			WHERE t.disposition IN ('settled', 'part', 'held', 'duplicate') AND t.decision = ''
				AND NOT EXISTS (SELECT FROM ` + agentBooks + ` s WHERE ` + orderMoved + ` AND s.status = 'settled')
				AND NOT EXISTS (
					SELECT FROM transactions r WHERE r.kind = 'reversal' AND r.session_id = t.session_id::text)`,
	},
}
