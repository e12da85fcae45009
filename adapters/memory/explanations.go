package memory

import (
	"cmp"
	"context"
	"slices"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

// IntentsOf implements ports.SessionReads.
func (s *Store) IntentsOf(
	_ context.Context, id checkout.SessionID, limit int,
) ([]checkout.Intent, error) {
	now := s.committed.Load()
	list := now.intents.where(func(i checkout.Intent) bool { return i.SessionID == id })
	slices.SortFunc(list, func(a, b checkout.Intent) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	list, _ = first(list, limit)
	for i := range list {
		list[i] = cloneIntent(list[i])
	}
	return list, nil
}

// arrived reports whether a transfer came where and when a query asks.
func arrived(q ports.ArrivalQuery, t chain.Transfer) bool {
	return t.To == q.At && slices.Contains(q.On, t.Network) &&
		!t.BlockTime.Before(q.From) && !t.BlockTime.After(q.Until) &&
		(q.Near == nil || q.Near.Holds(t.Units, t.Asset.Decimals))
}

// newestBlock is the order of what arrived: by time, the newest first.
func newestBlock(a, b chain.Transfer) int {
	return cmp.Or(b.BlockTime.Compare(a.BlockTime), cmp.Compare(b.Height, a.Height),
		cmp.Compare(b.TxID, a.TxID), cmp.Compare(b.Index, a.Index))
}

// Arrived implements ports.Explanations.
func (s *Store) Arrived(_ context.Context, q ports.ArrivalQuery) ([]ports.TransferRow, error) {
	now := s.committed.Load()
	rows := now.transfers.where(func(row ports.TransferRow) bool { return arrived(q, row.Transfer) })
	slices.SortFunc(rows, func(a, b ports.TransferRow) int { return newestBlock(a.Transfer, b.Transfer) })
	rows, _ = first(rows, q.Limit)
	for i := range rows {
		rows[i] = cloneRow(rows[i])
	}
	return rows, nil
}

// InSight implements ports.Explanations.
func (s *Store) InSight(
	_ context.Context, at chain.Address, on []chain.Network, limit int,
) ([]ports.Sighting, error) {
	now := s.committed.Load()
	list := now.sightings.where(func(o ports.Sighting) bool {
		return o.Transfer.To == at && slices.Contains(on, o.Transfer.Network)
	})
	slices.SortFunc(list, func(a, b ports.Sighting) int { return newestBlock(a.Transfer, b.Transfer) })
	list, _ = first(list, limit)
	for i := range list {
		list[i] = cloneSighting(list[i])
	}
	return list, nil
}

// Ignored implements ports.Explanations.
func (s *Store) Ignored(
	_ context.Context, q ports.ArrivalQuery,
) (list []ports.IgnoredTransfer, more int, err error) {
	now := s.committed.Load()
	list = now.ignored.where(func(t ports.IgnoredTransfer) bool {
		return t.To == q.At && slices.Contains(q.On, t.Network) &&
			!t.BlockTime.Before(q.From) && !t.BlockTime.After(q.Until)
	})
	slices.SortFunc(list, func(a, b ports.IgnoredTransfer) int {
		return cmp.Or(b.BlockTime.Compare(a.BlockTime), cmp.Compare(b.Height, a.Height),
			cmp.Compare(b.TxID, a.TxID), cmp.Compare(b.Index, a.Index))
	})
	list, _ = first(list, q.Limit)
	for i := range list {
		list[i].Units = cloneUnits(list[i].Units)
	}
	for day, count := range now.ignoredDays.all() {
		if day.to == q.At && slices.Contains(q.On, day.network) &&
			!day.day.Before(dayOf(q.From)) && !day.day.After(dayOf(q.Until)) {
			more += count.more
		}
	}
	return list, more, nil
}
