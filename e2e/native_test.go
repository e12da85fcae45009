package e2e

import (
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/e2e/rig"
)

// A customer's exchange pays out ETH from within its contract, in a batch with somebody else's. The
// gateway is killed before the payment is final, and finds it once; the first endpoint cannot trace.
func TestAnInternalTransferInETHIsFoundOnce(t *testing.T) {
	node, _ := evmNode(t, chain.Base)
	scatter := node.PlaceScatter()
	poor := anviltest.NewProxy(t, node.URL)
	poor.Play(anviltest.NoTraces("debug", "trace"))
	g := rig.Start(t, map[string]string{
		"EVM_RPC_URLS": "base=" + poor.URL + "|" + node.URL, "EVM_POLL_INTERVAL": "200ms",
		"FIXED_RATES": "USDT/ETH=0.000401",
	})
	m := g.Register(t)
	to := anviltest.Named("shop of " + t.Name())
	m.Call(http.MethodPost, "/v1/receiving-accounts", map[string]string{
		"network": "BASE", "asset": "ETH", "address": string(chain.EVMAddress(to)),
	}).Want(t, http.StatusCreated)
	k := m.Call(http.MethodPost, "/v1/keys", map[string]string{"mode": "live"}).Want(t, http.StatusCreated)
	m.Public, m.Private = k.At("key.publicKey"), k.At("key.privateKey")
	payment := m.PayBy(t, "eth", "25.00")
	intent := "/v1/checkout/sessions/" + payment + "/pay/intent"
	rig.Eventually(t, settleLimit, "the rail is read", func() bool {
		return g.Call(http.MethodPost, intent, map[string]string{"method": "eth"}).Status == http.StatusOK
	})
	a := g.Call(http.MethodGet, "/v1/checkout/sessions/"+payment, nil)
	at, amount := "session.payment.instructions.", a.At("session.payment.instructions.amount")
	// 25 at 0.000401 are 0.010025 ETH; what identifies the payment comes on top, on eight places at most.
	exact, ok := new(big.Rat).SetString(amount)
	if !ok {
		t.Fatalf("no exact amount in %s", a.Body)
	}
	if a.At(at+"address") != string(chain.EVMAddress(to)) || a.At(at+"contract") != chain.Native ||
		a.At(at+"currency") != "ETH" || len(amount) > len("0.01002500") ||
		exact.Cmp(big.NewRat(1_002_500, 100_000_000)) <= 0 || exact.Cmp(big.NewRat(1_002_500+checkout.MaxSuffix, 100_000_000)) > 0 {
		t.Fatalf("the payer is told %s", a.Body)
	}
	exact.Mul(exact, new(big.Rat).SetInt64(1_000_000_000_000_000_000))
	other := anviltest.Named("somebody else")
	scatter.Send([]anviltest.Account{other, to}, []*big.Int{big.NewInt(1), exact.Num()})
	rig.Eventually(t, settleLimit, "the transfer is seen", func() bool { return g.Status(payment) == "processing" })
	g.Kill()
	node.Finalize()
	g.Run()
	rig.Eventually(t, settleLimit, "the payment is paid", isPaid(g, payment))
	if text, _ := g.Command("doctor"); !strings.Contains(text, "ETH is taken; traces come from "+strings.TrimPrefix(node.URL, "http://")) {
		t.Errorf("doctor answers:\n%s", text)
	}
	if text, code := g.Command("audit"); code != 0 {
		t.Errorf("audit answers %d:\n%s", code, text)
	}
}

// Where no endpoint traces, the network's own coin is not offered, and the operator is told what helps;
// its tokens are taken as ever.
func TestAnOwnCoinNobodyCanReadIsNotOffered(t *testing.T) {
	node, _ := evmNode(t, chain.Base)
	poor := anviltest.NewProxy(t, node.URL)
	poor.Play(anviltest.NoTraces("debug", "trace"))
	g := rig.Start(t, map[string]string{"EVM_RPC_URLS": "base=" + poor.URL, "EVM_POLL_INTERVAL": "200ms"})
	m := g.Register(t)
	for _, asset := range []string{"ETH", "USDC"} {
		m.Call(http.MethodPost, "/v1/receiving-accounts", map[string]string{
			"network": "BASE", "asset": asset, "address": string(chain.EVMAddress(anviltest.Named("shop of " + t.Name()))),
		}).Want(t, http.StatusCreated)
	}
	k := m.Call(http.MethodPost, "/v1/keys", map[string]string{"mode": "live"}).Want(t, http.StatusCreated)
	m.Public, m.Private = k.At("key.publicKey"), k.At("key.privateKey")
	if a := m.Call(http.MethodPost, "/v1/payments", map[string]string{
		"clientId": m.ClientID, "secret": m.Private, "amount": "25.00", "currency": "USDT", "method": "eth",
	}); a.Status != http.StatusBadRequest || a.At("error") != "unsupported_method" {
		t.Errorf("eth: %s", a.Body)
	}
	intent := "/v1/checkout/sessions/" + m.PayBy(t, "usdc", "25.00") + "/pay/intent"
	rig.Eventually(t, settleLimit, "the token is taken", func() bool {
		return g.Call(http.MethodPost, intent, map[string]string{"method": "usdc"}).Status == http.StatusOK
	})
	if said := strings.Count(g.Log(), "the network's own coin is not taken"); said != 1 {
		t.Errorf("said %d times:\n%s", said, g.Log())
	}
	text, _ := g.Command("doctor")
	for _, want := range []string{"ETH is not taken", "debug_traceBlockByNumber: rpc error -32601", "-> add an endpoint that answers"} {
		if !strings.Contains(text, want) {
			t.Errorf("doctor does not say %q:\n%s", want, text)
		}
	}
}

// A large payment in ETH is asked for only where two endpoints trace. One that lies about what moved holds
// the payment up, which the merchant sees, and settles it by agreeing.
func TestALargePaymentInETHNeedsTwoTraces(t *testing.T) {
	node, _ := evmNode(t, chain.Base)
	first, second := anviltest.NewProxy(t, node.URL), anviltest.NewProxy(t, node.URL)
	second.Play(anviltest.NoTraces("debug", "trace"))
	g := rig.Start(t, map[string]string{
		"EVM_RPC_URLS": "base=" + first.URL + "|" + second.URL, "EVM_POLL_INTERVAL": "200ms",
		"FIXED_RATES": "USDT/ETH=0.000401",
	})
	m := g.Register(t)
	to := anviltest.Named("shop of " + t.Name())
	m.Call(http.MethodPost, "/v1/receiving-accounts", map[string]string{
		"network": "BASE", "asset": "ETH", "address": string(chain.EVMAddress(to)),
	}).Want(t, http.StatusCreated)
	m.Call(http.MethodPatch, "/v1/project", map[string]any{
		"policy": map[string]any{"twoSourcesFromUsd": 20},
	}).Want(t, http.StatusOK)
	k := m.Call(http.MethodPost, "/v1/keys", map[string]string{"mode": "live"}).Want(t, http.StatusCreated)
	m.Public, m.Private = k.At("key.publicKey"), k.At("key.privateKey")
	payment := m.PayBy(t, "eth", "25.00")
	choose := func() rig.Answer {
		return g.Call(http.MethodPost, "/v1/checkout/sessions/"+payment+"/pay/intent", map[string]string{"method": "eth"})
	}
	rig.Eventually(t, settleLimit, "one tracing endpoint is too few", func() bool {
		return choose().At("error") == "too_few_sources"
	})

	g.Kill()
	second.Play(nil)
	g.Run()
	rig.Eventually(t, settleLimit, "two endpoints trace", func() bool { return choose().Status == http.StatusOK })
	a := g.Call(http.MethodGet, "/v1/checkout/sessions/"+payment, nil)
	exact, ok := new(big.Rat).SetString(a.At("session.payment.instructions.amount"))
	if !ok {
		t.Fatalf("no exact amount in %s", a.Body)
	}
	units := exact.Mul(exact, new(big.Rat).SetInt64(1_000_000_000_000_000_000)).Num()
	less := new(big.Int).Sub(units, big.NewInt(1))
	second.Play(anviltest.Replace("debug_traceTransaction", "0x"+units.Text(16), "0x"+less.Text(16)))
	node.SendValue(anviltest.Payer, to, units, nil)
	node.Finalize()
	rig.Eventually(t, settleLimit, "the lie holds the payment up", func() bool {
		a := m.Call(http.MethodGet, "/v1/queue?mode=live", nil)
		return strings.Contains(string(a.Body), `"reason":"sources_disagree"`)
	})
	if s := g.Status(payment); s != "processing" {
		t.Errorf("while the endpoints disagree the payment is %s", s)
	}
	second.Play(nil)
	rig.Eventually(t, settleLimit, "the payment is paid", isPaid(g, payment))
	if text, code := g.Command("audit"); code != 0 {
		t.Errorf("audit answers %d:\n%s", code, text)
	}
}
