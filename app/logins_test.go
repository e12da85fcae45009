package app

import (
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

func (d *desk) refresh(token keys.Secret) (SignedIn, error) {
	s, _, err := d.accounts.Refresh(d.Context(), token, Once[SignedIn]{})
	return s, err
}

// signedIn wants an access token to work, or not.
func (d *desk) signedIn(access string, want bool) {
	d.Helper()
	if _, _, err := d.creds.Login(d.Context(), access); (err == nil) != want {
		d.Errorf("signed in: %v, want %v", err == nil, want)
	}
}

// A refresh token is exchanged once. Presented again, somebody has a copy, and nobody can tell who:
// the login ends for both.
func TestASpentRefreshTokenEndsTheLogin(t *testing.T) {
	d := openDesk(t, false)
	first := d.register("a@b.example").SignedIn
	second, err := d.refresh(first.Refresh)
	d.ok(err)
	third, err := d.refresh(second.Refresh)
	d.ok(err)
	d.signedIn(third.Access, true)
	if second.Refresh == third.Refresh || first.Refresh == second.Refresh {
		t.Fatal("the refresh token did not change")
	}

	_, err = d.refresh(first.Refresh)
	d.fails(err, keys.ErrUnauthorized)
	d.signedIn(third.Access, false)
	_, err = d.refresh(third.Refresh)
	d.fails(err, keys.ErrUnauthorized)
}

// The id of a login is no secret (it is inside access tokens), so tokens that were never ours must
// end nothing.
func TestForgedRefreshTokensEndNothing(t *testing.T) {
	d := openDesk(t, false)
	in, other := d.register("a@b.example").SignedIn, d.register("c@d.example").SignedIn
	id, secret, _ := strings.Cut(in.Refresh.Reveal(), ".")
	otherID, otherSecret, _ := strings.Cut(other.Refresh.Reveal(), ".")
	last := secret[len(secret)-1]
	flipped := secret[:len(secret)-1] + string(last^1)
	for name, token := range map[string]string{
		"empty": "", "id alone": id, "id and point": id + ".", "rubbish": id + ".xxxxxxxx",
		"not base64": id + ".é", "cut": id + "." + secret[:20], "altered": id + "." + flipped,
		"extended":         id + "." + secret + "AAAA",
		"another's secret": id + "." + otherSecret, "another's id": otherID + "." + secret,
		"overlong": in.Refresh.Reveal() + strings.Repeat("A", 200),
	} {
		if _, err := d.refresh(keys.NewSecret(token)); err == nil {
			t.Errorf("%s: refreshed", name)
		}
	}
	d.signedIn(in.Access, true)
	d.signedIn(other.Access, true)
}

// A login lives for 30 days since it was last refreshed, an access token for 15 minutes.
func TestLoginsEnd(t *testing.T) {
	d := openDesk(t, false)
	in := d.register("a@b.example").SignedIn
	d.clock.set(portstest.Epoch.Add(AccessTTL - time.Second))
	d.signedIn(in.Access, true)
	d.clock.set(portstest.Epoch.Add(AccessTTL))
	d.signedIn(in.Access, false)

	d.clock.set(portstest.Epoch.Add(loginTTL - time.Second))
	next, err := d.refresh(in.Refresh)
	d.ok(err)
	d.clock.set(portstest.Epoch.Add(2*loginTTL - 2*time.Second))
	last, err := d.refresh(next.Refresh)
	d.ok(err)
	d.clock.set(portstest.Epoch.Add(3 * loginTTL))
	_, err = d.refresh(last.Refresh)
	d.fails(err, keys.ErrUnauthorized)
}

// After a logout neither token works; other logins of the merchant go on.
func TestLogoutEndsOneLogin(t *testing.T) {
	d := openDesk(t, false)
	in := d.register("a@b.example").SignedIn
	other, _, err := d.accounts.Login(t.Context(), Shown{Email: "a@b.example", Password: "correct horse"}, Once[SignedIn]{})
	d.ok(err)
	_, _, err = d.accounts.Logout(t.Context(), in.Access, Once[struct{}]{})
	d.ok(err)
	d.signedIn(in.Access, false)
	d.signedIn(other.Access, true)
	_, err = d.refresh(in.Refresh)
	d.fails(err, keys.ErrUnauthorized)
	_, _, err = d.accounts.Logout(t.Context(), in.Access, Once[struct{}]{})
	d.fails(err, keys.ErrUnauthorized)
	_, _, err = d.accounts.Logout(t.Context(), "nonsense", Once[struct{}]{})
	d.fails(err, keys.ErrUnauthorized)
}

// A client that lost the answer to a refresh must not lose its login: with the same key it gets the
// same tokens, and the token it spent is not held against it.
func TestARepeatedRefreshIsAnsweredAlike(t *testing.T) {
	d := openDesk(t, false)
	in := d.register("a@b.example").SignedIn
	once := Once[SignedIn]{Key: "k", Fingerprint: []byte("f"), Render: func(s SignedIn) (ports.Answer, error) {
		return ports.Answer{Status: 200, Body: []byte(s.Refresh.Reveal())}, nil
	}}
	next, stored, err := d.accounts.Refresh(t.Context(), in.Refresh, once)
	if err != nil || stored != nil {
		t.Fatal(stored, err)
	}
	_, stored, err = d.accounts.Refresh(t.Context(), in.Refresh, once)
	if err != nil || stored == nil || string(stored.Body) != next.Refresh.Reveal() {
		t.Fatalf("repeated: %v, %v", stored, err)
	}
	d.signedIn(next.Access, true)
}
