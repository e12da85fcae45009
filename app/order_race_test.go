package app

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Amounts by which the sandbox's network of tokens plays what goes wrong.
const (
	stuckOrder  = "0.010202" // mined once fees are raised
	lostOrder   = "0.010408" // never mined
	undoneOrder = "0.010410" // mined, and undone
	otherOrder  = "0.010208" // submitted by somebody else
	failedOrder = "0.010500" // mined, and failed
)

// Who pays an order that somebody else paid meanwhile is told so, and his money is nobody's secret: the
// merchant finds it in his queue.
func TestTheSecondPayerIsToldThatHeIs(t *testing.T) {
	atCounter(t, func(o *orderDesk) {
		id := o.order(stuckOrder)
		o.chooses(id)
		p := o.signs(id)
		o.buy(p, http.StatusServiceUnavailable)
		o.plays(id, ScenarioExact)
		o.goes(5 * time.Second)
		byPage := o.status(id, checkout.Settled)
		o.goes(2 * time.Minute)
		o.is(p, x402.Settled)
		if now := o.status(id, checkout.Settled); now.Receipt.TxID != byPage.Receipt.TxID {
			t.Error("the second payer's transfer became the receipt")
		}
		o.went(id, ports.Settled, ports.Duplicate)
		o.gets(o.buy(p, http.StatusOK), "settled duplicate")
		if row := o.settlement(p); row.OrderNo != "" {
			t.Errorf("a duplicate is booked under %s", row.OrderNo)
		}
		o.hears(id, webhook.PaymentDetected, webhook.PaymentPaid, webhook.PaymentLate)
		queue, err := o.till.Queue(o.Context(), merchant.Principal{
			Merchant: o.shop.ID(), Project: o.shop.Project.ID, Mode: merchant.Test,
		}, ports.QueueQuery{Limit: 10})
		o.ok(err)
		if len(queue.Rows) != 1 || queue.Rows[0].Disposition != ports.Duplicate {
			t.Errorf("the merchant's queue holds %+v", queue.Rows)
		}
		o.quiet()
	})
}

// An order does not end under a program that pays it: it is not cancelled and does not lapse, and what was
// claimed in time is in time.
func TestAnOrderDoesNotEndUnderAPayment(t *testing.T) {
	atCounter(t, func(o *orderDesk) {
		who := merchant.Principal{Merchant: o.shop.ID(), Project: o.shop.Project.ID, Mode: merchant.Test}
		id := o.order(stuckOrder)
		o.goes(29*time.Minute + 50*time.Second)
		p := o.signs(id)
		o.buy(p, http.StatusServiceUnavailable)
		if _, err := o.checkout.Cancel(o.Context(), who, id); !sameFault(err, checkout.ErrPaymentInProgress) {
			t.Errorf("cancelled under a payment: %v", err)
		}
		o.refused(o.asking(id), checkout.ErrExpired)
		o.goes(15 * time.Second)
		o.status(id, checkout.Opened)
		o.goes(3 * time.Minute)
		if s := o.status(id, checkout.Settled); s.Receipt != nil && s.Receipt.Late {
			t.Error("what was claimed in time is called late")
		}
		o.hears(id, webhook.PaymentPaid)
	})
}

// One program at a time pays an order; when its payment comes to nothing another may.
func TestOneProgramAtATimePaysAnOrder(t *testing.T) {
	atCounter(t, func(o *orderDesk) {
		id := o.order(lostOrder)
		p, q := o.signs(id), o.signs(id)
		o.buy(p, http.StatusServiceUnavailable)
		o.refused(q, checkout.ErrPaymentInProgress)
		why, err := Explainer{
			Sessions: o.store, Reads: o.store, Rails: o.till.Rails, Core: o.gateway.Core,
		}.Explain(o.Context(), id)
		o.ok(err)
		if why.Headline != HeadlineProgram || len(why.Attempts) != 0 {
			t.Errorf("why it is not paid: %s, %+v", why.Headline, why.Attempts)
		}
		o.goes(7 * time.Minute)
		o.is(p, x402.Failed)
		o.status(id, checkout.Opened)
		o.buy(o.signs(id), http.StatusServiceUnavailable)
		o.goes(time.Hour)
		o.status(id, checkout.Expired)
		o.hears(id, webhook.PaymentExpired)
	})
}

// Whoever submits it, what was signed pays the order; what fails pays nothing.
func TestOrdersEndAsTheChainShows(t *testing.T) {
	atCounter(t, func(o *orderDesk) {
		other := o.order(otherOrder)
		o.buy(o.signs(other), http.StatusOK)
		o.status(other, checkout.Settled)
		failed := o.order(failedOrder)
		p := o.signs(failed)
		o.buy(p, http.StatusPaymentRequired)
		o.is(p, x402.Failed)
		o.status(failed, checkout.Opened)
		o.went(failed)
	})
}

// undoing is a network that can be made to undo all it has.
type undoing struct {
	ports.TokenChain
	forgot bool
}

func (f *undoing) Receipt(ctx context.Context, id x402.Hash) (ports.TokenReceipt, error) {
	if f.forgot {
		return ports.TokenReceipt{}, ports.ErrNotFound
	}
	return f.TokenChain.Receipt(ctx, id)
}

func (f *undoing) Fate(ctx context.Context, d x402.Due, since time.Time) (ports.AuthorizationFate, error) {
	fate, err := f.TokenChain.Fate(ctx, d, since)
	if f.forgot {
		fate.Used, fate.UsedFinal, fate.TxID = false, false, x402.Hash{}
	}
	return fate, err
}

// What its network undoes is taken back once, by the watcher, and the order can be paid again.
func TestAnUndonePaymentOfAnOrderIsTakenBackOnce(t *testing.T) {
	atCounter(t, func(o *orderDesk) {
		network := &undoing{TokenChain: o.tokens}
		o.chain = network
		o.gateway = o.open(o.store)
		id := o.order("10.00")
		p := o.signs(id)
		o.gets(o.buy(p, http.StatusOK), "settled settled")
		network.forgot = true
		o.goes(time.Minute)
		o.status(id, checkout.Awaiting)
		o.goes(8 * time.Minute)
		o.is(p, x402.Failed)
		o.status(id, checkout.Awaiting)
		o.went(id, ports.Reversed)
		o.hears(id, webhook.PaymentPaid, webhook.PaymentReversed)
		o.plays(id, ScenarioExact)
		o.goes(5 * time.Second)
		o.status(id, checkout.Settled)
		o.went(id, ports.Reversed, ports.Settled)
		o.quiet()
	})
}

// What its network undoes before it counted was never a payment, and leaves nothing behind.
func TestAnOrderIsNotPaidByWhatIsUndoneAtOnce(t *testing.T) {
	atCounter(t, func(o *orderDesk) {
		id := o.order(undoneOrder)
		p := o.signs(id)
		o.buy(p, http.StatusServiceUnavailable)
		o.goes(8 * time.Minute)
		o.is(p, x402.Failed)
		o.status(id, checkout.Opened)
		o.went(id)
		queue, err := o.till.Queue(o.Context(), merchant.Principal{
			Merchant: o.shop.ID(), Project: o.shop.Project.ID, Mode: merchant.Test,
		}, ports.QueueQuery{Limit: 10})
		o.ok(err)
		if len(queue.Rows) > 0 {
			t.Errorf("the merchant's queue holds %+v", queue.Rows)
		}
	})
}

// A payment that the watcher takes back and that its own network still shows pays again: the settlement
// follows its transfer.
func TestASettlementFollowsItsTransfer(t *testing.T) {
	atCounter(t, func(o *orderDesk) {
		id := o.order("10.00")
		p := o.signs(id)
		o.buy(p, http.StatusOK)
		o.goes(2 * time.Minute) // it is at rest
		if row := o.settlement(p); !row.LookAt.IsZero() {
			t.Fatalf("still looked at: %v", row.LookAt)
		}
		first := o.settlement(p).OrderNo
		o.plays(id, ScenarioReorg)
		o.goes(3 * time.Minute)
		o.is(p, x402.Settled)
		o.status(id, checkout.Settled)
		o.went(id, ports.Reversed, ports.Settled)
		o.hears(id, webhook.PaymentPaid, webhook.PaymentReversed, webhook.PaymentDetected, webhook.PaymentPaid)
		if again := o.settlement(p).OrderNo; again == first || again == "" {
			t.Errorf("booked under %s after %s was reversed", again, first)
		}
	})
}

// A person and a program pay one order at the same moment, again and again, in every order of events: one
// payment settles it, the other is a duplicate, and both payers are told the truth.
func TestAPersonAndAProgramPayAtOnce(t *testing.T) {
	const rounds = 200
	atCounter(t, func(o *orderDesk) {
		byPerson := 0
		for i := range rounds {
			id := o.order("10.00")
			o.chooses(id)
			p := o.signs(id)
			var both sync.WaitGroup
			both.Go(func() {
				time.Sleep(time.Duration(i%40) * 25 * time.Millisecond)
				if err := o.sandbox.Play(o.Context(), id, ScenarioExact); err != nil {
					o.Errorf("the person: %v", err)
				}
			})
			var sale Sale
			both.Go(func() {
				time.Sleep(time.Duration(i%7) * 150 * time.Millisecond)
				var err error
				if sale, err = o.gateway.Buy(o.Context(), p); err != nil {
					o.Errorf("the program: %v", err)
				}
			})
			for range 12 {
				time.Sleep(500 * time.Millisecond)
				o.look()
			}
			both.Wait()
			o.goes(3 * time.Second)
			o.status(id, checkout.Settled)
			switch {
			case sale.Answer == nil:
				if sale.Challenge != nil || sale.Status() != http.StatusConflict {
					o.Errorf("round %d: %d, %v", i, sale.Status(), sale.Fault)
				}
				o.went(id, ports.Settled)
				byPerson++
				continue
			case string(sale.Answer.Body) == "settled duplicate":
				byPerson++
			case string(sale.Answer.Body) != "settled settled":
				o.Errorf("round %d: %s", i, sale.Answer.Body)
			}
			o.is(p, x402.Settled)
			o.went(id, ports.Settled, ports.Duplicate)
		}
		if byPerson == 0 || byPerson == rounds {
			o.Errorf("the person was first in %d of %d rounds: there was no race", byPerson, rounds)
		}
	})
}

// A gateway that dies at any step leaves an order that its next life finishes: paid once and booked once.
func TestACrashAtEveryStepLosesNoOrder(t *testing.T) {
	for step := 1; ; step++ {
		reached := false
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			atCounter(t, func(o *orderDesk) { reached = o.crashAt(step) })
		})
		if !reached {
			break
		}
	}
}

func (o *orderDesk) crashAt(step int) bool {
	id := o.order("10.00")
	p := o.signs(id)
	mortal := &mortal{dies: step}
	o.chain, o.relay = mortalChain{o.tokens, mortal}, mortalRelay{o.tokens, mortal}
	dying := o.open(mortalWork{o.store, mortal})
	o.chain, o.relay = o.tokens, o.tokens
	_, _ = dying.Buy(o.Context(), p) // whatever its last words are, nobody hears them
	o.gateway = o.open(o.store)
	o.goes(4 * time.Minute)
	if sale := o.buy(p, http.StatusOK); sale.Answer == nil || string(sale.Answer.Body) != "settled settled" {
		o.Errorf("after a crash at step %d: %+v", step, sale)
	}
	o.is(p, x402.Settled)
	o.status(id, checkout.Settled)
	o.went(id, ports.Settled)
	o.hears(id, webhook.PaymentPaid)
	txs, err := o.store.Lanes().OfSettlement(o.Context(), o.keyOf(p))
	o.ok(err)
	if len(txs) != 1 {
		o.Errorf("%d transactions were signed", len(txs))
	}
	o.quiet()
	return mortal.dead()
}
