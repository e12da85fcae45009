package audit

import "time"

var partPlants = []plant{
	by("a part is counted twice", "UPDATE sessions SET paid = paid + 1000000, parts = parts + 1 WHERE id = '"+
		started.session()+"'", "payment-parts"),
	by("a part is not counted", "UPDATE sessions SET paid = 0, parts = 0 WHERE id = '"+started.session()+"'",
		"payment-parts"),
	by("tolerance is taken back after the payment", "UPDATE intents SET tolerance = 0 WHERE id = '"+
		derived.intent()+"'", "payment-covered"),
	by("covered, and not settled", "UPDATE intents SET units = 1000000 WHERE id = '"+started.intent()+"'",
		"payment-covered"),
	by("a part at a shared address", "UPDATE intents SET tolerance = 0, matching = 'shared' WHERE id = '"+
		started.intent()+"'", "payment-part", "payment-exact", ruleAddress),
	by("a part is not booked", "UPDATE transfers SET order_no = '1' WHERE session_id = '"+started.session()+"'",
		"payment-booked", "payment-received"),
	by("a part is not told", "DELETE FROM webhook_events WHERE type = 'payment.partially_paid' AND session_id = '"+
		started.session()+"'", "news-paid"),
	by("a part that is let be enough is not told again", "UPDATE transfers SET decision = 'accepted', decided_at = now() "+
		"WHERE disposition = 'settled' AND session_id = '"+derived.session()+"'", "news-paid"),
	by("an address is two sessions'", "DROP INDEX intents_dedicated; UPDATE intents SET address = '"+
		parted.address+"' WHERE id = '"+started.intent()+"'", "address-once", "payment-exact", ruleAddress),
	by("an address is given to another before its time", "UPDATE dedicated_addresses SET session_id = '"+
		waiting.session()+"'", "address-once"),
	by("payers are sent to another project's address", "UPDATE address_sources SET project_id = '"+id(11)+"'",
		ruleAddress),
	does("a paid index is used again", func(w *world) {
		again := sale{derivedHouse, 16}
		w.ask(again)
		w.exec(`UPDATE intents SET matching = 'dedicated', created_at = $2, expires_at = $3, hold_until = $3,
			held = false WHERE id = $1`, again.intent(), dawn.Add(5*time.Hour), dawn.Add(6*time.Hour))
		w.exec("UPDATE intents SET hold_until = created_at WHERE id = $1", again.intent())
	}, "address-reused"),
	by("an address is not known to be paid", "UPDATE dedicated_addresses SET received = false, spent = false",
		"address-reused"),
}
