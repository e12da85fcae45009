package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type members struct{ *unit }

type invitations struct{ *unit }

func activeOf(s *state, email string) (member.Member, error) {
	row, err := must(s.members.find(func(m numbered[member.Member]) bool {
		return m.row.Email == email && m.row.Active()
	}))
	return row.row, err
}

func (r members) Add(ctx context.Context, m member.Member) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	if _, err := activeOf(s, m.Email); err == nil {
		return ports.ErrTaken.About("email")
	}
	s.members.put(r.unit, m.ID, numbered[member.Member]{m, s.next()})
	return nil
}

func (r members) ByEmail(ctx context.Context, email string) (member.Member, error) {
	s, err := r.state(ctx)
	if err != nil {
		return member.Member{}, err
	}
	return activeOf(s, email)
}

func (r members) Load(ctx context.Context, id member.ID) (member.Member, error) {
	s, err := r.state(ctx)
	if err != nil {
		return member.Member{}, err
	}
	row, err := must(s.members.get(id))
	return row.row, err
}

// LoadTeam needs no lock of its own: one unit of work changes things at a time.
func (r members) LoadTeam(ctx context.Context, id merchant.ID) ([]member.Member, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	rows := s.members.where(func(m numbered[member.Member]) bool {
		return m.row.MerchantID == id && m.row.Active()
	})
	slices.SortFunc(rows, func(a, b numbered[member.Member]) int {
		return cmp.Or(a.row.CreatedAt.Compare(b.row.CreatedAt), cmp.Compare(a.row.ID, b.row.ID))
	})
	team := make([]member.Member, len(rows))
	for i, row := range rows {
		team[i] = row.row
	}
	return team, nil
}

func (r members) Save(ctx context.Context, m member.Member) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	row, err := must(s.members.get(m.ID))
	if err != nil {
		return err
	}
	row.row.Role, row.row.PasswordHash, row.row.RemovedAt = m.Role, m.PasswordHash, m.RemovedAt
	s.members.put(r.unit, m.ID, row)
	return nil
}

func cloneInvitation(i member.Invitation) member.Invitation {
	i.Digest = bytes.Clone(i.Digest)
	return i
}

func (r invitations) Add(ctx context.Context, i member.Invitation) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	s.invitations.put(r.unit, i.ID, cloneInvitation(i))
	return nil
}

func (r invitations) Load(ctx context.Context, digest []byte) (member.Invitation, error) {
	s, err := r.state(ctx)
	if err != nil {
		return member.Invitation{}, err
	}
	i, err := must(s.invitations.find(func(i member.Invitation) bool { return bytes.Equal(i.Digest, digest) }))
	return cloneInvitation(i), err
}

func (r invitations) Of(ctx context.Context, id merchant.ID, now time.Time) ([]member.Invitation, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	list := s.invitations.where(func(i member.Invitation) bool { return i.MerchantID == id && i.Open(now) })
	slices.SortFunc(list, func(a, b member.Invitation) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	for i := range list {
		list[i] = cloneInvitation(list[i])
	}
	return list, nil
}

func (r invitations) End(ctx context.Context, id merchant.ID, invitation string, at time.Time) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	i, found := s.invitations.get(invitation)
	if !found || i.MerchantID != id || !i.EndedAt.IsZero() {
		return ports.ErrNotFound
	}
	i.EndedAt = at
	s.invitations.put(r.unit, i.ID, i)
	return nil
}
