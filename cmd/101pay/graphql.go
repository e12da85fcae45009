package main

import (
	"log/slog"

	"github.com/101pay/101pay/adapters/graphql"
	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/adapters/signin"
	"github.com/101pay/101pay/app"
)

// deskCases are those that only the dashboard speaks for.
type deskCases struct {
	Desk      app.Desk
	Chronicle app.Chronicle
	Finder    app.Finder
	Figures   app.Figures
	Follower  app.Follower
	Health    app.Health
	SignIn    app.SignIn
	Members   app.Members
	Journal   app.Journal
}

// presence says of a request to the dashboard who makes it.
type presence struct {
	Gate  signin.Gate
	Watch signin.Watch
}

// dashboardAPI answers schema.graphql behind the gate of sign-in.
func dashboardAPI(
	c *Config, u useCases, d deskCases, core app.Core, at presence, l *edge.Limiter, drain *edge.Drain,
	base publicBase, log *slog.Logger,
) *graphql.Service {
	return &graphql.Service{
		Gate: graphql.Gate(at.Gate), Watch: graphql.Gate(at.Watch), Limiter: l, Drain: drain,
		API: &graphql.API{
			Actor: signin.ActorOf, Desk: d.Desk, Chronicle: d.Chronicle, Finder: d.Finder, Figures: d.Figures,
			Follower: d.Follower, Health: d.Health, SignIn: d.SignIn, Members: d.Members, Journal: d.Journal,
			Accounts: u.Accounts, Keys: u.Keys, Receiving: u.Receiving,
			Sources: u.Sources, KYC: u.KYC, Statements: u.Statements, Checkout: u.Checkout, Settlement: u.Settlement,
			Explainer: u.Explainer, Sandbox: u.Sandbox, Webhooks: u.Webhooks, Reporting: u.Reporting, Resources: u.Resources,
			Paywall: u.Paywall, Attestations: u.Attestations, PublicURL: string(base), Vault: core.Vault, Clock: core.Clock,
			Log: log, Development: c.DashboardSchema,
		},
	}
}
