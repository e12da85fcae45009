package postgres

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// borrowings is how many connections a read is tried on when those before were dead before anything
// was asked of them: as many as database/sql tries.
const borrowings = 3

// lender lends the driver's own connection, on which a read costs a fraction of what it costs through
// database/sql. Nobody keeps what use is given, nor rows of it.
type lender interface {
	lend(ctx context.Context, use func(*pgx.Conn) error) error
}

// lend gives a connection of the pool. use may run again on another one.
func (s *Store) lend(ctx context.Context, use func(*pgx.Conn) error) error {
	for attempt := 1; ; attempt++ {
		err := s.lendOne(ctx, use)
		if err == nil || attempt == borrowings || ctx.Err() != nil || !pgconn.SafeToRetry(err) {
			return err
		}
	}
}

func (s *Store) lendOne(ctx context.Context, use func(*pgx.Conn) error) error {
	bound, cancel := context.WithTimeout(ctx, acquireLimit)
	defer cancel()
	conn, err := s.pool.Acquire(bound)
	if err != nil {
		return err
	}
	defer conn.Release()
	return use(conn.Conn())
}

// lend gives the connection the unit of work's transaction runs on, as long as it runs.
func (u *unit) lend(_ context.Context, use func(*pgx.Conn) error) error {
	return u.conn.Raw(func(driverConn any) error {
		conn, ok := driverConn.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("a connection of %T is not the driver's", driverConn)
		}
		if conn.Conn().PgConn().TxStatus() == outsideTransaction {
			return sql.ErrTxDone // what is read now would not be of this unit of work
		}
		return use(conn.Conn())
	})
}

// outsideTransaction is how the server says that no transaction runs on a connection.
const outsideTransaction = 'I'
