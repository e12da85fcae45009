package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// Announcer records what merchants are told, inside the unit of work that made it happen.
type Announcer struct {
	IDs       ports.IDs
	Clock     ports.Clock
	Encoder   ports.EventEncoder
	Addresses ports.AddressEncoder
	Agents    ports.AgentEncoder
}

// news is something that happened to a session. concerned is set as ports.EventEncoder says.
type news struct {
	what      webhook.Type
	of        checkout.Snapshot
	concerned *ports.TransferRow
}

// session announces something that happened to a session. concerned is set as ports.EventEncoder says.
func (a Announcer) session(
	ctx context.Context, r ports.Repos, t webhook.Type, s checkout.Snapshot, concerned *ports.TransferRow,
) error {
	return a.sessions(ctx, r, []news{{t, s, concerned}})
}

// sessions announces what happened to sessions.
func (a Announcer) sessions(ctx context.Context, r ports.Repos, list []news) error {
	events, now := make([]webhook.Event, len(list)), a.Clock.Now().UTC().Truncate(time.Microsecond)
	for i, n := range list {
		e := webhook.Event{
			ID: "evt_" + a.IDs.UUID(), MerchantID: n.of.MerchantID, ProjectID: n.of.ProjectID, Mode: n.of.Mode,
			Type: n.what, SessionID: string(n.of.ID), Version: n.of.Version, CreatedAt: now,
		}
		body, err := a.Encoder.Encode(e, n.of, n.concerned)
		if err != nil {
			return fmt.Errorf("encode %s: %w", n.what, err)
		}
		e.Body = body
		events[i] = e
	}
	return announce(ctx, r, events, a.IDs)
}

// address announces what becomes of a receiving account. Accounts are for real money, so live endpoints
// are told, whatever mode the merchant works in.
func (a Announcer) address(ctx context.Context, r ports.Repos, t webhook.Type, c ports.AddressChange) error {
	e := webhook.Event{
		ID: "evt_" + a.IDs.UUID(), MerchantID: c.Account.MerchantID, ProjectID: c.Account.ProjectID,
		Mode: merchant.Live, Type: t, CreatedAt: a.Clock.Now().UTC().Truncate(time.Microsecond),
	}
	body, err := a.Addresses.EncodeAddress(e, c)
	if err != nil {
		return fmt.Errorf("encode %s: %w", t, err)
	}
	e.Body = body
	return announce(ctx, r, []webhook.Event{e}, a.IDs)
}

// agent announces what became of an agent's payment.
func (a Announcer) agent(ctx context.Context, r ports.Repos, t webhook.Type, row ports.AuthorizationRow) error {
	e := webhook.Event{
		ID: "evt_" + a.IDs.UUID(), MerchantID: merchantOf(row), ProjectID: row.ProjectID, Mode: row.Mode, Type: t,
		SessionID: row.SessionID, CreatedAt: a.Clock.Now().UTC().Truncate(time.Microsecond),
	}
	body, err := a.Agents.EncodeAgent(e, row)
	if err != nil {
		return fmt.Errorf("encode %s: %w", t, err)
	}
	e.Body = body
	return announce(ctx, r, []webhook.Event{e}, a.IDs)
}

// merchantOf is whose payment it is.
func merchantOf(row ports.AuthorizationRow) merchant.ID {
	return merchant.ID(row.Settlement.Snapshot().Binding.MerchantID)
}

// Limits of lists.
const (
	maxEventPage    = 100
	maxDeliveryPage = 100
)

// EventFilter selects a page of events, newest first. Zero fields do not filter.
type EventFilter struct {
	Type      webhook.Type
	SessionID string
	Before    ports.EventMark // the last one of the page before
	Limit     int             // at most maxEventPage
}

// List pages through the events, newest first.
func (s *Webhooks) List(
	ctx context.Context, who merchant.Principal, f EventFilter,
) (events []webhook.Event, more bool, err error) {
	return s.Reads.Events(ctx, ports.EventQuery{
		Project: who.Project, Mode: who.Mode, Type: f.Type, SessionID: f.SessionID, Before: f.Before,
		Limit: min(max(f.Limit, 1), maxEventPage),
	})
}

// Event finds one event with its deliveries.
func (s *Webhooks) Event(
	ctx context.Context, who merchant.Principal, id string,
) (webhook.Event, []webhook.Delivery, error) {
	e, deliveries, err := s.Reads.Event(ctx, who.Project, id)
	if err == nil && e.Mode != who.Mode {
		err = ports.ErrNotFound
	}
	if err != nil {
		return webhook.Event{}, nil, err
	}
	return e, deliveries, nil
}

// Attempts lists the attempts at one delivery of an event, oldest first.
func (s *Webhooks) Attempts(
	ctx context.Context, who merchant.Principal, eventID, deliveryID string,
) ([]webhook.Attempt, error) {
	_, deliveries, err := s.Event(ctx, who, eventID)
	if err != nil {
		return nil, err
	}
	isIt := func(d webhook.Delivery) bool { return d.ID == deliveryID }
	if !slices.ContainsFunc(deliveries, isIt) {
		return nil, ports.ErrNotFound
	}
	return s.Reads.Attempts(ctx, who.Project, deliveryID)
}

// Recent lists the newest deliveries to an endpoint.
func (s *Webhooks) Recent(
	ctx context.Context, who merchant.Principal, endpointID string, limit int,
) ([]ports.DeliveryCase, error) {
	if _, err := s.Endpoint(ctx, who, endpointID); err != nil {
		return nil, err
	}
	limit = min(max(limit, 1), maxDeliveryPage)
	return s.Reads.EndpointDeliveries(ctx, who.Project, endpointID, limit)
}

// ReplayInput is what shall be told again.
type ReplayInput struct {
	Who        merchant.Principal
	EventID    string
	EndpointID string // "" means every enabled endpoint that asks for such events
}

// Replay delivers an event again, whatever came of it before, to one endpoint or to all. The event
// and its id stay the same: a receiver that took it already recognises it.
func (s *Webhooks) Replay(
	ctx context.Context, in ReplayInput, once Once[[]webhook.Delivery],
) ([]webhook.Delivery, *ports.Answer, error) {
	e, _, err := s.Event(ctx, in.Who, in.EventID)
	if err != nil {
		return nil, nil, err
	}
	now := s.now()
	return run(ctx, s.Core, webhookScope(in.Who), once,
		func(ctx context.Context, r ports.Repos) ([]webhook.Delivery, error) {
			to, err := replayTargets(ctx, r, in, e.Type)
			if err != nil {
				return nil, err
			}
			was, err := r.Webhooks.Deliveries().OfEvent(ctx, e.ID)
			if err != nil {
				return nil, err
			}
			out := make([]webhook.Delivery, len(to))
			for i, endpoint := range to {
				isIts := func(d webhook.Delivery) bool { return d.EndpointID == endpoint.ID }
				if at := slices.IndexFunc(was, isIts); at >= 0 {
					out[i], err = replay(ctx, r, was[at].ID, now)
				} else {
					out[i] = owe(e, endpoint, now, s.Core.IDs)
					err = r.Webhooks.Deliveries().Add(ctx, out[i])
				}
				if err != nil {
					return nil, err
				}
				if err := r.Jobs.Enqueue(ctx, firstTry(out[i]), time.Time{}); err != nil {
					return nil, err
				}
			}
			return out, nil
		})
}

// replayTargets answers the endpoints an event shall be told again, locked.
func replayTargets(
	ctx context.Context, r ports.Repos, in ReplayInput, t webhook.Type,
) ([]webhook.Endpoint, error) {
	if in.EndpointID != "" {
		e, err := loadEndpoint(ctx, r, in.Who, in.EndpointID)
		if err == nil && !e.Enabled {
			err = webhook.ErrEndpointDisabled
		}
		return []webhook.Endpoint{e}, err
	}
	all, err := r.Webhooks.Endpoints(ctx, in.Who.Project, in.Who.Mode)
	if err != nil {
		return nil, err
	}
	isOut := func(e webhook.Endpoint) bool { return !e.Enabled || !e.Wants(t) }
	all = slices.DeleteFunc(all, isOut)
	for i := range all { // locked, so that two replays at once do not both owe the same delivery
		if all[i], err = loadEndpoint(ctx, r, in.Who, all[i].ID); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// replay starts a delivery anew.
func replay(
	ctx context.Context, r ports.Repos, id string, now time.Time,
) (webhook.Delivery, error) {
	c, err := r.Webhooks.Deliveries().Load(ctx, id)
	if err != nil {
		return webhook.Delivery{}, err
	}
	c.Delivery.Replay(now)
	return c.Delivery, r.Webhooks.Deliveries().Save(ctx, c.Delivery)
}

// DeliveriesOf lists what is owed for several events, by event.
func (s *Webhooks) DeliveriesOf(
	ctx context.Context, who merchant.Principal, eventIDs []string,
) (map[string][]webhook.Delivery, error) {
	return s.Reads.DeliveriesOf(ctx, who.Project, eventIDs[:min(len(eventIDs), maxEventPage)])
}

// AttemptsOf lists the attempts at several deliveries, by delivery, oldest first.
func (s *Webhooks) AttemptsOf(
	ctx context.Context, who merchant.Principal, deliveryIDs []string,
) (map[string][]webhook.Attempt, error) {
	return s.Reads.AttemptsOf(ctx, who.Project, deliveryIDs)
}
