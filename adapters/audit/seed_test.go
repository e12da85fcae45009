package audit

import (
	"context"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/101pay/101pay/adapters/pgembed/pgtest"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/migrations"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// queueTables is as much of the job queue's table as the audit looks at.
const queueTables = `
	CREATE TYPE river_job_state AS ENUM ('available', 'cancelled', 'completed', 'discarded', 'pending',
		'retryable', 'running', 'scheduled');
	CREATE TABLE river_job (
		id    bigserial PRIMARY KEY,
		kind  text NOT NULL,
		state river_job_state NOT NULL DEFAULT 'available',
		args  jsonb NOT NULL
	)`

// migrated makes a database with every step applied, and with the queue's tables.
func migrated(t *testing.T) string {
	return pgtest.Template(t, "audit", func(dsn string) error {
		ctx := context.Background()
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close(ctx) }()
		steps, err := fs.Glob(migrations.Files, "*.up.sql")
		if err != nil {
			return err
		}
		for _, step := range steps {
			text, err := fs.ReadFile(migrations.Files, step)
			if err != nil {
				return err
			}
			if _, err := conn.Exec(ctx, string(text)); err != nil {
				return err
			}
		}
		_, err = conn.Exec(ctx, queueTables)
		return err
	})
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	// What is written is text to PostgreSQL, which knows its columns; and many statements go at once.
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// The sales of the seeded world, by what became of them.
var (
	paid      = sale{tester, 1}
	expired   = sale{tester, 2}
	opened    = sale{tester, 3}
	cancelled = sale{tester, 4} // and paid all the same
	returned  = sale{tester, 5} // paid, undone, and paid by the same transfer in another block
	undone    = sale{tester, 6} // paid, undone, and waiting again
	waiting   = sale{tester, 7} // an intent is issued
	twice     = sale{tester, 8} // paid by two transfers
	late      = sale{seller, 9} // real money, accepted after the deadline
	rehearsed = sale{rehearsal, 10}
	seen      = sale{tester, 11}       // a transfer is in sight
	lapsed    = sale{tester, 12}       // undone, not paid again, and expired
	parted    = sale{alone(17), 17}    // paid in two parts, a little over
	started   = sale{alone(14), 14}    // paid in part
	derived   = sale{derivedHouse, 15} // real money, at an address derived from a key
	doubted   = sale{tester, 13}       // paid, and waiting for a second source
)

// seed writes a world in which everything lawful happens once.
func seed(t *testing.T, db runner) *world {
	t.Helper()
	w := &world{
		t: t, db: db, clock: dawn.Add(3 * time.Hour),
		heads: map[string]head{}, versions: map[int]int{}, orders: map[int]ledger.OrderNo{},
	}
	w.owners()
	w.team()
	for _, s := range []sale{
		paid, expired, cancelled, returned, undone, waiting, twice, late, rehearsed, seen, lapsed, doubted,
	} {
		w.ask(s)
	}
	w.open(opened)
	w.parts()
	w.settle(paid, paid.pays(5*time.Minute))
	w.become(expired, "expired", "payment.expired")
	w.record(moved{tester, "5a", 12_345, dawn.Add(time.Hour), 0}, nil, "unmatched", "")
	w.settle(late, late.pays(2*time.Hour))
	w.book(w.charge(tester, ledger.Charged, 999))
	w.book(w.charge(seller, ledger.Recorded, 100))
	w.settle(rehearsed, rehearsed.pays(time.Minute))
	w.exec("UPDATE transfers SET block_id = 'another' WHERE session_id = $1", rehearsed.session())

	w.become(cancelled, "cancelled", "payment.cancelled")
	w.record(cancelled.pays(time.Minute), &cancelled, "held", "")
	w.news(cancelled, "payment.late")

	w.settle(twice, twice.pays(time.Minute))
	second := twice.pays(2 * time.Minute)
	second.txid = "2d"
	w.record(second, &twice, "duplicate", "")
	w.news(twice, "payment.late")

	m := returned.pays(time.Minute)
	w.undo(returned, m, w.settle(returned, m))
	m.history = 1
	w.settle(returned, m)
	for _, s := range []sale{undone, lapsed} {
		m := s.pays(time.Minute)
		w.undo(s, m, w.settle(s, m))
	}
	w.become(lapsed, "expired", "payment.expired")
	w.exec("UPDATE intents SET sources = 2 WHERE session_id = $1", doubted.session())
	w.record(doubted.pays(time.Minute), &doubted, "held", "")
	w.exec("UPDATE transfers SET reason = 'awaiting_second_source' WHERE session_id = $1", doubted.session())
	w.become(doubted, "processing", "payment.detected")
	w.become(seen, "processing", "payment.detected")
	w.exec(`INSERT INTO sightings (network, txid, idx, symbol, contract, decimals, sender, receiver, units,
			height, block_id, block_time, session_id)
		VALUES ('sandbox', 'ee', 0, 'USDT', 'c', 6, 'payer', $1, 1, 1, 'b', $2, $3)`,
		seen.address, dawn, seen.session())
	w.exec("UPDATE intents SET held = false, hold_until = $2 WHERE session_id = $1",
		expired.session(), dawn.Add(time.Hour))
	w.read(chain.Sandbox)
	w.read(chain.Tron)
	w.deliveries()
	w.agents()
	w.programs()
	w.told()
	w.exec(`INSERT INTO order_days VALUES ($1, 1000)`, dawn)
	w.exec(`INSERT INTO sandbox_reorgs (at, height) VALUES ($1, 1)`, dawn.Add(4*time.Hour))
	w.exec(`INSERT INTO answers VALUES ('merchant ' || $1 || ' test', 'k', '', 201, '', now()),
		('pair ' || $1 || ' live', 'k', '', 200, '', now()), ('session ' || $2, 'k', '', 202, '', now()),
		('account a@example.com', 'k', '', 201, '', now())`, id(1), paid.session())
	return w
}

// owners are two merchants, each with a project.
func (w *world) owners() {
	for n := 1; n <= 2; n++ {
		w.exec(`INSERT INTO merchants VALUES ($1, '10100000000000' || $2, 'm' || $2 || '@example.com', 'm',
			'h', $3)`, id(n), n, dawn)
		w.exec(`INSERT INTO projects VALUES ($1, $2, 'p', '', 'test', false, 30, 'accept', false, $3)`,
			id(10+n), id(n), dawn)
		w.exec(`INSERT INTO ledger_heads SELECT $1, m, 0, decode(repeat('00', 32), 'hex')
			FROM unnest(ARRAY['test', 'live']) m`, id(n))
	}
	w.exec(`INSERT INTO receiving_accounts VALUES ($1, $2, $3, 'tron', 'USDT', $4, '', $5, NULL, $5)`,
		id(30), id(2), id(12), tronHome, dawn)
	w.exec(`INSERT INTO webhook_events
		SELECT 'evt_address', merchant_id, project_id, 'live', 'receiving_account.changed', '', 0,
			convert_to(json_build_object('data', json_build_object('receivingAccount', json_build_object('id', id)))::text, 'UTF8'),
			created_at FROM receiving_accounts`)
}

// read moves a network's cursor to the end of the world.
func (w *world) read(n chain.Network) {
	end := moved{house: house{network: n}, at: dawn.Add(worldEnd)}
	w.exec(`INSERT INTO cursors VALUES ($1, $2, $3, $4, $5)`,
		string(n), end.height(), end.block(), end.at, end.at.Add(time.Minute))
	w.exec(`INSERT INTO cursor_trail SELECT * FROM cursors WHERE network = $1
		UNION ALL SELECT network, height - 9, 'older', block_time, updated_at FROM cursors WHERE network = $1`,
		string(n))
}

// deliveries owe events of one project to two endpoints, one of which is gone: one delivery reached
// it after a failure, one waits after a failure, one was replayed, one was given up.
func (w *world) deliveries() {
	w.exec(`INSERT INTO webhook_endpoints (id, merchant_id, project_id, mode, url, types, description,
			secret, enabled, disabled_for, failures, created_at)
		VALUES ('we_1', $1, $2, 'test', 'https://example.com/', '{}', '', 's', true, '', 0, $3)`,
		id(1), id(11), dawn)
	w.exec(`
		INSERT INTO webhook_deliveries (id, event_id, event_at, endpoint_id, merchant_id, status, attempts,
			round, next_at, updated_at)
		SELECT v.id, e.id, e.created_at, v.endpoint, e.merchant_id, v.status, v.attempts, v.round,
			CASE v.status WHEN 'pending' THEN e.created_at END, e.created_at
		FROM (VALUES
			('del_reached', 'payment.created', 'we_1', 'delivered', 2, 0),
			('del_waits', 'payment.paid', 'we_1', 'pending', 1, 0),
			('del_gone', 'payment.paid', 'we_gone', 'failed', 0, 0)
		) AS v (id, type, endpoint, status, attempts, round)
		JOIN webhook_events e ON e.type = v.type AND e.session_id = $1`, paid.session())
	w.exec(`
		INSERT INTO webhook_deliveries (id, event_id, event_at, endpoint_id, merchant_id, status, attempts,
			round, next_at, updated_at)
		SELECT 'del_again', id, created_at, 'we_1', merchant_id, 'pending', 1, 1, created_at, created_at
		FROM webhook_events WHERE type = 'payment.expired' AND session_id = $1`, expired.session())
	w.exec(`INSERT INTO webhook_attempts VALUES ('del_reached', 1, $1, 5, 500, 'status', ''),
		('del_reached', 2, $1, 5, 204, 'delivered', ''), ('del_waits', 1, $1, 5, 0, 'timeout', ''),
		('del_again', 1, $1, 5, 200, 'delivered', '')`, dawn)
	w.exec(`
		INSERT INTO river_job (kind, state, args)
		SELECT 'webhook_deliver', v.state::river_job_state, jsonb_build_object('delivery_id', v.delivery,
			'endpoint_id', 'we_1', 'attempt', v.attempt, 'round', v.round, 'try', 1)
		FROM (VALUES ('del_reached', 2, 0, 'completed'), ('del_waits', 2, 0, 'scheduled'),
			('del_again', 2, 0, 'discarded'), ('del_again', 2, 1, 'running')
		) AS v (delivery, attempt, round, state)`)
	w.exec(`INSERT INTO river_job (kind, args) VALUES ('prune', '{}')`)
}

// alone is a house whose payer is sent to an address of the payment's own.
func alone(n int) house {
	h := tester
	h.address = string(chain.SandboxAddress("session " + id(100+n)))
	return h
}

// derivedHouse is the seller's, with an address derived from his key.
var derivedHouse = house{2, 12, merchant.Live, chain.Tron, "TSeJkUh4Qv67VNFwY8LaAxERygNdy6NQZK"}

// parts are payments at addresses of their own.
func (w *world) parts() {
	w.exec(`INSERT INTO address_sources (id, merchant_id, project_id, family, kind, label, sealed, fingerprint,
			first, next_index, created_at, active_from)
		VALUES ($1, $2, $3, 'tron', 'xpub', '', 's', 'f', ARRAY[$4], 1, $5, $5)`,
		id(50), id(2), id(12), derivedHouse.address, dawn)
	w.exec(`INSERT INTO dedicated_addresses (family, address, source_id, idx, session_id, issued_at, free_from,
			received, spent)
		VALUES ('tron', $1, $2, 0, $3, $4, $4, true, true)`, derivedHouse.address, id(50), derived.session(), dawn)
	for _, s := range []sale{parted, started, derived} {
		w.ask(s)
		w.exec("UPDATE intents SET matching = 'dedicated', tolerance = 10 WHERE id = $1", s.intent())
	}
	first, second := parted.pays(time.Minute), parted.pays(2*time.Minute)
	first.units, second.units, second.txid = 20_000_000, 31_000_000, "2b"
	w.part(parted, first)
	w.complete(parted, second)
	some := started.pays(time.Minute)
	some.units = 1_000_000
	w.part(started, some)
	short := derived.pays(time.Minute)
	short.units -= 10 // no more than the tolerance
	w.settle(derived, short)
}
