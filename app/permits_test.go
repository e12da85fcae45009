package app

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// metered makes a resource be sold for what was used of its price.
func metered(s *resource.Snapshot) { fetched(s); s.Terms.UpTo = true }

// uses has the merchant's server say how much was used.
func (u *scriptedUpstream) uses(usage string) {
	u.answer = func(ports.UpstreamRequest) (ports.UpstreamAnswer, error) {
		return ports.UpstreamAnswer{
			Status: http.StatusOK, Headers: map[string]string{"Content-Type": "text/plain"}, Body: []byte("tokens"), Usage: usage,
		}, nil
	}
}

// told402 is what a client is told of its payment.
func told402(m *market, sale Sale) (out struct {
	Success                          bool
	Transaction, Amount, ErrorReason string
},
) {
	m.Helper()
	if sale.Response == nil {
		m.Fatalf("nothing is told: %+v", sale)
	}
	_, value := sale.Response.Header(x402.V2)
	text, err := base64.StdEncoding.DecodeString(value)
	m.ok(err)
	m.ok(json.Unmarshal(text, &out))
	return out
}

// received is what the book has of a coin, in base units.
func received(m *market, coin money.Currency) (sum int64) {
	m.Helper()
	page, err := m.store.Page(m.Context(), ports.StatementQuery{
		Merchant: m.shop.ID(), Project: m.shop.Project.ID, Mode: merchant.Test, Limit: 100,
	})
	m.ok(err)
	for _, line := range page.Lines {
		for _, p := range line.Transaction.Postings {
			if p.Amount.Currency() != coin {
				continue
			}
			n := p.Amount.Minor().Int64()
			if strings.HasPrefix(string(p.Destination), "merchant:") {
				sum += n
			} else {
				sum -= n
			}
		}
	}
	return sum
}

// What was used is settled, booked and told, no more; presented again the same payment gets the same answer.
func TestAnAgentPaysForWhatItUsed(t *testing.T) {
	for usage, want := range map[string]int64{
		`{"amount":"1234"}`: 1_234, "": 50_000, `{"amount":"50000"}`: 50_000, `{"amount":"10%"}`: 5_000,
	} {
		inMarket(t, func(m *market) {
			m.sells("weather", "50000", metered)
			m.upstream.uses(usage)
			p := m.pays("weather")
			sale := m.buy(p, http.StatusOK)
			m.gets(sale, "tokens")
			if told := told402(m, sale); told.Amount != x402.Uint(uint64(want)).String() {
				m.Errorf("%s: told of %+v", usage, told)
			}
			for name := range sale.Answer.Headers {
				if strings.EqualFold(name, x402.HeaderUsage) {
					m.Error("the payer is told what the server said to us")
				}
			}
			m.gets(m.buy(p, http.StatusOK), "tokens")
			m.books(1, 0)
			if got := received(m, money.USDC); got != want || m.upstream.times() != 1 {
				m.Errorf("%s: booked %d, want %d; asked %d times", usage, got, want, m.upstream.times())
			}
			due := m.settlement(p).Settlement.Snapshot().Due
			if due.Value != x402.Uint(uint64(want)) || due.Most != x402.Uint(50_000) {
				m.Errorf("%s: due %s of %s", usage, due.Value, due.Most)
			}
		})
	}
}

// What used nothing settles nothing, and says so; the same payment may be presented again.
func TestNothingUsedIsNothingPaid(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "50000", metered)
		m.upstream.uses(`{"amount":"0"}`)
		p := m.pays("weather")
		sale := m.buy(p, http.StatusOK)
		if told := told402(m, sale); !told.Success || told.Transaction != "" || told.Amount != "0" {
			m.Errorf("told of %+v", told)
		}
		if sale.Answer == nil || string(sale.Answer.Body) != "tokens" {
			m.Errorf("delivered %+v", sale.Answer)
		}
		m.is(p, x402.Refused)
		m.books(0, 0)
		m.upstream.uses(`{"amount":"7"}`)
		m.gets(m.buy(p, http.StatusOK), "tokens")
		m.books(1, 0)
		if got := received(m, money.USDC); got != 7 {
			m.Errorf("booked %d", got)
		}
	})
}

// A server that says more than the price, or nothing that can be read, has sold nothing: nobody is charged.
func TestNobodyPaysMoreThanHeSigned(t *testing.T) {
	for _, usage := range []string{`{"amount":"50001"}`, `{"amount":"101%"}`, `much`} {
		inMarket(t, func(m *market) {
			m.sells("weather", "50000", metered)
			m.upstream.uses(usage)
			p := m.pays("weather")
			sale := m.buy(p, http.StatusServiceUnavailable)
			if sale.Answer != nil || sale.Challenge != nil {
				m.Errorf("%s: %+v", usage, sale)
			}
			m.is(p, x402.Refused)
			m.books(0, 0)
		})
	}
}

// Whatever becomes of the transaction, what was used is what is settled: when it is sent again with higher
// fees, when it runs out, and when the chain undoes it.
func TestWhatWasUsedSurvivesTheChain(t *testing.T) {
	for price, c := range map[string]struct {
		after      x402.Status
		standing   int
		reversals  int
		receivedIn int64
	}{
		"10202": {x402.Settled, 1, 0, 77}, // stuck until fees are raised
		"10408": {x402.Failed, 0, 0, 0},   // never mined
		"10410": {x402.Failed, 0, 1, 0},   // undone, and then it runs out
		"10500": {x402.Failed, 0, 0, 0},   // reverts
		"10208": {x402.Settled, 1, 0, 77}, // somebody else was first
	} {
		t.Run(price, func(t *testing.T) {
			inMarket(t, func(m *market) {
				m.sells("weather", price, metered)
				m.upstream.uses(`{"amount":"77"}`)
				p := m.pays("weather")
				_, err := m.gateway.Buy(m.Context(), p)
				m.ok(err)
				m.pass(10 * time.Minute)
				m.is(p, c.after)
				m.books(c.standing, c.reversals)
				if got := received(m, money.USDC); got != c.receivedIn {
					m.Errorf("booked %d, want %d", got, c.receivedIn)
				}
			})
		})
	}
}

// A price in USDT is paid by permit, and booked as USDT.
func TestAPriceInTether(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10000", func(s *resource.Snapshot) {
			s.Terms.Price, _ = money.Parse(money.USDT, "0.25")
		})
		price := m.asks("weather")
		if price.Method != x402.Permit2 || !price.Token.Same(m.tokenAt(1)) || price.Units != x402.Uint(250_000) {
			m.Errorf("asks for %+v", price)
		}
		p := m.pays("weather")
		m.gets(m.buy(p, http.StatusOK), forecast)
		m.books(1, 0)
		if usdt, usdc := received(m, money.USDT), received(m, money.USDC); usdt != 250_000 || usdc != 0 {
			m.Errorf("booked %d USDT and %d USDC", usdt, usdc)
		}
		m.gets(m.buy(p, http.StatusOK), forecast)
		m.books(1, 0)
	})
}

// tokenAt is a token that the market's network takes.
func (m *market) tokenAt(i int) x402.Token {
	m.Helper()
	tokens, err := m.chain.Tokens(m.Context())
	m.ok(err)
	return tokens[i]
}

// Who has let Permit2 move nothing is told so with 412 and a challenge; once he has, the same payment buys.
func TestAMissingAllowanceIsAPrecondition(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10412", metered)
		p := m.pays("weather")
		sale := m.buy(p, http.StatusPreconditionFailed)
		if sale.Challenge == nil || sale.Fault.Code != "permit2_allowance_required" ||
			!strings.Contains(string(sale.Challenge.Body), "permit2_allowance_required") {
			m.Errorf("told %v, %+v", sale.Fault, sale.Challenge)
		}
		m.is(p, x402.Refused)
		m.books(0, 0)
		if m.upstream.times() != 0 {
			m.Error("the seller's server worked for nothing")
		}
	})
}

// A permit for an account that does not settle here, or not any more, is refused before anything is made.
func TestAPermitForAnotherFacilitator(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "50000", metered)
		price := m.asks("weather")
		price.Facilitator[0]++
		sale := m.buy(m.presents(price), http.StatusPaymentRequired)
		if sale.Fault.Code != x402.ReasonFacilitator.String() || m.upstream.times() != 0 {
			m.Errorf("told %v", sale.Fault)
		}
		m.books(0, 0)
	})
}
