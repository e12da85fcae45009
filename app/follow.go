package app

import (
	"context"
	"maps"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// Pace of following a project.
const (
	followEvery  = 5 * time.Second // between two looks for what nobody hints at
	followEvents = 20              // newest events whose deliveries are looked at
	followQueue  = 25              // newest transfers that wait for a decision
)

// Follower tells whoever has a project before him when to look again.
type Follower struct {
	Core     Core
	Sessions ports.SessionReads
	Figures  ports.Figures
	Changes  ports.Changes
	Rails    Rails
}

// What Follow tells of.
const (
	ChangedPayments   FollowedKind = "payments"
	ChangedDeliveries FollowedKind = "deliveries"
	ChangedRails      FollowedKind = "rails"
	ChangedQueue      FollowedKind = "queue"
)

// FollowedKind says what of a project may be new.
type FollowedKind string

// Follow answers a channel that receives what may be new in the principal's project and mode until ctx
// ends, and is closed then. Hints are merged while nobody takes them. Changes of payments are hinted at as
// they commit; new payments, deliveries, networks and transfers to decide on are looked for every few seconds.
func (f Follower) Follow(ctx context.Context, who merchant.Principal) <-chan FollowedKind {
	out := make(chan FollowedKind)
	hints := f.Changes.SubscribeProject(ctx, who.Project)
	go func() {
		defer close(out)
		tick := time.NewTicker(followEvery)
		defer tick.Stop()
		seen := f.look(ctx, who)
		for {
			select {
			case <-ctx.Done():
				return
			case _, open := <-hints:
				if !open {
					hints = nil
					continue
				}
				if !offer(ctx, out, ChangedPayments) {
					return
				}
			case <-tick.C:
				now := f.look(ctx, who)
				for _, kind := range now.since(seen) {
					if !offer(ctx, out, kind) {
						return
					}
				}
				seen = now
			}
		}
	}()
	return out
}

func offer(ctx context.Context, out chan<- FollowedKind, kind FollowedKind) bool {
	select {
	case out <- kind:
		return true
	case <-ctx.Done():
		return false
	}
}

// sight is what a look at a project sees; what could not be read is missing.
type sight struct {
	newest ports.SessionMark
	told   map[webhook.DeliveryStatus]int
	rails  map[chain.Network]bool
	queue  map[TransferID]ports.Reason // what waits and why; others come and go unseen by payments
}

func (f Follower) look(ctx context.Context, who merchant.Principal) (s sight) {
	page, err := f.Sessions.List(ctx, ports.SessionQuery{
		Merchant: who.Merchant, Project: who.Project, Mode: who.Mode, Limit: 1, Without: ports.EverySessionPart,
	})
	if err == nil && len(page.Sessions) > 0 {
		first := page.Sessions[0]
		s.newest = ports.SessionMark{At: first.CreatedAt, ID: first.ID}
	}
	told, err := f.Figures.Told(ctx, ports.FigureQuery{Project: who.Project, Mode: who.Mode}, followEvents)
	if err == nil {
		s.told = told
	}
	waiting, err := fetch(ctx, f.Core, func(ctx context.Context, r ports.Repos) (ports.QueuePage, error) {
		return r.Transfers.Queue(ctx, ports.QueueQuery{Project: who.Project, Mode: who.Mode, Limit: followQueue})
	})
	if err == nil {
		s.queue = make(map[TransferID]ports.Reason, len(waiting.Rows))
		for _, row := range waiting.Rows {
			t := row.Transfer
			s.queue[TransferID{Network: t.Network, TxID: t.TxID, Index: t.Index}] = row.Reason
		}
	}
	states, err := f.Rails.States(ctx, f.Core.Clock.Now())
	if err == nil {
		s.rails = make(map[chain.Network]bool, len(states))
		for _, state := range states {
			s.rails[state.Network] = state.OK
		}
	}
	return s
}

func (s sight) since(before sight) (news []FollowedKind) {
	if s.newest != before.newest {
		news = append(news, ChangedPayments)
	}
	if !maps.Equal(s.told, before.told) {
		news = append(news, ChangedDeliveries)
	}
	if !maps.Equal(s.rails, before.rails) {
		news = append(news, ChangedRails)
	}
	if !maps.Equal(s.queue, before.queue) {
		news = append(news, ChangedQueue)
	}
	return news
}
