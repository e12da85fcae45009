package portstest

import (
	"context"
	"testing"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

var transferAgentPromises = []promise{
	{"a transfer nobody asked for can become an agent's, once", transfersAgent},
	{"an agent's transfer may be recorded as such, and is undone and returns as any", transfersAgentAdded},
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
