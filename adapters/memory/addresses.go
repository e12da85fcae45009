package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
)

type addresses struct{ *unit }

// At needs no lock of its own: one unit of work changes things at a time.
func (r addresses) At(
	ctx context.Context, at chain.Address, since time.Time,
) ([]merchant.ReceivingAccount, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	list := s.receiving.where(func(a merchant.ReceivingAccount) bool {
		return a.Address == at && lasts(a, since)
	})
	slices.SortFunc(list, olderAccount)
	return list, nil
}

func (r addresses) Due(
	ctx context.Context, now time.Time, limit int,
) ([]merchant.ReceivingAccount, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	list := s.receiving.where(func(a merchant.ReceivingAccount) bool {
		return a.ToldAt.IsZero() && a.State(now) == merchant.ReceivingCurrent
	})
	slices.SortFunc(list, func(a, b merchant.ReceivingAccount) int {
		return cmp.Or(a.ActiveFrom.Compare(b.ActiveFrom), cmp.Compare(a.ID, b.ID))
	})
	list, _ = first(list, limit)
	return list, nil
}

func (r addresses) All(
	ctx context.Context, after merchant.ReceivingID, now time.Time, limit int,
) ([]merchant.ReceivingAccount, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	list := s.receiving.where(func(a merchant.ReceivingAccount) bool {
		return a.ID > after && a.State(now) != merchant.ReceivingEnded
	})
	slices.SortFunc(list, func(a, b merchant.ReceivingAccount) int { return cmp.Compare(a.ID, b.ID) })
	list, _ = first(list, limit)
	return list, nil
}

func (r addresses) Wait(ctx context.Context, p merchant.ProjectID) (merchant.ChangeWait, error) {
	s, err := r.state(ctx)
	if err != nil {
		return merchant.ChangeWait{}, err
	}
	if w, set := s.waits.get(p); set {
		return w, nil
	}
	return merchant.DefaultChangeWait(), nil
}

func (r addresses) SetWait(ctx context.Context, p merchant.ProjectID, w merchant.ChangeWait) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	s.waits.put(r.unit, p, w)
	return nil
}
