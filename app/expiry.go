package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// expireBatch is how many sessions one pass lapses.
const expireBatch = 200

// Expire ends unpaid sessions whose deadline has passed. Those with an intent wait until the
// network is final beyond the deadline, so that a payment made in time is found first.
func (s *Settlement) Expire(ctx context.Context) error {
	cursors, err := s.Rails.Cursors.Cursors(ctx)
	if err != nil {
		return err
	}
	finalTime := make(map[chain.Network]time.Time, len(cursors))
	for _, c := range cursors {
		finalTime[c.Network] = c.BlockTime
	}
	now := s.now()
	var due []checkout.SessionID
	err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		due, err = r.Sessions.Due(ctx, now, finalTime, expireBatch)
		return err
	})
	if err != nil {
		return err
	}
	s.askExplorers(ctx, due)
	for _, id := range due {
		if err := s.lapse(ctx, id, now); err != nil {
			return fmt.Errorf("expire %s: %w", id, err)
		}
	}
	return nil
}

func (s *Settlement) lapse(ctx context.Context, id checkout.SessionID, now time.Time) error {
	return s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		session, err := r.Sessions.Load(ctx, id)
		if err != nil {
			return err
		}
		was := session.Snapshot()
		unpaid := was.Status == checkout.Opened || was.Status == checkout.Awaiting
		if !unpaid || now.Before(was.ExpiresAt) {
			return nil // paid, cancelled or lapsed by another process meanwhile
		}
		if paying, err := r.Authorizations.Paying(ctx, id); err != nil || len(paying) > 0 {
			return err // a program is paying it: what was claimed in time is in time
		}
		if err := session.Lapse(now); err != nil {
			return err
		}
		if err := underpaid(ctx, r, session); err != nil {
			return err
		}
		if err := r.Sessions.Save(ctx, session); err != nil {
			return err
		}
		return s.Events.session(ctx, r, webhook.PaymentExpired, session.Snapshot(), nil)
	})
}

// LetGo frees amounts whose hold has ended on their own chain: by the time of its last final block
// read, because after an outage longer than a hold the payments made in time are still to be found.
// A network that stands still keeps its own amounts and nobody else's.
func (s *Settlement) LetGo(ctx context.Context) error {
	const batch = 1000
	cursors, err := s.Rails.Cursors.Cursors(ctx)
	if err != nil {
		return err
	}
	now := s.now()
	for _, c := range cursors {
		until := c.BlockTime
		if now.Before(until) {
			until = now
		}
		for freed := batch; freed == batch; {
			err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) (err error) {
				if err := r.Cursors.Stand(ctx, c); err != nil {
					return err
				}
				freed, err = r.Sessions.LetGo(ctx, c.Network, until, batch)
				return err
			})
			if errors.Is(err, ports.ErrStale) {
				break // the watcher read on, or back: the next time is soon enough
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
