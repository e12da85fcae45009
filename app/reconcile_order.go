package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// confirmOrder looks whether what settled for a checkout session still stands. Its transfer says so: the
// watcher takes that back, and booking and session with it, as it does with every payment of a session; the
// settlement follows and is pursued anew. So a payment is reversed by one, and once. Once its block is final
// the settlement is at rest.
func (s Reconciler) confirmOrder(ctx context.Context, rail TokenRail, row ports.AuthorizationRow) error {
	was := row.Settlement.Snapshot()
	receipt, err := rail.Chain.Receipt(ctx, was.TxID)
	if err == nil {
		_, err = x402.Prove(was.Due, receipt.Receipt, 1)
	}
	final := err == nil && receipt.Final
	if followed, lost := s.follow(ctx, rail, was.Due.Key(), final); lost != nil || followed || err == nil {
		return lost
	}
	var refusal *x402.Refusal
	if !isNotFound(err) && !errors.As(err, &refusal) {
		return err
	}
	if rail.Watched != "" {
		return nil // the watcher will find out
	}
	fate, err := rail.Chain.Fate(ctx, was.Due, was.ClaimedAt.Add(-blockGrain))
	if err != nil || fate.Used && (fate.TxID == x402.Hash{} || fate.TxID == was.TxID) {
		return err // a node that lags, or one that knows no more
	}
	return s.unmirror(ctx, row)
}

// follow takes a settlement back whose transfer was: it is pursued anew. One whose transfer stands is at rest
// once that is final. Both are decided with the settlement locked: what the watcher takes back later wakes it.
func (s Reconciler) follow(
	ctx context.Context, rail TokenRail, k x402.ClaimKey, final bool,
) (followed bool, err error) {
	now := s.Relayer.now()
	err = s.Relayer.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		followed = false
		row, err := r.Authorizations.Load(ctx, k)
		if err != nil || row.Settlement.Snapshot().Status != x402.Settled {
			return err
		}
		moved, err := movedFor(ctx, r, row)
		switch {
		case err != nil || moved != nil && !final:
			return err
		case moved == nil:
			followed = true
			_, err = advance(ctx, r, row, now, undone)
			return err
		}
		row, err = advance(ctx, r, row, now, func(row *ports.AuthorizationRow, _ time.Time) error {
			row.LookAt = time.Time{}
			return nil
		})
		if err != nil {
			return err
		}
		return giveUpTransfers(ctx, r, rail, row)
	})
	return followed, err
}

// undone moves a settlement to reversed. It is looked at again at once: the chain may show it anew.
func undone(row *ports.AuthorizationRow, now time.Time) error {
	reversed, err := row.Settlement.Undo(x402.Reconciler)
	row.Settlement, row.OrderNo, row.LookAt = reversed, "", now
	return err
}

// unmirror undoes a test payment on the sandbox chain that its network has undone, or never had. The watcher
// finds it gone.
func (s Reconciler) unmirror(ctx context.Context, row ports.AuthorizationRow) error {
	k := row.Settlement.Snapshot().Due.Key()
	for n := range maxMirrors {
		there, err := s.Relayer.Till.Rails.Chains[chain.Sandbox].Lookup(ctx, mirrorOf(k, n))
		if err != nil {
			return err
		}
		if len(there) == 0 {
			continue // it is gone, or was never shown
		}
		s.Relayer.Log.LogAttrs(ctx, slog.LevelError, "the chain undid an agent's payment",
			slog.String("authorization", k.String()), slog.String("shown as", string(there[0].TxID)))
		return s.Relayer.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
			return r.Sandbox.Reorg(ctx, there[0].TxID, ports.SandboxReorg{At: s.Relayer.now(), Height: there[0].Height})
		})
	}
	return nil
}
