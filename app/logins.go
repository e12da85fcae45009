package app

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/ports"
)

// Lives of what a login hands out (decision 16).
const (
	AccessTTL = 15 * time.Minute
	loginTTL  = 30 * 24 * time.Hour // since the last refresh
)

// SignedIn is what a login hands out. Refresh works once: it is exchanged for the next one.
type SignedIn struct {
	Access    string
	ExpiresIn time.Duration // of Access
	Refresh   keys.Secret
}

// Login signs an owner in, by all the factors he has. Others of his team work in the dashboard: an
// access token acts for the merchant, whatever the role of who got it.
func (s Accounts) Login(
	ctx context.Context, shown Shown, once Once[SignedIn],
) (SignedIn, *ports.Answer, error) {
	return enter(ctx, s.SignIn, shown, once,
		func(ctx context.Context, r ports.Repos, m member.Member) (SignedIn, error) {
			if m.Role != member.Owner {
				return SignedIn{}, ErrRoleForbidden
			}
			signedIn, login, err := s.signIn(m)
			if err != nil {
				return SignedIn{}, err
			}
			return signedIn, r.Logins.Add(ctx, login)
		})
}

// signIn makes a login up. It is to be recorded.
func (s Accounts) signIn(m member.Member) (SignedIn, keys.Login, error) {
	now := ledger.Instant(s.Core.Clock.Now())
	login := keys.Login{
		ID: s.Core.IDs.UUID(), MerchantID: m.MerchantID, MemberID: string(m.ID), CreatedAt: now,
		ExpiresAt: now.Add(loginTTL),
	}
	refresh := s.drawRefresh(login.ID)
	login.RefreshDigest = s.Core.Vault.Digest(refresh)
	out, err := s.handOut(login, refresh, now)
	return out, login, err
}

func (s Accounts) handOut(l keys.Login, refresh keys.Secret, now time.Time) (SignedIn, error) {
	access, err := s.Tokens.Sign(ports.AccessClaims{
		Merchant: l.MerchantID, LoginID: l.ID, Expires: now.Add(AccessTTL),
	}, now)
	return SignedIn{Access: access, ExpiresIn: AccessTTL, Refresh: refresh}, err
}

// errRefreshSpent says that a refresh token of ours was exchanged before.
var errRefreshSpent = errors.New("refresh token is spent")

// Refresh exchanges a refresh token for new tokens. One that was exchanged before has been copied,
// by whoever came first or by whoever comes now; nobody can tell, so the login ends.
func (s Accounts) Refresh(
	ctx context.Context, token keys.Secret, once Once[SignedIn],
) (SignedIn, *ports.Answer, error) {
	id, ours := s.loginOf(token)
	if !ours {
		return SignedIn{}, nil, keys.ErrUnauthorized
	}
	now := ledger.Instant(s.Core.Clock.Now())
	presented, next := s.Core.Vault.Digest(token), s.drawRefresh(id)
	out, stored, err := run(ctx, s.Core, loginScope(id), once,
		func(ctx context.Context, r ports.Repos) (SignedIn, error) {
			login, err := liveLogin(ctx, r, id, now)
			if err != nil {
				return SignedIn{}, err
			}
			if subtle.ConstantTimeCompare(login.RefreshDigest, presented) != 1 {
				return SignedIn{}, errRefreshSpent
			}
			login.RefreshDigest, login.ExpiresAt = s.Core.Vault.Digest(next), now.Add(loginTTL)
			if err := r.Logins.Save(ctx, login); err != nil {
				return SignedIn{}, err
			}
			return s.handOut(login, next, now)
		})
	if errors.Is(err, errRefreshSpent) {
		// In a unit of work of its own: the one that found out was undone.
		if _, _, err := s.end(ctx, id, Once[struct{}]{}); err != nil {
			return SignedIn{}, nil, err
		}
		return SignedIn{}, nil, keys.ErrUnauthorized
	}
	return out, stored, err
}

// Logout ends the login an access token belongs to.
func (s Accounts) Logout(
	ctx context.Context, token string, once Once[struct{}],
) (struct{}, *ports.Answer, error) {
	claims, err := s.Tokens.Read(token, s.Core.Clock.Now())
	if err != nil {
		return struct{}{}, nil, asUnauthorized(err)
	}
	return s.end(ctx, claims.LoginID, once)
}

func (s Accounts) end(
	ctx context.Context, id string, once Once[struct{}],
) (struct{}, *ports.Answer, error) {
	now := ledger.Instant(s.Core.Clock.Now())
	return run(ctx, s.Core, loginScope(id), once,
		func(ctx context.Context, r ports.Repos) (struct{}, error) {
			login, err := liveLogin(ctx, r, id, now)
			if err != nil {
				return struct{}{}, err
			}
			login.RevokedAt = now
			return struct{}{}, r.Logins.Save(ctx, login)
		})
}

func liveLogin(ctx context.Context, r ports.Repos, id string, now time.Time) (keys.Login, error) {
	login, err := r.Logins.Load(ctx, id)
	switch {
	case errors.Is(err, ports.ErrNotFound):
		return keys.Login{}, keys.ErrUnauthorized
	case err != nil:
		return keys.Login{}, err
	case !login.Live(now):
		return keys.Login{}, keys.ErrUnauthorized
	}
	return login, nil
}

// loginScope is for requests that prove a login by one of its own tokens.
func loginScope(id string) string { return "login " + id }

// refreshPurpose keeps tags of refresh tokens apart from other tags.
const refreshPurpose = "refresh token"

// drawRefresh makes up a refresh token: the login's id, a point, and random bytes with a tag. The
// tag tells a token that was ours once from one that never was; without it, whoever knows the id of
// a login could end it by presenting rubbish.
func (s Accounts) drawRefresh(loginID string) keys.Secret {
	random := s.Core.IDs.Bytes(keys.SecretBytes)
	secret := append(random, s.refreshTag(loginID, random)...)
	return keys.NewSecret(loginID + "." + base64.RawURLEncoding.EncodeToString(secret))
}

// loginOf reads the login's id out of a refresh token, if the token is or was ours.
func (s Accounts) loginOf(token keys.Secret) (id string, ours bool) {
	text := token.Reveal()
	if len(text) > keys.MaxCredentialBytes {
		return "", false
	}
	id, encoded, _ := strings.Cut(text, ".")
	secret, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || len(secret) < keys.SecretBytes {
		return "", false
	}
	random, tag := secret[:keys.SecretBytes], secret[keys.SecretBytes:]
	return id, subtle.ConstantTimeCompare(tag, s.refreshTag(id, random)) == 1
}

func (s Accounts) refreshTag(loginID string, random []byte) []byte {
	return s.Core.Vault.Tag(refreshPurpose, loginID+"."+string(random))
}
