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
	ActiveFrom    time.Time
	RemovedAt     time.Time            `bun:",nullzero"`
	Replaces      merchant.ReceivingID `bun:",nullzero"`
	Proven        bool
	ToldAt        time.Time `bun:",nullzero"`
	Seal          string
}

const receivingColumns = "id, merchant_id, project_id, network, asset, address, label, created_at," +
	" active_from, removed_at, replaces, proven, told_at, seal"

func (r receivingRow) account() merchant.ReceivingAccount {
	return merchant.ReceivingAccount{
		ID: r.ID, MerchantID: r.MerchantID, ProjectID: r.ProjectID, Network: r.Network, Asset: r.Asset,
		Address: r.Address, Label: r.Label, CreatedAt: r.CreatedAt, ActiveFrom: r.ActiveFrom,
		RemovedAt: r.RemovedAt, Replaces: r.Replaces, Proven: r.Proven, ToldAt: r.ToldAt, Seal: r.Seal,
	}
}

func accounts(rows []receivingRow, err error) ([]merchant.ReceivingAccount, error) {
	var out []merchant.ReceivingAccount
	for _, row := range rows {
		out = append(out, row.account())
	}
	return out, err
}

// lockProject makes units of work that count or replace rows of a project take turns.
func (u *unit) lockProject(ctx context.Context, id merchant.ProjectID) error {
	if !isUUID(id) {
		return ports.ErrNotFound
	}
	return exists(exec(ctx, u.in(), "SELECT id FROM projects WHERE id = $1 FOR UPDATE", id))
}

func (r receiving) Load(
	ctx context.Context, p merchant.ProjectID, since time.Time,
) ([]merchant.ReceivingAccount, error) {
	if err := r.lockProject(ctx, p); err != nil {
		if errors.Is(err, ports.ErrNotFound) {
			err = nil
		}
		return nil, err
	}
	return accounts(all[receivingRow](ctx, r.in(), "SELECT "+receivingColumns+`
		FROM receiving_accounts WHERE project_id = $1 AND (removed_at IS NULL OR removed_at >= $2)
		ORDER BY created_at, id`, p, since))
}

func (r receiving) Add(ctx context.Context, a merchant.ReceivingAccount) error {
	return r.apart(ctx, func() error {
		_, err := changed(r.tx.NewInsert().Model(&receivingRow{
			ID: a.ID, MerchantID: a.MerchantID, ProjectID: a.ProjectID, Network: a.Network, Asset: a.Asset,
			Address: a.Address, Label: a.Label, CreatedAt: a.CreatedAt, ActiveFrom: a.ActiveFrom,
			RemovedAt: a.RemovedAt, Replaces: a.Replaces, Proven: a.Proven, ToldAt: a.ToldAt, Seal: a.Seal,
		}).Exec(ctx))
		return err
	})
}

func (r receiving) Save(ctx context.Context, a merchant.ReceivingAccount) error {
	if !isUUID(a.ID) {
		return ports.ErrNotFound
	}
	return r.apart(ctx, func() error {
		return exists(exec(ctx, r.in(), `UPDATE receiving_accounts
			SET label = $2, removed_at = $3, told_at = $4, seal = $5 WHERE id = $1`,
			a.ID, a.Label, orNull(a.RemovedAt), orNull(a.ToldAt), a.Seal))
	})
}

func (r receiving) List(
	ctx context.Context, p merchant.ProjectID, now time.Time,
) ([]merchant.ReceivingAccount, error) {
	found, err := r.ListOf(ctx, []merchant.ProjectID{p}, now)
	return found[p], err
}

func (r receiving) ListOf(
	ctx context.Context, of []merchant.ProjectID, now time.Time,
) (map[merchant.ProjectID][]merchant.ReceivingAccount, error) {
	found := make(map[merchant.ProjectID][]merchant.ReceivingAccount)
	asked := uuids(of)
	if len(asked) == 0 {
		return found, nil
	}
	rows, err := all[receivingRow](ctx, r.in(), "SELECT "+receivingColumns+`
		FROM receiving_accounts
		WHERE project_id = ANY($1::text[]::uuid[]) AND (removed_at IS NULL OR removed_at > $2)
		ORDER BY created_at DESC, id DESC`, prepared, asked, now)
	for _, row := range rows {
		found[row.ProjectID] = append(found[row.ProjectID], row.account())
	}
	return found, err
}

type methodRow struct {
	ProjectID merchant.ProjectID
	Method    checkout.Method
	Enabled   bool
}

func (r receiving) Methods(
	ctx context.Context, p merchant.ProjectID,
) (map[checkout.Method]bool, error) {
	found, err := r.MethodsOf(ctx, []merchant.ProjectID{p})
	return found[p], err
}

func (r receiving) MethodsOf(
	ctx context.Context, of []merchant.ProjectID,
) (map[merchant.ProjectID]map[checkout.Method]bool, error) {
	found := make(map[merchant.ProjectID]map[checkout.Method]bool)
	asked := uuids(of)
	if len(asked) == 0 {
		return found, nil
	}
	rows, err := all[methodRow](ctx, r.in(), `SELECT project_id, method, enabled FROM payment_methods
		WHERE project_id = ANY($1::text[]::uuid[])`, prepared, asked)
	for _, row := range rows {
		if found[row.ProjectID] == nil {
			found[row.ProjectID] = make(map[checkout.Method]bool)
		}
		found[row.ProjectID][row.Method] = row.Enabled
	}
	return found, err
}

func (r receiving) SetMethod(
	ctx context.Context, p merchant.ProjectID, m checkout.Method, enabled bool,
) error {
	_, err := exec(ctx, r.in(), `INSERT INTO payment_methods (project_id, method, enabled)
		VALUES ($1, $2, $3)
		ON CONFLICT (project_id, method) DO UPDATE SET enabled = EXCLUDED.enabled`, p, m, enabled)
	return err
}
