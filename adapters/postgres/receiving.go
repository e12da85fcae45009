package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type receiving struct{ *unit }

type receivingRow struct {
	bun.BaseModel `bun:"table:receiving_accounts"`
	ID            merchant.ReceivingID
	MerchantID    merchant.ID
	ProjectID     merchant.ProjectID
	Network       chain.Network
	Asset         string
	Address       chain.Address
	Label         string
	CreatedAt     time.Time
	RemovedAt     time.Time `bun:",nullzero"`
}

const receivingColumns = "id, merchant_id, project_id, network, asset, address, label, created_at," +
	" removed_at"

func (r receivingRow) account() merchant.ReceivingAccount {
	return merchant.ReceivingAccount{
		ID: r.ID, MerchantID: r.MerchantID, ProjectID: r.ProjectID, Network: r.Network, Asset: r.Asset,
		Address: r.Address, Label: r.Label, CreatedAt: r.CreatedAt, RemovedAt: r.RemovedAt,
	}
}

// lockProject makes units of work that count or replace rows of a project take turns.
func (u *unit) lockProject(ctx context.Context, id merchant.ProjectID) error {
	if !isUUID(id) {
		return ports.ErrNotFound
	}
	return exists(exec(ctx, u.in(), "SELECT id FROM projects WHERE id = $1 FOR UPDATE", id))
}

func (r receiving) Add(ctx context.Context, a merchant.ReceivingAccount) error {
	if err := r.lockProject(ctx, a.ProjectID); err != nil {
		return err
	}
	current, err := one[receivingRow](ctx, r.in(), "SELECT "+receivingColumns+`
		FROM receiving_accounts
		WHERE project_id = $1 AND network = $2 AND asset = $3 AND removed_at IS NULL`,
		a.ProjectID, a.Network, a.Asset)
	switch {
	case errors.Is(err, ports.ErrNotFound):
	case err != nil:
		return err
	case current.Address == a.Address:
		return ports.ErrTaken
	default:
		if err := r.Remove(ctx, a.ProjectID, current.ID, a.CreatedAt); err != nil {
			return err
		}
	}
	_, err = changed(r.tx.NewInsert().Model(&receivingRow{
		ID: a.ID, MerchantID: a.MerchantID, ProjectID: a.ProjectID, Network: a.Network, Asset: a.Asset,
		Address: a.Address, Label: a.Label, CreatedAt: a.CreatedAt, RemovedAt: a.RemovedAt,
	}).Exec(ctx))
	return err
}

func (r receiving) List(
	ctx context.Context, p merchant.ProjectID,
) ([]merchant.ReceivingAccount, error) {
	if !isUUID(p) {
		return nil, nil
	}
	rows, err := all[receivingRow](ctx, r.in(), "SELECT "+receivingColumns+`
		FROM receiving_accounts WHERE project_id = $1 AND removed_at IS NULL
		ORDER BY created_at DESC, id DESC`, p)
	var out []merchant.ReceivingAccount
	for _, row := range rows {
		out = append(out, row.account())
	}
	return out, err
}

func (r receiving) Relabel(
	ctx context.Context, p merchant.ProjectID, id merchant.ReceivingID, label string,
) error {
	if !isUUID(p) || !isUUID(id) {
		return ports.ErrNotFound
	}
	return exists(exec(ctx, r.in(), `UPDATE receiving_accounts SET label = $3
		WHERE project_id = $1 AND id = $2 AND removed_at IS NULL`, p, id, label))
}

func (r receiving) Remove(
	ctx context.Context, p merchant.ProjectID, id merchant.ReceivingID, now time.Time,
) error {
	if !isUUID(p) || !isUUID(id) {
		return ports.ErrNotFound
	}
	return exists(exec(ctx, r.in(), `UPDATE receiving_accounts SET removed_at = $3
		WHERE project_id = $1 AND id = $2 AND removed_at IS NULL`, p, id, now))
}

type methodRow struct {
	Method  checkout.Method
	Enabled bool
}

func (r receiving) Methods(
	ctx context.Context, p merchant.ProjectID,
) (map[checkout.Method]bool, error) {
	out := make(map[checkout.Method]bool)
	if !isUUID(p) {
		return out, nil
	}
	rows, err := all[methodRow](ctx, r.in(),
		"SELECT method, enabled FROM payment_methods WHERE project_id = $1", p)
	for _, row := range rows {
		out[row.Method] = row.Enabled
	}
	return out, err
}

func (r receiving) SetMethod(
	ctx context.Context, p merchant.ProjectID, m checkout.Method, enabled bool,
) error {
	_, err := exec(ctx, r.in(), `INSERT INTO payment_methods (project_id, method, enabled)
		VALUES ($1, $2, $3)
		ON CONFLICT (project_id, method) DO UPDATE SET enabled = EXCLUDED.enabled`, p, m, enabled)
	return err
}
