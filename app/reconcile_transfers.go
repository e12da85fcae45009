package app

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// recordedBefore is how long before its claim a transfer may lie that was kept for a settlement: blocks
// that are remembered lie far apart.
const recordedBefore = 10 * time.Minute

// giveUpTransfers gives recorded transfers back to their merchant that were kept for a settlement which is
// at rest: they are of nobody, and his to decide about.
func giveUpTransfers(
	ctx context.Context, r ports.Repos, rail TokenRail, row ports.AuthorizationRow,
) error {
	if rail.Watched == "" {
		return nil
	}
	was := row.Settlement.Snapshot()
	from, err := r.Cursors.Since(ctx, rail.Watched, was.ClaimedAt.Add(-recordedBefore))
	if isNotFound(err) {
		return nil // nothing was read since
	}
	if err != nil {
		return err
	}
	to, err := r.Cursors.Load(ctx, rail.Watched)
	if err != nil {
		return err
	}
	rows, err := r.Transfers.Between(ctx, rail.Watched, from.Height, to.Height)
	if err != nil {
		return err
	}
	for _, kept := range rows {
		if kept.Reason != ports.AwaitingSettlement || kept.Disposition != ports.Unmatched || !alike(kept, was.Due) {
			continue
		}
		if err := r.Transfers.Note(ctx, kept.Transfer, ports.NoReason); err != nil {
			return err
		}
	}
	return nil
}

// alike reports whether a transfer moved what is due from whom and to whom.
func alike(row ports.TransferRow, d x402.Due) bool {
	asset, isToken := x402.AddressOf(chain.Address(row.Transfer.Asset.Contract))
	from, isPayer := x402.AddressOf(row.Transfer.From)
	to, isPayee := x402.AddressOf(row.Transfer.To)
	units, isValue := x402.UintOf(row.Transfer.Units)
	return isToken && isPayer && isPayee && isValue && asset == d.Asset && from == d.Payer && to == d.PayTo && units == d.Value
}
