package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

type deliveries struct{ *unit }

func (r deliveries) Load(ctx context.Context, id string) (ports.DeliveryCase, error) {
	s, err := r.state(ctx)
	if err != nil {
		return ports.DeliveryCase{}, err
	}
	d, err := must(s.deliveries.get(id))
	if err != nil {
		return ports.DeliveryCase{}, err
	}
	return caseOf(s, d.row)
}

// caseOf joins a delivery with its event and endpoint.
func caseOf(s *state, d webhook.Delivery) (ports.DeliveryCase, error) {
	event, known := s.events.get(d.EventID)
	endpoint, lives := s.endpoints.get(d.EndpointID)
	if !known || !lives {
		return ports.DeliveryCase{}, ports.ErrNotFound
	}
	return ports.DeliveryCase{
		Delivery: d, Event: cloneEvent(event), Endpoint: cloneEndpoint(endpoint.row),
	}, nil
}

func (r deliveries) Save(ctx context.Context, d webhook.Delivery) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	was, err := must(s.deliveries.get(d.ID))
	if err != nil {
		return err
	}
	was.row.Status, was.row.Attempts, was.row.Round = d.Status, d.Attempts, d.Round
	was.row.NextAt, was.row.UpdatedAt = d.NextAt, d.UpdatedAt
	s.deliveries.put(r.unit, d.ID, was)
	return nil
}

func (r deliveries) AddAttempt(ctx context.Context, a webhook.Attempt) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	if _, known := s.deliveries.get(a.DeliveryID); !known {
		return ports.ErrNotFound
	}
	before, _ := s.attempts.get(a.DeliveryID)
	s.attempts.put(r.unit, a.DeliveryID, append(slices.Clip(before), cloneAttempt(a)))
	return nil
}

func cloneAttempt(a webhook.Attempt) webhook.Attempt {
	a.Sent, a.Answered = slices.Clone(a.Sent), slices.Clone(a.Answered)
	return a
}

func (r deliveries) Add(ctx context.Context, d webhook.Delivery) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	if _, known := s.events.get(d.EventID); !known {
		return fmt.Errorf("delivery %s: no event %s", d.ID, d.EventID)
	}
	s.deliveries.put(r.unit, d.ID, numbered[webhook.Delivery]{d, s.next()})
	return nil
}

func (r deliveries) OfEvent(ctx context.Context, eventID string) ([]webhook.Delivery, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	return deliveriesOf(s, eventID), nil
}

// deliveriesOf lists an event's deliveries in the order they were recorded.
func deliveriesOf(s *state, eventID string) []webhook.Delivery {
	rows := s.deliveries.where(func(d numbered[webhook.Delivery]) bool {
		return d.row.EventID == eventID
	})
	slices.SortFunc(rows, func(a, b numbered[webhook.Delivery]) int {
		return cmp.Compare(a.number, b.number)
	})
	var out []webhook.Delivery
	for _, d := range rows {
		out = append(out, d.row)
	}
	return out
}

// DeliveriesOf implements ports.WebhookReads.
func (s *Store) DeliveriesOf(
	_ context.Context, p merchant.ProjectID, eventIDs []string,
) (map[string][]webhook.Delivery, error) {
	now, out := s.committed.Load(), make(map[string][]webhook.Delivery, len(eventIDs))
	for _, id := range eventIDs {
		if e, found := now.events.get(id); found && e.ProjectID == p {
			if owed := deliveriesOf(now, id); len(owed) > 0 {
				out[id] = owed
			}
		}
	}
	return out, nil
}

// AttemptsOf implements ports.WebhookReads.
func (s *Store) AttemptsOf(
	ctx context.Context, p merchant.ProjectID, deliveryIDs []string,
) (map[string][]webhook.Attempt, error) {
	out := make(map[string][]webhook.Attempt, len(deliveryIDs))
	for _, id := range deliveryIDs {
		attempts, err := s.Attempts(ctx, p, id)
		if err == nil && len(attempts) > 0 {
			out[id] = attempts
		}
	}
	return out, nil
}

// Attempts implements ports.WebhookReads.
func (s *Store) Attempts(
	_ context.Context, p merchant.ProjectID, deliveryID string,
) ([]webhook.Attempt, error) {
	now := s.committed.Load()
	d, _ := now.deliveries.get(deliveryID)
	if e, found := now.events.get(d.row.EventID); !found || e.ProjectID != p {
		return nil, ports.ErrNotFound
	}
	attempts, _ := now.attempts.get(deliveryID)
	attempts = slices.Clone(attempts)
	for i := range attempts {
		attempts[i] = cloneAttempt(attempts[i])
	}
	slices.SortFunc(attempts, func(a, b webhook.Attempt) int {
		return cmp.Compare(a.Number, b.Number)
	})
	return attempts, nil
}

// EndpointDeliveries implements ports.WebhookReads.
func (s *Store) EndpointDeliveries(
	_ context.Context, p merchant.ProjectID, endpointID string, limit int,
) ([]ports.DeliveryCase, error) {
	now := s.committed.Load()
	if _, err := endpoint(now, p, endpointID); err != nil {
		return nil, err
	}
	rows := now.deliveries.where(func(d numbered[webhook.Delivery]) bool {
		return d.row.EndpointID == endpointID
	})
	slices.SortFunc(rows, func(a, b numbered[webhook.Delivery]) int {
		x, _ := now.events.get(a.row.EventID)
		y, _ := now.events.get(b.row.EventID)
		return cmp.Or(y.CreatedAt.Compare(x.CreatedAt), cmp.Compare(b.number, a.number))
	})
	rows, _ = first(rows, limit)
	var out []ports.DeliveryCase
	for _, d := range rows {
		c, err := caseOf(now, d.row)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}
