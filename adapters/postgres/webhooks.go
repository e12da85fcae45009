package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

type webhooks struct{ *unit }

type endpointRow struct {
	bun.BaseModel `bun:"table:webhook_endpoints"`
	ID            string
	MerchantID    merchant.ID
	ProjectID     merchant.ProjectID
	Mode          string
	URL           string
	Types         []string `bun:",array"`
	Description   string
	Secret        []byte
	OlderSecret   []byte
	SecondUntil   time.Time `bun:",nullzero"`
	Enabled       bool
	DisabledFor   string
	Failures      int
	FailingSince  time.Time `bun:",nullzero"`
	CreatedAt     time.Time
}

const endpointColumns = "id, merchant_id, project_id, mode, url, types, description, secret," +
	" older_secret, second_until, enabled, disabled_for, failures, failing_since, created_at"

func rowOfEndpoint(e webhook.Endpoint) (endpointRow, error) {
	row := endpointRow{
		ID: e.ID, MerchantID: e.MerchantID, ProjectID: e.ProjectID, Mode: e.Mode.String(), URL: e.URL,
		Types: []string{}, Description: e.Description, SecondUntil: e.SecondUntil, Enabled: e.Enabled,
		DisabledFor: e.DisabledFor, Failures: e.Failures, FailingSince: e.FailingSince,
		CreatedAt: e.CreatedAt,
	}
	for _, t := range e.Types {
		row.Types = append(row.Types, string(t))
	}
	switch len(e.Secrets) {
	case 1:
		row.Secret = e.Secrets[0]
	case 2:
		row.Secret, row.OlderSecret = e.Secrets[0], e.Secrets[1]
	default:
		return row, fmt.Errorf("endpoint %s: %d secrets", e.ID, len(e.Secrets))
	}
	return row, nil
}

func (r endpointRow) endpoint() (webhook.Endpoint, error) {
	mode, err := merchant.ParseMode(r.Mode)
	e := webhook.Endpoint{
		ID: r.ID, MerchantID: r.MerchantID, ProjectID: r.ProjectID, Mode: mode, URL: r.URL,
		Description: r.Description, Secrets: [][]byte{r.Secret}, SecondUntil: r.SecondUntil,
		Enabled: r.Enabled, DisabledFor: r.DisabledFor, Failures: r.Failures,
		FailingSince: r.FailingSince, CreatedAt: r.CreatedAt,
	}
	for _, t := range r.Types {
		e.Types = append(e.Types, webhook.Type(t))
	}
	if len(r.OlderSecret) > 0 {
		e.Secrets = append(e.Secrets, r.OlderSecret)
	}
	return e, err
}

func (r webhooks) AddEndpoint(ctx context.Context, e webhook.Endpoint) error {
	row, err := rowOfEndpoint(e)
	if err != nil {
		return err
	}
	if err := r.lockProject(ctx, e.ProjectID); err != nil {
		return err
	}
	n, err := r.tx.NewSelect().Model((*endpointRow)(nil)).
		Where("project_id = ?", e.ProjectID).Where("mode = ?", e.Mode.String()).Count(ctx)
	if err != nil {
		return translate(err)
	}
	if n >= webhook.MaxEndpoints {
		return webhook.ErrTooManyEndpoints
	}
	_, err = changed(r.tx.NewInsert().Model(&row).Exec(ctx))
	return err
}

func (r webhooks) LoadEndpoint(
	ctx context.Context, p merchant.ProjectID, id string,
) (webhook.Endpoint, error) {
	if !isUUID(p) || !isText(id) {
		return webhook.Endpoint{}, ports.ErrNotFound
	}
	row, err := one[endpointRow](ctx, r.in(), "SELECT "+endpointColumns+`
		FROM webhook_endpoints WHERE project_id = $1 AND id = $2 FOR UPDATE`, p, id)
	if err != nil {
		return webhook.Endpoint{}, err
	}
	return row.endpoint()
}

func (r webhooks) SaveEndpoint(ctx context.Context, e webhook.Endpoint) error {
	if !isUUID(e.ProjectID) || !isText(e.ID) {
		return ports.ErrNotFound
	}
	row, err := rowOfEndpoint(e)
	if err != nil {
		return err
	}
	return exists(changed(r.tx.NewUpdate().Model(&row).
		Column("url", "types", "description", "secret", "older_secret", "second_until", "enabled",
			"disabled_for", "failures", "failing_since").
		Where("project_id = ?", e.ProjectID).Where("id = ?", e.ID).Exec(ctx)))
}

func (r webhooks) RemoveEndpoint(ctx context.Context, p merchant.ProjectID, id string) error {
	if !isUUID(p) || !isText(id) {
		return ports.ErrNotFound
	}
	err := exists(exec(ctx, r.in(),
		"DELETE FROM webhook_endpoints WHERE project_id = $1 AND id = $2", p, id))
	if err != nil {
		return err
	}
	_, err = exec(ctx, r.in(), `UPDATE webhook_deliveries SET status = 'failed', next_at = NULL
		WHERE endpoint_id = $1 AND status = 'pending'`, id)
	return err
}

func (r webhooks) Endpoints(
	ctx context.Context, p merchant.ProjectID, m merchant.Mode,
) ([]webhook.Endpoint, error) {
	if !isUUID(p) {
		return nil, nil
	}
	// Locked against removal: whoever reads them may be about to owe them a delivery, which the
	// removal would not see.
	rows, err := all[endpointRow](ctx, r.in(), "SELECT "+endpointColumns+`
		FROM webhook_endpoints WHERE project_id = $1 AND mode = $2 ORDER BY created_at, number
		FOR KEY SHARE`, p, m.String())
	if err != nil {
		return nil, err
	}
	return each(rows, endpointRow.endpoint)
}

func (r webhooks) AddEvent(ctx context.Context, e webhook.Event, ds []webhook.Delivery) error {
	_, err := exec(ctx, r.in(), `
		INSERT INTO webhook_events (
			id, merchant_id, project_id, mode, type, session_id, version, body, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, prepared, e.ID, e.MerchantID, e.ProjectID,
		e.Mode.String(), e.Type, e.SessionID, e.Version, e.Body, e.CreatedAt)
	if err != nil {
		return err
	}
	for _, d := range ds {
		if err := r.Deliveries().Add(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

func (r webhooks) Deliveries() ports.Deliveries { return deliveries(r) }

// hasEndpoint answers ErrNotFound unless the project has the endpoint.
func (s *Store) hasEndpoint(ctx context.Context, p merchant.ProjectID, id string) error {
	if !isUUID(p) || !isText(id) {
		return ports.ErrNotFound
	}
	n, err := s.db.NewSelect().Model((*endpointRow)(nil)).
		Where("project_id = ?", p).Where("id = ?", id).Count(ctx)
	if err == nil && n == 0 {
		return ports.ErrNotFound
	}
	return translate(err)
}
