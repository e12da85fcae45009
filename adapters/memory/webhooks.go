package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

type webhooks struct{ *unit }

func cloneEndpoint(e webhook.Endpoint) webhook.Endpoint {
	e.Types, e.Secrets = slices.Clone(e.Types), slices.Clone(e.Secrets)
	for i := range e.Secrets {
		e.Secrets[i] = bytes.Clone(e.Secrets[i])
	}
	return e
}

func cloneEvent(e webhook.Event) webhook.Event {
	e.Body = bytes.Clone(e.Body)
	return e
}

func (r webhooks) AddEndpoint(ctx context.Context, e webhook.Endpoint) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	if len(endpointsOf(s, e.ProjectID, e.Mode)) >= webhook.MaxEndpoints {
		return webhook.ErrTooManyEndpoints
	}
	s.endpoints.put(r.unit, e.ID, numbered[webhook.Endpoint]{cloneEndpoint(e), s.next()})
	return nil
}

// endpointsOf lists a project's endpoints of a mode, oldest first.
func endpointsOf(s *state, p merchant.ProjectID, m merchant.Mode) []webhook.Endpoint {
	rows := s.endpoints.where(func(e numbered[webhook.Endpoint]) bool {
		return e.row.ProjectID == p && e.row.Mode == m
	})
	slices.SortFunc(rows, func(a, b numbered[webhook.Endpoint]) int {
		return cmp.Or(a.row.CreatedAt.Compare(b.row.CreatedAt), cmp.Compare(a.number, b.number))
	})
	var out []webhook.Endpoint
	for _, e := range rows {
		out = append(out, cloneEndpoint(e.row))
	}
	return out
}

func (r webhooks) Endpoints(
	ctx context.Context, p merchant.ProjectID, m merchant.Mode,
) ([]webhook.Endpoint, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	return endpointsOf(s, p, m), nil
}

// endpoint finds an endpoint of a project.
func endpoint(s *state, p merchant.ProjectID, id string) (numbered[webhook.Endpoint], error) {
	e, found := s.endpoints.get(id)
	if !found || e.row.ProjectID != p {
		return e, ports.ErrNotFound
	}
	return e, nil
}

func (r webhooks) LoadEndpoint(
	ctx context.Context, p merchant.ProjectID, id string,
) (webhook.Endpoint, error) {
	s, err := r.state(ctx)
	if err != nil {
		return webhook.Endpoint{}, err
	}
	e, err := endpoint(s, p, id)
	if err != nil {
		return webhook.Endpoint{}, err
	}
	return cloneEndpoint(e.row), nil
}

func (r webhooks) SaveEndpoint(ctx context.Context, e webhook.Endpoint) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	was, err := endpoint(s, e.ProjectID, e.ID)
	if err != nil {
		return err
	}
	e.MerchantID, e.Mode, e.CreatedAt = was.row.MerchantID, was.row.Mode, was.row.CreatedAt
	s.endpoints.put(r.unit, e.ID, numbered[webhook.Endpoint]{cloneEndpoint(e), was.number})
	return nil
}

func (r webhooks) RemoveEndpoint(ctx context.Context, p merchant.ProjectID, id string) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	if _, err := endpoint(s, p, id); err != nil {
		return err
	}
	s.endpoints.drop(r.unit, id)
	for _, d := range s.deliveries.where(func(d numbered[webhook.Delivery]) bool {
		return d.row.EndpointID == id && d.row.Status == webhook.Pending
	}) {
		d.row.Status, d.row.NextAt = webhook.Failed, time.Time{}
		s.deliveries.put(r.unit, d.row.ID, d)
	}
	return nil
}

func (r webhooks) EndpointsOf(
	ctx context.Context, of []ports.Audience,
) (map[ports.Audience][]webhook.Endpoint, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	found := make(map[ports.Audience][]webhook.Endpoint)
	for _, a := range of {
		found[a] = endpointsOf(s, a.Project, a.Mode)
	}
	return found, nil
}

func (r webhooks) AddEvents(ctx context.Context, es []webhook.Event, owed []webhook.Delivery) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	for _, e := range es {
		s.events.put(r.unit, e.ID, cloneEvent(e))
	}
	for _, d := range owed {
		if err := r.Deliveries().Add(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

func (r webhooks) Deliveries() ports.Deliveries { return deliveries(r) }

// Events implements ports.WebhookReads.
func (s *Store) Events(_ context.Context, q ports.EventQuery) ([]webhook.Event, bool, error) {
	events := s.committed.Load().events.where(func(e webhook.Event) bool {
		return e.ProjectID == q.Project && (q.Mode == 0 || e.Mode == q.Mode) &&
			(q.Type == "" || e.Type == q.Type) && (q.SessionID == "" || e.SessionID == q.SessionID) &&
			(q.Before == ports.EventMark{} || newerEvent(q.Before, eventMark(e)) < 0)
	})
	slices.SortFunc(events, func(a, b webhook.Event) int {
		return newerEvent(eventMark(a), eventMark(b))
	})
	events, more := first(events, q.Limit)
	for i := range events {
		events[i] = cloneEvent(events[i])
	}
	return events, more, nil
}

func eventMark(e webhook.Event) ports.EventMark {
	return ports.EventMark{At: e.CreatedAt, ID: e.ID}
}

func newerEvent(a, b ports.EventMark) int {
	return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID))
}

// Event implements ports.WebhookReads.
func (s *Store) Event(
	_ context.Context, p merchant.ProjectID, id string,
) (webhook.Event, []webhook.Delivery, error) {
	now := s.committed.Load()
	e, found := now.events.get(id)
	if !found || e.ProjectID != p {
		return webhook.Event{}, nil, ports.ErrNotFound
	}
	return cloneEvent(e), deliveriesOf(now, id), nil
}
