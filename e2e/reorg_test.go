package e2e

import (
	"math/big"
	"net/http"
	"testing"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/e2e/rig"
)

// What a network undoes before it is final never touches money; what it undoes afterwards is reversed,
// told, and can be paid again.
func TestUndoneBlocksOnARealNode(t *testing.T) {
	node, coins := evmNode(t, chain.Base)
	r := openReceiver(t)
	g := rig.Start(t, map[string]string{
		"EVM_RPC_URLS": "base=" + node.URL, "EVM_POLL_INTERVAL": "200ms",
	})
	m := g.Register(t)
	to := anviltest.Named("shop of " + t.Name())
	m.Call(http.MethodPost, "/v1/receiving-accounts", map[string]string{
		"network": "BASE", "asset": "USDC", "address": string(chain.EVMAddress(to)),
	}).Want(t, http.StatusCreated)
	k := m.Call(http.MethodPost, "/v1/keys", map[string]string{"mode": "live"}).Want(t, http.StatusCreated)
	m.Public, m.Private = k.At("key.publicKey"), k.At("key.privateKey")
	r.registerIn(t, m, "live")

	payment := m.PayBy(t, "usdc", "25.00")
	rig.Eventually(t, settleLimit, "the rail is read", func() bool {
		return g.Call(http.MethodPost, "/v1/checkout/sessions/"+payment+"/pay/intent",
			map[string]string{"method": "usdc"}).Status == http.StatusOK
	})
	a := g.Call(http.MethodGet, "/v1/checkout/sessions/"+payment, nil)
	exact, ok := new(big.Rat).SetString(a.At("session.payment.instructions.amount"))
	if !ok {
		t.Fatalf("no exact amount in %s", a.Body)
	}
	exact.Mul(exact, big.NewRat(1_000_000, 1))
	pay := func() { coins["USDC"].Transfer(anviltest.Payer, to, exact.Num()) }
	status := func(want string) func() bool {
		return func() bool { return g.Status(payment) == want }
	}

	pay()
	rig.Eventually(t, settleLimit, "the transfer is seen", status("processing"))
	node.Reorg(1)
	rig.Eventually(t, settleLimit, "the transfer is gone", status("open"))
	node.Finalize()
	pay()
	rig.Eventually(t, settleLimit, "another transfer is seen", status("processing"))
	if got := r.types(); len(got) > 0 && got[len(got)-1] == "payment.paid" {
		t.Errorf("told before anything was final: %v", got)
	}
	mined := node.Height()
	node.Finalize()
	rig.Eventually(t, settleLimit, "the payment is paid", status("paid"))

	node.Reorg(node.Height() - mined + 1)
	rig.Eventually(t, settleLimit, "the payment is open again", status("open"))
	pay()
	node.Finalize()
	rig.Eventually(t, settleLimit, "the payment is paid again", status("paid"))
	rig.Eventually(t, settleLimit, "the merchant was told", func() bool {
		told := map[string]int{}
		for _, what := range r.types() {
			told[what]++
		}
		return told["payment.paid"] == 2 && told["payment.reversed"] == 1 && told["payment.reverted"] == 1
	})
	if text, code := g.Command("audit"); code != 0 {
		t.Errorf("audit answers %d:\n%s", code, text)
	}
}
