package app

import (
	"context"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// privateKeyPurpose is what private keys are sealed for: signatures of other dialects need them
// back.
const privateKeyPurpose = "private key"

// revokedListed bounds how many ended pairs a list shows; live ones are bounded by
// keys.MaxLivePairs.
const revokedListed = 100

// Keys gives a merchant's projects their credentials.
type Keys struct {
	Core  Core
	Rails Rails
}

// NewPair is a key pair with its private key, which is shown this once.
type NewPair struct {
	Pair    keys.Pair
	Private keys.Secret
}

// Create makes a key pair of the principal's project and mode. A live pair needs a live rail
// (merchant.ErrNoLiveRail); a test pair always works.
func (s Keys) Create(
	ctx context.Context, who merchant.Principal, label string, once Once[NewPair],
) (NewPair, *ports.Answer, error) {
	if err := s.mayHold(who.Mode); err != nil {
		return NewPair{}, nil, err
	}
	fresh, err := s.draw(who, label)
	if err != nil {
		return NewPair{}, nil, err
	}
	return run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, func(p NewPair) deed { return deed{"key.created", string(p.Pair.ID), "", keyText(p.Pair)} },
		func(ctx context.Context, r ports.Repos) (NewPair, error) {
			project, err := r.Projects.ByID(ctx, who.Project)
			if err == nil && project.Disabled {
				err = merchant.ErrProjectDisabled
			}
			if err != nil {
				return NewPair{}, err
			}
			return fresh, r.Keys.AddPair(ctx, fresh.Pair)
		}))
}

func (s Keys) mayHold(m merchant.Mode) error {
	if m == merchant.Live && !s.Rails.LiveEnabled() {
		return merchant.ErrNoLiveRail
	}
	return nil
}

func (s Keys) draw(who merchant.Principal, label string) (NewPair, error) {
	private := keys.SecretText(who.Mode, s.Core.IDs.Bytes(keys.SecretBytes))
	sealed, err := s.Core.Vault.Seal(privateKeyPurpose, []byte(private.Reveal()))
	if err != nil {
		return NewPair{}, err
	}
	return NewPair{Private: private, Pair: keys.Pair{
		ID: keys.PairID(s.Core.IDs.UUID()), MerchantID: who.Merchant, ProjectID: who.Project, Mode: who.Mode,
		PublicKey: keys.PublicText(who.Mode, s.Core.IDs.Bytes(keys.PublicBytes)), Label: label,
		Digest: s.Core.Vault.Digest(private), Sealed: sealed, Hint: private.Hint(),
		CreatedAt: ledger.Instant(s.Core.Clock.Now()),
	}}, nil
}

// List lists the pairs of the principal's project in both modes, newest first: all live ones and
// the latest of those that ended.
func (s Keys) List(ctx context.Context, who merchant.Principal) ([]keys.Pair, error) {
	pairs, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) ([]keys.Pair, error) {
		return r.Keys.Pairs(ctx, who.Project)
	})
	if err != nil {
		return nil, err
	}
	shown, revoked := pairs[:0], 0
	for _, p := range pairs {
		if !p.Live() {
			revoked++
		}
		if p.Live() || revoked <= revokedListed {
			shown = append(shown, p)
		}
	}
	return shown, nil
}

// Get finds a pair of the principal's project.
func (s Keys) Get(ctx context.Context, who merchant.Principal, id keys.PairID) (keys.Pair, error) {
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (keys.Pair, error) {
		return r.Keys.LoadPair(ctx, who.Project, id)
	})
}

// Relabel changes what a live pair is called.
func (s Keys) Relabel(
	ctx context.Context, who merchant.Principal, relabelled keys.Pair, once Once[keys.Pair],
) (keys.Pair, *ports.Answer, error) {
	return s.change(ctx, who, relabelled.ID, once, func(p *keys.Pair) error {
		if !p.Live() {
			return keys.ErrRevoked
		}
		p.Label = relabelled.Label
		return nil
	})
}

// Revoke ends a pair. Ending it again changes nothing.
func (s Keys) Revoke(
	ctx context.Context, who merchant.Principal, id keys.PairID, once Once[keys.Pair],
) (keys.Pair, *ports.Answer, error) {
	return s.change(ctx, who, id, once, func(p *keys.Pair) error {
		if p.Live() {
			p.RevokedAt = ledger.Instant(s.Core.Clock.Now())
		}
		return nil
	})
}

func (s Keys) change(
	ctx context.Context, who merchant.Principal, id keys.PairID, once Once[keys.Pair],
	apply func(*keys.Pair) error,
) (keys.Pair, *ports.Answer, error) {
	return run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, func(p keys.Pair) deed { return deed{"key.changed", string(p.ID), "", keyText(p)} },
		func(ctx context.Context, r ports.Repos) (keys.Pair, error) {
			pair, err := r.Keys.LoadPair(ctx, who.Project, id)
			if err != nil {
				return keys.Pair{}, err
			}
			if err := apply(&pair); err != nil {
				return keys.Pair{}, err
			}
			return pair, r.Keys.SavePair(ctx, pair)
		}))
}

// Rotate replaces a live pair by a new one of the same mode and label. The old one ends in the same
// moment. It is allowed where Create would not be: whoever lost a key must be able to get rid of it.
func (s Keys) Rotate(
	ctx context.Context, who merchant.Principal, id keys.PairID, once Once[NewPair],
) (NewPair, *ports.Answer, error) {
	old, err := s.Get(ctx, who, id)
	if err != nil {
		return NewPair{}, nil, err
	}
	owner := merchant.Principal{Merchant: old.MerchantID, Project: old.ProjectID, Mode: old.Mode}
	fresh, err := s.draw(owner, old.Label)
	if err != nil {
		return NewPair{}, nil, err
	}
	return run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, func(p NewPair) deed { return deed{"key.rotated", string(id), "", keyText(p.Pair)} },
		func(ctx context.Context, r ports.Repos) (NewPair, error) {
			old, err := r.Keys.LoadPair(ctx, who.Project, id)
			if err != nil {
				return NewPair{}, err
			}
			if !old.Live() {
				return NewPair{}, keys.ErrRevoked
			}
			old.RevokedAt = fresh.Pair.CreatedAt
			if err := r.Keys.SavePair(ctx, old); err != nil {
				return NewPair{}, err
			}
			return fresh, r.Keys.AddPair(ctx, fresh.Pair)
		}))
}

// NewAPIKey is a merchant's API key with its text, which is shown this once.
type NewAPIKey struct {
	Key  keys.APIKey
	Text keys.Secret
}

// RotateAPIKey replaces the merchant's API key of the principal's mode.
func (s Keys) RotateAPIKey(
	ctx context.Context, who merchant.Principal, once Once[NewAPIKey],
) (NewAPIKey, *ports.Answer, error) {
	if err := s.mayHold(who.Mode); err != nil {
		return NewAPIKey{}, nil, err
	}
	text, key := drawAPIKey(s.Core, who)
	return run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, func(k NewAPIKey) deed {
		return deed{"api_key.rotated", "", "", "mode=" + k.Key.Mode.String() + " hint=" + k.Key.Hint}
	},
		func(ctx context.Context, r ports.Repos) (NewAPIKey, error) {
			return NewAPIKey{Key: key, Text: text}, r.Keys.PutAPIKey(ctx, key)
		}))
}

func drawAPIKey(c Core, who merchant.Principal) (keys.Secret, keys.APIKey) {
	text := keys.APIKeyText(who.Mode, c.IDs.Bytes(keys.SecretBytes))
	return text, keys.APIKey{
		MerchantID: who.Merchant, ProjectID: who.Project, Mode: who.Mode,
		Digest: c.Vault.Digest(text), Hint: text.Hint(), CreatedAt: ledger.Instant(c.Clock.Now()),
	}
}
