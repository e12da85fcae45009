package app

import (
	"context"
	"math/big"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Explainer answers "why is it not paid?": what was read until when, what came to the address, and
// why it did not pay. It decides nothing.
//
// Who may see what. A shared address receives the payments of many customers. The payer, who needs
// nothing but the session's id, is shown what was attributed to this session and, while it is not
// paid, what plausibly concerns it: transfers that are nobody's, sent within the life of the intent,
// of an amount within 2 % of what was asked or one unit of the currency, whichever is more. He is
// never shown a transfer of another payment, nor who sent anything. The merchant is shown everything
// that came to the address and is not another merchant's.
type Explainer struct {
	Sessions ports.SessionReads
	Reads    ports.Explanations
	Rails    Rails
	Core     Core
}

// Bounds of an explanation.
const (
	explainedIntents  = 10
	explainedArrivals = 100
	explainedGaps     = 20
	explainBefore     = time.Hour // how long before its intent a payment is taken for an early one
	nearPercent       = 2         // of the amount asked
)

// Explanation is why a session is or is not paid.
type Explanation struct {
	Session  checkout.Snapshot
	Late     merchant.LatePolicy // of the project: what becomes of a late payment
	Paying   bool                // whether a program is paying it
	Headline Headline
	About    *Finding  // what the headline is about; nil for what is about no transfer
	Attempts []Attempt // the current intent first, then the newest
	Now      time.Time
}

// Attempt is an intent and what came of it.
type Attempt struct {
	Intent   checkout.Intent
	Current  bool
	Scan     Scan
	Findings []Finding // newest block first
	Cut      bool      // whether there were more than are listed
	Ignored  int       // further events that only look like payments, counted and not kept
}

// Scan is how far the network of an intent was looked through for it.
type Scan struct {
	Network chain.Network
	From    uint64    // first block, at most minutes older than the intent; 0 if not remembered
	To      uint64    // last block; every block in between was read
	Until   time.Time // of block To
	At      time.Time // when the watcher last got through, by our clock
	OK      bool      // whether it is at work
	Gaps    []Gap     // oldest first
}

// Gap is a time in the life of an intent in which nobody read its network. Nothing is lost in it:
// reading goes on where it stopped.
type Gap struct {
	From, Until time.Time
	Ongoing     bool
}

// Finding is something that came to an intent's address, or to a session's.
type Finding struct {
	Reason    Reason
	Lookalike bool // its sender's address is made to be mistaken for another; for merchants only
	Final     bool

	Network       chain.Network
	TxID          chain.TxID
	Index         uint32
	Contract      string
	Symbol        string        // "" for what is no coin of this gateway, whatever it calls itself
	Decimals      uint8         // meaningless where there is no Symbol
	From          chain.Address // "" for payers
	To            chain.Address
	Units         *big.Int
	Height        uint64
	BlockTime     time.Time
	Confirmations uint64 // at most Needed
	Needed        uint64

	Waits   ports.Reason // why what has the exact amount did not settle, if that is for want of a second source
	Decided ports.Action // by the merchant, "" while he has not

	By  *big.Int      // for short and over: by how much, in units of the asset asked
	Off time.Duration // for late and too early: by how much
}

// audience is who asks.
type audience uint8

const (
	payer audience = iota + 1
	owner
)

// Explain answers whoever knows the session's id.
func (e Explainer) Explain(ctx context.Context, id checkout.SessionID) (Explanation, error) {
	return e.explain(ctx, id, payer)
}

// ExplainAll answers the operator, who sees what the merchant does.
func (e Explainer) ExplainAll(ctx context.Context, id checkout.SessionID) (Explanation, error) {
	return e.explain(ctx, id, owner)
}

// ExplainTo answers the merchant whose session it is; for any other there is none.
func (e Explainer) ExplainTo(
	ctx context.Context, who merchant.Principal, id checkout.SessionID,
) (Explanation, error) {
	out, err := e.explain(ctx, id, owner)
	if err != nil {
		return Explanation{}, err
	}
	if s := out.Session; s.MerchantID != who.Merchant || s.ProjectID != who.Project || s.Mode != who.Mode {
		return Explanation{}, fault.ErrNotFound
	}
	return out, nil
}

func (e Explainer) explain(ctx context.Context, id checkout.SessionID, to audience) (Explanation, error) {
	session, err := e.Sessions.ByID(ctx, id)
	if err != nil {
		return Explanation{}, err
	}
	out := Explanation{Session: session.Snapshot(), Now: e.Core.Clock.Now()}
	own := belongings{}
	err = e.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		project, err := r.Projects.ByID(ctx, out.Session.ProjectID)
		if err != nil {
			return err
		}
		out.Late = project.Policy.Late
		own.rows, own.sightings, err = r.Transfers.OfSession(ctx, id)
		if err != nil {
			return err
		}
		paying, err := r.Authorizations.Paying(ctx, id)
		out.Paying = len(paying) > 0
		return err
	})
	if err != nil {
		return Explanation{}, err
	}
	states, err := e.Rails.States(ctx, out.Now)
	if err != nil {
		return Explanation{}, err
	}
	intents, err := e.intents(ctx, out.Session, own.rows)
	if err != nil {
		return Explanation{}, err
	}
	for _, i := range intents {
		scope := scope{session: out.Session, intent: i, all: intents, own: own, states: states, now: out.Now, to: to}
		a, err := e.attempt(ctx, scope)
		if err != nil {
			return Explanation{}, err
		}
		out.Attempts = append(out.Attempts, a)
	}
	out.Headline, out.About = headline(out)
	if to == payer {
		out.anonymous()
	}
	return out, nil
}

// anonymous takes out who sent what.
func (x *Explanation) anonymous() {
	for n := range x.Attempts {
		for k := range x.Attempts[n].Findings {
			x.Attempts[n].Findings[k].From = ""
		}
	}
	if x.About != nil {
		x.About.From = ""
	}
}

// intents lists what was ever asked for a session, the current intent first. What only programs were asked, and
// none paid, tells nobody anything: no amount is theirs that somebody could have missed.
func (e Explainer) intents(
	ctx context.Context, s checkout.Snapshot, rows []ports.TransferRow,
) ([]checkout.Intent, error) {
	all, err := e.Sessions.IntentsOf(ctx, s.ID, explainedIntents)
	if err != nil {
		return nil, err
	}
	var out []checkout.Intent
	if s.Intent != nil {
		out = append(out, *s.Intent)
	}
	for _, i := range all {
		paid := slices.ContainsFunc(rows, func(row ports.TransferRow) bool { return row.IntentID == i.ID })
		if (s.Intent == nil || i.ID != s.Intent.ID) && (paid || i.Terms.Matching != checkout.Authorized) {
			out = append(out, i)
		}
	}
	return out, nil
}

// attempt explains one intent.
func (e Explainer) attempt(ctx context.Context, s scope) (Attempt, error) {
	a := Attempt{Intent: s.intent, Current: s.session.Intent != nil && s.session.Intent.ID == s.intent.ID}
	var err error
	if a.Scan, err = e.scan(ctx, s); err != nil {
		return Attempt{}, err
	}
	arrived, cut, err := e.arrivals(ctx, s)
	if err != nil {
		return Attempt{}, err
	}
	ignored, more, err := e.Reads.Ignored(ctx, s.query(nil))
	if err != nil {
		return Attempt{}, err
	}
	a.Findings, a.Cut = s.findings(arrived, ignored), cut || len(ignored) >= explainedArrivals
	if s.to == owner {
		a.Ignored = more
	}
	return a, nil
}

// scan tells how far an intent's network was read for it.
func (e Explainer) scan(ctx context.Context, s scope) (Scan, error) {
	n, state := s.intent.Asset.Network, stateOf(s.states, s.intent.Asset.Network)
	out := Scan{Network: n, To: state.Height, Until: state.BlockTime, OK: state.OK}
	if state.Height > 0 {
		out.At = s.now.Add(-state.Silence)
	}
	mark, err := e.Reads.MarkBefore(ctx, n, s.intent.CreatedAt)
	switch {
	case isNotFound(err):
	case err != nil:
		return Scan{}, err
	case mark.Height < state.Height:
		out.From = mark.Height + 1
	}
	end := s.intent.HoldUntil
	if s.now.Before(end) {
		end = s.now
	}
	gaps, err := e.Reads.Gaps(ctx, n, s.intent.CreatedAt, end, explainedGaps)
	if err != nil {
		return Scan{}, err
	}
	for _, g := range gaps {
		out.Gaps = append(out.Gaps, Gap{From: g.From, Until: g.Until})
	}
	if !state.OK && state.Height > 0 && !out.At.After(end) {
		out.Gaps = append(out.Gaps, Gap{From: out.At, Until: s.now, Ongoing: true})
	}
	return out, nil
}

// arrivals reads what came to the intent's address. Amounts near to what was asked come first, so
// that a busy address does not push them out; cut says that there was more.
func (e Explainer) arrivals(ctx context.Context, s scope) (out arrivals, cut bool, err error) {
	if s.to == payer && s.session.Status == checkout.Settled {
		return out, false, nil // he has paid; what else came is none of his business
	}
	near := near(s.intent)
	if out.rows, err = e.Reads.Arrived(ctx, s.query(&near)); err != nil {
		return out, false, err
	}
	cut = len(out.rows) >= explainedArrivals
	if s.to == owner {
		others, err := e.Reads.Arrived(ctx, s.query(nil))
		if err != nil {
			return out, false, err
		}
		out.rows, cut = append(out.rows, others...), cut || len(others) >= explainedArrivals
	}
	at, on := s.intent.Address, s.intent.Asset.Network.Family()
	out.sightings, err = e.Reads.InSight(ctx, at, on, explainedArrivals)
	return out, cut || len(out.sightings) >= explainedArrivals, err
}

// near is the range of amounts that plausibly concern an intent.
func near(i checkout.Intent) ports.Near {
	off := new(big.Int).Div(new(big.Int).Mul(i.Units, big.NewInt(nearPercent)), big.NewInt(100))
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(i.Asset.Decimals)), nil)
	if off.Cmp(unit) < 0 {
		off = unit
	}
	low := new(big.Int).Sub(i.Units, off)
	if low.Sign() < 0 {
		low.SetInt64(0)
	}
	return ports.Near{Low: low, High: new(big.Int).Add(i.Units, off), Decimals: i.Asset.Decimals}
}
