package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

var sourcePromises = []promise{
	{"what waits for a source is listed, oldest first, of one network", sourcesWaiting},
	{"what waits is released once, as it is asked, and waits no more", sourcesReleased},
	{"what does not wait is not released", sourcesNotReleased},
	{"a note is kept, taken back, and never hides that a transfer waits", sourcesNoted},
	{"recorded transfers between two blocks are listed in order, of one network", sourcesBetween},
	{"addresses are known since their first account or intent", sourcesKnown},
}

// doubted records a transfer that waits for a second source.
func doubted(t *testing.T, w World, s Shop, height uint64, because ports.Reason) ports.TransferRow {
	t.Helper()
	_, intent := s.AwaitPayment(t, Epoch, Address(), 9_990_100)
	row := Row(s, intent, Paying(intent, height))
	row.Disposition, row.OrderNo, row.Reason = ports.Held, "", because
	row.RecordedAt = Epoch.Add(time.Duration(height) * time.Second)
	same(t, addRow(t, w, row), true)
	return row
}

func allWaiting(t *testing.T, w World, n chain.Network, limit int) []ports.TransferRow {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) ([]ports.TransferRow, error) {
		return r.Transfers.Waiting(ctx, n, limit)
	})
}

func release(t *testing.T, w World, row ports.TransferRow) bool {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) (bool, error) {
		return r.Transfers.Release(ctx, row)
	})
}

func sourcesWaiting(t *testing.T, w World) {
	shop := OpenShop(t, w)
	late := doubted(t, w, shop, 9, ports.SourcesDiffer)
	early := doubted(t, w, shop, 8, ports.AwaitingSource)
	doubted(t, w, shop, 7, ports.NoReason)
	doubted(t, w, shop, 6, ports.Uncorroborated)
	gone := doubted(t, w, shop, 5, ports.AwaitingSource)
	reverse(t, w, gone)
	same(t, allWaiting(t, w, chain.Sandbox, 10), []ports.TransferRow{early, late})
	same(t, allWaiting(t, w, chain.Sandbox, 1), []ports.TransferRow{early})
	same(t, allWaiting(t, w, chain.Tron, 10), []ports.TransferRow(nil))
	rows, _ := ofSession(t, w, late.SessionID)
	same(t, rows, []ports.TransferRow{late})
}

func sourcesReleased(t *testing.T, w World) {
	shop := OpenShop(t, w)
	row := doubted(t, w, shop, 7, ports.AwaitingSource)
	differ := row
	differ.Reason = ports.SourcesDiffer
	same(t, release(t, w, differ), true)
	same(t, allWaiting(t, w, chain.Sandbox, 10), []ports.TransferRow{differ})

	settled := row
	settled.Disposition, settled.Reason, settled.OrderNo = ports.Settled, ports.NoReason, "20260301000000001"
	done := make([]bool, racers)
	allWon(t, race(racers, func(i int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) (err error) {
			done[i], err = r.Transfers.Release(ctx, settled)
			return err
		})
	}))
	times := 0
	for _, d := range done {
		if d {
			times++
		}
	}
	same(t, times, 1)
	rows, _ := ofSession(t, w, row.SessionID)
	same(t, rows, []ports.TransferRow{settled})
	same(t, allWaiting(t, w, chain.Sandbox, 10), []ports.TransferRow(nil))
}

func sourcesNotReleased(t *testing.T, w World) {
	shop := OpenShop(t, w)
	for _, row := range []ports.TransferRow{
		doubted(t, w, shop, 6, ports.NoReason), doubted(t, w, shop, 7, ports.Uncorroborated),
	} {
		changed := row
		changed.Disposition, changed.OrderNo = ports.Settled, "20260301000000001"
		same(t, release(t, w, changed), false)
		rows, _ := ofSession(t, w, row.SessionID)
		same(t, rows, []ports.TransferRow{row})
	}
	undone := doubted(t, w, shop, 8, ports.AwaitingSource)
	reverse(t, w, undone)
	same(t, release(t, w, undone), false)
	unknown := undone
	unknown.Transfer.TxID = TxID()
	same(t, release(t, w, unknown), false)
}

func sourcesNoted(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	row, held := Row(shop, intent, Paying(intent, 7)), doubted(t, w, shop, 8, ports.AwaitingSource)
	addRow(t, w, row)
	note := func(transfer chain.Transfer, because ports.Reason) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Transfers.Note(ctx, transfer, because)
		})
	}
	for _, because := range []ports.Reason{ports.RescanMissing, ports.NoReason, ports.RescanMissing} {
		ok(t, note(row.Transfer, because))
		row.Reason = because
		same(t, above(t, w, chain.Sandbox, 0), []ports.TransferRow{row, held})
	}
	ok(t, note(held.Transfer, ports.RescanMissing))
	same(t, allWaiting(t, w, chain.Sandbox, 10), []ports.TransferRow{held})
	unknown := row.Transfer
	unknown.TxID = TxID()
	isFault(t, note(unknown, ports.RescanMissing), ports.ErrNotFound)
}

func sourcesBetween(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	var rows []ports.TransferRow
	for height := uint64(5); height < 10; height++ {
		row := Row(shop, intent, Paying(intent, height))
		addRow(t, w, row)
		rows = append(rows, row)
	}
	foreign := Row(shop, intent, Paying(intent, 7))
	foreign.Transfer.Network, foreign.Transfer.Asset.Network = chain.Tron, chain.Tron
	addRow(t, w, foreign)
	reverse(t, w, rows[2])
	got := in(t, w, func(ctx context.Context, r ports.Repos) ([]ports.TransferRow, error) {
		return r.Transfers.Between(ctx, chain.Sandbox, 6, 8)
	})
	same(t, got, []ports.TransferRow{rows[1], rows[3]})
}

func sourcesKnown(t *testing.T, w World) {
	shop := OpenShop(t, w)
	asked, stranger := Address(), Address()
	shop.AwaitPayment(t, Epoch.Add(time.Hour), asked, 9_990_100)
	shop.AwaitPayment(t, Epoch, asked, 9_990_200)
	account, both := shop.Receive(Address(), Epoch.Add(time.Minute)), shop.Receive(asked, Epoch.Add(-time.Minute))
	account.Network, both.Network, both.Asset = chain.Sandbox, chain.Sandbox, "USDC"
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		if err := r.Receiving.Add(ctx, account); err != nil {
			return err
		}
		return r.Receiving.Add(ctx, both)
	})
	got, err := w.Sessions.KnownSince(t.Context(), chain.Sandbox,
		[]chain.Address{asked, stranger, account.Address})
	ok(t, err)
	same(t, got, map[chain.Address]time.Time{asked: both.CreatedAt, account.Address: account.CreatedAt})
	got, err = w.Sessions.KnownSince(t.Context(), chain.Tron, []chain.Address{asked})
	ok(t, err)
	same(t, len(got), 0)
	got, err = w.Sessions.KnownSince(t.Context(), chain.Sandbox, nil)
	ok(t, err)
	same(t, len(got), 0)
}
