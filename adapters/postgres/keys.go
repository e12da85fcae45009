package postgres

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type keyPairs struct{ *unit }

type pairRow struct {
	bun.BaseModel `bun:"table:key_pairs"`
	ID            keys.PairID
	MerchantID    merchant.ID
	ProjectID     merchant.ProjectID
	Mode          string
	PublicKey     string
	Label         string
	Digest        []byte
	Sealed        []byte
	Hint          string
	CreatedAt     time.Time
	RevokedAt     time.Time `bun:",nullzero"`
}

const pairColumns = "k.id, k.merchant_id, k.project_id, k.mode, k.public_key, k.label, k.digest," +
	" k.sealed, k.hint, k.created_at, k.revoked_at"

func (r pairRow) pair() (keys.Pair, error) {
	mode, err := merchant.ParseMode(r.Mode)
	return keys.Pair{
		ID: r.ID, MerchantID: r.MerchantID, ProjectID: r.ProjectID, Mode: mode, PublicKey: r.PublicKey,
		Label: r.Label, Digest: r.Digest, Sealed: r.Sealed, Hint: r.Hint, CreatedAt: r.CreatedAt,
		RevokedAt: r.RevokedAt,
	}, err
}

func (r keyPairs) AddPair(ctx context.Context, p keys.Pair) error {
	if err := r.lockProject(ctx, p.ProjectID); err != nil {
		return err
	}
	live, err := r.tx.NewSelect().Model((*pairRow)(nil)).
		Where("project_id = ?", p.ProjectID).Where("revoked_at IS NULL").Count(ctx)
	if err != nil {
		return translate(err)
	}
	if live >= keys.MaxLivePairs {
		return keys.ErrTooManyKeys
	}
	n, err := changed(r.tx.NewInsert().Model(&pairRow{
		ID: p.ID, MerchantID: p.MerchantID, ProjectID: p.ProjectID, Mode: p.Mode.String(),
		PublicKey: p.PublicKey, Label: p.Label, Digest: p.Digest, Sealed: p.Sealed, Hint: p.Hint,
		CreatedAt: p.CreatedAt, RevokedAt: p.RevokedAt,
	}).On("CONFLICT DO NOTHING").Exec(ctx))
	if err == nil && n == 0 {
		return ports.ErrTaken
	}
	return err
}

func (r keyPairs) Pairs(ctx context.Context, p merchant.ProjectID) ([]keys.Pair, error) {
	if !isUUID(p) {
		return nil, nil
	}
	rows, err := all[pairRow](ctx, r.in(), "SELECT "+pairColumns+
		" FROM key_pairs k WHERE k.project_id = $1 ORDER BY k.created_at DESC, k.id DESC", p)
	if err != nil {
		return nil, err
	}
	return each(rows, pairRow.pair)
}

func (r keyPairs) LoadPair(
	ctx context.Context, p merchant.ProjectID, id keys.PairID,
) (keys.Pair, error) {
	if !isUUID(p) || !isUUID(id) {
		return keys.Pair{}, ports.ErrNotFound
	}
	row, err := one[pairRow](ctx, r.in(), "SELECT "+pairColumns+
		" FROM key_pairs k WHERE k.project_id = $1 AND k.id = $2 FOR UPDATE", p, id)
	if err != nil {
		return keys.Pair{}, err
	}
	return row.pair()
}

func (r keyPairs) SavePair(ctx context.Context, p keys.Pair) error {
	if !isUUID(p.ID) {
		return ports.ErrNotFound
	}
	return exists(exec(ctx, r.in(), "UPDATE key_pairs SET label = $2, revoked_at = $3 WHERE id = $1",
		p.ID, p.Label, orNull(p.RevokedAt)))
}

type apiKeyRow struct {
	bun.BaseModel `bun:"table:api_keys"`
	MerchantID    merchant.ID
	Mode          string
	ProjectID     merchant.ProjectID
	Digest        []byte
	Hint          string
	CreatedAt     time.Time
}

func (r keyPairs) PutAPIKey(ctx context.Context, k keys.APIKey) error {
	_, err := changed(r.tx.NewInsert().Model(&apiKeyRow{
		MerchantID: k.MerchantID, Mode: k.Mode.String(), ProjectID: k.ProjectID, Digest: k.Digest,
		Hint: k.Hint, CreatedAt: k.CreatedAt,
	}).On("CONFLICT (merchant_id, mode) DO UPDATE").
		Set("project_id = EXCLUDED.project_id, digest = EXCLUDED.digest").
		Set("hint = EXCLUDED.hint, created_at = EXCLUDED.created_at").Exec(ctx))
	return err
}
