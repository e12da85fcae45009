package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// How often the chain is asked for a receipt: soon at first, as blocks are a second or two apart where
// agents pay, then more seldom.
const (
	firstPoll   = 100 * time.Millisecond
	slowestPoll = time.Second
	pollGrowth  = 2
	// sendAgain is how long a request waits before it hands a node the transaction that it did not take.
	sendAgain = time.Second
)

// pursuit is a transaction whose receipt somebody waits for.
type pursuit struct {
	rail   TokenRail
	due    x402.Due
	tx     x402.Hash
	unsent *ports.RelayTransaction // still to be sent; nil if it was, or is not ours to send
	tried  time.Time               // when it was last tried to be sent
	last   string                  // the last trouble told of, so that each is told once
	used   func()                  // notes that its nonce is; nil if the transaction is not ours
}

// await sends a transaction and waits until its receipt proves the settlement, until another process has
// settled it, or until it takes too long: then it is pending.
func (s *Relayer) await(ctx context.Context, p pursuit) (ports.AuthorizationRow, error) {
	bound, cancel := context.WithTimeout(ctx, settleFor)
	defer cancel()
	pause := firstPoll
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-bound.Done():
			return s.doubt(ctx, p.due.Key())
		case <-timer.C:
		}
		row, rests, err := s.pursue(bound, &p)
		switch {
		case rests:
			return row, err
		case err != nil && bound.Err() == nil && err.Error() != p.last:
			p.last = err.Error()
			s.Log.LogAttrs(ctx, slog.LevelWarn, "a payment is on its way, and its network cannot be asked",
				slog.String("authorization", p.due.Key().String()), slog.String("error", p.last))
		}
		timer.Reset(pause)
		pause = min(pause*pollGrowth, slowestPoll)
	}
}

// pursue makes one attempt at all that is left to do. rests says that the settlement does.
func (s *Relayer) pursue(ctx context.Context, p *pursuit) (row ports.AuthorizationRow, rests bool, err error) {
	if err := s.send(ctx, p); err != nil {
		return ports.AuthorizationRow{}, false, err
	}
	receipt, err := p.rail.Chain.Receipt(ctx, p.tx)
	switch {
	case isNotFound(err):
		row, err = s.read(ctx, p.due.Key()) // another process may know more
		return row, err == nil && row.Settlement.Snapshot().Status == x402.Settled, err
	case err != nil:
		return ports.AuthorizationRow{}, false, err
	}
	if p.used != nil {
		p.used()
	}
	proven, err := x402.Prove(p.due, receipt.Receipt, p.rail.Confirmations)
	var refusal *x402.Refusal
	switch {
	case err == nil:
		row, err = s.settle(ctx, evidence{p.rail, proven, receipt, x402.Relayer})
		return row, err == nil && atRest(row), err
	case errors.As(err, &refusal):
		return s.fruitless(ctx, *p, refusal.Reason)
	}
	return ports.AuthorizationRow{}, false, nil // too few blocks hold it, or nobody can say what it shows
}

// atRest reports whether a settlement came to an end by what was proven: one that pays a session waits until
// its transfer counts by the session's terms.
func atRest(row ports.AuthorizationRow) bool {
	switch row.Settlement.Snapshot().Status {
	case x402.Settled, x402.Refused, x402.Failed:
		return true
	case x402.Claimed, x402.Signed, x402.Broadcast, x402.Delegated, x402.Pending, x402.Reversed:
	}
	return false
}

// send hands the transaction to a node, unless it was, and notes that it was.
func (s *Relayer) send(ctx context.Context, p *pursuit) error {
	if p.unsent == nil || s.Core.Clock.Now().Sub(p.tried) < sendAgain {
		return nil
	}
	p.tried = s.Core.Clock.Now()
	err := p.rail.Relay.Send(ctx, *p.unsent)
	if err != nil {
		return err
	}
	if err := s.sent(ctx, x402.Relayer, *p.unsent); err != nil {
		return err
	}
	p.unsent = nil
	return nil
}

// sent notes that a transaction was handed to a node.
func (s *Relayer) sent(ctx context.Context, by x402.Actor, tx ports.RelayTransaction) error {
	return s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		now := s.now()
		if tx.Key != (x402.ClaimKey{}) {
			row, err := r.Authorizations.Load(ctx, tx.Key)
			if err != nil {
				return err
			}
			if row.Settlement.Snapshot().Status == x402.Signed {
				_, err = advance(ctx, r, row, now, func(row *ports.AuthorizationRow, _ time.Time) (err error) {
					row.Settlement, err = row.Settlement.Send(by)
					return err
				})
			}
			if err != nil {
				return err
			}
		}
		return r.Lanes.Sent(ctx, tx.TxID, now)
	})
}

// fruitless handles a transaction that moved nothing, deep enough to stay so. That fails the settlement,
// unless somebody else submitted the authorization before: then the money has moved all the same.
func (s *Relayer) fruitless(
	ctx context.Context, p pursuit, why x402.Reason,
) (row ports.AuthorizationRow, rests bool, err error) {
	row, err = s.read(ctx, p.due.Key())
	if err != nil {
		return ports.AuthorizationRow{}, false, err
	}
	other, used, err := s.elsewhere(ctx, p.rail, row)
	switch {
	case err != nil:
		return ports.AuthorizationRow{}, false, err
	case other != nil:
		other.by = x402.Relayer
		row, err = s.settle(ctx, *other)
		return row, err == nil && atRest(row), err
	case used:
		return ports.AuthorizationRow{}, false, nil // by whom is not known yet, or not deep enough
	}
	row, err = s.moveOrRead(ctx, p.due.Key(), reverted(x402.Relayer, why))
	return row, err == nil, err
}

// reverted moves a settlement to failed. It is looked at again when its window is over: until then anybody
// may still submit it.
func reverted(by x402.Actor, why x402.Reason) change {
	return func(row *ports.AuthorizationRow, _ time.Time) error {
		failed, err := row.Settlement.Revert(by, why)
		row.Settlement, row.LookAt = failed, overAt(row.Settlement)
		return err
	}
}

// elsewhere looks for another transaction that used the authorization, and proves the settlement by it.
// One of before the claim proves nothing: whoever reads the chain can present what stands there.
func (s *Relayer) elsewhere(
	ctx context.Context, rail TokenRail, row ports.AuthorizationRow,
) (proof *evidence, used bool, err error) {
	was := row.Settlement.Snapshot()
	since := was.ClaimedAt.Add(-blockGrain)
	fate, err := rail.Chain.Fate(ctx, was.Due, since)
	if err != nil || !fate.Used || fate.TxID == (x402.Hash{}) {
		return nil, fate.Used, err
	}
	receipt, err := rail.Chain.Receipt(ctx, fate.TxID)
	if isNotFound(err) {
		return nil, true, nil
	}
	if err != nil {
		return nil, true, err
	}
	proven, err := x402.Prove(was.Due, receipt.Receipt, rail.Confirmations)
	if err != nil || receipt.BlockTime.Before(since) {
		return nil, true, nil //nolint:nilerr // what does not prove it is no fault
	}
	return &evidence{rail, proven, receipt, x402.Reconciler}, true, nil
}

// blockGrain is how much earlier than it was made a block may say it was.
const blockGrain = 2 * time.Second

// doubt records that no receipt came in time. The reconciler goes on at once.
func (s *Relayer) doubt(ctx context.Context, k x402.ClaimKey) (ports.AuthorizationRow, error) {
	return s.moveOrRead(ctx, k, func(row *ports.AuthorizationRow, now time.Time) error {
		pending, err := row.Settlement.Doubt(x402.Relayer)
		row.Settlement, row.LookAt = pending, now
		return err
	})
}
