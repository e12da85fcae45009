package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
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
	back := retreat{from: cursor, to: ancestor}
	if err := w.spareEarly(ctx, head, back, there); err != nil {
		return cursor, err
	}
	if err := w.s.reverse(ctx, back, there); err != nil {
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
	err := w.s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		return contradicted(ctx, r, cursor, span, watch)
	})
	if !errors.Is(err, errHistoryMoves) {
		return err
	}
	there, err := w.presentAfter(ctx, head, cursor)
	if err != nil {
		return err
	}
	back := retreat{from: cursor, to: cursor}
	if err := w.spareEarly(ctx, head, back, there); err != nil {
		return err
	}
	if err := w.s.reverse(ctx, back, there); err != nil {
		return err
	}
	return errHistoryMoves
}

// contradicted is errHistoryMoves if a span says otherwise of a recorded transfer than its record: it is
// recorded within the span and not in it any more, or it is in another block. A transfer can be recorded
// before the cursor reaches it: its payer named it, or the cursor went back. One to somebody who is not
// watched any more is in no span, and stays as it is.
func contradicted(
	ctx context.Context, r ports.Repos, cursor ports.Cursor, span ports.Span, watch ports.Watch,
) error {
	watched := make(map[chain.Address]bool, len(watch.Receivers))
	for _, to := range watch.Receivers {
		watched[to] = true
	}
	there := make(map[transferKey]string, len(span.Transfers))
	for _, t := range span.Transfers {
		there[transferKey{t.TxID, t.Index}] = t.BlockID
	}
	rows, err := r.Transfers.LoadAbove(ctx, cursor.Network, cursor.Height)
	if err != nil {
		return err
	}
	for _, row := range rows {
		t := row.Transfer
		block, found := there[transferKey{t.TxID, t.Index}]
		if found && block != t.BlockID || !found && t.Height <= span.To && watched[t.To] {
			return errHistoryMoves
		}
	}
	return nil
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

// retreat is a cursor on its way back: where it stands, and the newest block of its that still counts.
type retreat struct{ from, to ports.Cursor }

// spareEarly adds to what is there what was credited before it was final and is still on the chain:
// blocks above the final height change places, and a payment that merely moved to another block has not
// been undone. What is not final yet is judged when it would be. A block below where reading goes on is
// never read again: it has to be of the history that does.
func (w *watcher) spareEarly(
	ctx context.Context, head chain.Head, back retreat, there map[transferKey]chain.Transfer,
) error {
	var rows []ports.TransferRow
	err := w.s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		var err error
		rows, err = r.Transfers.LoadAbove(ctx, back.from.Network, back.from.Height)
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
		if t, ok := there[key]; ok && t.Height <= back.to.Height {
			if err := w.below(ctx, t, back.to); err != nil {
				return err
			}
		}
	}
	return nil
}

// below is errHistoryMoves unless a transfer is of the history that a block ends.
func (w *watcher) below(ctx context.Context, t chain.Transfer, end ports.Cursor) error {
	same, err := t.BlockID == end.BlockID, error(nil)
	if t.Height < end.Height {
		same, err = w.chain.Holds(ctx, map[uint64]string{t.Height: t.BlockID, end.Height: end.BlockID})
	}
	switch {
	case err != nil:
		return fmt.Errorf("block %d: %w", t.Height, err)
	case !same:
		return errHistoryMoves
	}
	return nil
}
