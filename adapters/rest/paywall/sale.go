package paywall

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/domain/x402"
)

// attend serves a payment: as its first presentation, or as a repetition. It answers true if it is to be
// tried again.
func (g *Gate) attend(c *gin.Context, b purchase) (again bool) {
	now := g.Now()
	if known, ok := g.claims.look(b.key, now); ok {
		return g.repeat(c, b, known)
	}
	v, err := b.offer.Verify(b.payload, now)
	if err != nil {
		g.fail(c, &b, err)
		return false
	}
	mine, room := g.claims.take(b.key, b.binding, v, now)
	switch {
	case !room:
		g.fail(c, &b, x402.ReasonVerifyFailed.Refuse("too many payments at once; present the same payment again"))
		return false
	case mine == nil:
		return true
	}
	g.sell(c, b, mine)
	return false
}

// sell works on a fresh claim.
func (g *Gate) sell(c *gin.Context, b purchase, mine *claim) {
	at, until := released, time.Time{}
	defer func() { g.claims.rest(b.key, mine, at, until) }()

	if err := g.Facilitator.Verify(c.Request.Context(), mine.verified); err != nil {
		g.fail(c, &b, orUnknown(err, x402.ReasonVerifyFailed))
		return
	}
	if !b.price.Upfront {
		mine.answer = g.work(c, mine)
		if !b.at.approve(mine.answer) {
			b.at.give(c, mine.answer, nil, b.payload.Version()) // as it is, and for nothing
			return
		}
		if c.Request.Context().Err() != nil {
			return // nobody is there to be given what would be paid for
		}
	}
	at, until = g.settle(c, b, mine)
}

// settle has the money moved and gives the answer.
func (g *Gate) settle(c *gin.Context, b purchase, mine *claim) (at stage, until time.Time) {
	// What the facilitator does goes on when the payer hangs up, so we go on listening to it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), settleLimit)
	defer cancel()
	tx, err := g.Facilitator.Settle(ctx, mine.verified)
	refusal := (*x402.Refusal)(nil)
	switch {
	case errors.As(err, &refusal) && refusal.Unwrap() != nil && says402(refusal):
		g.fail(c, &b, refusal)
		return released, time.Time{}
	case err != nil:
		g.Log.WarnContext(ctx, "a payment's settlement is not known", "payment", b.key.String(), "error", err)
		mine.tx = tx
		g.hold(c, &b, tx)
		return pending, windowEnd(mine.verified).Add(x402.ReplayFor)
	}
	mine.tx = tx
	return g.deliver(c, b, mine)
}

// deliver gives the answer that was paid for.
func (g *Gate) deliver(c *gin.Context, b purchase, mine *claim) (at stage, until time.Time) {
	until = g.Now().Add(x402.ReplayFor)
	if mine.answer == nil { // paid in advance
		answer := g.work(c, mine)
		if !b.at.approve(answer) {
			g.give(c, b, answer, mine)
			return paid, until
		}
		mine.answer = answer
	}
	g.give(c, b, mine.answer, mine)
	return delivered, until
}

func (g *Gate) give(c *gin.Context, b purchase, answer *kept, of *claim) {
	told := x402.Relayed(of.verified.Due(), of.tx, nil)
	b.at.give(c, answer, &told, b.payload.Version())
}

// repeat serves a payment that was presented before.
func (g *Gate) repeat(c *gin.Context, b purchase, known *claim) (again bool) {
	if !known.binding.Same(b.binding) {
		g.fail(c, &b, x402.ReasonOtherResource.Refuse("this authorization was presented for another request; sign a new one"))
		return false
	}
	patience := time.NewTimer(waitLimit)
	defer patience.Stop()
	for {
		at, done := g.claims.now(known)
		switch at {
		case working:
			select {
			case <-done:
				continue
			case <-c.Request.Context().Done():
			case <-patience.C:
				g.fail(c, &b, x402.ReasonDuplicate.Refuse("this payment is being settled; ask again with the same header"))
			}
			return false
		case released:
			return true
		case pending, paid:
			if g.claims.resume(known, at) {
				g.goOn(c, b, known, at)
				return false
			}
		case delivered:
			g.replay(c, b, known)
			return false
		}
	}
}

// goOn takes a claim up that did not come to its end.
func (g *Gate) goOn(c *gin.Context, b purchase, known *claim, from stage) {
	at, until := from, known.expires
	defer func() { g.claims.rest(b.key, known, at, until) }()
	if from == paid {
		at, until = g.deliver(c, b, known)
		return
	}
	at, until = g.settle(c, b, known)
	if at == released { // it was asked for before, and may have moved what is now refused
		at, until = pending, windowEnd(known.verified).Add(x402.ReplayFor)
	}
}

// replay gives the answer again, to the client that paid: what stands on the chain anybody can present.
func (g *Gate) replay(c *gin.Context, b purchase, known *claim) {
	if known.binding.Client != b.binding.Client {
		g.fail(c, &b, x402.ReasonUsed.Refuse("this authorization has paid and its answer was given; sign a new one"))
		return
	}
	g.give(c, b, known.answer, known)
}

// work runs the handlers after this one and keeps back what they answer. One that panics has answered 500.
func (g *Gate) work(c *gin.Context, of *claim) (answer *kept) {
	to := c.Writer
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), payerKey{}, of.verified.Due().Payer))
	answer = &kept{ResponseWriter: to, header: http.Header{}}
	c.Writer = answer
	defer func() {
		c.Writer = to
		if p := recover(); p != nil {
			g.Log.ErrorContext(c.Request.Context(), "a handler behind the paywall panicked", "panic", fmt.Sprint(p))
			answer.breakDown()
		}
	}()
	c.Next()
	return answer
}

func windowEnd(v x402.Verified) time.Time {
	until, _ := v.Due().ValidBefore.Uint64()
	return time.Unix(int64(until), 0) //nolint:gosec // Verify has seen that it is at most an hour ahead
}
