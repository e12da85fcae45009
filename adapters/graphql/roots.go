package graphql

import (
	"context"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
)

// root is every resolver of the schema: the API in the shape the generated code asks for.
type root struct{ *API }

// The resolvers, by the type whose fields they answer.
type (
	queries       struct{ *API }
	mutations     struct{ *API }
	subscriptions struct{ *API }
	ofPayment     struct{ *API }
	ofEndpoint    struct{ *API }
	ofEvent       struct{ *API }
	ofDelivery    struct{ *API }
	ofKyc         struct{ *API }
)

// The methods that ResolverRoot asks for.

// Query implements ResolverRoot.
func (r root) Query() QueryResolver { return queries(r) }

// Mutation implements ResolverRoot.
func (r root) Mutation() MutationResolver { return mutations(r) }

// Subscription implements ResolverRoot.
func (r root) Subscription() SubscriptionResolver { return subscriptions(r) }

// Payment implements ResolverRoot.
func (r root) Payment() PaymentResolver { return ofPayment(r) }

// WebhookEndpoint implements ResolverRoot.
func (r root) WebhookEndpoint() WebhookEndpointResolver { return ofEndpoint(r) }

// Event implements ResolverRoot.
func (r root) Event() EventResolver { return ofEvent(r) }

// Delivery implements ResolverRoot.
func (r root) Delivery() DeliveryResolver { return ofDelivery(r) }

// Kyc implements ResolverRoot.
func (r root) Kyc() KycResolver { return ofKyc(r) }

// enter is who the caller acts as in a project and mode.
func (a *API) enter(ctx context.Context, right member.Right, project string, mode Mode) (merchant.Principal, error) {
	who, err := a.actor(ctx)
	if err != nil {
		return merchant.Principal{}, err
	}
	return a.Desk.Enter(ctx, who, right, app.Place{Project: merchant.ProjectID(project), Mode: modeOf(mode)})
}

// setUp is enter for what both modes share.
func (a *API) setUp(ctx context.Context, right member.Right, project string) (merchant.Principal, error) {
	return a.enter(ctx, right, project, ModeTest)
}

// guarded is enter for what needs a recent proof of who sits at the keyboard: where money goes, and secrets
// of real money.
func (a *API) guarded(ctx context.Context, right member.Right, project string, mode Mode) (merchant.Principal, error) {
	who, err := a.enter(ctx, right, project, mode)
	if err != nil || mode == ModeTest {
		return who, err
	}
	return who, a.fresh(ctx)
}

// fresh refuses a caller who has not proven lately who he is.
func (a *API) fresh(ctx context.Context) error {
	who, err := a.actor(ctx)
	if err != nil {
		return err
	}
	return who.Fresh(a.Clock.Now())
}

func modeOf(m Mode) merchant.Mode {
	if m == ModeLive {
		return merchant.Live
	}
	return merchant.Test
}

func showMode(m merchant.Mode) Mode {
	if m == merchant.Live {
		return ModeLive
	}
	return ModeTest
}
