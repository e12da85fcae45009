package graphql

import (
	"context"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
)

// maxEndpointDescription is in characters.
const maxEndpointDescription = 200

// CreateWebhookEndpoint adds an endpoint.
func (m mutations) CreateWebhookEndpoint(ctx context.Context, input WebhookEndpointInput) (*NewWebhookEndpointPayload, error) {
	who, err := m.secretive(ctx, member.ManageWebhooks, input.Project, input.Mode)
	if err != nil {
		return nil, err
	}
	in := app.EndpointInput{Who: who, URL: input.URL, Types: input.Types}
	if input.Description != nil {
		in.Description = *input.Description
	}
	var made app.Registered
	if err = edge.Text("description", in.Description, maxEndpointDescription, false); err == nil {
		made, _, err = m.Webhooks.Create(ctx, in, app.Once[app.Registered]{})
	}
	return newEndpoint(who, made, err)
}

func newEndpoint(who merchant.Principal, made app.Registered, err error) (*NewWebhookEndpointPayload, error) {
	out := &NewWebhookEndpointPayload{}
	return done(out, &out.UserErrors, err, func() {
		out.Endpoint, out.Unreachable = showEndpoint(who, made.Endpoint), &made.Unreachable
		if len(made.Secret.Key()) > 0 {
			out.Secret = optional(made.Secret.Reveal())
		}
	})
}

// UpdateWebhookEndpoint changes an endpoint.
func (m mutations) UpdateWebhookEndpoint(ctx context.Context, input WebhookEndpointChange) (*WebhookEndpointPayload, error) {
	who, err := m.enter(ctx, member.ManageWebhooks, input.Project, input.Mode)
	if err != nil {
		return nil, err
	}
	change := app.EndpointChange{URL: input.URL, Description: input.Description, Enabled: input.Enabled}
	if input.Types != nil {
		change.Types = &input.Types
	}
	var changed app.Registered
	if change.Description != nil {
		err = edge.Text("description", *change.Description, maxEndpointDescription, false)
	}
	if err == nil {
		changed, _, err = m.Webhooks.Update(ctx, who, input.ID, change, app.Once[app.Registered]{})
	}
	out := &WebhookEndpointPayload{}
	return done(out, &out.UserErrors, err, func() { out.Endpoint = showEndpoint(who, changed.Endpoint) })
}

// RemoveWebhookEndpoint removes an endpoint.
func (m mutations) RemoveWebhookEndpoint(ctx context.Context, project string, mode Mode, id string) (*RemovedPayload, error) {
	who, err := m.enter(ctx, member.ManageWebhooks, project, mode)
	if err != nil {
		return nil, err
	}
	_, err = m.Webhooks.Remove(ctx, who, id, app.Once[struct{}]{})
	return removed(err)
}

// RotateWebhookSecret gives an endpoint a new secret.
func (m mutations) RotateWebhookSecret(ctx context.Context, project string, mode Mode, id string) (*NewWebhookEndpointPayload, error) {
	who, err := m.secretive(ctx, member.ManageWebhooks, project, mode)
	if err != nil {
		return nil, err
	}
	made, _, err := m.Webhooks.Rotate(ctx, who, id, app.Once[app.Registered]{})
	return newEndpoint(who, made, err)
}

// TestWebhookEndpoint sends an endpoint an event that means nothing.
func (m mutations) TestWebhookEndpoint(ctx context.Context, project string, mode Mode, id string) (*EventPayload, error) {
	who, err := m.enter(ctx, member.ManageWebhooks, project, mode)
	if err != nil {
		return nil, err
	}
	e, _, err := m.Webhooks.Test(ctx, who, id, app.Once[webhook.Event]{})
	out := &EventPayload{}
	return done(out, &out.UserErrors, err, func() { out.Event = m.showEvents(who, []webhook.Event{e})[0] })
}

// ReplayEvent delivers an event again.
func (m mutations) ReplayEvent(ctx context.Context, project string, mode Mode, id string, endpoint *string) (*DeliveriesPayload, error) {
	who, err := m.enter(ctx, member.ManageWebhooks, project, mode)
	if err != nil {
		return nil, err
	}
	e, _, err := m.Webhooks.Event(ctx, who, id)
	if err != nil {
		return nil, err
	}
	in := app.ReplayInput{Who: who, EventID: e.ID}
	if endpoint != nil {
		in.EndpointID = *endpoint
	}
	owed, _, err := m.Webhooks.Replay(ctx, in, app.Once[[]webhook.Delivery]{})
	out := &DeliveriesPayload{}
	return done(out, &out.UserErrors, err, func() {
		out.Deliveries = m.showDeliveries(who, owed, func(webhook.Delivery) webhook.Event { return e })
	})
}
