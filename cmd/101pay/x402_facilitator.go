package main

import (
	"log/slog"

	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/adapters/rest/edge"
	facilitatorapi "github.com/101pay/101pay/adapters/rest/facilitator"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/ports"
)

// facilitation settles for other people's servers, as for the gateway's own resources.
func facilitation(
	core app.Core, rails app.TokenRails, r *app.Relayer, store *postgres.Store, wall *app.Paywall, log *slog.Logger,
) *app.Facilitator {
	return &app.Facilitator{
		Core: core, Rails: rails, Relayer: r, Reads: r.Reads, Catalog: store, Paywall: wall, Log: log,
	}
}

func facilitatorAPI(
	credentials app.Credentials, f *app.Facilitator, l *edge.Limiter, clock ports.Clock,
) *facilitatorapi.API {
	return &facilitatorapi.API{
		Credentials: credentials, Facilitator: f, Limiter: l, Budgets: facilitatorapi.DefaultBudgets(), Clock: clock,
	}
}
