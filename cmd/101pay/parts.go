package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	spa "github.com/101pay/101pay/adapters/dashboard"
	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/hosted"
	"github.com/101pay/101pay/adapters/outbound"
	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/adapters/rest"
	"github.com/101pay/101pay/adapters/rest/docs"
	"github.com/101pay/101pay/adapters/rest/edge"
	facilitatorapi "github.com/101pay/101pay/adapters/rest/facilitator"
	"github.com/101pay/101pay/adapters/rest/native"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/adapters/telemetry"
	"github.com/101pay/101pay/adapters/tron"
	"github.com/101pay/101pay/adapters/vault"
	"github.com/101pay/101pay/adapters/worker"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/ports"
)

// gateway is everything a process runs.
type gateway struct {
	Engine *gin.Engine
	Drain  *edge.Drain
	Worker *worker.Worker
	Ticks  worker.Ticks
	Rails  app.Rails
	Again  app.Rescanner
	Live   tronRail
	Others evmRails

	Receiving app.Receiving
}

// How often loops turn.
const (
	sandboxPace = sandbox.BlockPeriod
	expirePace  = 5 * time.Second
	letGoPace   = time.Minute
	prunePace   = 10 * time.Minute
	tellPace    = 10 * time.Second
	reportPace  = 5 * time.Second
	holdPace    = 3 * time.Second // between two tries to get the right to watch
	holdLimit   = 24 * time.Hour  // of one turn of watching; the next begins at once
	// holdAgain is the longest pause after tries that failed: nobody may be watching meanwhile, and it
	// is the database that has to come back, which costs one connection to find out.
	holdAgain   = 10 * time.Second
	reportLimit = 5 * time.Minute // of one turn; what is left is told in the next
	vouchPace   = 15 * time.Second
	rescanLimit = 5 * time.Minute // of one turn; a slow endpoint reads less in the night, not nothing
)

// publicBase is where payers reach the gateway, without a slash at its end.
type publicBase string

func publicURL(c *Config) publicBase { return publicBase(c.PublicURL) }

func masterKey(c *Config) (vault.MasterKey, error) {
	return vault.LoadOrCreateKey(c.MasterKey, c.DataDir)
}

func openStore(ctx context.Context, c *Config, db database) (*postgres.Store, func(), error) {
	store, err := postgres.Open(ctx, postgres.Config{URL: db.URL, MaxConns: c.DBMaxConns})
	if err != nil {
		return nil, nil, err
	}
	return store, func() { _ = store.Close() }, nil
}

// tronRail is the live Tron rail; both fields are nil when none is configured.
type tronRail struct {
	chain    *tron.Chain
	explorer *tron.Grid
}

func openTron(c *Config, clock ports.Clock) (tronRail, error) {
	if len(c.TronRPCURLs) == 0 {
		return tronRail{}, nil
	}
	read, grid, err := tron.New(tron.Config{
		RPCURLs: c.TronRPCURLs, USDTContract: c.TronUSDTContract, ChainID: c.TronChainID,
		TronGridURL: c.TrongridURL, TronGridKey: c.TrongridAPIKey, Clock: clock,
	})
	return tronRail{read, grid}, err
}

func rails(simulated *sandbox.Chain, live tronRail, others evmRails, cursors ports.CursorReads) app.Rails {
	r := app.Rails{
		Chains:    map[chain.Network]ports.Chain{chain.Sandbox: simulated},
		Explorers: map[chain.Network]ports.Explorer{},
		Witnesses: map[chain.Network]ports.Witness{},
		Rereaders: map[chain.Network]ports.Rereader{},
		Cursors:   cursors,
	}
	for _, rail := range nodes(live, others) {
		n := rail.Network()
		r.Chains[n], r.Witnesses[n], r.Rereaders[n] = rail, rail, rail
	}
	if live.explorer != nil {
		r.Explorers[chain.Tron] = live.explorer
	}
	return r
}

func outboundOptions(c *Config) outbound.Options {
	return outbound.Options{AllowPrivate: c.WebhookAllowPrivate}
}

func webhooks(
	c *Config, core app.Core, reads ports.WebhookReads, script ports.SandboxReads, out *outbound.Sender,
	events app.Announcer, log *slog.Logger, m *telemetry.Metrics,
) *app.Webhooks {
	return &app.Webhooks{
		Core: core, Reads: reads, Sandbox: script, Sender: counted{out, m}, Prober: out, Events: events, Log: log,
		AllowPrivate: c.WebhookAllowPrivate,
	}
}

func resources(
	c *Config, core app.Core, reads ports.ResourceReads, rails app.TokenRails, prices ports.Rates,
	out *outbound.Sender,
) app.Resources {
	return app.Resources{
		Core: core, Reads: reads, Rails: rails, Rates: prices, Prober: out, AllowPrivate: c.WebhookAllowPrivate,
		Tags: new(app.PriceTags),
	}
}

// counted is a sender whose results are measured.
type counted struct {
	ports.Sender
	metrics *telemetry.Metrics
}

// Send implements ports.Sender.
func (s counted) Send(ctx context.Context, o ports.Outgoing) ports.SendResult {
	result := s.Sender.Send(ctx, o)
	s.metrics.Outbound(result.Outcome, result.Took)
	return result
}

func signer(c *Config, master vault.MasterKey) *vault.Signer {
	return vault.NewSigner(master, c.retired)
}

func attestations(
	core app.Core, sessions ports.SessionReads, signer ports.Signer, base publicBase,
) app.Attestations {
	return app.Attestations{Core: core, Sessions: sessions, Signer: signer, Issuer: string(base)}
}

func eventWords(base publicBase) native.EventWords { return native.EventWords{PublicURL: string(base)} }

func limiter(clock ports.Clock) *edge.Limiter { return edge.NewLimiter(clock.Now) }

func drain() *edge.Drain { return edge.NewDrain(rest.HealthPath, rest.ReadyPath, rest.MetricsPath) }

// useCases are those the native dialect speaks for.
type useCases struct {
	Credentials  app.Credentials
	Accounts     app.Accounts
	Keys         app.Keys
	Receiving    app.Receiving
	Sources      app.AddressSources
	KYC          app.KYC
	Statements   app.Statements
	Charges      app.Charges
	Checkout     app.Checkout
	Settlement   *app.Settlement
	Explainer    app.Explainer
	Sandbox      app.Sandbox
	Webhooks     *app.Webhooks
	Reporting    app.Reporting
	Resources    app.Resources
	Paywall      *app.Paywall
	Attestations app.Attestations
}

func nativeAPI(u useCases, l *edge.Limiter, base publicBase, clock ports.Clock) *native.API {
	return &native.API{
		Credentials: u.Credentials, Accounts: u.Accounts, Keys: u.Keys, Receiving: u.Receiving, Sources: u.Sources, KYC: u.KYC,
		Statements: u.Statements, Charges: u.Charges, Checkout: u.Checkout, Settlement: u.Settlement,
		Explainer: u.Explainer,
		Sandbox:   u.Sandbox, Webhooks: u.Webhooks, Reporting: u.Reporting, Resources: u.Resources, Paywall: u.Paywall, Attestations: u.Attestations,
		Limiter: l, Budgets: native.DefaultBudgets(), PublicURL: string(base), Clock: clock,
	}
}

func hostedPage(u useCases, l *edge.Limiter, d *edge.Drain, base publicBase) *hosted.Page {
	return &hosted.Page{
		Checkout: u.Checkout, Settlement: u.Settlement, Sandbox: u.Sandbox, Attestations: u.Attestations,
		Explainer: u.Explainer, PublicURL: string(base), Drain: d, Limiter: l,
	}
}

func documentation(base publicBase) (*docs.Pages, error) {
	return docs.New(string(base),
		docs.Spec{Name: "native", Title: "101pay API", YAML: native.OpenAPI()},
		docs.Spec{Name: "facilitator", Title: "x402 facilitator", YAML: facilitatorapi.OpenAPI()})
}

func recorded(m *telemetry.Metrics) app.Recorded {
	return func(n chain.Network, d ports.Disposition) { m.Transfer(string(n), string(d)) }
}

func vouched(m *telemetry.Metrics) app.Vouched {
	return func(n chain.Network, because ports.Reason) {
		m.Vouched(string(n), cmp.Or(string(because), "agreed"))
	}
}

func rescanTold(m *telemetry.Metrics) app.RescanTold {
	return func(n chain.Network, f app.Difference, count int) { m.Rescan(string(n), string(f), count) }
}

func jobs(store *postgres.Store, hooks *app.Webhooks, log *slog.Logger, m *telemetry.Metrics) (*worker.Worker, error) {
	return worker.New(riverpgxv5.New(store.Pool()), worker.Options{
		Deliver: hooks, Roll: store, Log: log, Observe: m.Job,
	})
}

// ticks are the loops. Every gateway on a database runs all of them, so each bears company: expire,
// corroborate and the telling of address changes and reports look again, with the row locked, whether
// something is still to be done; reconciling says first what it looks at; let go and prune skip rows that another has locked; a network is watched, and
// scanned again, under a right that one process has at a time. Jobs go by the queue's own locks.
func ticks(
	c *Config, s *app.Settlement, again app.Rescanner, accounts app.Receiving, keep app.Housekeeping,
	agents app.Reconciler, senders *relayers, reports app.Reporting, log *slog.Logger, m *telemetry.Metrics,
) worker.Ticks {
	loops := []worker.Loop{
		{Name: "expire", Every: expirePace, Run: s.Expire},
		{Name: "let go", Every: letGoPace, Run: s.LetGo},
		{Name: "prune", Every: prunePace, Run: keep.Prune},
		{Name: "tell address changes", Every: tellPace, Run: accounts.Tell},
		{Name: "tell reports", Every: reportPace, Limit: reportLimit, Run: reports.Tick},
		reconciliation(agents),
		{Name: "look after relayers", Every: relayerPace, Run: senders.Look},
	}
	own := map[chain.Network]time.Duration{chain.Sandbox: sandboxPace, chain.Tron: c.TronPollInterval}
	for _, n := range s.Rails.Networks() {
		pace := cmp.Or(own[n], c.EVMPollInterval)
		loops = append(loops, worker.Loop{
			Name: "watch " + string(n), Every: holdPace, Limit: holdLimit, Longest: holdAgain,
			Run: func(ctx context.Context) error {
				_, err := s.Watch(ctx, n, pace)
				return err
			},
		}, worker.Loop{
			Name: "corroborate " + string(n), Every: vouchPace,
			Run: func(ctx context.Context) error { return s.Corroborate(ctx, n) },
		})
		if _, ok := s.Rails.Rereaders[n]; ok {
			loops = append(loops, worker.Loop{
				Name: "rescan " + string(n), Every: app.RescanPace, Limit: rescanLimit,
				Run: func(ctx context.Context) error { return again.Tick(ctx, n) },
			})
		}
	}
	return worker.Ticks{Log: log, Loops: loops, Observe: m.Loop}
}

func engine(
	c *Config, api *native.API, settles *facilitatorapi.API, page *hosted.Page, pages *docs.Pages, desk dashboard,
	d *edge.Drain, m *telemetry.Metrics, ready rest.Probe, all detail, log *slog.Logger,
) *gin.Engine {
	return rest.New(rest.Site{
		Edge: edge.Options{
			Log: log, TrustedProxies: c.proxies, Secure: c.secure(), Drain: d,
			OnFault: func(code string, _ fault.Kind) { m.Fault(code) },
		},
		Parts:     []rest.Part{api, settles, page, pages, desk.signin, desk.graphql},
		Dashboard: spa.New(), Ready: ready, Metrics: m.Handler(c.MetricsToken),
		Detail: telemetry.Guard(c.MetricsToken, all),
		Around: []gin.HandlerFunc{m.Middleware(), desk.guard},
	})
}

// check asks the live rails whether they are what the configuration says. One that is not, or cannot be
// reached, is not used until it fits, and the others go on. All are asked at once, and nothing waits for
// the answers, so that one that keeps silent holds up nobody.
func check(ctx context.Context, g *gateway, log *slog.Logger) {
	var asked sync.WaitGroup
	defer asked.Wait()
	for _, rail := range nodes(g.Live, g.Others) {
		asked.Go(func() { checkRail(ctx, rail, log.With("setting", settingOf(rail.Network()))) })
	}
}

// seals makes sure, before anything is served, that receiving accounts are as they were recorded. One that
// is not is no reason not to start: nobody is sent there, and the others go on.
func seals(ctx context.Context, g *gateway, log *slog.Logger) error {
	sealed, err := g.Receiving.SealFirst(ctx)
	if err != nil {
		return fmt.Errorf("seal receiving accounts: %w", err)
	}
	if sealed > 0 {
		log.Warn("receiving accounts of an earlier version were sealed as they are in the database; "+
			"compare them with your merchants' records", "accounts", sealed)
	}
	_, tampered, err := g.Receiving.Inspect(ctx)
	if err != nil {
		return fmt.Errorf("inspect receiving accounts: %w", err)
	}
	for _, a := range tampered {
		log.Error("a receiving account is not as it was recorded: nobody is sent there",
			"account", string(a.ID), "project", string(a.ProjectID), "network", string(a.Network))
	}
	return nil
}

func checkRail(ctx context.Context, rail *ethrpc.Rail, log *slog.Logger) {
	log = log.With("network", string(rail.Network()))
	endpoints, err := rail.Check(ctx)
	if err != nil {
		log.Error("no endpoint of the network can be used yet", "error", err)
	}
	for _, e := range endpoints {
		if e.Problem != "" {
			log.Warn("an endpoint is not used", "host", e.Health.Host, "problem", e.Problem)
		} else if e.Health.Unproven != "" {
			log.Warn("an endpoint would not tell all", "host", e.Health.Host, "unproven", e.Health.Unproven)
		}
	}
	own, hasOwn := rail.Native()
	if !hasOwn {
		return
	}
	if taken, because := traced(rail); !taken {
		log.Warn("the network's own coin is not taken", "coin", own.Symbol, "because", because,
			"cure", traceCure+"the setting")
	}
}
