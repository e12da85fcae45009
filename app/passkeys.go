package app

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/ports"
)

// challengeLife is how long somebody may take to touch his device.
const challengeLife = 5 * time.Minute

// PasskeyAsked is a question to a device: Options are for the browser, ID comes back with the answer.
type PasskeyAsked struct {
	ID      string
	Options []byte
}

// PasskeyAnswer is a browser's answer to a question.
type PasskeyAnswer struct {
	ID     string
	Answer []byte
	From   Origin
}

// AskPasskey asks for any passkey of this gateway: to sign in, or to prove it again.
func (s SignIn) AskPasskey(ctx context.Context) (PasskeyAsked, error) {
	options, state, err := s.Passkeys.Ask()
	if err != nil {
		return PasskeyAsked{}, err
	}
	return s.keepChallenge(ctx, "", options, state)
}

// OfferPasskey asks for a new passkey of the actor's.
func (s SignIn) OfferPasskey(ctx context.Context, a Actor) (PasskeyAsked, error) {
	if err := a.Fresh(s.Core.Clock.Now()); err != nil {
		return PasskeyAsked{}, err
	}
	f, err := s.Factors(ctx, a)
	if err != nil {
		return PasskeyAsked{}, err
	}
	if len(f.Passkeys) >= member.MaxPasskeys {
		return PasskeyAsked{}, member.ErrTooManyPasskeys
	}
	options, state, err := s.Passkeys.Offer(ports.PasskeyUser{ID: a.Member, Name: a.Email, Keys: f.Passkeys})
	if err != nil {
		return PasskeyAsked{}, err
	}
	return s.keepChallenge(ctx, a.Member, options, state)
}

// passkeyPurpose binds a question to who was asked, "" where anybody may answer.
func passkeyPurpose(asked member.ID) string { return "passkey challenge " + string(asked) }

func (s SignIn) keepChallenge(
	ctx context.Context, asked member.ID, options, state []byte,
) (PasskeyAsked, error) {
	sealed, err := s.Core.Vault.Seal(passkeyPurpose(asked), state)
	if err != nil {
		return PasskeyAsked{}, err
	}
	id, expires := s.Core.IDs.UUID(), ledger.Instant(s.Core.Clock.Now()).Add(challengeLife)
	return PasskeyAsked{ID: id, Options: options}, s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		return r.Challenges.Put(ctx, id, sealed, expires)
	})
}

// takeChallenge answers what is kept of a question, once. member.ErrPasskey if it was answered, is too
// old, or was asked of somebody else.
func (s SignIn) takeChallenge(ctx context.Context, r ports.Repos, id string, asked member.ID) ([]byte, error) {
	sealed, err := r.Challenges.Take(ctx, id, ledger.Instant(s.Core.Clock.Now()))
	if err != nil {
		return nil, asPasskey(err)
	}
	state, err := s.Core.Vault.Open(passkeyPurpose(asked), sealed)
	if err != nil {
		return nil, member.ErrPasskey
	}
	return state, nil
}

// asPasskey hides which part of a passkey was unknown, but not that the store is down.
func asPasskey(err error) error {
	if asUnauthorized(err) == error(keys.ErrUnauthorized) {
		return member.ErrPasskey
	}
	return err
}

// AddPasskey puts a passkey in force, from the answer to OfferPasskey.
func (s SignIn) AddPasskey(ctx context.Context, a Actor, label string, answer PasskeyAnswer) (Changed, error) {
	now := ledger.Instant(s.Core.Clock.Now())
	if err := a.Fresh(now); err != nil {
		return Changed{}, err
	}
	state, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) ([]byte, error) {
		return s.takeChallenge(ctx, r, answer.ID, a.Member)
	})
	if err != nil {
		return Changed{}, err
	}
	p, err := s.Passkeys.Register(ports.PasskeyUser{ID: a.Member, Name: a.Email}, state, answer.Answer)
	if err != nil {
		return Changed{}, err
	}
	p.Label, p.CreatedAt = label, now
	return s.alter(ctx, a, "passkey.added", func(f member.Factors) (member.Factors, error) {
		if _, exists := f.Passkey(p.ID); exists {
			return f, member.ErrPasskey
		}
		return f.PutPasskey(p)
	})
}

// EnterByPasskey signs somebody in by a passkey alone: it verified its user, so it is both factors.
// Nothing can be guessed here, so nobody is ever kept waiting.
func (s SignIn) EnterByPasskey(ctx context.Context, answer PasskeyAnswer, came keys.Secret) (Entered, error) {
	b := beginning{token: s.drawToken(), came: s.visitOf(ctx, came), from: answer.From, by: "by=passkey"}
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (Entered, error) {
		id, err := s.checkPasskey(ctx, r, answer)
		if err != nil {
			return Entered{}, err
		}
		if b.member, err = r.Members.Load(ctx, id); err != nil {
			return Entered{}, asPasskey(err)
		}
		if !b.member.Active() {
			return Entered{}, member.ErrPasskey
		}
		return s.begin(ctx, r, b)
	})
}

// ProveByPasskey makes the actor's proof fresh by one of his own passkeys.
func (s SignIn) ProveByPasskey(ctx context.Context, a Actor, answer PasskeyAnswer) (Entered, error) {
	now, token := ledger.Instant(s.Core.Clock.Now()), s.drawToken()
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (Entered, error) {
		m, v, err := whole(ctx, r, a, now)
		if err != nil {
			return Entered{}, err
		}
		id, err := s.checkPasskey(ctx, r, answer)
		if err != nil {
			return Entered{}, err
		}
		if id != a.Member {
			return Entered{}, member.ErrPasskey
		}
		return s.renew(ctx, r, m, v, token, a.From)
	})
}

// checkPasskey answers whose passkey answered, and keeps what changed about it.
func (s SignIn) checkPasskey(ctx context.Context, r ports.Repos, answer PasskeyAnswer) (member.ID, error) {
	state, err := s.takeChallenge(ctx, r, answer.ID, "")
	if err != nil {
		return "", err
	}
	var f member.Factors
	user, used, err := s.Passkeys.Check(state, answer.Answer,
		func(credential []byte) (ports.PasskeyUser, error) {
			id, err := r.Factors.Owner(ctx, credential)
			if err == nil {
				f, err = r.Factors.Load(ctx, id)
			}
			return ports.PasskeyUser{ID: id, Keys: f.Passkeys}, err
		})
	if err != nil {
		return "", err
	}
	was, found := f.Passkey(used.ID)
	if !found {
		return "", member.ErrPasskey
	}
	was.Credential, was.UsedAt = used.Credential, ledger.Instant(s.Core.Clock.Now())
	if f, err = f.PutPasskey(was); err != nil {
		return "", err
	}
	return user.ID, r.Factors.Save(ctx, user.ID, f)
}
