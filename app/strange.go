package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// Bounds of looking for what only looks like payments.
const (
	strangeTimeout = 20 * time.Second // of one look
	strangeRest    = time.Minute      // after one that failed
	// keptIgnored is how long ignored transfers, and what was noted of watching, are kept: as long as
	// addresses are watched after their end.
	keptIgnored = watchAfterEnd
)

// strangers looks, behind the reading of payments, for what only looks like one: transfers of foreign
// tokens and of nothing to watched addresses. It is a listing for people. The reading of payments
// never waits for it, and never hears of its failures.
type strangers struct {
	s       *Settlement
	network chain.Network
	chain   ports.Strangers
	log     *slog.Logger
	wake    chan struct{}

	mu       sync.Mutex
	from, to uint64 // read for payments, not looked through yet; nothing while to is 0
	watch    ports.Watch
}

// strangersOf is nil for a chain on which nothing can look like a payment.
func strangersOf(s *Settlement, c ports.Chain, log *slog.Logger) *strangers {
	reader, ok := c.(ports.Strangers)
	if !ok {
		return nil
	}
	return &strangers{s: s, network: c.Network(), chain: reader, log: log, wake: make(chan struct{}, 1)}
}

// follow notes a range that was read for payments. What is not looked through for long is forgotten,
// the oldest first.
func (x *strangers) follow(from, to uint64, watch ports.Watch) {
	if x == nil || len(watch.Receivers) == 0 {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.to == 0 || from > x.to+1 || to < x.from {
		x.from = from
	}
	x.to, x.watch = to, watch
	if x.to-x.from >= ports.MaxScanSpan {
		x.from = x.to - ports.MaxScanSpan + 1
	}
	select {
	case x.wake <- struct{}{}:
	default: // it is awake
	}
}

// run looks whenever there is something to look through, until ctx ends.
func (x *strangers) run(ctx context.Context) {
	failing := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-x.wake:
		}
		err := x.look(ctx)
		if err == nil || ctx.Err() != nil {
			failing = ""
			continue
		}
		if err.Error() != failing {
			failing = err.Error()
			x.log.Warn("transfers that pay nobody cannot be listed", "error", err)
		}
		rest, cancel := context.WithTimeout(ctx, strangeRest)
		<-rest.Done()
		cancel()
	}
}

// look looks through what was noted. What failed for another reason than its size is noted again.
func (x *strangers) look(ctx context.Context) error {
	if x == nil {
		return nil
	}
	x.mu.Lock()
	from, to, watch := x.from, x.to, x.watch
	x.to = 0
	x.mu.Unlock()
	if to == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, strangeTimeout)
	defer cancel()
	found, err := x.chain.Strange(ctx, from, to, watch)
	if err == nil {
		err = x.note(ctx, found)
	}
	if err != nil && !errors.Is(err, ports.ErrSpanTooWide) {
		x.again(from, to, watch)
	}
	return err
}

// again notes a range that failed in front of what came since.
func (x *strangers) again(from, to uint64, watch ports.Watch) {
	x.mu.Lock()
	newer := x.to
	if newer != 0 {
		watch = x.watch
	}
	x.to = 0
	x.mu.Unlock()
	x.follow(from, max(to, newer), watch)
}

func (x *strangers) note(ctx context.Context, found ports.Strange) error {
	if len(found.Transfers) == 0 && len(found.More) == 0 {
		return nil
	}
	now := x.s.now()
	return x.s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		return r.Ignored.Note(ctx, x.network, found, now)
	})
}
