package graphql

import (
	"context"
	"strings"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/member"
)

// invitationPath is where the page is that an invitation's link opens.
const invitationPath = "/dashboard/invitations/"

// Team lists who works for the account.
func (q queries) Team(ctx context.Context) (*Team, error) {
	who, err := q.actor(ctx)
	if err != nil {
		return nil, err
	}
	team, err := q.Members.List(ctx, who)
	if err != nil {
		return nil, err
	}
	return &Team{
		Members:     each(team.Members, func(m member.Member) *Member { return showMember(m, team) }),
		Invitations: each(team.Invitations, showInvitation),
	}, nil
}

func showMember(m member.Member, in app.Team) *Member {
	f := in.Factors[m.ID]
	return &Member{
		ID: string(m.ID), Email: m.Email, Role: showRole(m.Role), CreatedAt: m.CreatedAt, SeenAt: moment(in.Seen[m.ID]),
		Totp: f.TOTP.Confirmed(), Passkeys: len(f.Passkeys),
	}
}

func showInvitation(i member.Invitation) *Invitation {
	return &Invitation{
		ID: i.ID, Email: i.Email, Role: showRole(i.Role), CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt,
	}
}

func showRole(r member.Role) Role { return Role(strings.ToUpper(r.String())) }

func roleOf(r Role) (member.Role, error) { return member.ParseRole(strings.ToLower(string(r))) }

// InviteMember makes a link by which somebody may become a member.
func (m mutations) InviteMember(ctx context.Context, email string, role Role) (*InvitationPayload, error) {
	who, err := m.actor(ctx)
	if err != nil {
		return nil, err
	}
	as, err := roleOf(role)
	var invited app.Invited
	if err == nil {
		invited, err = m.Members.Invite(ctx, who, email, as)
	}
	out := &InvitationPayload{}
	return done(out, &out.UserErrors, err, func() {
		out.Invitation = showInvitation(invited.Invitation)
		out.Link = optional(m.PublicURL + invitationPath + invited.Token.Reveal())
	})
}

// WithdrawInvitation takes an invitation back.
func (m mutations) WithdrawInvitation(ctx context.Context, id string) (*RemovedPayload, error) {
	who, err := m.actor(ctx)
	if err != nil {
		return nil, err
	}
	return removed(m.Members.TakeBack(ctx, who, id))
}

// ChangeRole gives a member another role.
func (m mutations) ChangeRole(ctx context.Context, memberArg string, role Role) (*MemberPayload, error) {
	who, err := m.actor(ctx)
	if err != nil {
		return nil, err
	}
	as, err := roleOf(role)
	var changed member.Member
	if err == nil {
		changed, err = m.Members.SetRole(ctx, who, member.ID(memberArg), as)
	}
	var team app.Team
	if err == nil {
		team, err = m.Members.List(ctx, who)
	}
	out := &MemberPayload{}
	return done(out, &out.UserErrors, err, func() { out.Member = showMember(changed, team) })
}

// RemoveMember takes a member off the team.
func (m mutations) RemoveMember(ctx context.Context, id string) (*RemovedPayload, error) {
	who, err := m.actor(ctx)
	if err != nil {
		return nil, err
	}
	return removed(m.Members.Remove(ctx, who, member.ID(id)))
}

// Sessions lists where the caller is signed in.
func (q queries) Sessions(ctx context.Context) ([]*DashboardSession, error) {
	who, err := q.actor(ctx)
	if err != nil {
		return nil, err
	}
	visits, err := q.SignIn.Visits(ctx, who)
	return each(visits, func(v member.Visit) *DashboardSession {
		return &DashboardSession{
			ID: v.ID, Device: v.Device, IP: v.IP, CreatedAt: v.CreatedAt, SeenAt: v.SeenAt, ExpiresAt: v.ExpiresAt(),
			Current: v.ID == who.Session,
		}
	}), err
}

// EndSession ends one of the caller's sessions.
func (m mutations) EndSession(ctx context.Context, id string) (*RemovedPayload, error) {
	who, err := m.actor(ctx)
	if err != nil {
		return nil, err
	}
	return removed(m.SignIn.Leave(ctx, who, id))
}

// EndOtherSessions ends all of the caller's sessions but the one that asks.
func (m mutations) EndOtherSessions(ctx context.Context) (*RemovedPayload, error) {
	who, err := m.actor(ctx)
	if err != nil {
		return nil, err
	}
	return removed(m.SignIn.LeaveOthers(ctx, who))
}
