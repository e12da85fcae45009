package app

import (
	"context"
	"errors"
	"strings"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// SignIn is the one authenticator. Every door (the API's log-in, the dashboard, whatever comes) asks
// it who somebody is, so that no door asks for less than another.
type SignIn struct {
	Core      Core
	Passwords ports.Passwords
	Passkeys  ports.Passkeys
	Ring      ports.VisitRing
	Throttle  *Throttle
	Issuer    GatewayName
}

// GatewayName is what authenticator apps and passkeys call this gateway: its host.
type GatewayName string

// Shown is what somebody shows at a door.
type Shown struct {
	Email, Password string
	TOTP            string // code of an authenticator app, "" if none was given
	Recovery        string // recovery code, "" if none was given
	Device          string // mark of a device that signed in before, "" if none was shown
	Client          string // whose budget: the client's address, or its network
	From            Origin
}

// enter lets somebody in who shows all that is needed. act runs in the unit of work in which his
// second factor is used up. The unknown, the removed and the wrong are the same fault at the same cost.
func enter[T any](ctx context.Context, s SignIn, a Shown, once Once[T],
	act func(ctx context.Context, r ports.Repos, m member.Member) (T, error),
) (T, *ports.Answer, error) {
	var none T
	now := ledger.Instant(s.Core.Clock.Now())
	tries := s.tries(a)
	if err := s.Throttle.take(now, tries); err != nil {
		return none, nil, err
	}
	seen, err := s.byPassword(ctx, a)
	if err != nil {
		s.after(tries, err)
		return none, nil, err
	}
	out, stored, err := run(ctx, s.Core, accountScope(seen.Email), once,
		func(ctx context.Context, r ports.Repos) (T, error) {
			m, err := r.Members.Load(ctx, seen.ID)
			if err != nil {
				return none, err
			}
			if !m.Active() || m.PasswordHash != seen.PasswordHash {
				return none, ErrInvalidCredentials // he was removed, or changed it, meanwhile
			}
			if err := s.second(ctx, r, m, a); err != nil {
				return none, err
			}
			return act(ctx, r, m)
		})
	s.after(tries, err)
	return out, stored, err
}

// after judges what an attempt was: only a wrong guess stays counted.
func (s SignIn) after(tries []try, err error) {
	if errors.Is(err, ErrInvalidCredentials) || errors.Is(err, member.ErrInvalidSecondFactor) {
		return
	}
	s.Throttle.giveBack(s.Core.Clock.Now(), tries, err == nil)
}

// tries are what an attempt counts at. A device that signed in to the account before has a budget of
// its own, which nobody else can use up; so has an address, beside that of the account.
func (s SignIn) tries(a Shown) []try {
	account := strings.ToLower(a.Email)
	if id, known := s.knownDevice(account, a.Device); known {
		return []try{{"device " + id + " " + account, paceOfDevice}}
	}
	pair := "pair " + a.Client + " " + account
	tries := []try{{pair, paceOfPair}, {"client " + a.Client, paceOfClient}}
	if !s.Throttle.welcomed(pair, s.Core.Clock.Now()) {
		tries = append(tries, try{"account " + account, paceOfAccount})
	}
	return tries
}

// byPassword finds the member of an address and compares his password, or one nobody has.
func (s SignIn) byPassword(ctx context.Context, a Shown) (member.Member, error) {
	var found member.Member
	if email, err := merchant.NormalizeEmail(a.Email); err == nil {
		found, err = fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (member.Member, error) {
			return findMember(ctx, r, s.Core.IDs, email)
		})
		if err != nil && !errors.Is(err, ports.ErrNotFound) {
			return found, err
		}
	}
	matches, err := s.Passwords.Verify(ctx, a.Password, found.PasswordHash)
	if err == nil && !matches {
		err = ErrInvalidCredentials
	}
	return found, err
}

// findMember finds the member of an address. An account that the version before this one opened has
// none yet: whoever opened it becomes its owner here.
func findMember(ctx context.Context, r ports.Repos, ids ports.IDs, email string) (member.Member, error) {
	m, err := r.Members.ByEmail(ctx, email)
	if !errors.Is(err, ports.ErrNotFound) {
		return m, err
	}
	account, err := r.Merchants.ByEmail(ctx, email)
	if err != nil {
		return member.Member{}, err
	}
	team, err := r.Members.LoadTeam(ctx, account.Merchant.ID)
	if err != nil {
		return member.Member{}, err
	}
	if len(team) > 0 {
		return member.Member{}, ports.ErrNotFound // he was removed by another owner
	}
	m = founder(ids, account)
	return m, r.Members.Add(ctx, m)
}

// founder is the first owner of an account.
func founder(ids ports.IDs, a ports.Account) member.Member {
	return member.Member{
		ID: member.ID(ids.UUID()), MerchantID: a.Merchant.ID, Email: a.Merchant.Email, Role: member.Owner,
		PasswordHash: a.PasswordHash, CreatedAt: a.Merchant.CreatedAt,
	}
}

// second asks for a second factor where there is one, and uses up what is shown.
func (s SignIn) second(ctx context.Context, r ports.Repos, m member.Member, a Shown) error {
	f, err := r.Factors.Load(ctx, m.ID)
	if err != nil || !f.Required() {
		return err
	}
	switch {
	case a.TOTP != "":
		f, err = s.takeTOTP(f, m.ID, a.TOTP)
	case a.Recovery != "":
		f, err = f.TakeRecovery(s.recoveryDigest(m.ID, a.Recovery))
	default:
		err = member.ErrSecondFactorRequired.Because(f.Kinds())
	}
	if err != nil {
		return err
	}
	return r.Factors.Save(ctx, m.ID, f)
}

func (s SignIn) takeTOTP(f member.Factors, id member.ID, code string) (member.Factors, error) {
	if !f.TOTP.Confirmed() {
		return f, member.ErrInvalidSecondFactor
	}
	secret, err := s.Core.Vault.Open(totpPurpose(id), f.TOTP.Sealed)
	if err != nil {
		return f, err
	}
	return f.TakeTOTP(secret, code, s.Core.Clock.Now())
}

// totpPurpose binds a sealed secret to its member: moved to another row it opens no more.
func totpPurpose(id member.ID) string { return "totp " + string(id) }

// recoveryDigest is what is kept of a recovery code. Case, spaces and hyphens do not matter.
func (s SignIn) recoveryDigest(id member.ID, code string) []byte {
	if len(code) > keys.MaxCredentialBytes {
		code = ""
	}
	plain := strings.NewReplacer("-", "", " ", "").Replace(strings.ToLower(code))
	return s.Core.Vault.Digest(keys.NewSecret("recovery " + string(id) + " " + plain))
}
