package e2e

import (
	"maps"
	"math/big"
	"net/http"
	"testing"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/e2e/rig"
)

// live answers a gateway on a Tron-like node, and a merchant who takes real payments there.
func live(t *testing.T) (*rig.Gateway, *anviltest.Node, rig.Merchant, chain.Address) {
	t.Helper()
	return liveOn(t, nil)
}

// liveOn is live with further settings.
func liveOn(t *testing.T, env map[string]string) (*rig.Gateway, *anviltest.Node, rig.Merchant, chain.Address) {
	t.Helper()
	node := anviltest.Start(t)
	node.PlaceUSDT()
	settings := map[string]string{"TRON_RPC_URLS": node.URL, "TRON_POLL_INTERVAL": "200ms"}
	maps.Copy(settings, env)
	g := rig.Start(t, settings)
	m := g.Register(t)
	to := chain.TronAddress(anviltest.Named("shop of " + t.Name()))
	m.Call(http.MethodPost, "/v1/receiving-accounts", map[string]string{
		"network": "TRC20", "asset": "USDT", "address": string(to),
	}).Want(t, http.StatusCreated)
	k := m.Call(http.MethodPost, "/v1/keys", map[string]string{"mode": "live"}).Want(t, http.StatusCreated)
	m.Public, m.Private = k.At("key.publicKey"), k.At("key.privateKey")
	return g, node, m, to
}

// asked answers a live payment whose payer was told where to pay how much.
func asked(t *testing.T, g *rig.Gateway, m rig.Merchant, amount string) (payment string, units *big.Int) {
	t.Helper()
	payment = m.Pay(t, amount)
	rig.Eventually(t, settleLimit, "the rail is read", func() bool {
		return g.Call(http.MethodPost, "/v1/checkout/sessions/"+payment+"/pay/intent",
			map[string]string{"method": "usdt"}).Status == http.StatusOK
	})
	a := g.Call(http.MethodGet, "/v1/checkout/sessions/"+payment, nil)
	exact, ok := new(big.Rat).SetString(a.At("session.payment.instructions.amount"))
	if !ok {
		t.Fatalf("no exact amount in %s", a.Body)
	}
	exact.Mul(exact, big.NewRat(1_000_000, 1))
	return payment, exact.Num()
}

// A transfer of real USDT to the merchant's own address is found with no page open, although the
// gateway died between the transfer and its finality; it is booked once and announced.
func TestARealTransferIsFoundAfterACrash(t *testing.T) {
	g, node, m, to := live(t)
	payment, units := asked(t, g, m, "25.00")
	if a := g.Call(http.MethodGet, "/v1/checkout/sessions/"+payment, nil); a.At("session.payment.instructions.address") != string(to) {
		t.Fatalf("the payer is not sent to the merchant: %s", a.Body)
	}
	shop, _ := to.Bytes20()
	node.Pay(shop, units.Int64())
	rig.Eventually(t, settleLimit, "the transfer is seen", func() bool { return g.Status(payment) == "processing" })
	g.Kill()
	node.Finalize()
	g.Run()
	rig.Eventually(t, settleLimit, "the payment is paid", isPaid(g, payment))
	if text, code := g.Command("audit"); code != 0 {
		t.Errorf("audit answers %d:\n%s", code, text)
	}
}
