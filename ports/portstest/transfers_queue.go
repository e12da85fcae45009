package portstest

import (
	"context"
	"math/big"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var transferQueuePromises = []promise{
	{"the queue holds what settled nothing, newest first", transfersQueue},
	{"a reversed transfer waits for nobody", transfersQueueReversed},
	{"the parts of a session whose merchant has to decide wait with the others", transfersQueueParts},
	{"a queue is paged through without gap or repetition, in one mode", transfersQueuePages},
	{"a decided transfer waits no longer, and is kept with its decision", transfersDecided},
	{"a decided transfer that is undone and returns waits again", transfersDecidedReturns},
}

func queue(t *testing.T, w World, p merchant.ProjectID, limit int) []ports.TransferRow {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) ([]ports.TransferRow, error) {
		page, err := r.Transfers.Queue(ctx, ports.QueueQuery{Project: p, Mode: merchant.Test, Limit: limit})
		return page.Rows, err
	})
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
