package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type merchants struct{ *unit }

type projects struct{ *unit }

type merchantRow struct {
	bun.BaseModel `bun:"table:merchants"`
	ID            merchant.ID
	ClientID      merchant.ClientID
	Email         string
	Name          string
	PasswordHash  string
	CreatedAt     time.Time
}

const merchantColumns = "id, client_id, email, name, password_hash, created_at"

func (r merchantRow) account() ports.Account {
	return ports.Account{
		Merchant: merchant.Merchant{
			ID: r.ID, ClientID: r.ClientID, Email: r.Email, Name: r.Name, CreatedAt: r.CreatedAt,
		},
		PasswordHash: r.PasswordHash,
	}
}

type projectRow struct {
	bun.BaseModel   `bun:"table:projects"`
	ID              merchant.ProjectID
	MerchantID      merchant.ID
	Name            string
	WebsiteURL      string
	Mode            string
	Disabled        bool
	SessionMinutes  int
	Late            merchant.LatePolicy
	RecordedCharges bool
	CreatedAt       time.Time

	ToleranceBasisPoints int
	Underpaid            merchant.UnderpaidPolicy
	Finality             []finalityRow
	TwoSourcesFrom       int
}

// finalityRow is a rule of confirmations within its column.
type finalityRow struct {
	Network       chain.Network `json:"network"`
	UpTo          int           `json:"up_to"`
	Confirmations int           `json:"confirmations"`
}

const projectColumns = "id, merchant_id, name, website_url, mode, disabled, session_minutes, late," +
	" recorded_charges, created_at, tolerance_basis_points, underpaid, finality, two_sources_from"

func (r projectRow) project() (merchant.Project, error) {
	mode, err := merchant.ParseMode(r.Mode)
	return merchant.Project{
		ID: r.ID, MerchantID: r.MerchantID, Name: r.Name, WebsiteURL: r.WebsiteURL, Mode: mode,
		Disabled: r.Disabled, CreatedAt: r.CreatedAt, Policy: merchant.Policy{
			SessionMinutes: r.SessionMinutes, Late: r.Late, RecordedCharges: r.RecordedCharges,
			ToleranceBasisPoints: r.ToleranceBasisPoints, Underpaid: r.Underpaid,
			Finality: finalityRules(r.Finality), TwoSourcesFrom: r.TwoSourcesFrom,
		},
	}, err
}

func finalityRules(rows []finalityRow) []merchant.FinalityRule {
	var out []merchant.FinalityRule
	for _, r := range rows {
		out = append(out, merchant.FinalityRule(r))
	}
	return out
}

func finalityRows(rules []merchant.FinalityRule) []finalityRow {
	out := make([]finalityRow, len(rules)) // an empty column holds [], never null
	for i, r := range rules {
		out[i] = finalityRow(r)
	}
	return out
}

func (r merchants) Add(ctx context.Context, a ports.Account, p merchant.Project) error {
	m := a.Merchant
	n, err := changed(r.tx.NewInsert().Model(&merchantRow{
		ID: m.ID, ClientID: m.ClientID, Email: m.Email, Name: m.Name, PasswordHash: a.PasswordHash,
		CreatedAt: m.CreatedAt,
	}).On("CONFLICT DO NOTHING").Exec(ctx))
	if err != nil {
		return err
	}
	if n == 0 {
		return r.whatIsTaken(ctx, m)
	}
	if err := r.insertProject(ctx, p); err != nil {
		return err
	}
	return r.openBooks(ctx, m.ID)
}

// whatIsTaken says why an account was refused. Whoever has it is committed: the insert waited for him.
func (r merchants) whatIsTaken(ctx context.Context, m merchant.Merchant) error {
	switch _, err := r.ByEmail(ctx, m.Email); {
	case err == nil:
		return ports.ErrTaken.About("email")
	case !errors.Is(err, ports.ErrNotFound):
		return err
	}
	return ports.ErrTaken.About("clientId")
}

func (r merchants) ByEmail(ctx context.Context, email string) (ports.Account, error) {
	if !isText(email) {
		return ports.Account{}, ports.ErrNotFound
	}
	row, err := one[merchantRow](ctx, r.in(),
		"SELECT "+merchantColumns+" FROM merchants WHERE email = $1", email)
	return row.account(), err
}

func (r merchants) ByID(ctx context.Context, id merchant.ID) (merchant.Merchant, error) {
	if !isUUID(id) {
		return merchant.Merchant{}, ports.ErrNotFound
	}
	row, err := one[merchantRow](ctx, r.in(),
		"SELECT "+merchantColumns+" FROM merchants WHERE id = $1", id)
	return row.account().Merchant, err
}

func (r merchants) Rename(ctx context.Context, id merchant.ID, name string) error {
	if !isUUID(id) {
		return ports.ErrNotFound
	}
	return exists(exec(ctx, r.in(), "UPDATE merchants SET name = $2 WHERE id = $1", id, name))
}

func (r projects) Of(ctx context.Context, id merchant.ID) ([]merchant.Project, error) {
	if !isUUID(id) {
		return nil, nil
	}
	// The default project is the first one made.
	rows, err := all[projectRow](ctx, r.in(),
		"SELECT "+projectColumns+" FROM projects WHERE merchant_id = $1 ORDER BY created_at, id", id)
	if err != nil {
		return nil, err
	}
	return each(rows, projectRow.project)
}

func (r projects) ByID(ctx context.Context, id merchant.ProjectID) (merchant.Project, error) {
	return r.find(ctx, id, "")
}

// Project implements ports.ProjectReads.
func (s *Store) Project(ctx context.Context, id merchant.ProjectID) (merchant.Project, error) {
	if !isUUID(id) {
		return merchant.Project{}, ports.ErrNotFound
	}
	row, err := s.ring.projects.ask(ctx, id, s.projects, ports.ErrNotFound)
	if err != nil {
		return merchant.Project{}, err
	}
	return row.project()
}

func (s *Store) projects(
	ctx context.Context, of []merchant.ProjectID,
) (map[merchant.ProjectID]projectRow, error) {
	rows, err := all[projectRow](ctx, s.in(),
		"SELECT "+projectColumns+" FROM projects WHERE id = ANY($1::text[]::uuid[])", prepared, texts(of))
	return by(rows, func(r projectRow) merchant.ProjectID { return r.ID }), err
}

func (r projects) ByIDs(
	ctx context.Context, ids []merchant.ProjectID,
) (map[merchant.ProjectID]merchant.Project, error) {
	found := make(map[merchant.ProjectID]merchant.Project, len(ids))
	asked := uuids(ids)
	if len(asked) == 0 {
		return found, nil
	}
	rows, err := all[projectRow](ctx, r.in(),
		"SELECT "+projectColumns+" FROM projects WHERE id = ANY($1::text[]::uuid[])", prepared, asked)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if found[row.ID], err = row.project(); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (r projects) Load(ctx context.Context, id merchant.ProjectID) (merchant.Project, error) {
	return r.find(ctx, id, " FOR NO KEY UPDATE")
}

func (r projects) find(
	ctx context.Context, id merchant.ProjectID, lock string,
) (merchant.Project, error) {
	if !isUUID(id) {
		return merchant.Project{}, ports.ErrNotFound
	}
	row, err := one[projectRow](ctx, r.in(),
		"SELECT "+projectColumns+" FROM projects WHERE id = $1"+lock, id)
	if err != nil {
		return merchant.Project{}, err
	}
	return row.project()
}

func (r projects) Add(ctx context.Context, p merchant.Project) error {
	if !isUUID(p.MerchantID) || !isUUID(p.ID) {
		return ports.ErrNotFound
	}
	err := exists(exec(ctx, r.in(), "SELECT id FROM merchants WHERE id = $1 FOR NO KEY UPDATE", p.MerchantID))
	if err != nil {
		return err
	}
	n, err := one[countRow](ctx, r.in(), "SELECT count(*) AS count FROM projects WHERE merchant_id = $1", p.MerchantID)
	if err != nil {
		return err
	}
	if n.Count >= merchant.MaxProjects {
		return merchant.ErrTooManyProjects
	}
	return r.insertProject(ctx, p)
}

func (u *unit) insertProject(ctx context.Context, p merchant.Project) error {
	_, err := changed(u.tx.NewInsert().Model(&projectRow{
		ID: p.ID, MerchantID: p.MerchantID, Name: p.Name, WebsiteURL: p.WebsiteURL,
		Mode: p.Mode.String(), Disabled: p.Disabled, SessionMinutes: p.Policy.SessionMinutes,
		Late: p.Policy.Late, RecordedCharges: p.Policy.RecordedCharges, CreatedAt: p.CreatedAt,
		ToleranceBasisPoints: p.Policy.ToleranceBasisPoints, Underpaid: p.Policy.Underpaid,
		Finality: finalityRows(p.Policy.Finality), TwoSourcesFrom: p.Policy.TwoSourcesFrom,
	}).Exec(ctx))
	return err
}

func (r projects) Update(ctx context.Context, p merchant.Project) error {
	if !isUUID(p.ID) {
		return ports.ErrNotFound
	}
	finality, err := json.Marshal(finalityRows(p.Policy.Finality))
	if err != nil {
		return err
	}
	return r.apart(ctx, func() error {
		return exists(exec(ctx, r.in(), `UPDATE projects
			SET name = $2, website_url = $3, mode = $4, session_minutes = $5, late = $6,
				recorded_charges = $7, tolerance_basis_points = $8, underpaid = $9,
				finality = $10::text::jsonb, two_sources_from = $11
			WHERE id = $1`, p.ID, p.Name, p.WebsiteURL, p.Mode.String(), p.Policy.SessionMinutes,
			p.Policy.Late, p.Policy.RecordedCharges, p.Policy.ToleranceBasisPoints, p.Policy.Underpaid,
			string(finality), p.Policy.TwoSourcesFrom))
	})
}
