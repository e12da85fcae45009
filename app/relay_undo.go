package app

import (
	"context"
	"errors"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// undo takes a settlement back that the chain has undone: booking and transfer, and what was told.
func (s *Relayer) undo(ctx context.Context, rail TokenRail, k x402.ClaimKey) error {
	no, err := s.Orders.Next(ctx, s.now())
	if err != nil {
		return err
	}
	now := s.now()
	err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		row, err := r.Authorizations.Load(ctx, k)
		if err != nil {
			return err
		}
		was, booked := row.Settlement.Snapshot(), row.OrderNo
		row, err = advance(ctx, r, row, now, undone)
		if err != nil {
			return err
		}
		if err := unbook(ctx, r, row, booked, no, now); err != nil {
			return err
		}
		if err := release(ctx, r, rail, was, booked); err != nil {
			return err
		}
		return s.Events.agent(ctx, r, webhook.AgentReversed, row)
	})
	if errors.Is(err, x402.ErrTransition) {
		return nil // somebody else did
	}
	return err
}

// unbook reverses the booking of a settlement.
func unbook(
	ctx context.Context, r ports.Repos, row ports.AuthorizationRow, booked, no ledger.OrderNo, now time.Time,
) error {
	found, err := r.Ledger.Find(ctx, merchantOf(row), booked)
	if err != nil {
		return err
	}
	was := found.Transaction
	why := "the chain undid transaction " + row.Settlement.Snapshot().TxID.String()
	_, err = r.Ledger.Book(ctx, was.Reversal(no, was.SourceRef, why, now))
	return err
}

// release marks the transfer of an undone settlement as undone too. What the watcher has read past it finds
// missing by itself.
func release(
	ctx context.Context, r ports.Repos, rail TokenRail, was x402.Snapshot, booked ledger.OrderNo,
) error {
	if rail.Watched == "" {
		return nil
	}
	cursor, err := r.Cursors.Load(ctx, rail.Watched)
	if err != nil && !isNotFound(err) {
		return err
	}
	rows, err := r.Transfers.LoadAbove(ctx, rail.Watched, cursor.Height)
	for _, row := range rows {
		if t := row.Transfer; t.TxID == txOf(was.TxID) && row.OrderNo == string(booked) {
			return r.Transfers.Reverse(ctx, t.Network, t.TxID, t.Index)
		}
	}
	return err
}
