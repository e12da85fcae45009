package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/ports"
)

type factors struct{ *unit }

type factorsRow struct {
	TotpSealed    []byte
	TotpConfirmed time.Time `bun:",nullzero"`
	TotpLastStep  int64
	Recovery      []byte
}

type passkeyRow struct {
	bun.BaseModel `bun:"table:member_passkeys"`
	ID            []byte
	MemberID      member.ID
	Label         string
	Credential    []byte
	CreatedAt     time.Time
	UsedAt        time.Time `bun:",nullzero"`
}

// Load locks the member: who has no factors yet has no other row.
func (r factors) Load(ctx context.Context, id member.ID) (f member.Factors, err error) {
	if !isUUID(id) {
		return f, nil
	}
	if _, err = exec(ctx, r.in(), "SELECT id FROM members WHERE id = $1 FOR NO KEY UPDATE", id); err != nil {
		return f, err
	}
	row, err := one[factorsRow](ctx, r.in(), `
		SELECT totp_sealed, totp_confirmed, totp_last_step, recovery
		FROM member_factors WHERE member_id = $1`, id)
	if err != nil && !errors.Is(err, ports.ErrNotFound) {
		return f, err
	}
	f.TOTP = member.TOTP{Sealed: row.TotpSealed, ConfirmedAt: row.TotpConfirmed, LastStep: row.TotpLastStep}
	f.Recovery = slices.Collect(slices.Chunk(row.Recovery, sha256.Size))
	keys, err := all[passkeyRow](ctx, r.in(), `
		SELECT id, member_id, label, credential, created_at, used_at
		FROM member_passkeys WHERE member_id = $1 ORDER BY created_at, id`, id)
	for _, k := range keys {
		f.Passkeys = append(f.Passkeys, member.Passkey{
			ID: k.ID, Label: k.Label, Credential: k.Credential, CreatedAt: k.CreatedAt, UsedAt: k.UsedAt,
		})
	}
	return f, err
}

func (r factors) Save(ctx context.Context, id member.ID, f member.Factors) error {
	if !isUUID(id) {
		return ports.ErrNotFound
	}
	_, err := exec(ctx, r.in(), `
		INSERT INTO member_factors (member_id, totp_sealed, totp_confirmed, totp_last_step, recovery)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (member_id) DO UPDATE SET totp_sealed = EXCLUDED.totp_sealed,
			totp_confirmed = EXCLUDED.totp_confirmed, totp_last_step = EXCLUDED.totp_last_step,
			recovery = EXCLUDED.recovery`,
		id, f.TOTP.Sealed, orNull(f.TOTP.ConfirmedAt), f.TOTP.LastStep, joined(f.Recovery))
	if err != nil {
		return err
	}
	if _, err := exec(ctx, r.in(), "DELETE FROM member_passkeys WHERE member_id = $1", id); err != nil {
		return err
	}
	for _, p := range f.Passkeys {
		err := r.apart(ctx, func() error {
			_, err := changed(r.tx.NewInsert().Model(&passkeyRow{
				ID: p.ID, MemberID: id, Label: p.Label, Credential: p.Credential, CreatedAt: p.CreatedAt,
				UsedAt: p.UsedAt,
			}).Exec(ctx))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// joined is digests one after the other; no digest is no bytes, never NULL.
func joined(digests [][]byte) []byte { return append([]byte{}, bytes.Join(digests, nil)...) }

func (r factors) Owner(ctx context.Context, passkey []byte) (member.ID, error) {
	row, err := one[passkeyRow](ctx, r.in(), "SELECT member_id FROM member_passkeys WHERE id = $1", passkey)
	return row.MemberID, err
}

type challenges struct{ *unit }

type challengeRow struct{ Sealed []byte }

func (r challenges) Put(ctx context.Context, id string, sealed []byte, expires time.Time) error {
	_, err := exec(ctx, r.in(),
		"INSERT INTO passkey_challenges (id, sealed, expires_at) VALUES ($1, $2, $3)", id, sealed, expires)
	return err
}

func (r challenges) Take(ctx context.Context, id string, now time.Time) ([]byte, error) {
	if !isText(id) {
		return nil, ports.ErrNotFound
	}
	row, err := one[challengeRow](ctx, r.in(),
		"DELETE FROM passkey_challenges WHERE id = $1 AND expires_at > $2 RETURNING sealed", id, now)
	return row.Sealed, err
}

func (r challenges) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := exec(ctx, r.in(), `DELETE FROM passkey_challenges WHERE id IN (
		SELECT id FROM passkey_challenges WHERE expires_at < $1
		ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`, before, limited(limit))
	return int(n), err
}
