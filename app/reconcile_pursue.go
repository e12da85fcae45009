package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// findings are what the chain says of the transactions signed for a settlement.
type findings struct {
	proof     *evidence   // one that settles it; nil if none does
	fruitless x402.Reason // why one of them moved nothing, deep enough; 0 if none is known to
	shallow   bool        // one is in a block, not deep enough
	missing   bool        // one is in no block
}

// pursue asks the chain what became of an authorization that is not settled, and acts on it: settles,
// fails, lapses, or signs anew. What is to be sent again is for sweep.
func (s Reconciler) pursue(ctx context.Context, rail TokenRail, row ports.AuthorizationRow) error {
	was := row.Settlement.Snapshot()
	found, err := s.examine(ctx, rail, row)
	if err != nil {
		return err
	}
	if found.proof != nil {
		_, err := s.Relayer.settle(ctx, *found.proof)
		return err
	}
	since := was.ClaimedAt.Add(-blockGrain)
	fate, err := rail.Chain.Fate(ctx, was.Due, since)
	if err != nil {
		return err
	}
	if fate.Used {
		return s.other(ctx, rail, row)
	}
	if row.SessionID != "" && rail.Watched == "" && !found.shallow {
		if err := s.unmirror(ctx, row); err != nil {
			return err
		}
	}
	if until := overAt(row.Settlement); !fate.FinalTime.Before(until) && !fate.UsedFinal {
		return s.lapse(ctx, rail, row, fate)
	}
	switch {
	case found.fruitless != 0 && !found.shallow && !found.missing:
		return s.fail(ctx, row, found.fruitless)
	case found.missing && rail.Relay != nil:
		return s.renew(ctx, rail, row)
	}
	return nil
}

// examine reads the receipts of every transaction that was signed or named for a settlement.
func (s Reconciler) examine(ctx context.Context, rail TokenRail, row ports.AuthorizationRow) (f findings, err error) {
	was := row.Settlement.Snapshot()
	txs, err := s.Relayer.Lanes.OfSettlement(ctx, was.Due.Key())
	if err != nil {
		return f, err
	}
	ids := make([]x402.Hash, 0, len(txs)+1)
	for _, t := range txs {
		ids = append(ids, t.TxID)
	}
	if len(txs) == 0 && was.TxID != (x402.Hash{}) {
		ids = append(ids, was.TxID) // another facilitator's
	}
	for _, id := range ids {
		receipt, err := rail.Chain.Receipt(ctx, id)
		if isNotFound(err) {
			f.missing = true
			continue
		}
		if err != nil {
			return f, err
		}
		proven, err := x402.Prove(was.Due, receipt.Receipt, rail.Confirmations)
		var refusal *x402.Refusal
		switch {
		case err == nil:
			f.proof = &evidence{rail, proven, receipt, x402.Reconciler}
			return f, nil
		case errors.As(err, &refusal) && refusal.Reason == x402.ReasonNotObserved:
			// It only used a nonce up, or a token keeps quiet: the authorization's own fate decides.
		case errors.As(err, &refusal):
			f.fruitless = refusal.Reason
		default:
			f.shallow = true
			s.ambiguous(ctx, was, err)
		}
	}
	return f, nil
}

// ambiguous tells of money that moved and that nobody can say for what.
func (s Reconciler) ambiguous(ctx context.Context, was x402.Snapshot, err error) {
	if errors.Is(err, x402.ErrAmbiguous) {
		s.Relayer.Log.LogAttrs(ctx, slog.LevelError, "a transaction shows an agent's payment more than once: look at it",
			slog.String("authorization", was.Due.Key().String()), slog.String("transaction", was.TxID.String()))
	}
}

// other settles by a transaction that is not ours: anybody may submit an authorization.
func (s Reconciler) other(ctx context.Context, rail TokenRail, row ports.AuthorizationRow) error {
	proof, _, err := s.Relayer.elsewhere(ctx, rail, row)
	if err == nil && proof != nil {
		_, err = s.Relayer.settle(ctx, *proof)
		return err
	}
	was := row.Settlement.Snapshot()
	if err != nil || (was.Status != x402.Refused && was.Status != x402.Failed) {
		return err
	}
	if s.Relayer.now().Before(overAt(row.Settlement).Add(usedGrace)) {
		return nil
	}
	return s.rest(ctx, rail, was.Due.Key(), was.Status) // used before it was claimed, or cancelled
}

// usedGrace is how long after its window a payment that was refused is looked for, if its nonce was used by
// a transaction that was not found.
const usedGrace = 10 * time.Minute

// lapse ends a settlement whose window is over and whose nonce is unused, both for good.
func (s Reconciler) lapse(
	ctx context.Context, rail TokenRail, row ports.AuthorizationRow, fate ports.AuthorizationFate,
) error {
	was := row.Settlement.Snapshot()
	if was.Status == x402.Refused || was.Status == x402.Failed {
		return s.rest(ctx, rail, was.Due.Key(), was.Status)
	}
	return s.end(ctx, rail, was.Due.Key(), func(row *ports.AuthorizationRow, _ time.Time) error {
		lapsed, err := row.Settlement.Lapse(x402.Reconciler, fate.FinalTime, fate.UsedFinal)
		row.Settlement = lapsed
		return err
	})
}

// fail ends a settlement whose transactions moved nothing. One that was signed and never noted as sent was
// sent all the same.
func (s Reconciler) fail(ctx context.Context, row ports.AuthorizationRow, why x402.Reason) error {
	_, err := s.Relayer.moveOrRead(ctx, row.Settlement.Snapshot().Due.Key(),
		func(row *ports.AuthorizationRow, now time.Time) error {
			if row.Settlement.Snapshot().Status == x402.Signed {
				sent, err := row.Settlement.Send(x402.Reconciler)
				if err != nil {
					return err
				}
				row.Settlement = sent
			}
			return reverted(x402.Reconciler, why)(row, now)
		})
	return err
}

// renew signs a settlement anew if none of its transactions can be mined any more: their nonces were used
// by others. As long as one can be, sweep sends it again.
func (s Reconciler) renew(ctx context.Context, rail TokenRail, row ports.AuthorizationRow) error {
	was := row.Settlement.Snapshot()
	if was.Status == x402.Refused || was.Status == x402.Failed || was.Status == x402.Delegated {
		return nil
	}
	txs, err := s.Relayer.Lanes.OfSettlement(ctx, was.Due.Key())
	if err != nil || len(txs) == 0 || len(txs) >= maxRenewals {
		return err
	}
	for _, t := range txs {
		next, _, err := rail.Relay.Standing(ctx, t.Account)
		if err != nil {
			return err
		}
		if t.Nonce >= next || s.Relayer.now().Sub(t.SignedAt) < signedPatience {
			return nil // it can be mined yet, or one node is behind another
		}
		s.Relayer.floors.put(lane{rail.Network(), t.Account}, next)
	}
	if overAt(row.Settlement).Before(s.Relayer.now().Add(x402.SettleMargin)) {
		return nil // too late: it lapses
	}
	return s.again(ctx, rail, row)
}

// maxRenewals bounds how many transactions are signed for a settlement before it is left to its window: one
// whose nonces always turn out used costs gas and will not go through.
const maxRenewals = 4

// again signs a settlement's order with a new nonce, and sends it.
func (s Reconciler) again(ctx context.Context, rail TokenRail, row ports.AuthorizationRow) error {
	due := row.Settlement.Snapshot().Due
	account := s.Relayer.floors.rank(rail)[0]
	fees, err := rail.Relay.Quote(ctx, account, due, row.Order)
	if err != nil {
		return err
	}
	floor, err := s.Relayer.floor(ctx, rail.Relay, account)
	if err != nil {
		return err
	}
	var tx ports.RelayTransaction
	err = s.Relayer.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		now := s.Relayer.now()
		row, err := loadToSign(ctx, r, due.Key(), now)
		if err != nil {
			return err
		}
		tx, err = s.Relayer.enlist(ctx, r, errand{rail, account, floor, fees, row, now})
		return err
	})
	if errors.Is(err, x402.ErrTransition) || errors.Is(err, ports.ErrStale) {
		return nil
	}
	if err != nil {
		return err
	}
	s.Relayer.Log.LogAttrs(ctx, slog.LevelWarn, "a settlement was signed anew: its nonce was used by another transaction",
		slog.String("authorization", due.Key().String()))
	return s.hand(ctx, rail, tx)
}

// loadToSign finds a settlement that may be signed again. One that was signed and never noted as sent is
// taken as sent: nobody knows that it was not.
func loadToSign(
	ctx context.Context, r ports.Repos, k x402.ClaimKey, now time.Time,
) (ports.AuthorizationRow, error) {
	row, err := r.Authorizations.Load(ctx, k)
	if err != nil || row.Settlement.Snapshot().Status != x402.Signed {
		return row, err
	}
	return advance(ctx, r, row, now, func(row *ports.AuthorizationRow, _ time.Time) (err error) {
		row.Settlement, err = row.Settlement.Send(x402.Reconciler)
		return err
	})
}

// hand sends a transaction and notes that it did. A nonce that another transaction used is no failure: the
// next look finds out by which.
func (s Reconciler) hand(ctx context.Context, rail TokenRail, tx ports.RelayTransaction) error {
	err := rail.Relay.Send(ctx, tx)
	if errors.Is(err, ports.ErrNonceSpent) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Relayer.sent(ctx, x402.Reconciler, tx)
}
