package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// shopfront opens sessions of two shops, many at a time.
type shopfront struct {
	*testing.T
	store       *memory.Store
	units       atomic.Int32
	shop, other portstest.Shop
	checkout    Checkout
}

// atFront tells a story in time of its own. While a unit of work takes a moment, others gather.
func atFront(t *testing.T, story func(c *shopfront)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store := memory.New(memory.Restless())
		w := portstest.World{Work: store}
		c := &shopfront{T: t, store: store, shop: portstest.OpenShop(t, w), other: portstest.OpenShop(t, w)}
		core := Core{Work: slowWork{store, &c.units}, Clock: bubbleClock{}, IDs: postIDs{}, Vault: markedVault{}}
		c.checkout = Checkout{
			Core: core, Sessions: store, Changes: store, Openings: new(Openings),
			Rails: Rails{
				Chains: map[chain.Network]ports.Chain{chain.Sandbox: sandbox.New(store, core.Clock)}, Cursors: store,
			},
			Events: Announcer{IDs: core.IDs, Clock: core.Clock, Encoder: plainWords{}},
		}
		story(c)
	})
}

// order is 9.99 USDT to a shop.
func (c *shopfront) order(of portstest.Shop, change ...func(*OpenInput)) OpenInput {
	c.Helper()
	due, err := money.Parse(money.USDT, "9.99")
	if err != nil {
		c.Fatal(err)
	}
	in := OpenInput{
		Who:  merchant.Principal{Merchant: of.ID(), Project: of.Project.ID, Mode: merchant.Test},
		Kind: checkout.KindCheckout, Due: due,
	}
	for _, apply := range change {
		apply(&in)
	}
	return in
}

// answered is what became of a request.
type answered struct {
	OpenedSession
	err error
}

// crowd asks for sessions at the same time.
func (c *shopfront) crowd(asked ...OpenInput) []answered {
	c.Helper()
	c.units.Store(0)
	got := make([]answered, len(asked))
	var all sync.WaitGroup
	for i, in := range asked {
		all.Go(func() { got[i].OpenedSession, _, got[i].err = c.checkout.Open(c.Context(), in, Once[OpenedSession]{}) })
	}
	all.Wait()
	synctest.Wait()
	return got
}

// kept wants so many sessions to be recorded for a shop, each with the news of it.
func (c *shopfront) kept(of portstest.Shop, want int) {
	c.Helper()
	page, err := c.store.List(c.Context(), ports.SessionQuery{Project: of.Project.ID, Limit: 1000})
	if err != nil || len(page.Sessions) != want {
		c.Errorf("%d sessions are kept, want %d; %v", len(page.Sessions), want, err)
	}
	events, _, err := c.store.Events(c.Context(), ports.EventQuery{
		Project: of.Project.ID, Type: webhook.PaymentCreated, Limit: 1000,
	})
	told := make(map[string]bool)
	for _, e := range events {
		told[e.SessionID] = true
	}
	if err != nil || len(events) != want || len(told) != want {
		c.Errorf("%d events of %d sessions, want %d; %v", len(events), len(told), want, err)
	}
}

func reference(id string) func(*OpenInput) { return func(in *OpenInput) { in.OrderID = id } }

func forUSDT(in *OpenInput) { in.Method = checkout.USDT }

// Sessions of many cost few units of work. Each is answered his own, and whoever is refused holds up nobody.
func TestSessionsOfManyAreOpenedTogether(t *testing.T) {
	atFront(t, func(c *shopfront) {
		elsewhere := func(in *OpenInput) { in.SuccessURL = "https://elsewhere.example/" }
		unknown := func(in *OpenInput) { in.Who.Project = merchant.ProjectID(portstest.UUID()) }
		switchedOff := func(in *OpenInput) { in.Method = checkout.BTC }
		if err := c.store.Do(c.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Receiving.SetMethod(ctx, c.shop.Project.ID, checkout.BTC, false)
		}); err != nil {
			c.Fatal(err)
		}
		var asked []OpenInput
		const rounds = 16
		for n := range rounds {
			name := func(in *OpenInput) { in.Description = fmt.Sprint("order ", n) }
			asked = append(asked, c.order(c.shop, name, forUSDT), c.order(c.shop, elsewhere), c.order(c.other, name),
				c.order(c.shop, unknown), c.order(c.shop, switchedOff))
		}
		got := c.crowd(asked...)
		for i, a := range got {
			var want error
			switch i % 5 {
			case 1:
				_, want = c.shop.Project.CheckReturn("https://elsewhere.example/", "success_url", merchant.Test)
			case 3:
				want = ports.ErrNotFound
			case 4:
				want = checkout.ErrUnsupportedMethod
			}
			in := asked[i]
			switch {
			case !errors.Is(a.err, want):
				c.Errorf("request %d: %v, want %v", i, a.err, want)
			case want == nil && (a.Description != in.Description || a.ProjectID != in.Who.Project || a.Method != in.Method || a.Known):
				c.Errorf("request %d for %+v was answered %+v", i, in, a)
			}
		}
		c.kept(c.shop, rounds)
		c.kept(c.other, rounds)
		if most := int32(crews + 1 + len(asked)/mostTogether); c.units.Load() > most {
			c.Errorf("%d units of work for %d requests, want at most %d", c.units.Load(), len(asked), most)
		}
	})
}

// However many ask at once with one order id, one session is opened, and the others are answered that one,
// or refused if they ask for something else.
func TestAnOrderIsOpenedOnceAmongMany(t *testing.T) {
	atFront(t, func(c *shopfront) {
		var asked []OpenInput
		for n := range 40 {
			asked = append(asked, c.order(c.shop, reference(fmt.Sprint("order ", n%4))), c.order(c.shop),
				c.order(c.other, reference("order 0")))
		}
		got := c.crowd(asked...)
		of, fresh := map[string]checkout.SessionID{}, map[string]int{}
		for i, a := range got {
			if a.err != nil {
				c.Fatalf("request %d: %v", i, a.err)
			}
			key := string(asked[i].Who.Project) + asked[i].OrderID
			if asked[i].OrderID == "" {
				key = fmt.Sprint("request ", i)
			}
			if was, there := of[key]; there && was != a.ID {
				c.Errorf("request %d of %q is answered %s and was %s", i, asked[i].OrderID, a.ID, was)
			}
			if of[key] = a.ID; !a.Known {
				fresh[key]++
			}
		}
		for key, n := range fresh {
			if n != 1 {
				c.Errorf("%d requests opened %s", n, key)
			}
		}
		c.kept(c.shop, 4+40)
		c.kept(c.other, 1)
		for _, a := range c.crowd(c.order(c.shop, reference("order 1"), forUSDT), c.order(c.shop, reference("order 2"), forUSDT)) {
			if !errors.Is(a.err, checkout.ErrOrderIDConflict) {
				c.Errorf("another order with a known order id: %v", a.err)
			}
		}
	})
}

// choosy cannot tell of one session.
type choosy struct {
	plainWords

	not string
}

func (w choosy) Encode(e webhook.Event, s checkout.Snapshot, concerned *ports.TransferRow) ([]byte, error) {
	if s.Description == w.not {
		return nil, errDied
	}
	return w.plainWords.Encode(e, s, concerned)
}

// One session that cannot be recorded fails nobody else's.
func TestOneSpoiltSessionFailsAlone(t *testing.T) {
	atFront(t, func(c *shopfront) {
		c.checkout.Events.Encoder = choosy{not: "spoilt"}
		asked := make([]OpenInput, mostTogether)
		for i := range asked {
			asked[i] = c.order(c.shop)
		}
		asked[len(asked)/2].Description = "spoilt"
		for i, a := range c.crowd(asked...) {
			if spoilt := i == len(asked)/2; errors.Is(a.err, errDied) != spoilt || !spoilt && a.err != nil {
				c.Errorf("request %d: %v", i, a.err)
			}
		}
		c.kept(c.shop, len(asked)-1)
	})
}

// failing is a store whose commits fail that are of more than one session.
type failing struct {
	ports.UnitOfWork

	err  error
	done bool // whether what fails was done
}

func (f failing) Do(ctx context.Context, fn func(context.Context, ports.Repos) error) error {
	most := 0
	err := f.UnitOfWork.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		r.Sessions = countedSessions{r.Sessions, &most}
		if err := fn(ctx, r); err != nil || f.done || most < 2 {
			return err
		}
		return f.err
	})
	if err == nil && most > 1 {
		return f.err
	}
	return err
}

// countedSessions notes how many sessions are recorded at once.
type countedSessions struct {
	ports.Sessions

	most *int
}

func (c countedSessions) AddAll(ctx context.Context, list []*checkout.Session) (map[checkout.SessionID]bool, error) {
	*c.most = max(*c.most, len(list))
	return c.Sessions.AddAll(ctx, list)
}

// Nobody is answered a session that was not committed. What only stood in each other's way is tried again,
// one by one; what may have been done is not.
func TestNoSessionIsAnsweredBeforeItIsCommitted(t *testing.T) {
	for _, of := range []struct {
		err         error
		done, again bool
	}{
		{ports.ErrTryAgain, false, true},
		{ports.ErrTimeout, false, false},
		{ports.ErrOutcomeUnknown, true, false},
		{ports.ErrOutcomeUnknown, false, false},
	} {
		atFront(t, func(c *shopfront) {
			c.checkout.Core.Work = failing{c.checkout.Core.Work, of.err, of.done}
			asked := make([]OpenInput, crews+2*mostTogether+5) // so that no batch is of one
			for i := range asked {
				asked[i] = c.order(c.shop, reference(fmt.Sprint("order ", i)))
			}
			opened, refused := 0, 0
			for i, a := range c.crowd(asked...) {
				found, err := c.store.List(c.Context(), ports.SessionQuery{Project: c.shop.Project.ID, Limit: 1000})
				if err != nil {
					c.Fatal(err)
				}
				there := false
				for _, s := range found.Sessions {
					there = there || s.OrderID == asked[i].OrderID
				}
				switch {
				case a.err == nil && !there:
					c.Fatalf("%v: request %d was answered %s, which nobody kept", of.err, i, a.ID)
				case a.err == nil:
					opened++
				case !errors.Is(a.err, of.err) || there != of.done:
					c.Fatalf("%v: request %d: %v, kept: %v", of.err, i, a.err, there)
				default:
					refused++
				}
			}
			if of.again && refused > 0 || !of.again && opened > crews {
				c.Errorf("%v: %d were opened, %d refused", of.err, opened, refused)
			}
		})
	}
}

// Whoever is alone waits for nobody.
func TestOneAloneOpensAtOnce(t *testing.T) {
	atFront(t, func(c *shopfront) {
		began := time.Now()
		if got := c.crowd(c.order(c.shop)); got[0].err != nil || time.Since(began) != 10*time.Millisecond || c.units.Load() != 1 {
			c.Errorf("%v after %s and %d units of work", got[0].err, time.Since(began), c.units.Load())
		}
	})
}
