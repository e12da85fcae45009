package portstest

import (
	"context"
	"math/big"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var transferPromises = []promise{
	{"a transfer is recorded once, and kept whole", transfersOnce},
	{"a transfer is told apart by network, transaction and index", transfersIdentity},
	{"of many who record one transfer one is first", transfersRace},
	{"a rolled back transfer is fresh again", transfersRollBack},
	{"transfers above a height are listed in order, of one network", transfersAbove},
	{"a reversed transfer is above no height and may be recorded anew", transfersReversed},
	{"reversing an unknown transfer is not found", transfersReverseUnknown},
	{"a moved transfer stands in its new block", transfersMoved},
	{"the queue holds what settled nothing, newest first", transfersQueue},
	{"a reversed transfer waits for nobody", transfersQueueReversed},
	{"the parts of a session whose merchant has to decide wait with the others", transfersQueueParts},
	{"a transfer that settled can become a part, no other can", transfersDemoted},
	{"a queue is paged through without gap or repetition, in one mode", transfersQueuePages},
	{"a decided transfer waits no longer, and is kept with its decision", transfersDecided},
	{"a decided transfer that is undone and returns waits again", transfersDecidedReturns},
	{"a recorded transfer is found by its identity", transfersLoad},
	{"a transfer nobody asked for can become an agent's, once", transfersAgent},
	{"an agent's transfer may be recorded as such, and is undone and returns as any", transfersAgentAdded},
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

func queue(t *testing.T, w World, p merchant.ProjectID, limit int) []ports.TransferRow {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) ([]ports.TransferRow, error) {
		page, err := r.Transfers.Queue(ctx, ports.QueueQuery{Project: p, Mode: merchant.Test, Limit: limit})
		return page.Rows, err
	})
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

func transfersQueue(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	addRow(t, w, Row(shop, intent, Paying(intent, 6)))
	var want []ports.TransferRow
	for i, d := range []ports.Disposition{ports.Held, ports.Duplicate, ports.Unmatched, ports.Held} {
		row := Row(shop, intent, Paying(intent, uint64(7+i)))
		row.Disposition, row.OrderNo = d, ""
		row.Transfer.BlockTime = row.Transfer.BlockTime.Add(time.Duration(i) * time.Second)
		row.RecordedAt = row.Transfer.BlockTime.Add(time.Minute)
		if d == ports.Unmatched {
			row.SessionID, row.IntentID = "", ""
		}
		addRow(t, w, row)
		want = append([]ports.TransferRow{row}, want...)
	}
	same(t, queue(t, w, shop.Project.ID, 10), want)
	same(t, queue(t, w, shop.Project.ID, 3), want[:3])
	same(t, queue(t, w, other.Project.ID, 10), []ports.TransferRow(nil))
}

func transfersQueueReversed(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	row := Row(shop, intent, Paying(intent, 7))
	row.Disposition, row.OrderNo = ports.Held, ""
	addRow(t, w, row)
	same(t, len(queue(t, w, shop.Project.ID, 10)), 1)
	reverse(t, w, row)
	same(t, len(queue(t, w, shop.Project.ID, 10)), 0)
}

func transfersQueueParts(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session := shop.AddSession(t, Epoch)
	intent := own(MakeIntent(session, Address(), 9_990_000))
	ok(t, session.Issue(intent, Epoch))
	part := Row(shop, intent, Paying(intent, 7))
	part.Transfer.Units, part.Disposition = big.NewInt(1_000_000), ports.Part
	ok(t, session.Credit(Confirm(t, part.Transfer), intent, false, part.OrderNo, Epoch))
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		if err := r.Sessions.Reserve(ctx, intent); err != nil {
			return err
		}
		return r.Sessions.Save(ctx, session)
	})
	addRow(t, w, part)
	ok(t, session.Lapse(Epoch.Add(time.Hour)))
	shop.saved(t, session)
	same(t, len(queue(t, w, shop.Project.ID, 10)), 0)

	held := part
	held.Transfer.TxID, held.Disposition, held.OrderNo = TxID(), ports.Held, ""
	held.RecordedAt = part.RecordedAt.Add(time.Second)
	addRow(t, w, held)
	session, err := w.Sessions.ByID(t.Context(), session.ID())
	ok(t, err)
	_, err = session.Reverse(part.Transfer, Epoch.Add(time.Hour), time.Hour)
	ok(t, err)
	ok(t, session.Credit(Confirm(t, part.Transfer), intent, false, part.OrderNo, Epoch.Add(time.Hour)))
	ok(t, session.AwaitDecision())
	shop.saved(t, session)
	same(t, queue(t, w, shop.Project.ID, 10), []ports.TransferRow{held, part})
	same(t, queue(t, w, shop.Project.ID, 1), []ports.TransferRow{held})
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

func decide(t *testing.T, w World, row ports.TransferRow) {
	t.Helper()
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Transfers.Decide(ctx, row) })
}

// waiting records a held transfer of a shop at a height.
func waiting(t *testing.T, w World, shop Shop, i checkout.Intent, height uint64) ports.TransferRow {
	t.Helper()
	row := Row(shop, i, Paying(i, height))
	row.Disposition, row.OrderNo = ports.Held, ""
	same(t, addRow(t, w, row), true)
	return row
}

func transfersQueuePages(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	const rows = 7 // all recorded at one instant, so that the order rests on the rest of the mark
	var want []ports.TransferRow
	for i := range rows {
		want = append([]ports.TransferRow{waiting(t, w, shop, intent, uint64(7+i))}, want...)
	}
	q := ports.QueueQuery{Project: shop.Project.ID, Mode: merchant.Test, Limit: 3}
	var got []ports.TransferRow
	for range rows {
		page := in(t, w, func(ctx context.Context, r ports.Repos) (ports.QueuePage, error) {
			return r.Transfers.Queue(ctx, q)
		})
		got = append(got, page.Rows...)
		if !page.More {
			break
		}
		last := page.Rows[len(page.Rows)-1]
		q.Before = ports.QueueMark{
			RecordedAt: last.RecordedAt, Height: last.Transfer.Height, Index: last.Transfer.Index,
			TxID: last.Transfer.TxID,
		}
	}
	same(t, got, want)
	q.Mode, q.Before = merchant.Live, ports.QueueMark{}
	none := in(t, w, func(ctx context.Context, r ports.Repos) (ports.QueuePage, error) {
		return r.Transfers.Queue(ctx, q)
	})
	same(t, none, ports.QueuePage{})
}

func transfersDecided(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	_, other := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	closed, assigned := waiting(t, w, shop, intent, 7), waiting(t, w, shop, intent, 8)
	closed.Decision = ports.Decision{
		Action: ports.Returned, Note: "sent back", ReturnTxID: "ab", At: Epoch.Add(time.Hour),
	}
	decide(t, w, closed)
	same(t, queue(t, w, shop.Project.ID, 10), []ports.TransferRow{assigned})
	assigned.Disposition, assigned.SessionID, assigned.IntentID = ports.Settled, other.SessionID, other.ID
	assigned.OrderNo = "20260517000000042"
	assigned.Decision = ports.Decision{Action: ports.Assigned, At: Epoch.Add(time.Hour)}
	decide(t, w, assigned)
	same(t, len(queue(t, w, shop.Project.ID, 10)), 0)
	rows, _ := ofSession(t, w, other.SessionID)
	same(t, rows, []ports.TransferRow{assigned})
	decided := in(t, w, func(ctx context.Context, r ports.Repos) (ports.QueuePage, error) {
		return r.Transfers.Queue(ctx, ports.QueueQuery{
			Project: shop.Project.ID, Mode: merchant.Test, Decided: true, Limit: 10,
		})
	})
	same(t, decided, ports.QueuePage{Rows: []ports.TransferRow{assigned, closed}})
	isFault(t, w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Transfers.Decide(ctx, Row(shop, intent, Paying(intent, 9)))
	}), ports.ErrNotFound)
}

func transfersDecidedReturns(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	row := waiting(t, w, shop, intent, 7)
	closed := row
	closed.Decision = ports.Decision{Action: ports.Closed, At: Epoch.Add(time.Hour)}
	decide(t, w, closed)
	reverse(t, w, row)
	same(t, addRow(t, w, row), true)
	same(t, queue(t, w, shop.Project.ID, 10), []ports.TransferRow{row})
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

// stray is a transfer nobody asked for.
func stray(t *testing.T, w World) (Shop, ports.TransferRow) {
	t.Helper()
	shop := OpenShop(t, w)
	return shop, ports.TransferRow{
		Transfer: Paying(MakeIntent(shop.MakeSession(t, Epoch), Address(), 10_000), 7), ProjectID: shop.Project.ID,
		Disposition: ports.Unmatched, Reason: ports.AwaitingSettlement, RecordedAt: Epoch,
	}
}

func loaded(t *testing.T, w World, of chain.Transfer) ports.TransferRow {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) (ports.TransferRow, error) {
		return r.Transfers.Load(ctx, of.Network, of.TxID, of.Index)
	})
}

// take makes a transfer an agent's as a settlement does; ErrStale if it is not to be had any more.
func take(ctx context.Context, r ports.Repos, of chain.Transfer, orderNo string) error {
	row, err := r.Transfers.Load(ctx, of.Network, of.TxID, of.Index)
	if err != nil {
		return err
	}
	if row.Disposition != ports.Unmatched || row.Decision.Action != "" {
		return ports.ErrStale
	}
	if err := r.Transfers.Note(ctx, of, ports.NoReason); err != nil {
		return err
	}
	row.Disposition, row.OrderNo = ports.Agent, orderNo
	return r.Transfers.Decide(ctx, row)
}

func transfersAgent(t *testing.T, w World) {
	shop, row := stray(t, w)
	same(t, addRow(t, w, row), true)
	same(t, queue(t, w, shop.Project.ID, 10), []ports.TransferRow{row}) // with its reason
	oneWinner(t, race(racers, func(int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return take(ctx, r, row.Transfer, "20260301000000001")
		})
	}), ports.ErrStale)
	row.Disposition, row.Reason, row.OrderNo = ports.Agent, ports.NoReason, "20260301000000001"
	same(t, row.Disposition.Booked(), true)
	same(t, loaded(t, w, row.Transfer), row)
	same(t, queue(t, w, shop.Project.ID, 10), []ports.TransferRow(nil))

	_, other := stray(t, w)
	same(t, addRow(t, w, other), true)
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Transfers.Note(ctx, other.Transfer, ports.NoReason)
	})
	other.Reason = ports.NoReason
	same(t, queue(t, w, other.ProjectID, 10), []ports.TransferRow{other})
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return take(ctx, r, other.Transfer, "20260301000000002")
	})
	same(t, loaded(t, w, other.Transfer).Disposition, ports.Agent)
}

func transfersAgentAdded(t *testing.T, w World) {
	shop, row := stray(t, w)
	row.Disposition, row.Reason, row.OrderNo = ports.Agent, ports.NoReason, "20260301000000001"
	same(t, addRow(t, w, row), true)
	same(t, above(t, w, row.Transfer.Network, 6), []ports.TransferRow{row})
	watched := row
	watched.Disposition, watched.OrderNo = ports.Unmatched, ""
	same(t, addRow(t, w, watched), false) // the watcher sees it later than its settlement did
	same(t, queue(t, w, shop.Project.ID, 10), []ports.TransferRow(nil))
	reverse(t, w, row)
	same(t, addRow(t, w, watched), true)
	same(t, queue(t, w, shop.Project.ID, 10), []ports.TransferRow{watched})
}
