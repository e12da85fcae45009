package postgres

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type logins struct{ *unit }

type loginRow struct {
	bun.BaseModel `bun:"table:logins"`
	ID            string
	MerchantID    merchant.ID
	MemberID      *string
	RefreshDigest []byte
	CreatedAt     time.Time
	ExpiresAt     time.Time
	RevokedAt     time.Time `bun:",nullzero"`
}

func (r loginRow) login() keys.Login {
	l := keys.Login{
		ID: r.ID, MerchantID: r.MerchantID, RefreshDigest: r.RefreshDigest,
		CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, RevokedAt: r.RevokedAt,
	}
	if r.MemberID != nil {
		l.MemberID = *r.MemberID
	}
	return l
}

func (r logins) Add(ctx context.Context, l keys.Login) error {
	_, err := changed(r.tx.NewInsert().Model(&loginRow{
		ID: l.ID, MerchantID: l.MerchantID, MemberID: orNoID(l.MemberID), RefreshDigest: l.RefreshDigest, CreatedAt: l.CreatedAt,
		ExpiresAt: l.ExpiresAt, RevokedAt: l.RevokedAt,
	}).Exec(ctx))
	return err
}

func (r logins) Load(ctx context.Context, id string) (keys.Login, error) {
	if !isText(id) {
		return keys.Login{}, ports.ErrNotFound
	}
	row, err := one[loginRow](ctx, r.in(), `
		SELECT id, merchant_id, member_id, refresh_digest, created_at, expires_at, revoked_at
		FROM logins WHERE id = $1 FOR UPDATE`, id)
	return row.login(), err
}

func (r logins) Save(ctx context.Context, l keys.Login) error {
	if !isText(l.ID) {
		return ports.ErrNotFound
	}
	return exists(exec(ctx, r.in(), `UPDATE logins
		SET refresh_digest = $2, expires_at = $3, revoked_at = $4 WHERE id = $1`,
		l.ID, l.RefreshDigest, l.ExpiresAt, orNull(l.RevokedAt)))
}

func (r logins) EndOf(ctx context.Context, id merchant.ID, m member.ID, at time.Time) error {
	if !isUUID(id) || !isUUID(m) {
		return nil
	}
	_, err := exec(ctx, r.in(), `UPDATE logins SET revoked_at = $3
		WHERE merchant_id = $1 AND revoked_at IS NULL AND (member_id = $2 OR member_id IS NULL)`, id, m, at)
	return err
}

func (r logins) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := exec(ctx, r.in(), `DELETE FROM logins WHERE id IN (
		SELECT id FROM logins WHERE LEAST(expires_at, revoked_at) < $1
		ORDER BY LEAST(expires_at, revoked_at) LIMIT $2 FOR UPDATE SKIP LOCKED)`, before, limited(limit))
	return int(n), err
}
