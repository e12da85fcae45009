package postgres

// Sessions are counted by the day they were opened, in parts. A unit of work changes the part of its
// connection, and holds the row until it commits: one row for all would make openings wait for one
// another's disk, at a quarter of the rate (design). Part 0 is for who settles: he holds the head of the
// merchant's chain anyway, and a part of his own keeps him from waiting for who opens.
//
// One order of days, so that two batches that meet never wait for each other.
const (
	countOpened = `
		INSERT INTO session_days AS d (project_id, mode, day, slot, opened, settled)
		SELECT project_id, mode, (created_at AT TIME ZONE 'UTC')::date, 1 + pg_backend_pid() % 16, count(*), 0
		FROM added
		GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
		ON CONFLICT (project_id, mode, day, slot) DO UPDATE SET opened = d.opened + excluded.opened`

	countSettled = `
		INSERT INTO session_days AS d (project_id, mode, day, slot, opened, settled)
		SELECT project_id, mode, (created_at AT TIME ZONE 'UTC')::date, 0, 0,
			count(*) FILTER (WHERE status = 'settled') - count(*) FILTER (WHERE was = 'settled')
		FROM saved WHERE (status = 'settled') <> (was = 'settled')
		GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
		ON CONFLICT (project_id, mode, day, slot) DO UPDATE SET settled = d.settled + excluded.settled`
)
