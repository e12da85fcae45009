package audit

import (
	"time"

	"github.com/101pay/101pay/domain/ledger"
)

var bookPlants = []plant{
	by("a description is edited", "UPDATE transactions SET description = 'coffee' WHERE order_no = "+
		first("charge"), ruleContent),
	by("an amount is edited", "UPDATE postings SET amount = 1000 WHERE order_no = "+first("charge"),
		ruleContent, "figures-booked"),
	by("a currency is written another way", "UPDATE postings SET currency = 'USDT/06' WHERE order_no = "+
		first("charge"), ruleContent, "figures-booked"),
	by("an edit hides behind its own hash", "UPDATE transactions SET content = sha256('x') WHERE order_no = "+
		first("charge"), ruleContent, ruleChain),
	by("a link is replaced", "UPDATE transactions SET chain = sha256('x') WHERE sequence = 2 AND mode = 'test'"+
		" AND merchant_id = '"+id(1)+"'", ruleChain),
	by("the last link is replaced", `UPDATE transactions t SET chain = sha256('x') FROM ledger_heads h
		WHERE (t.merchant_id, t.mode, t.sequence) = (h.merchant_id, h.mode, h.sequence) AND h.merchant_id = '`+id(2)+
		"' AND h.mode = 'live'", ruleChain, "book-head"),
	by("a charge is deleted", `DELETE FROM postings WHERE order_no = (SELECT order_no FROM transactions
			WHERE kind = 'charge' AND mode = 'test');
		DELETE FROM transactions WHERE kind = 'charge' AND mode = 'test'`, ruleSequence, "figures-booked"),
	by("a head is behind", "UPDATE ledger_heads SET sequence = sequence - 1 WHERE sequence > 0 AND mode = 'live'",
		"book-head"),
	by("a merchant has no head", "DELETE FROM ledger_heads WHERE sequence = 0", "book-head"),
	does("an order number is of tomorrow", func(w *world) {
		t := w.charge(tester, ledger.Charged, 1)
		t.OrderNo, t.SourceRef = "20260702000000001", "20260702000000001"
		w.book(t)
		w.exec("INSERT INTO order_days VALUES ('2026-07-02', 5)")
	}, "book-order-number"),
	does("an order number was never given out", func(w *world) {
		t := w.charge(tester, ledger.Charged, 1)
		t.OrderNo, t.SourceRef = "20260701000001001", "20260701000001001"
		w.book(t)
	}, "book-order-number"),
	does("an order number is short", func(w *world) {
		t := w.charge(tester, ledger.Charged, 1)
		t.OrderNo, t.SourceRef = "2026070100001", "2026070100001"
		w.book(t)
	}, "book-order-number"),
	// The two stand side by side where the book is walked.
	does("an order number is given twice", func(w *world) {
		w.exec("ALTER TABLE transactions DROP CONSTRAINT transactions_pkey;" +
			"ALTER TABLE postings DROP CONSTRAINT postings_pkey")
		t := w.charge(tester, ledger.Charged, 1)
		t.OrderNo, t.SourceRef = w.orders[late.n], string(w.orders[late.n])
		w.book(t)
	}, "book-order-once"),
	does("a transfer is booked twice", func(w *world) {
		w.exec("DROP INDEX transactions_cause")
		w.book(w.payment(paid, paid.pays(5*time.Minute)))
	}, "book-cause-once", "payment-received", "news-paid"),
	does("a transaction is another merchant's project's", func(w *world) {
		t := w.charge(tester, ledger.Charged, 1)
		t.ProjectID = "00000000-0000-4000-8000-000000000012"
		w.book(t)
	}, "book-owner"),
	by("a posting belongs to nothing", `INSERT INTO postings VALUES (20260701000000999, 0, '`+id(1)+
		`', 'world:test:merchant', 'merchant:`+id(1)+`:test:charges', 'USDT/6', 1)`, "book-posting"),
	does("a transaction moves nothing", func(w *world) {
		t := w.charge(tester, ledger.Charged, 1)
		t.Postings = nil
		w.book(t)
	}, "book-posting"),
	by("postings have a gap", "UPDATE postings SET position = 1 WHERE order_no = "+first("charge"),
		"book-posting", "book-charge"),
	by("an amount is no number", `ALTER TABLE postings DROP CONSTRAINT postings_amount_check;
		UPDATE postings SET amount = 'NaN' WHERE order_no = `+first("charge"), ruleContent, "book-posting",
		"figures-booked"),
	does("test money reaches a live account", func(w *world) {
		t := w.charge(tester, ledger.Charged, 1)
		t.Postings[0].Destination = "merchant:00000000-0000-4000-8000-000000000001:live:recorded"
		w.book(t)
	}, "book-account", "book-charge"),
	does("money reaches another merchant", func(w *world) {
		t := w.charge(tester, ledger.Charged, 1)
		t.Postings[0].Destination = "merchant:00000000-0000-4000-8000-000000000002:test:charges"
		w.book(t)
	}, "book-account", "book-charge"),
	does("more is taken back than came", func(w *world) {
		t := w.charge(tester, ledger.Charged, 1_000_000)
		p := &t.Postings[0]
		p.Source, p.Destination = p.Destination, p.Source
		w.book(t)
	}, "book-balance", "book-charge"),
	does("a live charge passes for money received", func(w *world) {
		w.book(w.charge(seller, ledger.Received+"tron", 5))
	}, "book-charge"),
	does("a live charge is not called recorded", func(w *world) {
		w.book(w.charge(seller, ledger.Charged, 5))
	}, "book-charge"),
	does("a charge claims a session", func(w *world) {
		t := w.charge(tester, ledger.Charged, 5)
		t.SessionID = opened.session()
		w.book(t)
	}, "book-charge"),
}

var figurePlants = []plant{
	by("an entry is in no sum", "UPDATE ledger_days SET entries = entries - 1 WHERE entries > 1 AND place = 'sandbox'",
		"figures-booked"),
	by("a sum is of more than was booked", "UPDATE ledger_days SET amount = amount + 1 WHERE kind = 'charge' AND mode = 'test'",
		"figures-booked"),
	by("a sum is of another day", "UPDATE ledger_days SET day = day + 1 WHERE place = 'tron'", "figures-booked"),
	by("a sum is of what came over another network", "UPDATE ledger_days SET place = 'base' WHERE place = 'tron'",
		"figures-booked"),
	by("a sum is of another currency", "UPDATE ledger_days SET currency = 'USDC/6' WHERE place = 'tron'", "figures-booked"),
	by("a sum is worth more than was asked", "UPDATE ledger_days SET worth = worth + 1 WHERE place = 'tron'", "figures-booked"),
	by("a sum is of nothing", "INSERT INTO ledger_days VALUES ('"+id(11)+"', 'live', '2026-07-01', 'charge', 'recorded',"+
		" 'USDT/6', '', '', 1, 1, 0)", "figures-booked"),
	by("a sum is missing", "DELETE FROM ledger_days WHERE place = 'tron'", "figures-booked"),
	by("a session is not counted", "UPDATE session_days SET opened = opened - 1 WHERE opened > 0 AND mode = 'live'",
		"figures-opened"),
	by("a session is counted as paid twice", "UPDATE session_days SET settled = settled + 1 WHERE slot = 0 AND mode = 'live'",
		"figures-opened"),
	by("sessions are counted on another day", "UPDATE session_days SET day = day - 1 WHERE mode = 'live'", "figures-opened"),
	by("sessions of nobody are counted", "INSERT INTO session_days VALUES ('"+id(11)+"', 'live', '2026-07-01', 1, 1, 0)",
		"figures-opened"),
}
