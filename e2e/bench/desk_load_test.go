package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// deskYear is over how many days what a merchant has is spread, the last of it just now.
const deskYear = 360

// deskLines gives project $2 of merchant $1 $3 lines of the book, and a session for every tenth of them, half
// of which are paid. Among ten lines one is a payment, of 50,000 one is a reversal, one of a program and one in
// yen. Hashes are of nothing: it is for reading.
var deskLines = []string{
	`INSERT INTO sessions (id, merchant_id, project_id, mode, kind, due_currency, due_amount, method, description,
		order_id, success_url, fail_url, status, created_at, expires_at, updated_at, version, intent_id, paid, parts,
		receipt_intent_id, receipt_network, receipt_txid, receipt_idx, receipt_sender, receipt_units, receipt_height,
		receipt_block_time, receipt_order_no, receipt_late)
	SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, $1::text::uuid, $2::text::uuid, 'test',
		CASE WHEN n % 1000 = 3 THEN 'usdt' ELSE 'checkout' END, 'USD/2', 999, '', 'desk', 'order ' || n, '', '',
		CASE WHEN paid THEN 'settled' WHEN n % 1001 = 3 THEN 'cancelled' ELSE 'expired' END,
		at, at + interval '1 hour', at, 3, ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid,
		CASE WHEN paid THEN 9990000 ELSE 0 END, paid::int,
		CASE WHEN paid THEN ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid END,
		CASE WHEN paid THEN 'sandbox' END, CASE WHEN paid THEN lpad(to_hex(n), 64, '0') END, CASE WHEN paid THEN 0 END,
		CASE WHEN paid THEN 'payer' END, CASE WHEN paid THEN 9990000 END, CASE WHEN paid THEN n END,
		CASE WHEN paid THEN at END, CASE WHEN paid THEN (20210101000000000 + 10 * n)::text END, CASE WHEN paid THEN false END
	FROM generate_series(1, $3::int / 10) n,
		LATERAL (SELECT n % 2 = 0 AS paid, now() - ($3::int / 10 - n) * ($4::text::interval / ($3::int / 10)) AS at) a`,
	`INSERT INTO intents (id, session_id, project_id, method, network, symbol, contract, decimals, address, units,
		rate_from, rate_to, rate_price, rate_source, rate_at, created_at, expires_at, hold_until, held)
	SELECT intent_id, id, project_id, 'usdt', 'sandbox', 'USDT', 'c', 6, 'desk address ' || right(id::text, 2), 9990000,
		'USD', 'USDT', 1, 'fixed', created_at, created_at, expires_at, expires_at, false
	FROM sessions WHERE project_id = $2::text::uuid AND $1::text <> '' AND $3::int > 0 AND $4::text::interval IS NOT NULL`,
	`INSERT INTO transfers (network, txid, idx, symbol, contract, decimals, sender, receiver, units, height, block_id,
		block_time, project_id, session_id, intent_id, disposition, order_no, recorded_at)
	SELECT 'sandbox', receipt_txid, 0, 'USDT', 'c', 6, 'payer', 'desk address', 9990000, receipt_height, 'block', created_at,
		project_id, id, intent_id, 'settled', receipt_order_no, created_at + interval '20 seconds'
	FROM sessions WHERE project_id = $2::text::uuid AND status = 'settled' AND $1::text <> '' AND $3::int > 0
		AND $4::text::interval IS NOT NULL`,
	// What nobody asked for: the queue, most of which was decided on.
	`INSERT INTO transfers (network, txid, idx, symbol, contract, decimals, sender, receiver, units, height, block_id,
		block_time, project_id, disposition, order_no, recorded_at, decision, decided_at)
	SELECT 'sandbox', 'ff' || lpad(to_hex(n), 62, '0'), 0, 'USDT', 'c', 6, 'payer', 'desk address', 5, n, 'block', now(),
		$2::text::uuid, 'unmatched', '', now() - n * interval '1 second', CASE WHEN n % 10 > 0 THEN 'closed' ELSE '' END,
		CASE WHEN n % 10 > 0 THEN now() END
	FROM generate_series(1, $3::int / 20) n WHERE $1::text <> '' AND $4::text::interval IS NOT NULL`,
	`INSERT INTO webhook_events (id, merchant_id, project_id, mode, type, session_id, version, body, created_at)
	SELECT 'evt_' || id || e.type, merchant_id, project_id, mode, e.type, id::text, 1, convert_to(repeat('x', 300), 'UTF8'),
		created_at + e.later * interval '1 second'
	FROM sessions, (VALUES ('payment.created', 0), ('payment.paid', 20)) AS e (type, later)
	WHERE project_id = $2::text::uuid AND (later = 0 OR status = 'settled') AND $1::text <> '' AND $3::int > 0
		AND $4::text::interval IS NOT NULL`,
	`INSERT INTO webhook_deliveries (id, event_id, event_at, endpoint_id, merchant_id, status, attempts, round, updated_at)
	SELECT 'del' || id, id, created_at, 'we_desk', merchant_id, 'delivered', 1, 0, created_at
	FROM webhook_events WHERE project_id = $2::text::uuid AND type = 'payment.paid' AND $1::text <> '' AND $3::int > 0
		AND $4::text::interval IS NOT NULL`,
	`INSERT INTO transactions (order_no, merchant_id, project_id, mode, kind, source_ref, session_id, description,
		reverses, booked_at, sequence, content, chain)
	SELECT 20210101000000000 + n, $1::text::uuid, $2::text::uuid, 'test',
		CASE WHEN n % 20 = 0 THEN 'payment' WHEN n % 50000 = 1001 THEN 'reversal' WHEN n % 50000 = 1003 THEN 'x402'
			ELSE 'charge' END,
		(20210101000000000 + n)::text,
		CASE WHEN n % 20 = 0 THEN '00000000-0000-4000-8000-' || lpad((n / 10)::text, 12, '0') ELSE '' END, 'line ' || n,
		CASE WHEN n % 50000 = 1001 THEN 20210101000000000 + n - 1 END,
		now() - ($3::int - n) * ($4::text::interval / $3::int), n, sha256(n::text::bytea), sha256(n::text::bytea)
	FROM generate_series(1, $3::int) n`,
	`INSERT INTO postings (order_no, position, merchant_id, source, destination, currency, amount)
	SELECT order_no, 0, merchant_id, 'world:test:sandbox',
		'merchant:' || $1::text || CASE kind WHEN 'charge' THEN ':test:charges' ELSE ':test:received:sandbox' END,
		CASE WHEN sequence % 50000 = 1007 THEN 'JPY/0' ELSE 'USDT/6' END, 9990000 + sequence % 1000
	FROM transactions WHERE merchant_id = $1::text::uuid AND $2::text <> '' AND $3::int > 0 AND $4::text::interval IS NOT NULL`,
	`INSERT INTO ledger_days (project_id, mode, day, kind, place, currency, worth_of, worth_source, entries, amount, worth)
	SELECT $2::text::uuid, 'test', (t.booked_at AT TIME ZONE 'UTC')::date, t.kind,
		CASE t.kind WHEN 'charge' THEN 'recorded' ELSE 'sandbox' END, p.currency,
		CASE t.kind WHEN 'payment' THEN 'USD' ELSE '' END, CASE t.kind WHEN 'payment' THEN 'fixed' ELSE '' END, count(*),
		sum(p.amount), CASE t.kind WHEN 'payment' THEN sum(p.amount) * 1e12 ELSE 0 END
	FROM transactions t JOIN postings p USING (order_no)
	WHERE t.merchant_id = $1::text::uuid AND $3::int > 0 AND $4::text::interval IS NOT NULL GROUP BY 3, 4, 6`,
	`INSERT INTO session_days (project_id, mode, day, slot, opened, settled)
	SELECT $2::text::uuid, 'test', (created_at AT TIME ZONE 'UTC')::date, right(id::text, 6)::int % 16, count(*),
		count(*) FILTER (WHERE status = 'settled')
	FROM sessions WHERE project_id = $2::text::uuid AND $1::text <> '' AND $3::int > 0 AND $4::text::interval IS NOT NULL
	GROUP BY 3, 4`,
	`INSERT INTO webhook_endpoints (id, merchant_id, project_id, mode, url, types, description, secret, enabled,
		disabled_for, failures, created_at)
	SELECT 'we_desk', $1::text::uuid, $2::text::uuid, 'test', 'https://example.com/', '{}', '', 's', false, '', 0, now()
	WHERE $3::int > 0 AND $4::text::interval IS NOT NULL`,
}

// fillDesk gives a project what a merchant of a year has, and tells how long that took.
func (s *stage) fillDesk(t *testing.T, conn *pgx.Conn, merchant, project string) {
	t.Helper()
	began := time.Now()
	if _, err := conn.Exec(t.Context(), "SET statement_timeout = 0; SET synchronous_commit = off; SET work_mem = '64MB'"); err != nil {
		t.Fatal(err)
	}
	year := fmt.Sprintf("%d days", deskYear)
	for _, sql := range deskLines {
		if _, err := conn.Exec(t.Context(), sql, merchant, project, s.deskLines, year); err != nil {
			t.Fatalf("%v\n%s", err, sql)
		}
	}
	for _, sql := range []string{
		// What a month costs that is summed from the book itself, by the best index there could be.
		"CREATE INDEX bench_covering ON postings (merchant_id, order_no) INCLUDE (currency, amount)",
		`VACUUM ANALYZE sessions, intents, transfers, webhook_events, webhook_deliveries, transactions, postings,
			ledger_days, session_days`,
		"CHECKPOINT",
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d lines and what belongs to them: %s", s.deskLines, time.Since(began).Round(time.Millisecond))
}

// deskAgrees holds the sums and counts of days against the rows they are of.
func (s *stage) deskAgrees(t *testing.T, conn *pgx.Conn, project string) {
	t.Helper()
	for what, sql := range map[string]string{
		"sums of days that are not the book's": `
			WITH booked AS (
				SELECT (t.booked_at AT TIME ZONE 'UTC')::date AS day, t.kind, p.currency, count(*) AS entries, sum(p.amount) AS amount
				FROM transactions t JOIN postings p USING (order_no) WHERE t.project_id = $1::text::uuid GROUP BY 1, 2, 3)
			SELECT count(*) FROM booked b FULL JOIN (SELECT * FROM ledger_days WHERE project_id = $1::text::uuid) d
				USING (day, kind, currency)
			WHERE (b.entries, b.amount) IS DISTINCT FROM (d.entries, d.amount)`,
		"counts of days that are not the sessions'": `
			SELECT count(*) FROM (
				SELECT (created_at AT TIME ZONE 'UTC')::date AS day, count(*) AS opened,
					count(*) FILTER (WHERE status = 'settled') AS settled
				FROM sessions WHERE project_id = $1::text::uuid GROUP BY 1) s
			FULL JOIN (SELECT day, sum(opened) AS opened, sum(settled) AS settled FROM session_days
				WHERE project_id = $1::text::uuid GROUP BY 1) d USING (day)
			WHERE (s.opened, s.settled) IS DISTINCT FROM (d.opened, d.settled)`,
	} {
		var n int
		if err := conn.QueryRow(t.Context(), sql, project).Scan(&n); err != nil || n > 0 {
			t.Errorf("%d %s (%v)", n, what, err)
		}
	}
}
