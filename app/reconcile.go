package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Bounds of reconciling.
const (
	// reconcileBatch is how many settlements one pass looks at.
	reconcileBatch = 200
	// soonestLook and latestLook bound when a settlement is looked at again: a part of its age, so that
	// what is young is looked at often and nothing is asked for ever.
	soonestLook = 2 * time.Second
	latestLook  = 5 * time.Minute
	lookShare   = 4
)

// Reconciler finishes what requests left behind: it asks the chain what became of every settlement that is
// not at rest, sends again what was lost, and takes back what the chain undid. It may run in any number of
// processes: whoever looks at a settlement says so first, and what is decided is decided on what is stored
// at that moment.
type Reconciler struct {
	Relayer *Relayer
}

// Tick looks at every settlement that is due, network by network, and at every account that sends.
func (s Reconciler) Tick(ctx context.Context) error {
	due, err := s.Relayer.Reads.Due(ctx, s.Relayer.now(), reconcileBatch)
	if err != nil {
		return err
	}
	by := make(map[x402.Network][]x402.ClaimKey)
	for _, k := range due {
		by[k.Network] = append(by[k.Network], k)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed []error
	note := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		failed = append(failed, err)
	}
	for _, keys := range by {
		all.Go(func() { note(s.lookAtAll(ctx, keys)) })
	}
	for _, rail := range s.Relayer.Rails {
		if rail.Relay != nil {
			all.Go(func() { note(s.sweep(ctx, rail)) })
		}
	}
	all.Wait()
	return errors.Join(failed...)
}

// lookAtAll looks at settlements of one network, until it cannot be asked: the others would fare alike,
// and are due at the next pass.
func (s Reconciler) lookAtAll(ctx context.Context, keys []x402.ClaimKey) error {
	var failed []error
	for _, k := range keys {
		err := s.look(ctx, k)
		if err == nil {
			continue
		}
		failed = append(failed, err)
		s.Relayer.Log.LogAttrs(ctx, slog.LevelWarn, "a settlement cannot be looked at",
			slog.String("authorization", k.String()), slog.String("error", err.Error()))
		if ctx.Err() != nil || len(failed) == maxLookFailures {
			break
		}
	}
	return errors.Join(failed...)
}

// maxLookFailures is how many settlements of a network may fail in one pass before the rest is left for
// the next: a node that hangs is not asked about each.
const maxLookFailures = 3

// look brings one settlement further.
func (s Reconciler) look(ctx context.Context, k x402.ClaimKey) error {
	row, due, err := s.claim(ctx, k)
	if err != nil || !due {
		return err
	}
	was := row.Settlement.Snapshot()
	rail, settled := s.Relayer.Rails.For(row.Mode, k.Network)
	if !settled {
		return nil // its network is switched off; it is looked at when it is on again
	}
	if was.Status == x402.Settled && row.SessionID != "" {
		return s.confirmOrder(ctx, rail, row)
	}
	if was.Status == x402.Settled {
		return s.confirm(ctx, rail, row)
	}
	return s.pursue(ctx, rail, row)
}

// claim says that this process looks at a settlement now, so that no other does. due is false if another
// does, or if that was all there was to do: a claim whose request died before anything was signed is
// refused here, as that needs no chain.
func (s Reconciler) claim(
	ctx context.Context, k x402.ClaimKey,
) (row ports.AuthorizationRow, due bool, err error) {
	row, err = s.Relayer.move(ctx, k, func(row *ports.AuthorizationRow, now time.Time) error {
		was := row.Settlement.Snapshot()
		if due = was.Status != x402.Claimed; row.LookAt.IsZero() || row.LookAt.After(now) {
			return errNotDue
		}
		if !due {
			return refusedFor(x402.Reconciler, x402.ReasonSettleFailed)(row, now)
		}
		row.LookAt = now.Add(nextLook(was, now))
		return nil
	})
	if errors.Is(err, errNotDue) || errors.Is(err, ports.ErrStale) {
		return row, false, nil
	}
	return row, due, err
}

var errNotDue = errors.New("somebody else looked at it")

// nextLook is after how long a settlement is looked at again.
func nextLook(was x402.Snapshot, now time.Time) time.Duration {
	since := was.ClaimedAt
	if was.SettledAt.After(since) {
		since = was.SettledAt
	}
	return min(max(now.Sub(since)/lookShare, soonestLook), latestLook)
}

// rest says that a settlement is not to be looked at any more, if it still stands as it was seen.
func (s Reconciler) rest(ctx context.Context, rail TokenRail, k x402.ClaimKey, seen x402.Status) error {
	return s.end(ctx, rail, k, func(row *ports.AuthorizationRow, _ time.Time) error {
		if row.Settlement.Snapshot().Status != seen {
			return errNotDue
		}
		return nil
	})
}

// end brings a settlement to rest, and gives up what was kept for it, all at once.
func (s Reconciler) end(ctx context.Context, rail TokenRail, k x402.ClaimKey, to change) error {
	now := s.Relayer.now()
	err := s.Relayer.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		row, err := r.Authorizations.Load(ctx, k)
		if err != nil {
			return err
		}
		row, err = advance(ctx, r, row, now, func(row *ports.AuthorizationRow, now time.Time) error {
			row.LookAt = time.Time{}
			return to(row, now)
		})
		if err != nil {
			return err
		}
		return giveUpTransfers(ctx, r, rail, row)
	})
	if errors.Is(err, errNotDue) || errors.Is(err, ports.ErrStale) || errors.Is(err, x402.ErrTransition) {
		return nil // somebody else moved it
	}
	return err
}

// confirm looks whether what settled still stands. Once its block is final it is at rest; if the chain has
// neither the transaction nor the authorization's use any more, the settlement is undone.
func (s Reconciler) confirm(ctx context.Context, rail TokenRail, row ports.AuthorizationRow) error {
	was := row.Settlement.Snapshot()
	receipt, err := rail.Chain.Receipt(ctx, was.TxID)
	if err == nil {
		_, err = x402.Prove(was.Due, receipt.Receipt, 1)
		if err == nil {
			if !receipt.Final {
				return nil
			}
			return s.rest(ctx, rail, was.Due.Key(), x402.Settled)
		}
	}
	var refusal *x402.Refusal
	if !isNotFound(err) && !errors.As(err, &refusal) {
		return err
	}
	fate, err := rail.Chain.Fate(ctx, was.Due, was.ClaimedAt.Add(-blockGrain))
	if err != nil || fate.Used && (fate.TxID == x402.Hash{} || fate.TxID == was.TxID) {
		return err // a node that lags, or one that knows no more
	}
	s.Relayer.Log.LogAttrs(ctx, slog.LevelError, "the chain undid an agent's payment",
		slog.String("authorization", was.Due.Key().String()), slog.String("transaction", was.TxID.String()))
	return s.Relayer.undo(ctx, rail, was.Due.Key())
}
