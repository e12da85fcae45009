package app

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// An agent is told the price, pays it, and gets what it paid for; presented again the same payment gets the
// same answer and moves nothing.
func TestAnAgentBuysOnce(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10000")
		p := m.pays("weather")
		m.gets(m.buy(p, http.StatusOK), forecast)
		m.is(p, x402.Settled)
		m.books(1, 0)
		m.gets(m.buy(p, http.StatusOK), forecast)
		m.books(1, 0)
		if row := m.settlement(p); row.OrderNo == "" || row.Price.String() != "0.01" || row.Title != "Report weather" {
			m.Errorf("recorded %+v", row)
		}
	})
}

// Thirty-two requests with one payment make one settlement, ask the seller's server once, and get one answer.
func TestOnePaymentAtOnceIsOnePayment(t *testing.T) {
	for name, change := range map[string]func(*resource.Snapshot){
		"authorization": fetched,
		"upfront":       func(s *resource.Snapshot) { fetched(s); upfront(s) },
	} {
		t.Run(name, func(t *testing.T) {
			inMarket(t, func(m *market) {
				m.upstream.answer = func(ports.UpstreamRequest) (ports.UpstreamAnswer, error) {
					time.Sleep(3 * time.Second)
					return ports.UpstreamAnswer{Status: http.StatusOK, Headers: map[string]string{}, Body: []byte("made")}, nil
				}
				m.sells("weather", "10000", change)
				p := m.pays("weather")
				elsewhere := m.start(m.store) // another process of the gateway
				m.gateway.Reads, elsewhere.Reads = slowReads{m.gateway.Reads}, slowReads{elsewhere.Reads}
				const many = 32
				sales := make([]Sale, many)
				var all sync.WaitGroup
				for i := range many {
					at := m.gateway
					if i%2 == 1 {
						at = elsewhere
					}
					all.Go(func() {
						var err error
						if sales[i], err = at.Buy(m.Context(), p); err != nil {
							m.Errorf("request %d: %v", i, err)
						}
					})
				}
				all.Wait()
				for _, s := range sales {
					m.gets(s, "made")
				}
				if n := m.upstream.times(); n != 1 {
					m.Errorf("the seller's server was asked %d times", n)
				}
				m.books(1, 0)
				txs, err := m.store.Lanes().OfSettlement(m.Context(), m.keyOf(p))
				m.ok(err)
				if len(txs) != 1 {
					m.Errorf("%d transactions were signed", len(txs))
				}
			})
		})
	}
}

// A payment buys what it was presented for, and nothing else.
func TestAPaymentBuysOneThing(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10000")
		m.sells("tides", "10000")
		m.sells("origin", "10000", fetched)
		p := m.pays("weather")
		m.gets(m.buy(p, http.StatusOK), forecast)
		other := m.wants("tides")
		other.V2 = p.V2
		if sale := m.buy(other, http.StatusConflict); sale.Challenge != nil || sale.Fault.Code != "authorization_bound_to_other_resource" {
			m.Errorf("another resource: %+v", sale)
		}
		q := m.pays("origin")
		q.Query = "city=kyoto"
		q.Target += "&city=kyoto"
		m.buy(q, http.StatusOK)
		q.Target += "&city=osaka"
		m.buy(q, http.StatusConflict)
		m.books(2, 0)
	})
}

// After settlement the payment stands on the chain for everybody to read: only who paid gets the answer
// again, for a while.
func TestAnAnswerIsItsPayersForAWhile(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10000")
		p := m.pays("weather")
		m.gets(m.buy(p, http.StatusOK), forecast)
		thief := p
		thief.Client = "198.51.100.9"
		if sale := m.buy(thief, http.StatusPaymentRequired); sale.Answer != nil || sale.Fault.Code != "authorization_used" {
			m.Errorf("a thief: %+v", sale)
		}
		time.Sleep(x402.ReplayFor)
		m.gets(m.buy(p, http.StatusOK), forecast)
		time.Sleep(time.Second)
		m.buy(p, http.StatusPaymentRequired)
		m.books(1, 0)
	})
}

// What the chain has against a payment is the payer's to mend: he may present the same payment again.
func TestAPayerWithoutMoneyMayTryAgain(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10000")
		poor := &rigged{TokenChain: m.tokens, refuse: x402.ReasonFunds.Refuse("the payer has too little")}
		m.chain = poor
		m.gateway = m.start(m.store)
		p := m.pays("weather")
		sale := m.buy(p, http.StatusPaymentRequired)
		if sale.Challenge == nil || sale.Response == nil || sale.Fault.Code != "insufficient_funds" {
			m.Errorf("without money: %+v", sale)
		}
		m.is(p, x402.Refused)
		poor.refuse = nil
		m.gets(m.buy(p, http.StatusOK), forecast)
		m.books(1, 0)
	})
}

// A chain that cannot be asked says nothing of a payment: it is not refused, and nobody is told to sign
// another.
func TestAnOutageRefusesNothing(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10000")
		down := &rigged{TokenChain: m.tokens}
		m.chain = down
		m.gateway = m.start(m.store)
		p := m.pays("weather")
		down.refuse = ports.ErrChainUnavailable
		if sale := m.buy(p, http.StatusServiceUnavailable); sale.Challenge != nil || sale.Fault.RetryAfter == 0 {
			m.Errorf("in an outage: %+v", sale)
		}
		m.is(p, x402.Claimed)
		down.refuse = nil
		m.pass(2 * time.Second)
		m.gets(m.buy(p, http.StatusOK), forecast)
		m.books(1, 0)
	})
}

// A payment's identifier names one payload: with another one it is a mistake of the client.
func TestAPaymentIdentifierNamesOnePayload(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10000")
		const id = "order_000000000001"
		p, other := m.named(m.pays("weather"), id), m.named(m.pays("weather"), id)
		m.gets(m.buy(p, http.StatusOK), forecast)
		m.gets(m.buy(p, http.StatusOK), forecast)
		if sale := m.buy(other, http.StatusConflict); sale.Challenge != nil || sale.Fault.Code != "payment_identifier_reused" {
			m.Errorf("another payload: %+v", sale)
		}
		m.books(1, 0)
	})
}

// A server that cannot make what is sold costs nobody anything.
func TestAFailingUpstreamIsNotPaidFor(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("origin", "10000", fetched)
		for status, want := range map[int]int{
			http.StatusNotFound:            http.StatusNotFound,
			http.StatusInternalServerError: http.StatusServiceUnavailable,
			http.StatusFound:               http.StatusServiceUnavailable,
			http.StatusPaymentRequired:     http.StatusServiceUnavailable,
		} {
			m.upstream.says(status)
			p := m.pays("origin")
			m.buy(p, want)
			m.is(p, x402.Refused)
			m.books(0, 0)
		}
		p := m.pays("origin")
		m.upstream.answer = func(ports.UpstreamRequest) (ports.UpstreamAnswer, error) { return ports.UpstreamAnswer{}, errDown }
		m.buy(p, http.StatusServiceUnavailable)
		m.upstream.answer = nil
		if sale := m.buy(p, http.StatusOK); sale.Response == nil {
			m.Errorf("the same payment again: %+v", sale)
		}
		m.books(1, 0)
	})
}

// Who pays first and is not served may ask for it until he is, and pays once.
func TestWhoPaidUpfrontIsOwed(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("origin", "10000", fetched, upfront)
		m.upstream.says(http.StatusBadGateway)
		p := m.pays("origin")
		sale := m.buy(p, http.StatusServiceUnavailable)
		if sale.Challenge != nil || sale.Response == nil || sale.Fault.Code != "paid_not_delivered" {
			m.Errorf("the server failed: %+v", sale)
		}
		m.is(p, x402.Settled)
		time.Sleep(20 * 24 * time.Hour) // far longer than an answer is given again
		m.upstream.answer = nil
		thief := p
		thief.Client = "198.51.100.9"
		m.buy(thief, http.StatusPaymentRequired)
		m.gets(m.buy(p, http.StatusOK), "answer 2")
		time.Sleep(time.Second)
		m.buy(p, http.StatusPaymentRequired)
		m.books(1, 0)
	})
}

// What is not for sale is not sold; what was paid for is delivered all the same.
func TestWhatWasPaidForIsDeliveredAfterTheSale(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10000")
		p, late := m.pays("weather"), m.pays("weather")
		m.gets(m.buy(p, http.StatusOK), forecast)
		m.ok(m.store.Do(m.Context(), func(ctx context.Context, r ports.Repos) error {
			s, err := r.Resources.Load(ctx, m.shop.ID(), "weather")
			if err != nil {
				return err
			}
			s.Archive(time.Now())
			return r.Resources.Save(ctx, s)
		}))
		m.gets(m.buy(p, http.StatusOK), forecast)
		m.buy(late, http.StatusNotFound)
		time.Sleep(tagLife) // another process took it off sale
		if _, err := m.gateway.Buy(m.Context(), m.wants("weather")); fault.From(err).Kind != fault.NotFound {
			m.Errorf("an archived resource: %v", err)
		}
		post := m.wants("weather")
		post.Method = http.MethodPost
		if _, err := m.gateway.Buy(m.Context(), post); fault.From(err).Kind != fault.NotAllowed {
			m.Errorf("a stored resource, posted to: %v", err)
		}
		if _, err := m.gateway.Buy(m.Context(), m.wants("nothing")); fault.From(err).Kind != fault.NotFound {
			m.Errorf("no resource: %v", err)
		}
		m.books(1, 0)
	})
}

// A header that cannot be read is 400, a payment that is wrong 402; both say how to pay, and neither is
// recorded.
func TestWrongPaymentsAreToldWhatIsRight(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10000")
		p := m.wants("weather")
		p.V2 = []string{"%%%"}
		if sale := m.buy(p, http.StatusBadRequest); sale.Challenge == nil {
			m.Error("no challenge for a header that cannot be read")
		}
		m.sells("dear", "20000")
		q := m.pays("weather")
		cheap := m.wants("dear")
		cheap.V2 = q.V2
		if sale := m.buy(cheap, http.StatusPaymentRequired); sale.Challenge == nil {
			m.Error("no challenge for a payment that is too small")
		}
		m.gets(m.buy(q, http.StatusOK), forecast)
		m.books(1, 0)
	})
}

// Of many who ask for what they are owed, one has it made.
func TestWhatIsOwedIsMadeOnce(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("origin", "10000", fetched, upfront)
		m.upstream.says(http.StatusBadGateway)
		p := m.pays("origin")
		m.buy(p, http.StatusServiceUnavailable)
		m.upstream.answer = func(ports.UpstreamRequest) (ports.UpstreamAnswer, error) {
			time.Sleep(time.Second)
			return ports.UpstreamAnswer{Status: http.StatusOK, Headers: map[string]string{}, Body: []byte("made")}, nil
		}
		m.gateway.Reads = slowReads{m.gateway.Reads}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { m.gets(m.buy(p, http.StatusOK), "made") })
		}
		all.Wait()
		if n := m.upstream.times(); n != 2 {
			m.Errorf("the seller's server was asked %d times, once of them in vain", n)
		}
		m.books(1, 0)
	})
}

// A transaction of ours that failed says nothing while the authorization is used: the money has moved, by
// whatever transaction, and nobody is told to pay again.
func TestAFailedTransactionOfAUsedAuthorizationIsPending(t *testing.T) {
	inLiveMarket(t, func(m *market, b *liveBase) {
		p := m.signedFor()
		go func() {
			for {
				time.Sleep(50 * time.Millisecond)
				row, _, err := m.store.Authorizations().ByKey(m.Context(), m.keyOf(p))
				if err == nil && row.Settlement.Snapshot().Status >= x402.Signed {
					b.fails(row.Settlement.Snapshot().TxID, m.keyOf(p))
					return
				}
			}
		}()
		m.buy(p, http.StatusServiceUnavailable)
		m.is(p, x402.Pending)
	})
}
