//go:build wireinject

package main

import (
	"context"
	"log/slog"

	"github.com/google/wire"

	"github.com/101pay/101pay/adapters/outbound"
	"github.com/101pay/101pay/adapters/passkeys"
	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/adapters/rates"
	"github.com/101pay/101pay/adapters/rest/native"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/adapters/signin"
	"github.com/101pay/101pay/adapters/system"
	"github.com/101pay/101pay/adapters/vault"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/ports"
)

// assemble is the table of contents of the system: what exists, and which adapter stands behind
// which port.
func assemble(ctx context.Context, c *Config, db database, log *slog.Logger) (*gateway, func(), error) {
	wire.Build(
		// Clock, identifiers, secrets.
		wire.Struct(new(system.Clock)), wire.Bind(new(ports.Clock), new(system.Clock)),
		wire.Struct(new(system.IDs)), wire.Bind(new(ports.IDs), new(system.IDs)),
		masterKey,
		vault.New, wire.Bind(new(ports.Vault), new(*vault.Vault)),
		vault.NewPasswords, wire.Bind(new(ports.Passwords), new(*vault.Passwords)),
		vault.NewTokens, wire.Bind(new(ports.Tokens), new(*vault.Tokens)),
		signer, wire.Bind(new(ports.Signer), new(*vault.Signer)),
		openPasskeys, wire.Bind(new(ports.Passkeys), new(*passkeys.Gate)),

		// The store.
		openStore,
		wire.Bind(new(ports.UnitOfWork), new(*postgres.Store)),
		wire.Bind(new(ports.KeyRing), new(*postgres.Store)),
		wire.Bind(new(ports.VisitRing), new(*postgres.Store)),
		wire.Bind(new(ports.SessionReads), new(*postgres.Store)),
		wire.Bind(new(ports.Explanations), new(*postgres.Store)),
		wire.Bind(new(ports.CursorReads), new(*postgres.Store)),
		wire.Bind(new(ports.Statements), new(*postgres.Store)),
		wire.Bind(new(ports.WebhookReads), new(*postgres.Store)),
		wire.Bind(new(ports.Bookkeeper), new(*postgres.Store)),
		wire.Bind(new(ports.OrderNumbers), new(*postgres.Store)),
		wire.Bind(new(ports.SandboxReads), new(*postgres.Store)),
		wire.Bind(new(ports.SandboxTokens), new(*postgres.Store)),
		wire.Bind(new(ports.Changes), new(*postgres.Store)),
		wire.Bind(new(ports.Watches), new(*postgres.Store)),
		wire.Bind(new(ports.RescanReads), new(*postgres.Store)),
		wire.Bind(new(ports.ResourceReads), new(*postgres.Store)),
		wire.Bind(new(ports.Figures), new(*postgres.Store)),
		wire.Bind(new(ports.SessionSearch), new(*postgres.Store)),
		wire.Bind(new(ports.ProjectReads), new(*postgres.Store)),
		wire.Bind(new(ports.ReportReads), new(*postgres.Store)),

		// Chains, prices, the way out.
		sandbox.New, openTron, openEVM, rails,
		sandbox.NewTokens, tokenRails, openRelayers,
		fixedRates, openMarket, rates.New, wire.Bind(new(ports.Rates), new(*rates.Source)),
		outboundOptions, outbound.New,

		// Use cases.
		wire.Struct(new(app.Core), "*"),
		wire.Struct(new(app.Credentials), "*"),
		gatewayName, app.NewThrottle, wire.Struct(new(app.SignIn), "*"),
		wire.Struct(new(app.Members), "*"), wire.Struct(new(app.Journal), "*"),
		wire.Struct(new(app.Accounts), "*"),
		wire.Struct(new(app.Keys), "*"),
		wire.Struct(new(app.Receiving), "*"),
		wire.Struct(new(app.AddressSources), "*"),
		wire.Struct(new(app.KYC), "*"),
		wire.Struct(new(app.Statements), "*"),
		wire.Struct(new(app.Charges), "*"),
		wire.Struct(new(app.Announcer), "*"),
		wire.Struct(new(app.Openings)),
		wire.Struct(new(app.Checkout), "*"),
		wire.Struct(new(app.Settlement), "*"),
		wire.Struct(new(app.Explainer), "*"),
		wire.Struct(new(app.Sandbox), "*"),
		wire.Struct(new(app.Rescanner), "*"),
		wire.Struct(new(app.Health), "*"),
		wire.Struct(new(app.Housekeeping), "*"),
		wire.Struct(new(app.Desk), "*"),
		wire.Struct(new(app.Chronicle), "*"),
		wire.Struct(new(app.Finder), "*"),
		wire.Struct(new(app.Figures), "*"),
		wire.Struct(new(app.Follower), "*"),
		wire.Struct(new(app.Reporting), "*"),
		settler, agentReads, wire.Struct(new(app.Reconciler), "*"), vending, facilitation,
		webhooks, resources, attestations,

		// Dialects and pages.
		publicURL,
		eventWords, wire.Bind(new(ports.EventEncoder), new(native.EventWords)),
		wire.Bind(new(ports.AddressEncoder), new(native.EventWords)),
		wire.Bind(new(ports.AgentEncoder), new(native.EventWords)),
		wire.Bind(new(ports.OrderEncoder), new(native.EventWords)),
		wire.Bind(new(ports.ReportEncoder), new(native.EventWords)),
		limiter, drain,
		wire.Struct(new(useCases), "*"), nativeAPI, facilitatorAPI,
		hostedPage,
		cookieJar, signin.NewGate, signin.NewWatch, dashboardSignIn, dashboardGuard,
		wire.Struct(new(deskCases), "*"), wire.Struct(new(presence), "*"), dashboardAPI,
		documentation,

		// What runs.
		metrics, recorded, vouched, rescanTold, probe, operatorView, jobs, ticks, engine,
		wire.Struct(new(gateway), "*"),
	)
	return nil, nil, nil
}
