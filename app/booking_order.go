package app

import (
	"context"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/ports"
)

// takeOver enters a transfer by which a program pays a session, and answers where it went. It may be recorded:
// the watcher keeps what may be a program's for nobody until it is known whose it is. taken is false if it has
// paid something else, or somebody decided on it; errUncounted, if it is not final and would not pay.
func (b *booking) takeOver(ctx context.Context, f find) (went ports.TransferRow, taken bool, err error) {
	t := f.proof.Transfer()
	was, err := b.r.Transfers.Load(ctx, t.Network, t.TxID, t.Index)
	switch {
	case isNotFound(err), err == nil && was.Disposition == ports.Reversed:
	case err != nil:
		return was, false, err
	case was.IntentID == f.held.Intent.ID:
		return was, true, nil
	case was.Disposition != ports.Unmatched || was.Decision.Action != "":
		return was, false, nil
	default:
		b.over = true
		if err := b.free(ctx, was, f); err != nil {
			return was, false, err
		}
	}
	if err := b.enter(ctx, []find{f}); err != nil {
		return was, false, err
	}
	went, err = b.r.Transfers.Load(ctx, t.Network, t.TxID, t.Index)
	if isNotFound(err) || err == nil && went.IntentID != f.held.Intent.ID {
		return went, false, errUncounted // the unit of work ends with nothing done
	}
	return went, true, err
}

// free makes a recorded transfer one that nobody waits for, in the block it is in.
func (b *booking) free(ctx context.Context, was ports.TransferRow, f find) error {
	t := f.proof.Transfer()
	if was.Transfer.BlockID != t.BlockID {
		if err := b.r.Transfers.Move(ctx, t); err != nil {
			return err
		}
	}
	if was.Reason == ports.NoReason {
		return nil
	}
	return b.r.Transfers.Note(ctx, t, ports.NoReason)
}

// orderNoOf is the number a transfer is booked under, "" if it is not booked.
func orderNoOf(row ports.TransferRow) ledger.OrderNo { return ledger.OrderNo(row.OrderNo) }
