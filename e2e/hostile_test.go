package e2e

import (
	"math/big"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/e2e/rig"
)

// What happens while nodes misbehave.
const (
	stormPayments = 30 // that are paid
	stormUnpaid   = 6  // that are paid short, or not at all
	stormLimit    = 4 * time.Minute
	stormSingly   = 12 // of those, paid one after the other, so that each is read by itself
	stormOdds     = 4  // one answer in so many is bad
)

// storm spoils answers by chance.
type storm struct {
	node *anviltest.Node

	mu     sync.Mutex
	r      *rand.Rand     // guarded by mu
	played map[string]int // guarded by mu
}

// tricks are the ways of nodes that fail. Huge answers and other chains are rare: the one takes its
// time, the other makes a gateway leave the node alone for a while.
var tricks = []struct {
	name  string
	share int
	play  func(s *storm) anviltest.Trick
}{
	{"empty answers", 6, fixedTrick(anviltest.Body(http.StatusOK, ""))},
	{"no answers", 6, fixedTrick(anviltest.Body(http.StatusOK, "[]"))},
	{"logs that are nothing", 6, fixedTrick(anviltest.Instead("eth_getLogs", "null"))},
	{"no receipts", 20, fixedTrick(anviltest.Instead("eth_getTransactionReceipt", "null"))},
	{"no blocks", 6, fixedTrick(anviltest.Instead("eth_getBlockByNumber", "null"))},
	{"stale heads", 12, (*storm).behind},
	{"cut short", 8, fixedTrick(anviltest.CutShort(60))},
	{"out of order", 6, fixedTrick(anviltest.Body(http.StatusBadGateway, "bad gateway"))},
	{"limited", 3, fixedTrick(anviltest.Body(http.StatusTooManyRequests, "", "Retry-After", "1"))},
	{"overloaded", 3, fixedTrick(anviltest.Body(http.StatusOK, `{"Error":"lack of computing resources"}`))},
	{"dropped", 8, fixedTrick(drop)},
	{"another chain", 1, fixedTrick(anviltest.Instead("eth_chainId", `"0x1"`))},
	{"huge", 1, fixedTrick(anviltest.Body(http.StatusOK, strings.Repeat(" ", 26<<20)))},
}

func fixedTrick(t anviltest.Trick) func(*storm) anviltest.Trick {
	return func(*storm) anviltest.Trick { return t }
}

// drop ends the connection without an answer.
func drop(http.ResponseWriter, *anviltest.Exchange) { panic(http.ErrAbortHandler) }

// behind is a backend that lacks the newest blocks, and says "no logs" of what it has not.
func (s *storm) behind() anviltest.Trick {
	text, err := s.node.Try("eth_blockNumber")
	if err != nil {
		return drop
	}
	height, err := strconv.ParseUint(strings.Trim(string(text), `"0x`), 16, 64)
	if err != nil {
		return drop
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return anviltest.Behind(height - min(height, 1+s.r.Uint64N(12)))
}

// answer answers honestly, mostly.
func (s *storm) answer(w http.ResponseWriter, x *anviltest.Exchange) {
	s.mu.Lock()
	all := 0
	for _, t := range tricks {
		all += t.share
	}
	n, play := s.r.IntN(all*stormOdds), anviltest.Trick(nil)
	var make func(s *storm) anviltest.Trick
	for _, t := range tricks {
		if n -= t.share; n < 0 {
			make = t.play
			s.played[t.name]++
			break
		}
	}
	s.mu.Unlock()
	if play = anviltest.Honest; make != nil {
		play = make(s)
	}
	play(w, x)
}

// sale is a payment of the story and what its payer does.
type sale struct {
	id    string
	units *big.Int
}

// Nodes that answer nothing, too little, too late, in error or for another chain cost time, never money:
// every payment is found, once, those that were not made are not, and a gateway that dies in between
// changes nothing about that.
func TestPaymentsAreFoundBehindHostileNodes(t *testing.T) {
	seed := rand.Uint64()
	if given := os.Getenv("SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("SEED=%d", seed)
	node, coins := evmNode(t, chain.Base)
	s := &storm{node: node, r: rand.New(rand.NewPCG(seed, 1)), played: map[string]int{}}
	proxies := []*anviltest.Proxy{anviltest.NewProxy(t, node.URL), anviltest.NewProxy(t, node.URL)}
	g := rig.Start(t, map[string]string{
		"EVM_RPC_URLS": "base=" + proxies[0].URL + "|" + proxies[1].URL, "EVM_POLL_INTERVAL": "200ms",
	})
	hooks := openReceiver(t)
	m, to := liveShop(t, g)
	hooks.registerIn(t, m, "live")
	sales := make([]sale, stormPayments+stormUnpaid)
	for i := range sales {
		sales[i] = s.sell(t, g, m)
		if i == 2 { // the storm begins when it is seen that all goes well in calm weather
			for _, p := range proxies {
				p.Play(s.answer)
			}
		}
	}
	pay := func(from, until int) {
		for _, one := range sales[from:until] {
			coins["USDC"].Transfer(anviltest.Payer, to, one.units)
		}
	}
	for i := range stormSingly {
		pay(i, i+1)
		node.Finalize()
		rig.Eventually(t, stormLimit, "the payment is paid", func() bool { return told(hooks)[sales[i].id] > 0 })
	}
	pay(stormSingly, stormSingly+3)
	g.Kill()
	pay(stormSingly+3, stormPayments)
	node.Finalize()
	for _, short := range sales[stormPayments : stormPayments+stormUnpaid/2] {
		coins["USDC"].Transfer(anviltest.Payer, to, new(big.Int).Sub(short.units, big.NewInt(1)))
	}
	node.Finalize()
	g.Run()
	rig.Eventually(t, stormLimit, "every payment is paid", func() bool { return len(told(hooks)) >= stormPayments })
	s.judge(t, g, hooks, sales)
}

// liveShop is a merchant who takes USDC on Base.
func liveShop(t *testing.T, g *rig.Gateway) (rig.Merchant, anviltest.Account) {
	t.Helper()
	m := g.Register(t)
	to := anviltest.Named("shop of " + t.Name())
	m.Call(http.MethodPost, "/v1/receiving-accounts", map[string]string{
		"network": "BASE", "asset": "USDC", "address": string(chain.EVMAddress(to)),
	}).Want(t, http.StatusCreated)
	k := m.Call(http.MethodPost, "/v1/keys", map[string]string{"mode": "live"}).Want(t, http.StatusCreated)
	m.Public, m.Private = k.At("key.publicKey"), k.At("key.privateKey")
	return m, to
}

// sell makes a payment and answers what its payer is asked for, in units.
func (s *storm) sell(t *testing.T, g *rig.Gateway, m rig.Merchant) sale {
	t.Helper()
	id := m.PayBy(t, "usdc", "25.00")
	rig.Eventually(t, settleLimit, "the rail is read", func() bool {
		return g.Call(http.MethodPost, "/v1/checkout/sessions/"+id+"/pay/intent",
			map[string]string{"method": "usdc"}).Status == http.StatusOK
	})
	a := g.Call(http.MethodGet, "/v1/checkout/sessions/"+id, nil)
	exact, ok := new(big.Rat).SetString(a.At("session.payment.instructions.amount"))
	if !ok {
		t.Fatalf("no exact amount in %s", a.Body)
	}
	return sale{id, new(big.Int).Set(exact.Mul(exact, big.NewRat(1_000_000, 1)).Num())}
}

// told counts, by payment, how often its merchant was told that it is paid; the same event delivered
// again is the same news. Asking the gateway would be polling, which it limits.
func told(r *receiver) map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	out, seen := map[string]int{}, map[string]bool{}
	for _, e := range r.received {
		if e.Type == "payment.paid" && !seen[e.ID] {
			seen[e.ID] = true
			out[rig.Answer{Body: e.Body}.At("data.payment.id")]++
		}
	}
	return out
}

// judge holds what came of it against what was paid.
func (s *storm) judge(t *testing.T, g *rig.Gateway, hooks *receiver, sales []sale) {
	t.Helper()
	paid := told(hooks)
	for n, one := range sales {
		want, times := "paid", 1
		if n >= stormPayments {
			want, times = "open", 0
		}
		if status := g.Status(one.id); status != want || paid[one.id] != times {
			t.Errorf("a payment that should be %s is %s, and its merchant was told %d times that it is paid",
				want, status, paid[one.id])
		}
		delete(paid, one.id)
	}
	if len(paid) > 0 {
		t.Errorf("told of other payments: %v", paid)
	}
	if text, code := g.Command("audit"); code != 0 {
		t.Errorf("audit answers %d:\n%s", code, text)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t.Logf("bad answers: %v", s.played)
	total := 0
	for _, n := range s.played {
		total += n
	}
	if total < 20 {
		t.Errorf("only %d answers were bad: that was no storm", total)
	}
}
