package app

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// slowWork is a store whose units of work take a moment, in which others gather.
type slowWork struct {
	ports.UnitOfWork
	units *atomic.Int32
}

func (w slowWork) Do(ctx context.Context, fn func(ctx context.Context, r ports.Repos) error) error {
	w.units.Add(1)
	time.Sleep(10 * time.Millisecond)
	return w.UnitOfWork.Do(ctx, fn)
}

// crowd presents payments at the same time and answers what each was answered.
func (m *market) crowd(paid []Purchase) []Sale {
	m.Helper()
	sales := make([]Sale, len(paid))
	var all sync.WaitGroup
	for i, p := range paid {
		all.Go(func() {
			var err error
			if sales[i], err = m.gateway.Buy(m.Context(), p); err != nil {
				m.Error(err)
			}
		})
	}
	all.Wait()
	return sales
}

// slows has the gateway's units of work take a moment, and answers how many there were.
func (m *market) slows() *atomic.Int32 {
	units := new(atomic.Int32)
	m.gateway = m.start(slowWork{m.store, units})
	return units
}

// payments are so many payments for weather.
func (m *market) payments(n int) []Purchase {
	m.Helper()
	paid := make([]Purchase, n)
	for i := range paid {
		paid[i] = m.pays("weather")
	}
	return paid
}

// gapless wants each nonce of each account to be one payment's, and none to be left out.
func (m *market) gapless(paid []Purchase) {
	m.Helper()
	given := map[x402.Address][]uint64{}
	for _, p := range paid {
		txs, err := m.store.Lanes().OfSettlement(m.Context(), m.keyOf(p))
		m.ok(err)
		for _, tx := range txs {
			given[tx.Account] = append(given[tx.Account], tx.Nonce)
		}
	}
	for account, nonces := range given {
		slices.Sort(nonces)
		for want, nonce := range nonces {
			if nonce != uint64(want) {
				m.Errorf("%s gave out %v", account, nonces)
				break
			}
		}
	}
}

// A crowd of payers costs few units of work, and each is settled, booked and told of once.
func TestACrowdSharesUnitsOfWork(t *testing.T) {
	inMarket(t, func(m *market) {
		const buyers = 64
		m.sells("weather", "10000")
		units := m.slows()
		paid := m.payments(buyers)
		units.Store(0)
		for _, sale := range m.crowd(paid) {
			m.gets(sale, forecast)
		}
		const steps = 3 // sign, sent and settle, in batches of mostTogether beside the crews' first ones
		if n := units.Load(); n > buyers+steps*(2*crews+buyers/mostTogether) {
			t.Errorf("%d units of work", n)
		}
		for _, p := range paid {
			m.is(p, x402.Settled)
		}
		m.gapless(paid)
		m.books(buyers, 0)
		m.told(webhook.AgentSettled, buyers)
	})
}

// pickyRelay does not sign for one payer.
type pickyRelay struct {
	ports.Relay
	not x402.Address
}

func (r pickyRelay) Sign(
	account x402.Address, nonce uint64, d x402.Due, o ports.AuthorizationOrder, f ports.RelayFees,
) (ports.RelayTransaction, error) {
	if d.Payer == r.not {
		return ports.RelayTransaction{}, errors.New("not for him")
	}
	return r.Relay.Sign(account, nonce, d, o, f)
}

// pickyWords cannot tell of one payer.
type pickyWords struct {
	plainWords
	not *x402.Address
}

func (w pickyWords) EncodeAgent(e webhook.Event, a ports.AuthorizationRow) ([]byte, error) {
	if w.not != nil && a.Settlement.Snapshot().Due.Payer == *w.not {
		return nil, fmt.Errorf("there are no words for %s", a.ID)
	}
	return w.plainWords.EncodeAgent(e, a)
}

// What is wrong with one payment is no other's business: those it shares a batch with are signed and settled.
func TestOneOfACrowdDoesNotHoldUpTheOthers(t *testing.T) {
	inMarket(t, func(m *market) {
		const buyers = 20
		m.sells("weather", "10000")
		paid := m.payments(buyers)
		unsigned, untold := m.keyOf(paid[3]).Payer, m.keyOf(paid[11]).Payer
		m.relay = pickyRelay{m.relay, unsigned}
		m.slows()
		m.gateway.Relayer.Events.Agents = pickyWords{not: &untold}
		for i, sale := range m.crowd(paid) {
			switch i {
			case 3, 11:
				if sale.Answer != nil || sale.Challenge != nil {
					t.Errorf("payment %d: %d, %v", i, sale.Status(), sale.Fault)
				}
			default:
				m.gets(sale, forecast)
			}
		}
		m.books(buyers-2, 0)
		m.gapless(paid)
		m.is(paid[3], x402.Claimed)
		m.is(paid[11], x402.Pending)
	})
}

// However many come at once, no more is signed for than may be burnt.
func TestACrowdStaysWithinTheBudget(t *testing.T) {
	inMarket(t, func(m *market) {
		const buyers, affordable = 12, 5
		m.sells("weather", "10000")
		m.budget = big.NewInt(affordable * 120_000 * 2_000_000)
		m.slows()
		paid := m.payments(buyers)
		delivered := 0
		for _, sale := range m.crowd(paid) {
			switch {
			case sale.Answer != nil:
				delivered++
			case sale.Status() != http.StatusServiceUnavailable || sale.Fault.Code != ErrGasBudgetSpent.Code:
				t.Errorf("beyond the budget: %d, %v", sale.Status(), sale.Fault)
			}
		}
		if delivered != affordable {
			t.Errorf("%d payments were settled, %d can be paid for", delivered, affordable)
		}
		spent, err := m.store.Lanes().Spent(m.Context(), m.chain.Network(), time.Now().Add(-budgetPeriod))
		m.ok(err)
		if spent.Cmp(m.budget) > 0 {
			t.Errorf("%s wei may burn, the budget is %s", spent, m.budget)
		}
		m.gapless(paid)
		m.books(affordable, 0)
	})
}

// A payment that is presented by many at once is settled once, whoever shares a batch with whom.
func TestACrowdWithOnePayment(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10000")
		m.slows()
		one := m.pays("weather")
		paid := slices.Concat(slices.Repeat([]Purchase{one}, 16), m.payments(8))
		for _, sale := range m.crowd(paid) {
			m.gets(sale, forecast)
		}
		m.gapless(slices.Concat(paid[15:]))
		m.books(9, 0)
	})
}

// unwilling is a store that does nothing for many settlements at once, after it has done it.
type unwilling struct {
	ports.UnitOfWork
	refused *atomic.Int32
}

func (w unwilling) Do(ctx context.Context, fn func(ctx context.Context, r ports.Repos) error) error {
	time.Sleep(10 * time.Millisecond)
	many := false
	return w.UnitOfWork.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		r.Authorizations = counting{r.Authorizations, &many}
		err := fn(ctx, r)
		if err == nil && many {
			w.refused.Add(1)
			err = errors.New("not so many")
		}
		return err
	})
}

type counting struct {
	ports.Authorizations
	many *bool
}

func (c counting) LoadAll(
	ctx context.Context, ks []x402.ClaimKey,
) (map[x402.ClaimKey]ports.AuthorizationRow, error) {
	*c.many = *c.many || len(ks) > 1
	return c.Authorizations.LoadAll(ctx, ks)
}

// What cannot be done together is done one by one.
func TestACrowdThatIsRefusedIsServedOneByOne(t *testing.T) {
	inMarket(t, func(m *market) {
		const buyers = 16
		m.sells("weather", "10000")
		refused := new(atomic.Int32)
		m.gateway = m.start(unwilling{m.store, refused})
		paid := m.payments(buyers)
		for _, sale := range m.crowd(paid) {
			m.gets(sale, forecast)
		}
		if refused.Load() == 0 {
			t.Error("nothing was done together")
		}
		m.gapless(paid)
		m.books(buyers, 0)
		m.told(webhook.AgentSettled, buyers)
	})
}
