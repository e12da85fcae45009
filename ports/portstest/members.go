package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/ports"
)

var memberPromises = []promise{
	{"a member is found, whole, by address and by id", membersFound},
	{"an address belongs to one active member, however many ask at once", membersTaken},
	{"a team lists active members, oldest first, of one merchant", membersTeam},
	{"saving replaces role, password hash and removal", membersSaved},
	{"of many who take the last two owners away one is refused", membersLastOwner},
	{"logins of a member end, and those of nobody, and no others", membersLoginsEnd},
}

var invitationPromises = []promise{
	{"an invitation is found, whole, by its digest", invitationsFound},
	{"open invitations of one merchant are listed, newest first", invitationsListed},
	{"an invitation ends once, and only by its merchant", invitationsEnd},
}

// AddMember records a member of the shop.
func (s Shop) AddMember(t *testing.T, change ...func(*member.Member)) member.Member {
	t.Helper()
	m := member.Member{
		ID: member.ID(UUID()), MerchantID: s.ID(), Email: UUID() + "@shop.example", Role: member.Developer,
		PasswordHash: "hash", CreatedAt: Epoch,
	}
	for _, c := range change {
		c(&m)
	}
	do(t, s.World, func(ctx context.Context, r ports.Repos) error { return r.Members.Add(ctx, m) })
	return m
}

func loadMember(t *testing.T, w World, id member.ID) member.Member {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) (member.Member, error) {
		return r.Members.Load(ctx, id)
	})
}

func membersFound(t *testing.T, w World) {
	shop := OpenShop(t, w)
	m := shop.AddMember(t)
	shop.AddMember(t)
	same(t, loadMember(t, w, m.ID), m)
	found := in(t, w, func(ctx context.Context, r ports.Repos) (member.Member, error) {
		return r.Members.ByEmail(ctx, m.Email)
	})
	same(t, found, m)
	for _, id := range []member.ID{member.ID(UUID()), "nobody"} {
		refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
			_, err := r.Members.Load(ctx, id)
			return err
		})
	}
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Members.ByEmail(ctx, "nobody@shop.example")
		return err
	})
}

func membersTaken(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	email := UUID() + "@shop.example"
	results := race(racers, func(i int) error {
		m := member.Member{
			ID: member.ID(UUID()), MerchantID: shop.ID(), Email: email, Role: member.Viewer, CreatedAt: Epoch,
		}
		if i%2 == 0 {
			m.MerchantID = other.ID()
		}
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Members.Add(ctx, m)
		})
	})
	oneWinner(t, results, ports.ErrTaken)
	for _, err := range results {
		if err != nil {
			isTaken(t, err, "email")
		}
	}
	m := in(t, w, func(ctx context.Context, r ports.Repos) (member.Member, error) {
		return r.Members.ByEmail(ctx, email)
	})
	m.RemovedAt = Epoch.Add(time.Hour)
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Members.Save(ctx, m) })
	again := shop.AddMember(t, func(m *member.Member) { m.Email = email })
	found := in(t, w, func(ctx context.Context, r ports.Repos) (member.Member, error) {
		return r.Members.ByEmail(ctx, email)
	})
	same(t, found, again)
}

func membersTeam(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	later := shop.AddMember(t, func(m *member.Member) { m.CreatedAt = Epoch.Add(time.Minute) })
	earlier := shop.AddMember(t)
	shop.AddMember(t, func(m *member.Member) { m.RemovedAt = Epoch })
	other.AddMember(t)
	team := in(t, w, func(ctx context.Context, r ports.Repos) ([]member.Member, error) {
		return r.Members.LoadTeam(ctx, shop.ID())
	})
	same(t, team, []member.Member{earlier, later})
}

func membersSaved(t *testing.T, w World) {
	shop := OpenShop(t, w)
	m, neighbour := shop.AddMember(t), shop.AddMember(t)
	m.Role, m.PasswordHash, m.RemovedAt = member.Accountant, "other", Epoch.Add(time.Hour)
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Members.Save(ctx, m) })
	same(t, loadMember(t, w, m.ID), m)
	same(t, loadMember(t, w, neighbour.ID), neighbour)
	m.ID = member.ID(UUID())
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		return r.Members.Save(ctx, m)
	})
}

// membersLastOwner: two owners who demote each other at once must not leave a merchant to nobody.
func membersLastOwner(t *testing.T, w World) {
	shop := OpenShop(t, w)
	owner := func(m *member.Member) { m.Role = member.Owner }
	owners := []member.Member{shop.AddMember(t, owner), shop.AddMember(t, owner)}
	oneWinner(t, race(len(owners), func(i int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			team, err := r.Members.LoadTeam(ctx, shop.ID())
			if err != nil {
				return err
			}
			m := owners[i]
			m.Role = member.Viewer
			if err := member.KeepsOwner(team, m); err != nil {
				return err
			}
			return r.Members.Save(ctx, m)
		})
	}), member.ErrLastOwner)
}

func membersLoginsEnd(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	m := shop.AddMember(t)
	of := func(id string) func(*keys.Login) { return func(l *keys.Login) { l.MemberID = id } }
	his, nobodys := shop.addLogin(t, of(string(m.ID))), shop.addLogin(t)
	another, foreign := shop.addLogin(t, of(UUID())), other.addLogin(t)
	at := Epoch.Add(time.Hour)
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Logins.EndOf(ctx, shop.ID(), m.ID, at)
	})
	for _, l := range []keys.Login{his, nobodys} {
		l.RevokedAt = at
		got, _, err := w.KeyRing.Login(t.Context(), l.ID)
		ok(t, err)
		same(t, got, l)
	}
	for _, l := range []keys.Login{another, foreign} {
		got, _, err := w.KeyRing.Login(t.Context(), l.ID)
		ok(t, err)
		same(t, got, l)
	}
}

func (s Shop) invite(t *testing.T, by member.ID, change ...func(*member.Invitation)) member.Invitation {
	t.Helper()
	digest := Unique()
	i := member.Invitation{
		ID: UUID(), MerchantID: s.ID(), Email: UUID() + "@shop.example", Role: member.Accountant,
		Digest: digest[:], InvitedBy: by, CreatedAt: Epoch, ExpiresAt: Epoch.Add(member.InvitationLife),
	}
	for _, c := range change {
		c(&i)
	}
	do(t, s.World, func(ctx context.Context, r ports.Repos) error { return r.Invitations.Add(ctx, i) })
	return i
}

func invitationsFound(t *testing.T, w World) {
	shop := OpenShop(t, w)
	by := shop.AddMember(t).ID
	i := shop.invite(t, by)
	shop.invite(t, by)
	found := in(t, w, func(ctx context.Context, r ports.Repos) (member.Invitation, error) {
		return r.Invitations.Load(ctx, i.Digest)
	})
	same(t, found, i)
	digest := Unique()
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Invitations.Load(ctx, digest[:])
		return err
	})
}

func invitationsListed(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	by := shop.AddMember(t).ID
	earlier := shop.invite(t, by)
	later := shop.invite(t, by, func(i *member.Invitation) { i.CreatedAt = Epoch.Add(time.Minute) })
	shop.invite(t, by, func(i *member.Invitation) { i.EndedAt = Epoch })
	shop.invite(t, by, func(i *member.Invitation) { i.ExpiresAt = Epoch.Add(time.Hour) })
	other.invite(t, other.AddMember(t).ID)
	open := in(t, w, func(ctx context.Context, r ports.Repos) ([]member.Invitation, error) {
		return r.Invitations.Of(ctx, shop.ID(), Epoch.Add(time.Hour))
	})
	same(t, open, []member.Invitation{later, earlier})
}

func invitationsEnd(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	i := shop.invite(t, shop.AddMember(t).ID)
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		return r.Invitations.End(ctx, other.ID(), i.ID, Epoch)
	})
	at := Epoch.Add(time.Minute)
	oneWinner(t, race(racers, func(int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Invitations.End(ctx, shop.ID(), i.ID, at)
		})
	}), ports.ErrNotFound)
	i.EndedAt = at
	found := in(t, w, func(ctx context.Context, r ports.Repos) (member.Invitation, error) {
		return r.Invitations.Load(ctx, i.Digest)
	})
	same(t, found, i)
}
