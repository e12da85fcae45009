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
	of := ports.Audience{Project: p, Mode: m}
	found, err := r.EndpointsOf(ctx, []ports.Audience{of})
	return found[of], err
}

func (r webhooks) EndpointsOf(
	ctx context.Context, of []ports.Audience,
) (map[ports.Audience][]webhook.Endpoint, error) {
	var projects, modes []string
	for _, a := range of {
		if isUUID(a.Project) {
			projects, modes = append(projects, string(a.Project)), append(modes, a.Mode.String())
		}
	}
	if len(projects) == 0 {
		return nil, nil
	}
	// Locked against removal: whoever reads them may be about to owe them a delivery, which the
	// removal would not see.
	rows, err := all[endpointRow](ctx, r.in(), "SELECT "+endpointColumns+` FROM webhook_endpoints
		WHERE (project_id, mode) IN (
			SELECT a.project_id::uuid, a.mode FROM unnest($1::text[], $2::text[]) AS a (project_id, mode))
		ORDER BY created_at, number FOR KEY SHARE OF webhook_endpoints`, prepared, projects, modes)
	if err != nil {
		return nil, err
	}
	found := make(map[ports.Audience][]webhook.Endpoint)
	for _, row := range rows {
		e, err := row.endpoint()
		if err != nil {
			return nil, err
		}
		a := ports.Audience{Project: e.ProjectID, Mode: e.Mode}
		found[a] = append(found[a], e)
	}
	return found, nil
}

const addEvents = `
	INSERT INTO webhook_events (
		id, merchant_id, project_id, mode, type, session_id, version, body, created_at)
	SELECT e.id, e.merchant_id::uuid, e.project_id::uuid, e.mode, e.type, e.session_id, e.version, e.body,
		e.created_at
	FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
		$8::bytea[], $9::timestamptz[])
		AS e (id, merchant_id, project_id, mode, type, session_id, version, body, created_at)`

func (r webhooks) AddEvents(ctx context.Context, es []webhook.Event, owed []webhook.Delivery) error {
	var ids, merchants, projects, modes, types, sessions []string
	var versions []int64
	var bodies [][]byte
	var times []time.Time
	for _, e := range es {
		ids, merchants = append(ids, e.ID), append(merchants, string(e.MerchantID))
		projects, modes = append(projects, string(e.ProjectID)), append(modes, e.Mode.String())
		types, sessions = append(types, string(e.Type)), append(sessions, e.SessionID)
		versions, bodies = append(versions, e.Version), append(bodies, e.Body)
		times = append(times, e.CreatedAt)
	}
	_, err := exec(ctx, r.in(), addEvents, prepared, ids, merchants, projects, modes, types, sessions,
		versions, bodies, times)
	if err != nil {
		return err
	}
	return deliveries(r).addAll(ctx, owed)
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
