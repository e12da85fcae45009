package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// sweep looks at the blocks above the final height. What it finds changes what people are shown; it
// is booked only where the payer's terms say that so many blocks are enough.
func (w *watcher) sweep(ctx context.Context, head chain.Head, at ports.Cursor, watch ports.Watch) error {
	ts, err := w.chain.Seen(ctx, head, watch)
	if errors.Is(err, ports.ErrSeenPartly) {
		return nil // what was seen before stands until all is seen
	}
	if err != nil {
		return err
	}
	now, deep, err := w.s.sightings(ctx, head, ts)
	if err != nil {
		return err
	}
	if err := w.credit(ctx, head, deep, at); err != nil {
		return err
	}
	if w.swept && len(now) == 0 && w.seen == 0 {
		return nil
	}
	if err := w.s.sight(ctx, head.Network, now); err != nil {
		return err
	}
	w.swept, w.seen = true, len(now)
	return nil
}

// maxStrays bounds how many transfers that pay nobody are kept in sight on a network.
const maxStrays = 500

// credit books what is deep enough, once: the watcher remembers what it credited, so that a block that
// waits for finality for long costs nothing at every look.
func (w *watcher) credit(ctx context.Context, head chain.Head, deep []chain.Transfer, at ports.Cursor) error {
	credited := make(map[transferKey]string, len(deep))
	var fresh []chain.Transfer
	for _, t := range deep {
		key := transferKey{t.TxID, t.Index}
		credited[key] = t.BlockID
		if w.credited[key] != t.BlockID {
			fresh = append(fresh, t)
		}
	}
	if len(fresh) > 0 {
		if err := w.s.credit(ctx, head, fresh, at); err != nil {
			return fmt.Errorf("credit %d transfers: %w", len(fresh), err)
		}
	}
	w.credited = credited
	return nil
}

// sightings are the transfers that pay somebody, those among them that are deep enough for their
// payers' terms, and those that people will ask about because they pay nobody.
func (s *Settlement) sightings(
	ctx context.Context, head chain.Head, ts []chain.Transfer,
) (all []ports.Sighting, deep []chain.Transfer, err error) {
	if len(ts) == 0 {
		return nil, nil, nil
	}
	held, _, err := s.claims(ctx, ts)
	if err != nil {
		return nil, nil, err
	}
	strays := 0
	for i, t := range ts {
		if held[i] == nil || held[i].Intent.Postdates(t) {
			if strays < maxStrays {
				strays++
				all = append(all, ports.Sighting{Transfer: t})
			}
			continue
		}
		all = append(all, ports.Sighting{Transfer: t, SessionID: held[i].Intent.SessionID})
		enough := held[i].Intent.Terms.Confirmations
		if enough > 0 && t.Confirmations(head) >= uint64(enough) {
			deep = append(deep, t)
		}
	}
	return all, deep, nil
}

// sight makes the sightings the only ones of their network, and moves sessions to and from
// processing accordingly.
func (s *Settlement) sight(ctx context.Context, n chain.Network, sightings []ports.Sighting) error {
	now := s.now()
	return s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		gone, err := r.Transfers.ReplaceSightings(ctx, n, sightings)
		if err != nil {
			return err
		}
		inSight, err := s.sightAll(ctx, r, sightings, now)
		if err != nil {
			return err
		}
		for _, o := range gone {
			if o.SessionID == "" || inSight[o.SessionID] {
				continue
			}
			if err := s.unsee(ctx, r, o.SessionID, now); err != nil {
				return fmt.Errorf("session %s no longer seen: %w", o.SessionID, err)
			}
		}
		return nil
	})
}

// sightAll notes that sessions' payments are on their way, and answers whose are.
func (s *Settlement) sightAll(
	ctx context.Context, r ports.Repos, sightings []ports.Sighting, now time.Time,
) (inSight map[checkout.SessionID]bool, err error) {
	var ids []checkout.SessionID
	paying := make(map[checkout.SessionID][]ports.Sighting)
	for _, o := range sightings {
		if o.SessionID == "" {
			continue
		}
		if len(paying[o.SessionID]) == 0 {
			ids = append(ids, o.SessionID)
		}
		paying[o.SessionID] = append(paying[o.SessionID], o)
	}
	sessions, err := r.Sessions.LoadAll(ctx, ids)
	if err != nil {
		return nil, err
	}
	inSight = make(map[checkout.SessionID]bool, len(ids))
	var seen []*checkout.Session
	var told []news
	for _, id := range ids {
		session := sessions[id]
		if inSight[id], err = onItsWay(ctx, r, session, paying[id]); err != nil {
			return nil, fmt.Errorf("session %s seen: %w", id, err)
		}
		if !inSight[id] || session.Status() != checkout.Awaiting {
			continue
		}
		if _, err := session.See(now); err != nil {
			return nil, fmt.Errorf("session %s seen: %w", id, err)
		}
		seen = append(seen, session)
		told = append(told, news{what: webhook.PaymentDetected, of: session.Snapshot()})
	}
	if len(seen) == 0 {
		return inSight, nil
	}
	if err := r.Sessions.SaveAll(ctx, seen); err != nil {
		return nil, err
	}
	return inSight, s.Events.sessions(ctx, r, told)
}

// onItsWay reports whether a session's payment is on its way. It is not if somebody with a newer head
// has recorded all of it meanwhile: a session that waited for it now would wait for ever.
func onItsWay(
	ctx context.Context, r ports.Repos, session *checkout.Session, paying []ports.Sighting,
) (bool, error) {
	if session.Status() != checkout.Awaiting {
		return true, nil
	}
	rows, _, err := r.Transfers.OfSession(ctx, session.ID())
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(paying, func(o ports.Sighting) bool {
		return !slices.ContainsFunc(rows, func(row ports.TransferRow) bool {
			return row.Transfer.TxID == o.Transfer.TxID && row.Transfer.Index == o.Transfer.Index &&
				row.Disposition != ports.Reversed && !awaits(row)
		})
	}), nil
}

func (s *Settlement) see(ctx context.Context, r ports.Repos, id checkout.SessionID, now time.Time) error {
	session, err := r.Sessions.Load(ctx, id)
	if err != nil || session.Status() != checkout.Awaiting {
		return err
	}
	if changed, err := session.See(now); err != nil || !changed {
		return err
	}
	if err := r.Sessions.Save(ctx, session); err != nil {
		return err
	}
	return s.Events.session(ctx, r, webhook.PaymentDetected, session.Snapshot(), nil)
}

func (s *Settlement) unsee(ctx context.Context, r ports.Repos, id checkout.SessionID, now time.Time) error {
	session, err := r.Sessions.Load(ctx, id)
	if err != nil || session.Status() != checkout.Processing {
		return err
	}
	if waits, err := waiting(ctx, r, id); err != nil || waits {
		return err
	}
	if err := session.Unsee(now); err != nil {
		return err
	}
	if err := r.Sessions.Save(ctx, session); err != nil {
		return err
	}
	return s.Events.session(ctx, r, webhook.PaymentReverted, session.Snapshot(), nil)
}
