package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

const bobsAddress = "bob@shop.example"

// join invites somebody and answers his visit.
func (d *desk) join(owner Actor, email string, role member.Role) Entered {
	d.Helper()
	invited, err := d.members.Invite(d.Context(), owner, email, role)
	d.ok(err)
	in, err := d.members.Accept(d.Context(), invited.Token, annsPassword, Origin{IP: "198.51.100.1"})
	d.ok(err)
	return in
}

// log lists the audit log, oldest first, as action and what changed.
func (d *desk) log(a Actor) (out []string) {
	d.Helper()
	page, err := Journal{d.signin.Core}.Read(d.Context(), a, JournalInput{Limit: maxEntries})
	d.ok(err)
	if !page.Intact {
		d.Error("the log does not hold")
	}
	for _, e := range page.Entries {
		out = append([]string{strings.TrimSpace(e.By.Name + " " + e.Action + " " + e.Before + ">" + e.After)}, out...)
	}
	return out
}

// An invitation makes a member, once; he signs in by himself from then on, with his role's rights.
func TestAnInvitationWorksOnce(t *testing.T) {
	d, ann := openAnns(t)
	invited, err := d.members.Invite(t.Context(), ann.Actor, "Bob@shop.example", member.Accountant)
	d.ok(err)
	i, shop, err := d.members.Look(t.Context(), invited.Token)
	if err != nil || i.Email != bobsAddress || shop.Email != annsAddress {
		t.Fatalf("%+v of %+v, %v", i, shop, err)
	}
	_, err = d.members.Accept(t.Context(), invited.Token, "short", Origin{})
	d.fails(err, ErrWeakPassword)
	bob, err := d.members.Accept(t.Context(), invited.Token, annsPassword, Origin{})
	d.ok(err)
	if a := d.stands(bob.Token, true); a.Role != member.Accountant || a.Merchant != ann.Actor.Merchant {
		t.Errorf("he is %+v", a)
	}
	_, err = d.members.Accept(t.Context(), invited.Token, annsPassword, Origin{})
	d.fails(err, member.ErrInvitation)
	_, err = d.members.Invite(t.Context(), ann.Actor, bobsAddress, member.Viewer)
	d.fails(err, merchant.ErrEmailTaken)
	_, _, err = d.accounts.Register(t.Context(), RegisterInput{Email: bobsAddress, Password: annsPassword}, Once[NewMerchant]{})
	d.fails(err, merchant.ErrEmailTaken)
	byBob := Shown{Email: bobsAddress, Password: annsPassword, Client: "bob"}
	d.enter(byBob)
	// The API's tokens act for the whole account, so an accountant gets none.
	_, _, err = d.accounts.Login(t.Context(), byBob, Once[SignedIn]{})
	d.fails(err, ErrRoleForbidden)
}

func TestInvitationsEnd(t *testing.T) {
	d, ann := openAnns(t)
	invite := func() Invited {
		i, err := d.members.Invite(t.Context(), ann.Actor, bobsAddress, member.Owner)
		d.ok(err)
		return i
	}
	old, back := invite(), invite()
	d.ok(d.members.TakeBack(t.Context(), ann.Actor, back.Invitation.ID))
	d.fails(d.members.TakeBack(t.Context(), ann.Actor, back.Invitation.ID), ports.ErrNotFound)
	d.register("eve@else.example")
	eve := d.enter(Shown{Email: "eve@else.example", Password: annsPassword, Client: "eve"})
	d.fails(d.members.TakeBack(t.Context(), eve.Actor, old.Invitation.ID), ports.ErrNotFound)
	d.pass(member.InvitationLife)
	for name, token := range map[string]keys.Secret{
		"old": old.Token, "taken back": back.Token, "made up": keys.NewSecret("x"), "none": {},
		"endless": keys.NewSecret(strings.Repeat("x", 10_000)),
	} {
		if _, _, err := d.members.Look(t.Context(), token); err == nil {
			t.Errorf("an invitation that is %s is shown", name)
		}
		_, err := d.members.Accept(t.Context(), token, annsPassword, Origin{})
		d.fails(err, member.ErrInvitation)
	}

	// Who may invite no more has invited nobody.
	ann = d.enter(byAnn())
	bob := d.join(ann.Actor, bobsAddress, member.Owner)
	his, err := d.members.Invite(t.Context(), bob.Actor, "mallory@else.example", member.Owner)
	d.ok(err)
	hers, err := d.members.Invite(t.Context(), ann.Actor, "carol@shop.example", member.Viewer)
	d.ok(err)
	d.ok(d.members.Remove(t.Context(), ann.Actor, bob.Actor.Member))
	_, err = d.members.Accept(t.Context(), his.Token, annsPassword, Origin{})
	d.fails(err, member.ErrInvitation)
	_, err = d.members.Accept(t.Context(), hers.Token, annsPassword, Origin{})
	d.ok(err)
}

// Only owners lead the team, with a fresh proof, and their right is looked up when they act.
func TestWhoLeadsTheTeam(t *testing.T) {
	d, ann := openAnns(t)
	for _, role := range []member.Role{member.Developer, member.Accountant, member.Viewer} {
		in := d.join(ann.Actor, role.String()+"@shop.example", role)
		_, err := d.members.Invite(t.Context(), in.Actor, "x@shop.example", member.Viewer)
		d.fails(err, ErrRoleForbidden)
		_, err = d.members.SetRole(t.Context(), in.Actor, in.Actor.Member, member.Owner)
		d.fails(err, ErrRoleForbidden)
		d.fails(d.members.Remove(t.Context(), in.Actor, ann.Actor.Member), ErrRoleForbidden)
		d.fails(d.members.TakeBack(t.Context(), in.Actor, portstest.UUID()), ErrRoleForbidden)
		_, err = d.members.List(t.Context(), in.Actor)
		d.fails(err, ErrRoleForbidden)
		_, err = Journal{d.signin.Core}.Read(t.Context(), in.Actor, JournalInput{Limit: 1})
		d.fails(err, ErrRoleForbidden)
		promoted := in.Actor
		promoted.Role = member.Owner // as an actor of before he was demoted
		_, err = d.members.Invite(t.Context(), promoted, "x@shop.example", member.Viewer)
		d.fails(err, ErrRoleForbidden)
	}
	team, err := d.members.List(t.Context(), ann.Actor)
	if err != nil || len(team.Members) != 4 || len(team.Invitations) != 0 || !team.Seen[ann.Actor.Member].Equal(d.clock.Now()) {
		t.Errorf("the team is %+v, %v", team, err)
	}
	d.pass(FreshFor + time.Second)
	_, err = d.members.Invite(t.Context(), d.stands(ann.Token, true), "x@shop.example", member.Viewer)
	d.fails(err, ErrReauthRequired)
}

// Another role ends what was open under the old one; the last owner stays one.
func TestRolesChange(t *testing.T) {
	d, ann := openAnns(t)
	bob := d.join(ann.Actor, bobsAddress, member.Developer)
	_, err := d.members.SetRole(t.Context(), ann.Actor, ann.Actor.Member, member.Viewer)
	d.fails(err, member.ErrLastOwner)
	d.fails(d.members.Remove(t.Context(), ann.Actor, ann.Actor.Member), member.ErrLastOwner)
	m, err := d.members.SetRole(t.Context(), ann.Actor, bob.Actor.Member, member.Owner)
	if err != nil || m.Role != member.Owner {
		t.Fatal(m, err)
	}
	d.stands(bob.Token, false)
	bob = d.enter(Shown{Email: bobsAddress, Password: annsPassword, Client: "bob"})
	login, _, err := d.accounts.Login(t.Context(), byAnn(), Once[SignedIn]{})
	d.ok(err)
	d.ok(d.members.Remove(t.Context(), bob.Actor, ann.Actor.Member))
	d.stands(ann.Token, false)
	d.signedIn(login.Access, false)
	d.refusesEntry(byAnn(), ErrInvalidCredentials) // who opened the account is no exception
	d.fails(d.members.Remove(t.Context(), bob.Actor, ann.Actor.Member), ports.ErrNotFound)

	d.register("eve@else.example")
	eve := d.enter(Shown{Email: "eve@else.example", Password: annsPassword, Client: "eve"})
	_, err = d.members.SetRole(t.Context(), eve.Actor, bob.Actor.Member, member.Viewer)
	d.fails(err, ports.ErrNotFound)
	d.fails(d.members.Remove(t.Context(), eve.Actor, bob.Actor.Member), ports.ErrNotFound)
	if m, err := d.members.SetRole(t.Context(), bob.Actor, bob.Actor.Member, member.Owner); err != nil || m.Role != member.Owner {
		t.Error(m, err)
	}
	d.stands(bob.Token, true) // his own visit goes on
}

func TestATeamIsBounded(t *testing.T) {
	d, ann := openAnns(t)
	for n := range member.MaxTeam - 1 {
		_, err := d.members.Invite(t.Context(), ann.Actor, string(rune('a'+n%26))+portstest.UUID()+"@shop.example", member.Viewer)
		d.ok(err)
	}
	_, err := d.members.Invite(t.Context(), ann.Actor, bobsAddress, member.Viewer)
	d.fails(err, member.ErrTeamFull)
}

// An account that a version without members opened gets its owner when he comes.
func TestAnOlderAccountGetsItsOwner(t *testing.T) {
	d := openDesk(t, false)
	account, project := portstest.Unregistered()
	account.Merchant.Email, account.PasswordHash = annsAddress, "hash of "+annsPassword
	d.ok(d.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Merchants.Add(ctx, account, project)
	}))
	d.refusesEntry(byAnn(withPassword("wrong horse")), ErrInvalidCredentials)
	in, again := d.enter(byAnn()), d.enter(byAnn())
	if in.Actor.Role != member.Owner || in.Actor.Merchant != account.Merchant.ID || in.Actor.Member != again.Actor.Member {
		t.Errorf("%+v, then %+v", in.Actor, again.Actor)
	}
}

// Who lost every factor is let in again by the operator, and whoever has them now is not.
func TestTheOperatorResetsFactors(t *testing.T) {
	d, in := openAnns(t)
	_, codes, in := d.app(in.Actor)
	d.fails(d.members.ResetFactors(t.Context(), "nobody@shop.example"), ports.ErrNotFound)
	d.ok(d.members.ResetFactors(t.Context(), "Ann@shop.example"))
	d.stands(in.Token, false)
	in = d.enter(byAnn(withRecovery(codes[0])))
	f, err := d.signin.Factors(t.Context(), in.Actor)
	if err != nil || f.Required() || len(f.Recovery) > 0 {
		t.Errorf("left: %+v, %v", f, err)
	}
}

// Every privileged deed is in the log: who, what, from what to what; nothing secret is.
func TestTheLogTellsEverything(t *testing.T) {
	d, ann := openAnns(t)
	bob := d.join(ann.Actor, bobsAddress, member.Viewer)
	_, err := d.members.SetRole(t.Context(), ann.Actor, bob.Actor.Member, member.Developer)
	d.ok(err)
	d.fails(d.members.Remove(t.Context(), ann.Actor, ann.Actor.Member), member.ErrLastOwner) // not done, not told
	d.ok(d.members.Remove(t.Context(), ann.Actor, bob.Actor.Member))
	secret, codes, ann := d.app(ann.Actor)
	changed, err := d.signin.ChangePassword(t.Context(), ann.Actor, annsPassword, "battery staple")
	d.ok(err)
	changedCodes, err := d.signin.RenewRecovery(t.Context(), changed.Actor)
	d.ok(err)
	_, err = d.signin.RemoveTOTP(t.Context(), changedCodes.Entered.Actor)
	d.ok(err)
	d.ok(d.members.ResetFactors(t.Context(), annsAddress))
	in := d.enter(byAnn(withPassword("battery staple")))
	log := d.log(in.Actor)
	want := []string{
		annsAddress + " session.opened >by=password",
		annsAddress + " member.invited >email=bob@shop.example role=viewer",
		bobsAddress + " session.opened >by=invitation",
		bobsAddress + " member.joined >email=bob@shop.example role=viewer",
		annsAddress + " member.role_changed role=viewer>role=developer",
		annsAddress + " member.removed email=bob@shop.example role=developer>",
		annsAddress + " totp.added factors=>factors=totp recovery_code",
		annsAddress + " password.changed >",
		annsAddress + " recovery_codes.renewed factors=totp recovery_code>factors=totp recovery_code",
		annsAddress + " totp.removed factors=totp recovery_code>factors=",
		"operator factors.reset factors=>factors=",
		annsAddress + " session.opened >by=password",
	}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	whole := strings.Join(log, "\n")
	for _, s := range append([]string{secret, annsPassword, "battery staple", ann.Token.Reveal()}, codes...) {
		if strings.Contains(whole, s) {
			t.Errorf("%q is in the log", s)
		}
	}
	page, err := Journal{d.signin.Core}.Read(t.Context(), in.Actor, JournalInput{Limit: 5})
	if err != nil || len(page.Entries) != 5 || !page.More || page.Entries[0].Sequence != 12 {
		t.Errorf("first page: %+v, %v", page, err)
	}
	page, err = Journal{d.signin.Core}.Read(t.Context(), in.Actor, JournalInput{Before: 4})
	if err != nil || len(page.Entries) != 1 || !page.More || page.Entries[0].By.IP != "198.51.100.1" {
		t.Errorf("entry 3: %+v, %v", page, err)
	}
}

// editedLog is a store whose audit log somebody edited behind the gateway's back.
type editedLog struct {
	ports.UnitOfWork
	edit func(page *ports.JournalPage)
}

func (l editedLog) Do(ctx context.Context, fn func(ctx context.Context, r ports.Repos) error) error {
	return l.UnitOfWork.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		r.Journal = editedJournal{r.Journal, l.edit}
		return fn(ctx, r)
	})
}

type editedJournal struct {
	ports.Journal
	edit func(page *ports.JournalPage)
}

func (j editedJournal) Read(ctx context.Context, q ports.JournalQuery) (ports.JournalPage, error) {
	page, err := j.Journal.Read(ctx, q)
	j.edit(&page)
	return page, err
}

// Whoever reads the audit log is told whether what he reads is what was written.
func TestAnEditedLogDoesNotHold(t *testing.T) {
	d, ann := openAnns(t)
	bob := d.join(ann.Actor, bobsAddress, member.Viewer)
	for name, c := range map[string]struct {
		edit   func(page *ports.JournalPage)
		intact bool
	}{
		"nothing":                {func(*ports.JournalPage) {}, true},
		"what was done":          {func(p *ports.JournalPage) { p.Entries[1].After += " " }, false},
		"who did it":             {func(p *ports.JournalPage) { p.Entries[0].By.Member = string(bob.Actor.Member) + "0" }, false},
		"when":                   {func(p *ports.JournalPage) { p.Entries[2].At = p.Entries[2].At.Add(time.Microsecond) }, false},
		"an entry taken out":     {func(p *ports.JournalPage) { p.Priors[0] = nil }, false},
		"an entry put before":    {func(p *ports.JournalPage) { p.Priors[len(p.Priors)-1] = &member.Hash{} }, false},
		"another before":         {func(p *ports.JournalPage) { p.Priors[1] = &member.Hash{1} }, false},
		"the newest one cut off": {func(p *ports.JournalPage) { p.Whole = false }, false},
	} {
		core := d.signin.Core
		core.Work = editedLog{core.Work, c.edit}
		page, err := Journal{core}.Read(t.Context(), ann.Actor, JournalInput{Limit: maxEntries})
		if d.ok(err); page.Intact != c.intact || len(page.Entries) != 4 {
			t.Errorf("%s: intact %t, %d entries", name, page.Intact, len(page.Entries))
		}
	}
}

// The log is narrowed to what one member did, and to what was done; nobody of another account is known here.
func TestTheLogIsNarrowed(t *testing.T) {
	d, ann := openAnns(t)
	bob := d.join(ann.Actor, bobsAddress, member.Owner)
	d.register("eve@else.example")
	eve := d.enter(Shown{Email: "eve@else.example", Password: annsPassword, Client: "eve"})
	read := func(in JournalInput) (seen []string) {
		in.Limit = 10
		page, err := Journal{d.signin.Core}.Read(t.Context(), ann.Actor, in)
		if d.ok(err); !page.Intact {
			t.Errorf("%+v does not hold", in)
		}
		for _, e := range page.Entries {
			seen = append(seen, e.Action)
		}
		return seen
	}
	for _, c := range []struct {
		in   JournalInput
		want []string
	}{
		{JournalInput{Member: bob.Actor.Member}, []string{"member.joined", "session.opened"}},
		{JournalInput{Action: "session.opened"}, []string{"session.opened", "session.opened"}},
		{JournalInput{Action: "session.opened", Member: ann.Actor.Member}, []string{"session.opened"}},
		{JournalInput{Action: "nothing"}, nil},
	} {
		if diff := cmp.Diff(c.want, read(c.in)); diff != "" {
			t.Errorf("%+v: %s", c.in, diff)
		}
	}
	for _, id := range []member.ID{eve.Actor.Member, member.ID(portstest.UUID())} {
		_, err := Journal{d.signin.Core}.Read(t.Context(), ann.Actor, JournalInput{Member: id})
		d.fails(err, ports.ErrNotFound)
	}
}
