package memory

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/ports"
)

type factors struct{ *unit }

type challenges struct{ *unit }

type challenge struct {
	sealed  []byte
	expires time.Time
}

func cloneFactors(f member.Factors) member.Factors {
	f.TOTP.Sealed = bytes.Clone(f.TOTP.Sealed)
	f.Recovery = slices.Clone(f.Recovery)
	for i, digest := range f.Recovery {
		f.Recovery[i] = bytes.Clone(digest)
	}
	f.Passkeys = slices.Clone(f.Passkeys)
	for i, p := range f.Passkeys {
		f.Passkeys[i].ID, f.Passkeys[i].Credential = bytes.Clone(p.ID), bytes.Clone(p.Credential)
	}
	return f
}

// Load needs no lock of its own: one unit of work changes things at a time.
func (r factors) Load(ctx context.Context, id member.ID) (member.Factors, error) {
	s, err := r.state(ctx)
	if err != nil {
		return member.Factors{}, err
	}
	f, _ := s.factors.get(id)
	return cloneFactors(f), nil
}

func (r factors) Save(ctx context.Context, id member.ID, f member.Factors) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	for _, p := range f.Passkeys {
		if owner, err := ownerOf(s, p.ID); err == nil && owner != id {
			return ports.ErrTaken
		}
	}
	s.factors.put(r.unit, id, cloneFactors(f))
	return nil
}

func (r factors) Owner(ctx context.Context, passkey []byte) (member.ID, error) {
	s, err := r.state(ctx)
	if err != nil {
		return "", err
	}
	return ownerOf(s, passkey)
}

func ownerOf(s *state, passkey []byte) (member.ID, error) {
	for id, f := range s.factors.all() {
		if _, found := f.Passkey(passkey); found {
			return id, nil
		}
	}
	return "", ports.ErrNotFound
}

func (r challenges) Put(ctx context.Context, id string, sealed []byte, expires time.Time) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	s.challenges.put(r.unit, id, challenge{bytes.Clone(sealed), expires})
	return nil
}

func (r challenges) Take(ctx context.Context, id string, now time.Time) ([]byte, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	c, found := s.challenges.get(id)
	if !found || !now.Before(c.expires) {
		return nil, ports.ErrNotFound
	}
	s.challenges.drop(r.unit, id)
	return bytes.Clone(c.sealed), nil
}

func (r challenges) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	s, err := r.state(ctx)
	if err != nil {
		return 0, err
	}
	var expired []string
	for id, c := range s.challenges.all() {
		if c.expires.Before(before) {
			expired = append(expired, id)
		}
	}
	expired, _ = first(expired, limit)
	for _, id := range expired {
		s.challenges.drop(r.unit, id)
	}
	return len(expired), nil
}
