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

// Load needs no lock of its own: one unit of work changes things at a time.
func (r receiving) Load(
	ctx context.Context, p merchant.ProjectID, since time.Time,
) ([]merchant.ReceivingAccount, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	list := s.receiving.where(func(a merchant.ReceivingAccount) bool {
		return a.ProjectID == p && lasts(a, since)
	})
	slices.SortFunc(list, olderAccount)
	return list, nil
}

// lasts reports whether an account has no end, or one at or after an instant.
func lasts(a merchant.ReceivingAccount, since time.Time) bool {
	return a.RemovedAt.IsZero() || !a.RemovedAt.Before(since)
}

func (r receiving) Add(ctx context.Context, a merchant.ReceivingAccount) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	if endless(s, a) {
		return ports.ErrTaken
	}
	s.receiving.put(r.unit, a.ID, a)
	return nil
}

// endless reports whether another account without an end is where an account would be.
func endless(s *state, a merchant.ReceivingAccount) bool {
	_, found := s.receiving.find(func(o merchant.ReceivingAccount) bool {
		return o.ID != a.ID && o.ProjectID == a.ProjectID && o.Network == a.Network && o.Asset == a.Asset &&
			o.RemovedAt.IsZero()
	})
	return found && a.RemovedAt.IsZero()
}

func (r receiving) Save(ctx context.Context, a merchant.ReceivingAccount) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	was, err := must(s.receiving.get(a.ID))
	if err != nil {
		return err
	}
	was.Label, was.RemovedAt, was.ToldAt, was.Seal = a.Label, a.RemovedAt, a.ToldAt, a.Seal
	if endless(s, was) {
		return ports.ErrTaken
	}
	s.receiving.put(r.unit, was.ID, was)
	return nil
}

func (r receiving) List(
	ctx context.Context, p merchant.ProjectID, now time.Time,
) ([]merchant.ReceivingAccount, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	list := s.receiving.where(func(a merchant.ReceivingAccount) bool {
		return a.ProjectID == p && a.State(now) != merchant.ReceivingEnded
	})
	slices.SortFunc(list, newerAccount)
	return list, nil
}

func (r receiving) ListOf(
	ctx context.Context, of []merchant.ProjectID, now time.Time,
) (map[merchant.ProjectID][]merchant.ReceivingAccount, error) {
	return ofEach(of, func(p merchant.ProjectID) ([]merchant.ReceivingAccount, error) { return r.List(ctx, p, now) })
}

// ofEach asks for several projects what can be asked for one.
func ofEach[V any](
	of []merchant.ProjectID, ask func(merchant.ProjectID) (V, error),
) (map[merchant.ProjectID]V, error) {
	found := make(map[merchant.ProjectID]V, len(of))
	for _, p := range of {
		var err error
		if found[p], err = ask(p); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func newerAccount(a, b merchant.ReceivingAccount) int { return olderAccount(b, a) }

func olderAccount(a, b merchant.ReceivingAccount) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
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

func (r receiving) MethodsOf(
	ctx context.Context, of []merchant.ProjectID,
) (map[merchant.ProjectID]map[checkout.Method]bool, error) {
	return ofEach(of, func(p merchant.ProjectID) (map[checkout.Method]bool, error) { return r.Methods(ctx, p) })
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
