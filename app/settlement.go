package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Settlement finds what was paid and books it. It is the one door to paid: nothing else in the
// gateway proves a transfer final.
type Settlement struct {
	Core     Core
	Rails    Rails
	Sessions ports.SessionReads
	Changes  ports.Changes
	Orders   ports.OrderNumbers
	Watches  ports.Watches
	Agents   ports.AuthorizationReads // nil where programs pay nothing
	Events   Announcer
	Recorded Recorded // may be nil
	Vouched  Vouched  // may be nil
	Log      *slog.Logger
}

// Recorded hears of every transfer that was recorded, for counting: money that matches nothing must
// not pass in silence.
type Recorded func(n chain.Network, d ports.Disposition)

// find is a proven transfer with what is known of it before its unit of work.
type find struct {
	proof chain.Confirmed
	held  *ports.HeldAmount  // nil when no intent holds the amount
	owner merchant.ProjectID // of the address, when held is nil
	no    ledger.OrderNo     // set when held is: a booking may need it
	doubt ports.Reason       // why it must not settle yet, although it pays
	agent bool               // it may be an agent's payment that is being settled
}

// claims answers, by position, which intent holds a transfer's amount, and whether it may be an agent's
// payment that is being settled: then no intent has it, whatever its amount, until that is known.
func (s *Settlement) claims(
	ctx context.Context, ts []chain.Transfer,
) (held []*ports.HeldAmount, agents []bool, err error) {
	agents = make([]bool, len(ts))
	if held, err = s.Sessions.Held(ctx, ts); err != nil || s.Agents == nil {
		return held, agents, err
	}
	owning, err := s.Agents.Owning(ctx, ts)
	if err != nil {
		return nil, nil, err
	}
	for i := range ts {
		if agents[i] = owning[i] != nil; agents[i] {
			held[i] = nil
		}
	}
	return held, agents, nil
}

// footing is what transfers are recorded upon.
type footing struct {
	// at is the block up to which the network was read when it was found out that the transfers are of
	// its history, or come after it. They are recorded while that is so, or else it is ports.ErrStale. On a
	// network that was never read it is zero.
	at ports.Cursor
	// after runs in the last unit of work, with the last transfers, unless it is nil: a cursor moved there
	// is moved if and only if all are recorded.
	after func(ctx context.Context, r ports.Repos) error
}

// record writes final transfers down, each once, and settles what they pay.
func (s *Settlement) record(ctx context.Context, head chain.Head, ts []chain.Transfer, on footing) error {
	return inBatches(ctx, ts, func(ctx context.Context, batch []chain.Transfer, last bool) error {
		finds, err := s.identify(ctx, head, batch)
		if err != nil {
			return err
		}
		if !last {
			return s.enter(ctx, head.Network, finds, footing{at: on.at})
		}
		return s.enter(ctx, head.Network, finds, on)
	})
}

// credit writes transfers down that are not final but deep enough for the terms their payers were
// told. What they pay is settled; what they do not pay waits until it is final.
func (s *Settlement) credit(ctx context.Context, head chain.Head, ts []chain.Transfer, at ports.Cursor) error {
	return inBatches(ctx, ts, func(ctx context.Context, batch []chain.Transfer, _ bool) error {
		finds, err := s.identifyEarly(ctx, head, batch)
		if err != nil {
			return err
		}
		return s.enter(ctx, head.Network, finds, footing{at: at})
	})
}

// identify proves transfers final and looks up whose they are.
func (s *Settlement) identify(ctx context.Context, head chain.Head, ts []chain.Transfer) ([]find, error) {
	if len(ts) == 0 {
		return nil, nil
	}
	held, agents, err := s.claims(ctx, ts)
	if err != nil {
		return nil, err
	}
	finds := make([]find, len(ts))
	var unknown []chain.Address
	for i, t := range ts {
		proof, err := chain.Confirm(t, head)
		if err != nil {
			return nil, fmt.Errorf("transfer %s/%d at height %d: %w", t.TxID, t.Index, t.Height, err)
		}
		finds[i] = find{proof: proof, held: held[i], agent: agents[i]}
		if held[i] == nil {
			unknown = append(unknown, t.To)
			continue
		}
		if finds[i].no, err = s.Orders.Next(ctx, s.now()); err != nil {
			return nil, err
		}
	}
	if err := s.corroborate(ctx, finds); err != nil {
		return nil, err
	}
	if len(unknown) == 0 {
		return finds, nil
	}
	owners, err := s.Sessions.Owners(ctx, head.Network, unknown)
	if err != nil {
		return nil, err
	}
	for i := range finds {
		if finds[i].held == nil {
			finds[i].owner = owners[finds[i].proof.Transfer().To]
		}
	}
	return finds, nil
}

// prove proves one transfer final, with a number to book it under.
func (s *Settlement) prove(ctx context.Context, head chain.Head, t chain.Transfer) (find, error) {
	proof, err := chain.Confirm(t, head)
	if err != nil {
		return find{}, err
	}
	no, err := s.Orders.Next(ctx, s.now())
	return find{proof: proof, no: no}, err
}

// proveFor proves one transfer by the terms of the intent it is for: final, or as deep as they ask;
// chain.ErrNotFinal while it is neither.
func (s *Settlement) proveFor(
	ctx context.Context, head chain.Head, t chain.Transfer, to ports.HeldAmount,
) (find, error) {
	proof, err := chain.Confirm(t, head)
	if terms := to.Intent.Terms; err != nil && terms.Confirmations > 0 && terms.Sources < 2 {
		proof, err = chain.ConfirmEarly(t, head, terms.Confirmations)
	}
	if err != nil {
		return find{}, err
	}
	no, err := s.Orders.Next(ctx, s.now())
	return find{proof: proof, held: &to, no: no}, err
}

// identifyEarly proves those transfers deep enough whose payers were told that this counts.
func (s *Settlement) identifyEarly(
	ctx context.Context, head chain.Head, ts []chain.Transfer,
) ([]find, error) {
	held, _, err := s.claims(ctx, ts)
	if err != nil {
		return nil, err
	}
	var finds []find
	for i, t := range ts {
		if held[i] == nil || held[i].Intent.Terms.Confirmations == 0 || held[i].Intent.Terms.Sources > 1 {
			continue // endpoints differ above the final height: two that agree there prove nothing
		}
		proof, err := chain.ConfirmEarly(t, head, held[i].Intent.Terms.Confirmations)
		if err != nil {
			continue // not deep enough yet
		}
		f := find{proof: proof, held: held[i]}
		if f.no, err = s.Orders.Next(ctx, s.now()); err != nil {
			return nil, err
		}
		finds = append(finds, f)
	}
	return finds, nil
}

func (s *Settlement) now() time.Time { return s.Core.Clock.Now().UTC().Truncate(time.Microsecond) }

// isNotFound reports whether nothing was there.
func isNotFound(err error) bool { return errors.Is(err, ports.ErrNotFound) }
