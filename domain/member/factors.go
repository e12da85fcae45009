package member

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/fault"
)

// Faults of second factors.
var (
	// ErrSecondFactorRequired says that the password was right and not enough. Its Reason lists what
	// else would do.
	ErrSecondFactorRequired = fault.New(fault.Unauthenticated, "second_factor_required",
		"this account has a second factor: send a code of its authenticator app as totp, or a recoveryCode, "+
			"beside the password")
	ErrInvalidSecondFactor = fault.New(fault.Unauthenticated, "invalid_second_factor",
		"this code is wrong, too old, or used already")
	ErrNoSecondFactor = fault.New(fault.Conflict, "no_second_factor",
		"set up an authenticator app or a passkey first")
	ErrTOTPExists = fault.New(fault.Conflict, "totp_exists",
		"an authenticator app is set up already; remove it first")
	ErrTooManyPasskeys = fault.New(fault.Conflict, "too_many_passkeys",
		"an account may have at most 20 passkeys; remove one first")
	ErrPasskey = fault.New(fault.Unauthenticated, "invalid_passkey",
		"this passkey could not be verified; try again")
)

// Bounds of second factors.
const (
	RecoveryCodes = 10
	MaxPasskeys   = 20
)

// Factors are what a member proves himself by beside his password. The zero value is none.
type Factors struct {
	TOTP     TOTP
	Recovery [][]byte // digests of the recovery codes that are left
	Passkeys []Passkey
}

// TOTP is an authenticator app. The zero value is none.
type TOTP struct {
	Sealed      []byte // the secret, sealed
	ConfirmedAt time.Time
	LastStep    int64 // step of the last code that was taken
}

// Confirmed reports whether the app has shown a right code: before, it proves nothing.
func (t TOTP) Confirmed() bool { return !t.ConfirmedAt.IsZero() }

// Passkey is a public key of a device or password manager that verifies its user.
type Passkey struct {
	ID         []byte // the credential's id
	Label      string
	Credential []byte // public key, counter and flags, as the verifier keeps them
	CreatedAt  time.Time
	UsedAt     time.Time
}

// Required reports whether the password alone is not enough.
func (f Factors) Required() bool { return f.TOTP.Confirmed() || len(f.Passkeys) > 0 }

// Kinds lists by what the second factor may be shown: totp, recovery_code, passkey.
func (f Factors) Kinds() string {
	var kinds []string
	if f.TOTP.Confirmed() {
		kinds = append(kinds, "totp")
	}
	if len(f.Recovery) > 0 {
		kinds = append(kinds, "recovery_code")
	}
	if len(f.Passkeys) > 0 {
		kinds = append(kinds, "passkey")
	}
	return strings.Join(kinds, " ")
}

// TakeRecovery uses a recovery code up. ErrInvalidSecondFactor if it is none that is left.
func (f Factors) TakeRecovery(digest []byte) (Factors, error) {
	at := slices.IndexFunc(f.Recovery, func(d []byte) bool { return bytes.Equal(d, digest) })
	if at < 0 {
		return f, ErrInvalidSecondFactor
	}
	f.Recovery = slices.Delete(slices.Clone(f.Recovery), at, at+1)
	return f, nil
}

// TakeTOTP uses a code up, given the opened secret. A code works once: neither it nor an earlier one
// is taken again. ErrInvalidSecondFactor.
func (f Factors) TakeTOTP(secret []byte, code string, now time.Time) (Factors, error) {
	step, right := matchTOTP(secret, code, now)
	if !right || step <= f.TOTP.LastStep {
		return f, ErrInvalidSecondFactor
	}
	f.TOTP.LastStep = step
	return f, nil
}

// Passkey finds a passkey by its id.
func (f Factors) Passkey(id []byte) (Passkey, bool) {
	at := slices.IndexFunc(f.Passkeys, func(p Passkey) bool { return bytes.Equal(p.ID, id) })
	if at < 0 {
		return Passkey{}, false
	}
	return f.Passkeys[at], true
}

// PutPasskey adds a passkey, or replaces the one of its id. ErrTooManyPasskeys.
func (f Factors) PutPasskey(p Passkey) (Factors, error) {
	kept := f.without(p.ID)
	if len(kept) >= MaxPasskeys {
		return f, ErrTooManyPasskeys
	}
	f.Passkeys = append(kept, p)
	return f, nil
}

// DropPasskey removes a passkey; found is false if there is none of that id.
func (f Factors) DropPasskey(id []byte) (_ Factors, found bool) {
	kept := f.without(id)
	found = len(kept) < len(f.Passkeys)
	f.Passkeys = kept
	return f.tidy(), found
}

// DropTOTP removes the authenticator app.
func (f Factors) DropTOTP() Factors {
	f.TOTP = TOTP{}
	return f.tidy()
}

// tidy takes recovery codes away with the last factor they recover.
func (f Factors) tidy() Factors {
	if !f.Required() {
		f.Recovery = nil
	}
	return f
}

func (f Factors) without(id []byte) []Passkey {
	return slices.DeleteFunc(slices.Clone(f.Passkeys), func(p Passkey) bool { return bytes.Equal(p.ID, id) })
}
