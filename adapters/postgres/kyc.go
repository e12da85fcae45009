package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type kyc struct{ *unit }

type kycRow struct {
	bun.BaseModel `bun:"table:kyc_records"`
	MerchantID    merchant.ID
	State         merchant.KYCState
	LegalName     string
	Country       string
	Kind          string
	Registry      string
	Note          string
	SubmittedAt   time.Time `bun:",nullzero"`
	DecidedAt     time.Time `bun:",nullzero"`
}

// lockMerchant makes units of work on what a merchant has at most one or a few of take turns, even
// while he has none.
func (u *unit) lockMerchant(ctx context.Context, id merchant.ID) error {
	if !isUUID(id) {
		return ports.ErrNotFound
	}
	return exists(exec(ctx, u.in(), "SELECT id FROM merchants WHERE id = $1 FOR UPDATE", id))
}

func (r kyc) Load(ctx context.Context, id merchant.ID) (merchant.KYC, error) {
	none := merchant.KYC{MerchantID: id, State: merchant.KYCNotStarted}
	if err := r.lockMerchant(ctx, id); err != nil {
		if errors.Is(err, ports.ErrNotFound) {
			return none, nil
		}
		return merchant.KYC{}, err
	}
	row, err := one[kycRow](ctx, r.in(), kycQuery+"WHERE merchant_id = $1", id)
	if errors.Is(err, ports.ErrNotFound) {
		return none, nil
	}
	return row.record(), err
}

const kycQuery = `SELECT merchant_id, state, legal_name, country, kind, registry, note, submitted_at, decided_at
	FROM kyc_records `

func (r kycRow) record() merchant.KYC {
	return merchant.KYC{
		MerchantID: r.MerchantID, State: r.State, LegalName: r.LegalName, Country: r.Country,
		Kind: r.Kind, Registry: r.Registry, Note: r.Note, SubmittedAt: r.SubmittedAt,
		DecidedAt: r.DecidedAt,
	}
}

func (r kyc) Pending(ctx context.Context, limit int) ([]merchant.KYC, error) {
	rows, err := all[kycRow](ctx, r.in(), kycQuery+`
		WHERE state = 'pending' ORDER BY submitted_at, merchant_id LIMIT $1`, limited(limit))
	var out []merchant.KYC
	for _, row := range rows {
		out = append(out, row.record())
	}
	return out, err
}

func (r kyc) Save(ctx context.Context, k merchant.KYC) error {
	_, err := changed(r.tx.NewInsert().Model(&kycRow{
		MerchantID: k.MerchantID, State: k.State, LegalName: k.LegalName, Country: k.Country,
		Kind: k.Kind, Registry: k.Registry, Note: k.Note, SubmittedAt: k.SubmittedAt,
		DecidedAt: k.DecidedAt,
	}).On("CONFLICT (merchant_id) DO UPDATE").
		Set("state = EXCLUDED.state, legal_name = EXCLUDED.legal_name, country = EXCLUDED.country").
		Set("kind = EXCLUDED.kind, registry = EXCLUDED.registry, note = EXCLUDED.note").
		Set("submitted_at = EXCLUDED.submitted_at, decided_at = EXCLUDED.decided_at").Exec(ctx))
	return err
}

type documentRow struct {
	bun.BaseModel `bun:"table:kyc_documents"`
	MerchantID    merchant.ID
	ID            string
	Kind          string
	MediaType     string
	Bytes         int
	Sealed        []byte
	CreatedAt     time.Time
}

func (r documentRow) document() merchant.Document {
	return merchant.Document{
		ID: r.ID, MerchantID: r.MerchantID, Kind: r.Kind, MediaType: r.MediaType, Bytes: r.Bytes,
		CreatedAt: r.CreatedAt,
	}
}

func (r kyc) AddDocument(ctx context.Context, d merchant.Document, sealed []byte) error {
	if err := r.lockMerchant(ctx, d.MerchantID); err != nil {
		return err
	}
	n, err := r.tx.NewSelect().Model((*documentRow)(nil)).
		Where("merchant_id = ?", d.MerchantID).Count(ctx)
	if err != nil {
		return translate(err)
	}
	if n >= merchant.MaxDocuments {
		return merchant.ErrTooManyFiles
	}
	// Bound, because a document put into the text of a statement would double in size.
	_, err = exec(ctx, r.in(), `
		INSERT INTO kyc_documents (merchant_id, id, kind, media_type, bytes, sealed, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		d.MerchantID, d.ID, d.Kind, d.MediaType, d.Bytes, sealed, d.CreatedAt)
	return err
}

func (r kyc) Documents(ctx context.Context, id merchant.ID) ([]merchant.Document, error) {
	if !isUUID(id) {
		return nil, nil
	}
	rows, err := all[documentRow](ctx, r.in(), `
		SELECT merchant_id, id, kind, media_type, bytes, created_at
		FROM kyc_documents WHERE merchant_id = $1 ORDER BY created_at, id`, id)
	var out []merchant.Document
	for _, row := range rows {
		out = append(out, row.document())
	}
	return out, err
}

func (r kyc) Document(
	ctx context.Context, id merchant.ID, doc string,
) (merchant.Document, []byte, error) {
	if !isUUID(id) || !isText(doc) {
		return merchant.Document{}, nil, ports.ErrNotFound
	}
	row, err := one[documentRow](ctx, r.in(), `
		SELECT merchant_id, id, kind, media_type, bytes, sealed, created_at
		FROM kyc_documents WHERE merchant_id = $1 AND id = $2`, id, doc)
	return row.document(), row.Sealed, err
}
