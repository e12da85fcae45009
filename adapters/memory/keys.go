package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type keyPairs struct{ *unit }

type apiKeySlot struct {
	merchant merchant.ID
	mode     merchant.Mode
}

func (r keyPairs) AddPair(ctx context.Context, p keys.Pair) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	live := s.pairs.where(func(o keys.Pair) bool { return o.ProjectID == p.ProjectID && o.Live() })
	if len(live) >= keys.MaxLivePairs {
		return keys.ErrTooManyKeys
	}
	_, taken := s.pairs.find(func(o keys.Pair) bool {
		return o.PublicKey == p.PublicKey || bytes.Equal(o.Digest, p.Digest)
	})
	if taken {
		return ports.ErrTaken
	}
	s.pairs.put(r.unit, p.ID, clonePair(p))
	return nil
}

func clonePair(p keys.Pair) keys.Pair {
	p.Digest, p.Sealed = bytes.Clone(p.Digest), bytes.Clone(p.Sealed)
	return p
}

func (r keyPairs) Pairs(ctx context.Context, p merchant.ProjectID) ([]keys.Pair, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	list := s.pairs.where(func(o keys.Pair) bool { return o.ProjectID == p })
	slices.SortFunc(list, func(a, b keys.Pair) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	for i := range list {
		list[i] = clonePair(list[i])
	}
	return list, nil
}

func (r keyPairs) LoadPair(
	ctx context.Context, p merchant.ProjectID, id keys.PairID,
) (keys.Pair, error) {
	s, err := r.state(ctx)
	if err != nil {
		return keys.Pair{}, err
	}
	pair, found := s.pairs.get(id)
	if !found || pair.ProjectID != p {
		return keys.Pair{}, ports.ErrNotFound
	}
	return clonePair(pair), nil
}

func (r keyPairs) SavePair(ctx context.Context, p keys.Pair) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	row, err := must(s.pairs.get(p.ID))
	if err != nil {
		return err
	}
	row.Label, row.RevokedAt = p.Label, p.RevokedAt
	s.pairs.put(r.unit, p.ID, row)
	return nil
}

func (r keyPairs) PutAPIKey(ctx context.Context, k keys.APIKey) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	k.Digest = bytes.Clone(k.Digest)
	s.apiKeys.put(r.unit, apiKeySlot{k.MerchantID, k.Mode}, k)
	return nil
}

// ByPublicKey implements ports.KeyRing.
func (s *Store) ByPublicKey(_ context.Context, publicKey string) (ports.KeyOwner, error) {
	return s.owner(func(p keys.Pair) bool { return p.PublicKey == publicKey })
}

// BySecret implements ports.KeyRing.
func (s *Store) BySecret(_ context.Context, digest []byte) (ports.KeyOwner, error) {
	return s.owner(func(p keys.Pair) bool { return p.Matches(digest) })
}

func (s *Store) owner(match func(keys.Pair) bool) (ports.KeyOwner, error) {
	now := s.committed.Load()
	pair, err := must(now.pairs.find(match))
	if err != nil {
		return ports.KeyOwner{}, err
	}
	project, _ := now.projects.get(pair.ProjectID)
	account, _ := now.accounts.get(pair.MerchantID)
	return ports.KeyOwner{
		Pair: clonePair(pair), ClientID: account.Merchant.ClientID,
		ProjectDisabled: project.Disabled, RecordedCharges: project.Policy.RecordedCharges,
	}, nil
}

// APIKey implements ports.KeyRing.
func (s *Store) APIKey(_ context.Context, digest []byte) (keys.APIKey, error) {
	k, err := must(s.committed.Load().apiKeys.find(func(k keys.APIKey) bool {
		return bytes.Equal(k.Digest, digest)
	}))
	k.Digest = bytes.Clone(k.Digest)
	return k, err
}

// Login implements ports.KeyRing.
func (s *Store) Login(_ context.Context, id string) (keys.Login, merchant.Principal, error) {
	now := s.committed.Load()
	l, err := must(now.logins.get(id))
	if err != nil {
		return keys.Login{}, merchant.Principal{}, err
	}
	projects := now.projectsOf(l.MerchantID)
	if len(projects) == 0 {
		return keys.Login{}, merchant.Principal{}, ports.ErrNotFound
	}
	home := merchant.Principal{Merchant: l.MerchantID, Project: projects[0].ID, Mode: projects[0].Mode}
	return cloneLogin(l), home, nil
}
