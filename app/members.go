package app

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Members is who works for a merchant: invited, given another role, removed.
type Members struct {
	Core   Core
	SignIn SignIn
}

// Team is a merchant's members and open invitations.
type Team struct {
	Members     []member.Member
	Factors     map[member.ID]member.Factors
	Seen        map[member.ID]time.Time // when he was last in the dashboard; absent if not lately
	Invitations []member.Invitation
}

// List shows the team, by what each member signs in, and when he was last there. It takes the right to manage it.
func (s Members) List(ctx context.Context, a Actor) (Team, error) {
	if err := a.Require(member.ManageTeam); err != nil {
		return Team{}, err
	}
	now := ledger.Instant(s.Core.Clock.Now())
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (t Team, err error) {
		if t.Members, err = r.Members.LoadTeam(ctx, a.Merchant); err != nil {
			return t, err
		}
		t.Factors = make(map[member.ID]member.Factors, len(t.Members))
		for _, m := range t.Members {
			if t.Factors[m.ID], err = r.Factors.Load(ctx, m.ID); err != nil {
				return t, err
			}
		}
		if t.Seen, err = r.Visits.Seen(ctx, a.Merchant); err != nil {
			return t, err
		}
		t.Invitations, err = r.Invitations.Of(ctx, a.Merchant, now)
		return t, err
	})
}

// lead does what changes the team: it takes the right to, and a fresh proof, both judged anew with the
// team locked.
func (s Members) lead(ctx context.Context, a Actor,
	act func(ctx context.Context, r ports.Repos, team []member.Member) (deed, error),
) error {
	now := ledger.Instant(s.Core.Clock.Now())
	if err := errors.Join(a.Require(member.ManageTeam), a.Fresh(now)); err != nil {
		return err
	}
	return s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		team, err := r.Members.LoadTeam(ctx, a.Merchant)
		if err != nil {
			return err
		}
		at := indexOf(team, a.Member)
		if at < 0 || !team[at].Role.May(member.ManageTeam) {
			return ErrRoleForbidden // somebody was quicker
		}
		done, err := act(ctx, r, team)
		if err != nil {
			return err
		}
		return note(ctx, r, s.Core, a.Merchant, a.Agent(), done)
	})
}

func indexOf(team []member.Member, id member.ID) int {
	return slices.IndexFunc(team, func(m member.Member) bool { return m.ID == id })
}

// Invited is an invitation and the token of its link, shown this once.
type Invited struct {
	Invitation member.Invitation
	Token      keys.Secret
}

// Invite lets whoever holds the token become a member under an address. merchant.ErrEmailTaken if
// somebody signs in with it already; there is no mailer, so the owner passes the link on.
func (s Members) Invite(ctx context.Context, a Actor, email string, role member.Role) (Invited, error) {
	email, err := merchant.NormalizeEmail(email)
	if err != nil {
		return Invited{}, err
	}
	now := ledger.Instant(s.Core.Clock.Now())
	token := keys.NewSecret(base64.RawURLEncoding.EncodeToString(s.Core.IDs.Bytes(keys.SecretBytes)))
	i := member.Invitation{
		ID: s.Core.IDs.UUID(), MerchantID: a.Merchant, Email: email, Role: role, Digest: s.digest(token),
		InvitedBy: a.Member, CreatedAt: now, ExpiresAt: now.Add(member.InvitationLife),
	}
	err = s.lead(ctx, a, func(ctx context.Context, r ports.Repos, team []member.Member) (deed, error) {
		open, err := r.Invitations.Of(ctx, a.Merchant, now)
		if err != nil {
			return deed{}, err
		}
		if len(team)+len(open) >= member.MaxTeam {
			return deed{}, member.ErrTeamFull
		}
		if err := s.free(ctx, r, email); err != nil {
			return deed{}, err
		}
		return deed{
			action: "member.invited", subject: i.ID, after: "email=" + email + " role=" + role.String(),
		}, r.Invitations.Add(ctx, i)
	})
	return Invited{Invitation: i, Token: token}, err
}

// free refuses an address somebody signs in with.
func (s Members) free(ctx context.Context, r ports.Repos, email string) error {
	_, err := findMember(ctx, r, s.Core.IDs, email)
	switch {
	case err == nil:
		return merchant.ErrEmailTaken
	case errors.Is(err, ports.ErrNotFound):
		return nil
	}
	return err
}

// digest bounds what is hashed; an overlong token hashes to something nobody has.
func (s Members) digest(token keys.Secret) []byte {
	text := token.Reveal()
	if len(text) > keys.MaxCredentialBytes {
		text = ""
	}
	return s.Core.Vault.Digest(keys.NewSecret("invitation " + text))
}

// TakeBack ends an open invitation. ErrNotFound, also for those of other merchants.
func (s Members) TakeBack(ctx context.Context, a Actor, invitation string) error {
	now := ledger.Instant(s.Core.Clock.Now())
	return s.lead(ctx, a, func(ctx context.Context, r ports.Repos, _ []member.Member) (deed, error) {
		return deed{action: "invitation.taken_back", subject: invitation},
			r.Invitations.End(ctx, a.Merchant, invitation, now)
	})
}

// SetRole gives a member another role. What he is signed in to ends, so that nothing goes on under the
// old one; the actor's own visit stays. member.ErrLastOwner.
func (s Members) SetRole(ctx context.Context, a Actor, id member.ID, role member.Role) (member.Member, error) {
	var m member.Member
	err := s.lead(ctx, a, func(ctx context.Context, r ports.Repos, team []member.Member) (deed, error) {
		at := indexOf(team, id)
		if at < 0 {
			return deed{}, ports.ErrNotFound
		}
		m = team[at]
		was := m.Role
		m.Role = role
		return deed{
			action: "member.role_changed", subject: string(id), before: "role=" + was.String(),
			after: "role=" + role.String(),
		}, s.settle(ctx, r, a, team, m)
	})
	return m, err
}

// Remove takes a member off the team, and ends what he is signed in to. member.ErrLastOwner.
func (s Members) Remove(ctx context.Context, a Actor, id member.ID) error {
	now := ledger.Instant(s.Core.Clock.Now())
	return s.lead(ctx, a, func(ctx context.Context, r ports.Repos, team []member.Member) (deed, error) {
		at := indexOf(team, id)
		if at < 0 {
			return deed{}, ports.ErrNotFound
		}
		m := team[at]
		m.RemovedAt = now
		return deed{
			action: "member.removed", subject: string(id), before: "email=" + m.Email + " role=" + m.Role.String(),
		}, s.settle(ctx, r, a, team, m)
	})
}

// settle records what a member has become, ends what he is signed in to, and takes back whom he
// invited if he may no longer invite.
func (s Members) settle(
	ctx context.Context, r ports.Repos, a Actor, team []member.Member, m member.Member,
) error {
	if err := member.KeepsOwner(team, m); err != nil {
		return err
	}
	if err := r.Members.Save(ctx, m); err != nil {
		return err
	}
	kept := ""
	if m.ID == a.Member && m.Active() {
		kept = a.Session
	}
	if err := endElsewhere(ctx, r, m, kept, s.Core); err != nil {
		return err
	}
	if m.Active() && m.Role.May(member.ManageTeam) {
		return nil
	}
	now := ledger.Instant(s.Core.Clock.Now())
	open, err := r.Invitations.Of(ctx, m.MerchantID, now)
	if err != nil {
		return err
	}
	for _, i := range open {
		if i.InvitedBy != m.ID {
			continue
		}
		if err := r.Invitations.End(ctx, m.MerchantID, i.ID, now); err != nil {
			return err
		}
	}
	return nil
}

// Look answers what an invitation is for, and whose it is. member.ErrInvitation.
func (s Members) Look(ctx context.Context, token keys.Secret) (member.Invitation, merchant.Merchant, error) {
	var who merchant.Merchant
	i, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (member.Invitation, error) {
		i, err := s.open(ctx, r, token)
		if err == nil {
			who, err = r.Merchants.ByID(ctx, i.MerchantID)
		}
		return i, err
	})
	return i, who, err
}

func (s Members) open(ctx context.Context, r ports.Repos, token keys.Secret) (member.Invitation, error) {
	i, err := r.Invitations.Load(ctx, s.digest(token))
	if errors.Is(err, ports.ErrNotFound) || err == nil && !i.Open(s.Core.Clock.Now()) {
		return member.Invitation{}, member.ErrInvitation
	}
	return i, err
}

// Accept makes whoever holds an invitation's token a member, once, and signs him in.
func (s Members) Accept(
	ctx context.Context, token keys.Secret, password string, from Origin,
) (Entered, error) {
	i, _, err := s.Look(ctx, token)
	if err != nil {
		return Entered{}, err
	}
	if err := strongPassword(s.SignIn.Passwords, password, i.Email); err != nil {
		return Entered{}, err
	}
	hash, err := s.SignIn.Passwords.Hash(ctx, password)
	if err != nil {
		return Entered{}, err
	}
	now := ledger.Instant(s.Core.Clock.Now())
	m := member.Member{
		ID: member.ID(s.Core.IDs.UUID()), MerchantID: i.MerchantID, Email: i.Email, Role: i.Role,
		PasswordHash: hash, CreatedAt: now,
	}
	b := beginning{member: m, token: s.SignIn.drawToken(), from: from, by: "by=invitation"}
	in, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (Entered, error) {
		if _, err := s.open(ctx, r, token); err != nil {
			return Entered{}, err
		}
		if err := s.free(ctx, r, m.Email); err != nil {
			return Entered{}, err
		}
		if err := r.Invitations.End(ctx, i.MerchantID, i.ID, now); err != nil {
			return Entered{}, err
		}
		if err := r.Members.Add(ctx, m); err != nil {
			return Entered{}, err
		}
		in, err := s.SignIn.begin(ctx, r, b)
		if err != nil {
			return Entered{}, err
		}
		return in, note(ctx, r, s.Core, m.MerchantID, in.Actor.Agent(), deed{
			action: "member.joined", subject: string(m.ID), after: "email=" + m.Email + " role=" + m.Role.String(),
		})
	})
	if errors.Is(err, ports.ErrTaken) && fault.From(err).Param == "email" {
		err = merchant.ErrEmailTaken
	}
	return in, err
}

// ResetFactors is for the operator, asked by a member who lost every second factor and has proved who
// he is by other means: it takes them all away and ends what he is signed in to. ErrNotFound.
func (s Members) ResetFactors(ctx context.Context, email string) error {
	email, err := merchant.NormalizeEmail(email)
	if err != nil {
		return err
	}
	return s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		m, err := findMember(ctx, r, s.Core.IDs, email)
		if err != nil {
			return err
		}
		before, err := r.Factors.Load(ctx, m.ID)
		if err != nil {
			return err
		}
		if err := r.Factors.Save(ctx, m.ID, member.Factors{}); err != nil {
			return err
		}
		if err := endElsewhere(ctx, r, m, "", s.Core); err != nil {
			return err
		}
		return note(ctx, r, s.Core, m.MerchantID, merchant.Agent{Name: "operator"}, deed{
			action: "factors.reset", subject: string(m.ID), before: "factors=" + before.Kinds(), after: "factors=",
		})
	})
}
