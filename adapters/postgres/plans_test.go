package postgres_test

import (
	"context"
	"math/big"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// manyRows is how many open payments, transactions, transfers and events a merchant has when the
// cost of a read is looked at: enough that reading them all cannot be the better plan.
const manyRows = 20_000

// multiply copies the only row of each table manyRows times. Half of the
// payments hold an amount at one address; the others were at another, long ago.
const multiply = `
	INSERT INTO sessions (id, merchant_id, project_id, mode, kind, due_currency, due_amount, method,
		description, order_id, success_url, fail_url, status, created_at, expires_at, updated_at, version,
		intent_id)
	SELECT gen_random_uuid(), merchant_id, project_id, mode, kind, due_currency, due_amount, method,
		description, 'order ' || n, success_url, fail_url, status, created_at + n * interval '1 second',
		expires_at + n * interval '1 second', updated_at, version, intent_id
	FROM sessions, generate_series(1, $1::int) AS n;
	INSERT INTO intents (id, session_id, project_id, method, network, symbol, contract, decimals, address,
		units, rate_from, rate_to, rate_price, rate_source, rate_at, created_at, expires_at, hold_until, held)
	SELECT gen_random_uuid(), session_id, project_id, method, network, symbol, contract, decimals, address,
		units + n, rate_from, rate_to, rate_price, rate_source, rate_at, created_at + n * interval '1 second',
		expires_at, hold_until + n * interval '1 second', held
	FROM intents, generate_series(1, $1::int) AS n;
	INSERT INTO intents (id, session_id, project_id, method, network, symbol, contract, decimals, address,
		units, rate_from, rate_to, rate_price, rate_source, rate_at, created_at, expires_at, hold_until, held)
	SELECT gen_random_uuid(), session_id, project_id, method, network, symbol, contract, decimals, 'left',
		units + n, rate_from, rate_to, rate_price, rate_source, rate_at, created_at, expires_at, hold_until,
		false
	FROM intents, generate_series(1, $1::int) AS n WHERE units = (SELECT min(units) FROM intents);
	INSERT INTO transactions (order_no, merchant_id, project_id, mode, kind, source_ref, session_id,
		description, booked_at, sequence, content, chain)
	SELECT order_no + n, merchant_id, project_id, mode, kind, source_ref || n, session_id, description,
		booked_at + n * interval '1 second', sequence + n, content, chain
	FROM transactions, generate_series(1, $1::int) AS n;
	UPDATE ledger_heads SET sequence = sequence + $1::int WHERE sequence > 0;
	INSERT INTO postings (order_no, position, merchant_id, source, destination, currency, amount)
	SELECT order_no + n, position, merchant_id, source, destination, currency, amount
	FROM postings, generate_series(1, $1::int) AS n;
	INSERT INTO transfers (network, txid, idx, symbol, contract, decimals, sender, receiver, units, height,
		block_id, block_time, project_id, disposition, order_no, recorded_at)
	SELECT network, txid || n, idx, symbol, contract, decimals, sender, receiver, units, height + n,
		block_id, block_time, project_id, 'unmatched', order_no, recorded_at + n * interval '1 second'
	FROM transfers, generate_series(1, $1::int) AS n;
	INSERT INTO webhook_events (id, merchant_id, project_id, mode, type, session_id, version, body, created_at)
	SELECT id || n, merchant_id, project_id, mode, type, session_id, version, body,
		created_at + n * interval '1 second'
	FROM webhook_events, generate_series(1, $1::int) AS n;
	INSERT INTO webhook_deliveries (id, event_id, event_at, endpoint_id, merchant_id, status, attempts,
		round, updated_at)
	SELECT id || n, event_id || n, event_at + n * interval '1 second', endpoint_id, merchant_id, status,
		attempts, round, updated_at
	FROM webhook_deliveries, generate_series(1, $1::int) AS n;
	INSERT INTO key_pairs (id, merchant_id, project_id, mode, public_key, label, digest, sealed, hint, created_at)
	SELECT gen_random_uuid(), merchant_id, project_id, mode, public_key || n, label, digest || int4send(n),
		sealed, hint, created_at
	FROM key_pairs, generate_series(1, $1::int) AS n;
	INSERT INTO cursor_trail (network, height, block_id, block_time, updated_at)
	SELECT network, height + n, block_id, block_time, updated_at
	FROM cursor_trail, generate_series(1, $1::int) AS n;
	INSERT INTO answers (scope, key, fingerprint, status, body, expires_at)
	SELECT 'scope', 'key ' || n, '', 200, '', now() FROM generate_series(1, $1::int) AS n;
	INSERT INTO logins (id, merchant_id, refresh_digest, created_at, expires_at)
	SELECT id || n, merchant_id, refresh_digest, created_at, expires_at
	FROM logins, generate_series(1, $1::int) AS n;
	INSERT INTO resources (id, merchant_id, project_id, mode, sku, currency, price, networks, title, service_name,
		description, mime_type, tags, discoverable, timeout_seconds, flow, content_kind, content_type, file_name,
		content_bytes, content_hash, upstream_url, upstream_header, upstream_post, upstream_query, version,
		created_at, updated_at)
	SELECT gen_random_uuid(), merchant_id, project_id, mode, sku || n, currency, price, networks, title,
		service_name, description, mime_type, tags, true, timeout_seconds, flow, content_kind, content_type,
		file_name, content_bytes, content_hash, upstream_url, upstream_header, upstream_post, upstream_query,
		version, created_at + n * interval '1 second', updated_at + n * interval '1 second'
	FROM resources, generate_series(1, $1::int) AS n;
	INSERT INTO resource_contents (resource_id, hash, content)
	SELECT id, content_hash, '\x61' FROM resources WHERE length(sku) > 36 + 4 LIMIT $1::int
	ON CONFLICT DO NOTHING;
	INSERT INTO sandbox_transfers (txid, idx, contract, symbol, sender, receiver, units, mined_at, gone)
	SELECT 'tx ' || n, 0, 'c', 's', 'f', 't', 1, now() + n * interval '1 second', false
	FROM generate_series(1, $1::int) AS n;
	INSERT INTO x402_settlements (id, network, asset, payer, pay_to, nonce, value, valid_after, valid_before,
		signature, route, merchant_id, project_id, mode, sku, request, signed, client, version, price_currency,
		price, title, payment_id, status, txid, reason, order_no, claimed_at, settled_at, look_at, changed_at)
	SELECT gen_random_uuid(), network, asset, payer, pay_to, sha256(int4send(n)), value, valid_after, valid_before,
		signature, route, merchant_id, project_id, mode, sku, request, signed, client, version, price_currency,
		price, title, payment_id || n, 'settled', sha256(int8send(n)), '', order_no,
		claimed_at + n * interval '1 second', now(), look_at + n * interval '1 second', changed_at
	FROM x402_settlements, generate_series(1, $1::int) AS n;
	INSERT INTO x402_answers (key, status, headers, body, expires_at)
	SELECT key, 200, '{}', '', now() FROM x402_settlements WHERE $1::int > 0;
	INSERT INTO x402_transactions (txid, network, account, nonce, key, raw, gas, max_fee, tip, signed_at, mined_at, cost)
	SELECT sha256(int8send(n)), network, account, nonce + n, key, raw, gas, max_fee, tip, signed_at,
		signed_at + n * interval '1 second', 1
	FROM x402_transactions, generate_series(1, $1::int) AS n;
	INSERT INTO journal (merchant_id, sequence, at, member_id, name, ip, device, action, subject, value_before,
		value_after, content, chain)
	SELECT id, n, created_at, CASE n WHEN 7 THEN 'ann' ELSE 'bob' END, 'x', '', '',
		CASE n WHEN 9 THEN 'rare' ELSE 'often' END, '', '', '', sha256(int4send(n)), sha256(int4send(n))
	FROM merchants, generate_series(1, $1::int) AS n;`

// No read a request or a block waits for costs more for there being more payments.
func TestHotReadsCostTheSameWithManyRows(t *testing.T) {
	dsn := migrated(t)
	seed, err := postgres.Open(t.Context(), postgres.Config{URL: dsn})
	if err != nil {
		t.Fatal(err)
	}
	f := fixtures(t, seed)
	charge := chargeOf(t, seed, f.shop)
	if err := seed.Close(); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, dsn)
	readersGone(t, conn)
	for _, statement := range statements(multiply) {
		exec(t, conn, statement, manyRows)
	}
	exec(t, conn, "ANALYZE")
	exec(t, conn, "SELECT pg_stat_force_next_flush()")
	for name, read := range hotReads(f, charge) {
		t.Run(name, func(t *testing.T) {
			costs(t, conn, dsn, read)
		})
	}
}

// costs fails if a read costs more than a page.
func costs(t *testing.T, conn *pgx.Conn, dsn string, read reading) {
	t.Helper()
	before := rowsRead(t, conn)
	s, err := postgres.Open(t.Context(), postgres.Config{URL: dsn + "&application_name=reading"})
	if err != nil {
		t.Fatal(err)
	}
	err = read(t.Context(), s)
	if closing := s.Close(); err != nil || closing != nil {
		t.Fatal(err, closing)
	}
	readersGone(t, conn)
	if n := rowsRead(t, conn) - before; n > 500 {
		t.Errorf("it reads %d rows or index entries", n)
	}
}

// A gateway that has just been set up books as well as an old one, although the planner knows nothing
// of its tables yet and learns nothing while this lasts.
func TestBookingCostsTheSameInAYoungDatabase(t *testing.T) {
	dsn := migrated(t)
	conn := connect(t, dsn)
	for _, table := range []string{"transactions", "ledger_heads", "key_pairs"} {
		exec(t, conn, "ALTER TABLE "+table+" SET (autovacuum_enabled = off)")
	}
	s, err := postgres.Open(t.Context(), postgres.Config{URL: dsn})
	if err != nil {
		t.Fatal(err)
	}
	var shops []portstest.Shop
	for range 20 {
		shop := portstest.OpenShop(t, world(s))
		shop.AddPair(t, merchant.Test)
		shops = append(shops, shop)
	}
	pair := string(shops[0].AddPair(t, merchant.Test).ID)
	before := rowsReadWhole(t, conn)
	const charges = 200
	for i := range charges {
		tx := shops[i%len(shops)].Charge(t, 1, portstest.Epoch)
		if _, err := s.Book(t.Context(), tx, pair); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	readersGone(t, conn)
	if n := rowsReadWhole(t, conn) - before; n > charges {
		t.Errorf("%d charges read %d rows of tables they read whole", charges, n)
	}
}

// rowsReadWhole counts rows that were read because a table was read from end to end.
func rowsReadWhole(t *testing.T, conn execQuerier) (n int64) {
	t.Helper()
	exec(t, conn, "SELECT pg_stat_clear_snapshot()")
	err := conn.QueryRow(t.Context(), `SELECT sum(seq_tup_read)::bigint FROM pg_stat_user_tables
		WHERE relname IN ('transactions', 'ledger_heads', 'key_pairs')`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// readersGone waits for the connections of a closed store to end, and their statistics to arrive.
func readersGone(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	eventually(t, "connections end", func() bool {
		return len(texts(t, conn, `SELECT 'there' FROM pg_stat_activity
			WHERE application_name IN ('reading', '101pay') AND datname = current_database()`)) == 0
	})
}

// rowsRead counts rows and index entries of our tables that were ever read in this database.
func rowsRead(t *testing.T, conn execQuerier) (n int64) {
	t.Helper()
	exec(t, conn, "SELECT pg_stat_clear_snapshot()")
	err := conn.QueryRow(t.Context(), `
		SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables)::bigint
			+ (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes)::bigint`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

type reading = func(ctx context.Context, s *postgres.Store) error

// within makes a read of what is done in a unit of work.
func within(do func(ctx context.Context, r ports.Repos) error) reading {
	return func(ctx context.Context, s *postgres.Store) error { return s.Do(ctx, do) }
}

func hotReads(f fixture, charge ledger.Transaction) map[string]reading {
	project, at := f.shop.Project.ID, portstest.Epoch
	late := at.Add(manyRows / 2 * time.Second)
	paying := portstest.Paying(f.intent, 7)
	reads := map[string]reading{
		"a session": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.ByID(ctx, f.session.ID())
			return err
		},
		"the sessions of a merchant, in the middle": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.List(ctx, ports.SessionQuery{
				Merchant: f.shop.ID(), Project: project, Mode: merchant.Test, Limit: 50,
				Before: ports.SessionMark{At: late, ID: f.session.ID()},
			})
			return err
		},
		"the sessions of a project": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.List(ctx, ports.SessionQuery{Project: project, Mode: merchant.Test, Limit: 50})
			return err
		},
		"pages of sessions of a merchant, together": func(ctx context.Context, s *postgres.Store) error {
			asked := make([]ports.SessionQuery, 4)
			for i := range asked {
				asked[i] = ports.SessionQuery{
					Merchant: f.shop.ID(), Project: project, Mode: merchant.Test, Limit: 25, Without: ports.EverySessionPart,
					Before: ports.SessionMark{At: late.Add(time.Duration(i) * time.Minute), ID: f.session.ID()},
				}
			}
			_, _, err := s.ListTogether(ctx, asked...)
			return err
		},
		"the sessions of a project in a rare state": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.List(ctx, ports.SessionQuery{
				Merchant: f.shop.ID(), Project: project, Mode: merchant.Test, Limit: 50,
				Statuses: []checkout.Status{checkout.Settled}, From: at,
			})
			return err
		},
		"sessions by every clue": func(ctx context.Context, s *postgres.Store) error {
			who := merchant.Principal{Merchant: f.shop.ID(), Project: project, Mode: merchant.Test}
			_, err := s.Search(ctx, who, ports.Clues{
				ID: string(f.session.ID()), OrderID: "order 77", OrderNo: charge.OrderNo, TxID: paying.TxID,
				Address: f.intent.Address,
			}, 20)
			return err
		},
		"what was booked by day": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Booked(ctx, ports.FigureQuery{Project: project, Mode: merchant.Test, From: at, To: at.AddDate(0, 1, 0)})
			return err
		},
		"an overview": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Overview(ctx, ports.OverviewQuery{Project: project, Mode: merchant.Test, Credited: 50, Told: 20})
			return err
		},
		"how deliveries went": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Told(ctx, ports.FigureQuery{Project: project, Mode: merchant.Test}, 20)
			return err
		},
		"deliveries and attempts of a page": func(ctx context.Context, s *postgres.Store) error {
			if _, err := s.DeliveriesOf(ctx, project, []string{f.delivery.EventID}); err != nil {
				return err
			}
			_, err := s.AttemptsOf(ctx, project, []string{f.delivery.ID})
			return err
		},
		"taken amounts": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Taken(ctx, f.intent.Asset, f.intent.Address, f.intent.Units, new(big.Int).Add(f.intent.Units, big.NewInt(99)))
			return err
		},
		"held amounts": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Held(ctx, []chain.Transfer{paying, paying, paying})
			return err
		},
		"receivers": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Receivers(ctx, f.intent.Asset.Network, f.intent.HoldUntil.Add(30*24*time.Hour))
			return err
		},
		"whether an asset is awaited": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Awaits(ctx, f.intent.Asset, f.intent.CreatedAt, f.intent.HoldUntil)
			return err
		},
		"since when an asset is awaited": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.AwaitedSince(ctx, f.intent.Asset, f.intent.CreatedAt)
			return err
		},
		"owners": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Owners(ctx, f.intent.Asset.Network, []chain.Address{f.intent.Address, portstest.Address()})
			return err
		},
		"since when addresses are known": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.KnownSince(ctx, f.intent.Asset.Network, []chain.Address{f.intent.Address, portstest.Address()})
			return err
		},
		"letting go": func(ctx context.Context, s *postgres.Store) error {
			return s.Do(ctx, func(ctx context.Context, r ports.Repos) error {
				_, err := r.Sessions.LetGo(ctx, f.intent.Asset.Network, f.intent.HoldUntil.Add(time.Hour), 10)
				return err
			})
		},
		"a credential": func(ctx context.Context, s *postgres.Store) error {
			if _, err := s.ByPublicKey(ctx, f.pair.PublicKey); err != nil {
				return err
			}
			_, err := s.BySecret(ctx, f.pair.Digest)
			return err
		},
		"a statement, in the middle": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Page(ctx, ports.StatementQuery{
				Merchant: charge.MerchantID, Project: charge.ProjectID, Mode: merchant.Test, Limit: 50,
				Before: ports.StatementMark{At: late, No: charge.OrderNo},
			})
			return err
		},
		"a period of a statement": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Page(ctx, ports.StatementQuery{
				Merchant: charge.MerchantID, Project: project, Mode: merchant.Test, Limit: 50,
				From: late, To: late.Add(time.Minute), Kind: ledger.KindCharge, Currency: "USDT",
			})
			return err
		},
		"a booking": func(ctx context.Context, s *postgres.Store) error {
			tx := charge
			no, err := s.Next(ctx, at.AddDate(0, 0, 1))
			if err != nil {
				return err
			}
			tx.OrderNo, tx.SourceRef, tx.MerchantID = no, "another", f.shop.ID()
			_, err = s.Book(ctx, tx, string(f.pair.ID))
			return err
		},
		"events, in the middle": func(ctx context.Context, s *postgres.Store) error {
			_, _, err := s.Events(ctx, ports.EventQuery{
				Project: project, Mode: merchant.Test, Limit: 50, Before: ports.EventMark{At: late, ID: "x"},
			})
			return err
		},
		"deliveries of an endpoint": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.EndpointDeliveries(ctx, project, f.endpoint.ID, 50)
			return err
		},
		"a resource by its sku": func(ctx context.Context, s *postgres.Store) error {
			r := f.resource.Snapshot()
			if _, err := s.BySKU(ctx, r.MerchantID, r.SKU); err != nil {
				return err
			}
			_, err := s.Content(ctx, r.ID, r.Content.Hash)
			return err
		},
		"resources, in the middle": func(ctx context.Context, s *postgres.Store) error {
			_, _, err := s.Resources(ctx, ports.ResourceQuery{
				Project: project, Mode: merchant.Test, Limit: 50,
				Before: ports.ResourceMark{At: late, ID: f.resource.Snapshot().ID},
			})
			return err
		},
		"mined transfers": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Mined(ctx, time.Now(), time.Now().Add(30*time.Second), []chain.Address{"t"})
			return err
		},
	}
	for name, read := range hotReadsOfAgents(f) {
		reads[name] = read
	}
	for name, read := range rareReads(f) {
		reads[name] = read
	}
	for name, do := range hotReadsInside(f) {
		reads[name] = within(do)
	}
	for name, do := range batchesInside(f, charge) {
		reads[name] = within(do)
	}
	return reads
}

func hotReadsInside(f fixture) map[string]func(ctx context.Context, r ports.Repos) error {
	at := portstest.Epoch
	return map[string]func(ctx context.Context, r ports.Repos) error{
		"overdue sessions": func(ctx context.Context, r ports.Repos) error {
			_, err := r.Sessions.Due(ctx, at.Add(24*time.Hour), map[chain.Network]time.Time{
				f.intent.Asset.Network: at.Add(24 * time.Hour),
			}, 10)
			return err
		},
		"a session by its order id": func(ctx context.Context, r ports.Repos) error {
			_, err := r.Sessions.ByOrderID(ctx, f.shop.Project.ID, merchant.Test, "order 77")
			return err
		},
		"transfers above": func(ctx context.Context, r ports.Repos) error {
			_, err := r.Transfers.LoadAbove(ctx, f.cursor.Network, manyRows-10)
			return err
		},
		"transfers of a session": func(ctx context.Context, r ports.Repos) error {
			_, _, err := r.Transfers.OfSession(ctx, f.session.ID())
			return err
		},
		"the queue": func(ctx context.Context, r ports.Repos) error {
			_, err := r.Transfers.Queue(ctx, ports.QueueQuery{
				Project: f.shop.Project.ID, Mode: merchant.Live, Limit: 50,
			})
			return err
		},
		"the audit log of a member": func(ctx context.Context, r ports.Repos) error {
			_, err := r.Journal.Read(ctx, ports.JournalQuery{Merchant: f.shop.ID(), Member: "ann", Limit: 50})
			return err
		},
		"the audit log of an action": func(ctx context.Context, r ports.Repos) error {
			_, err := r.Journal.Read(ctx, ports.JournalQuery{Merchant: f.shop.ID(), Action: "rare", Limit: 50})
			return err
		},
		"the trail": func(ctx context.Context, r ports.Repos) error {
			_, err := r.Cursors.Trail(ctx, f.cursor.Network, manyRows, 10)
			return err
		},
		"the trail since a time": func(ctx context.Context, r ports.Repos) error {
			_, err := r.Cursors.Since(ctx, f.cursor.Network, at)
			return err
		},
		"transfers waiting for a source": func(ctx context.Context, r ports.Repos) error {
			_, err := r.Transfers.Waiting(ctx, f.cursor.Network, 10)
			return err
		},
		"transfers between blocks": func(ctx context.Context, r ports.Repos) error {
			_, err := r.Transfers.Between(ctx, f.cursor.Network, manyRows/2, manyRows/2+20)
			return err
		},
		"a claim": func(ctx context.Context, r ports.Repos) error {
			_, err := r.Claims.Take(ctx, "scope", "key 77", nil)
			return err
		},
		"a delivery": func(ctx context.Context, r ports.Repos) error {
			_, err := r.Webhooks.Deliveries().Load(ctx, f.delivery.ID)
			return err
		},
		"pruning logins": func(ctx context.Context, r ports.Repos) error {
			_, err := r.Logins.Prune(ctx, at, 10)
			return err
		},
		"pruning answers": func(ctx context.Context, r ports.Repos) error {
			_, err := r.Claims.Prune(ctx, at, 10)
			return err
		},
		"reserving an amount": func(ctx context.Context, r ports.Repos) error {
			i := f.intent
			i.ID, i.Units = checkout.IntentID(portstest.UUID()), big.NewInt(1)
			return r.Sessions.Reserve(ctx, i)
		},
	}
}

// batchesInside are what a block's payments are settled by.
func batchesInside(
	f fixture, charge ledger.Transaction,
) map[string]func(ctx context.Context, r ports.Repos) error {
	return map[string]func(ctx context.Context, r ports.Repos) error{
		"sessions of a batch": func(ctx context.Context, r ports.Repos) error {
			found, err := r.Sessions.LoadAll(ctx, []checkout.SessionID{f.session.ID()})
			if err != nil {
				return err
			}
			session := found[f.session.ID()]
			if session.Status() == checkout.Awaiting {
				_, err = session.See(portstest.Epoch)
			} else {
				err = session.Unsee(portstest.Epoch)
			}
			if err != nil {
				return err
			}
			return r.Sessions.SaveAll(ctx, []*checkout.Session{session})
		},
		"projects of a batch": func(ctx context.Context, r ports.Repos) error {
			_, err := r.Projects.ByIDs(ctx, []merchant.ProjectID{f.shop.Project.ID})
			return err
		},
		"transfers of a batch": func(ctx context.Context, r ports.Repos) error {
			one := portstest.Row(f.shop, f.intent, portstest.Paying(f.intent, 7))
			_, err := r.Transfers.AddAll(ctx, []ports.TransferRow{one, f.transfer})
			return err
		},
		"bookings of a batch": func(ctx context.Context, r ports.Repos) error {
			one, two := charge, charge
			one.OrderNo, one.SourceRef, one.MerchantID = "20270301000000001", "one", f.shop.ID()
			two.OrderNo, two.SourceRef, two.MerchantID = "20270301000000002", "two", f.shop.ID()
			_, err := r.Ledger.BookAll(ctx, []ledger.Transaction{one, two})
			return err
		},
		"news of a batch": func(ctx context.Context, r ports.Repos) error {
			of := ports.Audience{Project: f.shop.Project.ID, Mode: merchant.Test}
			if _, err := r.Webhooks.EndpointsOf(ctx, []ports.Audience{of}); err != nil {
				return err
			}
			e := f.shop.MakeEvent(1, portstest.Epoch)
			return r.Webhooks.AddEvents(ctx, []webhook.Event{e}, []webhook.Delivery{portstest.Owed(e, f.endpoint)})
		},
	}
}
