package e2e

import (
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/e2e/rig"
)

// railView is a rail as operators see it.
type railView struct {
	Network   string
	OK        bool
	Height    uint64
	Watcher   string
	Endpoints []struct {
		Host      string
		Priority  int
		Healthy   bool
		Breaker   string
		LastError string
	}
	Rescan *struct {
		Found          int
		SecondEndpoint bool
	}
}

// view reads /readyz?verbose.
func view(t *testing.T, g *rig.Gateway) (status string, rails map[string]railView, text string) {
	t.Helper()
	a := g.Call(http.MethodGet, "/readyz?verbose", nil).Want(t, http.StatusOK)
	var all struct{ Rails []railView }
	if err := json.Unmarshal(a.Body, &all); err != nil {
		t.Fatal(err)
	}
	rails = map[string]railView{}
	for _, r := range all.Rails {
		rails[r.Network] = r
	}
	return a.At("status"), rails, string(a.Body)
}

// One network is dead, and one endpoint of another. Payments on the other are settled all the same; the
// gateway is degraded and not down; and operators see which endpoint of which network is to blame, and
// no key.
func TestADeadRailHidesNoOther(t *testing.T) {
	const key = "a-key-nobody-may-see"
	base, coins := evmNode(t, chain.Base)
	dead := "http://127.0.0.1:1/" + key
	g := rig.Start(t, map[string]string{
		"EVM_RPC_URLS":      "ethereum=" + dead + ",base=" + dead + "|" + base.URL + "/?key=" + key,
		"EVM_POLL_INTERVAL": "200ms",
	})
	m := g.Register(t)
	to := anviltest.Named("shop of " + t.Name())
	for _, standard := range []string{"ERC20", "BASE"} {
		m.Call(http.MethodPost, "/v1/receiving-accounts", map[string]string{
			"network": standard, "asset": "USDC", "address": string(chain.EVMAddress(to)),
		}).Want(t, http.StatusCreated)
	}
	k := m.Call(http.MethodPost, "/v1/keys", map[string]string{"mode": "live"}).Want(t, http.StatusCreated)
	m.Public, m.Private = k.At("key.publicKey"), k.At("key.privateKey")
	choose := func(payment, on string) rig.Answer {
		return g.Call(http.MethodPost, "/v1/checkout/sessions/"+payment+"/pay/intent",
			map[string]string{"method": "usdc", "network": on})
	}
	payment := m.PayBy(t, "usdc", "25.00")
	if a := choose(payment, "ethereum"); a.At("error") != "chain_unavailable" {
		t.Errorf("the dead network answers %s", a.Body)
	}
	rig.Eventually(t, settleLimit, "the other rail is read", func() bool {
		return choose(payment, "base").Status == http.StatusOK
	})
	a := g.Call(http.MethodGet, "/v1/checkout/sessions/"+payment, nil)
	exact, ok := new(big.Rat).SetString(a.At("session.payment.instructions.amount"))
	if !ok {
		t.Fatalf("no exact amount in %s", a.Body)
	}
	coins["USDC"].Transfer(anviltest.Payer, to, exact.Mul(exact, big.NewRat(1_000_000, 1)).Num())
	base.Finalize()
	rig.Eventually(t, settleLimit, "the payment is paid", isPaid(g, payment))

	status, rails, text := view(t, g)
	b, e := rails["base"], rails["ethereum"]
	if status != "degraded" || !b.OK || e.OK || len(b.Endpoints) != 2 || len(e.Endpoints) != 1 {
		t.Fatalf("operators see %s", text)
	}
	if b.Watcher == "" || b.Endpoints[0].Healthy || b.Endpoints[0].LastError != "unreachable" ||
		b.Endpoints[0].Host != "127.0.0.1:1" || !b.Endpoints[1].Healthy || b.Endpoints[1].Priority != 2 {
		t.Errorf("the rail that is read: %+v", b)
	}
	metrics := string(g.Call(http.MethodGet, "/metrics", nil).Want(t, http.StatusOK).Body)
	for _, line := range []string{
		`gateway_chain_healthy{network="base"} 1`, `gateway_chain_healthy{network="ethereum"} 0`,
		`gateway_endpoint_healthy{host="127.0.0.1:1",network="base",priority="1"} 0`,
		`network="base",priority="2"} 1`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("no %s in the metrics", line)
		}
	}
	doctor, code := g.Command("doctor")
	if code == 0 || !strings.Contains(doctor, "1. 127.0.0.1:1") || !strings.Contains(doctor, "watched by") {
		t.Errorf("doctor answers %d:\n%s", code, doctor)
	}
	for where, said := range map[string]string{
		"the view": text, "the metrics": metrics, "the doctor": doctor, "the log": g.Log(),
	} {
		if strings.Contains(said, key) {
			t.Errorf("%s shows a key", where)
		}
	}
	plain := g.Call(http.MethodGet, "/readyz", nil).Want(t, http.StatusOK)
	through := g.Call(http.MethodGet, "/readyz?verbose", nil, "X-Forwarded-For", "192.0.2.7")
	if strings.Contains(string(plain.Body), "127.0.0.1") || through.Status != http.StatusForbidden {
		t.Errorf("strangers see %s; through a proxy %d", plain.Body, through.Status)
	}
}

// A policy of two endpoints is refused where there is one, before anybody is asked to pay; where there
// are two it settles when both prove the payment. What the preferred endpoint hid is found when an
// operator has the network read again.
func TestTwoEndpointsProveAndFindPayments(t *testing.T) {
	base, coins := evmNode(t, chain.Base)
	hiding, second := anviltest.NewProxy(t, base.URL), anviltest.NewProxy(t, base.URL)
	g := rig.Start(t, map[string]string{
		"EVM_RPC_URLS": "base=" + hiding.URL, "EVM_POLL_INTERVAL": "200ms",
	})
	m := g.Register(t)
	to := anviltest.Named("shop of " + t.Name())
	m.Call(http.MethodPost, "/v1/receiving-accounts", map[string]string{
		"network": "BASE", "asset": "USDC", "address": string(chain.EVMAddress(to)),
	}).Want(t, http.StatusCreated)
	m.Call(http.MethodPatch, "/v1/project", map[string]any{
		"policy": map[string]any{"twoSourcesFromUsd": 20},
	}).Want(t, http.StatusOK)
	k := m.Call(http.MethodPost, "/v1/keys", map[string]string{"mode": "live"}).Want(t, http.StatusCreated)
	m.Public, m.Private = k.At("key.publicKey"), k.At("key.privateKey")
	payment := m.PayBy(t, "usdc", "25.00")
	choose := func() rig.Answer {
		return g.Call(http.MethodPost, "/v1/checkout/sessions/"+payment+"/pay/intent", map[string]string{"method": "usdc"})
	}
	rig.Eventually(t, settleLimit, "the rail is read", func() bool { return choose().At("error") != "chain_unavailable" })
	if a := choose(); a.Status != http.StatusConflict || a.At("error") != "too_few_sources" {
		t.Fatalf("with one endpoint: %d %s", a.Status, a.Body)
	}

	g.Kill()
	g.Set("EVM_RPC_URLS", "base="+hiding.URL+"|"+second.URL)
	g.Run()
	rig.Eventually(t, settleLimit, "the rail is read", func() bool { return choose().Status == http.StatusOK })
	a := g.Call(http.MethodGet, "/v1/checkout/sessions/"+payment, nil)
	exact, ok := new(big.Rat).SetString(a.At("session.payment.instructions.amount"))
	if !ok {
		t.Fatalf("no exact amount in %s", a.Body)
	}
	hiding.Play(anviltest.Instead("eth_getLogs", "[]"))
	tx := coins["USDC"].Transfer(anviltest.Payer, to, exact.Mul(exact, big.NewRat(1_000_000, 1)).Num())
	base.Finalize()
	read := func() uint64 {
		_, rails, _ := view(t, g)
		return rails["base"].Height
	}
	rig.Eventually(t, settleLimit, "the payment's block is read past", func() bool { return read() >= tx.Block })
	if s := g.Status(payment); s == "settled" || s == "paid" {
		t.Fatalf("the payment is %s although nobody saw it", s)
	}
	text, code := g.Command("rescan", "--network", "BASE", "--since", "1h")
	if code != 1 || !strings.Contains(text, "1 transfers had been missed") {
		t.Fatalf("rescan answers %d:\n%s", code, text)
	}
	rig.Eventually(t, settleLimit, "the payment is paid", isPaid(g, payment))
	if _, rails, text := view(t, g); rails["base"].Rescan == nil || rails["base"].Rescan.Found != 1 ||
		!rails["base"].Rescan.SecondEndpoint {
		t.Errorf("operators see %s", text)
	}
	if text, code := g.Command("audit"); code != 0 {
		t.Errorf("audit answers %d:\n%s", code, text)
	}
}
