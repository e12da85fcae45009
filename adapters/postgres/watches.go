package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/101pay/101pay/domain/chain"
)

// errWatchLost says that another process may hold the watch now.
var errWatchLost = errors.New("the connection that holds the watch is lost")

// Hold implements ports.Watches. The right is a lock of a session of its own: it ends with the
// connection, however the process ends, and the process notices when the connection does.
func (s *Store) Hold(
	ctx context.Context, n chain.Network, fn func(ctx context.Context) error,
) (held bool, err error) {
	conn, err := s.connect(ctx)
	if err != nil {
		return false, translate(err)
	}
	defer disconnect(ctx, conn)
	key := lockKey("watch", string(n))
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
			if _, err := waitAlive(listening, conn); err != nil {
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
