package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/ports"
)

// Codes of PostgreSQL (its appendix A).
const (
	uniqueViolation      = "23505"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	lockNotAvailable     = "55P03"
	queryCanceled        = "57014"
	idleInTransaction    = "25P03"
	readOnly             = "25006" // a server that was demoted
	diskFull             = "53100"
	badCharacter         = "22021"
	badUnicode           = "22P05"
)

// takenBy names the field a caller may have to change, by the unique index that refused it.
var takenBy = map[string]string{
	"merchants_email":     "email",
	"members_email":       "email",
	"merchants_client_id": "clientId",
	"projects_website":    "websiteUrl",
	"sessions_order_id":   "order_id",
}

// translate answers the fault a database error means, with the error behind it for the log. What it
// does not know stays as it is, an internal error.
func translate(err error) error {
	var f *fault.Fault
	if err == nil || errors.As(err, &f) {
		return err
	}
	if known := meaning(err); known != nil {
		return because(known, err)
	}
	return err
}

// because puts a fault before the error that caused it.
func because(f, cause error) error { return fmt.Errorf("%w: %w", f, cause) }

func meaning(err error) *fault.Fault {
	var refused *pgconn.PgError
	var unreachable *pgconn.ConnectError
	var network net.Error
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ports.ErrNotFound
	case errors.Is(err, context.Canceled):
		return nil // whoever gave up knows
	case errors.As(err, &unreachable):
		return fault.ErrUnavailable
	case errors.As(err, &refused):
		return meaningOf(refused)
	case errors.Is(err, context.DeadlineExceeded):
		return ports.ErrTimeout
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), pgconn.SafeToRetry(err):
		return fault.ErrUnavailable
	}
	return nil
}

func meaningOf(err *pgconn.PgError) *fault.Fault {
	switch err.Code {
	case uniqueViolation:
		return ports.ErrTaken.About(takenBy[err.ConstraintName])
	case serializationFailure, deadlockDetected, lockNotAvailable:
		return ports.ErrTryAgain
	case queryCanceled, idleInTransaction:
		return ports.ErrTimeout
	case diskFull:
		return ports.ErrStorageFull
	case badCharacter, badUnicode:
		return fault.ErrInvalid
	case readOnly:
		return fault.ErrUnavailable
	}
	switch {
	case strings.HasPrefix(err.Code, "08"), // connection
		strings.HasPrefix(err.Code, "53"),  // resources
		strings.HasPrefix(err.Code, "57P"): // the server goes down or comes up
		return fault.ErrUnavailable
	}
	return nil
}

// collided reports whether a unit of work met others in a way that repeating it can heal. The server
// has rolled it back.
func collided(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && !errors.Is(err, ports.ErrOutcomeUnknown) &&
		(refused.Code == serializationFailure || refused.Code == deadlockDetected)
}

// notCommitted reports whether an error of a commit proves that it did not happen: only the server can
// say so. The driver's own word is not enough: for an answer that was lost it says "conn closed" and
// that asking again were safe.
func notCommitted(err error) bool {
	var refused *pgconn.PgError
	// A session that is being ended answers too, and may have committed before.
	return errors.As(err, &refused) && refused.SeverityUnlocalized == "ERROR"
}
