package audit

import (
	"time"

	"github.com/101pay/101pay/domain/ledger"
)

// Orders that programs pay, in the seeded world, and their authorizations.
var (
	ordered  = sale{tester, 20} // paid by a program
	overpaid = sale{tester, 21} // paid by a person, and by a program after him
	pays20   = agent{tester, rehearsing, 20}
	pays21   = agent{tester, rehearsing, 21}
)

// authorized makes an intent of a session one that a program pays.
func (w *world) authorized(s sale) {
	w.exec("UPDATE intents SET matching = 'authorized', held = false, hold_until = created_at WHERE id = $1", s.intent())
}

// shows is the transfer of a program's payment of a session on the sandbox chain.
func (w *world) shows(s sale, a agent, m moved, disposition, orderNo string) {
	w.record(m, &s, disposition, orderNo)
	w.exec("UPDATE transfers SET sender = $2 WHERE txid = $1", m.txid, "0x"+a.payer())
	w.exec("UPDATE sandbox_transfers SET sender = $2 WHERE txid = $1", m.txid, "0x"+a.payer())
}

// authorizes settles an authorization for a session.
func (w *world) authorizes(s sale, a agent, orderNo ledger.OrderNo) {
	w.claim(a)
	w.exec(`UPDATE x402_settlements SET status = 'settled', txid = decode($2, 'hex'), order_no = $3, settled_at = $4,
		look_at = NULL, session_id = $5, value = $6, price = $6 WHERE id = $1`,
		a.id(), a.tx(), string(orderNo), w.tick(), s.session(), s.units())
	w.exec(`INSERT INTO x402_answers VALUES (`+a.key()+`, 200, '{}', '{}', $1)`, w.tick())
}

// programs writes what is lawful of orders that programs pay.
func (w *world) programs() {
	w.ask(ordered)
	w.authorized(ordered)
	m := ordered.pays(5 * time.Minute)
	no := w.settle(ordered, m)
	w.exec("UPDATE sessions SET receipt_sender = $2 WHERE id = $1", ordered.session(), "0x"+pays20.payer())
	w.shows(ordered, pays20, m, "settled", string(no))
	w.authorizes(ordered, pays20, no)

	w.ask(overpaid)
	w.settle(overpaid, overpaid.pays(5*time.Minute))
	w.exec(`INSERT INTO intents SELECT (i.x).* FROM (SELECT jsonb_populate_record(n, jsonb_build_object('id', $2::text,
			'matching', 'authorized', 'held', false, 'hold_until', n.created_at)) AS x FROM intents n WHERE n.id = $1) i`,
		overpaid.intent(), id(299))
	again := overpaid.pays(6 * time.Minute)
	again.txid = hashed("again", 21)
	w.shows(overpaid, pays21, again, "duplicate", "")
	w.exec("UPDATE transfers SET intent_id = $2 WHERE txid = $1", again.txid, id(299))
	w.news(overpaid, "payment.late")
	w.authorizes(overpaid, pays21, "")
}

var orderPlants = []plant{
	by("an order's settlement has no transfer", "UPDATE x402_settlements SET value = value + 1"+of(pays20),
		"agent-order"),
	by("an order's settlement names another booking", "UPDATE x402_settlements SET order_no = '20260701000000901'"+of(pays20),
		"agent-order"),
	by("an order's settlement is booked nowhere", "UPDATE x402_settlements SET order_no = ''"+of(pays20), "agent-order"),
	by("an order was paid by what nobody authorized", "UPDATE x402_settlements SET status = 'failed', reason = 'reverted',"+
		" settled_at = NULL, order_no = ''"+of(pays20), "agent-order"),
	by("a second payment is nobody's", "DELETE FROM transfers WHERE txid = '"+hashed("again", 21)+"'",
		"agent-order", "agent-answer", "sandbox-lost"),
}
