package app

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Every transaction that does not go its way ends in what the chain shows, and whoever asks again gets
// what that is worth. The sandbox plays what happens by the amount.
func TestPaymentsEndAsTheChainShows(t *testing.T) {
	for name, c := range map[string]struct {
		price      string
		first      int // answer
		last       x402.Status
		again      int
		standing   int
		reversals  int
		takesAbout time.Duration
	}{
		"stuck until fees are raised": {"10202", 503, x402.Settled, 200, 1, 0, 90 * time.Second},
		"never mined":                 {"10408", 503, x402.Failed, 402, 0, 0, 6 * time.Minute},
		"somebody else submits it":    {"10208", 200, x402.Settled, 200, 1, 0, time.Minute},
		"reverts":                     {"10500", 402, x402.Failed, 402, 0, 0, time.Minute},
		"undone by a reorg":           {"10410", 200, x402.Failed, 402, 0, 1, 7 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			inMarket(t, func(m *market) {
				m.sells("weather", c.price)
				p := m.pays("weather")
				sale := m.buy(p, c.first)
				if c.first == http.StatusServiceUnavailable && (sale.Challenge != nil || sale.Response == nil || sale.Fault.RetryAfter == 0) {
					m.Errorf("pending: %+v", sale)
				}
				m.pass(c.takesAbout)
				m.is(p, c.last)
				m.buy(p, c.again)
				m.books(c.standing, c.reversals)
				m.quiet()
			})
		})
	}
}

// quiet wants nothing left to be looked at or sent, once everything is final.
func (m *market) quiet() {
	m.Helper()
	m.pass(foreignAfter + 6*time.Minute)
	due, err := m.store.Authorizations().Due(m.Context(), time.Now().Add(24*time.Hour), 10)
	m.ok(err)
	if len(due) != 0 {
		m.Errorf("%d settlements are still looked at", len(due))
	}
	for _, a := range m.tokens.Accounts() {
		waiting, err := m.store.Lanes().Unmined(m.Context(), sandbox.TokenNetwork, a, 0, 10)
		m.ok(err)
		if len(waiting) != 0 {
			m.Errorf("%d transactions of %s are still to be mined", len(waiting), a)
		}
	}
}

// A gateway that dies at any step leaves a payment that its next life finishes: settled once and booked
// once, or refused with nothing signed. Whatever the answer of the last thing it did was lost.
func TestACrashAtEveryStepLosesNothing(t *testing.T) {
	for _, flow := range []string{"authorization", "upfront"} {
		for step := 1; ; step++ {
			reached := false
			t.Run(fmt.Sprintf("%s/%d", flow, step), func(t *testing.T) {
				inMarket(t, func(m *market) { reached = m.crashAt(step, flow) })
			})
			if !reached {
				break
			}
		}
	}
}

func (m *market) crashAt(step int, flow string) (reached bool) {
	if flow == "upfront" {
		m.sells("origin", "10000", fetched, upfront)
	} else {
		m.sells("origin", "10000", fetched)
	}
	p := m.pays("origin")
	mortal := &mortal{dies: step}
	m.chain, m.relay = mortalChain{m.tokens, mortal}, mortalRelay{m.tokens, mortal}
	dying := m.start(mortalWork{m.store, mortal})
	m.chain, m.relay = m.tokens, m.tokens
	sale, err := dying.Buy(m.Context(), p)
	if served := err == nil && sale.Answer != nil; served == mortal.dead() && flow == "authorization" {
		m.Errorf("dead %v, and answered %d, %v", mortal.dead(), sale.Status(), err)
	}
	m.gateway = m.start(m.store)
	m.pass(4 * time.Minute)
	again := m.buy(p, http.StatusOK)
	if again.Answer == nil || again.Response == nil {
		m.Errorf("after a crash at step %d: %+v", step, again)
	}
	m.is(p, x402.Settled)
	m.books(1, 0)
	txs, err := m.store.Lanes().OfSettlement(m.Context(), m.keyOf(p))
	m.ok(err)
	if len(txs) != 1 {
		m.Errorf("%d transactions were signed", len(txs))
	}
	m.quiet()
	return mortal.dead()
}

// mortal is a process that dies after so many steps: nothing it does afterwards has any effect.
type mortal struct {
	mu    sync.Mutex
	steps int
	dies  int
}

var errDead = errors.New("the process is dead")

// lives reports whether a step may be begun, and whether its answer arrives.
func (m *mortal) lives() (begins, answers bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.steps++
	return m.steps <= m.dies, m.steps < m.dies
}

func (m *mortal) dead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.steps >= m.dies
}

type mortalWork struct {
	ports.UnitOfWork
	*mortal
}

func (w mortalWork) Do(ctx context.Context, fn func(context.Context, ports.Repos) error) error {
	begins, answers := w.lives()
	if !begins {
		return errDead
	}
	if err := w.UnitOfWork.Do(ctx, fn); err != nil || answers {
		return err
	}
	return ports.ErrOutcomeUnknown
}

type mortalRelay struct {
	ports.Relay
	*mortal
}

func (r mortalRelay) Send(ctx context.Context, t ports.RelayTransaction) error {
	begins, answers := r.lives()
	if !begins {
		return errDead
	}
	if err := r.Relay.Send(ctx, t); err != nil || answers {
		return err
	}
	return errDead
}

type mortalChain struct {
	ports.TokenChain
	*mortal
}

func (c mortalChain) Receipt(ctx context.Context, id x402.Hash) (ports.TokenReceipt, error) {
	if c.dead() {
		return ports.TokenReceipt{}, errDead
	}
	return c.TokenChain.Receipt(ctx, id)
}

// Two reconcilers at once do no harm: one looks, one sends, and the book holds the payment once.
func TestTwoReconcilersDoNoHarm(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10202")
		p := m.pays("weather")
		m.buy(p, http.StatusServiceUnavailable)
		other := m.start(m.store)
		for range 90 {
			time.Sleep(time.Second)
			var both sync.WaitGroup
			for _, r := range []Reconciler{m.gateway.reconciler, other.reconciler} {
				both.Go(func() { m.ok(r.Tick(m.Context())) })
			}
			both.Wait()
		}
		m.is(p, x402.Settled)
		m.books(1, 0)
		m.quiet()
	})
}

// What a network may burn in a day is a bound: beyond it nothing is signed, nobody is refused for good, and
// the same payment goes through when there is room again.
func TestNothingIsSignedBeyondTheBudget(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10000")
		m.budget = big.NewInt(120_000 * 2_000_000) // one call at most
		m.gateway = m.start(m.store)
		p, q := m.pays("weather"), m.pays("weather")
		m.gets(m.buy(p, http.StatusOK), forecast)
		if sale := m.buy(q, http.StatusServiceUnavailable); sale.Challenge != nil || sale.Fault.Code != "gas_budget_spent" {
			m.Errorf("beyond the budget: %+v", sale)
		}
		m.pass(time.Minute)
		m.is(q, x402.Refused)
		m.books(1, 0)
		m.pass(time.Minute) // the first is mined, and cost less than it might
		m.budget = big.NewInt(120_000 * 4_000_000)
		m.gateway = m.start(m.store)
		m.gets(m.buy(q, http.StatusOK), forecast)
		m.books(2, 0)
	})
}

// The account with the fewest transactions on their way is the next to send, and none has more than nodes
// keep.
func TestAccountsTakeTurns(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10408") // never mined
		var all sync.WaitGroup
		for range 8 {
			p := m.pays("weather")
			all.Go(func() { m.buy(p, http.StatusServiceUnavailable) })
			time.Sleep(time.Second)
		}
		all.Wait()
		for _, a := range m.tokens.Accounts() {
			waiting, err := m.store.Lanes().Unmined(m.Context(), sandbox.TokenNetwork, a, 0, 10)
			m.ok(err)
			if len(waiting) != 2 {
				m.Errorf("account %s has %d transactions on their way, want 2", a, len(waiting))
			}
		}
	})
}

// What is in a block is out of the way, long before that block is final: an account's next transactions do
// not wait for that.
func TestBlocksThatAreNotFinalHoldUpNothing(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "12000")
		for range len(m.tokens.Accounts())*maxUnmined + 1 {
			m.buy(m.pays("weather"), http.StatusOK)
		}
	})
}
