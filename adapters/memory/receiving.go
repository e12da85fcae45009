package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type receiving struct{ *unit }

type methodSwitch struct {
	project merchant.ProjectID
	method  checkout.Method
}

func (r receiving) Add(ctx context.Context, a merchant.ReceivingAccount) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	current, found := s.receiving.find(func(o merchant.ReceivingAccount) bool {
		return isCurrent(o, a.ProjectID) && o.Network == a.Network && o.Asset == a.Asset
	})
	if found && current.Address == a.Address {
		return ports.ErrTaken
	}
	if found {
		current.RemovedAt = a.CreatedAt
		s.receiving.put(r.unit, current.ID, current)
	}
	s.receiving.put(r.unit, a.ID, a)
	return nil
}

func isCurrent(a merchant.ReceivingAccount, p merchant.ProjectID) bool {
	return a.ProjectID == p && a.RemovedAt.IsZero()
}

func (r receiving) List(
	ctx context.Context, p merchant.ProjectID,
) ([]merchant.ReceivingAccount, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	list := s.receiving.where(func(a merchant.ReceivingAccount) bool { return isCurrent(a, p) })
	slices.SortFunc(list, newerAccount)
	return list, nil
}

func newerAccount(a, b merchant.ReceivingAccount) int {
	return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
}

func (r receiving) Relabel(
	ctx context.Context, p merchant.ProjectID, id merchant.ReceivingID, label string,
) error {
	return r.change(ctx, p, id, func(a *merchant.ReceivingAccount) { a.Label = label })
}

func (r receiving) Remove(
	ctx context.Context, p merchant.ProjectID, id merchant.ReceivingID, now time.Time,
) error {
	return r.change(ctx, p, id, func(a *merchant.ReceivingAccount) { a.RemovedAt = now })
}

func (r receiving) change(
	ctx context.Context, p merchant.ProjectID, id merchant.ReceivingID,
	apply func(*merchant.ReceivingAccount),
) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	a, found := s.receiving.get(id)
	if !found || !isCurrent(a, p) {
		return ports.ErrNotFound
	}
	apply(&a)
	s.receiving.put(r.unit, id, a)
	return nil
}

func (r receiving) Methods(
	ctx context.Context, p merchant.ProjectID,
) (map[checkout.Method]bool, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[checkout.Method]bool)
	for k, enabled := range s.methods.all() {
		if k.project == p {
			out[k.method] = enabled
		}
	}
	return out, nil
}

func (r receiving) SetMethod(
	ctx context.Context, p merchant.ProjectID, m checkout.Method, enabled bool,
) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	s.methods.put(r.unit, methodSwitch{p, m}, enabled)
	return nil
}
