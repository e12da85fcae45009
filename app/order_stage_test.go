package app

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

func (plainWords) EncodeOrder(s checkout.Snapshot, paid *ports.TransferRow) ([]byte, error) {
	what := ports.Reversed
	if paid != nil {
		what = paid.Disposition
	}
	return fmt.Appendf(nil, "%s %s", s.Status, what), nil
}

// orderDesk is a shop whose orders people pay on a page and programs by authorization, on the sandbox.
type orderDesk struct {
	*market
	checkout Checkout
	till     *Settlement
	sandbox  Sandbox
}

// atCounter runs a story in a bubble of its own, with a watcher to be ticked by pass.
func atCounter(t *testing.T, story func(o *orderDesk)) {
	t.Helper()
	inMarket(t, func(m *market) {
		o := &orderDesk{market: m}
		o.gateway = o.open(m.store)
		o.look()
		story(o)
		o.coherent(merchant.Test)
	})
}

// open starts a gateway that sells orders too.
func (o *orderDesk) open(work ports.UnitOfWork) process {
	p := o.start(work)
	core, store := p.Core, o.store
	rails := Rails{
		Chains: map[chain.Network]ports.Chain{chain.Sandbox: sandbox.New(store, core.Clock)}, Cursors: store,
	}
	events := Announcer{IDs: core.IDs, Clock: core.Clock, Encoder: plainWords{}, Agents: plainWords{}}
	o.checkout = Checkout{
		Core: core, Sessions: store, Rails: rails, Rates: even{core.Clock}, Changes: store, Events: events,
		Openings: new(Openings), Log: slog.New(slog.DiscardHandler),
	}
	o.till = &Settlement{
		Core: core, Rails: rails, Sessions: store, Changes: store, Orders: store, Watches: store, Events: events,
		Agents: store.Authorizations(), Log: slog.New(slog.DiscardHandler),
	}
	o.sandbox = Sandbox{Core: core, Sessions: store, Rails: rails}
	p.Checkout, p.Words, p.Relayer.Till, p.Relayer.Played = o.checkout, plainWords{}, o.till, store
	return p
}

// order opens a session over so many USDC.
func (o *orderDesk) order(usdc string, change ...func(*OpenInput)) checkout.SessionID {
	o.Helper()
	due, err := money.Parse(money.USDC, usdc)
	o.ok(err)
	in := OpenInput{
		Who:  merchant.Principal{Merchant: o.shop.ID(), Project: o.shop.Project.ID, Mode: merchant.Test},
		Kind: checkout.KindCheckout, Due: due,
	}
	for _, c := range change {
		c(&in)
	}
	opened, _, err := o.checkout.Open(o.Context(), in, Once[OpenedSession]{})
	o.ok(err)
	return opened.ID
}

// chooses has a person choose how to pay on the page.
func (o *orderDesk) chooses(id checkout.SessionID) checkout.Snapshot {
	o.Helper()
	s, err := o.checkout.Intent(o.Context(), id, Choice{Method: checkout.USDC})
	o.ok(err)
	return s
}

// plays has the person pay what the page asks for.
func (o *orderDesk) plays(id checkout.SessionID, scenario Scenario) {
	o.Helper()
	o.ok(o.sandbox.Play(o.Context(), id, scenario))
}

func (o *orderDesk) asking(id checkout.SessionID) Purchase {
	return Purchase{Session: id, Method: http.MethodGet, Client: "203.0.113.7", Target: OrderPath(id)}
}

// price is what an order's challenge asks for.
func (o *orderDesk) price(id checkout.SessionID) portstest.TokenPrice {
	o.Helper()
	sale, err := o.gateway.Buy(o.Context(), o.asking(id))
	o.ok(err)
	if sale.Status() != http.StatusPaymentRequired || sale.Fault != nil || sale.Challenge == nil {
		o.Fatalf("unpaid: %d, %v", sale.Status(), sale.Fault)
	}
	text, err := base64.StdEncoding.DecodeString(sale.Challenge.Required)
	o.ok(err)
	var required struct {
		Accepts []struct{ Amount, PayTo string } `json:"accepts"`
	}
	o.ok(json.Unmarshal(text, &required))
	payTo, ok := x402.ParseAddress(required.Accepts[0].PayTo)
	amount, sure := x402.ParseUint(required.Accepts[0].Amount)
	if !ok || !sure {
		o.Fatalf("challenge %s", text)
	}
	return portstest.TokenPrice{Token: sandbox.USDC, Name: "USDC", Version: "2", Units: amount, PayTo: payTo}
}

// signs is a payment of an order by a program.
func (o *orderDesk) signs(id checkout.SessionID) Purchase {
	o.Helper()
	p := o.asking(id)
	price := o.price(id)
	p.V2 = []string{base64.StdEncoding.EncodeToString(portstest.NewTokenPayer().Sign(price, time.Now()))}
	return p
}

// refused wants an answer that nobody pays for: an error, and no challenge.
func (o *orderDesk) refused(p Purchase, want error) {
	o.Helper()
	sale, err := o.gateway.Buy(o.Context(), p)
	if err == nil {
		err = sale.Fault
		if sale.Challenge != nil || sale.Answer != nil || sale.Status() == http.StatusPaymentRequired {
			o.Errorf("answered %d with a challenge %v", sale.Status(), sale.Challenge != nil)
		}
	}
	if !sameFault(err, want) {
		o.Errorf("answered %v, want %v", err, want)
	}
}

// look has the watcher read the chain.
func (o *orderDesk) look() {
	o.Helper()
	o.ok(o.till.Tick(o.Context(), chain.Sandbox))
}

// goes lets time go by, with everything at work.
func (o *orderDesk) goes(d time.Duration) {
	o.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(time.Second)
		o.look()
		o.ok(o.till.Expire(o.Context()))
		_ = o.gateway.reconciler.Tick(o.Context()) // what it cannot do now it does later
	}
}

func (o *orderDesk) status(id checkout.SessionID, want checkout.Status) checkout.Snapshot {
	o.Helper()
	s, err := o.store.ByID(o.Context(), id)
	o.ok(err)
	if s.Status() != want {
		o.Errorf("the session is %s, want %s", s.Status(), want)
	}
	return s.Snapshot()
}

// rows are the transfers recorded for a session.
func (o *orderDesk) rows(id checkout.SessionID) (rows []ports.TransferRow) {
	o.Helper()
	o.ok(o.store.Do(o.Context(), func(ctx context.Context, r ports.Repos) (err error) {
		rows, _, err = r.Transfers.OfSession(ctx, id)
		return err
	}))
	return rows
}

// went wants the transfers of a session to have gone there, in any order.
func (o *orderDesk) went(id checkout.SessionID, want ...ports.Disposition) {
	o.Helper()
	var got []ports.Disposition
	for _, row := range o.rows(id) {
		got = append(got, row.Disposition)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		o.Errorf("its transfers went to %v, want %v", got, want)
	}
}

// hears wants a session's merchant to have been told these, in order.
func (o *orderDesk) hears(id checkout.SessionID, want ...webhook.Type) {
	o.Helper()
	events, _, err := o.store.Events(o.Context(), ports.EventQuery{
		Project: o.shop.Project.ID, Mode: merchant.Test, SessionID: string(id), Limit: 100,
	})
	o.ok(err)
	var got []webhook.Type
	for _, e := range events {
		if e.Type != webhook.PaymentCreated {
			got = append(got, e.Type)
		}
	}
	slices.Reverse(got)
	if !slices.Equal(got, want) {
		o.Errorf("its merchant was told %v, want %v", got, want)
	}
}

// coherent holds everything stored against everything else: an order is settled by one transfer that is booked
// once and stands, what is settled by authorization has its transfer, and nothing is booked besides.
func (o *orderDesk) coherent(mode merchant.Mode) {
	o.Helper()
	page, err := o.store.Page(o.Context(), ports.StatementQuery{
		Merchant: o.shop.ID(), Project: o.shop.Project.ID, Mode: mode, Limit: 1000,
	})
	o.ok(err)
	standing := map[ledger.OrderNo]string{}
	for _, line := range page.Lines {
		standing[line.Transaction.OrderNo] = line.Transaction.SessionID
	}
	for _, line := range page.Lines {
		if was := line.Transaction.Reverses; was != "" {
			if _, there := standing[was]; !there {
				o.Errorf("%s is reversed twice, or was never booked", was)
			}
			delete(standing, was)
			delete(standing, line.Transaction.OrderNo)
		}
	}
	sessions, err := o.store.List(o.Context(), ports.SessionQuery{
		Merchant: o.shop.ID(), Project: o.shop.Project.ID, Mode: mode, Limit: 1000,
	})
	o.ok(err)
	paid := map[string]int{}
	for _, session := range standing {
		paid[session]++
	}
	for _, s := range sessions.Sessions {
		want := 0
		if s.Status == checkout.Settled {
			want = 1
		}
		if n, parts := paid[string(s.ID)], s.Parts; n != parts || want > parts {
			o.Errorf("session %s is %s in %d parts, and booked %d times", s.ID, s.Status, parts, n)
		}
		settled := 0
		for _, row := range o.rows(s.ID) {
			if row.Disposition == ports.Settled {
				settled++
			}
		}
		if settled != want {
			o.Errorf("session %s is %s by %d transfers", s.ID, s.Status, settled)
		}
	}
	agents, _, err := o.store.Authorizations().Page(o.Context(), ports.AuthorizationQuery{
		Project: o.shop.Project.ID, Mode: mode, Limit: 1000,
	})
	o.ok(err)
	for _, a := range agents {
		if a.SessionID == "" || a.Settlement.Snapshot().Status != x402.Settled || !a.LookAt.IsZero() {
			continue
		}
		var moved *ports.TransferRow
		o.ok(o.store.Do(o.Context(), func(ctx context.Context, r ports.Repos) (err error) {
			moved, err = movedFor(ctx, r, a)
			return err
		}))
		if moved == nil {
			o.Errorf("authorization %s settled, and no transfer of it stands", a.ID)
		} else if a.OrderNo != "" && (standing[a.OrderNo] != a.SessionID || string(a.OrderNo) != moved.OrderNo) {
			o.Errorf("authorization %s is booked under %s, its transfer under %s", a.ID, a.OrderNo, moved.OrderNo)
		}
	}
}
