package attest

import (
	"fmt"
	"time"

	"github.com/101pay/101pay/domain/checkout"
)

// TypeInstruction is the media type, less "application/", in the header of an instruction's JWS.
const TypeInstruction = "101pay-instruction+jws"

// Instruction says where to pay exactly how much, until when.
type Instruction struct {
	Subject
	Matching  string // the rule by which a transfer is this payment's
	IssuedAt  string
	ExpiresAt string
}

var matchings = map[checkout.Matching]string{
	checkout.Shared: SharedAddress, checkout.Dedicated: DedicatedAddress,
}

// Instruct states the current intent of a session. Whether its payer should still follow it is for
// the caller to know.
func Instruct(who Parties, s checkout.Snapshot) (Instruction, error) {
	about, err := subject(TypeInstruction, who, s)
	if err != nil {
		return Instruction{}, err
	}
	rule, ok := matchings[s.Intent.Terms.Matching]
	if !ok {
		return Instruction{}, fmt.Errorf("session %s: matching by %q", s.ID, s.Intent.Terms.Matching)
	}
	return Instruction{
		Subject: about, Matching: rule,
		IssuedAt: instant(s.Intent.CreatedAt), ExpiresAt: instant(s.Intent.ExpiresAt),
	}, nil
}

func (i *Instruction) members() []member {
	return append(i.Subject.members(),
		member{name: "matching", value: &i.Matching},
		member{name: "issued_at", value: &i.IssuedAt},
		member{name: "expires_at", value: &i.ExpiresAt},
	)
}

func (i *Instruction) check() error {
	if err := whole(i.members()); err != nil {
		return err
	}
	if err := i.Subject.check(TypeInstruction); err != nil {
		return err
	}
	if i.Matching != SharedAddress && i.Matching != DedicatedAddress {
		return fmt.Errorf("%w: matching %q", ErrMalformed, i.Matching)
	}
	if _, err := checkInstant("issued_at", i.IssuedAt); err != nil {
		return err
	}
	_, err := checkInstant("expires_at", i.ExpiresAt)
	return err
}

// payableAt refuses an instruction whose time has passed.
func (i *Instruction) payableAt(now time.Time) error {
	end, err := checkInstant("expires_at", i.ExpiresAt)
	if err == nil && !now.Before(end) {
		err = fmt.Errorf("%w (it ended %s)", ErrExpired, i.ExpiresAt)
	}
	return err
}

// Sign makes the instruction a JWS by a key. sign answers the key's Ed25519 signature of a message.
func (i Instruction) Sign(by Key, sign func(message []byte) []byte) (Signed, error) {
	if err := i.check(); err != nil {
		return Signed{}, err
	}
	return seal(TypeInstruction, write(i.members()), by, sign)
}
