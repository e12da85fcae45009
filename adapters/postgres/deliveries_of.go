package postgres

import (
	"context"
	"slices"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// DeliveriesOf implements ports.WebhookReads.
func (s *Store) DeliveriesOf(
	ctx context.Context, p merchant.ProjectID, eventIDs []string,
) (map[string][]webhook.Delivery, error) {
	out := make(map[string][]webhook.Delivery, len(eventIDs))
	if !isUUID(p) {
		return out, nil
	}
	rows, err := all[deliveryRow](ctx, s.in(), "SELECT "+deliveryColumns+`
		FROM webhook_deliveries d JOIN webhook_events ev ON ev.id = d.event_id
		WHERE d.event_id = ANY($1::text[]) AND ev.project_id = $2 ORDER BY d.number`,
		prepared, slices.DeleteFunc(slices.Clone(eventIDs), isNoText), p)
	for _, row := range rows {
		out[row.EventID] = append(out[row.EventID], row.delivery())
	}
	return out, err
}

func isNoText(s string) bool { return !isText(s) }

type attemptOfRow struct {
	DeliveryID string
	attemptRow
}

// AttemptsOf implements ports.WebhookReads.
func (s *Store) AttemptsOf(
	ctx context.Context, p merchant.ProjectID, deliveryIDs []string,
) (map[string][]webhook.Attempt, error) {
	out := make(map[string][]webhook.Attempt, len(deliveryIDs))
	if !isUUID(p) {
		return out, nil
	}
	rows, err := all[attemptOfRow](ctx, s.in(), "SELECT a.delivery_id, "+attemptColumns+`
		FROM webhook_attempts a
		JOIN webhook_deliveries d ON d.id = a.delivery_id
		JOIN webhook_events ev ON ev.id = d.event_id
		WHERE a.delivery_id = ANY($1::text[]) AND ev.project_id = $2 ORDER BY a.number`,
		prepared, slices.DeleteFunc(slices.Clone(deliveryIDs), isNoText), p)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		a, err := row.attempt(row.DeliveryID)
		if err != nil {
			return nil, err
		}
		out[row.DeliveryID] = append(out[row.DeliveryID], a)
	}
	return out, nil
}

var _ ports.WebhookReads = (*Store)(nil)
