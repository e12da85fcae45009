package ports

import (
	"context"

	"github.com/101pay/101pay/domain/checkout"
)

// Changes tells when a session has changed, in whichever process it was. It is a hint to look, not
// the news itself: hints may be merged, repeated, or come late, and a subscriber that missed some
// looks anyway after a while.
type Changes interface {
	// Subscribe answers a channel that receives after each change until ctx ends.
	Subscribe(ctx context.Context, id checkout.SessionID) <-chan struct{}
}
