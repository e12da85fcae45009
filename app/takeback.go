package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// reverse undoes every recorded transfer above the ancestor that is not there any more, and moves
// the cursor back, all at once or not at all.
func (s *Settlement) reverse(
	ctx context.Context, back retreat, there map[transferKey]chain.Transfer,
) error {
	ancestor := back.to
	numbers, err := s.numbersFor(ctx, ancestor)
	if err != nil {
		return err
	}
	now := s.now()
	return s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		free := numbers
		rows, err := r.Transfers.LoadAbove(ctx, ancestor.Network, ancestor.Height)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if t, ok := there[transferKey{row.Transfer.TxID, row.Transfer.Index}]; ok {
				if err := r.Transfers.Move(ctx, t); err != nil {
					return err
				}
				continue
			}
			t := row.Transfer
			if err := r.Transfers.Reverse(ctx, t.Network, t.TxID, t.Index); err != nil {
				return err
			}
			if row.SessionID != "" { // a program may have paid it: its settlement follows
				if _, err := r.Authorizations.WakeSession(ctx, row.SessionID, now); err != nil {
					return err
				}
			}
			if row.Disposition == ports.Agent {
				if err := wake(ctx, r, t, now); err != nil {
					return fmt.Errorf("wake the settlement of %s/%d: %w", t.TxID, t.Index, err)
				}
				continue
			}
			if !row.Disposition.Booked() {
				if err := s.letDown(ctx, r, row, now); err != nil {
					return fmt.Errorf("let down %s/%d: %w", t.TxID, t.Index, err)
				}
				continue
			}
			if len(free) == 0 {
				return errors.New("more booked transfers than a moment ago")
			}
			if err := s.takeBack(ctx, r, row, free[0], now); err != nil {
				return fmt.Errorf("reverse %s/%d: %w", t.TxID, t.Index, err)
			}
			free = free[1:]
		}
		ancestor.UpdatedAt = now
		if err := r.Cursors.Rewind(ctx, back.from, ancestor); err != nil {
			return err
		}
		// Amounts whose hold ended by blocks that do not count were let go too early: what comes again, or
		// only now, is for whom it was sent to.
		_, err = r.Sessions.HoldAgain(ctx, ancestor.Network, ancestor.BlockTime)
		return err
	})
}

// wake has the settlement of an agent's transfer looked at: it is taken back with the settlement, by
// whoever proved it.
func wake(ctx context.Context, r ports.Repos, t chain.Transfer, now time.Time) error {
	id, ok := x402.ParseHash("0x" + string(t.TxID))
	if !ok {
		return nil
	}
	_, err := r.Authorizations.Wake(ctx, x402.NetworkOf(t.Network), id, now)
	return err
}

// numbersFor draws an order number for every booking that may have to be reversed.
func (s *Settlement) numbersFor(ctx context.Context, ancestor ports.Cursor) ([]ledger.OrderNo, error) {
	booked := 0
	err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		booked = 0
		rows, err := r.Transfers.LoadAbove(ctx, ancestor.Network, ancestor.Height)
		for _, row := range rows {
			if row.Disposition.Booked() && row.Disposition != ports.Agent {
				booked++
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	numbers := make([]ledger.OrderNo, booked)
	for i := range numbers {
		if numbers[i], err = s.Orders.Next(ctx, s.now()); err != nil {
			return nil, err
		}
	}
	return numbers, nil
}

// takeBack books the reversal of a transfer and takes it out of what its session was paid; a session
// that is short without it opens again.
func (s *Settlement) takeBack(
	ctx context.Context, r ports.Repos, row ports.TransferRow, no ledger.OrderNo, now time.Time,
) error {
	session, err := r.Sessions.Load(ctx, row.SessionID)
	if err != nil {
		return err
	}
	booked, err := r.Ledger.Find(ctx, session.Snapshot().MerchantID, ledger.OrderNo(row.OrderNo))
	if err != nil {
		return err
	}
	was := booked.Transaction
	reversal := was.Reversal(no, was.SourceRef, "the chain undid transaction "+string(row.Transfer.TxID), now)
	if _, err := r.Ledger.Book(ctx, reversal); err != nil {
		return err
	}
	undone, err := session.Reverse(row.Transfer, now, reversalWindow)
	if err != nil {
		return err
	}
	if err := s.afterReversal(ctx, r, session, undone); err != nil {
		return err
	}
	if err := r.Sessions.Save(ctx, session); err != nil {
		return err
	}
	row.Disposition = ports.Reversed
	return s.Events.session(ctx, r, webhook.PaymentReversed, session.Snapshot(), &row)
}

// afterReversal records what the end of a payment means beside its session: the time its intent is held
// for, and the transfer that had completed it and is a part now.
func (s *Settlement) afterReversal(
	ctx context.Context, r ports.Repos, session *checkout.Session, undone checkout.Undone,
) error {
	if d := undone.Demoted; d != nil {
		if err := r.Transfers.Demote(ctx, d.Network, d.TxID, d.Index); err != nil {
			return fmt.Errorf("demote %s/%d: %w", d.TxID, d.Index, err)
		}
	}
	if !undone.Reopened {
		return nil
	}
	again := session.Snapshot().Intent
	err := r.Sessions.Extend(ctx, again.ID, again.ExpiresAt, again.HoldUntil)
	if errors.Is(err, ports.ErrTaken) {
		// The amount was let go and is somebody else's: a payment of it would settle his session. The
		// payer has to choose a method anew, which gives him another amount.
		s.Log.Warn("amount of a reversed payment is taken", "session", string(session.ID()))
		return nil
	}
	return err
}
