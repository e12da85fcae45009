package app

import (
	"context"
	"errors"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// Faults of deciding.
var (
	ErrDecided = fault.New(fault.Conflict, "transfer_decided",
		"this transfer has been decided on already")
	ErrNotWaiting = fault.New(fault.Conflict, "transfer_not_waiting",
		"this transfer settled a payment or was undone by its network; nothing is to be decided")
	ErrNoSessionYet = fault.New(fault.Conflict, "session_not_named",
		"this transfer came for no payment; assign it to one")
	ErrNothingAsked = fault.New(fault.Conflict, "method_not_chosen",
		"nobody chose how to pay this checkout yet, so no transfer can stand for it")
)

// maxQueuePage is the largest page of a queue.
const maxQueuePage = 100

// TransferID names a recorded transfer.
type TransferID struct {
	Network chain.Network
	TxID    chain.TxID
	Index   uint32
}

// Verdict is what a merchant decides about a transfer that settled nothing by itself.
type Verdict struct {
	Transfer   TransferID
	Action     ports.Action
	SessionID  checkout.SessionID // to assign to; not for the other actions
	Note       string             // checked by the dialect
	ReturnTxID chain.TxID         // of a return, "" if not named
}

// Queue lists transfers of the principal's project that settled nothing by themselves.
func (s *Settlement) Queue(
	ctx context.Context, who merchant.Principal, q ports.QueueQuery,
) (ports.QueuePage, error) {
	q.Project, q.Mode, q.Limit = who.Project, who.Mode, min(max(q.Limit, 1), maxQueuePage)
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (ports.QueuePage, error) {
		return r.Transfers.Queue(ctx, q)
	})
}

// Waiting finds one transfer of the principal's project, or ports.ErrNotFound.
func (s *Settlement) Waiting(
	ctx context.Context, who merchant.Principal, id TransferID,
) (ports.TransferRow, error) {
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (ports.TransferRow, error) {
		return own(ctx, r, who, id)
	})
}

// own finds a transfer of the principal's project and mode, locked.
func own(
	ctx context.Context, r ports.Repos, who merchant.Principal, id TransferID,
) (ports.TransferRow, error) {
	row, err := r.Transfers.Load(ctx, id.Network, id.TxID, id.Index)
	if err != nil {
		return ports.TransferRow{}, err
	}
	if row.ProjectID != who.Project || (id.Network == chain.Sandbox) != (who.Mode == merchant.Test) {
		return ports.TransferRow{}, ports.ErrNotFound
	}
	return row, nil
}

// Decide does what the merchant decides about a transfer. What he accepts or assigns pays a session by
// the very door every payment takes: the transfer is proven on its chain anew, booked once, and the
// session settled, in one unit of work. ErrDecided for a second decision.
func (s *Settlement) Decide(
	ctx context.Context, who merchant.Principal, v Verdict, once Once[ports.TransferRow],
) (ports.TransferRow, *ports.Answer, error) {
	f, err := s.evidence(ctx, who, v)
	if err != nil {
		return ports.TransferRow{}, nil, err
	}
	return run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, func(row ports.TransferRow) deed {
		return deed{
			"transfer.decided", string(row.Transfer.Network) + " " + string(row.Transfer.TxID), "",
			"action=" + string(row.Decision.Action),
		}
	},
		func(ctx context.Context, r ports.Repos) (ports.TransferRow, error) {
			row, err := own(ctx, r, who, v.Transfer)
			if err != nil {
				return ports.TransferRow{}, err
			}
			if err := undecided(row); err != nil {
				return ports.TransferRow{}, err
			}
			row.Decision = ports.Decision{Action: v.Action, Note: v.Note, ReturnTxID: v.ReturnTxID, At: s.now()}
			if row.Disposition == ports.Part {
				row, err = s.decidePart(ctx, r, verdictOn{v, row, f})
				if err != nil {
					return ports.TransferRow{}, err
				}
				return row, r.Transfers.Decide(ctx, row)
			}
			if v.Action == ports.Accepted || v.Action == ports.Assigned {
				if row, err = s.accept(ctx, r, who, verdictOn{v, row, f}); err != nil {
					return ports.TransferRow{}, err
				}
			}
			return row, r.Transfers.Decide(ctx, row)
		}))
}

// undecided refuses a transfer that nobody has to decide about.
func undecided(row ports.TransferRow) error {
	switch {
	case row.Decision.Action != "":
		return ErrDecided
	case awaits(row):
		return ErrNotWaiting.Saying("this transfer is on its way to be settled: it waits for a second endpoint to " +
			"prove it, and nothing is to be decided until that is given up")
	case row.Reason == ports.AwaitingSettlement:
		return ErrNotWaiting.Saying("this transfer may be a program's payment for a resource, which is being settled: " +
			"nothing is to be decided until it is known whether it is")
	case row.Disposition == ports.Part, row.Disposition == ports.Held, row.Disposition == ports.Duplicate, row.Disposition == ports.Unmatched:
		return nil
	}
	return ErrNotWaiting
}

// evidence proves the transfer anew if it shall pay something, before any unit of work. A repeated
// request whose transfer settled meanwhile is answered by what is stored, so that is no reason to fail.
func (s *Settlement) evidence(ctx context.Context, who merchant.Principal, v Verdict) (find, error) {
	if v.Action != ports.Accepted && v.Action != ports.Assigned {
		return find{}, nil
	}
	if _, err := s.Waiting(ctx, who, v.Transfer); err != nil {
		return find{}, err
	}
	rail, ok := s.Rails.Chains[v.Transfer.Network]
	if !ok {
		return find{}, ports.ErrChainUnavailable
	}
	head, found, err := lookup(ctx, rail, v.Transfer.TxID)
	if err != nil {
		return find{}, err
	}
	for _, t := range found {
		if t.Index != v.Transfer.Index {
			continue
		}
		return s.prove(ctx, head, t)
	}
	return find{}, chain.ErrNotFinal.Saying("the network does not know this transfer any more")
}

// verdictOn is a verdict with what it is about.
type verdictOn struct {
	Verdict
	row  ports.TransferRow
	find find
}

// accept makes a transfer pay a session.
func (s *Settlement) accept(
	ctx context.Context, r ports.Repos, who merchant.Principal, v verdictOn,
) (ports.TransferRow, error) {
	if err := v.unchanged(); err != nil {
		return v.row, err
	}
	to := v.row.SessionID
	if v.Action == ports.Assigned {
		to = v.SessionID
	}
	if to == "" {
		return v.row, ErrNoSessionYet
	}
	session, err := r.Sessions.Load(ctx, to)
	if err != nil {
		return v.row, err
	}
	was := session.Snapshot()
	if was.ProjectID != who.Project || was.Mode != who.Mode {
		return v.row, ports.ErrNotFound
	}
	intent, err := s.standsFor(ctx, r, was, v.row)
	if err != nil {
		return v.row, err
	}
	receipt, err := receiptOf(v.find.proof.Transfer(), was, v.find.no, s.now())
	if err != nil {
		return v.row, err
	}
	if err := session.Accept(v.find.proof, intent, string(v.find.no), s.now()); err != nil {
		return v.row, err
	}
	if err := bookReceipt(ctx, r, receipt); err != nil {
		return v.row, err
	}
	if err := r.Sessions.Save(ctx, session); err != nil {
		return v.row, err
	}
	v.row.Disposition, v.row.SessionID, v.row.IntentID = ports.Settled, was.ID, intent.ID
	v.row.OrderNo = string(v.find.no)
	return v.row, s.Events.session(ctx, r, webhook.PaymentPaid, session.Snapshot(), nil)
}

// standsFor is the intent a transfer is accepted for: the session's newest for the very coin on the very
// network, else its current one.
func (s *Settlement) standsFor(
	ctx context.Context, r ports.Repos, was checkout.Snapshot, row ports.TransferRow,
) (checkout.Intent, error) {
	if was.Intent == nil {
		return checkout.Intent{}, ErrNothingAsked
	}
	if was.Intent.Asset == row.Transfer.Asset {
		return *was.Intent, nil
	}
	other, err := r.Sessions.IntentOf(ctx, was.ID, row.Transfer.Asset)
	if errors.Is(err, ports.ErrNotFound) {
		return *was.Intent, nil
	}
	return other, err
}
