package app

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/ports"
)

// Health tells operators how the gateway is doing.
type Health struct {
	Rails   Rails
	Rescans ports.RescanReads
	Watches ports.Watches
	Clock   ports.Clock
}

// Pulse is how the gateway is doing.
type Pulse struct {
	At    time.Time
	Rails []RailState // by name

	rescans []ports.Rescan
}

// Rescan answers the newest rescan of a network; ok is false if there was none.
func (p Pulse) Rescan(n chain.Network) (r ports.Rescan, ok bool) {
	for _, r := range p.rescans {
		if r.Network == n {
			return r, true
		}
	}
	return ports.Rescan{}, false
}

// Ready reports whether payments can be made: test payments always can, so a gateway whose sandbox
// nobody reads is not up. A silent live rail does not stop the others.
func (p Pulse) Ready() bool { return stateOf(p.Rails, chain.Sandbox).OK }

// Pulse takes the pulse.
func (h Health) Pulse(ctx context.Context) (Pulse, error) {
	now := h.Clock.Now()
	states, err := h.Rails.States(ctx, now)
	if err != nil {
		return Pulse{At: now}, err
	}
	slices.SortFunc(states, func(a, b RailState) int { return cmp.Compare(a.Network, b.Network) })
	rescans, err := h.Rescans.Rescans(ctx)
	return Pulse{At: now, Rails: states, rescans: rescans}, err
}

// Watchers names, for each configured network, the process that watches it; "" where none does.
func (h Health) Watchers(ctx context.Context) (map[chain.Network]string, error) {
	out := make(map[chain.Network]string, len(h.Rails.Chains))
	for n := range h.Rails.Chains {
		holder, err := h.Watches.Holder(ctx, n)
		if err != nil {
			return nil, err
		}
		out[n] = holder
	}
	return out, nil
}

// Housekeeping throws away what has served its time.
type Housekeeping struct {
	Core Core
}

// Bounds of housekeeping.
const (
	pruneBatch = 1000
	// loginsKept is how long a login that ended is remembered: a refresh token used again after its
	// login ended is a sign of theft only while somebody remembers it.
	loginsKept = 30 * 24 * time.Hour
)

// Prune deletes answers to idempotency keys that expired, what was delivered to programs long ago,
// logins and visits that ended long ago, what was asked of passkeys in vain, and what was kept to
// explain payments nobody asks about any more.
func (h Housekeeping) Prune(ctx context.Context) error {
	now := h.Core.Clock.Now()
	return h.drain(ctx, func(ctx context.Context, r ports.Repos) (int, error) {
		answers, err := r.Claims.Prune(ctx, now, pruneBatch)
		if err != nil {
			return 0, err
		}
		delivered, err := r.Authorizations.PruneAnswers(ctx, now, pruneBatch)
		if err != nil {
			return 0, err
		}
		logins, err := r.Logins.Prune(ctx, now.Add(-loginsKept), pruneBatch)
		if err != nil {
			return 0, err
		}
		visits, err := r.Visits.Prune(ctx, now.Add(-member.VisitLife-loginsKept), pruneBatch)
		if err != nil {
			return 0, err
		}
		challenges, err := r.Challenges.Prune(ctx, now, pruneBatch)
		if err != nil {
			return 0, err
		}
		ignored, err := r.Ignored.Prune(ctx, now.Add(-keptIgnored))
		if err != nil {
			return 0, err
		}
		_, err = r.WatchLog.Prune(ctx, now.Add(-2*keptIgnored))
		return max(answers, delivered, logins, visits, challenges, ignored), err
	})
}

// drain repeats a batch, each in its own unit of work, until one is not full.
func (h Housekeeping) drain(ctx context.Context, batch func(context.Context, ports.Repos) (int, error)) error {
	for {
		var done int
		err := h.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) (err error) {
			done, err = batch(ctx, r)
			return err
		})
		if err != nil || done < pruneBatch {
			return err
		}
	}
}
