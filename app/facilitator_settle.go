package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Relayed is what a server is told of a settlement beside success or why not.
type Relayed struct {
	ID   string    // what Status asks for; "" if nothing was claimed, or not by this merchant
	TxID x402.Hash // what moved the money, or may; zero if there is none
}

// Settle moves the money, once, and tells so, once: nil says that the chain has proven it. Errors are
// Refusals, ReasonPending among them, or ours. A server that repeats a request whose answer it did not get
// is answered as if it had asked once, also after a restart; one that was told of success is told that the
// payment is used (ReasonDuplicate), unless it repeats its Idempotency-Key. Otherwise ten copies of one
// payment, presented to a server at once, would open ten pages.
func (s *Facilitator) Settle(ctx context.Context, p Presented) (Relayed, error) {
	r, err := s.weigh(ctx, p)
	if err != nil {
		return Relayed{}, err
	}
	if p.Demand.Method == x402.Permit2UpTo && p.Demand.Amount.IsZero() {
		return Relayed{}, r.unused(ctx)
	}
	// The caller's end does not end what is begun.
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), buyBound)
	defer cancel()
	until, stop := context.WithTimeout(ctx, waitFor)
	defer stop()
	for turns := 0; turns < buyTurns; {
		row, then, err := r.turn(work, until)
		switch {
		case then == turnLost:
			turns++
		case then == turnWait: // waiting is what was asked for
		case err != nil:
			return r.told(row), err
		default:
			return r.tell(ctx, work, row)
		}
	}
	return Relayed{}, ports.ErrTryAgain
}

// unused answers for a payment of which nothing was used: nothing is claimed and nothing moves, and that is
// its success. One that is claimed already is not of nothing.
func (r *relaying) unused(ctx context.Context) error {
	row, _, err := r.s.Reads.ByKey(ctx, r.key)
	switch {
	case isNotFound(err):
	case err != nil:
		return err
	case row.Settlement.Snapshot().Status != x402.Refused:
		return x402.ReasonDuplicate.Refuse("this payment is settled, or being settled, for an amount")
	}
	_, err = r.verify(ctx)
	return err
}

// metered is a payment with what is to be settled of it.
func (r *relaying) metered(v x402.Verified) (x402.Verified, error) {
	if r.p.Demand.Method != x402.Permit2UpTo {
		return v, nil
	}
	return v.Using(r.p.Demand.Amount)
}

// turn looks a payment up and does what is to be done next. turnOver without an error says that it is
// settled.
func (r *relaying) turn(ctx, until context.Context) (ports.AuthorizationRow, next, error) {
	row, _, err := r.s.Reads.ByKey(ctx, r.key)
	switch {
	case isNotFound(err):
		return r.fresh(ctx)
	case err != nil:
		return ports.AuthorizationRow{}, turnOver, err
	}
	outcome, why := row.Settlement.Meet(r.binding, r.s.Core.Clock.Now())
	switch outcome {
	case x402.Deliver:
		return row, turnOver, nil
	case x402.Retake:
		return r.retake(ctx)
	case x402.Wait, x402.Hold:
		if until.Err() != nil {
			return row, turnOver, underway()
		}
		if outcome == x402.Wait {
			r.s.Relayer.Wait(until, r.key)
		} else {
			dwell(until) // the reconciler is at work on it
		}
		return row, turnWait, nil
	case x402.Deny, x402.Clash:
	}
	return row, turnOver, why
}

func underway() error {
	return x402.ReasonPending.Refuse("the payment was sent and is not confirmed yet; " +
		"settle the same payment again, and do not ask the payer to sign another")
}

// dwell waits until it is worth looking again.
func dwell(until context.Context) {
	timer := time.NewTimer(vigilPoll)
	defer timer.Stop()
	select {
	case <-until.Done():
	case <-timer.C:
	}
}

// fresh claims a payment nobody presented before, and settles it.
func (r *relaying) fresh(ctx context.Context) (ports.AuthorizationRow, next, error) {
	v, err := r.verify(ctx)
	if err != nil {
		return ports.AuthorizationRow{}, turnOver, err
	}
	if _, err := r.metered(v); err != nil {
		return ports.AuthorizationRow{}, turnOver, err
	}
	row, err := r.row(v)
	if err != nil {
		return ports.AuthorizationRow{}, turnOver, err
	}
	defer r.s.Relayer.Attend(r.key)()
	err = r.s.Relayer.Claim(ctx, row, 0)
	switch {
	case errors.Is(err, ports.ErrTaken):
		return ports.AuthorizationRow{}, turnLost, nil
	case err != nil:
		return ports.AuthorizationRow{}, turnOver, err
	}
	return r.settle(ctx, v)
}

// retake takes a payment up again that was refused before anything was signed.
func (r *relaying) retake(ctx context.Context) (ports.AuthorizationRow, next, error) {
	v, err := r.verify(ctx)
	if err != nil {
		return ports.AuthorizationRow{}, turnOver, err
	}
	if _, err := r.metered(v); err != nil {
		return ports.AuthorizationRow{}, turnOver, err
	}
	defer r.s.Relayer.Attend(r.key)()
	err = r.s.Relayer.ClaimAgain(ctx, v, r.binding, 0)
	switch {
	case errors.Is(err, ports.ErrStale):
		return ports.AuthorizationRow{}, turnLost, nil
	case errors.Is(err, x402.ErrEvidence):
		return ports.AuthorizationRow{}, turnOver,
			x402.ReasonRequirements.Refuse("this payment was presented with other terms before")
	case err != nil:
		return ports.AuthorizationRow{}, turnOver, err
	}
	return r.settle(ctx, v)
}

// price is what is booked: a dollar coin's units. What turns out to cost less is booked as what it costs when
// it is signed.
func (r *relaying) price(d x402.Due) (money.Amount, error) {
	coin, err := money.ParseCurrency(r.rail.coin(d.Asset))
	if err != nil {
		return money.Amount{}, err
	}
	price, err := money.FromMinor(coin, d.Value.Big())
	if err == nil {
		price, err = money.ParsePrice(coin, price.String()) // which knows what books hold
	}
	if err != nil {
		return money.Amount{}, x402.ReasonRequirements.Refuse("paymentRequirements ask for more than is settled at once")
	}
	return price, nil
}

// titleMax bounds what the books say of what was sold, in bytes.
const titleMax = 200

// row is a claim as it is recorded.
func (r *relaying) row(v x402.Verified) (ports.AuthorizationRow, error) {
	claim, err := x402.Claim(v, r.binding, r.s.Relayer.now())
	if err != nil {
		return ports.AuthorizationRow{}, err
	}
	price, err := r.price(v.Due())
	if err != nil {
		return ports.AuthorizationRow{}, err
	}
	title := r.p.Demand.Resource
	for i := range title {
		if i > titleMax {
			title = title[:i] + "…"
			break
		}
	}
	return ports.AuthorizationRow{
		ID: r.s.Core.IDs.UUID(), Settlement: claim, Version: r.p.Demand.Payload.Version(),
		ProjectID: r.p.Who.Project, Mode: r.p.Who.Mode, Price: price, Title: title, Order: ports.OrderOf(v, 0),
	}, nil
}

// settle checks a claimed payment with the chain and moves the money.
func (r *relaying) settle(ctx context.Context, v x402.Verified) (ports.AuthorizationRow, next, error) {
	route, err := r.check(ctx, v)
	if err != nil {
		return r.release(ctx, err)
	}
	if v, err = r.metered(v); err != nil {
		return r.release(ctx, err)
	}
	row, err := r.s.Relayer.Settle(ctx, Deal{Rail: r.rail, Verified: v, Route: route})
	switch {
	case err == nil && row.Settlement.Snapshot().Status == x402.Settled:
		return row, turnOver, nil
	case err == nil:
		return row, turnLost, nil // it rests in another state, which the next turn meets
	case !isOurs(err):
		return r.seen(ctx), turnOver, err
	}
	r.warn(ctx, err)
	row = r.seen(ctx)
	switch row.Settlement.Snapshot().Status {
	case x402.Claimed, x402.Refused: // nothing is signed
		return row, turnOver, err
	default:
		return row, turnOver, underway()
	}
}

// release handles what kept a claimed payment from being signed: what the chain says of payer or token ends
// the claim; what is ours leaves it to the reconciler, and says nothing of the payment.
func (r *relaying) release(ctx context.Context, err error) (ports.AuthorizationRow, next, error) {
	var refusal *x402.Refusal
	if isOurs(err) || !errors.As(err, &refusal) {
		return ports.AuthorizationRow{}, turnOver, errors.Join(err, r.s.Relayer.LetGo(ctx, r.key))
	}
	row, lost := r.s.Relayer.Refuse(ctx, r.key, x402.Requester, refusal.Reason)
	if lost != nil {
		return ports.AuthorizationRow{}, turnOver, lost
	}
	return row, turnOver, err
}

// seen is the settlement as it is now, the zero value if that cannot be read.
func (r *relaying) seen(ctx context.Context) ports.AuthorizationRow {
	row, _, err := r.s.Reads.ByKey(ctx, r.key)
	if err != nil {
		r.warn(ctx, err)
	}
	return row
}

func (r *relaying) warn(ctx context.Context, err error) {
	r.s.Log.LogAttrs(ctx, slog.LevelWarn, "a payment of another server could not be settled",
		slog.String("authorization", r.key.String()), slog.String("error", err.Error()))
}
