package audit

import (
	"time"

	"github.com/101pay/101pay/domain/ledger"
)

var paymentPlants = []plant{
	by("a paid session's transfer is gone", "DELETE FROM transfers WHERE session_id = '"+late.session()+"'",
		"payment-receipt", "payment-received", "payment-parts"),
	by("a paid session's transfer was undone", "UPDATE transfers SET disposition = 'reversed' WHERE"+
		" session_id = '"+late.session()+"'", "payment-receipt", "payment-received", "payment-undone", "payment-parts"),
	by("a receipt names another order number", "UPDATE sessions SET receipt_order_no = '1' WHERE id = '"+
		paid.session()+"'", "payment-receipt"),
	by("a receipt is of more than arrived", "UPDATE sessions SET receipt_units = receipt_units + 1 WHERE id = '"+
		paid.session()+"'", "payment-receipt"),
	does("settled without a booking", func(w *world) {
		m := waiting.pays(time.Minute)
		w.record(m, &waiting, "settled", "20260701000000900")
		w.exec(`UPDATE sessions SET receipt_intent_id = $2, receipt_network = 'sandbox', receipt_txid = $3,
			receipt_idx = 0, receipt_sender = 'payer', receipt_units = $4, receipt_height = 1,
			receipt_block_time = $5, receipt_order_no = '20260701000000900', receipt_late = false,
			status = 'settled' WHERE id = $1`, waiting.session(), waiting.intent(), m.txid, m.units, m.at)
		w.count(waiting, 0, 1)
	}, "payment-booked", "payment-parts", "payment-covered"),
	does("settled without news", func(w *world) {
		w.settle(waiting, waiting.pays(time.Minute))
		w.exec("DELETE FROM webhook_events WHERE type = 'payment.paid' AND session_id = $1", waiting.session())
	}, "news-paid"),
	does("booked, and the session not paid", func(w *world) {
		m := waiting.pays(time.Minute)
		w.record(m, &waiting, "settled", string(w.book(w.payment(waiting, m))))
	}, "payment-session", "news-paid", "payment-parts"),
	does("a session is paid by two transfers", func(w *world) {
		m := paid.pays(6 * time.Minute)
		m.txid = "2e"
		w.record(m, &paid, "settled", string(w.book(w.payment(paid, m))))
		w.news(paid, "payment.paid")
	}, "payment-session", "news-version", "payment-parts"),
	does("a lesser amount settles", func(w *world) {
		m := waiting.pays(time.Minute)
		m.units--
		w.settle(waiting, m)
	}, "payment-exact", "payment-covered"),
	does("a merchant let another session's transfer pay", func(w *world) {
		w.settle(waiting, waiting.pays(time.Minute))
		w.exec(`UPDATE transfers SET decision = 'accepted', decided_at = now(), symbol = 'USDX'
			WHERE session_id = $1`, waiting.session())
	}, "payment-exact", "payment-posted"),
	does("a worthless token settles", func(w *world) {
		w.settle(waiting, waiting.pays(time.Minute))
		w.exec("UPDATE transfers SET contract = 'fake' WHERE session_id = $1", waiting.session())
		w.exec(`UPDATE sandbox_transfers SET contract = 'fake' WHERE txid = $1`,
			waiting.pays(0).txid)
	}, "payment-exact"),
	does("a payment to somebody else settles", func(w *world) {
		m := waiting.pays(time.Minute)
		m.address = "elsewhere"
		w.settle(waiting, m)
	}, "payment-exact"),
	does("a payment after the window settles", func(w *world) {
		w.settle(waiting, waiting.pays(25*time.Hour))
		w.exec("UPDATE cursors SET height = height * 2, block_id = 'f'")
		w.exec("INSERT INTO cursor_trail SELECT * FROM cursors")
	}, "payment-late"),
	by("a late payment is called in time", "UPDATE sessions SET receipt_late = false WHERE id = '"+
		late.session()+"'", "payment-late"),
	does("a payment older than its intent settles", func(w *world) {
		w.settle(waiting, waiting.pays(-2*time.Minute))
	}, "payment-late"),
	does("booked for another session", func(w *world) {
		m := waiting.pays(time.Minute)
		t := w.payment(waiting, m)
		t.SessionID = opened.session()
		no := w.book(t)
		w.settleUnder(waiting, m, no)
	}, "payment-booked", "news-paid"),
	does("booked for another transfer", func(w *world) {
		m := waiting.pays(time.Minute)
		t := w.payment(waiting, m)
		t.SourceRef = "sandbox:ff:0:" + m.block()[:16]
		w.settleUnder(waiting, m, w.book(t))
	}, "payment-booked", "payment-received"),
	does("reversed, and still paid", func(w *world) {
		t := w.payment(waiting, waiting.pays(time.Minute))
		t.OrderNo = w.settle(waiting, waiting.pays(time.Minute))
		w.book(t.Reversal("", t.SourceRef, "", w.tick()))
		w.become(waiting, "settled", "payment.reversed")
	}, "payment-booked", "payment-received"),
	does("booked out of thin air", func(w *world) {
		w.book(w.payment(waiting, waiting.pays(time.Minute)))
		w.news(waiting, "payment.paid")
	}, "payment-received"),
	does("more is booked than arrived", func(w *world) {
		m := waiting.pays(time.Minute)
		t := w.payment(waiting, m)
		t.Postings[0].Amount = usdt(w.t, m.units+1)
		w.settleUnder(waiting, m, w.book(t))
	}, "payment-posted"),
	does("a payment is booked as the merchant's own word", func(w *world) {
		m := waiting.pays(time.Minute)
		t := w.payment(waiting, m)
		t.Postings[0].Destination = ledger.Of(t.MerchantID, t.Mode, ledger.Charged)
		w.settleUnder(waiting, m, w.book(t))
	}, "payment-posted"),
	does("a payment comes from another network", func(w *world) {
		m := waiting.pays(time.Minute)
		t := w.payment(waiting, m)
		t.Postings[0].Source = ledger.World(t.Mode, "tron")
		w.settleUnder(waiting, m, w.book(t))
	}, "payment-posted"),
	does("a payment is booked in another asset", func(w *world) {
		m := waiting.pays(time.Minute)
		w.settle(waiting, m)
		w.exec("UPDATE transfers SET symbol = 'USDC' WHERE txid = $1", m.txid)
		w.exec("UPDATE intents SET symbol = 'USDC' WHERE id = $1", waiting.intent())
	}, "payment-posted", "figures-booked"),
	does("a payment is posted twice in one transaction", func(w *world) {
		m := waiting.pays(time.Minute)
		t := w.payment(waiting, m)
		t.Postings = append(t.Postings, t.Postings[0])
		w.settleUnder(waiting, m, w.book(t))
	}, "payment-posted"),
	does("test money is booked as real", func(w *world) {
		s := waiting
		s.mode = 2
		m := s.pays(time.Minute)
		w.settleUnder(waiting, m, w.book(w.payment(s, m)))
	}, "book-owner", "payment-booked", "payment-posted"),
	does("a reversal takes back another amount", func(w *world) {
		m := waiting.pays(time.Minute)
		w.undo(waiting, m, w.settle(waiting, m))
		w.exec("UPDATE postings SET amount = 1 WHERE order_no = (SELECT max(order_no) FROM transactions)")
	}, "payment-reversal", ruleContent, "figures-booked"),
	does("a reversal moves the money again", func(w *world) {
		m := waiting.pays(time.Minute)
		t := w.payment(waiting, m)
		t.OrderNo = w.settle(waiting, m)
		back := t.Reversal("", t.SourceRef, "", w.tick())
		back.Postings = t.Postings
		w.book(back)
		w.reopen(waiting, m)
		w.news(waiting, "payment.reversed")
	}, "payment-reversal"),
	does("a reversal of nothing", func(w *world) {
		t := w.payment(paid, paid.pays(time.Minute))
		t.OrderNo = "20260701000000888"
		t.SourceRef = "sandbox:cc:0:d"
		w.book(t.Reversal("", t.SourceRef, "", w.tick()))
		w.news(paid, "payment.reversed")
	}, "payment-reversal", "news-version"),
	does("a reversal comes before what it reverses", func(w *world) {
		m := waiting.pays(time.Minute)
		t := w.payment(waiting, m)
		back := t.Reversal("", t.SourceRef, "", w.tick())
		back.Reverses = "20260701000000777"
		w.book(back)
		t.OrderNo = "20260701000000777"
		w.settleUnder(waiting, m, w.book(t))
		w.reopen(waiting, m)
		w.news(waiting, "payment.reversed")
	}, "payment-reversal"),
	does("one booking is reversed twice", func(w *world) {
		w.exec("DROP INDEX transactions_cause")
		m := waiting.pays(time.Minute)
		t := w.payment(waiting, m)
		t.OrderNo = w.settle(waiting, m)
		w.undo(waiting, m, t.OrderNo)
		w.book(t.Reversal("", t.SourceRef, "", w.tick()))
		w.become(waiting, "awaiting", "payment.reversed")
	}, "book-cause-once", "payment-reversal"),
	does("undone on chain and not in the book", func(w *world) {
		m := waiting.pays(time.Minute)
		w.settle(waiting, m)
		w.reopen(waiting, m)
	}, "payment-received", "payment-undone"),
}
