package ports

import "github.com/101pay/101pay/domain/member"

// PasskeyUser is a member as his devices know him.
type PasskeyUser struct {
	ID   member.ID
	Name string
	Keys []member.Passkey
}

// Passkeys asks devices to prove who holds them (WebAuthn), and checks their answers. Options and
// answers are the JSON browsers speak; state is kept by the caller, out of the browser's reach,
// between the two. A passkey always verifies its user: it is both factors at once.
type Passkeys interface {
	// Offer asks for a new passkey; those the member has are not offered again.
	Offer(u PasskeyUser) (options, state []byte, err error)
	// Register checks the answer to Offer, or member.ErrPasskey.
	Register(u PasskeyUser, state, answer []byte) (member.Passkey, error)
	// Ask asks for any passkey of this gateway.
	Ask() (options, state []byte, err error)
	// Check checks the answer to Ask, of a passkey whose owner find answers by the credential's id, and
	// answers the owner and the passkey as it is to be kept from now on. member.ErrPasskey, also for a
	// passkey whose counter went backwards: it was copied.
	Check(state, answer []byte, find func(credential []byte) (PasskeyUser, error)) (PasskeyUser, member.Passkey, error)
}
