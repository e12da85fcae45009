package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// rollPrefix begins the names of workers that attend. A worker with another name, as one of an
	// older version, holds no lock, so that nobody can tell whether it lives.
	rollPrefix = "attending-"
	rollPace   = 2 * time.Second // between two looks for what the dead left behind
	rollLimit  = 5 * time.Second // of one look
	rollBatch  = 1000            // workers and jobs of one look; the next one goes on
)

// WorkerName implements worker.Roll.
func (s *Store) WorkerName() string { return rollPrefix + rand.Text() }

// Attend implements worker.Roll. That a worker lives is a lock of a session of its own, which ends
// with the connection however the process ends. The same connection takes back the jobs of workers
// without a lock: whoever lost his own cannot judge others. The first look comes a pause after the
// beginning, so that all whom a restart of the database cut off can come back before.
func (s *Store) Attend(ctx context.Context, worker string, attending func()) error {
	conn, err := s.connectLease(ctx)
	if err != nil {
		return translate(err)
	}
	defer disconnect(ctx, conn)
	key := lockKey("worker", worker)
	var alone bool
	if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", key).Scan(&alone); err != nil {
		return translate(err)
	}
	if !alone {
		return fmt.Errorf("worker %s attends already", worker)
	}
	defer letOff(ctx, conn, key)
	attending()
	pace := time.NewTicker(rollPace)
	defer pace.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-pace.C:
		}
		if err := takeBack(ctx, conn); err != nil && ctx.Err() == nil {
			return fmt.Errorf("take back jobs of dead workers: %w", err)
		}
	}
}

// takeBack has the jobs of dead workers run again. Whoever has a running job took his lock before,
// so the jobs are read first and the locks after; a worker without one then is dead, or has lost
// the connection that says otherwise, and a job that runs twice does no harm.
func takeBack(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, rollLimit)
	defer cancel()
	rows, _ := conn.Query(ctx, `SELECT DISTINCT attempted_by[array_upper(attempted_by, 1)] AS worker
		FROM river_job WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] LIKE $1
		LIMIT $2`, rollPrefix+"%", rollBatch)
	working, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	keys := make([]int64, len(working))
	for i, worker := range working {
		keys[i] = lockKey("worker", worker)
	}
	rows, _ = conn.Query(ctx, `SELECT w.name FROM unnest($1::text[], $2::bigint[]) AS w (name, key)
		WHERE NOT EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted
			AND l.objsubid = 1 AND (l.classid::bigint << 32 | l.objid::bigint) = w.key
			AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))`,
		working, keys)
	dead, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(dead) == 0 {
		return err
	}
	// The death of its process is no error of a job: those put off its next attempt. What was asked to
	// be cancelled, and what has had all its attempts, is for the queue's own rescue to end.
	_, err = conn.Exec(ctx, `UPDATE river_job SET state = 'available', scheduled_at = now(),
			metadata = metadata || jsonb_build_object('river:rescue_count',
				coalesce((metadata ->> 'river:rescue_count')::int, 0) + 1)
		WHERE id IN (
			SELECT id FROM river_job
			WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = ANY($1::text[])
				AND attempt < max_attempts AND NOT metadata ? 'cancel_attempted_at'
			ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)`, dead, rollBatch)
	return err
}
