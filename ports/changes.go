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
	// Mark answers what says whether something read of a session before may be told again without
	// reading. Whoever keeps what he read takes the mark first; it holds while the mark is the same: a
	// mark is never the same again after a change of this process was committed, or one of another was
	// announced to it. It may change without any reason too. known is false while an announcement may have
	// been missed, and then nothing holds: so that what is told is at most a few seconds older than what
	// is, however long this process hears of nothing.
	Mark(id checkout.SessionID) (m Mark, known bool)
}

// Mark stands for everything that was announced of a session so far. It means nothing to another process.
type Mark uint64
