package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type dedicated struct{ *unit }

// familyAddress is an address on all networks of a family.
type familyAddress struct {
	family chain.Family
	at     chain.Address
}

// ownAddress is an address of a source, and the session that has it.
type ownAddress struct {
	familyAddress
	source   merchant.SourceID
	index    int64
	session  checkout.SessionID
	freeFrom time.Time
	received bool
	spent    bool // never given again
}

func cloneSource(s merchant.AddressSource) merchant.AddressSource {
	s.Sealed, s.First = slices.Clone(s.Sealed), slices.Clone(s.First)
	return s
}

func (r dedicated) AddSource(ctx context.Context, s merchant.AddressSource) error {
	list, err := r.List(ctx, s.ProjectID)
	switch {
	case err != nil:
		return err
	case len(list) >= merchant.MaxSources:
		return merchant.ErrTooManySources
	}
	state, err := r.state(ctx)
	if err != nil {
		return err
	}
	state.sources.put(r.unit, s.ID, cloneSource(s))
	return nil
}

func (r dedicated) LoadSource(
	ctx context.Context, p merchant.ProjectID, id merchant.SourceID,
) (merchant.AddressSource, error) {
	s, err := r.state(ctx)
	if err != nil {
		return merchant.AddressSource{}, err
	}
	source, found := s.sources.get(id)
	if !found || source.ProjectID != p || !source.RemovedAt.IsZero() {
		return merchant.AddressSource{}, ports.ErrNotFound
	}
	return cloneSource(source), nil
}

func (r dedicated) SaveSource(ctx context.Context, changed merchant.AddressSource) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	source, err := must(s.sources.get(changed.ID))
	if err != nil {
		return err
	}
	source.Label, source.NextIndex = changed.Label, changed.NextIndex
	source.ActiveFrom, source.RemovedAt = changed.ActiveFrom, changed.RemovedAt
	if confirmed(source) {
		_, taken := s.sources.find(func(o merchant.AddressSource) bool {
			sameKey := source.Kind == merchant.SourceXpub && o.Fingerprint == source.Fingerprint
			return o.ID != source.ID && confirmed(o) && o.Family == source.Family &&
				(o.ProjectID == source.ProjectID || sameKey)
		})
		if taken {
			return ports.ErrTaken
		}
	}
	s.sources.put(r.unit, source.ID, source)
	return nil
}

func confirmed(s merchant.AddressSource) bool { return !s.ActiveFrom.IsZero() && s.RemovedAt.IsZero() }

func (r dedicated) List(
	ctx context.Context, p merchant.ProjectID,
) ([]merchant.AddressSource, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	list := s.sources.where(func(o merchant.AddressSource) bool {
		return o.ProjectID == p && o.RemovedAt.IsZero()
	})
	slices.SortFunc(list, func(a, b merchant.AddressSource) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	for i := range list {
		list[i] = cloneSource(list[i])
	}
	return list, nil
}

func (r dedicated) ListOf(
	ctx context.Context, of []merchant.ProjectID,
) (map[merchant.ProjectID][]merchant.AddressSource, error) {
	return ofEach(of, func(p merchant.ProjectID) ([]merchant.AddressSource, error) { return r.List(ctx, p) })
}

func (r dedicated) LoadActive(
	ctx context.Context, p merchant.ProjectID, f chain.Family, now time.Time,
) (merchant.AddressSource, error) {
	s, err := r.state(ctx)
	if err != nil {
		return merchant.AddressSource{}, err
	}
	source, err := must(s.sources.find(func(o merchant.AddressSource) bool {
		return o.ProjectID == p && o.Family == f && o.State(now) == merchant.SourceActive
	}))
	return cloneSource(source), err
}

func (r dedicated) Reached(ctx context.Context, f chain.Family, fingerprint string) (int64, error) {
	s, err := r.state(ctx)
	if err != nil {
		return 0, err
	}
	var reached int64
	for _, o := range s.sources.all() {
		if o.Kind == merchant.SourceXpub && o.Family == f && o.Fingerprint == fingerprint {
			reached = max(reached, o.NextIndex)
		}
	}
	return reached, nil
}

// serves reports whether an address is of a source or a receiving account, now or ever.
func (s *state) serves(f chain.Family, at chain.Address) bool {
	if _, known := s.own.get(familyAddress{f, at}); known {
		return true
	}
	_, account := s.receiving.find(func(a merchant.ReceivingAccount) bool {
		return a.Address == at && a.Network.KeyFamily() == f
	})
	return account
}

func (r dedicated) AddPool(
	ctx context.Context, source merchant.AddressSource, at []chain.Address, now time.Time,
) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	seen := map[chain.Address]bool{}
	for _, a := range at {
		if seen[a] || s.serves(source.Family, a) {
			return ports.ErrTaken
		}
		seen[a] = true
	}
	kept, err := must(s.sources.get(source.ID))
	if err != nil {
		return err
	}
	for _, a := range at {
		key := familyAddress{source.Family, a}
		s.own.put(r.unit, key, ownAddress{
			familyAddress: key, source: source.ID, index: kept.NextIndex, freeFrom: now,
		})
		kept.NextIndex++
	}
	s.sources.put(r.unit, kept.ID, kept)
	return nil
}

func (r dedicated) Tally(
	ctx context.Context, id merchant.SourceID, now time.Time,
) (ports.SourceTally, error) {
	s, err := r.state(ctx)
	if err != nil {
		return ports.SourceTally{}, err
	}
	var t ports.SourceTally
	for _, a := range s.own.all() {
		if a.source != id {
			continue
		}
		t.Total++
		if a.received {
			t.Received++
		}
		switch {
		case a.spent:
		case a.freeFrom.After(now):
			t.Resting++
		default:
			t.Free++
		}
	}
	return t, nil
}

func (r dedicated) Take(ctx context.Context, t ports.Taking) (chain.Address, error) {
	s, err := r.state(ctx)
	if err != nil {
		return "", err
	}
	if t.Session == "" {
		return "", fmt.Errorf("take an address: no session %q", t.Session)
	}
	has, found := s.own.find(func(a ownAddress) bool {
		return a.source == t.Source.ID && a.session == t.Session
	})
	if found {
		return has.at, nil
	}
	free := s.own.where(func(a ownAddress) bool {
		return a.source == t.Source.ID && !a.spent && !a.freeFrom.After(t.Now) && !s.holdsIntent(a.familyAddress)
	})
	if len(free) > 0 {
		a := slices.MinFunc(free, func(a, b ownAddress) int {
			return cmp.Or(a.freeFrom.Compare(b.freeFrom), cmp.Compare(a.index, b.index))
		})
		a.session, a.freeFrom = t.Session, t.RestUntil
		s.own.put(r.unit, a.familyAddress, a)
		return a.at, nil
	}
	switch {
	case t.Next == "":
		return "", ports.ErrNotFound
	case s.serves(t.Source.Family, t.Next):
		return "", ports.ErrTaken
	}
	key := familyAddress{t.Source.Family, t.Next}
	s.own.put(r.unit, key, ownAddress{
		familyAddress: key, source: t.Source.ID, index: t.Source.NextIndex, session: t.Session,
		freeFrom: t.RestUntil,
	})
	source, _ := s.sources.get(t.Source.ID)
	source.NextIndex = t.Source.NextIndex + 1
	s.sources.put(r.unit, source.ID, source)
	return t.Next, nil
}

// holdsIntent reports whether somebody may still pay an intent at an address.
func (s *state) holdsIntent(a familyAddress) bool {
	for slot := range s.amounts.all() {
		if slot.at == a.at && slot.network.KeyFamily() == a.family {
			return true
		}
	}
	return false
}

func (r dedicated) Received(
	ctx context.Context, f chain.Family, at []chain.Address, restUntil time.Time,
) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	for _, address := range at {
		a, known := s.own.get(familyAddress{f, address})
		if !known {
			continue
		}
		source, _ := s.sources.get(a.source)
		a.received, a.spent = true, source.Kind == merchant.SourceXpub
		if a.freeFrom.Before(restUntil) {
			a.freeFrom = restUntil
		}
		s.own.put(r.unit, a.familyAddress, a)
	}
	return nil
}

func (r dedicated) Known(ctx context.Context, f chain.Family, at chain.Address) (bool, error) {
	s, err := r.state(ctx)
	if err != nil {
		return false, err
	}
	_, known := s.own.get(familyAddress{f, at})
	return known, nil
}

func (r dedicated) Served(
	ctx context.Context, source merchant.AddressSource, since time.Time,
) (bool, error) {
	s, err := r.state(ctx)
	if err != nil {
		return false, err
	}
	_, served := s.sources.find(func(o merchant.AddressSource) bool {
		sameKey := source.Kind == merchant.SourceXpub && o.Fingerprint == source.Fingerprint
		return o.ID != source.ID && !sameKey && o.ProjectID == source.ProjectID && o.Family == source.Family &&
			!o.ActiveFrom.IsZero() && (o.RemovedAt.IsZero() || !o.RemovedAt.Before(since))
	})
	return served, nil
}
