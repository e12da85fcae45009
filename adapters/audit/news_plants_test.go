package audit

var newsPlants = []plant{
	by("another merchant is told", "UPDATE webhook_events SET merchant_id = '"+id(2)+"', project_id = '"+id(12)+
		"' WHERE type = 'payment.detected'", "news-owner"),
	by("told of an unknown session", "UPDATE webhook_events SET session_id = 'x' WHERE type = 'payment.detected'",
		"news-owner"),
	by("test news is told as live", "UPDATE webhook_events SET mode = 'live' WHERE type = 'payment.detected'",
		"news-owner"),
	does("told as paid, and never paid", func(w *world) {
		w.become(waiting, "awaiting", "payment.paid")
	}, "news-paid"),
	does("told as paid twice", func(w *world) {
		w.become(paid, "settled", "payment.paid")
	}, "news-paid"),
	by("a reversal is not told", "DELETE FROM webhook_events WHERE type = 'payment.reversed' AND session_id = '"+
		undone.session()+"'", "news-paid"),
	by("a session's begin is not told", "DELETE FROM webhook_events WHERE type = 'payment.created' AND"+
		" session_id = '"+waiting.session()+"'", "news-session"),
	by("an expiry is not told", "DELETE FROM webhook_events WHERE type = 'payment.expired' AND session_id = '"+
		lapsed.session()+"'", "news-session"),
	does("a false cancellation is told", func(w *world) {
		w.become(waiting, "awaiting", "payment.cancelled")
	}, "news-session"),
	by("a waiting transfer is not told", "DELETE FROM webhook_events WHERE type = 'payment.late' AND"+
		" session_id = '"+twice.session()+"'", "news-late"),
	does("two changes share a version", func(w *world) {
		w.news(seen, "payment.reverted")
	}, "news-version"),
	by("an event is ahead of its session", "UPDATE webhook_events SET version = 99 WHERE type ="+
		" 'payment.detected'", "news-version"),
	by("late news is ahead of its session", "UPDATE webhook_events SET version = 99 WHERE type ="+
		" 'payment.late' AND session_id = '"+twice.session()+"'", "news-version"),
	by("a higher version is older", "UPDATE webhook_events SET created_at = created_at - interval '1 hour'"+
		" WHERE type = 'payment.detected'", "news-version"),
}

var deliveryPlants = []plant{
	by("an endpoint is another merchant's", "UPDATE webhook_endpoints SET merchant_id = '"+id(2)+"'",
		"endpoint-owner"),
	by("an endpoint of the other mode is owed", "UPDATE webhook_endpoints SET mode = 'live'",
		"delivery-owner"),
	by("a delivery of no event", "UPDATE webhook_deliveries SET event_id = 'evt_x' WHERE id = 'del_gone'",
		"delivery-owner"),
	by("a removed endpoint is owed", "UPDATE webhook_deliveries SET endpoint_id = 'we_gone' WHERE id = 'del_again';"+
		`UPDATE river_job SET args = args || '{"endpoint_id": "we_gone"}' WHERE state = 'running'`,
		"delivery-owner"),
	by("an event is owed twice", "UPDATE webhook_deliveries SET endpoint_id = 'we_1' WHERE id = 'del_gone'",
		"delivery-owner"),
	by("an attempt is not on record", "DELETE FROM webhook_attempts WHERE delivery_id = 'del_waits'",
		"delivery-attempts"),
	by("an attempt of nothing", "INSERT INTO webhook_attempts SELECT 'del_x', 1, at, 1, 200, 'delivered', ''"+
		" FROM webhook_attempts WHERE delivery_id = 'del_waits'", "delivery-attempts"),
	by("called delivered after a failure", "UPDATE webhook_attempts SET outcome = 'timeout' WHERE delivery_id ="+
		" 'del_reached' AND number = 2", "delivery-attempts"),
	by("pending without a next attempt", "UPDATE webhook_deliveries SET next_at = NULL WHERE id = 'del_waits'",
		"delivery-attempts"),
	by("pending without a job", "DELETE FROM river_job WHERE args ->> 'delivery_id' = 'del_waits'",
		"delivery-job"),
	by("pending, and its job gave up", "UPDATE river_job SET state = 'discarded' WHERE args ->> 'delivery_id' ="+
		" 'del_waits'", "delivery-job"),
	by("pending, and its job is of an older round", "UPDATE river_job SET state = 'available' WHERE state ="+
		" 'discarded'; DELETE FROM river_job WHERE state = 'running'", "delivery-job"),
	by("a job of no delivery", `UPDATE river_job SET args = args || '{"delivery_id": "del_x"}' WHERE state =`+
		" 'completed'", "job-delivery"),
}
