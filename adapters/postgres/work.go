package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/ports"
)

// How a unit of work that collided is repeated.
const (
	maxAttempts = 6
	firstPause  = 5 * time.Millisecond // doubled after each attempt, with jitter

	// commitLimit bounds the wait for the answer to a commit or rollback.
	commitLimit = 15 * time.Second
)

// errNested is a fault of programs, not of requests.
var errNested = errors.New("unit of work: begun inside another one")

type insideUnit struct{}

// unit is one attempt at a unit of work. It is used by one goroutine.
type unit struct {
	store   *Store
	conn    bun.Conn // which tx runs on
	tx      bun.Tx
	changed []checkout.SessionID // marks to move when it is committed
}

// Do implements ports.UnitOfWork.
func (s *Store) Do(ctx context.Context, fn func(ctx context.Context, r ports.Repos) error) error {
	if ctx.Value(insideUnit{}) != nil {
		return errNested
	}
	begin, cancel := context.WithTimeout(ctx, acquireLimit)
	defer cancel()
	select {
	case s.units <- struct{}{}:
		defer func() { <-s.units }()
	case <-begin.Done():
		return givenUp(ctx, ports.ErrTimeout)
	}
	for attempt := 1; ; attempt++ {
		begun, err := s.attempt(ctx, fn)
		// A connection may have died in the pool; what never began can begin on another one, but nobody
		// waits for that longer than for a connection.
		again := begun && collided(err) || !begun && errors.Is(err, fault.ErrUnavailable) && begin.Err() == nil
		if !again || attempt == maxAttempts {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// attempt runs fn in one transaction. The transaction does not end with ctx, because a caller who
// leaves during the commit would make its outcome unknown for nothing; statements do.
func (s *Store) attempt(
	ctx context.Context, fn func(ctx context.Context, r ports.Repos) error,
) (begun bool, err error) {
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, cancel) // whoever leaves need not get a connection
	conn, err := s.db.Conn(life)
	if err != nil {
		stop()
		return false, givenUp(ctx, translate(err))
	}
	defer func() { _ = conn.Close() }()
	tx, err := conn.BeginTx(life, nil)
	stop()
	if err != nil {
		return false, givenUp(ctx, translate(err))
	}
	defer func() {
		defer time.AfterFunc(commitLimit, cancel).Stop()
		_ = tx.Rollback() // says so if it was committed, and the connection is closed if it fails
	}()
	u := &unit{store: s, conn: conn, tx: tx}
	if err := fn(context.WithValue(ctx, insideUnit{}, true), u.repos()); err != nil {
		return true, err
	}
	if err := ctx.Err(); err != nil {
		return true, err
	}
	defer time.AfterFunc(commitLimit, cancel).Stop()
	err = committed(tx.Commit())
	for _, id := range u.changed { // also if nobody knows whether they were
		s.hints.marks.move(id)
	}
	return true, err
}

// givenUp prefers the caller's own reason to the error it led to.
func givenUp(ctx context.Context, err error) error {
	if reason := ctx.Err(); reason != nil {
		return reason
	}
	return err
}

// committed says what the answer to a commit means.
func committed(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrTxCommitRollback), errors.Is(err, sql.ErrTxDone):
		return fmt.Errorf("unit of work: a statement failed and its error was ignored: %w", err)
	case notCommitted(err):
		return translate(err)
	}
	return because(ports.ErrOutcomeUnknown, err)
}

// pause waits before the next attempt, longer each time, and not as long as whoever it collided with.
func pause(ctx context.Context, attempt int) error {
	longest := firstPause << attempt
	//nolint:gosec // chance keeps apart what collided; nobody gains by guessing it
	timer := time.NewTimer(longest/2 + rand.N(longest/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (u *unit) repos() ports.Repos {
	return ports.Repos{
		Merchants: merchants{u}, Projects: projects{u}, Receiving: receiving{u}, KYC: kyc{u},
		Addresses: addresses{u}, Sources: dedicated{u},
		Keys: keyPairs{u}, Logins: logins{u},
		Members: members{u}, Factors: factors{u}, Visits: visits{u}, Journal: journal{u},
		Invitations: invitations{u}, Challenges: challenges{u},
		Sessions: sessions{u}, Transfers: transfers{u}, Cursors: cursors{u},
		Ignored: ignored{u}, WatchLog: watchLog{u}, Rescans: rescans{u},
		Ledger: book{u}, Claims: claims{u}, Webhooks: webhooks{u},
		Jobs: jobs{u}, Resources: resources{u}, Sandbox: sandbox{u},
		Authorizations: authorizations{u}, Lanes: lanes{laneReads{u.in()}}, Reports: reports{u},
	}
}
