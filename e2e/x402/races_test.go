package x402

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/agenttest"
	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/e2e/rig"
)

const (
	crowd      = 32 // copies of a payment in a race
	shortRaces = 30
	shortKills = 3
)

// count reads a number of the environment; unset and empty mean the same.
func count(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s: %q", name, text)
	}
	return n
}

// behindProxy has the gateway believe who asks, so that a crowd is not turned away as one client. It may
// burn what a day of thousands of payments burns.
func behindProxy(s *street) map[string]string {
	return map[string]string{
		"X402_RELAYER_KEYS": s.relayer.Key(), "TRUSTED_PROXIES": "127.0.0.1/32", "X402_GAS_BUDGET": "50",
	}
}

// rich is a payer who can pay for everything here.
func (s *street) rich(name string) agenttest.Payer {
	s.t.Helper()
	p := agenttest.Named(name + " of " + s.t.Name())
	s.mint(anviltest.Account(p.Address()), 1_000_000*price)
	return p
}

// sent is how many transactions the relayer got into blocks: each costs its owner gas.
func (s *street) sent() int {
	s.t.Helper()
	n, err := strconv.ParseInt(s.text("eth_getTransactionCount", s.relayer.Address().String(), "latest")[2:], 16, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return int(n)
}

// present asks for a path with a payment as a client, and comes again with it while it is told to.
func (s *street) present(g *rig.Gateway, path, header, client string) (rig.Answer, error) {
	deadline := time.Now().Add(patience)
	for {
		a, err := g.TryCall(http.MethodGet, path, nil, "PAYMENT-SIGNATURE", header, "X-Forwarded-For", client)
		again := err == nil && (a.Status == http.StatusServiceUnavailable || a.Status == http.StatusTooManyRequests ||
			a.Status == http.StatusConflict && a.At("error") == "duplicate_settlement")
		if !again || time.Now().After(deadline) {
			return a, err
		}
		if a.Header.Get("Retry-After") == "" {
			s.t.Errorf("told %d %s without a time", a.Status, a.Body)
		}
		time.Sleep(100 * time.Millisecond) // as a client does that is told to come again
	}
}

// One payment presented 32 times at once is settled once, delivered once, and its answer given to all.
// The official server runs its handler ten times of ten, and the official facilitator pays for five
// transactions of five. RACES says how many races are run.
func TestRaces(t *testing.T) {
	s := open(t, behindProxy)
	path := s.sell("weather", "sunny")
	payer, races := s.rich("agent"), count(t, "RACES", shortRaces)
	bill := s.bill(path)
	for race := range races {
		bill.Now = time.Now()
		header, client := sign(t, payer, bill), fmt.Sprintf("10.0.%d.%d", race>>8&255, race&255)
		answers, errs := make([]rig.Answer, crowd), make([]error, crowd)
		var all sync.WaitGroup
		for i := range crowd {
			all.Go(func() { answers[i], errs[i] = s.present(s.Gateway, path, header, client) })
		}
		all.Wait()
		first := ""
		for i, a := range answers {
			if errs[i] != nil || a.Status != http.StatusOK || string(a.Body) != "sunny" {
				t.Fatalf("race %d: %d %s, %v", race, a.Status, a.Body, errs[i])
			}
			told := readReceipt(t, a.Header.Get("PAYMENT-RESPONSE"))
			if first == "" {
				first = told.Transaction
			}
			if !told.Success || told.Transaction != first {
				t.Fatalf("race %d: told %+v and of %s", race, told, first)
			}
		}
	}
	if paid, sent := s.balance(s.payTo), s.sent(); paid != int64(races*price) || sent != races {
		t.Errorf("%d races moved %d units in %d transactions", races, paid, sent)
	}
	s.audited()
}

// The gateway is killed at any moment of settling: every payment ends settled or failed, none twice, and
// who paid is served. KILLS says how often.
func TestKilledWhileSettling(t *testing.T) {
	s := open(t, behindProxy)
	path := s.sell("weather", "sunny")
	payer, kills := s.rich("agent"), count(t, "KILLS", shortKills)
	bill := s.bill(path)
	const atOnce = 8
	served, failed := 0, 0
	for kill := range kills {
		bill.Now = time.Now()
		headers := make([]string, atOnce)
		var all sync.WaitGroup
		for i := range headers {
			headers[i] = sign(t, payer, bill)
			all.Go(func() { // cut off by the kill, most of them
				_, _ = s.TryCall(http.MethodGet, path, nil, "PAYMENT-SIGNATURE", headers[i], "X-Forwarded-For", client(kill, i))
			})
		}
		// Anywhere between the first question to the chain and the last answer: what takes the rest of the
		// time is chance, which is what is wanted here.
		time.Sleep(time.Duration(rand.IntN(250)) * time.Millisecond)
		s.Kill()
		all.Wait()
		s.Run()
		for i, header := range headers {
			a, err := s.present(s.Gateway, path, header, client(kill, i))
			switch {
			case err == nil && a.Status == http.StatusOK && string(a.Body) == "sunny":
				served++
			case err == nil && a.Status == http.StatusPaymentRequired: // its time was over, and no money has moved
				failed++
			default:
				t.Fatalf("kill %d, payment %d: %d %s, %v", kill, i, a.Status, a.Body, err)
			}
		}
	}
	t.Logf("%d kills: %d were served, %d failed", kills, served, failed)
	if paid, sent := s.balance(s.payTo), s.sent(); paid != int64(served*price) || sent < served || failed > served {
		t.Errorf("%d were served for %d units in %d transactions, %d failed", served, paid, sent, failed)
	}
	s.audited()
}

// client is an address of its own for each payment.
func client(a, b int) string { return fmt.Sprintf("10.%d.%d.%d", 1+a>>8&127, a&255, b) }
