package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// reversalWindow is how long a session whose payment was undone can be paid again.
const reversalWindow = 24 * time.Hour

// watchAfterEnd is how long addresses stay watched that nobody is asked to pay to any more.
const watchAfterEnd = merchant.WatchAfterRemoval

// errHistoryGone says that no remembered block is part of the chain any more: this is not a
// reorganisation but another chain, and a person has to look.
var errHistoryGone = errors.New("no remembered block is on this chain any more; check the endpoints of this network")

// undo handles a change of history below the cursor, which finality rules out and which happens all
// the same. Bookings of transfers that are gone are reversed, and the cursor goes back to the last
// block that is still there; what comes after is read again.
func (w *watcher) undo(ctx context.Context, head chain.Head, cursor ports.Cursor) (ports.Cursor, error) {
	ancestor, err := w.ancestor(ctx, cursor)
	if err != nil {
		return cursor, err
	}
	w.log.Error("history changed below the final height", "from", ancestor.Height+1, "read", cursor.Height)
	there, err := w.presentAfter(ctx, head, ancestor)
	if err != nil {
		return cursor, err
	}
	if err := w.spareEarly(ctx, head, cursor, there); err != nil {
		return cursor, err
	}
	if err := w.s.reverse(ctx, cursor, ancestor, there); err != nil {
		return cursor, err
	}
	w.swept = false
	return ancestor, nil
}

// errHistoryMoves says that history changed while it was read. The next look begins with that.
var errHistoryMoves = errors.New("history changed while it was read")

// unbroken makes sure that a span continues what was read and recorded before. History that changes
// between two questions to the chain, or that one endpoint knows of and another does not, would be
// stepped over otherwise: the cursor would stand on a block of the new one, and nobody would look below
// it again. So it is the span's own word for the block it continues that counts.
func (w *watcher) unbroken(
	ctx context.Context, head chain.Head, cursor ports.Cursor, span ports.Span, watch ports.Watch,
) error {
	if span.ParentID != cursor.BlockID {
		return errHistoryMoves
	}
	if missing, err := w.missing(ctx, cursor, span, watch); err != nil || !missing {
		return err
	}
	there, err := w.presentAfter(ctx, head, cursor)
	if err != nil {
		return err
	}
	if err := w.spareEarly(ctx, head, cursor, there); err != nil {
		return err
	}
	if err := w.s.reverse(ctx, cursor, cursor, there); err != nil {
		return err
	}
	return errHistoryMoves
}

// missing reports whether a transfer recorded within the span is not in it any more, or in another
// block. A transfer can be recorded before the cursor reaches it: its payer named it, or the cursor
// went back. One to somebody who is not watched any more is in no span, and stays as it is.
func (w *watcher) missing(
	ctx context.Context, cursor ports.Cursor, span ports.Span, watch ports.Watch,
) (bool, error) {
	watched := make(map[chain.Address]bool, len(watch.Receivers))
	for _, to := range watch.Receivers {
		watched[to] = true
	}
	there := make(map[transferKey]string, len(span.Transfers))
	for _, t := range span.Transfers {
		there[transferKey{t.TxID, t.Index}] = t.BlockID
	}
	missing := false
	err := w.s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		missing = false
		rows, err := r.Transfers.LoadAbove(ctx, cursor.Network, cursor.Height)
		for _, row := range rows {
			t := row.Transfer
			missing = missing || watched[t.To] && t.Height <= span.To &&
				there[transferKey{t.TxID, t.Index}] != t.BlockID
		}
		return err
	})
	return missing, err
}

// ancestor is the newest remembered block the chain still has.
func (w *watcher) ancestor(ctx context.Context, cursor ports.Cursor) (ports.Cursor, error) {
	var trail []ports.Cursor
	err := w.s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		var err error
		trail, err = r.Cursors.Trail(ctx, cursor.Network, cursor.Height, trailChecked)
		return err
	})
	if err != nil {
		return ports.Cursor{}, err
	}
	for _, c := range trail {
		id, err := w.chain.BlockID(ctx, c.Height)
		if err != nil {
			return ports.Cursor{}, fmt.Errorf("block %d: %w", c.Height, err)
		}
		if id == c.BlockID {
			return c, nil
		}
	}
	return ports.Cursor{}, errHistoryGone
}

type transferKey struct {
	id    chain.TxID
	index uint32
}

// presentAfter reads which transfers the new history holds behind the ancestor.
func (w *watcher) presentAfter(
	ctx context.Context, head chain.Head, ancestor ports.Cursor,
) (map[transferKey]chain.Transfer, error) {
	watch, err := w.watch(ctx)
	if err != nil {
		return nil, err
	}
	there, before := map[transferKey]chain.Transfer{}, ancestor.BlockID
	for from := ancestor.Height + 1; from <= head.Final; {
		to := min(from+w.window-1, head.Final)
		span, err := w.chain.Scan(ctx, from, to, watch)
		if errors.Is(err, ports.ErrSpanTooWide) && w.window > 1 {
			w.window /= 2
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("scan blocks %d to %d: %w", from, to, err)
		}
		if span.ParentID != before {
			return nil, errHistoryMoves
		}
		for _, t := range span.Transfers {
			there[transferKey{t.TxID, t.Index}] = t
		}
		from, before = to+1, span.ToID
	}
	return there, nil
}

// spareEarly adds to what is there what was credited before it was final and is still on the chain:
// blocks above the final height change places, and a payment that merely moved to another block has not
// been undone. What is not final yet is judged when it would be.
func (w *watcher) spareEarly(
	ctx context.Context, head chain.Head, cursor ports.Cursor, there map[transferKey]chain.Transfer,
) error {
	var rows []ports.TransferRow
	err := w.s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		var err error
		rows, err = r.Transfers.LoadAbove(ctx, cursor.Network, cursor.Height)
		return err
	})
	if err != nil {
		return err
	}
	for _, row := range rows {
		key := transferKey{row.Transfer.TxID, row.Transfer.Index}
		if _, ok := there[key]; ok {
			continue
		}
		if row.Transfer.Height > head.Final {
			there[key] = row.Transfer
			continue
		}
		found, err := w.chain.Lookup(ctx, row.Transfer.TxID)
		if err != nil {
			return fmt.Errorf("look up transaction %s: %w", row.Transfer.TxID, err)
		}
		for _, t := range found {
			if t.Index == row.Transfer.Index && t.To == row.Transfer.To && t.Asset == row.Transfer.Asset &&
				t.Units.Cmp(row.Transfer.Units) == 0 {
				there[key] = t
			}
		}
	}
	return nil
}

// reverse undoes every recorded transfer above the ancestor that is not there any more, and moves
// the cursor back, all at once or not at all.
func (s *Settlement) reverse(
	ctx context.Context, cursor, ancestor ports.Cursor, there map[transferKey]chain.Transfer,
) error {
	numbers, err := s.numbersFor(ctx, ancestor)
	if err != nil {
		return err
	}
	now := s.now()
	return s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		free := numbers
		rows, err := r.Transfers.LoadAbove(ctx, ancestor.Network, ancestor.Height)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if t, ok := there[transferKey{row.Transfer.TxID, row.Transfer.Index}]; ok {
				if err := r.Transfers.Move(ctx, t); err != nil {
					return err
				}
				continue
			}
			t := row.Transfer
			if err := r.Transfers.Reverse(ctx, t.Network, t.TxID, t.Index); err != nil {
				return err
			}
			if row.SessionID != "" { // a program may have paid it: its settlement follows
				if _, err := r.Authorizations.WakeSession(ctx, row.SessionID, now); err != nil {
					return err
				}
			}
			if row.Disposition == ports.Agent {
				if err := wake(ctx, r, t, now); err != nil {
					return fmt.Errorf("wake the settlement of %s/%d: %w", t.TxID, t.Index, err)
				}
				continue
			}
			if !row.Disposition.Booked() {
				if err := s.letDown(ctx, r, row, now); err != nil {
					return fmt.Errorf("let down %s/%d: %w", t.TxID, t.Index, err)
				}
				continue
			}
			if len(free) == 0 {
				return errors.New("more booked transfers than a moment ago")
			}
			if err := s.takeBack(ctx, r, row, free[0], now); err != nil {
				return fmt.Errorf("reverse %s/%d: %w", t.TxID, t.Index, err)
			}
			free = free[1:]
		}
		ancestor.UpdatedAt = now
		return r.Cursors.Rewind(ctx, cursor.Height, ancestor)
	})
}

// wake has the settlement of an agent's transfer looked at: it is taken back with the settlement, by
// whoever proved it.
func wake(ctx context.Context, r ports.Repos, t chain.Transfer, now time.Time) error {
	id, ok := x402.ParseHash("0x" + string(t.TxID))
	if !ok {
		return nil
	}
	_, err := r.Authorizations.Wake(ctx, x402.NetworkOf(t.Network), id, now)
	return err
}

// numbersFor draws an order number for every booking that may have to be reversed.
func (s *Settlement) numbersFor(ctx context.Context, ancestor ports.Cursor) ([]ledger.OrderNo, error) {
	booked := 0
	err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		booked = 0
		rows, err := r.Transfers.LoadAbove(ctx, ancestor.Network, ancestor.Height)
		for _, row := range rows {
			if row.Disposition.Booked() && row.Disposition != ports.Agent {
				booked++
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	numbers := make([]ledger.OrderNo, booked)
	for i := range numbers {
		if numbers[i], err = s.Orders.Next(ctx, s.now()); err != nil {
			return nil, err
		}
	}
	return numbers, nil
}

// takeBack books the reversal of a transfer and takes it out of what its session was paid; a session
// that is short without it opens again.
func (s *Settlement) takeBack(
	ctx context.Context, r ports.Repos, row ports.TransferRow, no ledger.OrderNo, now time.Time,
) error {
	session, err := r.Sessions.Load(ctx, row.SessionID)
	if err != nil {
		return err
	}
	booked, err := r.Ledger.Find(ctx, session.Snapshot().MerchantID, ledger.OrderNo(row.OrderNo))
	if err != nil {
		return err
	}
	was := booked.Transaction
	reversal := was.Reversal(no, was.SourceRef, "the chain undid transaction "+string(row.Transfer.TxID), now)
	if _, err := r.Ledger.Book(ctx, reversal); err != nil {
		return err
	}
	undone, err := session.Reverse(row.Transfer, now, reversalWindow)
	if err != nil {
		return err
	}
	if err := s.afterReversal(ctx, r, session, undone); err != nil {
		return err
	}
	if err := r.Sessions.Save(ctx, session); err != nil {
		return err
	}
	row.Disposition = ports.Reversed
	return s.Events.session(ctx, r, webhook.PaymentReversed, session.Snapshot(), &row)
}

// afterReversal records what the end of a payment means beside its session: the time its intent is held
// for, and the transfer that had completed it and is a part now.
func (s *Settlement) afterReversal(
	ctx context.Context, r ports.Repos, session *checkout.Session, undone checkout.Undone,
) error {
	if d := undone.Demoted; d != nil {
		if err := r.Transfers.Demote(ctx, d.Network, d.TxID, d.Index); err != nil {
			return fmt.Errorf("demote %s/%d: %w", d.TxID, d.Index, err)
		}
	}
	if !undone.Reopened {
		return nil
	}
	again := session.Snapshot().Intent
	err := r.Sessions.Extend(ctx, again.ID, again.ExpiresAt, again.HoldUntil)
	if errors.Is(err, ports.ErrTaken) {
		// The amount was let go and is somebody else's: a payment of it would settle his session. The
		// payer has to choose a method anew, which gives him another amount.
		s.Log.Warn("amount of a reversed payment is taken", "session", string(session.ID()))
		return nil
	}
	return err
}
