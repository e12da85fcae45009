package app

import (
	"context"
	"errors"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// fresh claims a payment nobody presented before.
func (b *buying) fresh(ctx context.Context) (Sale, next) {
	now := b.s.Core.Clock.Now()
	if err := b.stall.goods.sold(now); err != nil {
		return b.failed(ctx, err), turnOver
	}
	if id := b.payload.PaymentID(); id != "" {
		_, err := b.s.Reads.ByPaymentID(ctx, b.asked.Merchant, id)
		if err == nil {
			return b.failed(ctx, errOtherPayload), turnOver
		}
		if !isNotFound(err) {
			return b.failed(ctx, err), turnOver
		}
	}
	verified, err := b.stall.offer.Verify(b.payload, now)
	if err != nil {
		return b.refused(ctx, err), turnOver
	}
	row, err := b.row(verified, now)
	if err != nil {
		return b.failed(ctx, err), turnOver
	}
	defer b.s.Relayer.Attend(b.key)()
	err = b.s.Relayer.Claim(ctx, row, b.stall.goods.making())
	var taken *fault.Fault
	switch {
	case errors.As(err, &taken) && errors.Is(err, ports.ErrTaken) && taken.Param == "payment_id":
		return b.failed(ctx, errOtherPayload), turnOver
	case errors.Is(err, ports.ErrTaken):
		return Sale{}, turnLost
	case err != nil:
		return b.failed(ctx, err), turnOver
	}
	return b.sell(ctx, verified), turnOver
}

// errOtherPayload refuses a payment whose identifier names another one.
var errOtherPayload = fault.New(fault.Conflict, "payment_identifier_reused",
	"this payment-identifier was used with another payload; repeat the payload it was used with, or choose another").
	About("payment-identifier")

// retake takes a payment up again that was refused before anything was signed.
func (b *buying) retake(ctx context.Context) (Sale, next) {
	now := b.s.Core.Clock.Now()
	if err := b.stall.goods.sold(now); err != nil {
		return b.failed(ctx, err), turnOver
	}
	verified, err := b.stall.offer.Verify(b.payload, now)
	if err != nil {
		return b.refused(ctx, err), turnOver
	}
	defer b.s.Relayer.Attend(b.key)()
	err = b.s.Relayer.ClaimAgain(ctx, verified, b.binding, b.stall.goods.making())
	switch {
	case errors.Is(err, ports.ErrStale):
		return Sale{}, turnLost
	case errors.Is(err, x402.ErrEvidence):
		return b.refused(ctx, x402.ReasonRequirements.Refuse("the terms have changed since this was presented first")), turnOver
	case err != nil:
		return b.failed(ctx, err), turnOver
	}
	return b.sell(ctx, verified), turnOver
}

// row is a claim as it is recorded.
func (b *buying) row(v x402.Verified, now time.Time) (ports.AuthorizationRow, error) {
	claim, err := x402.Claim(v, b.binding, now.UTC().Truncate(time.Microsecond))
	if err != nil {
		return ports.AuthorizationRow{}, err
	}
	row := ports.AuthorizationRow{
		ID: b.s.Core.IDs.UUID(), Settlement: claim, Version: b.payload.Version(), Price: b.stall.shown.Price,
		Title: b.stall.shown.Title, Order: ports.OrderOf(v, 0), PaymentID: b.payload.PaymentID(),
	}
	return row, b.stall.goods.claimed(&row)
}

// sell checks a claimed payment with the chain, settles it and delivers, in the order of its
// flow.
func (b *buying) sell(ctx context.Context, v x402.Verified) Sale {
	rail, settled := b.s.Catalog.Rails.For(b.stall.goods.mode(), b.key.Network)
	if !settled {
		return b.released(ctx, ports.ErrChainUnavailable)
	}
	route, err := b.check(ctx, rail, v)
	if err != nil {
		return b.released(ctx, err)
	}
	deal := Deal{Rail: rail, Verified: v, Route: route, Session: b.asked.Session}
	var made *ports.AuthorizationAnswer
	if !b.stall.goods.upfront() {
		answer, err := b.stall.goods.make(ctx, b)
		if err != nil {
			return b.unsold(ctx, err)
		}
		made, deal.Answer = &answer, shelved(answer)
	}
	row, err := b.s.Relayer.Settle(ctx, deal)
	if err != nil {
		return b.refused(ctx, err)
	}
	if row.Settlement.Snapshot().Status != x402.Settled {
		_, err := row.Settlement.Result()
		return b.settling(ctx, row, err)
	}
	if made != nil {
		return b.delivered(row, *made)
	}
	sale, then := b.deliver(ctx, row, nil)
	if then != turnOver {
		return b.settling(ctx, row, x402.ReasonPending.Refuse("it is paid; ask again with the same header"))
	}
	return sale
}

// check asks the chain whether the payment would go through, and the other facilitator if there is one.
func (b *buying) check(ctx context.Context, rail TokenRail, v x402.Verified) (x402.Route, error) {
	route, err := rail.Chain.Check(ctx, v)
	if err == nil && rail.Delegate != nil {
		err = rail.Delegate.Verify(ctx, v)
	}
	return route, err
}
