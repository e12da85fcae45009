package app

import (
	"context"
	"errors"
	"log/slog"
	"math/big"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// How an account's transactions are kept moving.
const (
	// resendAfter is how long a transaction that was sent and is in no block is left alone before it is
	// sent again: nodes forget.
	resendAfter = 15 * time.Second
	// replaceAfter is how long the first of an account's transactions may wait before another one with
	// higher fees takes its place: all behind it wait for it.
	replaceAfter = 45 * time.Second
	// sweepBatch is how many transactions of an account one pass looks at.
	sweepBatch = 2 * maxUnmined
)

// sweep keeps the transactions of a network's accounts moving.
func (s Reconciler) sweep(ctx context.Context, rail TokenRail) error {
	var failed []error
	for _, account := range rail.Relay.Accounts() {
		if err := s.sweepAccount(ctx, rail, account); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// sweepAccount notes what was mined for good, and sends what is left, the lowest nonce first: none behind it
// can be mined before. What is mined and not final yet may be much, and holds up neither.
func (s Reconciler) sweepAccount(ctx context.Context, rail TokenRail, account x402.Address) error {
	n := rail.Network()
	open, err := s.Relayer.Lanes.Unmined(ctx, n, account, 0, sweepBatch)
	if err != nil || len(open) == 0 {
		return err
	}
	next, _, err := rail.Relay.Standing(ctx, account)
	if err != nil {
		return err
	}
	s.Relayer.floors.put(lane{n, account}, next)
	for _, tx := range open {
		if tx.Nonce >= next {
			break
		}
		young, err := s.mined(ctx, rail, tx)
		if err != nil {
			return err
		}
		if young {
			break // as are all behind it
		}
	}
	waiting, err := s.Relayer.Lanes.Unmined(ctx, n, account, next, sweepBatch)
	if err != nil {
		return err
	}
	for i, tx := range waiting {
		if err := s.push(ctx, rail, tx, i == 0); err != nil {
			return err
		}
	}
	return nil
}

// mined notes which transaction used a nonce, once that is final; young says that it is not yet. If it was
// none of ours the nonce is closed at no cost.
func (s Reconciler) mined(ctx context.Context, rail TokenRail, tx ports.RelayTransaction) (young bool, err error) {
	of := []ports.RelayTransaction{tx}
	if tx.Key != (x402.ClaimKey{}) {
		all, err := s.Relayer.Lanes.OfSettlement(ctx, tx.Key)
		if err != nil {
			return false, err
		}
		of = append(of, all...)
	}
	for _, t := range of {
		if t.Nonce != tx.Nonce || t.Account != tx.Account {
			continue
		}
		receipt, err := rail.Chain.Receipt(ctx, t.TxID)
		if isNotFound(err) {
			continue
		}
		if err != nil || !receipt.Final {
			return err == nil, err
		}
		return false, s.close(ctx, t, receipt.Cost)
	}
	if s.Relayer.now().Sub(tx.SignedAt) < foreignAfter {
		return false, nil // a node that lags
	}
	s.Relayer.Log.LogAttrs(ctx, slog.LevelError, "a relayer's nonce was used by a transaction that is not ours",
		slog.String("network", rail.Network().String()), slog.String("account", tx.Account.String()),
		slog.Uint64("nonce", tx.Nonce))
	return false, s.close(ctx, tx, new(big.Int))
}

// foreignAfter is when a used nonce is taken for another program's if no transaction of ours is found.
const foreignAfter = 30 * time.Minute

// close notes that a nonce is used up and what it cost.
func (s Reconciler) close(ctx context.Context, tx ports.RelayTransaction, cost *big.Int) error {
	err := s.Relayer.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		return r.Lanes.Mined(ctx, tx.TxID, s.Relayer.now(), cost)
	})
	if errors.Is(err, ports.ErrStale) {
		return nil
	}
	return err
}

// push sends a transaction that is in no block, again if need be. first says that none of a lower nonce is
// in its way.
func (s Reconciler) push(ctx context.Context, rail TokenRail, tx ports.RelayTransaction, first bool) error {
	now := s.Relayer.now()
	last := tx.SentAt
	if last.IsZero() {
		last = tx.SignedAt
	}
	if now.Sub(last) < resendAfter {
		return nil
	}
	mine, err := s.take(ctx, tx, now)
	if err != nil || !mine {
		return err
	}
	if first && now.Sub(tx.SignedAt) >= replaceAfter {
		return s.replace(ctx, rail, tx)
	}
	return s.hand(ctx, rail, tx)
}

// take says that this process sends a transaction now, so that no other does.
func (s Reconciler) take(ctx context.Context, tx ports.RelayTransaction, now time.Time) (mine bool, err error) {
	err = s.Relayer.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		mine = false
		if _, err := r.Lanes.Load(ctx, tx.Network, tx.Account); err != nil {
			return err
		}
		newest, err := r.Lanes.Unmined(ctx, tx.Network, tx.Account, tx.Nonce, 1)
		if err != nil || len(newest) == 0 || newest[0].TxID != tx.TxID || !newest[0].SentAt.Equal(tx.SentAt) {
			return err
		}
		mine = true
		return r.Lanes.Sent(ctx, now, tx.TxID)
	})
	return mine, err
}

// replace signs a stuck transaction anew with higher fees and the same nonce: the settlement's own while it
// may still be settled, else one that only uses the nonce up, for all behind it wait.
func (s Reconciler) replace(ctx context.Context, rail TokenRail, tx ports.RelayTransaction) error {
	fees, err := rail.Relay.Raise(ctx, tx.Fees)
	if errors.Is(err, ports.ErrFeesTooHigh) {
		s.Relayer.Log.LogAttrs(ctx, slog.LevelWarn, "a transaction is stuck, and may not cost more",
			slog.String("network", rail.Network().String()), slog.String("transaction", tx.TxID.String()))
		return s.hand(ctx, rail, tx)
	}
	if err != nil {
		return err
	}
	var fresh ports.RelayTransaction
	err = s.Relayer.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) (err error) {
		fresh, err = s.Relayer.substitute(ctx, r, rail, tx, fees)
		return err
	})
	if err != nil {
		return err
	}
	return s.hand(ctx, rail, fresh)
}

// substitute signs and stores what takes the place of a transaction.
func (s *Relayer) substitute(
	ctx context.Context, r ports.Repos, rail TokenRail, tx ports.RelayTransaction, fees ports.RelayFees,
) (ports.RelayTransaction, error) {
	now := s.now()
	var row ports.AuthorizationRow
	needed := false
	if tx.Key != (x402.ClaimKey{}) {
		var err error
		if row, err = loadToSign(ctx, r, tx.Key, now); err != nil {
			return ports.RelayTransaction{}, err
		}
		switch row.Settlement.Snapshot().Status {
		case x402.Broadcast, x402.Pending, x402.Reversed:
			needed = now.Add(x402.SettleMargin).Before(overAt(row.Settlement))
		case x402.Claimed, x402.Signed, x402.Settled, x402.Refused, x402.Failed, x402.Delegated:
		}
	}
	if err := withinBudget(ctx, r, errand{rail: rail, fees: fees, now: now}); err != nil {
		return ports.RelayTransaction{}, err
	}
	if _, err := r.Lanes.Load(ctx, tx.Network, tx.Account); err != nil {
		return ports.RelayTransaction{}, err
	}
	if !needed {
		fill, err := rail.Relay.Fill(tx.Account, tx.Nonce, fees)
		if err != nil {
			return ports.RelayTransaction{}, err
		}
		fill.Key, fill.SignedAt = tx.Key, now
		return fill, r.Lanes.Add(ctx, fill)
	}
	fresh, err := rail.Relay.Sign(tx.Account, tx.Nonce, row.Settlement.Snapshot().Due, row.Order, fees)
	if err != nil {
		return ports.RelayTransaction{}, err
	}
	fresh.Key, fresh.SignedAt = tx.Key, now
	if err := r.Lanes.Add(ctx, fresh); err != nil {
		return ports.RelayTransaction{}, err
	}
	_, err = advance(ctx, r, row, now, signedAs(fresh.TxID))
	return fresh, err
}
