package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/ports"
)

// Bounds of asking for a second source.
const (
	vouchLimit    = 5 * time.Second // of all that is asked before a batch of transfers is recorded
	vouchPatience = 6 * time.Hour   // after that a transfer nobody else proves is the merchant's to judge
	vouchBatch    = 50              // transfers that are asked about again in one turn
)

// ErrTooFewSources refuses a payment that could never be settled: its terms ask for more endpoints than
// its network has here.
var ErrTooFewSources = fault.New(fault.Conflict, "too_few_sources",
	"a payment of this worth must be proven by more endpoints than this gateway reads the network by; "+
		"choose another network, or have the operator add an endpoint of another provider")

// Vouched hears what became of asking several endpoints about a transfer: ports.NoReason when enough
// agreed.
type Vouched func(n chain.Network, because ports.Reason)

// canProve refuses to ask for a payment that too few endpoints could prove.
func (r Rails) canProve(a chain.Asset, sources int) error {
	if sources < 2 {
		return nil
	}
	have := 1
	if w, ok := r.Witnesses[a.Network]; ok {
		have = w.Sources(a)
	}
	if have < sources {
		return ErrTooFewSources.Saying("a payment of this worth must be proven by " +
			strconv.Itoa(sources) + " endpoints of different providers, and this gateway reads " + a.Symbol + " on " +
			a.Network.Standard() + " by " + strconv.Itoa(have) +
			"; choose another coin or network, or have the operator add one")
	}
	return nil
}

// awaits reports whether a recorded transfer is held until a second source proves it.
func awaits(row ports.TransferRow) bool {
	return row.Disposition == ports.Held &&
		(row.Reason == ports.AwaitingSource || row.Reason == ports.SourcesDiffer)
}

// waiting reports whether a transfer of a session waits for a second source: then its payment is on its
// way, whatever becomes of others.
func waiting(ctx context.Context, r ports.Repos, id checkout.SessionID) (bool, error) {
	rows, _, err := r.Transfers.OfSession(ctx, id)
	return slices.ContainsFunc(rows, awaits), err
}

// withhold keeps a transfer that pays from settling while it is in doubt.
func (f find) withhold(row *ports.TransferRow) {
	if f.doubt != ports.NoReason {
		row.Disposition, row.Reason, row.OrderNo = ports.Held, f.doubt, ""
	}
}

// corroborate asks other endpoints about transfers whose terms say so, before the unit of work that
// records them. What cannot be asked in time waits, and is asked about again: one slow endpoint must
// not hold up what else was found.
func (s *Settlement) corroborate(ctx context.Context, finds []find) error {
	bounded, cancel := context.WithTimeout(ctx, vouchLimit)
	defer cancel()
	for i := range finds {
		f := &finds[i]
		if f.held == nil || f.held.Intent.Terms.Sources < 2 {
			continue
		}
		known, err := s.isRecorded(ctx, *f)
		if err != nil {
			return err
		}
		f.doubt = ports.AwaitingSource // should it be reversed before it is recorded again, it waits
		if !known {
			f.doubt = s.vouch(bounded, f.proof.Transfer(), f.held.Intent.Terms.Sources)
		}
	}
	return nil
}

// isRecorded reports whether a transfer needs no asking: recording it again changes nothing.
func (s *Settlement) isRecorded(ctx context.Context, f find) (known bool, err error) {
	t := f.proof.Transfer()
	err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		known = false
		rows, _, err := r.Transfers.OfSession(ctx, f.held.Intent.SessionID)
		for _, row := range rows {
			known = known || row.Transfer.TxID == t.TxID && row.Transfer.Index == t.Index &&
				row.Transfer.Network == t.Network && row.Disposition != ports.Reversed
		}
		return err
	})
	return known, err
}

// vouch asks endpoints about a transfer and answers why it must not settle yet; NoReason if enough of
// them prove it.
func (s *Settlement) vouch(ctx context.Context, t chain.Transfer, sources int) ports.Reason {
	because, agreeing, err := ports.AwaitingSource, 0, error(ports.ErrChainUnavailable)
	if w, ok := s.Rails.Witnesses[t.Network]; ok {
		agreeing, err = w.Witnesses(ctx, t, sources)
	}
	switch {
	case err == nil && agreeing >= sources:
		because = ports.NoReason
	case errors.Is(err, ports.ErrSourcesDisagree):
		because = ports.SourcesDiffer
		s.Log.Error("endpoints contradict each other about a payment", "network", string(t.Network),
			"txid", string(t.TxID), "index", t.Index, "agreeing", agreeing, "error", err)
	default:
		s.Log.Warn("a payment waits for a second source", "network", string(t.Network),
			"txid", string(t.TxID), "index", t.Index, "agreeing", agreeing, "error", err)
	}
	s.heard(t.Network, because)
	return because
}

func (s *Settlement) heard(n chain.Network, because ports.Reason) {
	if s.Vouched != nil {
		s.Vouched(n, because)
	}
}

// Corroborate asks again about the transfers of a network that wait for a second source, and settles
// those that are proven by now, by the way every transfer is.
func (s *Settlement) Corroborate(ctx context.Context, n chain.Network) error {
	var waiting []ports.TransferRow
	err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) (err error) {
		waiting, err = r.Transfers.Waiting(ctx, n, vouchBatch)
		return err
	})
	if err != nil || len(waiting) == 0 {
		return err
	}
	rail, ok := s.Rails.Chains[n]
	if !ok {
		return fmt.Errorf("corroborate on %s: no such rail", n)
	}
	head, err := rail.Head(ctx)
	if err != nil {
		head = chain.Head{Network: n} // nothing is final by it; what has waited too long is still let go
	}
	for _, row := range waiting {
		if err := s.reconsider(ctx, head, row); err != nil {
			return fmt.Errorf("corroborate %s/%d: %w", row.Transfer.TxID, row.Transfer.Index, err)
		}
	}
	return nil
}

// reconsider asks about one transfer again. It settles only while the intent it paid still holds its
// amount: later the amount may be another payer's.
func (s *Settlement) reconsider(ctx context.Context, head chain.Head, row ports.TransferRow) error {
	t := row.Transfer
	held, err := s.Sessions.Held(ctx, []chain.Transfer{t})
	if err != nil {
		return err
	}
	f := find{held: held[0], doubt: ports.Uncorroborated}
	if f.held != nil && f.held.Intent.ID == row.IntentID {
		f.doubt = s.vouch(ctx, t, f.held.Intent.Terms.Sources)
	}
	if f.doubt != ports.NoReason && s.now().Sub(row.RecordedAt) >= vouchPatience {
		f.doubt = ports.Uncorroborated
	}
	switch f.doubt {
	case row.Reason:
		return nil
	case ports.NoReason:
		proven, err := s.prove(ctx, head, t)
		if err != nil {
			return err
		}
		proven.held = f.held
		return s.acquit(ctx, proven)
	case ports.Uncorroborated:
		s.heard(t.Network, ports.Uncorroborated)
		s.Log.Error("a payment was not proven by a second source in time; the merchant has to decide",
			"network", string(t.Network), "txid", string(t.TxID), "index", t.Index, "session", string(row.SessionID))
	default:
	}
	row.Reason = f.doubt
	return s.keepHeld(ctx, row)
}

// acquit settles what waited, if it still does.
func (s *Settlement) acquit(ctx context.Context, f find) error {
	var recorded []ports.Disposition
	err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		recorded = nil
		book := booking{s: s, r: r, now: s.now(), recorded: &recorded, again: true}
		return book.enter(ctx, []find{f})
	})
	if err != nil || s.Recorded == nil {
		return err
	}
	for _, d := range recorded {
		s.Recorded(f.proof.Transfer().Network, d)
	}
	return nil
}

// keepHeld gives a waiting transfer another reason. One that waits no longer is the merchant's to
// judge: he is told, and its session waits for a transfer that pays it.
func (s *Settlement) keepHeld(ctx context.Context, row ports.TransferRow) error {
	return s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		done, err := r.Transfers.Release(ctx, row)
		if err != nil || !done || awaits(row) {
			return err
		}
		session, err := r.Sessions.Load(ctx, row.SessionID)
		if err != nil {
			return err
		}
		book := booking{s: s, r: r, now: s.now()}
		return book.hold(ctx, session, row)
	})
}

// letDown ends the waiting of a session whose transfer the chain undid before a second source had
// proven it.
func (s *Settlement) letDown(ctx context.Context, r ports.Repos, row ports.TransferRow, now time.Time) error {
	if !awaits(row) {
		return nil
	}
	return s.unsee(ctx, r, row.SessionID, now)
}
