package app

import (
	"net/http"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

func sameFault(err, want error) bool {
	return err != nil && want != nil && fault.From(err).Code == fault.From(want).Code
}

// A program pays the order a person would pay, whether or not somebody chose a method on its page; asked
// again with the same payment it is told the same, and nothing moves.
func TestAProgramPaysAnOrderOnce(t *testing.T) {
	for name, chosen := range map[string]bool{"before anybody chose": false, "while a page asks": true} {
		t.Run(name, func(t *testing.T) {
			atCounter(t, func(o *orderDesk) {
				id := o.order("10.00")
				var shown checkout.Snapshot
				if chosen {
					shown = o.chooses(id)
				}
				p := o.signs(id)
				if now := o.status(id, map[bool]checkout.Status{false: checkout.Opened, true: checkout.Awaiting}[chosen]); chosen &&
					now.Intent.ID != shown.Intent.ID {
					t.Error("asking for the price changed what the page asks for")
				}
				o.gets(o.buy(p, http.StatusOK), "settled settled")
				row := o.settlement(p)
				if row.SessionID != string(id) || row.ResourceID != "" || row.Price.String() != "10.00" {
					t.Errorf("recorded %+v", row)
				}
				s := o.status(id, checkout.Settled)
				if s.Receipt.OrderNo != string(row.OrderNo) || row.OrderNo == "" || s.Receipt.Units.String() != "10000000" {
					t.Errorf("receipt %+v, booked as %s", s.Receipt, row.OrderNo)
				}
				o.went(id, ports.Settled)
				o.gets(o.buy(p, http.StatusOK), "settled settled")
				o.refused(o.asking(id), checkout.ErrAlreadyPaid)
				o.goes(time.Minute)
				o.is(p, x402.Settled)
				o.went(id, ports.Settled)
				o.hears(id, webhook.PaymentPaid)
				o.told(webhook.AgentSettled, 0)
				o.quiet()
			})
		})
	}
}

// Two orders of one price at one address are two payments.
func TestOrdersOfOnePriceArePaidApart(t *testing.T) {
	atCounter(t, func(o *orderDesk) {
		one, two := o.order("10.00"), o.order("10.00")
		p, q := o.signs(one), o.signs(two)
		o.buy(p, http.StatusOK)
		o.status(two, checkout.Opened)
		o.buy(q, http.StatusOK)
		o.status(one, checkout.Settled)
		o.status(two, checkout.Settled)
		p.Session, p.Target = two, OrderPath(two)
		if sale := o.buy(p, http.StatusConflict); sale.Challenge != nil || sale.Fault.Code != "authorization_bound_to_other_resource" {
			t.Errorf("a payment of another order: %+v", sale)
		}
	})
}

// What is not to be paid asks nobody for money.
func TestWhatIsNotToBePaidAsksNobody(t *testing.T) {
	atCounter(t, func(o *orderDesk) {
		who := merchant.Principal{Merchant: o.shop.ID(), Project: o.shop.Project.ID, Mode: merchant.Test}
		gone := o.order("10.00")
		signed := o.signs(gone)
		_, err := o.checkout.Cancel(o.Context(), who, gone)
		o.ok(err)
		o.refused(o.asking(gone), checkout.ErrCancelled)
		o.refused(signed, checkout.ErrCancelled)
		broken := signed
		broken.V2 = []string{"!"}
		o.refused(broken, checkout.ErrCancelled)

		byPage := o.order("10.00")
		late := o.signs(byPage)
		o.chooses(byPage)
		o.plays(byPage, ScenarioExact)
		o.goes(5 * time.Second)
		o.status(byPage, checkout.Settled)
		o.refused(o.asking(byPage), checkout.ErrAlreadyPaid)
		o.refused(late, checkout.ErrAlreadyPaid)
		o.refused(func() Purchase { p := o.asking(o.order("10.00", byTether)); return p }(), ErrNoProgram)
		o.refused(o.asking("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), ports.ErrNotFound)

		over := o.order("10.00")
		slow := o.signs(over)
		o.goes(time.Hour)
		o.status(over, checkout.Expired)
		o.refused(o.asking(over), checkout.ErrExpired)
		o.refused(slow, checkout.ErrExpired)
		o.books(0, 0)
	})
}

func byTether(in *OpenInput) { in.Method = checkout.USDT }

// An order that was paid in part on its page is paid to its end there.
func TestAnOrderPaidInPartIsNotPaidByPrograms(t *testing.T) {
	atCounter(t, func(o *orderDesk) {
		id := o.order("10.00")
		signed := o.signs(id)
		_, err := o.checkout.Intent(o.Context(), id, Choice{Method: checkout.USDC, Dedicated: true})
		o.ok(err)
		o.plays(id, ScenarioShort)
		o.goes(5 * time.Second)
		o.refused(o.asking(id), checkout.ErrPartlyPaid)
		o.refused(signed, checkout.ErrPartlyPaid)
	})
}
