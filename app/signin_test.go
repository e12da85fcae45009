package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

const annsAddress, annsPassword = "ann@shop.example", "correct horse"

// code is what an authenticator app shows for a secret.
func (d *desk) code(secret string) string {
	d.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	d.ok(err)
	mac := hmac.New(sha1.New, key)
	d.ok(binary.Write(mac, binary.BigEndian, d.clock.Now().Unix()/30))
	sum := mac.Sum(nil)
	at := sum[19] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
}

func (d *desk) pass(t time.Duration) { d.clock.set(d.clock.Now().Add(t)) }

func byAnn(change ...func(*Shown)) Shown {
	s := Shown{
		Email: annsAddress, Password: annsPassword, Client: "203.0.113.7", From: Origin{IP: "203.0.113.7", Device: "Firefox"},
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func withCode(code string) func(*Shown)     { return func(s *Shown) { s.TOTP = code } }
func withRecovery(code string) func(*Shown) { return func(s *Shown) { s.Recovery = code } }
func withPassword(p string) func(*Shown)    { return func(s *Shown) { s.Password = p } }
func from(client string) func(*Shown)       { return func(s *Shown) { s.Client = client } }
func on(device string) func(*Shown)         { return func(s *Shown) { s.Device = device } }

// enter signs in to the dashboard.
func (d *desk) enter(s Shown) Entered {
	d.Helper()
	in, err := d.signin.Enter(d.Context(), s, keys.Secret{})
	d.ok(err)
	return in
}

func (d *desk) refusesEntry(s Shown, want error) {
	d.Helper()
	_, err := d.signin.Enter(d.Context(), s, keys.Secret{})
	d.fails(err, want)
}

// stands wants a token to let its holder in, or not to.
func (d *desk) stands(token keys.Secret, want bool) Actor {
	d.Helper()
	a, err := d.signin.Resolve(d.Context(), token, Origin{})
	if want {
		d.ok(err)
	} else {
		d.fails(err, keys.ErrUnauthorized)
	}
	return a
}

// openAnns registers Ann's shop and signs her in.
func openAnns(t *testing.T) (*desk, Entered) {
	t.Helper()
	d := openDesk(t, false)
	d.register(annsAddress)
	return d, d.enter(byAnn())
}

// app sets up an authenticator app and answers its secret, the recovery codes, and the visit.
func (d *desk) app(a Actor) (secret string, codes []string, in Entered) {
	d.Helper()
	offered, err := d.signin.OfferTOTP(d.Context(), a)
	d.ok(err)
	changed, err := d.signin.ConfirmTOTP(d.Context(), a, d.code(offered.Secret))
	d.ok(err)
	d.pass(30 * time.Second) // the code that confirmed it is used up
	return offered.Secret, changed.Recovery, changed.Entered
}

// Who registered an account owns it, and a sign-in is a fresh proof.
func TestTheFounderOwnsTheAccount(t *testing.T) {
	d, in := openAnns(t)
	a := d.stands(in.Token, true)
	if a.Role != member.Owner || a.Email != annsAddress || a.Fresh(d.clock.Now()) != nil {
		t.Errorf("she is %+v", a)
	}
	who, err := d.signin.Who(t.Context(), a)
	d.ok(err)
	if who.Merchant.Email != annsAddress || len(who.Projects) != 1 || who.Factors.Required() {
		t.Errorf("she sees %+v", who)
	}
}

// An account with a second factor opens to its password alone at no door (threat P1-1).
func TestEveryDoorAsksForTheSecondFactor(t *testing.T) {
	d, in := openAnns(t)
	secret, codes, in := d.app(in.Actor)
	if len(codes) != member.RecoveryCodes {
		t.Fatalf("%d recovery codes", len(codes))
	}
	doors := map[string]func(s Shown) error{
		"dashboard": func(s Shown) error { _, err := d.signin.Enter(t.Context(), s, keys.Secret{}); return err },
		"API": func(s Shown) error {
			_, _, err := d.accounts.Login(t.Context(), s, Once[SignedIn]{})
			return err
		},
	}
	recovery := 0
	for name, door := range doors {
		err := door(byAnn())
		d.fails(err, member.ErrSecondFactorRequired)
		if f := fault.From(err); f == nil || f.Reason != "totp recovery_code" {
			t.Errorf("%s: what would do is said by %v", name, f)
		}
		d.fails(door(byAnn(withCode("000000"))), member.ErrInvalidSecondFactor)
		d.fails(door(byAnn(withRecovery("aaaa-bbbb-cccc-dddd"))), member.ErrInvalidSecondFactor)
		d.fails(door(byAnn(withPassword("wrong horse"), withCode(d.code(secret)))), ErrInvalidCredentials)
		code := d.code(secret)
		d.ok(door(byAnn(withCode(code))))
		for again, other := range doors {
			if err := other(byAnn(withCode(code))); !errors.Is(err, member.ErrInvalidSecondFactor) {
				t.Errorf("a code of %s works again at %s: %v", name, again, err)
			}
		}
		d.pass(30 * time.Second)
		spent := strings.ToUpper(strings.ReplaceAll(codes[recovery], "-", " "))
		d.ok(door(byAnn(withRecovery(spent))))
		d.fails(door(byAnn(withRecovery(codes[recovery]))), member.ErrInvalidSecondFactor)
		recovery++
	}
	who, err := d.signin.Who(t.Context(), in.Actor)
	d.ok(err)
	if len(who.Factors.Recovery) != member.RecoveryCodes-len(doors) {
		t.Errorf("%d recovery codes are left", len(who.Factors.Recovery))
	}
}

// A new factor ends whatever was let in without it, and her own token becomes another one.
func TestANewFactorEndsOlderSessions(t *testing.T) {
	d, old := openAnns(t)
	in := d.enter(byAnn())
	login, _, err := d.accounts.Login(t.Context(), byAnn(), Once[SignedIn]{})
	d.ok(err)
	_, _, renewed := d.app(in.Actor)
	d.stands(old.Token, false)
	d.stands(in.Token, false)
	d.stands(renewed.Token, true)
	d.signedIn(login.Access, false)
}

// Nobody can have planted the token she gets: signing in makes a new one and ends the one she came with.
func TestSigningInRotatesTheToken(t *testing.T) {
	d, planted := openAnns(t)
	in, err := d.signin.Enter(t.Context(), byAnn(), planted.Token)
	d.ok(err)
	if in.Token == planted.Token {
		t.Error("the token is the same")
	}
	d.stands(planted.Token, false)
	d.stands(in.Token, true)
}

func TestAVisitEndsBySilenceByTimeAndByHand(t *testing.T) {
	d, in := openAnns(t)
	d.pass(member.VisitIdle - time.Second)
	d.stands(in.Token, true)
	d.pass(member.VisitIdle - time.Second)
	d.stands(in.Token, true)
	d.pass(member.VisitIdle)
	d.stands(in.Token, false)

	in, other := d.enter(byAnn()), d.enter(byAnn())
	for range 14 {
		d.stands(in.Token, true)
		d.stands(other.Token, true)
		d.pass(member.VisitIdle - time.Minute)
	}
	d.pass(14 * time.Minute)
	d.stands(in.Token, false)

	in, other = d.enter(byAnn()), d.enter(byAnn())
	visits, err := d.signin.Visits(t.Context(), in.Actor)
	if err != nil || len(visits) != 2 || visits[0].Device != "Firefox" {
		t.Fatalf("%+v, %v", visits, err)
	}
	d.ok(d.signin.Leave(t.Context(), in.Actor, other.Actor.Session))
	d.stands(other.Token, false)
	d.fails(d.signin.Leave(t.Context(), in.Actor, other.Actor.Session), ports.ErrNotFound)
	d.fails(d.signin.Leave(t.Context(), in.Actor, portstest.UUID()), ports.ErrNotFound)
	other = d.enter(byAnn())
	d.ok(d.signin.LeaveOthers(t.Context(), in.Actor))
	d.stands(other.Token, false)
	d.stands(in.Token, true)
	d.ok(d.signin.Leave(t.Context(), in.Actor, in.Actor.Session))
	d.stands(in.Token, false)
	for _, nonsense := range []string{"", "x", strings.Repeat("x", 10_000)} {
		d.stands(keys.NewSecret(nonsense), false)
	}
}

// What goes on by itself, as an open stream does, keeps nobody signed in.
func TestAGlanceSeesNobody(t *testing.T) {
	d, in := openAnns(t)
	glance := func(token keys.Secret) error {
		a, err := d.signin.Glance(t.Context(), token, Origin{IP: "192.0.2.1"})
		if err == nil && (a.Member == "" || a.Session == "" || a.From.IP != "192.0.2.1") {
			t.Errorf("it saw %+v", a)
		}
		return err
	}
	for range member.VisitIdle/time.Hour - 1 {
		d.pass(time.Hour)
		d.ok(glance(in.Token))
	}
	d.pass(time.Hour)
	d.fails(glance(in.Token), keys.ErrUnauthorized)
	d.stands(in.Token, false)

	in = d.enter(byAnn())
	other := d.enter(byAnn())
	d.ok(d.signin.Leave(t.Context(), in.Actor, other.Actor.Session))
	d.fails(glance(other.Token), keys.ErrUnauthorized)
	bob := d.join(in.Actor, bobsAddress, member.Viewer)
	d.ok(glance(bob.Token))
	d.ok(d.members.Remove(t.Context(), in.Actor, bob.Actor.Member))
	d.fails(glance(bob.Token), keys.ErrUnauthorized)
	for _, nonsense := range []string{"", "x", strings.Repeat("x", 10_000)} {
		d.fails(glance(keys.NewSecret(nonsense)), keys.ErrUnauthorized)
	}
}

// A visit is nobody else's to end.
func TestAVisitOfAnotherIsNotFound(t *testing.T) {
	d, in := openAnns(t)
	d.register("bob@shop.example")
	bob := d.enter(Shown{Email: "bob@shop.example", Password: annsPassword, Client: "bob"})
	d.fails(d.signin.Leave(t.Context(), bob.Actor, in.Actor.Session), ports.ErrNotFound)
	d.stands(in.Token, true)
}

// After ten minutes what is sensitive asks for a proof: by the second factor if there is one, for the
// password may be known to whoever sits there now.
func TestProvingItAgain(t *testing.T) {
	d, in := openAnns(t)
	d.pass(FreshFor + time.Second)
	stale := d.stands(in.Token, true)
	_, err := d.signin.OfferTOTP(t.Context(), stale)
	d.fails(err, ErrReauthRequired)
	_, err = d.signin.Prove(t.Context(), stale, Reproof{Password: "wrong horse"})
	d.fails(err, ErrInvalidCredentials)
	_, err = d.signin.Prove(t.Context(), stale, Reproof{})
	d.fails(err, ErrInvalidCredentials)
	proven, err := d.signin.Prove(t.Context(), stale, Reproof{Password: annsPassword})
	d.ok(err)
	d.stands(in.Token, false) // another token since
	fresh := d.stands(proven.Token, true)
	d.ok(fresh.Fresh(d.clock.Now()))

	secret, _, in := d.app(fresh)
	d.pass(FreshFor + time.Second)
	stale = d.stands(in.Token, true)
	_, err = d.signin.Prove(t.Context(), stale, Reproof{Password: annsPassword})
	d.fails(err, member.ErrSecondFactorRequired)
	_, err = d.signin.RemoveTOTP(t.Context(), stale)
	d.fails(err, ErrReauthRequired)
	proven, err = d.signin.Prove(t.Context(), stale, Reproof{TOTP: d.code(secret)})
	d.ok(err)
	_, err = d.signin.RemoveTOTP(t.Context(), d.stands(proven.Token, true))
	d.ok(err)
	d.enter(byAnn())
}

// Who stole a cookie cannot try codes for ever either.
func TestProofsAreSlowedDown(t *testing.T) {
	d, in := openAnns(t)
	for range paceOfProof.free {
		_, err := d.signin.Prove(t.Context(), in.Actor, Reproof{Password: "wrong horse"})
		d.fails(err, ErrInvalidCredentials)
	}
	_, err := d.signin.Prove(t.Context(), in.Actor, Reproof{Password: annsPassword})
	d.fails(err, ErrTooManyTries)
	d.pass(paceOfProof.first)
	_, err = d.signin.Prove(t.Context(), in.Actor, Reproof{Password: annsPassword})
	d.ok(err)
}

func TestChangingThePassword(t *testing.T) {
	d, other := openAnns(t)
	in := d.enter(byAnn())
	_, err := d.signin.ChangePassword(t.Context(), in.Actor, "wrong horse", "battery staple")
	d.fails(err, ErrInvalidCredentials)
	_, err = d.signin.ChangePassword(t.Context(), in.Actor, annsPassword, "short")
	d.fails(err, ErrWeakPassword)
	changed, err := d.signin.ChangePassword(t.Context(), in.Actor, annsPassword, "battery staple")
	d.ok(err)
	d.stands(other.Token, false)
	d.stands(in.Token, false)
	d.stands(changed.Token, true)
	d.refusesEntry(byAnn(), ErrInvalidCredentials)
	d.enter(byAnn(withPassword("battery staple")))
	_, _, err = d.accounts.Login(t.Context(), byAnn(), Once[SignedIn]{})
	d.fails(err, ErrInvalidCredentials)
}

// A passkey is both factors: it opens the account by itself, once per question, and only its own.
func TestPasskeys(t *testing.T) {
	d, in := openAnns(t)
	ask := func() PasskeyAnswer {
		asked, err := d.signin.AskPasskey(t.Context())
		d.ok(err)
		return PasskeyAnswer{ID: asked.ID, Answer: []byte("key 1")}
	}
	offered, err := d.signin.OfferPasskey(t.Context(), in.Actor)
	d.ok(err)
	_, err = d.signin.EnterByPasskey(t.Context(), PasskeyAnswer{ID: offered.ID, Answer: []byte("key 1")}, keys.Secret{})
	d.fails(err, member.ErrPasskey) // asked of her, as an offer
	changed, err := d.signin.AddPasskey(t.Context(), in.Actor, "laptop", PasskeyAnswer{ID: offered.ID, Answer: []byte("key 1")})
	d.ok(err)
	if len(changed.Recovery) != member.RecoveryCodes {
		t.Errorf("%d recovery codes", len(changed.Recovery))
	}
	_, err = d.signin.AddPasskey(t.Context(), changed.Entered.Actor, "again", PasskeyAnswer{ID: offered.ID, Answer: []byte("key 2")})
	d.fails(err, member.ErrPasskey) // answered already

	d.refusesEntry(byAnn(), member.ErrSecondFactorRequired)
	answer := ask()
	entered, err := d.signin.EnterByPasskey(t.Context(), answer, changed.Entered.Token)
	d.ok(err)
	if entered.Actor.Email != annsAddress {
		t.Errorf("signed in as %+v", entered.Actor)
	}
	d.stands(changed.Entered.Token, false)
	_, err = d.signin.EnterByPasskey(t.Context(), answer, keys.Secret{})
	d.fails(err, member.ErrPasskey)
	late := ask()
	d.pass(challengeLife)
	_, err = d.signin.EnterByPasskey(t.Context(), late, keys.Secret{})
	d.fails(err, member.ErrPasskey)
	unknown := ask()
	unknown.Answer = []byte("key 9")
	_, err = d.signin.EnterByPasskey(t.Context(), unknown, keys.Secret{})
	d.fails(err, member.ErrPasskey)

	d.pass(FreshFor)
	d.register("bob@shop.example")
	bob := d.enter(Shown{Email: "bob@shop.example", Password: annsPassword, Client: "bob"})
	_, err = d.signin.ProveByPasskey(t.Context(), bob.Actor, ask())
	d.fails(err, member.ErrPasskey)
	proven, err := d.signin.ProveByPasskey(t.Context(), d.stands(entered.Token, true), ask())
	d.ok(err)
	f, err := d.signin.Factors(t.Context(), proven.Actor)
	if err != nil || len(f.Passkeys) != 1 || string(f.Passkeys[0].Credential) != "used" || f.Passkeys[0].UsedAt.IsZero() {
		t.Errorf("kept %+v, %v", f.Passkeys, err)
	}
	_, err = d.signin.RemovePasskey(t.Context(), bob.Actor, []byte("key 1"))
	d.fails(err, ports.ErrNotFound)
	_, err = d.signin.RemovePasskey(t.Context(), proven.Actor, []byte("key 1"))
	d.ok(err)
	_, err = d.signin.EnterByPasskey(t.Context(), ask(), keys.Secret{})
	d.fails(err, member.ErrPasskey)
	d.enter(byAnn())
}

// meanwhile does something while a password is being compared.
type meanwhile struct {
	plainPasswords
	do func()
}

func (m meanwhile) Verify(ctx context.Context, password, hash string) (bool, error) {
	m.do()
	return m.plainPasswords.Verify(ctx, password, hash)
}

// Comparing a password takes its time. Who is removed in it, or whose password is changed, is not let in
// by what was true before.
func TestWhatChangesMeanwhileCounts(t *testing.T) {
	for what, change := range map[string]func(m *member.Member){
		"removed":      func(m *member.Member) { m.RemovedAt = portstest.Epoch },
		"new password": func(m *member.Member) { m.PasswordHash = "hash of another" },
	} {
		d, in := openAnns(t)
		d.signin.Passwords = meanwhile{plainPasswords{&d.verified}, func() {
			d.ok(d.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
				m, err := r.Members.Load(ctx, in.Actor.Member)
				if err != nil {
					return err
				}
				change(&m)
				return r.Members.Save(ctx, m)
			}))
		}}
		if _, err := d.signin.Enter(t.Context(), byAnn(), keys.Secret{}); !errors.Is(err, ErrInvalidCredentials) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
