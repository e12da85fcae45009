// Package graphql is what the dashboard asks and tells: schema.graphql, answered by package app.
//
// It owns the words of the schema, cursors, which failures a mutation tells its caller and which are
// errors, and how much one request may ask for. It does not own who asks (a cookie, read before), what a
// role may do, nor any rule of what is asked.
//
// Invariants: nothing is resolved before the whole request was counted and found small enough; who asks
// enters by Actor alone, and reaches money only through app.Desk, which names a right; what belongs to
// another merchant and what does not exist are told in the same bytes; what is no fault of a request's is
// logged and never told.
package graphql

import (
	"context"
	"log/slog"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/ports"
)

// API answers the schema.
type API struct {
	// Actor is who makes the request of a context.
	Actor func(ctx context.Context) (app.Actor, bool)

	Desk         app.Desk
	Accounts     app.Accounts
	Keys         app.Keys
	Receiving    app.Receiving
	Sources      app.AddressSources
	KYC          app.KYC
	Statements   app.Statements
	Checkout     app.Checkout
	Settlement   *app.Settlement
	Explainer    app.Explainer
	Sandbox      app.Sandbox
	Webhooks     *app.Webhooks
	Reporting    app.Reporting
	Resources    app.Resources
	Paywall      *app.Paywall
	Attestations app.Attestations
	Health       app.Health
	Chronicle    app.Chronicle
	Finder       app.Finder
	Figures      app.Figures
	Follower     app.Follower
	SignIn       app.SignIn
	Members      app.Members
	Journal      app.Journal

	PublicURL string // without a slash at its end
	Vault     ports.Vault
	Clock     ports.Clock
	Log       *slog.Logger
	// Development lets the schema be asked for: for whoever writes a page.
	Development bool
}

// actor is who asks.
func (a *API) actor(ctx context.Context) (app.Actor, error) {
	who, ok := a.Actor(ctx)
	if !ok {
		return app.Actor{}, keys.ErrUnauthorized
	}
	return who, nil
}
