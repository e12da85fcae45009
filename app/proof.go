package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Faults of looking up a payment.
var (
	ErrInvalidTxID = fault.New(fault.Invalid, "invalid_transaction_id",
		"transaction must be the 64 hexadecimal digits of a transaction id").About("transaction")
	ErrNoMethodYet = fault.New(fault.Conflict, "method_not_chosen",
		"choose how to pay first; nothing has been asked for yet")
)

// Outcome says what a transaction a payer named means for his session.
type Outcome string

// The outcomes.
const (
	OutcomePaid         Outcome = "paid"          // it settled the session
	OutcomePart         Outcome = "part"          // it paid part of what is due
	OutcomeProcessing   Outcome = "processing"    // it pays the session and is not final yet
	OutcomeUnknown      Outcome = "unknown"       // the network knows no such transfer of the asset
	OutcomeOtherAddress Outcome = "other_address" // it went to another address
	OutcomeShort        Outcome = "short"         // right address, less than the exact amount
	OutcomeOver         Outcome = "over"          // right address, more than the exact amount
	OutcomeOtherPayment Outcome = "other_payment" // it is the exact amount of another payment
	OutcomeTooEarly     Outcome = "too_early"     // older than the session
	OutcomeHeld         Outcome = "held"          // found, and waiting for the merchant's decision
	OutcomeDuplicate    Outcome = "duplicate"     // found, but the session was paid by another transfer
	OutcomeUnsuccessful Outcome = "unsuccessful"  // the transaction failed: it moved nothing
	OutcomeNoTransfer   Outcome = "no_transfer"   // the network knows it, and it moves nothing of the asset
	OutcomeOtherToken   Outcome = "other_token"   // right address, another coin of this gateway
	OutcomeForeignToken Outcome = "foreign_token" // right address, a token of a contract nobody asked for
	OutcomeZeroValue    Outcome = "zero_value"    // right address, and nothing was moved
	OutcomeOtherNetwork Outcome = "other_network" // right address, on another network
)

// Proof is what a transaction means for a session.
type Proof struct {
	Outcome       Outcome
	Transfer      *chain.Transfer // the transfer concerned; nil when there is none, or it is a stranger's
	Contract      string          // of the token, for OutcomeForeignToken
	Confirmations uint64          // at most Needed
	Needed        uint64
}

// Prove looks a transaction up on the chain for a payer who says that he paid with it. If it is
// final it is recorded by the way every transfer is, so a watcher that missed it is made up for; if
// it pays the session, the session is then paid.
func (s *Settlement) Prove(ctx context.Context, id checkout.SessionID, txid string) (Proof, error) {
	session, err := s.Sessions.ByID(ctx, id)
	if err != nil {
		return Proof{}, err
	}
	tx, ok := chain.ParseTxID(txid)
	if !ok {
		return Proof{}, ErrInvalidTxID
	}
	intent := session.Intent()
	if intent == nil {
		return Proof{}, ErrNoMethodYet
	}
	rail, ok := s.Rails.Chains[intent.Asset.Network]
	if !ok {
		return Proof{}, ports.ErrChainUnavailable
	}
	head, found, err := lookup(ctx, rail, tx)
	if err != nil {
		return Proof{}, err
	}
	if len(found) == 0 {
		return s.inquire(ctx, session.Snapshot(), tx)
	}
	if err := s.recordFinal(ctx, head, found); err != nil {
		return Proof{}, err
	}
	return s.explain(ctx, id, *intent, head, found)
}

// lookup reads a transaction and how far the network is. The head is read after the transaction, so
// that a block is never judged by an older head than the answer it came in.
func lookup(ctx context.Context, c ports.Chain, tx chain.TxID) (chain.Head, []chain.Transfer, error) {
	found, err := c.Lookup(ctx, tx)
	if err != nil {
		return chain.Head{}, nil, err
	}
	head, err := c.Head(ctx)
	return head, found, err
}

// explain says what the transfers of a transaction mean for a session.
func (s *Settlement) explain(
	ctx context.Context, id checkout.SessionID, intent checkout.Intent, head chain.Head, found []chain.Transfer,
) (Proof, error) {
	held, _, err := s.claims(ctx, found)
	if err != nil {
		return Proof{}, err
	}
	var rows []ports.TransferRow
	err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		rows, _, err = r.Transfers.OfSession(ctx, id)
		return err
	})
	if err != nil {
		return Proof{}, err
	}
	best := Proof{Outcome: OutcomeOtherAddress}
	for i, t := range found {
		p := s.outcome(t, intent, held[i], rows)
		if t.Height > head.Final && p == OutcomePaid {
			p = OutcomeProcessing
		}
		if rank(p) > rank(best.Outcome) {
			best = proofOf(p, t, &intent, head)
		}
	}
	return best, nil
}

func (s *Settlement) outcome(
	t chain.Transfer, intent checkout.Intent, held *ports.HeldAmount, rows []ports.TransferRow,
) Outcome {
	for _, row := range rows {
		if row.Transfer.TxID != t.TxID || row.Transfer.Index != t.Index {
			continue
		}
		switch row.Disposition {
		case ports.Settled:
			return OutcomePaid
		case ports.Part:
			return OutcomePart
		case ports.Held:
			if awaits(row) {
				return OutcomeProcessing
			}
			return OutcomeHeld
		case ports.Duplicate:
			return OutcomeDuplicate
		case ports.Unmatched, ports.Reversed, ports.Agent:
		}
	}
	exact := intent.Terms.Matching != checkout.Dedicated
	switch {
	case t.To != intent.Address:
		return OutcomeOtherAddress
	case t.Asset != intent.Asset:
		return OutcomeOtherToken
	case held != nil && held.Intent.SessionID != intent.SessionID:
		return OutcomeOtherPayment
	case exact && t.Units.Cmp(intent.Units) < 0:
		return OutcomeShort
	case exact && t.Units.Cmp(intent.Units) > 0:
		return OutcomeOver
	case intent.Postdates(t):
		return OutcomeTooEarly
	case held == nil:
		return OutcomeHeld // exact, after the amount was let go: it waits in the merchant's queue
	}
	return OutcomePaid // it counts, and is not final yet: what is final has a row
}

// rank orders outcomes by how much they tell the payer: a transaction may hold several transfers.
func rank(o Outcome) int {
	order := []Outcome{
		OutcomeUnknown, OutcomeOtherAddress, OutcomeOtherPayment, OutcomeOtherNetwork, OutcomeOtherToken, OutcomeTooEarly,
		OutcomeShort, OutcomeOver,
		OutcomeDuplicate, OutcomeHeld, OutcomeProcessing, OutcomePart, OutcomePaid,
	}
	for i, have := range order {
		if have == o {
			return i
		}
	}
	return -1
}

// proofOf shows a transfer only to whom it concerns: another payment's is not this payer's to see.
func proofOf(o Outcome, t chain.Transfer, i *checkout.Intent, head chain.Head) Proof {
	if o == OutcomeOtherPayment || o == OutcomeOtherAddress {
		return Proof{Outcome: o}
	}
	has, needed := depth(t, i, RailState{Network: head.Network, Height: head.Final})
	return Proof{Outcome: o, Transfer: &t, Needed: needed, Confirmations: has}
}

// settleWait bounds how long Confirm waits for a test payment to go its way.
const settleWait = 8 * time.Second

// Confirm answers what is true of an intent after a fresh look at the chain (decision 6): it never
// settles anything itself. In test mode it first makes the sandbox chain carry the payment, and
// waits a moment for the watcher to find it.
func (s *Settlement) Confirm(
	ctx context.Context, play Sandbox, id checkout.SessionID, intent checkout.IntentID,
) (checkout.Snapshot, error) {
	session, err := s.Sessions.ByID(ctx, id)
	if err != nil {
		return checkout.Snapshot{}, err
	}
	was := session.Snapshot()
	if was.Intent == nil || was.Intent.ID != intent {
		return checkout.Snapshot{}, fault.ErrNotFound
	}
	switch was.Status {
	case checkout.Settled:
		return was, nil
	case checkout.Expired:
		return checkout.Snapshot{}, checkout.ErrExpired
	case checkout.Cancelled:
		return checkout.Snapshot{}, checkout.ErrCancelled
	case checkout.Opened, checkout.Awaiting, checkout.Processing:
	}
	if was.Mode == merchant.Test {
		if err := play.Play(ctx, id, ScenarioExact); err != nil {
			return checkout.Snapshot{}, err
		}
		return s.await(ctx, id)
	}
	if was.Status == checkout.Awaiting {
		if seen, err := s.glance(ctx, *was.Intent); err != nil {
			return checkout.Snapshot{}, err
		} else if seen {
			was.Status = checkout.Processing // as the watcher will record when it looks next
			return was, nil
		}
	}
	return s.settledOrPending(ctx, id)
}

// glance looks for an intent's payment in the blocks that are not final yet, so that a payer who
// asks is not told less than the chain knows. It records nothing: that is the watcher's, who also
// notices when a transfer vanishes again.
func (s *Settlement) glance(ctx context.Context, i checkout.Intent) (seen bool, err error) {
	rail, ok := s.Rails.Chains[i.Asset.Network]
	if !ok {
		return false, ports.ErrChainUnavailable
	}
	head, err := rail.Head(ctx)
	if err != nil {
		return false, err
	}
	watch := ports.Watch{Assets: []chain.Asset{i.Asset}, Receivers: []chain.Address{i.Address}}
	ts, err := rail.Seen(ctx, head, watch)
	if errors.Is(err, ports.ErrSeenPartly) {
		return false, nil
	}
	return slices.ContainsFunc(ts, func(t chain.Transfer) bool {
		return i.Matches(t) && !i.Postdates(t)
	}), err
}

// await waits until the session is paid or settleWait is over.
func (s *Settlement) await(ctx context.Context, id checkout.SessionID) (checkout.Snapshot, error) {
	bounded, cancel := context.WithTimeout(ctx, settleWait)
	defer cancel()
	changed := s.Changes.Subscribe(bounded, id)
	for {
		snapshot, err := s.settledOrPending(ctx, id)
		if !errors.Is(err, checkout.ErrPaymentRejected) && (err != nil || snapshot.Status == checkout.Settled) {
			return snapshot, err
		}
		select {
		case <-bounded.Done():
			return snapshot, err
		case <-changed:
		}
	}
}

// settledOrPending answers a session that is paid or on its way to be, and otherwise refuses.
func (s *Settlement) settledOrPending(ctx context.Context, id checkout.SessionID) (checkout.Snapshot, error) {
	session, err := s.Sessions.ByID(ctx, id)
	if err != nil {
		return checkout.Snapshot{}, err
	}
	if st := session.Status(); st == checkout.Settled || st == checkout.Processing {
		return session.Snapshot(), nil
	}
	return checkout.Snapshot{}, checkout.ErrPaymentRejected.Because("payment_pending")
}
