package audit

// queueTable is the job queue's. It belongs to a library, and only its rows are looked at.
const queueTable = "river_job"

// deliveryRules hold what is owed to endpoints against the attempts to pay it, and against the jobs
// that will go on trying. Which endpoints an event was owed to when it happened is not in the rows:
// an endpoint's wishes change and their history is not kept.
var deliveryRules = []rule{
	{
		name:    "endpoint-owner",
		checked: `SELECT count(*) FROM webhook_endpoints`,
		broken: `
			SELECT w.id, 'its project is not its merchant''s'
			FROM webhook_endpoints w LEFT JOIN projects p ON p.id = w.project_id
			WHERE p.merchant_id IS DISTINCT FROM w.merchant_id`,
	},
	{
		name:    "delivery-owner",
		checked: `SELECT count(*) FROM webhook_deliveries`,
		// An event is owed to an endpoint of its own project and mode, once. An endpoint that was
		// removed is owed nothing more.
		broken: `
			SELECT d.id, CASE
				WHEN e.id IS NULL THEN 'its event is unknown'
				WHEN w.id IS NULL THEN 'pending, and its endpoint is gone'
				ELSE 'its event, endpoint and owner disagree' END
			FROM webhook_deliveries d
			LEFT JOIN webhook_events e ON e.id = d.event_id
			LEFT JOIN webhook_endpoints w ON w.id = d.endpoint_id
			WHERE (e.merchant_id, e.created_at) IS DISTINCT FROM (d.merchant_id, d.event_at)
				OR (w.project_id, w.mode) <> (e.project_id, e.mode)
				OR d.status = 'pending' AND w.id IS NULL
			UNION ALL
			SELECT min(id), 'event ' || event_id || ' is owed ' || count(*) || ' times to ' || endpoint_id
			FROM webhook_deliveries GROUP BY event_id, endpoint_id HAVING count(*) > 1`,
	},
	{
		name:    "delivery-attempts",
		checked: `SELECT count(*) FROM webhook_deliveries`,
		// Every attempt is on record, numbered from 1; "delivered" is what the last one says; and a next
		// one is planned if and only if the delivery is pending.
		broken: `
			SELECT d.id, d.status || ' after ' || d.attempts || ' attempts; on record are ' ||
				coalesce(a.n, 0) || ', the last is number ' || coalesce(a.last, 0) || ' and says ' ||
				coalesce(l.outcome, 'nothing') || '; the next is ' || coalesce('at ' || d.next_at, 'not planned')
			FROM webhook_deliveries d
			LEFT JOIN (
				SELECT delivery_id, count(*) AS n, max(number) AS last FROM webhook_attempts
				GROUP BY delivery_id
			) a ON a.delivery_id = d.id
			LEFT JOIN webhook_attempts l ON l.delivery_id = d.id AND l.number = d.attempts
			WHERE (coalesce(a.n, 0), coalesce(a.last, 0)) <> (d.attempts, d.attempts)
				OR d.status = 'delivered' AND l.outcome IS DISTINCT FROM 'delivered'
				OR (d.status = 'pending') <> (d.next_at IS NOT NULL)
			UNION ALL
			SELECT a.delivery_id, 'attempt ' || a.number || ' of no delivery'
			FROM webhook_attempts a
			WHERE NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.id = a.delivery_id)`,
	},
	{
		name:    "delivery-job",
		checked: `SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'`,
		needs:   queueTable,
		// What is pending has a job that will make its next attempt. A job that gave up, or that a
		// replay overtook, makes none.
		broken: `
			SELECT d.id, 'pending, and no job will make attempt ' || d.attempts + 1 || ' of round ' || d.round
			FROM webhook_deliveries d
			WHERE d.status = 'pending' AND NOT EXISTS (
				SELECT FROM river_job j
				WHERE j.kind = 'webhook_deliver' AND j.args ->> 'delivery_id' = d.id
					AND j.state::text IN ('available', 'scheduled', 'running', 'retryable')
					AND j.args ->> 'round' = d.round::text
					AND j.args ->> 'attempt' = (d.attempts + 1)::text
					AND j.args ->> 'endpoint_id' = d.endpoint_id)`,
	},
	{
		name:    "job-delivery",
		checked: `SELECT count(*) FROM river_job WHERE kind = 'webhook_deliver'`,
		needs:   queueTable,
		// A job is enqueued with its delivery or not at all.
		broken: `
			SELECT 'job ' || j.id, 'it is for the unknown delivery ' ||
				coalesce(j.args ->> 'delivery_id', '')
			FROM river_job j
			WHERE j.kind = 'webhook_deliver' AND NOT EXISTS (
				SELECT FROM webhook_deliveries d WHERE d.id = j.args ->> 'delivery_id')`,
	},
}
