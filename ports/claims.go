package ports

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/fault"
)

// Answer is a stored response, byte for byte. Body may hold a secret shown once; it is kept sealed.
type Answer struct {
	Status int
	Body   []byte
}

// Faults of idempotency keys (the IETF draft's codes).
var (
	ErrInProgress = fault.New(fault.Conflict, "idempotency_in_progress",
		"a request with this Idempotency-Key is being worked on").After(time.Second)
	ErrKeyReused = fault.New(fault.Unprocessable, "idempotency_key_reused",
		"this Idempotency-Key was used for another request")
)

// Claims keeps idempotency keys with the answers they led to. Because the answer is written in the
// unit of work that did the work, a crash leaves both or neither.
type Claims interface {
	// Take claims (scope, key) until the end of the unit of work. It answers the stored answer when
	// the key led to one with the same fingerprint, nil when the caller shall do the work, ErrKeyReused
	// for another fingerprint, and ErrInProgress, at once, while somebody else holds it.
	Take(ctx context.Context, scope, key string, fingerprint []byte) (*Answer, error)
	// Keep stores the answer to a claimed key until it expires.
	Keep(ctx context.Context, scope, key string, fingerprint []byte, a Answer, expires time.Time) error
	// Prune deletes at most limit answers that expired before now.
	Prune(ctx context.Context, now time.Time, limit int) (int, error)
}
