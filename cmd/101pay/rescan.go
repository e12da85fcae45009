package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/101pay/101pay/adapters/system"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

type rescanCommand struct {
	Network string        `required:"" help:"network to read again, as in ERC20 or base"`
	Since   time.Duration `default:"48h" help:"how far back"`
	From    uint64        `help:"first block to read, instead of a time"`
}

// Run implements the command. A gateway that runs beside it takes turns with it, so that both together
// keep within the calls one may make.
func (r rescanCommand) Run(p process, c *Config) error {
	n, err := chain.ParseNetwork(r.Network)
	if err != nil {
		return err
	}
	log := logger(p, c)
	db, stop, err := borrowDatabase(p.ctx, c, log)
	if err != nil {
		return err
	}
	defer stop()
	g, closeAll, err := assemble(p.ctx, c, db, log)
	if err != nil {
		return err
	}
	defer closeAll()
	if _, ok := g.Rails.Rereaders[n]; !ok {
		return fmt.Errorf("%s is not read by this gateway; set %s", n.Title(), settingOf(n))
	}
	_, err = g.Again.Begin(p.ctx, n, system.Clock{}.Now().Add(-r.Since), r.From)
	switch {
	case errors.Is(err, app.ErrRescanUnderWay):
		_, _ = fmt.Fprintln(p.stdout, "a rescan of this network is under way already; this is how it goes on")
	case errors.Is(err, ports.ErrNotFound):
		return fmt.Errorf("no block of %s was watched in that time", n.Title())
	case err != nil:
		return err
	}
	return followRescan(p, g, n)
}

// followRescan takes turns until the rescan has ended, whoever reads.
func followRescan(p process, g *gateway, n chain.Network) error {
	pace := time.NewTicker(app.RescanPace)
	defer pace.Stop()
	for {
		if err := g.Again.Tick(p.ctx, n); err != nil {
			_, _ = fmt.Fprintf(p.stdout, "no blocks were read, they are tried again: %v\n", err)
		}
		at, err := g.Again.Latest(p.ctx, n)
		if err != nil {
			return err
		}
		if !at.FinishedAt.IsZero() {
			return summary(p, at)
		}
		_, _ = fmt.Fprintf(p.stdout, "blocks %d to %d of %d read again\n", at.From, at.Next-1, at.To)
		select {
		case <-p.ctx.Done():
			_, _ = fmt.Fprintln(p.stdout, "left; a running gateway goes on from here, and so does this command")
			return p.ctx.Err()
		case <-pace.C:
		}
	}
}

func summary(p process, at ports.Rescan) error {
	by := at.Host
	if !at.Second {
		by += ", the only endpoint there is: what it hides stays hidden"
	}
	if at.OwnUnread {
		by += ", " + ownUnread
	}
	_, _ = fmt.Fprintf(p.stdout, "blocks %d to %d of %s read again by %s: %d transfers had been missed and are "+
		"recorded now, %d recorded ones were not there\n", at.From, at.To, at.Network, by, at.Found, at.Missing)
	if at.Found+at.Missing > 0 {
		return errReported
	}
	return nil
}
