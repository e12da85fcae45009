// Package passkeys asks browsers for passkeys and checks what they answer (WebAuthn).
//
// It owns the relying party (the host and origin of the public URL), what is demanded of a passkey,
// and how its public key is kept. It does not own who it belongs to nor how long a question stands
// (package app), nor storage.
//
// Invariants: a passkey verifies its user, always; it can be found by the device alone, so that no
// address has to be typed; a counter that went backwards is refused; no answer of another origin
// counts.
package passkeys

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/ports"
)

// answerMax bounds an answer that is looked at, in bytes; real ones have one to four thousand.
const answerMax = 16 << 10

// waitLimit is what a browser is told to wait for its user.
const waitLimit = 5 * time.Minute

// ErrUnavailable says that browsers allow no passkeys here.
var ErrUnavailable = fault.New(fault.Conflict, "passkeys_unavailable",
	"passkeys need a gateway that is reached by https under a host name (or as localhost); its operator sets PUBLIC_URL")

// Gate implements ports.Passkeys for one public URL.
type Gate struct {
	party *webauthn.WebAuthn // nil where browsers allow no passkeys
}

// New answers the gate of a public URL. Where browsers allow no passkeys (an address without a name, or
// plain http), every question is answered ErrUnavailable.
func New(public string) (*Gate, error) {
	u, err := url.Parse(public)
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil || u.Scheme != "https" && u.Hostname() != "localhost" {
		return &Gate{}, nil
	}
	stay := webauthn.TimeoutConfig{Timeout: waitLimit, TimeoutUVD: waitLimit}
	party, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: "101pay " + u.Host, RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: stay, Registration: stay},
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	return &Gate{party: party}, nil
}

// user is a member as the library asks for him.
type user struct {
	ports.PasskeyUser
	keys []webauthn.Credential
}

func userOf(u ports.PasskeyUser) (user, error) {
	out := user{PasskeyUser: u}
	for _, k := range u.Keys {
		var c webauthn.Credential
		if err := json.Unmarshal(k.Credential, &c); err != nil {
			return out, fmt.Errorf("read a passkey: %w", err)
		}
		out.keys = append(out.keys, c)
	}
	return out, nil
}

// WebAuthnID implements webauthn.User.
func (u user) WebAuthnID() []byte { return []byte(u.ID) }

// WebAuthnName implements webauthn.User.
func (u user) WebAuthnName() string { return u.Name }

// WebAuthnDisplayName implements webauthn.User.
func (u user) WebAuthnDisplayName() string { return u.Name }

// WebAuthnCredentials implements webauthn.User.
func (u user) WebAuthnCredentials() []webauthn.Credential { return u.keys }

// Offer implements ports.Passkeys.
func (g *Gate) Offer(u ports.PasskeyUser) (options, state []byte, err error) {
	if g.party == nil {
		return nil, nil, ErrUnavailable
	}
	known, err := userOf(u)
	if err != nil {
		return nil, nil, err
	}
	var had []protocol.CredentialDescriptor
	for _, k := range known.keys {
		had = append(had, k.Descriptor())
	}
	creation, session, err := g.party.BeginRegistration(known, webauthn.WithExclusions(had))
	if err != nil {
		return nil, nil, fmt.Errorf("offer a passkey: %w", err)
	}
	return both(creation.Response, session)
}

// Ask implements ports.Passkeys.
func (g *Gate) Ask() (options, state []byte, err error) {
	if g.party == nil {
		return nil, nil, ErrUnavailable
	}
	assertion, session, err := g.party.BeginDiscoverableLogin(
		webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, nil, fmt.Errorf("ask for a passkey: %w", err)
	}
	return both(assertion.Response, session)
}

// both are the options for the browser and the state for us. How long the state lives is the
// caller's to say, by its own clock.
func both(response any, session *webauthn.SessionData) (options, state []byte, err error) {
	session.Expires = time.Time{}
	if options, err = json.Marshal(response); err != nil {
		return nil, nil, err
	}
	state, err = json.Marshal(session)
	return options, state, err
}

// opened is the state of a question.
func opened(state []byte) (session webauthn.SessionData, err error) {
	err = json.Unmarshal(state, &session)
	return session, err
}

// Register implements ports.Passkeys.
func (g *Gate) Register(u ports.PasskeyUser, state, answer []byte) (member.Passkey, error) {
	var none member.Passkey
	if g.party == nil {
		return none, ErrUnavailable
	}
	session, err := opened(state)
	if err != nil {
		return none, err
	}
	if len(answer) > answerMax {
		return none, member.ErrPasskey
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return none, refused(err)
	}
	made, err := g.party.CreateCredential(user{PasskeyUser: u}, session, parsed)
	if err != nil {
		return none, refused(err)
	}
	return kept(made)
}

// kept is a passkey as it is to be stored.
func kept(c *webauthn.Credential) (member.Passkey, error) {
	text, err := json.Marshal(c)
	return member.Passkey{ID: c.ID, Credential: text}, err
}

// errCopied says that a counter went backwards.
var errCopied = errors.New("the counter of the passkey went backwards")

// Check implements ports.Passkeys.
func (g *Gate) Check(
	state, answer []byte, find func(credential []byte) (ports.PasskeyUser, error),
) (ports.PasskeyUser, member.Passkey, error) {
	var nobody ports.PasskeyUser
	var none member.Passkey
	if g.party == nil {
		return nobody, none, ErrUnavailable
	}
	session, err := opened(state)
	if err != nil {
		return nobody, none, err
	}
	if len(answer) > answerMax {
		return nobody, none, member.ErrPasskey
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nobody, none, refused(err)
	}
	owner, err := find(parsed.RawID)
	if err != nil {
		return nobody, none, asPasskey(err)
	}
	known, err := userOf(owner)
	if err != nil {
		return nobody, none, err
	}
	used, err := g.party.ValidateDiscoverableLogin(
		func(_, handle []byte) (webauthn.User, error) {
			if string(handle) != string(owner.ID) {
				return nil, member.ErrPasskey
			}
			return known, nil
		}, session, parsed)
	if err != nil {
		return nobody, none, refused(err)
	}
	if used.Authenticator.CloneWarning {
		return nobody, none, refused(errCopied)
	}
	key, err := kept(used)
	return owner, key, err
}

// refused hides from the client what was wrong with an answer; it is in the log.
func refused(err error) error {
	var why *protocol.Error
	if errors.As(err, &why) {
		err = fmt.Errorf("%w (%s)", err, why.DevInfo)
	}
	return fmt.Errorf("%w: %w", member.ErrPasskey, err)
}

// asPasskey says of an unknown passkey what is said of a wrong one.
func asPasskey(err error) error {
	if errors.Is(err, ports.ErrNotFound) {
		return member.ErrPasskey
	}
	return err
}
