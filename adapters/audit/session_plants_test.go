package audit

import (
	"fmt"
	"time"

	"github.com/101pay/101pay/domain/chain"
)

var sessionPlants = []plant{
	by("a session is another merchant's", "UPDATE sessions SET merchant_id = '"+id(2)+"' WHERE id = '"+
		opened.session()+"'", "session-owner", "news-owner"),
	by("an intent of no session", "UPDATE intents SET session_id = '"+id(999)+"' WHERE id = '"+
		waiting.intent()+"'", "session-intent"),
	by("a live session asks for play money", "UPDATE intents SET network = 'sandbox' WHERE id = '"+
		late.intent()+"'", "session-intent", "payment-exact", "figures-booked"),
	by("an intent by a method its session refuses", "UPDATE sessions SET method = 'btc' WHERE id = '"+
		waiting.session()+"'", "session-intent"),
	by("a session uses another's intent", "UPDATE sessions SET intent_id = '"+paid.intent()+"' WHERE id = '"+
		waiting.session()+"'", "session-intent"),
	by("payers are sent to a stranger", "UPDATE intents SET address = 'TThief' WHERE id = '"+
		waiting.intent()+"'", ruleAddress),
	by("payers of real money are sent to a removed address", "UPDATE receiving_accounts SET removed_at ="+
		" created_at", ruleAddress),
	by("payers of real money are sent to the sandbox's address", "UPDATE intents SET address = '"+
		string(chain.SandboxAddress("project "+id(12)))+"' WHERE id = '"+late.intent()+"'",
		ruleAddress, "payment-exact"),
	by("expired before its deadline", "UPDATE sessions SET updated_at = expires_at - interval '1 second'"+
		" WHERE id = '"+expired.session()+"'", "session-expired"),
	does("expired before its network was read", func(w *world) {
		w.exec("UPDATE cursors SET block_time = $1 WHERE network = 'sandbox'", expired.expires())
		w.exec("UPDATE sandbox_transfers SET mined_at = $1", dawn) // all of them long read
	}, "session-expired"),
	by("two intents hold one amount", `DROP INDEX intents_held; UPDATE intents SET units = `+
		fmt.Sprint(waiting.units())+` WHERE id = '`+seen.intent()+`'`, "intent-held-once"),
	by("an amount is let go at the deadline", "UPDATE intents SET held = false, hold_until ="+
		" now() + interval '300 years' WHERE id = '"+waiting.intent()+"'", "intent-held-long"),
	by("a transfer of no project", "UPDATE transfers SET project_id = '"+id(999)+"' WHERE txid = '5a'",
		"transfer-owner"),
	by("a transfer waits for another project", "UPDATE transfers SET project_id = '"+id(12)+"' WHERE txid = '2d'",
		"transfer-owner"),
	by("in sight for no session", "UPDATE sightings SET session_id = '"+id(999)+"'",
		"transfer-owner", "session-processing"),
	by("waits for a payment that is nowhere", "DELETE FROM sightings", "session-processing"),
	by("a held transfer has an order number", "UPDATE transfers SET order_no = '1' WHERE disposition = 'held'",
		"transfer-disposition"),
	by("an unmatched transfer has a session", "UPDATE transfers SET session_id = '"+paid.session()+"'"+
		", intent_id = '"+paid.intent()+"' WHERE txid = '5a'", "transfer-disposition"),
	does("a duplicate of nothing", func(w *world) {
		w.record(waiting.pays(time.Hour), &waiting, "duplicate", "")
		w.news(waiting, "payment.late")
	}, "transfer-disposition"),
	does("an in-time payment of an expired session is unmatched", func(w *world) {
		w.record(expired.pays(time.Minute), nil, "unmatched", "")
	}, "transfer-in-time"),
	by("waits for a source nobody asked for", "UPDATE intents SET sources = 1 WHERE session_id = '"+
		doubted.session()+"'", "transfer-in-time"),
	does("held without a reason", func(w *world) {
		w.exec("UPDATE transfers SET reason = NULL WHERE session_id = $1", doubted.session())
		w.news(doubted, "payment.late")
	}, "session-processing", "transfer-in-time"),
	by("nobody tells that no source agreed", "UPDATE transfers SET reason = 'no_second_source' WHERE session_id = '"+
		doubted.session()+"'", "session-processing", "news-late"),
	does("an in-time payment is held", func(w *world) {
		w.record(waiting.pays(30*time.Minute), &waiting, "held", "")
		w.news(waiting, "payment.late")
	}, "transfer-in-time"),
	by("a refusal is stored", "UPDATE answers SET status = 402 WHERE scope LIKE 'session%'", "answer"),
	by("an answer for nobody", "UPDATE answers SET scope = 'merchant "+id(999)+" test' WHERE scope LIKE 'merchant%'",
		"answer"),
}

var chainPlants = []plant{
	by("a cursor without a trail", "DELETE FROM cursor_trail WHERE network = 'tron'", "chain-cursor"),
	by("a cursor on another block than its trail", "UPDATE cursors SET block_id = 'x' WHERE network = 'tron'",
		"chain-cursor"),
	by("a trail beyond its cursor", "INSERT INTO cursor_trail SELECT network, height + 1, 'x', block_time,"+
		" updated_at FROM cursors WHERE network = 'tron'", "chain-cursor"),
	does("settled above the final height", func(w *world) {
		w.settle(waiting, waiting.pays(time.Minute))
		w.exec(`UPDATE transfers SET height = (SELECT height + 1 FROM cursors WHERE network = 'sandbox')
			WHERE session_id = $1`, waiting.session())
	}, "chain-final"),
	by("settled on a network nobody reads", "DELETE FROM cursors WHERE network = 'tron';"+
		"DELETE FROM cursor_trail WHERE network = 'tron'", "chain-final"),
	does("a payment that was read is not recorded", func(w *world) {
		w.mine(waiting.pays(time.Minute))
	}, "sandbox-lost"),
	does("an underpayment is not recorded", func(w *world) {
		m := waiting.pays(time.Minute)
		m.units /= 2
		w.mine(m)
	}, "sandbox-lost"),
	does("settled by a transfer that never was", func(w *world) {
		w.settle(waiting, waiting.pays(time.Minute))
		w.exec("DELETE FROM sandbox_transfers WHERE txid = $1", waiting.pays(0).txid)
	}, "sandbox-phantom"),
	by("settled by what the chain undid long ago", "UPDATE sandbox_transfers SET gone = true WHERE txid = '"+
		paid.pays(0).txid+"'", "sandbox-phantom"),
}
