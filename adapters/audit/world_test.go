package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
)

// The world begins on a day of its own; what it says about "now" are its cursors.
var dawn = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

const (
	tronHome = "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8" // m2's own address
	worldEnd = 6 * time.Hour                        // after dawn: how far networks were read
)

// runner is a connection or a transaction.
type runner interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// world writes rows as the gateway would. It is a second account of what the gateway does, so that
// the audit is not tested by itself.
type world struct {
	t        *testing.T
	db       runner
	clock    time.Time
	heads    map[string]head
	versions map[int]int
	orders   map[int]ledger.OrderNo // of what was settled last, by sale
	numbers  int64
}

type head struct {
	sequence int64
	chain    ledger.Hash
}

// inside is the same world going on in a transaction.
func (w *world) inside(t *testing.T, tx pgx.Tx) *world {
	c := *w
	c.t, c.db = t, tx
	c.heads, c.versions, c.orders = maps.Clone(w.heads), maps.Clone(w.versions), maps.Clone(w.orders)
	return &c
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.db.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatalf("%v\n%s", err, sql)
	}
}

// id is a UUID that a reader can tell.
func id(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// tick is the time, a little later each time.
func (w *world) tick() time.Time {
	w.clock = w.clock.Add(time.Millisecond)
	return w.clock
}

// house is a project of a merchant in a mode, with the address its payers are sent to.
type house struct {
	merchant, project int
	mode              merchant.Mode
	network           chain.Network
	address           string
}

func (h house) asset() chain.Asset {
	a := chain.Asset{Network: h.network, Symbol: "USDT", Contract: chain.TronUSDT, Decimals: 6}
	if h.network == chain.Sandbox {
		a.Contract = string(chain.SandboxAddress("USDT contract"))
	}
	return a
}

var (
	tester = house{1, 11, merchant.Test, chain.Sandbox, string(chain.SandboxAddress("project " + id(11)))}
	seller = house{2, 12, merchant.Live, chain.Tron, tronHome}
	// rehearsal is the seller's test mode, in which his own address stands on the sandbox.
	rehearsal = house{2, 12, merchant.Test, chain.Sandbox, tronHome}
)

// sale is a session with its one intent. Its deadline is half an hour after it begins, a minute per
// number after dawn.
type sale struct {
	house
	n int
}

func (s sale) session() string    { return id(100 + s.n) }
func (s sale) intent() string     { return id(200 + s.n) }
func (s sale) units() int64       { return 50_000_000 + int64(s.n) }
func (s sale) begins() time.Time  { return dawn.Add(time.Duration(s.n) * time.Minute) }
func (s sale) expires() time.Time { return s.begins().Add(30 * time.Minute) }

// moved is a transfer on a chain. history says which of several blocks of its height holds it.
type moved struct {
	house
	txid    string
	units   int64
	at      time.Time
	history int
}

func (m moved) height() int64 {
	if m.network == chain.Sandbox {
		return m.at.UnixMilli() / 500
	}
	return m.at.Unix() / 3
}

func (m moved) block() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", m.network, m.height(), m.history))
	return hex.EncodeToString(sum[:])
}

func (m moved) source() string {
	return fmt.Sprintf("%s:%s:0:%.16s", m.network, m.txid, m.block())
}

// pays is the exact payment of a sale, some time after it began.
func (s sale) pays(after time.Duration) moved {
	sum := sha256.Sum256([]byte(s.session()))
	return moved{s.house, hex.EncodeToString(sum[:]), s.units(), s.begins().Add(after), 0}
}

// open begins a session.
func (w *world) open(s sale) {
	w.versions[s.n] = 1
	w.exec(`INSERT INTO sessions (id, merchant_id, project_id, mode, kind, due_currency, due_amount,
			method, description, order_id, success_url, fail_url, status, created_at, expires_at,
			updated_at, version)
		VALUES ($1, $2, $3, $4, 'checkout', 'USD/2', 5000, '', 'tea', '', '', '', 'open', $5, $6, $5, 1)`,
		s.session(), id(s.merchant), id(s.project), s.mode.String(), s.begins(), s.expires())
	w.count(s, 1, 0)
	w.news(s, "payment.created")
}

// count adds to the counts of the day a session was opened on.
func (w *world) count(s sale, opened, settled int) {
	w.t.Helper()
	w.exec(`INSERT INTO session_days AS d VALUES ($1, $2, $3::date, $4, $5, $6)
		ON CONFLICT (project_id, mode, day, slot) DO UPDATE
		SET opened = d.opened + excluded.opened, settled = d.settled + excluded.settled`,
		id(s.project), s.mode.String(), s.begins().Format(time.DateOnly), s.n%3*opened, opened, settled)
}

// ask issues the session's intent.
func (w *world) ask(s sale) {
	w.open(s)
	a := s.asset()
	w.exec(`INSERT INTO intents (id, session_id, project_id, method, network, symbol, contract, decimals,
			address, units, rate_from, rate_to, rate_price, rate_source, rate_at, created_at, expires_at,
			hold_until, held)
		VALUES ($1, $2, $3, 'usdt', $4, $5, $6, $7, $8, $9, 'USD', 'USDT', 1, 'fixed', $10, $10, $11,
			$12, true)`,
		s.intent(), s.session(), id(s.project), string(a.Network), a.Symbol, a.Contract, int(a.Decimals),
		s.address, s.units(), s.begins(), s.expires(), s.expires().Add(merchant.LateWindow))
	w.exec("UPDATE sessions SET intent_id = $2 WHERE id = $1", s.session(), s.intent())
	w.become(s, "awaiting", "")
}

// become changes a session's status, and tells it if there is an event for it.
func (w *world) become(s sale, status, event string) {
	w.versions[s.n]++
	at := w.tick()
	if status == "expired" {
		at = s.expires().Add(time.Minute)
	}
	w.exec("UPDATE sessions SET status = $2, version = $3, updated_at = $4 WHERE id = $1",
		s.session(), status, w.versions[s.n], at)
	if event != "" {
		w.news(s, event)
	}
}

// news records an event about a session.
func (w *world) news(s sale, event string) string {
	w.numbers++
	key := fmt.Sprintf("evt_%d", w.numbers)
	w.exec(`INSERT INTO webhook_events (id, merchant_id, project_id, mode, type, session_id, version,
			body, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, '{}', $8)`, key, id(s.merchant), id(s.project),
		s.mode.String(), event, s.session(), w.versions[s.n], w.tick())
	return key
}

// mine puts a transfer on the sandbox chain.
func (w *world) mine(m moved) {
	if m.network != chain.Sandbox {
		return
	}
	w.exec(`INSERT INTO sandbox_transfers (txid, idx, contract, symbol, sender, receiver, units, mined_at,
			gone)
		VALUES ($1, 0, $2, 'USDT', 'payer', $3, $4, $5, false)
		ON CONFLICT (txid, idx) DO UPDATE SET gone = false`,
		m.txid, m.asset().Contract, m.address, m.units, m.at)
}

// record keeps a final transfer. s is nil when it concerns no session.
func (w *world) record(m moved, s *sale, disposition, orderNo string) {
	w.mine(m)
	var session, intent *string
	if s != nil {
		a, b := s.session(), s.intent()
		session, intent = &a, &b
	}
	a := m.asset()
	w.exec("DELETE FROM transfers WHERE txid = $1", m.txid)
	w.exec(`INSERT INTO transfers (network, txid, idx, symbol, contract, decimals, sender, receiver, units,
			height, block_id, block_time, project_id, session_id, intent_id, disposition, order_no,
			recorded_at)
		VALUES ($1, $2, 0, $3, $4, $5, 'payer', $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		string(m.network), m.txid, a.Symbol, a.Contract, int(a.Decimals), m.address, m.units, m.height(),
		m.block(), m.at, id(m.project), session, intent, disposition, orderNo, m.at.Add(time.Minute))
}

// settle pays a session by a transfer and answers the order number.
func (w *world) settle(s sale, m moved) ledger.OrderNo {
	no := w.book(w.payment(s, m))
	w.settleUnder(s, m, no)
	return no
}

// settleUnder pays a session by a transfer that is booked already.
func (w *world) settleUnder(s sale, m moved, no ledger.OrderNo) {
	w.orders[s.n] = no
	w.record(m, &s, "settled", string(no))
	w.exec(`UPDATE sessions SET receipt_intent_id = $2, receipt_network = $3, receipt_txid = $4,
			receipt_idx = 0, receipt_sender = 'payer', receipt_units = $5, receipt_height = $6,
			receipt_block_time = $7, receipt_order_no = $8, receipt_late = $9, status = 'settled',
			intent_id = $2, paid = $5, parts = 1
		WHERE id = $1`, s.session(), s.intent(), string(m.network), m.txid, m.units, m.height(), m.at,
		string(no), m.at.After(s.expires()))
	w.count(s, 0, 1)
	w.become(s, "settled", "payment.paid")
}

// undo takes a settlement back: the chain undid it.
func (w *world) undo(s sale, m moved, no ledger.OrderNo) {
	t := w.payment(s, m)
	t.OrderNo = no
	w.book(t.Reversal("", t.SourceRef, "the chain undid it", w.tick()))
	w.reopen(s, m)
	w.news(s, "payment.reversed")
}

// reopen is the part of undo that is not in the book.
func (w *world) reopen(s sale, m moved) {
	w.exec("UPDATE sandbox_transfers SET gone = true WHERE txid = $1", m.txid)
	w.exec("UPDATE transfers SET disposition = 'reversed' WHERE txid = $1", m.txid)
	w.exec(`UPDATE sessions SET receipt_intent_id = NULL, receipt_network = NULL, receipt_txid = NULL,
			receipt_idx = NULL, receipt_sender = NULL, receipt_units = NULL, receipt_height = NULL,
			receipt_block_time = NULL, receipt_order_no = NULL, receipt_late = NULL, status = 'awaiting', paid = 0, parts = 0
		WHERE id = $1`, s.session())
	w.count(s, 0, -1)
	w.become(s, "awaiting", "")
}

// part books a transfer that pays a session in part, at an address of its own.
func (w *world) part(s sale, m moved) ledger.OrderNo {
	no := w.book(w.payment(s, m))
	w.record(m, &s, "part", string(no))
	w.exec("UPDATE sessions SET paid = paid + $2, parts = parts + 1 WHERE id = $1", s.session(), m.units)
	w.become(s, "awaiting", "payment.partially_paid")
	return no
}

// complete makes the last of two parts the receipt of a session.
func (w *world) complete(s sale, m moved) {
	was := w.book(w.payment(s, m))
	w.settleUnder(s, m, was)
	w.exec(`UPDATE sessions SET parts = 2, paid = (SELECT sum(units) FROM transfers WHERE session_id = $1)
		WHERE id = $1`, s.session())
}
