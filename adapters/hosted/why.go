package hosted

import (
	"context"
	"strconv"
	"time"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/money"
)

// why is the answer to "why is it not paid yet?", as far as it does not change with every block.
type why struct {
	Headline string
	Came     []came // instead of the payment, newest block first
	Cut      bool   // whether there was more
}

// came is something that came instead of the payment. Who sent it is not told: on a page people copy
// addresses from, a sender's is bait.
type came struct {
	Key   string
	Pairs []string
	Off   time.Duration // for late and too early
	TxID  string
	Time  time.Time
	Have  uint64 // confirmations, while Have is below Need
	Need  uint64
}

// read is how far the network was read. It is of the moment, so it is no part of the view: a page
// that changed with every block would never be still.
type read struct {
	From, To uint64 // blocks; From is 0 if not remembered
	Until    time.Time
	At       time.Time
	OK       bool
	Gaps     []app.Gap
}

// look reads what the page of a session tells.
func (d *desk) look(ctx context.Context, id checkout.SessionID) (app.Progress, view, *read, error) {
	p, err := d.Checkout.Progress(ctx, id)
	if err != nil {
		return p, view{}, nil, err
	}
	v := see(p)
	if p.Session.Intent == nil || v.Phase == choosing || v.Phase == paid {
		return p, v, nil, nil
	}
	x, err := d.Explainer.Explain(ctx, id)
	if err != nil {
		return p, v, nil, err
	}
	v.Why = because(x)
	return p, v, readOf(x), nil
}

// because words an explanation; nil when the payment was made since the page was looked at.
func because(x app.Explanation) *why {
	if x.Headline == app.HeadlinePaid || x.Headline == app.HeadlineChoose {
		return nil
	}
	out := &why{Headline: string(x.Headline)}
	for _, a := range x.Attempts {
		out.Cut = out.Cut || a.Cut
		for _, f := range a.Findings {
			out.Came = append(out.Came, comes(f, a))
		}
	}
	return out
}

func comes(f app.Finding, a app.Attempt) came {
	asset := a.Intent.Asset
	out := came{
		Key: "why.is." + string(f.Reason), Off: f.Off, TxID: string(f.TxID), Time: f.BlockTime,
		Pairs: []string{
			"asset", asset.Symbol, "network", networkName(f.Network), "asked", sum(a.Intent.Payable(), asset),
		},
	}
	if f.Symbol != "" {
		out.Pairs = append(out.Pairs, "sent", money.FormatUnits(f.Units, int(f.Decimals))+" "+f.Symbol)
	}
	if f.By != nil {
		out.Pairs = append(out.Pairs, "by", sum(money.FormatUnits(f.By, int(asset.Decimals)), asset))
	}
	if !f.Final {
		out.Have, out.Need = f.Confirmations, f.Needed
	}
	return out
}

// readOf is how far the network of the current intent was read.
func readOf(x app.Explanation) *read {
	for _, a := range x.Attempts {
		if a.Current {
			s := a.Scan
			return &read{From: s.From, To: s.To, Until: s.Until, At: s.At, OK: s.OK, Gaps: s.Gaps}
		}
	}
	return nil
}

// Tell says what came.
func (s *screen) Tell(c came) (string, error) {
	off, err := s.span(c.Off)
	if err != nil {
		return "", err
	}
	return s.say(c.Key, append([]string{"off", off}, c.Pairs...)...)
}

// span prints a length of time in its largest unit of which there are two.
func (s *screen) span(d time.Duration) (string, error) {
	for _, unit := range []struct {
		key  string
		size time.Duration
	}{{"span.days", 24 * time.Hour}, {"span.hours", time.Hour}, {"span.minutes", time.Minute}} {
		if d >= 2*unit.size {
			return s.say(unit.key, "n", strconv.FormatInt(int64(d/unit.size), 10))
		}
	}
	return s.say("span.seconds", "n", strconv.FormatInt(int64(d/time.Second), 10))
}

// elsewhere reads the network a query says a transaction was found on.
func elsewhere(name string) (chain.Network, bool) {
	n, err := chain.ParseNetwork(name)
	return n, err == nil
}
