package app

import (
	"context"
	"errors"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Credentials turns what a request presents into who it acts as. It is the one place that decides;
// dialects only say which kind of credential they read from where.
type Credentials struct {
	Ring   ports.KeyRing
	Vault  ports.Vault
	Tokens ports.Tokens
	Clock  ports.Clock
}

// Pair proves a matched key pair. Missing, unknown, revoked, swapped and foreign ones are the same
// fault at the same cost: whatever happens, one digest and one comparison are made.
func (c Credentials) Pair(ctx context.Context, publicKey string, private keys.Secret) (ports.KeyOwner, error) {
	digest := c.digest(private)
	owner, err := ports.KeyOwner{}, error(ports.ErrNotFound)
	if len(publicKey) <= keys.MaxCredentialBytes {
		owner, err = c.Ring.ByPublicKey(ctx, publicKey)
	}
	if err != nil && !errors.Is(err, ports.ErrNotFound) {
		return ports.KeyOwner{}, err
	}
	if matches := owner.Pair.Matches(digest); err != nil || !matches || !owner.Pair.Live() {
		return ports.KeyOwner{}, keys.ErrPairInvalid
	}
	if owner.ProjectDisabled {
		return ports.KeyOwner{}, merchant.ErrProjectDisabled
	}
	return owner, nil
}

// Client proves a client id with one of its private keys.
func (c Credentials) Client(ctx context.Context, id string, private keys.Secret) (ports.KeyOwner, error) {
	owner, err := c.Ring.BySecret(ctx, c.digest(private))
	switch {
	case err != nil && !errors.Is(err, ports.ErrNotFound):
		return ports.KeyOwner{}, err
	case err != nil, !owner.Pair.Live(), string(owner.ClientID) != id:
		return ports.KeyOwner{}, keys.ErrUnauthorized
	case owner.ProjectDisabled:
		return ports.KeyOwner{}, merchant.ErrProjectDisabled
	}
	return owner, nil
}

// APIKey proves a merchant's bearer key.
func (c Credentials) APIKey(ctx context.Context, key keys.Secret) (merchant.Principal, error) {
	found, err := c.Ring.APIKey(ctx, c.digest(key))
	if err != nil {
		return merchant.Principal{}, asUnauthorized(err)
	}
	return merchant.Principal{Merchant: found.MerchantID, Project: found.ProjectID, Mode: found.Mode}, nil
}

// Login proves an access token whose login has not ended, and answers who it acts as: the merchant's default
// project, in the mode it is set to.
func (c Credentials) Login(ctx context.Context, token string) (merchant.Principal, ports.AccessClaims, error) {
	refused := func(err error) (merchant.Principal, ports.AccessClaims, error) {
		return merchant.Principal{}, ports.AccessClaims{}, asUnauthorized(err)
	}
	claims, err := c.Tokens.Read(token, c.Clock.Now())
	if err != nil {
		return refused(err)
	}
	login, home, err := c.Ring.Login(ctx, claims.LoginID)
	if err != nil {
		return refused(err)
	}
	if !login.Live(c.Clock.Now()) || login.MerchantID != claims.Merchant {
		return refused(keys.ErrUnauthorized)
	}
	claims.Member = login.MemberID
	return home, claims, nil
}

// digest bounds what is hashed; an overlong credential hashes to something nobody has.
func (c Credentials) digest(s keys.Secret) []byte {
	if len(s.Reveal()) > keys.MaxCredentialBytes {
		s = keys.NewSecret("")
	}
	return c.Vault.Digest(s)
}

// asUnauthorized hides which part of a credential was wrong, but not that the store is down.
func asUnauthorized(err error) error {
	if fault.From(err).Kind == fault.Unavailable {
		return err
	}
	return keys.ErrUnauthorized
}

// Owner is the principal a key pair acts as.
func Owner(o ports.KeyOwner) merchant.Principal {
	return merchant.Principal{Merchant: o.Pair.MerchantID, Project: o.Pair.ProjectID, Mode: o.Pair.Mode}
}
