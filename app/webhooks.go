package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// Webhooks tells merchants what happened: it keeps their endpoints, and delivers events to them.
// Everything a merchant asks for concerns one project and mode; what belongs to another is not
// found.
type Webhooks struct {
	Core    Core
	Reads   ports.WebhookReads
	Sandbox ports.SandboxReads
	Sender  ports.Sender
	Prober  ports.Prober
	Events  Announcer
	Log     *slog.Logger
	// AllowPrivate admits URLs of this machine and its network: for development only.
	AllowPrivate bool

	lanes lanes
}

// Registered is an endpoint with what is said of it only once.
type Registered struct {
	Endpoint webhook.Endpoint
	// Secret signs what the endpoint gets. It is never shown again.
	Secret webhook.Secret
	// Unreachable warns that the URL's host could not be sent to just now.
	Unreachable bool
}

// EndpointInput is what a new endpoint says.
type EndpointInput struct {
	Who         merchant.Principal
	URL         string
	Types       []string // none means all
	Description string
}

// Create adds an endpoint with a secret of its own.
func (s *Webhooks) Create(
	ctx context.Context, in EndpointInput, once Once[Registered],
) (Registered, *ports.Answer, error) {
	e := webhook.Endpoint{
		ID: webhook.EndpointPrefix + s.Core.IDs.UUID(), MerchantID: in.Who.Merchant,
		ProjectID: in.Who.Project, Mode: in.Who.Mode, Enabled: true, CreatedAt: s.now(),
	}
	change := EndpointChange{URL: &in.URL, Types: &in.Types, Description: &in.Description}
	if err := s.apply(&e, change); err != nil {
		return Registered{}, nil, err
	}
	secret, sealed, err := s.newSecret(e.ID)
	if err != nil {
		return Registered{}, nil, err
	}
	e.Secrets = [][]byte{sealed}
	made := Registered{
		Endpoint: e, Secret: secret, Unreachable: !s.Prober.Reachable(ctx, e.URL),
	}
	return run(ctx, s.Core, webhookScope(in.Who), once, noted(s.Core, in.Who, func(m Registered) deed {
		return deed{"endpoint.created", m.Endpoint.ID, "", "site=" + siteOf(m.Endpoint.URL)}
	},
		func(ctx context.Context, r ports.Repos) (Registered, error) {
			return made, r.Webhooks.AddEndpoint(ctx, e)
		}))
}

// Endpoints lists the endpoints, oldest first.
func (s *Webhooks) Endpoints(
	ctx context.Context, who merchant.Principal,
) (list []webhook.Endpoint, err error) {
	err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		list, err = r.Webhooks.Endpoints(ctx, who.Project, who.Mode)
		return err
	})
	return list, err
}

// Endpoint finds one endpoint.
func (s *Webhooks) Endpoint(
	ctx context.Context, who merchant.Principal, id string,
) (e webhook.Endpoint, err error) {
	err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		e, err = loadEndpoint(ctx, r, who, id)
		return err
	})
	return e, err
}

// EndpointChange is what shall be different of an endpoint; nil leaves as it is.
type EndpointChange struct {
	URL         *string
	Types       *[]string
	Description *string
	Enabled     *bool
}

// Update changes an endpoint.
func (s *Webhooks) Update(
	ctx context.Context, who merchant.Principal, id string, change EndpointChange,
	once Once[Registered],
) (Registered, *ports.Answer, error) {
	unreachable := change.URL != nil && !s.Prober.Reachable(ctx, *change.URL)
	return run(ctx, s.Core, webhookScope(who), once, noted(s.Core, who, func(m Registered) deed {
		return deed{"endpoint.changed", m.Endpoint.ID, "", endpointText(m.Endpoint)}
	},
		func(ctx context.Context, r ports.Repos) (Registered, error) {
			e, err := loadEndpoint(ctx, r, who, id)
			if err != nil {
				return Registered{}, err
			}
			if err := s.apply(&e, change); err != nil {
				return Registered{}, err
			}
			return Registered{Endpoint: e, Unreachable: unreachable}, r.Webhooks.SaveEndpoint(ctx, e)
		}))
}

// apply changes an endpoint to what is asked, or refuses it.
func (s *Webhooks) apply(e *webhook.Endpoint, change EndpointChange) (err error) {
	if change.URL != nil {
		if e.URL, err = webhook.CheckURL(*change.URL, s.AllowPrivate); err != nil {
			return err
		}
	}
	if change.Types != nil {
		if e.Types, err = webhook.ParseTypes(*change.Types); err != nil {
			return err
		}
	}
	if change.Description != nil {
		if err := webhook.CheckDescription(*change.Description); err != nil {
			return err
		}
		e.Description = *change.Description
	}
	if change.Enabled != nil {
		e.Switch(*change.Enabled)
	}
	return nil
}

// Remove deletes an endpoint. What it is still owed will not be sent.
func (s *Webhooks) Remove(
	ctx context.Context, who merchant.Principal, id string, once Once[struct{}],
) (*ports.Answer, error) {
	_, answer, err := run(ctx, s.Core, webhookScope(who), once, noted(s.Core, who, func(struct{}) deed { return deed{action: "endpoint.removed", subject: id} },
		func(ctx context.Context, r ports.Repos) (none struct{}, err error) {
			if _, err := loadEndpoint(ctx, r, who, id); err != nil {
				return none, err
			}
			return none, r.Webhooks.RemoveEndpoint(ctx, who.Project, id)
		}))
	return answer, err
}

// Rotate gives an endpoint a new secret. The one before signs too for webhook.SecretOverlap.
func (s *Webhooks) Rotate(
	ctx context.Context, who merchant.Principal, id string, once Once[Registered],
) (Registered, *ports.Answer, error) {
	now := s.now()
	secret, sealed, err := s.newSecret(id)
	if err != nil {
		return Registered{}, nil, err
	}
	return run(ctx, s.Core, webhookScope(who), once, noted(s.Core, who, func(Registered) deed {
		return deed{action: "endpoint.secret_rotated", subject: id}
	},
		func(ctx context.Context, r ports.Repos) (Registered, error) {
			e, err := loadEndpoint(ctx, r, who, id)
			if err != nil {
				return Registered{}, err
			}
			e.Rotate(sealed, now)
			return Registered{Endpoint: e, Secret: secret}, r.Webhooks.SaveEndpoint(ctx, e)
		}))
}

// Test sends an endpoint an event that means nothing, whatever types it asked for.
func (s *Webhooks) Test(
	ctx context.Context, who merchant.Principal, id string, once Once[webhook.Event],
) (webhook.Event, *ports.Answer, error) {
	e := webhook.Event{
		ID: webhook.EventPrefix + s.Core.IDs.UUID(), MerchantID: who.Merchant, ProjectID: who.Project,
		Mode: who.Mode, Type: webhook.EndpointTest, CreatedAt: s.now(),
	}
	var err error
	if e.Body, err = s.Events.Encoder.Encode(e, checkout.Snapshot{}, nil); err != nil {
		return webhook.Event{}, nil, err
	}
	return run(ctx, s.Core, webhookScope(who), once,
		func(ctx context.Context, r ports.Repos) (webhook.Event, error) {
			to, err := loadEndpoint(ctx, r, who, id)
			if err != nil {
				return webhook.Event{}, err
			}
			if !to.Enabled {
				return webhook.Event{}, webhook.ErrEndpointDisabled
			}
			owed := []webhook.Delivery{owe(e, to, e.CreatedAt, s.Core.IDs)}
			return e, addEvents(ctx, r, []webhook.Event{e}, owed)
		})
}

// loadEndpoint finds an endpoint of the project and mode, locked.
func loadEndpoint(
	ctx context.Context, r ports.Repos, who merchant.Principal, id string,
) (webhook.Endpoint, error) {
	e, err := r.Webhooks.LoadEndpoint(ctx, who.Project, id)
	if err == nil && e.Mode != who.Mode {
		return webhook.Endpoint{}, ports.ErrNotFound
	}
	return e, err
}

// secretPurpose ties a sealed secret to its endpoint, so that one copied to another endpoint's row
// does not open there.
func secretPurpose(endpointID string) string { return "webhook secret of " + endpointID }

// newSecret makes a signing secret and seals it.
func (s *Webhooks) newSecret(endpointID string) (webhook.Secret, []byte, error) {
	secret, err := webhook.NewSecret(s.Core.IDs.Bytes(webhook.SecretBytes))
	if err != nil {
		return webhook.Secret{}, nil, err
	}
	sealed, err := s.Core.Vault.Seal(secretPurpose(endpointID), secret.Key())
	return secret, sealed, err
}

// signing opens the secrets that sign at now, the newest first.
func (s *Webhooks) signing(e webhook.Endpoint, now time.Time) ([]webhook.Secret, error) {
	sealed := e.Signing(now)
	out := make([]webhook.Secret, len(sealed))
	for i, text := range sealed {
		key, err := s.Core.Vault.Open(secretPurpose(e.ID), text)
		if err != nil {
			return nil, err
		}
		if out[i], err = webhook.NewSecret(key); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// now is the time as stores keep it.
func (s *Webhooks) now() time.Time { return s.Core.Clock.Now().UTC().Truncate(time.Microsecond) }

// webhookScope is where idempotency keys of these requests are unique.
func webhookScope(who merchant.Principal) string {
	return "merchant " + string(who.Merchant) + " " + who.Mode.String()
}
