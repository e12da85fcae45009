package e2e

import (
	"math/big"
	"net/http"
	"testing"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/e2e/rig"
)

// The account of the test phrase "abandon … about", and its first two addresses as wallets show them.
const (
	ownXpub   = "xpub6DCoCpSuQZB2jawqnGMEPS63ePKWkwWPH4TU45Q7LPXWuNd8TMtVxRrgjtEshuqpK3mdhaWHPFsBngh5GFZaM6si3yZdUsT8ddYM3PwnATt"
	ownFirst  = "0x9858EfFD232B4033E47d90003D41EC34EcaEda94"
	ownSecond = "0x6Fac4D18c912343BF86fa7049364Dd4E424Ab9C0"
)

// Addresses derived from a merchant's key: one payment arrives in two parts, the gateway dying between
// them, the next one is short by no more than the tolerance.
func TestPaymentsAtDerivedAddresses(t *testing.T) {
	base, coins := evmNode(t, chain.Base)
	g := rig.Start(t, map[string]string{"EVM_RPC_URLS": "base=" + base.URL, "EVM_POLL_INTERVAL": "200ms"})
	m := g.Register(t)
	m.Call(http.MethodPatch, "/v1/project", map[string]any{
		"policy": map[string]any{"toleranceBasisPoints": 50},
	}).Want(t, http.StatusOK)
	source := m.Call(http.MethodPost, "/v1/address-sources",
		map[string]string{"family": "evm", "xpub": ownXpub}).Want(t, http.StatusCreated)
	m.Call(http.MethodPost, "/v1/address-sources/"+source.At("addressSource.id")+"/confirm",
		map[string]string{"firstAddress": ownFirst, "password": m.Password}).Want(t, http.StatusOK)
	k := m.Call(http.MethodPost, "/v1/keys", map[string]string{"mode": "live"}).Want(t, http.StatusCreated)
	m.Public, m.Private = k.At("key.publicKey"), k.At("key.privateKey")

	instructed := func(want string) string {
		t.Helper()
		payment := m.PayBy(t, "usdc", "25.00")
		path := "/v1/checkout/sessions/" + payment
		rig.Eventually(t, settleLimit, "the rail is read", func() bool {
			return g.Call(http.MethodPost, path+"/pay/intent", map[string]string{"method": "usdc"}).Status == http.StatusOK
		})
		a := g.Call(http.MethodGet, path, nil)
		const at = "session.payment.instructions."
		if a.At(at+"address") != want || a.At(at+"matching") != "dedicated_address" || a.At(at+"amount") != "25.00" ||
			a.At(at+"tolerance") != "0.125" {
			t.Fatalf("instructions %s", a.Body)
		}
		return payment
	}
	send := func(to string, units int64) {
		t.Helper()
		at, ok := chain.Address(to).EVMBytes()
		if !ok {
			t.Fatal(to)
		}
		coins["USDC"].Transfer(anviltest.Payer, at, big.NewInt(units))
		base.Finalize()
	}
	rest := func(payment string) string {
		return g.Call(http.MethodGet, "/v1/checkout/sessions/"+payment, nil).At("session.payment.instructions.rest")
	}

	inParts := instructed(ownFirst)
	send(ownFirst, 10_000_000)
	rig.Eventually(t, settleLimit, "a part is counted", func() bool { return rest(inParts) == "15.00" })
	g.Kill()
	send(ownFirst, 15_000_000)
	g.Run()
	rig.Eventually(t, settleLimit, "the payment is paid", isPaid(g, inParts))

	short := instructed(ownSecond)
	send(ownSecond, 24_874_999)
	rig.Eventually(t, settleLimit, "it is a unit too short", func() bool { return rest(short) == "0.125001" })
	if isPaid(g, short)() {
		t.Fatal("less than the tolerance allows is enough")
	}
	send(ownSecond, 1)
	rig.Eventually(t, settleLimit, "the payment is paid", isPaid(g, short))
	if text, code := g.Command("audit"); code != 0 {
		t.Errorf("audit answers %d:\n%s", code, text)
	}
}
