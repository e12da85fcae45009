package app

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// What a registration hands out works, and nothing of it is kept readable.
func TestRegisteringHandsOutWhatWorks(t *testing.T) {
	d := openDesk(t, false)
	d.draws = []int{1, 2}
	m := d.register("Owner@Shop.Example")
	if m.Merchant.ClientID != "101000001000002" || m.Merchant.Email != "owner@shop.example" {
		t.Errorf("merchant %+v", m.Merchant)
	}
	got, err := d.creds.APIKey(t.Context(), m.APIKey)
	d.ok(err)
	if got != who(m) || !strings.HasPrefix(m.APIKey.Reveal(), "ap_test_") {
		t.Errorf("API key of %+v, want %+v", got, who(m))
	}
	claims, err := d.creds.Login(t.Context(), m.SignedIn.Access)
	d.ok(err)
	if p, err := d.accounts.Principal(t.Context(), claims.Merchant); err != nil || p != who(m) {
		t.Errorf("login acts as %+v, %v", p, err)
	}
	if m.Project.Mode != merchant.Test {
		t.Errorf("a new project is in %s mode", m.Project.Mode)
	}
	if _, _, err := d.accounts.Login(t.Context(), Shown{Email: "OWNER@shop.example", Password: "correct horse"}, Once[SignedIn]{}); err != nil {
		t.Errorf("login: %v", err)
	}
}

// unkeyed is a store in which nobody may make a credential.
type unkeyed struct{ ports.UnitOfWork }

func (u unkeyed) Do(ctx context.Context, fn func(ctx context.Context, r ports.Repos) error) error {
	return u.UnitOfWork.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		r.Keys, r.Logins = nil, nil
		return fn(ctx, r)
	})
}

// An account opened at the dashboard begins without any credential: what nobody is shown, nobody should hold.
// What its programs need is made when it is wanted.
func TestAnAccountOpenedAtTheDashboardHasNoCredential(t *testing.T) {
	d := openDesk(t, false)
	open := d.accounts
	open.Core.Work = unkeyed{open.Core.Work}
	in := RegisterInput{Email: "Owner@Shop.Example", Password: annsPassword, Name: "Corner shop"}
	m, err := open.Open(t.Context(), in)
	d.ok(err)
	if m.Email != "owner@shop.example" || m.Name != "Corner shop" {
		t.Errorf("merchant %+v", m)
	}
	_, err = open.Open(t.Context(), in)
	d.fails(err, merchant.ErrEmailTaken)
	_, err = open.Open(t.Context(), RegisterInput{Email: "x@y.example", Password: "short"})
	d.fails(err, ErrWeakPassword)

	owner := d.enter(Shown{Email: m.Email, Password: in.Password, Client: "ann"})
	who, err := d.accounts.Principal(t.Context(), m.ID)
	d.ok(err)
	if owner.Actor.Merchant != m.ID || owner.Actor.Role != member.Owner || who.Mode != merchant.Test {
		t.Errorf("%+v owns it, acting as %+v", owner.Actor, who)
	}
	made, _, err := (Keys{Core: d.accounts.Core, Rails: d.accounts.Rails}).RotateAPIKey(t.Context(), who, Once[NewAPIKey]{})
	d.ok(err)
	got, err := d.creds.APIKey(t.Context(), made.Text)
	if d.ok(err); got != who {
		t.Errorf("the API key is of %+v", got)
	}
	_, _, err = d.accounts.Login(t.Context(), Shown{Email: m.Email, Password: in.Password}, Once[SignedIn]{})
	d.ok(err)
}

// There is no mailer that could tell the owner, so a known
// address is said to be known.
func TestRegisteringAKnownAddressIsRefused(t *testing.T) {
	d := openDesk(t, false)
	d.register("a@b.example")
	_, _, err := d.accounts.Register(t.Context(), RegisterInput{Email: "A@B.example", Password: "another horse"},
		Once[NewMerchant]{})
	d.fails(err, merchant.ErrEmailTaken)
}

// Client ids are drawn, so they may clash; the merchant must not notice.
func TestAClientIDInUseIsDrawnAgain(t *testing.T) {
	d := openDesk(t, false)
	d.draws = []int{7, 7}
	first := d.register("a@b.example")
	d.draws = []int{7, 7, 7, 7, 7, 8}
	second := d.register("c@d.example")
	if first.Merchant.ClientID != "101000007000007" || second.Merchant.ClientID != "101000007000008" {
		t.Errorf("client ids %s, %s", first.Merchant.ClientID, second.Merchant.ClientID)
	}
	d.draws = []int{7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7}
	if _, _, err := d.accounts.Register(t.Context(), RegisterInput{Email: "e@f.example", Password: "correct horse"},
		Once[NewMerchant]{}); err == nil {
		t.Error("registered with a client id in use")
	}
}

// Row F11: what is short, long, well known or the address itself is no password; bcrypt's 72 bytes
// are no limit of ours.
func TestPasswordRules(t *testing.T) {
	d := openDesk(t, false)
	for i, c := range []struct {
		password string
		good     bool
	}{
		{"elevenchars", false},
		{"éééééééééé1", false}, // 11 characters in 21 bytes
		{"twelve chars", true},
		{strings.Repeat("x", 128), true},
		{strings.Repeat("x", 129), false},
		{"password1234", false}, // well known
		{"Owner6@Shop.Example", false},
		{"", false},
	} {
		_, _, err := d.accounts.Register(t.Context(), RegisterInput{
			Email: "owner" + strconv.Itoa(i) + "@shop.example", Password: c.password,
		}, Once[NewMerchant]{})
		if c.good {
			d.ok(err)
		} else if !errors.Is(err, ErrWeakPassword) {
			t.Errorf("%q: %v", c.password, err)
		}
	}
	// One long password is the same up to its 72nd byte, and still another one.
	_, _, err := d.accounts.Login(t.Context(), Shown{Email: "owner3@shop.example", Password: strings.Repeat("x", 127)}, Once[SignedIn]{})
	d.fails(err, ErrInvalidCredentials)
}

// Row F09: whoever probes addresses learns nothing, not even by the time it takes.
func TestUnknownAddressesCostAPassword(t *testing.T) {
	d := openDesk(t, false)
	d.register("a@b.example")
	for _, c := range [][2]string{
		{"a@b.example", "wrong horse!"},
		{"x@b.example", "correct horse"},
		{"nonsense", "correct horse"},
		{"x@b.example", ""},
		{"a@b.example", strings.Repeat("x", 60_000)},
	} {
		d.verified = 0
		_, _, err := d.accounts.Login(t.Context(), Shown{Email: c[0], Password: c[1]}, Once[SignedIn]{})
		d.fails(err, ErrInvalidCredentials)
		if d.verified != 1 {
			t.Errorf("%q: %d passwords verified, want 1", c[0], d.verified)
		}
	}
}

// A project's settings are read back as they were written, and what is left out stays.
func TestProjectsChangeOnlyWhatIsSaid(t *testing.T) {
	d := openDesk(t, false)
	m := d.register("a@b.example")
	update := func(c ProjectChange) (merchant.Project, error) {
		p, _, err := d.accounts.UpdateProject(t.Context(), who(m), c, Once[merchant.Project]{})
		return p, err
	}
	site, minutes, hold := "https://SHOP.example.:443/start?x=1", 45, merchant.LateHold
	_, err := update(ProjectChange{WebsiteURL: &site, SessionMinutes: &minutes, Late: &hold})
	d.ok(err)
	recorded := true
	_, err = update(ProjectChange{RecordedCharges: &recorded})
	d.ok(err)
	_, p, err := d.accounts.Me(t.Context(), who(m))
	d.ok(err)
	want := m.Project
	want.WebsiteURL = "https://shop.example"
	want.Policy = merchant.DefaultPolicy()
	want.Policy.SessionMinutes, want.Policy.Late, want.Policy.RecordedCharges = 45, merchant.LateHold, true
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("project (-want +got):\n%s", diff)
	}

	live, tooLong, mixed := merchant.Live, 1441, "Cаfe" // with a Cyrillic letter
	_, err = update(ProjectChange{Mode: &live})
	d.fails(err, merchant.ErrNoLiveRail)
	_, err = update(ProjectChange{SessionMinutes: &tooLong})
	d.fails(err, merchant.ErrInvalidPolicy)
	_, err = update(ProjectChange{Name: &mixed})
	d.fails(err, merchant.ErrConfusable)
	other := d.register("c@d.example")
	_, _, err = d.accounts.UpdateProject(t.Context(), who(other), ProjectChange{WebsiteURL: &site}, Once[merchant.Project]{})
	d.fails(err, merchant.ErrWebsiteTaken)
}

// With a live rail, a project may go live, and its login acts in live mode from then on.
func TestALoginActsInTheProjectsMode(t *testing.T) {
	d := openDesk(t, true)
	m := d.register("a@b.example")
	live := merchant.Live
	_, _, err := d.accounts.UpdateProject(t.Context(), who(m), ProjectChange{Mode: &live}, Once[merchant.Project]{})
	d.ok(err)
	p, err := d.accounts.Principal(t.Context(), m.Merchant.ID)
	d.ok(err)
	if p.Mode != merchant.Live {
		t.Errorf("acts in %s mode", p.Mode)
	}
	_, err = d.accounts.Principal(t.Context(), "nobody")
	d.fails(err, keys.ErrUnauthorized)
}
