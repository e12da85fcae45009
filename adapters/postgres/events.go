package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// eventRow is an event under names no delivery or endpoint has.
type eventRow struct {
	EvID         string
	EvMerchantID merchant.ID
	EvProjectID  merchant.ProjectID
	EvMode       string
	EvType       webhook.Type
	EvSessionID  string
	EvVersion    int64
	EvBody       []byte
	EvCreatedAt  time.Time
}

const eventColumns = "ev.id AS ev_id, ev.merchant_id AS ev_merchant_id," +
	" ev.project_id AS ev_project_id, ev.mode AS ev_mode, ev.type AS ev_type," +
	" ev.session_id AS ev_session_id, ev.version AS ev_version, ev.body AS ev_body," +
	" ev.created_at AS ev_created_at"

func (r eventRow) event() (webhook.Event, error) {
	mode, err := merchant.ParseMode(r.EvMode)
	return webhook.Event{
		ID: r.EvID, MerchantID: r.EvMerchantID, ProjectID: r.EvProjectID, Mode: mode, Type: r.EvType,
		SessionID: r.EvSessionID, Version: r.EvVersion, Body: r.EvBody, CreatedAt: r.EvCreatedAt,
	}, err
}

// caseRow is a delivery with its event and endpoint.
type caseRow struct {
	deliveryRow
	eventRow
	Endpoint endpointRow `bun:"embed:e_"`
}

const prefixedEndpointColumns = "e.id AS e_id, e.merchant_id AS e_merchant_id, e.project_id AS e_project_id," +
	" e.mode AS e_mode, e.url AS e_url, e.types AS e_types," +
	" e.description AS e_description, e.secret AS e_secret," +
	" e.older_secret AS e_older_secret, e.second_until AS e_second_until," +
	" e.enabled AS e_enabled, e.disabled_for AS e_disabled_for, e.failures AS e_failures," +
	" e.failing_since AS e_failing_since, e.created_at AS e_created_at"

const caseQuery = "SELECT " + deliveryColumns + ", " + eventColumns + ", " +
	prefixedEndpointColumns + ` FROM webhook_endpoints e
	JOIN webhook_deliveries d ON d.endpoint_id = e.id
	JOIN webhook_events ev ON ev.id = d.event_id `

func (r caseRow) deliveryCase() (ports.DeliveryCase, error) {
	event, err := r.event()
	if err != nil {
		return ports.DeliveryCase{}, err
	}
	endpoint, err := r.Endpoint.endpoint()
	return ports.DeliveryCase{Delivery: r.delivery(), Event: event, Endpoint: endpoint}, err
}

// Events implements ports.WebhookReads.
func (s *Store) Events(ctx context.Context, q ports.EventQuery) ([]webhook.Event, bool, error) {
	if !isUUID(q.Project) || !isText(q.SessionID) || !isText(q.Before.ID) ||
		q.Type != "" && !slices.Contains(webhook.Types(), q.Type) {
		return nil, false, nil
	}
	var f filter
	f.add("ev.project_id = $?", q.Project)
	if q.Mode != 0 {
		f.add("ev.mode = $?", q.Mode.String())
	}
	if q.Type != "" { // a plan for whatever type would walk all events to find a rare one
		f.add("ev.type = '" + string(q.Type) + "'")
	}
	if q.SessionID != "" {
		f.add("ev.session_id = $? AND ev.session_id <> ''", q.SessionID)
	}
	if (q.Before != ports.EventMark{}) {
		f.add("(ev.created_at, ev.id) < ($?, $?)", q.Before.At, q.Before.ID)
	}
	rows, err := all[eventRow](ctx, s.in(), "SELECT "+eventColumns+" FROM webhook_events ev"+
		f.page("ev.created_at DESC, ev.id DESC", q.Limit), append([]any{prepared}, f.args...)...)
	if err != nil {
		return nil, false, err
	}
	rows, more := cut(rows, q.Limit)
	events, err := each(rows, eventRow.event)
	return events, more, err
}

// Event implements ports.WebhookReads.
func (s *Store) Event(
	ctx context.Context, p merchant.ProjectID, id string,
) (webhook.Event, []webhook.Delivery, error) {
	if !isUUID(p) || !isText(id) {
		return webhook.Event{}, nil, ports.ErrNotFound
	}
	row, err := one[eventRow](ctx, s.in(), "SELECT "+eventColumns+
		" FROM webhook_events ev WHERE ev.project_id = $1 AND ev.id = $2", p, id)
	if err != nil {
		return webhook.Event{}, nil, err
	}
	event, err := row.event()
	if err != nil {
		return webhook.Event{}, nil, err
	}
	rows, err := all[deliveryRow](ctx, s.in(), ofEventQuery, id)
	return event, deliveriesOf(rows), err
}
