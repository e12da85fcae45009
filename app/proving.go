package app

import (
	"context"
	"errors"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/ports"
)

// Reproof is what somebody who is signed in shows to prove that it is still he.
type Reproof struct {
	Password string
	TOTP     string
}

// Prove makes the actor's proof fresh, and his visit's token another one. Who has a second factor
// proves by it; the password, which may be known to others, is not enough then.
func (s SignIn) Prove(ctx context.Context, a Actor, p Reproof) (Entered, error) {
	now := ledger.Instant(s.Core.Clock.Now())
	tries := []try{{"proof " + a.Session, paceOfProof}}
	if err := s.Throttle.take(now, tries); err != nil {
		return Entered{}, err
	}
	in, err := s.prove(ctx, a, p)
	s.after(tries, err)
	return in, err
}

func (s SignIn) prove(ctx context.Context, a Actor, p Reproof) (Entered, error) {
	seen, err := s.ownPassword(ctx, a, p.Password)
	wrong := errors.Is(err, ErrInvalidCredentials)
	if err != nil && !wrong {
		return Entered{}, err
	}
	now, token := ledger.Instant(s.Core.Clock.Now()), s.drawToken()
	var in Entered
	err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		m, v, err := whole(ctx, r, a, now)
		if err != nil {
			return err
		}
		f, err := r.Factors.Load(ctx, m.ID)
		switch {
		case err != nil:
			return err
		case f.Required():
			if err := s.second(ctx, r, m, Shown{TOTP: p.TOTP}); err != nil {
				return err
			}
		case wrong || m.PasswordHash != seen.PasswordHash:
			return ErrInvalidCredentials
		}
		in, err = s.renew(ctx, r, m, v, token, a.From)
		return err
	})
	if err != nil {
		return Entered{}, err
	}
	return in, nil
}

// ownPassword compares a password with the actor's. None at all is wrong without being compared: who
// proves by a second factor sends none.
func (s SignIn) ownPassword(ctx context.Context, a Actor, password string) (member.Member, error) {
	if password == "" {
		return member.Member{}, ErrInvalidCredentials
	}
	m, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (member.Member, error) {
		return r.Members.Load(ctx, a.Member)
	})
	if err != nil {
		return m, asUnauthorized(err)
	}
	matches, err := s.Passwords.Verify(ctx, password, m.PasswordHash)
	if err == nil && !matches {
		err = ErrInvalidCredentials
	}
	return m, err
}

// ChangePassword replaces the actor's password, given the present one, and ends all that anybody
// signed in to with it, but this visit, whose token becomes another one.
func (s SignIn) ChangePassword(ctx context.Context, a Actor, present, next string) (Entered, error) {
	if err := strongPassword(s.Passwords, next, a.Email); err != nil {
		return Entered{}, err
	}
	if err := a.Fresh(s.Core.Clock.Now()); err != nil {
		return Entered{}, err
	}
	tries := []try{{"proof " + a.Session, paceOfProof}}
	if err := s.Throttle.take(s.Core.Clock.Now(), tries); err != nil {
		return Entered{}, err
	}
	seen, err := s.ownPassword(ctx, a, present)
	s.after(tries, err)
	if err != nil {
		return Entered{}, err
	}
	hash, err := s.Passwords.Hash(ctx, next)
	if err != nil {
		return Entered{}, err
	}
	return s.change(ctx, a, func(ctx context.Context, r ports.Repos, m member.Member) (deed, error) {
		if m.PasswordHash != seen.PasswordHash {
			return deed{}, ErrInvalidCredentials
		}
		m.PasswordHash = hash
		return deed{action: "password.changed", subject: string(m.ID)}, r.Members.Save(ctx, m)
	})
}

// change does what alters how the actor signs in, with a fresh proof. Whatever else he is signed in
// to ends: it was let in by other rules. His present visit gets another token.
func (s SignIn) change(ctx context.Context, a Actor,
	act func(ctx context.Context, r ports.Repos, m member.Member) (deed, error),
) (Entered, error) {
	now := ledger.Instant(s.Core.Clock.Now())
	if err := a.Fresh(now); err != nil {
		return Entered{}, err
	}
	token := s.drawToken()
	var in Entered
	err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		m, v, err := whole(ctx, r, a, now)
		if err != nil {
			return err
		}
		done, err := act(ctx, r, m)
		if err != nil {
			return err
		}
		if err := endElsewhere(ctx, r, m, v.ID, s.Core); err != nil {
			return err
		}
		if in, err = s.renewed(ctx, r, m, v, token, a); err != nil {
			return err
		}
		return note(ctx, r, s.Core, a.Merchant, a.Agent(), done)
	})
	if err != nil {
		return Entered{}, err
	}
	return in, nil
}

// renewed gives the visit another token and leaves the time of its proof.
func (s SignIn) renewed(
	ctx context.Context, r ports.Repos, m member.Member, v member.Visit, token keys.Secret, a Actor,
) (Entered, error) {
	v.Digest = s.digest(token)
	return s.entered(v, m, token, a.From), r.Visits.Save(ctx, v)
}

// endElsewhere ends what a member is signed in to, but the visit kept.
func endElsewhere(ctx context.Context, r ports.Repos, m member.Member, kept string, c Core) error {
	now := ledger.Instant(c.Clock.Now())
	if _, err := r.Visits.EndOthers(ctx, m.ID, kept, now); err != nil {
		return err
	}
	return r.Logins.EndOf(ctx, m.MerchantID, m.ID, now)
}
