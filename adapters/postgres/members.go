package postgres

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type members struct{ *unit }

type memberRow struct {
	bun.BaseModel `bun:"table:members"`
	ID            member.ID
	MerchantID    merchant.ID
	Email         string
	Role          string
	PasswordHash  string
	CreatedAt     time.Time
	RemovedAt     time.Time `bun:",nullzero"`
}

const memberColumns = "id, merchant_id, email, role, password_hash, created_at, removed_at"

func (r memberRow) member() (member.Member, error) {
	role, err := member.ParseRole(r.Role)
	return member.Member{
		ID: r.ID, MerchantID: r.MerchantID, Email: r.Email, Role: role, PasswordHash: r.PasswordHash,
		CreatedAt: r.CreatedAt, RemovedAt: r.RemovedAt,
	}, err
}

func (r members) Add(ctx context.Context, m member.Member) error {
	return r.apart(ctx, func() error {
		_, err := changed(r.tx.NewInsert().Model(&memberRow{
			ID: m.ID, MerchantID: m.MerchantID, Email: m.Email, Role: m.Role.String(),
			PasswordHash: m.PasswordHash, CreatedAt: m.CreatedAt, RemovedAt: m.RemovedAt,
		}).Exec(ctx))
		return err
	})
}

func (r members) ByEmail(ctx context.Context, email string) (member.Member, error) {
	if !isText(email) {
		return member.Member{}, ports.ErrNotFound
	}
	return r.find(ctx, "WHERE email = $1 AND removed_at IS NULL", email)
}

func (r members) Load(ctx context.Context, id member.ID) (member.Member, error) {
	if !isUUID(id) {
		return member.Member{}, ports.ErrNotFound
	}
	return r.find(ctx, "WHERE id = $1 FOR NO KEY UPDATE", id)
}

func (r members) find(ctx context.Context, where string, arg any) (member.Member, error) {
	row, err := one[memberRow](ctx, r.in(), "SELECT "+memberColumns+" FROM members "+where, arg)
	if err != nil {
		return member.Member{}, err
	}
	return row.member()
}

// LoadTeam locks the merchant too: a team of one could gain a member meanwhile.
func (r members) LoadTeam(ctx context.Context, id merchant.ID) ([]member.Member, error) {
	if !isUUID(id) {
		return nil, nil
	}
	_, err := exec(ctx, r.in(), "SELECT id FROM merchants WHERE id = $1 FOR NO KEY UPDATE", id)
	if err != nil {
		return nil, err
	}
	rows, err := all[memberRow](ctx, r.in(), "SELECT "+memberColumns+` FROM members
		WHERE merchant_id = $1 AND removed_at IS NULL ORDER BY created_at, id FOR NO KEY UPDATE`, id)
	if err != nil {
		return nil, err
	}
	return each(rows, memberRow.member)
}

// Save writes the password of the merchant's own address beside it too, because the version before
// looks there while both run.
func (r members) Save(ctx context.Context, m member.Member) error {
	if !isUUID(m.ID) {
		return ports.ErrNotFound
	}
	err := exists(exec(ctx, r.in(), `UPDATE members SET role = $2, password_hash = $3, removed_at = $4
		WHERE id = $1`, m.ID, m.Role.String(), m.PasswordHash, orNull(m.RemovedAt)))
	if err != nil {
		return err
	}
	_, err = exec(ctx, r.in(), `UPDATE merchants a SET password_hash = $2 FROM members m
		WHERE m.id = $1 AND a.id = m.merchant_id AND a.email = m.email AND a.password_hash <> $2`,
		m.ID, m.PasswordHash)
	return err
}

type invitations struct{ *unit }

type invitationRow struct {
	bun.BaseModel `bun:"table:member_invitations"`
	ID            string
	MerchantID    merchant.ID
	Email         string
	Role          string
	Digest        []byte
	InvitedBy     member.ID
	CreatedAt     time.Time
	ExpiresAt     time.Time
	EndedAt       time.Time `bun:",nullzero"`
}

const invitationColumns = "id, merchant_id, email, role, digest, invited_by, created_at, expires_at, ended_at"

func (r invitationRow) invitation() (member.Invitation, error) {
	role, err := member.ParseRole(r.Role)
	return member.Invitation{
		ID: r.ID, MerchantID: r.MerchantID, Email: r.Email, Role: role, Digest: r.Digest,
		InvitedBy: r.InvitedBy, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, EndedAt: r.EndedAt,
	}, err
}

func (r invitations) Add(ctx context.Context, i member.Invitation) error {
	_, err := changed(r.tx.NewInsert().Model(&invitationRow{
		ID: i.ID, MerchantID: i.MerchantID, Email: i.Email, Role: i.Role.String(), Digest: i.Digest,
		InvitedBy: i.InvitedBy, CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt, EndedAt: i.EndedAt,
	}).Exec(ctx))
	return err
}

func (r invitations) Load(ctx context.Context, digest []byte) (member.Invitation, error) {
	row, err := one[invitationRow](ctx, r.in(),
		"SELECT "+invitationColumns+" FROM member_invitations WHERE digest = $1 FOR UPDATE", digest)
	if err != nil {
		return member.Invitation{}, err
	}
	return row.invitation()
}

func (r invitations) Of(ctx context.Context, id merchant.ID, now time.Time) ([]member.Invitation, error) {
	if !isUUID(id) {
		return nil, nil
	}
	rows, err := all[invitationRow](ctx, r.in(), "SELECT "+invitationColumns+` FROM member_invitations
		WHERE merchant_id = $1 AND ended_at IS NULL AND expires_at > $2
		ORDER BY created_at DESC, id DESC`, id, now)
	if err != nil {
		return nil, err
	}
	return each(rows, invitationRow.invitation)
}

func (r invitations) End(ctx context.Context, id merchant.ID, invitation string, at time.Time) error {
	if !isUUID(id) || !isUUID(invitation) {
		return ports.ErrNotFound
	}
	return exists(exec(ctx, r.in(), `UPDATE member_invitations SET ended_at = $3
		WHERE id = $1 AND merchant_id = $2 AND ended_at IS NULL`, invitation, id, at))
}
