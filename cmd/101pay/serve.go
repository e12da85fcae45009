package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/domain/chain"
)

// How a process ends: new requests are turned away, then those in flight may finish, then jobs and
// loops, then the store, then the database.
const (
	leaveNotice   = 500 * time.Millisecond // for load balancers to see that readiness is gone
	requestsLimit = 20 * time.Second
)

type serveCommand struct{}

// Run implements the command.
func (serveCommand) Run(p process, c *Config) error {
	log := logger(p, c)
	db, stop, err := openDatabase(p.ctx, c, log)
	if err != nil {
		return err
	}
	defer stop()
	if err := postgres.Migrate(p.ctx, db.URL); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	g, closeAll, err := assemble(p.ctx, c, db, log)
	if err != nil {
		return err
	}
	defer closeAll()
	listener, err := (&net.ListenConfig{}).Listen(p.ctx, "tcp", c.ListenAddr)
	if err != nil {
		return fmt.Errorf("LISTEN_ADDR: %w", err)
	}
	if err := seals(p.ctx, g, log); err != nil {
		return err
	}
	welcome(p.stdout, c, g)
	roomForGarbage(p.ctx, p.getenv, debug.SetGCPercent)
	return g.run(p.ctx, listener, c, db, log)
}

// run serves until ctx ends or something that must run has died.
func (g *gateway) run(ctx context.Context, l net.Listener, c *Config, db database, log *slog.Logger) error {
	ctx, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	inner, stopInner := context.WithCancel(context.WithoutCancel(ctx))
	defer stopInner()
	var behind sync.WaitGroup
	behind.Go(func() { leave(failed("jobs", g.Worker.Run(inner))) })
	behind.Go(func() { leave(failed("loops", g.Ticks.Run(inner))) })
	behind.Go(func() { check(inner, g, log) })

	server := edge.Server(c.ListenAddr, g.Engine, log)
	go func() { leave(failed("http", server.Serve(l))) }()
	select {
	case <-ctx.Done():
	case <-db.Gone:
		leave(errors.New("the private PostgreSQL died and could not be started again"))
	}
	log.Info("leaving: new requests are turned away, those in flight may finish")
	g.Drain.Begin()
	time.Sleep(leaveNotice)
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestsLimit)
	defer cancel()
	if err := server.Shutdown(deadline); err != nil {
		log.Warn("some requests were cut off", "error", err)
	}
	stopInner()
	behind.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	log.Info("left")
	return nil
}

// failed is why a part ended although nobody had told it to.
func failed(part string, err error) error {
	if err == nil || errors.Is(err, http.ErrServerClosed) {
		return context.Canceled
	}
	return fmt.Errorf("%s: %w", part, err)
}

// welcome says in a few lines where everything is and what to do first.
func welcome(w io.Writer, c *Config, g *gateway) {
	live := "none yet; set TRON_RPC_URLS to take real USDT, EVM_RPC_URLS for USDC, ETH and BNB too"
	var names []string
	for _, n := range g.Rails.Networks() {
		if n != chain.Sandbox {
			names = append(names, n.Standard())
		}
	}
	if len(names) > 0 {
		live = strings.Join(names, ", ")
	}
	where := "the database of DATABASE_URL"
	if c.DatabaseURL == "" {
		where = c.DataDir + " (private PostgreSQL)"
	}
	_, _ = fmt.Fprintf(w, `
101pay %[1]s is running.

  dashboard       %[2]s/dashboard
  API and pages   %[2]s
  documentation   %[2]s/docs
  data            %[3]s
  live rails      %[4]s

First test payment: open an account on the dashboard, or from another terminal:

  bin/101pay quickstart

`, version, c.PublicURL, where, live)
}

type migrateCommand struct{}

// Run implements the command.
func (migrateCommand) Run(p process, c *Config) error {
	db, stop, err := borrowDatabase(p.ctx, c, logger(p, c))
	if err != nil {
		return err
	}
	defer stop()
	if err := postgres.Migrate(p.ctx, db.URL); err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, "the database schema is up to date")
	return err
}
