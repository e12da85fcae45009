package memory

import (
	"cmp"
	"context"
	"slices"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type transfers struct{ *unit }

type transferKey struct {
	network chain.Network
	id      chain.TxID
	index   uint32
}

func keyOf(t chain.Transfer) transferKey { return transferKey{t.Network, t.TxID, t.Index} }

func cloneRow(row ports.TransferRow) ports.TransferRow {
	row.Transfer.Units = cloneUnits(row.Transfer.Units)
	return row
}

func cloneSighting(s ports.Sighting) ports.Sighting {
	s.Transfer.Units = cloneUnits(s.Transfer.Units)
	return s
}

// onChain is the order of a chain: by height, then by index, then by transaction.
func onChain(a, b chain.Transfer) int {
	return cmp.Or(
		cmp.Compare(a.Height, b.Height), cmp.Compare(a.Index, b.Index), cmp.Compare(a.TxID, b.TxID),
	)
}

func (r transfers) Add(ctx context.Context, t ports.TransferRow) (bool, error) {
	s, err := r.state(ctx)
	if err != nil {
		return false, err
	}
	if row, known := s.transfers.get(keyOf(t.Transfer)); known && !row.GivesWayTo(t) {
		return false, nil
	}
	s.transfers.put(r.unit, keyOf(t.Transfer), cloneRow(t))
	return true, nil
}

func (r transfers) AddAll(ctx context.Context, ts []ports.TransferRow) ([]bool, error) {
	fresh := make([]bool, len(ts))
	for i, t := range ts {
		var err error
		if fresh[i], err = r.Add(ctx, t); err != nil {
			return nil, err
		}
	}
	return fresh, nil
}

func (r transfers) LoadAbove(
	ctx context.Context, n chain.Network, height uint64,
) ([]ports.TransferRow, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	return rowsInOrder(s, func(row ports.TransferRow) bool {
		return row.Transfer.Network == n && row.Transfer.Height > height &&
			row.Disposition != ports.Reversed
	}), nil
}

func rowsInOrder(s *state, match func(ports.TransferRow) bool) []ports.TransferRow {
	rows := s.transfers.where(match)
	slices.SortFunc(rows, func(a, b ports.TransferRow) int { return onChain(a.Transfer, b.Transfer) })
	for i := range rows {
		rows[i] = cloneRow(rows[i])
	}
	return rows
}

func (r transfers) Reverse(
	ctx context.Context, n chain.Network, id chain.TxID, index uint32,
) error {
	return r.change(ctx, transferKey{n, id, index}, func(row *ports.TransferRow) {
		row.Disposition = ports.Reversed
	})
}

func (r transfers) Demote(
	ctx context.Context, n chain.Network, id chain.TxID, index uint32,
) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	row, known := s.transfers.get(transferKey{n, id, index})
	if !known || row.Disposition != ports.Settled {
		return ports.ErrNotFound
	}
	row.Disposition = ports.Part
	s.transfers.put(r.unit, keyOf(row.Transfer), row)
	return nil
}

func (r transfers) Move(ctx context.Context, t chain.Transfer) error {
	return r.change(ctx, keyOf(t), func(row *ports.TransferRow) {
		row.Transfer.Height, row.Transfer.BlockID = t.Height, t.BlockID
		row.Transfer.BlockTime = t.BlockTime
	})
}

// awaits reports whether a transfer is held for a second source.
func awaits(row ports.TransferRow) bool {
	return row.Disposition == ports.Held &&
		(row.Reason == ports.AwaitingSource || row.Reason == ports.SourcesDiffer)
}

func (r transfers) Release(ctx context.Context, t ports.TransferRow) (bool, error) {
	s, err := r.state(ctx)
	if err != nil {
		return false, err
	}
	row, known := s.transfers.get(keyOf(t.Transfer))
	if !known || !awaits(row) {
		return false, nil
	}
	row.Disposition, row.Reason, row.OrderNo = t.Disposition, t.Reason, t.OrderNo
	row.SessionID, row.IntentID = t.SessionID, t.IntentID
	s.transfers.put(r.unit, keyOf(t.Transfer), row)
	return true, nil
}

func (r transfers) Note(ctx context.Context, t chain.Transfer, because ports.Reason) error {
	return r.change(ctx, keyOf(t), func(row *ports.TransferRow) {
		if !awaits(*row) {
			row.Reason = because
		}
	})
}

func (r transfers) Waiting(
	ctx context.Context, n chain.Network, limit int,
) ([]ports.TransferRow, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	rows := rowsInOrder(s, func(row ports.TransferRow) bool {
		return row.Transfer.Network == n && awaits(row)
	})
	slices.SortStableFunc(rows, func(a, b ports.TransferRow) int {
		return a.RecordedAt.Compare(b.RecordedAt)
	})
	rows, _ = first(rows, limit)
	return rows, nil
}

func (r transfers) Between(
	ctx context.Context, n chain.Network, from, to uint64,
) ([]ports.TransferRow, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	return rowsInOrder(s, func(row ports.TransferRow) bool {
		t := row.Transfer
		return t.Network == n && t.Height >= from && t.Height <= to && row.Disposition != ports.Reversed
	}), nil
}

func (r transfers) change(
	ctx context.Context, k transferKey, apply func(*ports.TransferRow),
) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	row, err := must(s.transfers.get(k))
	if err != nil {
		return err
	}
	apply(&row)
	s.transfers.put(r.unit, k, row)
	return nil
}

func (r transfers) ReplaceSightings(
	ctx context.Context, n chain.Network, now []ports.Sighting,
) ([]ports.Sighting, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	before := s.sightings.where(func(o ports.Sighting) bool { return o.Transfer.Network == n })
	for _, o := range before {
		s.sightings.drop(r.unit, keyOf(o.Transfer))
	}
	for _, o := range now {
		s.sightings.put(r.unit, keyOf(o.Transfer), cloneSighting(o))
	}
	var gone []ports.Sighting
	for _, o := range before {
		seen, still := s.sightings.get(keyOf(o.Transfer))
		still = still && seen.SessionID == o.SessionID
		row, final := s.transfers.get(keyOf(o.Transfer))
		if !still && (!final || row.Disposition == ports.Reversed || row.SessionID != o.SessionID) {
			gone = append(gone, cloneSighting(o))
		}
	}
	slices.SortFunc(gone, func(a, b ports.Sighting) int { return onChain(a.Transfer, b.Transfer) })
	return gone, nil
}

func (r transfers) OfSession(
	ctx context.Context, id checkout.SessionID,
) ([]ports.TransferRow, []ports.Sighting, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, nil, err
	}
	rows := rowsInOrder(s, func(row ports.TransferRow) bool { return id != "" && row.SessionID == id })
	seen := s.sightings.where(func(o ports.Sighting) bool { return o.SessionID == id })
	slices.SortFunc(seen, func(a, b ports.Sighting) int { return onChain(a.Transfer, b.Transfer) })
	for i := range seen {
		seen[i] = cloneSighting(seen[i])
	}
	return rows, seen, nil
}

func (r transfers) Load(
	ctx context.Context, n chain.Network, id chain.TxID, index uint32,
) (ports.TransferRow, error) {
	s, err := r.state(ctx)
	if err != nil {
		return ports.TransferRow{}, err
	}
	row, err := must(s.transfers.get(transferKey{n, id, index}))
	return cloneRow(row), err
}

func (r transfers) Decide(ctx context.Context, t ports.TransferRow) error {
	return r.change(ctx, keyOf(t.Transfer), func(row *ports.TransferRow) {
		row.Disposition, row.SessionID, row.IntentID = t.Disposition, t.SessionID, t.IntentID
		row.OrderNo, row.Decision = t.OrderNo, t.Decision
	})
}

// waits are the dispositions of what settled nothing by itself.
var waits = []ports.Disposition{ports.Held, ports.Duplicate, ports.Unmatched}

func (r transfers) Queue(ctx context.Context, q ports.QueueQuery) (ports.QueuePage, error) {
	s, err := r.state(ctx)
	if err != nil {
		return ports.QueuePage{}, err
	}
	rows := rowsInOrder(s, func(row ports.TransferRow) bool {
		decided := row.Decision.Action != ""
		return row.ProjectID == q.Project && decided == q.Decided &&
			(decided || slices.Contains(waits, row.Disposition) || row.Disposition == ports.Part && s.held(row.SessionID)) &&
			(row.Transfer.Network == chain.Sandbox) == (q.Mode == merchant.Test) &&
			(q.Before.RecordedAt.IsZero() || newestFirst(queueMark(row), q.Before) > 0)
	})
	slices.SortFunc(rows, func(a, b ports.TransferRow) int { return newestFirst(queueMark(a), queueMark(b)) })
	page, more := first(rows, q.Limit)
	return ports.QueuePage{Rows: page, More: more}, nil
}

func queueMark(row ports.TransferRow) ports.QueueMark {
	t := row.Transfer
	return ports.QueueMark{RecordedAt: row.RecordedAt, Height: t.Height, Index: t.Index, TxID: t.TxID}
}

func newestFirst(a, b ports.QueueMark) int {
	return cmp.Or(
		b.RecordedAt.Compare(a.RecordedAt), cmp.Compare(b.Height, a.Height),
		cmp.Compare(b.Index, a.Index), cmp.Compare(b.TxID, a.TxID),
	)
}

// held reports whether a session that was paid in part waits for its merchant.
func (s *state) held(id checkout.SessionID) bool {
	session, _ := s.sessions.get(id)
	return session.UnderpaidHeld
}
