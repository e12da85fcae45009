package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

var transferPromises = []promise{
	{"a transfer is recorded once, and kept whole", transfersOnce},
	{"a transfer is told apart by network, transaction and index", transfersIdentity},
	{"of many who record one transfer one is first", transfersRace},
	{"a rolled back transfer is fresh again", transfersRollBack},
	{"transfers above a height are listed in order, of one network", transfersAbove},
	{"a reversed transfer is above no height and may be recorded anew", transfersReversed},
	{"a transfer that was nobody's is recorded anew for whom it is found to be", transfersFound},
	{"reversing an unknown transfer is not found", transfersReverseUnknown},
	{"a moved transfer stands in its new block", transfersMoved},
	{"a transfer that settled can become a part, no other can", transfersDemoted},
	{"a recorded transfer is found by its identity", transfersLoad},
}

func addRow(t *testing.T, w World, row ports.TransferRow) bool {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) (bool, error) {
		return r.Transfers.Add(ctx, row)
	})
}

func above(t *testing.T, w World, n chain.Network, height uint64) []ports.TransferRow {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) ([]ports.TransferRow, error) {
		return r.Transfers.LoadAbove(ctx, n, height)
	})
}

func reverse(t *testing.T, w World, row ports.TransferRow) {
	t.Helper()
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Transfers.Reverse(ctx, row.Transfer.Network, row.Transfer.TxID, row.Transfer.Index)
	})
}

func ofSession(
	t *testing.T, w World, id checkout.SessionID,
) (rows []ports.TransferRow, seen []ports.Sighting) {
	t.Helper()
	do(t, w, func(ctx context.Context, r ports.Repos) (err error) {
		rows, seen, err = r.Transfers.OfSession(ctx, id)
		return err
	})
	return rows, seen
}

func transfersOnce(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	other, _ := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	row := Row(shop, intent, Paying(intent, 7))
	same(t, addRow(t, w, row), true)
	changed := row
	changed.Disposition, changed.OrderNo, changed.Transfer.Height = ports.Held, "", 9
	same(t, addRow(t, w, changed), false)
	rows, _ := ofSession(t, w, intent.SessionID)
	same(t, rows, []ports.TransferRow{row})
	rows, _ = ofSession(t, w, other.ID())
	same(t, rows, []ports.TransferRow(nil))

	// What nobody asked for belongs to nobody, and is recorded all the same.
	stray := ports.TransferRow{
		Transfer: Paying(intent, 8), Disposition: ports.Unmatched, RecordedAt: Epoch,
	}
	same(t, addRow(t, w, stray), true)
	same(t, addRow(t, w, stray), false)
	same(t, above(t, w, chain.Sandbox, 7), []ports.TransferRow{stray})
}

func transfersIdentity(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	row := Row(shop, intent, Paying(intent, 7))
	sibling, elsewhere := row, row
	sibling.Transfer.Index = 1
	elsewhere.Transfer.Network, elsewhere.Transfer.Asset.Network = chain.Tron, chain.Tron
	same(t, addRow(t, w, row), true)
	same(t, addRow(t, w, sibling), true)
	same(t, addRow(t, w, elsewhere), true)
	same(t, addRow(t, w, sibling), false)
}

func transfersRace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	row := Row(shop, intent, Paying(intent, 7))
	first := make([]bool, racers)
	allWon(t, race(racers, func(i int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) (err error) {
			first[i], err = r.Transfers.Add(ctx, row)
			return err
		})
	}))
	fresh := 0
	for _, f := range first {
		if f {
			fresh++
		}
	}
	same(t, fresh, 1)
}

func transfersRollBack(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	row := Row(shop, intent, Paying(intent, 7))
	isFault(t, w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		if _, err := r.Transfers.Add(ctx, row); err != nil {
			return err
		}
		return ports.ErrStale
	}), ports.ErrStale)
	same(t, above(t, w, chain.Sandbox, 0), []ports.TransferRow(nil))
	same(t, addRow(t, w, row), true)
}

func transfersAbove(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	at := func(height uint64, index uint32) ports.TransferRow {
		row := Row(shop, intent, Paying(intent, height))
		row.Transfer.Index = index
		addRow(t, w, row)
		return row
	}
	d, b, a, c := at(12, 0), at(11, 1), at(10, 0), at(11, 2)
	tron := Row(shop, intent, Paying(intent, 99))
	tron.Transfer.Network, tron.Transfer.Asset.Network = chain.Tron, chain.Tron
	addRow(t, w, tron)
	same(t, above(t, w, chain.Sandbox, 9), []ports.TransferRow{a, b, c, d})
	same(t, above(t, w, chain.Sandbox, 10), []ports.TransferRow{b, c, d})
	same(t, above(t, w, chain.Sandbox, 12), []ports.TransferRow(nil))
	same(t, above(t, w, chain.Tron, 0), []ports.TransferRow{tron})
}

func transfersReversed(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	row, neighbour := Row(shop, intent, Paying(intent, 7)), Row(shop, intent, Paying(intent, 7))
	neighbour.Transfer.Index = 1
	addRow(t, w, row)
	addRow(t, w, neighbour)
	reverse(t, w, row)
	same(t, above(t, w, chain.Sandbox, 0), []ports.TransferRow{neighbour})
	rows, _ := ofSession(t, w, intent.SessionID)
	standing(t, rows, neighbour)

	again := row
	again.Transfer.Height, again.Transfer.BlockID = 9, BlockID(9)
	again.OrderNo, again.RecordedAt = "20260301000000009", Epoch.Add(time.Hour)
	same(t, addRow(t, w, again), true)
	same(t, addRow(t, w, again), false)
	same(t, above(t, w, chain.Sandbox, 0), []ports.TransferRow{neighbour, again})
	rows, _ = ofSession(t, w, intent.SessionID)
	standing(t, rows, neighbour, again)
}

// standing checks which rows the chain still stands for, in any order.
func standing(t *testing.T, rows []ports.TransferRow, want ...ports.TransferRow) {
	t.Helper()
	left := make(map[chain.TxID]ports.TransferRow, len(want))
	for _, r := range want {
		left[r.Transfer.TxID] = r
	}
	for _, r := range rows {
		if r.Disposition == ports.Reversed {
			continue
		}
		expected, known := left[r.Transfer.TxID]
		if !known {
			t.Fatalf("transfer %s stands, or stands twice", r.Transfer.TxID)
		}
		same(t, r, expected)
		delete(left, r.Transfer.TxID)
	}
	same(t, len(left), 0)
}

func transfersFound(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	nobodys := func(height uint64) ports.TransferRow {
		return ports.TransferRow{
			Transfer: Paying(intent, height), ProjectID: shop.Project.ID, Disposition: ports.Unmatched, RecordedAt: Epoch,
		}
	}
	lies, noted, closed, agents := nobodys(7), nobodys(8), nobodys(9), nobodys(10)
	noted.Reason, agents.Reason = ports.RescanMissing, ports.AwaitingSettlement
	closed.Decision = ports.Decision{Action: ports.Closed, At: Epoch}
	for _, row := range []ports.TransferRow{lies, noted, closed, agents} {
		same(t, addRow(t, w, row), true)
	}
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Transfers.Decide(ctx, closed) })

	same(t, addRow(t, w, lies), false) // still nobody's
	moved := func(row ports.TransferRow) ports.TransferRow {
		found := Row(shop, intent, row.Transfer)
		found.Transfer.Height, found.Transfer.BlockID = row.Transfer.Height-3, BlockID(row.Transfer.Height-3)
		return found
	}
	same(t, addRow(t, w, moved(lies)), true)
	same(t, addRow(t, w, moved(lies)), false)
	same(t, addRow(t, w, moved(noted)), true)
	same(t, addRow(t, w, moved(closed)), false)
	same(t, addRow(t, w, moved(agents)), false)
	same(t, above(t, w, chain.Sandbox, 0), []ports.TransferRow{moved(lies), moved(noted), closed, agents})
}

func transfersReverseUnknown(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	row := Row(shop, intent, Paying(intent, 7))
	addRow(t, w, row)
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		return r.Transfers.Reverse(ctx, chain.Tron, row.Transfer.TxID, 0)
	})
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		return r.Transfers.Reverse(ctx, chain.Sandbox, row.Transfer.TxID, 1)
	})
	same(t, above(t, w, chain.Sandbox, 0), []ports.TransferRow{row})
}

func transfersMoved(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	row, neighbour := Row(shop, intent, Paying(intent, 7)), Row(shop, intent, Paying(intent, 7))
	addRow(t, w, row)
	addRow(t, w, neighbour)
	row.Transfer.Height, row.Transfer.BlockID = 9, BlockID(9)
	row.Transfer.BlockTime = row.Transfer.BlockTime.Add(time.Second)
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Transfers.Move(ctx, row.Transfer)
	})
	same(t, above(t, w, chain.Sandbox, 0), []ports.TransferRow{neighbour, row})
}

func transfersDemoted(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	row := Row(shop, intent, Paying(intent, 7))
	addRow(t, w, row)
	demote := func() error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Transfers.Demote(ctx, row.Transfer.Network, row.Transfer.TxID, row.Transfer.Index)
		})
	}
	ok(t, demote())
	row.Disposition = ports.Part
	same(t, above(t, w, chain.Sandbox, 0), []ports.TransferRow{row})
	isFault(t, demote(), ports.ErrNotFound)
}

func load(t *testing.T, w World, of chain.Transfer) (row ports.TransferRow, err error) {
	t.Helper()
	err = w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) (err error) {
		row, err = r.Transfers.Load(ctx, of.Network, of.TxID, of.Index)
		return err
	})
	return row, err
}

func transfersLoad(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	row := waiting(t, w, shop, intent, 7)
	got, err := load(t, w, row.Transfer)
	ok(t, err)
	same(t, got, row)
	_, err = load(t, w, Paying(intent, 8))
	isFault(t, err, ports.ErrNotFound)
}

func loaded(t *testing.T, w World, of chain.Transfer) ports.TransferRow {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) (ports.TransferRow, error) {
		return r.Transfers.Load(ctx, of.Network, of.TxID, of.Index)
	})
}
