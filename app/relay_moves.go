package app

import (
	"context"
	"errors"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// change moves a settlement, or refuses to.
type change func(row *ports.AuthorizationRow, now time.Time) error

// move changes a settlement in one unit of work, from the status it finds it in.
func (s *Relayer) move(ctx context.Context, k x402.ClaimKey, to change) (ports.AuthorizationRow, error) {
	return s.moveKeeping(ctx, k, nil, to)
}

// moveKeeping is move, and keeps the answer the payment will be delivered.
func (s *Relayer) moveKeeping(
	ctx context.Context, k x402.ClaimKey, answer *ports.AuthorizationAnswer, to change,
) (out ports.AuthorizationRow, err error) {
	now := s.now()
	err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		row, err := r.Authorizations.Load(ctx, k)
		if err != nil {
			return err
		}
		if row, err = advance(ctx, r, row, now, to); err != nil {
			return err
		}
		out = row
		return keep(ctx, r, k, answer)
	})
	return out, err
}

// advance stores a loaded settlement as it is after a change.
func advance(
	ctx context.Context, r ports.Repos, row ports.AuthorizationRow, now time.Time, to change,
) (ports.AuthorizationRow, error) {
	from := row.Settlement.Snapshot().Status
	if err := to(&row, now); err != nil {
		return ports.AuthorizationRow{}, err
	}
	row.ChangedAt = now
	return row, r.Authorizations.Save(ctx, from, row)
}

// keep stores an answer, if there is one.
func keep(ctx context.Context, r ports.Repos, k x402.ClaimKey, answer *ports.AuthorizationAnswer) error {
	if answer == nil {
		return nil
	}
	return r.Authorizations.Keep(ctx, k, *answer)
}

// moveOrRead is move for whoever does not mind that somebody else moved first: then the settlement is
// answered as it is.
func (s *Relayer) moveOrRead(ctx context.Context, k x402.ClaimKey, to change) (ports.AuthorizationRow, error) {
	row, err := s.move(ctx, k, to)
	if errors.Is(err, x402.ErrTransition) || errors.Is(err, ports.ErrStale) {
		return s.read(ctx, k)
	}
	return row, err
}

// read answers a settlement as it is.
func (s *Relayer) read(ctx context.Context, k x402.ClaimKey) (ports.AuthorizationRow, error) {
	row, _, err := s.Reads.ByKey(ctx, k)
	return row, err
}
