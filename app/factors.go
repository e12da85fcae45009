package app

import (
	"context"
	"encoding/base32"
	"strings"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/ports"
)

// recoveryBytes is the entropy of a recovery code: 80 bits nobody guesses.
const recoveryBytes = 10

// NewTOTP is an authenticator app's secret, shown this once.
type NewTOTP struct {
	Secret string // to type in
	Link   string // to scan
}

// Changed is what came of a change of factors. Recovery holds new codes, shown this once; it is empty
// if there were codes before.
type Changed struct {
	Entered  Entered
	Recovery []string
}

// Factors are the actor's second factors.
func (s SignIn) Factors(ctx context.Context, a Actor) (member.Factors, error) {
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (member.Factors, error) {
		return r.Factors.Load(ctx, a.Member)
	})
}

// OfferTOTP draws a secret for an authenticator app. It proves nothing until ConfirmTOTP. One that is
// confirmed is not replaced: ErrTOTPExists.
func (s SignIn) OfferTOTP(ctx context.Context, a Actor) (NewTOTP, error) {
	if err := a.Fresh(s.Core.Clock.Now()); err != nil {
		return NewTOTP{}, err
	}
	secret := s.Core.IDs.Bytes(member.TOTPSecretBytes)
	sealed, err := s.Core.Vault.Seal(totpPurpose(a.Member), secret)
	if err != nil {
		return NewTOTP{}, err
	}
	err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		f, err := r.Factors.Load(ctx, a.Member)
		if err != nil {
			return err
		}
		if f.TOTP.Confirmed() {
			return member.ErrTOTPExists
		}
		f.TOTP = member.TOTP{Sealed: sealed}
		return r.Factors.Save(ctx, a.Member, f)
	})
	return NewTOTP{
		Secret: member.TOTPText(secret), Link: member.TOTPLink(secret, string(s.Issuer), a.Email),
	}, err
}

// ConfirmTOTP puts the authenticator app in force by a first right code. From now on no door opens
// to the password alone.
func (s SignIn) ConfirmTOTP(ctx context.Context, a Actor, code string) (Changed, error) {
	tries := []try{{"proof " + a.Session, paceOfProof}}
	if err := s.Throttle.take(s.Core.Clock.Now(), tries); err != nil {
		return Changed{}, err
	}
	out, err := s.alter(ctx, a, "totp.added", func(f member.Factors) (member.Factors, error) {
		switch {
		case f.TOTP.Confirmed():
			return f, member.ErrTOTPExists
		case len(f.TOTP.Sealed) == 0:
			return f, member.ErrInvalidSecondFactor
		}
		f.TOTP.ConfirmedAt = ledger.Instant(s.Core.Clock.Now())
		return s.takeTOTP(f, a.Member, code)
	})
	s.after(tries, err)
	return out, err
}

// RemoveTOTP takes the authenticator app out of force. ErrNotFound if there is none.
func (s SignIn) RemoveTOTP(ctx context.Context, a Actor) (Changed, error) {
	return s.alter(ctx, a, "totp.removed", func(f member.Factors) (member.Factors, error) {
		if !f.TOTP.Confirmed() {
			return f, ports.ErrNotFound
		}
		return f.DropTOTP(), nil
	})
}

// RenewRecovery replaces all recovery codes. ErrNoSecondFactor where there is nothing to recover.
func (s SignIn) RenewRecovery(ctx context.Context, a Actor) (Changed, error) {
	return s.alter(ctx, a, "recovery_codes.renewed", func(f member.Factors) (member.Factors, error) {
		if !f.Required() {
			return f, member.ErrNoSecondFactor
		}
		f.Recovery = nil
		return f, nil
	})
}

// RemovePasskey takes a passkey of the actor out of force. ErrNotFound if he has none of that id.
func (s SignIn) RemovePasskey(ctx context.Context, a Actor, id []byte) (Changed, error) {
	return s.alter(ctx, a, "passkey.removed", func(f member.Factors) (member.Factors, error) {
		f, found := f.DropPasskey(id)
		if !found {
			return f, ports.ErrNotFound
		}
		return f, nil
	})
}

// alter changes the actor's factors, and makes recovery codes where there are factors and no codes.
func (s SignIn) alter(ctx context.Context, a Actor, action string,
	act func(f member.Factors) (member.Factors, error),
) (Changed, error) {
	codes, digests := s.drawRecovery(a.Member)
	var shown []string
	in, err := s.change(ctx, a, func(ctx context.Context, r ports.Repos, m member.Member) (deed, error) {
		shown = nil
		before, err := r.Factors.Load(ctx, m.ID)
		if err != nil {
			return deed{}, err
		}
		after, err := act(before)
		if err != nil {
			return deed{}, err
		}
		if after.Required() && len(after.Recovery) == 0 {
			after.Recovery, shown = digests, codes
		}
		return deed{
			action: action, subject: string(m.ID), before: "factors=" + before.Kinds(),
			after: "factors=" + after.Kinds(),
		}, r.Factors.Save(ctx, m.ID, after)
	})
	return Changed{Entered: in, Recovery: shown}, err
}

// drawRecovery makes up recovery codes: four groups of four letters and digits.
func (s SignIn) drawRecovery(id member.ID) (codes []string, digests [][]byte) {
	for range member.RecoveryCodes {
		text := strings.ToLower(base32.StdEncoding.EncodeToString(s.Core.IDs.Bytes(recoveryBytes)))
		code := text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
		codes, digests = append(codes, code), append(digests, s.recoveryDigest(id, code))
	}
	return codes, digests
}
