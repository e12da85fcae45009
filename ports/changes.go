package ports

import (
	"context"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
)

// Changes tells when a session has changed, in whichever process it was. It is a hint to look, not
// the news itself: hints may be merged, repeated, or come late, and a subscriber that missed some
// looks anyway after a while.
type Changes interface {
	// Subscribe answers a channel that receives after each change until ctx ends.
	Subscribe(ctx context.Context, id checkout.SessionID) <-chan struct{}
	// SubscribeProject is Subscribe for all sessions of a project that exist already: a new one may come
	// without a hint.
	SubscribeProject(ctx context.Context, id merchant.ProjectID) <-chan struct{}
}
