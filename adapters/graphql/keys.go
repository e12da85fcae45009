package graphql

import (
	"context"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
)

// KeyPairs lists a project's key pairs.
func (q queries) KeyPairs(ctx context.Context, project string) ([]*KeyPair, error) {
	who, err := q.setUp(ctx, member.ReadSetup, project)
	if err != nil {
		return nil, err
	}
	list, err := q.Keys.List(ctx, who)
	return each(list, showPair), err
}

func showPair(p keys.Pair) *KeyPair {
	return &KeyPair{
		ID: string(p.ID), Label: p.Label, Mode: showMode(p.Mode), PublicKey: p.PublicKey, Hint: p.Hint,
		CreatedAt: p.CreatedAt, RevokedAt: moment(p.RevokedAt),
	}
}

// secretive is who may be shown a new secret: his role says so, and for real money he has proven lately
// who he is.
func (a *API) secretive(ctx context.Context, right member.Right, project string, mode Mode) (merchant.Principal, error) {
	who, err := a.guarded(ctx, right, project, mode)
	if err != nil {
		return who, err
	}
	by, err := a.actor(ctx)
	if err != nil {
		return who, err
	}
	return who, by.Require(member.ReadSecrets)
}

// CreateKeyPair makes a key pair.
func (m mutations) CreateKeyPair(ctx context.Context, project string, mode Mode, label string) (*NewKeyPairPayload, error) {
	who, err := m.secretive(ctx, member.ManageKeys, project, mode)
	if err != nil {
		return nil, err
	}
	var made app.NewPair
	if err = edge.Text("label", label, maxLabel, false); err == nil {
		made, _, err = m.Keys.Create(ctx, who, label, app.Once[app.NewPair]{})
	}
	return newPair(made, err)
}

func newPair(made app.NewPair, err error) (*NewKeyPairPayload, error) {
	out := &NewKeyPairPayload{}
	return done(out, &out.UserErrors, err, func() {
		out.KeyPair, out.PrivateKey = showPair(made.Pair), optional(made.Private.Reveal())
	})
}

// RelabelKeyPair changes what a key pair is called.
func (m mutations) RelabelKeyPair(ctx context.Context, project, id, label string) (*KeyPairPayload, error) {
	who, err := m.setUp(ctx, member.ManageKeys, project)
	if err != nil {
		return nil, err
	}
	var pair keys.Pair
	if err = edge.Text("label", label, maxLabel, false); err == nil {
		pair, _, err = m.Keys.Relabel(ctx, who, keys.Pair{ID: keys.PairID(id), Label: label}, app.Once[keys.Pair]{})
	}
	out := &KeyPairPayload{}
	return done(out, &out.UserErrors, err, func() { out.KeyPair = showPair(pair) })
}

// RevokeKeyPair ends a key pair.
func (m mutations) RevokeKeyPair(ctx context.Context, project, id string) (*KeyPairPayload, error) {
	who, err := m.setUp(ctx, member.ManageKeys, project)
	if err != nil {
		return nil, err
	}
	pair, _, err := m.Keys.Revoke(ctx, who, keys.PairID(id), app.Once[keys.Pair]{})
	out := &KeyPairPayload{}
	return done(out, &out.UserErrors, err, func() { out.KeyPair = showPair(pair) })
}

// RotateKeyPair replaces a key pair by one of its mode.
func (m mutations) RotateKeyPair(ctx context.Context, project, id string) (*NewKeyPairPayload, error) {
	who, err := m.setUp(ctx, member.ManageKeys, project)
	if err != nil {
		return nil, err
	}
	pair, err := m.Keys.Get(ctx, who, keys.PairID(id))
	if err != nil {
		return nil, err
	}
	if who, err = m.secretive(ctx, member.ManageKeys, project, showMode(pair.Mode)); err != nil {
		return nil, err
	}
	return newPair(first(m.Keys.Rotate(ctx, who, pair.ID, app.Once[app.NewPair]{})))
}

// first leaves out the stored answer of an idempotent request: none of ours has a key.
func first[T, A any](value T, _ A, err error) (T, error) { return value, err }

// RotateAPIKey replaces the account's bearer key of a mode.
func (m mutations) RotateAPIKey(ctx context.Context, project string, mode Mode) (*APIKeyPayload, error) {
	who, err := m.secretive(ctx, member.ManageKeys, project, mode)
	if err != nil {
		return nil, err
	}
	made, _, err := m.Keys.RotateAPIKey(ctx, who, app.Once[app.NewAPIKey]{})
	out := &APIKeyPayload{}
	return done(out, &out.UserErrors, err, func() {
		out.APIKey, out.Hint = optional(made.Text.Reveal()), optional(made.Key.Hint)
	})
}
