package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/adapters/system"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/money"
)

// explainLimit bounds how long the command reads.
const explainLimit = 30 * time.Second

type explainCommand struct {
	Session string `arg:"" help:"id of the payment or checkout session"`
}

// Run implements the command. It reads the database and asks no node.
func (e explainCommand) Run(p process, c *Config) error {
	ctx, cancel := context.WithTimeout(p.ctx, explainLimit)
	defer cancel()
	db, stop, err := borrowDatabase(ctx, c, logger(p, c))
	if err != nil {
		return err
	}
	defer stop()
	store, err := postgres.Open(ctx, postgres.Config{URL: db.URL})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	clock := system.Clock{}
	live, err := openTron(c, clock)
	if err != nil {
		return err
	}
	others, err := openEVM(c, clock)
	if err != nil {
		return err
	}
	explainer := app.Explainer{
		Sessions: store, Reads: store, Rails: rails(sandbox.New(store, clock), live, others, store),
		Core: app.Core{Work: store, Clock: clock, IDs: system.IDs{}},
	}
	x, err := explainer.ExplainAll(ctx, checkout.SessionID(e.Session))
	if errors.Is(err, fault.ErrNotFound) {
		return errors.New("there is no payment " + e.Session)
	}
	if err != nil {
		return err
	}
	return tellExplanation(p.stdout, x)
}

// tellExplanation prints everything that is known of a payment, for people.
func tellExplanation(w io.Writer, x app.Explanation) error {
	var out strings.Builder
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(&out, format+"\n", args...) }
	say("%s: %s, late payments: %s", x.Session.ID, x.Headline, x.Late)
	for _, a := range x.Attempts {
		i, s := a.Intent, a.Scan
		say("\nasked for %s %s on %s at %s\n  from %s to %s%s", i.Payable(), i.Asset.Symbol,
			i.Asset.Network.Title(), i.Address, i.CreatedAt.Format(time.RFC3339), i.ExpiresAt.Format(time.RFC3339),
			map[bool]string{true: ", now", false: ""}[a.Current])
		say("  read blocks %d to %d, until %s, last answer %s, at work: %t", s.From, s.To,
			s.Until.Format(time.RFC3339), s.At.Format(time.RFC3339), s.OK)
		for _, g := range s.Gaps {
			say("  nobody read from %s to %s%s", g.From.Format(time.RFC3339), g.Until.Format(time.RFC3339),
				map[bool]string{true: ", and still not", false: ""}[g.Ongoing])
		}
		for _, f := range a.Findings {
			say("  %s", tellFinding(f, i))
		}
		if a.Cut {
			say("  and more that is not listed")
		}
		if a.Ignored > 0 {
			say("  and about %d events that only look like payments", a.Ignored)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func tellFinding(f app.Finding, asked checkout.Intent) string {
	amount := f.Units.String() + " of token " + f.Contract
	if f.Symbol != "" {
		amount = money.FormatUnits(f.Units, int(f.Decimals)) + " " + f.Symbol
	}
	parts := []string{fmt.Sprintf("%s  %s: %s on %s from %s, transaction %s", f.BlockTime.Format(time.RFC3339),
		f.Reason, amount, f.Network.Title(), f.From, f.TxID)}
	if f.By != nil {
		parts = append(parts, "by "+money.FormatUnits(f.By, int(asked.Asset.Decimals)))
	}
	if f.Off > 0 {
		parts = append(parts, "by "+f.Off.Round(time.Second).String())
	}
	if !f.Final {
		parts = append(parts, fmt.Sprintf("not final: %d of %d", f.Confirmations, f.Needed))
	}
	if f.Lookalike {
		parts = append(parts, "the sender's address imitates another")
	}
	if f.Waits != "" {
		parts = append(parts, string(f.Waits))
	}
	if f.Decided != "" {
		parts = append(parts, string(f.Decided)+" by the merchant")
	}
	return strings.Join(parts, ", ")
}
