package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// errWatchLost says that another process may hold the watch now.
var errWatchLost = errors.New("the connection that holds the watch is lost")

// Hold implements ports.Watches.
func (s *Store) Hold(
	ctx context.Context, n chain.Network, fn func(ctx context.Context) error,
) (held bool, err error) {
	return s.hold(ctx, lockKey("watch", string(n)), fn)
}

// HoldRescan implements ports.Watches.
func (s *Store) HoldRescan(
	ctx context.Context, n chain.Network, fn func(ctx context.Context) error,
) (held bool, err error) {
	return s.hold(ctx, lockKey("rescan", string(n)), fn)
}

// Holder implements ports.Watches, by what the holder's connection calls itself.
func (s *Store) Holder(ctx context.Context, n chain.Network) (string, error) {
	row, err := one[holderRow](ctx, s.in(), `SELECT a.application_name AS name
		FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
		WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
			AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
			AND (l.classid::bigint << 32 | l.objid::bigint) = $1`, lockKey("watch", string(n)))
	if errors.Is(err, ports.ErrNotFound) {
		return "", nil
	}
	return row.Name, err
}

type holderRow struct{ Name string }

// maxName is how long PostgreSQL lets a connection's name be.
const maxName = 63

// ownName is what operators know this process by: its machine and its number there.
func ownName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	pid := fmt.Sprintf(" pid %d", os.Getpid())
	return host[:min(len(host), maxName-len(pid))] + pid
}

// hold runs fn behind a lock. The right is a lock of a session of its own: it ends with the
// connection, however the process ends, and the process notices when the connection does. A process
// that stands still loses it after leaseLimit.
func (s *Store) hold(
	ctx context.Context, key int64, fn func(ctx context.Context) error,
) (held bool, err error) {
	conn, err := s.connectLease(ctx)
	if err != nil {
		return false, translate(err)
	}
	defer disconnect(ctx, conn)
	if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", key).Scan(&held); err != nil {
		return false, translate(err)
	}
	if !held {
		return false, nil
	}
	inside, lose := context.WithCancelCause(ctx)
	guarded := make(chan struct{})
	listening, stop := context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer close(guarded)
		for {
			if err := waitAlive(listening, conn); err != nil {
				lose(fmt.Errorf("%w: %w", errWatchLost, err))
				return
			}
		}
	}()
	defer func() {
		stop()
		<-guarded
		lose(nil)
		letOff(ctx, conn, key)
	}()
	return true, fn(inside)
}

// letOff frees the lock before the connection is closed: the server frees it only some time after.
func letOff(ctx context.Context, conn *pgx.Conn, key int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), aliveLimit)
	defer cancel()
	_, _ = conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", key) // closing does it too, only later
}
