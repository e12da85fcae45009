package app

import (
	"context"
	"errors"
	"log/slog"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// refused answers a payment that was not taken: with what it takes, if that is the payer's to mend.
func (b *buying) refused(ctx context.Context, err error) Sale {
	var refusal *x402.Refusal
	if !errors.As(err, &refusal) {
		return b.failed(ctx, err)
	}
	sale := Sale{Fault: fault.From(err), Version: b.version(), Shown: b.stall.shown}
	if k := sale.Fault.Kind; k == fault.Rejected || k == fault.Invalid {
		if closed := b.stall.goods.closed(ctx); closed != nil {
			sale.Fault = fault.From(closed)
			return sale
		}
		challenge := b.s.asking(b.stall.offer, b.stall.resource).Challenge(refusal)
		sale.Challenge = &challenge
	}
	return sale
}

// version is what the client speaks; a payload that cannot be read does not say, so its header does.
func (b *buying) version() x402.Version {
	switch {
	case b.payload.Version() != 0:
		return b.payload.Version()
	case len(b.asked.V1) > 0:
		return x402.V1
	}
	return x402.V2
}

// failed answers a payment that could not be looked at: nobody is told to pay again.
func (b *buying) failed(ctx context.Context, err error) Sale {
	f := fault.From(err)
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		b.s.Log.LogAttrs(ctx, slog.LevelWarn, "an agent's payment could not be taken",
			slog.String("authorization", b.key.String()), slog.String("error", err.Error()))
	}
	return Sale{Fault: f, Version: b.version(), Shown: b.stall.shown}
}

// settling answers a payment that is on its way, that failed, or that is bound to something else, as its
// settlement says.
func (b *buying) settling(ctx context.Context, row ports.AuthorizationRow, err error) Sale {
	sale := b.refused(ctx, err)
	if row.Settlement.Snapshot().Binding.Same(b.binding) {
		response := row.Settlement.Response()
		sale.Response = &response
	}
	return sale
}

// released answers a claimed payment that nothing was signed for. What the chain says of payer or token
// ends the claim; what is ours leaves it to the reconciler, and says nothing of the payment.
func (b *buying) released(ctx context.Context, err error) Sale {
	var refusal *x402.Refusal
	if !errors.As(err, &refusal) || refusal.Unwrap() != nil && fault.From(err).Kind == fault.Unavailable {
		return b.failed(ctx, errors.Join(err, b.s.Relayer.LetGo(ctx, b.key)))
	}
	row, lost := b.s.Relayer.Refuse(ctx, b.key, x402.Requester, refusal.Reason)
	if lost != nil {
		return b.failed(ctx, lost)
	}
	return b.settling(ctx, row, err)
}

// unsold answers a payment whose answer could not be made: nothing is charged, and the same payment may be
// presented again.
func (b *buying) unsold(ctx context.Context, err error) Sale {
	row, lost := b.s.Relayer.Refuse(ctx, b.key, x402.Requester, x402.ReasonSettleFailed)
	if lost != nil {
		return b.failed(ctx, lost)
	}
	response := row.Settlement.Response()
	var failure *upstreamError
	if errors.As(err, &failure) && failure.answer != nil {
		return Sale{Answer: failure.answer, Response: &response, Version: b.version(), Shown: b.stall.shown}
	}
	sale := b.failed(ctx, err)
	sale.Response = &response
	return sale
}

// delivered answers what was paid for.
func (b *buying) delivered(row ports.AuthorizationRow, a ports.AuthorizationAnswer) Sale {
	response := b.s.receipt(row.Settlement.Response(), b.stall.shown.URL)
	return Sale{Answer: &a, Response: &response, Version: b.version(), Shown: b.stall.shown}
}

// deliver gives the answer that is kept, or makes the one that is owed. Of many who ask for one that is
// owed, one makes it.
func (b *buying) deliver(
	ctx context.Context, row ports.AuthorizationRow, kept *ports.AuthorizationAnswer,
) (Sale, next) {
	if kept == nil || isOwed(kept) {
		answer, mine, err := b.s.Relayer.lease(ctx, b.key)
		switch {
		case err != nil:
			return b.owing(ctx, row, err), turnOver
		case mine:
			defer b.s.Relayer.Attend(b.key)()
			return b.makeOwed(ctx, row), turnOver
		case answer == nil:
			return Sale{}, turnLost // somebody else is making it
		}
		kept = answer
	}
	full, err := b.stall.goods.unshelved(ctx, b, *kept)
	if err != nil {
		return b.owing(ctx, row, err), turnOver
	}
	return b.delivered(row, full), turnOver
}

// makeOwed makes what was paid for before. If it cannot be made the debt stands.
func (b *buying) makeOwed(ctx context.Context, row ports.AuthorizationRow) Sale {
	answer, err := b.stall.goods.make(ctx, b)
	if err != nil {
		return b.owing(ctx, row, errors.Join(err, b.s.Relayer.unlease(ctx, b.key)))
	}
	if err := b.s.Relayer.delivered(ctx, b.key, *shelved(answer)); err != nil {
		return b.owing(ctx, row, err)
	}
	return b.delivered(row, answer)
}

// owing answers somebody who paid and is not delivered yet: what went wrong, and that he has paid.
func (b *buying) owing(ctx context.Context, row ports.AuthorizationRow, err error) Sale {
	sale := b.failed(ctx, errors.Join(errPaidNotMade, err))
	response := row.Settlement.Response()
	sale.Response = &response
	return sale
}

// errPaidNotMade tells a payer that his money has moved and what it bought has not.
var errPaidNotMade = fault.New(fault.Unavailable, "paid_not_delivered",
	"the payment is settled, but what it paid for could not be made just now; "+
		"ask again with the same header, do not pay again").After(x402.RetryAfter)
