package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// evidence is what proves a settlement, where it stands in the chain, and who found it.
type evidence struct {
	rail    TokenRail
	proven  x402.Proven
	receipt ports.TokenReceipt
	by      x402.Actor
}

func (e evidence) key() x402.ClaimKey { return e.proven.Due().Key() }

// settle writes down what a receipt has proven: the settlement, the transfer, the booking, what the payer
// may have for it and what the merchant is told, all at once. A settled one stays as it is.
func (s *Relayer) settle(ctx context.Context, e evidence) (out ports.AuthorizationRow, err error) {
	no, err := s.Orders.Next(ctx, s.now())
	if err != nil {
		return ports.AuthorizationRow{}, err
	}
	now := s.now()
	var spent bool
	err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		spent = false
		row, err := r.Authorizations.Load(ctx, e.key())
		if err != nil {
			return err
		}
		if row.Settlement.Snapshot().Status == x402.Settled {
			out = row
			return nil
		}
		if row.SessionID != "" {
			return errOrder
		}
		taken, err := s.take(ctx, r, e, row, no)
		if err != nil {
			return err
		}
		if spent = !taken; spent {
			out, err = advance(ctx, r, row, now, spentOn(e.by))
			return err
		}
		if out, err = advance(ctx, r, row, now, provenBy(e, no)); err != nil {
			return err
		}
		if err := indebt(ctx, r, out, now); err != nil {
			return err
		}
		if err := s.Events.agent(ctx, r, webhook.AgentSettled, out); err != nil {
			return err
		}
		// Booking is last, because all that a merchant books waits for it to be committed.
		return bookReceipt(ctx, r, receiptFor(e.rail, out, no, now))
	})
	if errors.Is(err, errOrder) {
		return s.settleOrder(ctx, e)
	}
	if errors.Is(err, x402.ErrTransition) {
		return s.read(ctx, e.key())
	}
	if spent && err == nil {
		s.Log.LogAttrs(ctx, slog.LevelError, "the transfer of an agent's payment had paid something else",
			slog.String("authorization", e.key().String()), slog.String("transaction", e.proven.TxID().String()))
	}
	return out, err
}

// provenBy moves a settlement to settled. It is looked at until the block is final.
func provenBy(e evidence, no ledger.OrderNo) change {
	return func(row *ports.AuthorizationRow, now time.Time) error {
		settled, err := row.Settlement.Settle(e.by, e.proven, now)
		row.Settlement, row.OrderNo, row.LookAt = settled, no, now.Add(finalPatience)
		return err
	}
}

// spentOn fails a settlement whose transfer had paid something else before: a person decided so. Nothing
// that was refused or failed before changes by it.
func spentOn(by x402.Actor) change {
	return func(row *ports.AuthorizationRow, _ time.Time) (err error) {
		row.LookAt = time.Time{}
		switch row.Settlement.Snapshot().Status {
		case x402.Claimed, x402.Delegated:
			actor := by
			if row.Settlement.Snapshot().Status == x402.Delegated {
				actor = x402.Relayer
			}
			row.Settlement, err = row.Settlement.Refuse(actor, x402.ReasonUsed)
		case x402.Signed:
			if row.Settlement, err = row.Settlement.Send(by); err == nil {
				row.Settlement, err = row.Settlement.Revert(by, x402.ReasonUsed)
			}
		case x402.Broadcast, x402.Pending:
			row.Settlement, err = row.Settlement.Revert(by, x402.ReasonUsed)
		case x402.Reversed, x402.Settled, x402.Refused, x402.Failed:
		}
		return err
	}
}

// take records the transfer as this settlement's, where somebody watches the network. It answers false
// if it was recorded and has paid something else, or somebody decided on it.
func (s *Relayer) take(
	ctx context.Context, r ports.Repos, e evidence, row ports.AuthorizationRow, no ledger.OrderNo,
) (bool, error) {
	if e.rail.Watched == "" {
		return true, nil
	}
	t, err := transferOf(e)
	if err != nil {
		return false, err
	}
	recorded, err := r.Transfers.Load(ctx, t.Network, t.TxID, t.Index)
	switch {
	case isNotFound(err), err == nil && recorded.Disposition == ports.Reversed:
		return r.Transfers.Add(ctx, ports.TransferRow{
			Transfer: t, ProjectID: row.ProjectID, Disposition: ports.Agent, OrderNo: string(no), RecordedAt: s.now(),
		})
	case err != nil:
		return false, err
	case recorded.Disposition == ports.Agent:
		if ours, err := pays(ctx, r, recorded, row); err != nil || !ours {
			return false, err
		}
	case recorded.Disposition != ports.Unmatched || recorded.Decision.Action != "":
		return false, nil
	}
	if recorded.Transfer.BlockID != t.BlockID {
		if err := r.Transfers.Move(ctx, t); err != nil {
			return false, err
		}
	}
	if recorded.Reason == ports.AwaitingSettlement { // not any more
		if err := r.Transfers.Note(ctx, t, ports.NoReason); err != nil {
			return false, err
		}
	}
	recorded.Disposition, recorded.OrderNo = ports.Agent, string(no)
	return true, r.Transfers.Decide(ctx, recorded)
}

// pays reports whether a recorded transfer is what this very authorization moved, in a block that came and
// went.
func pays(
	ctx context.Context, r ports.Repos, recorded ports.TransferRow, row ports.AuthorizationRow,
) (bool, error) {
	booked, err := r.Ledger.Find(ctx, merchantOf(row), ledger.OrderNo(recorded.OrderNo))
	if isNotFound(err) {
		return false, nil
	}
	ref := agentRef(row.Settlement.Snapshot().Due.Key())
	cause := booked.Transaction.SourceRef
	return cause == ref || strings.HasPrefix(cause, ref+"."), err
}

// errNotWatched says that a token settles where the watcher does not know it.
var errNotWatched = errors.New("x402: a watched network does not list the token that was settled in")

// transferOf is the transfer that a settlement was proven by, as the watcher would have read it.
func transferOf(e evidence) (chain.Transfer, error) {
	due := e.proven.Due()
	for _, a := range e.rail.Watched.Tokens() {
		if contract, ok := x402.AddressOf(chain.Address(a.Contract)); ok && contract == due.Asset {
			return chain.Transfer{
				Network: e.rail.Watched, TxID: txOf(e.proven.TxID()), Index: e.proven.Index(), Asset: a,
				From: chain.EVMAddress(due.Payer), To: chain.EVMAddress(due.PayTo), Units: due.Value.Big(),
				Height: e.receipt.Height, BlockID: e.receipt.BlockID, BlockTime: e.receipt.BlockTime,
			}, nil
		}
	}
	return chain.Transfer{}, errNotWatched
}

// txOf is a transaction's id as package chain writes it.
func txOf(h x402.Hash) chain.TxID { return chain.TxID(strings.TrimPrefix(h.String(), "0x")) }

// receiptFor is the ledger transaction of a settlement. Its cause is the authorization, which is settled
// once: whatever transaction settles it, and whoever sent that, it is booked once.
func receiptFor(
	rail TokenRail, row ports.AuthorizationRow, no ledger.OrderNo, now time.Time,
) ledger.Transaction {
	was := row.Settlement.Snapshot()
	return ledger.Transaction{
		OrderNo: no, MerchantID: merchantOf(row), ProjectID: row.ProjectID, Mode: row.Mode,
		Kind: ledger.KindAgent, SourceRef: agentRef(was.Due.Key()), SessionID: row.SessionID, Description: row.Title,
		Postings: []ledger.Posting{{
			Source:      ledger.World(row.Mode, railName(rail)),
			Destination: ledger.Of(merchantOf(row), row.Mode, ledger.Received+railName(rail)),
			Amount:      row.Price,
		}},
		BookedAt: ledger.Instant(now),
	}
}

// agentRef is what the book calls an authorization.
func agentRef(k x402.ClaimKey) string { return "x402:" + k.String() }

// railName is what the book calls a network: as it does for other payments where it is watched.
func railName(r TokenRail) string {
	if r.Watched != "" {
		return string(r.Watched)
	}
	return r.Network().String()
}
