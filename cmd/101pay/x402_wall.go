package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/101pay/101pay/adapters/outbound"
	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/adapters/worker"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/ports"
)

// reconcilePace is how often what programs paid is looked at.
const reconcilePace = time.Second

func settler(
	core app.Core, rails app.TokenRails, store *postgres.Store, events app.Announcer, till *app.Settlement,
	log *slog.Logger,
) *app.Relayer {
	return &app.Relayer{
		Core: core, Rails: rails, Reads: store.Authorizations(), Lanes: store.Lanes(), Orders: store, Events: events,
		Till: till, Played: store, Log: log,
	}
}

func vending(
	core app.Core, catalog app.Resources, orders app.Checkout, words ports.OrderEncoder, r *app.Relayer,
	signs app.Attestations, out *outbound.Sender, base publicBase, log *slog.Logger,
) *app.Paywall {
	return &app.Paywall{
		Core: core, Catalog: catalog, Relayer: r, Reads: r.Reads, Upstreams: out, PublicURL: string(base), Log: log,
		Attestations: signs, Checkout: orders, Words: words,
	}
}

// reconciliation is the loop that finishes what requests left behind.
func reconciliation(r app.Reconciler) worker.Loop {
	return worker.Loop{
		Name: "reconcile x402", Every: reconcilePace, Run: func(ctx context.Context) error { return r.Tick(ctx) },
	}
}

func agentReads(store *postgres.Store) ports.AuthorizationReads { return store.Authorizations() }
