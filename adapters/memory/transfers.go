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
	if row, known := s.transfers.get(keyOf(t.Transfer)); known && row.Disposition != ports.Reversed {
		return false, nil
	}
	s.transfers.put(r.unit, keyOf(t.Transfer), cloneRow(t))
	return true, nil
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
		_, still := s.sightings.get(keyOf(o.Transfer))
		row, final := s.transfers.get(keyOf(o.Transfer))
		if !still && (!final || row.Disposition == ports.Reversed) {
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

func (r transfers) Queue(
	ctx context.Context, p merchant.ProjectID, limit int,
) ([]ports.TransferRow, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	rows := rowsInOrder(s, func(row ports.TransferRow) bool {
		waits := row.Disposition != ports.Settled && row.Disposition != ports.Reversed
		if session, _ := s.sessions.get(row.SessionID); row.Disposition == ports.Part {
			waits = session.UnderpaidHeld
		}
		return row.ProjectID == p && waits
	})
	slices.Reverse(rows)
	slices.SortStableFunc(rows, func(a, b ports.TransferRow) int {
		return b.RecordedAt.Compare(a.RecordedAt)
	})
	rows, _ = first(rows, limit)
	return rows, nil
}
