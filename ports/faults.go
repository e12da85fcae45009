package ports

import (
	"errors"
	"time"

	"github.com/101pay/101pay/domain/fault"
)

// Faults every store may answer.
var (
	// ErrNotFound says there is no such row, or it belongs to another merchant: callers cannot tell.
	ErrNotFound = fault.ErrNotFound
	// ErrTaken says a unique value is in use. What it means is the caller's to say.
	ErrTaken = fault.New(fault.Conflict, "taken", "this value is in use")
	// ErrStale says a compare-and-set found another value than expected.
	ErrStale = fault.New(fault.Conflict, "stale", "the state has moved on")
	// ErrOutcomeUnknown says that a commit was sent and its answer was lost. The caller may look by
	// key whether it happened; repeating blindly could do it twice.
	ErrOutcomeUnknown = fault.New(fault.Unavailable, "outcome_unknown",
		"the answer of the database was lost; repeat the request with the same Idempotency-Key").After(time.Second)
	// ErrTryAgain says that a unit of work kept colliding with others.
	ErrTryAgain = fault.New(fault.Unavailable, "try_again",
		"too many requests touched the same thing at once; try again").After(time.Second)
	// ErrFeesTooHigh says that a network asks more for a transaction than the operator lets a relayer pay.
	ErrFeesTooHigh = fault.New(fault.Unavailable, "network_fees_too_high",
		"sending on this network costs more than the gateway may pay right now; do not sign again, "+
			"present the same payment later").After(time.Minute)
	// ErrNonceSpent says that another transaction used a nonce.
	ErrNonceSpent = errors.New("the nonce of the transaction was used by another one")
	// ErrStorageFull says that the database has no space left.
	ErrStorageFull = fault.New(fault.Unavailable, "storage_unavailable",
		"the service cannot store anything right now").After(30 * time.Second)
	// ErrTimeout says that the database took longer than it may.
	ErrTimeout = fault.New(fault.Unavailable, "timeout",
		"the service took too long to answer; try again").After(2 * time.Second)
)
