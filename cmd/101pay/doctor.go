package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/101pay/101pay/adapters/audit"
	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/adapters/system"
	"github.com/101pay/101pay/adapters/vault"
	"github.com/101pay/101pay/app"
)

type doctorCommand struct{}

// findings are what the doctor saw, in order.
type findings struct {
	out  io.Writer
	sick bool
}

func (f *findings) well(subject, detail string) { f.say("ok", subject, detail) }

func (f *findings) note(subject, detail string) { f.say("note", subject, detail) }

func (f *findings) ill(subject, detail, cure string) {
	f.sick = true
	f.say("FAIL", subject, detail)
	f.say("", "", "-> "+cure)
}

func (f *findings) say(mark, subject, detail string) {
	_, _ = fmt.Fprintf(f.out, "%-5s %-14s %s\n", mark, subject, detail)
}

// Bounds of what a doctor waits for and tolerates.
const (
	doctorLimit = 30 * time.Second
	maxSkew     = 30 * time.Second
)

// Run implements the command.
func (doctorCommand) Run(p process, c *Config) error {
	ctx, cancel := context.WithTimeout(p.ctx, doctorLimit)
	defer cancel()
	f := &findings{out: p.stdout}
	examineSettings(f, c)
	examineKey(f, c)
	examineDatabase(ctx, f, p, c)
	examineTron(ctx, f, c)
	examineEVM(ctx, f, c)
	examineAgents(ctx, f, c)
	examineMarket(ctx, f, c)
	if f.sick {
		return errReported
	}
	return nil
}

func examineSettings(f *findings, c *Config) {
	f.well("public URL", c.PublicURL)
	if !c.secure() && !strings.HasPrefix(c.PublicURL, "http://127.0.0.1") && !strings.HasPrefix(c.PublicURL, "http://localhost") {
		f.ill("public URL", "payers would see addresses to pay over plain http, which anybody on the way can change",
			"put a TLS proxy in front and set PUBLIC_URL=https://…")
	}
	if c.WebhookAllowPrivate {
		f.note("webhooks", "WEBHOOK_ALLOW_PRIVATE is on: merchants can make this machine call its own network; never in production")
	}
	if c.MetricsToken == "" {
		f.note("metrics", "/metrics answers direct requests from this machine only; set METRICS_TOKEN to scrape from elsewhere")
	}
}

func examineKey(f *findings, c *Config) {
	if _, err := os.Stat(c.DataDir); c.MasterKey == "" && os.IsNotExist(err) {
		f.note("master key", "none yet; one is generated at the first start")
		return
	}
	if _, err := vault.LoadOrCreateKey(c.MasterKey, c.DataDir); err != nil {
		f.ill("master key", err.Error(), "restore the key that sealed this database; without it no sealed secret can be read")
		return
	}
	f.well("master key", "readable by this user only; keep a copy apart from the database")
}

func examineDatabase(ctx context.Context, f *findings, p process, c *Config) {
	db, stop, err := borrowDatabase(ctx, c, logger(p, c))
	if err != nil {
		f.ill("database", err.Error(), "install PostgreSQL (.ci/deps.sh postgres) or set DATABASE_URL")
		return
	}
	defer stop()
	store, err := postgres.Open(ctx, postgres.Config{URL: db.URL})
	if err != nil {
		f.ill("database", err.Error(), "check DATABASE_URL; if the schema is old, run 101pay migrate")
		return
	}
	defer func() { _ = store.Close() }()
	f.well("database", "reachable, schema up to date")
	cursors, err := store.Cursors(ctx)
	if err != nil {
		f.ill("database", err.Error(), "check the PostgreSQL log")
		return
	}
	examineAddresses(ctx, f, store, c)
	now := system.Clock{}.Now()
	for _, cursor := range cursors {
		holder, err := store.Holder(ctx, cursor.Network)
		if err != nil {
			holder = "unknown: " + err.Error()
		}
		f.well("rail "+string(cursor.Network), fmt.Sprintf("read to block %d, %s ago; watched by %s", cursor.Height,
			now.Sub(cursor.UpdatedAt).Round(time.Second), cmp.Or(holder, "nobody now")))
	}
	examineRescans(ctx, f, store)
}

// examineRescans says when the past of each network was last read again, and what that found.
func examineRescans(ctx context.Context, f *findings, store *postgres.Store) {
	rescans, err := store.Rescans(ctx)
	if err != nil {
		f.ill("rescans", err.Error(), "check the PostgreSQL log")
		return
	}
	for _, r := range rescans {
		subject, text := "rescan "+string(r.Network), fmt.Sprintf("blocks %d to %d begun %s", r.From, r.To,
			r.StartedAt.Format(time.RFC3339))
		if r.FinishedAt.IsZero() {
			text += fmt.Sprintf(", now at %d", r.Next)
		}
		if !r.Second && r.Next > r.From {
			text += ", by the only endpoint there is"
		}
		if r.OwnUnread {
			text += ", " + ownUnread
		}
		switch {
		case r.Missing > 0:
			f.ill(subject, fmt.Sprintf("%s: %d recorded transfers were not found at %s", text, r.Missing, r.Host),
				"compare the endpoints of this network by hand; nothing was undone")
		case r.Found > 0:
			f.ill(subject, fmt.Sprintf("%s: %d transfers had been missed and are recorded now", text, r.Found),
				"replace the endpoint that is watched: it leaves out what another one has")
		default:
			f.well(subject, text+", nothing differs so far")
		}
	}
}

// ownUnread says what a rescan leaves out.
const ownUnread = "without the network's own coin, which no second endpoint traces in so many blocks"

// examineAddresses looks for receiving accounts that somebody changed behind the gateway's back.
func examineAddresses(ctx context.Context, f *findings, store *postgres.Store, c *Config) {
	key, err := masterKey(c)
	if err != nil {
		return // examineKey has said so
	}
	accounts := app.Receiving{Core: app.Core{Work: store, Clock: system.Clock{}, Vault: vault.New(key)}}
	seen, tampered, err := accounts.Inspect(ctx)
	if err != nil {
		f.ill("addresses", err.Error(), "check the PostgreSQL log")
		return
	}
	for _, a := range tampered {
		f.ill("addresses", fmt.Sprintf("receiving account %s of project %s (%s %s) is not as it was recorded",
			a.ID, a.ProjectID, a.Network.Standard(), a.Asset),
			"nobody is sent there; find out who wrote to the database, then have the merchant remove and add it")
	}
	if len(tampered) == 0 {
		f.well("addresses", fmt.Sprintf("%d receiving accounts, all as they were recorded", seen))
	}
}

func examineTron(ctx context.Context, f *findings, c *Config) {
	live, err := openTron(c, system.Clock{})
	switch {
	case err != nil:
		f.ill("tron", err.Error(), "correct TRON_RPC_URLS and TRON_USDT_CONTRACT")
		return
	case live.chain == nil:
		f.note("tron", "no TRON_RPC_URLS: USDT on TRON is not taken")
		return
	}
	examineRail(ctx, f, live.chain.Rail, "TRON_RPC_URLS")
}

// examineRail asks every endpoint of a network what it is, and the network how far it is.
func examineRail(ctx context.Context, f *findings, rail *ethrpc.Rail, setting string) {
	name := string(rail.Network())
	endpoints, _ := rail.Check(ctx)
	for i, e := range endpoints {
		if e.Problem != "" {
			f.ill(name, fmt.Sprintf("%d. %s: %s", i+1, e.Health.Host, e.Problem),
				"correct or remove this endpoint; the others go on without it")
			continue
		}
		f.well(name, fmt.Sprintf("%d. %s: block %d, final %d, answers in %s", i+1, e.Health.Host, e.Health.Latest,
			e.Health.Final, e.Health.Latency.Round(time.Millisecond)))
	}
	sources := 0
	for _, a := range rail.Assets() {
		if !a.IsNative() {
			sources = max(sources, rail.Sources(a))
		}
	}
	if sources == 1 {
		f.note(name, "one endpoint only: what it hides stays hidden, and large payments cannot be proven by two")
	}
	if own, hasOwn := rail.Native(); hasOwn {
		if taken, because := traced(rail); taken {
			f.well(name, own.Symbol+" is taken; traces come from "+because)
			if sources > 1 && rail.Sources(own) == 1 {
				f.note(name, "only one endpoint traces: large payments in "+own.Symbol+" cannot be proven by two")
				f.say("", "", "-> "+traceCure+setting)
			}
		} else {
			f.note(name, own.Symbol+" is not taken: "+because)
			f.say("", "", "-> "+traceCure+setting)
		}
	}
	head, err := rail.Head(ctx)
	if err != nil {
		f.ill(name, err.Error(), "add a second endpoint to "+setting)
		return
	}
	if skew := head.FinalTime.Sub(system.Clock{}.Now()); skew > maxSkew {
		f.ill("clock", fmt.Sprintf("%s is %s ahead of this machine", name, skew.Round(time.Second)),
			"set this machine's clock (NTP): deadlines are judged by block time")
	}
}

// traceCure is what makes a network's own coin payable.
const traceCure = "add an endpoint that answers debug_traceBlockByNumber (callTracer) or trace_block " +
	"for final blocks to "

// traced tells which endpoints of a network trace, or why none does.
func traced(rail *ethrpc.Rail) (taken bool, because string) {
	var can, cannot []string
	for _, e := range rail.Endpoints() {
		switch {
		case e.Traces:
			can = append(can, e.Host)
		case e.NoTraces != "":
			cannot = append(cannot, e.Host+" does not trace ("+e.NoTraces+")")
		default:
			cannot = append(cannot, e.Host+" could not be asked")
		}
	}
	if len(can) > 0 {
		return true, strings.Join(can, ", ")
	}
	return false, strings.Join(cannot, "; ")
}

type auditCommand struct{}

// Run implements the command.
func (auditCommand) Run(p process, c *Config) error {
	db, stop, err := borrowDatabase(p.ctx, c, logger(p, c))
	if err != nil {
		return err
	}
	defer stop()
	report, err := audit.Run(p.ctx, db.URL)
	if err != nil {
		return err
	}
	if _, err := report.WriteTo(p.stdout); err != nil {
		return err
	}
	if !report.OK() {
		return errReported
	}
	return nil
}
