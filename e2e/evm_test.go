package e2e

import (
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/e2e/rig"
)

// evmNode is a node that stands for a network: it has the network's chain id and its coins at their
// own addresses.
func evmNode(t *testing.T, n chain.Network) (*anviltest.Node, map[string]anviltest.Coin) {
	t.Helper()
	node := anviltest.StartChain(t, n.EVMChainID())
	coins := map[string]anviltest.Coin{}
	for _, a := range n.Tokens() {
		if a.IsNative() {
			continue
		}
		at, ok := chain.Address(a.Contract).EVMBytes()
		if !ok {
			t.Fatal(a)
		}
		coins[a.Symbol] = node.PlaceCoin(map[uint8]string{6: "TetherToken", 18: "PeggedToken"}[a.Decimals], at)
	}
	node.Finalize()
	return node, coins
}

// USDC on two networks, one of six decimals and one of eighteen: the payer must say which, is sent to
// the merchant's own address there, and is found there although the gateway died in between.
func TestARealTransferIsFoundOnEVM(t *testing.T) {
	base, baseCoins := evmNode(t, chain.Base)
	bsc, bscCoins := evmNode(t, chain.BSC)
	g := rig.Start(t, map[string]string{
		"EVM_RPC_URLS": "base=" + base.URL + ", bsc=http://127.0.0.1:1|" + bsc.URL, "EVM_POLL_INTERVAL": "200ms",
	})
	m := g.Register(t)
	to := anviltest.Named("shop of " + t.Name())
	for _, network := range []string{"BASE", "BEP20"} {
		m.Call(http.MethodPost, "/v1/receiving-accounts", map[string]string{
			"network": network, "asset": "USDC", "address": string(chain.EVMAddress(to)),
		}).Want(t, http.StatusCreated)
	}
	k := m.Call(http.MethodPost, "/v1/keys", map[string]string{"mode": "live"}).Want(t, http.StatusCreated)
	m.Public, m.Private = k.At("key.publicKey"), k.At("key.privateKey")

	for _, c := range []struct {
		network  chain.Network
		node     *anviltest.Node
		coin     anviltest.Coin
		decimals int64
	}{{chain.Base, base, baseCoins["USDC"], 6}, {chain.BSC, bsc, bscCoins["USDC"], 18}} {
		payment := m.PayBy(t, "usdc", "25.00")
		intent := "/v1/checkout/sessions/" + payment + "/pay/intent"
		undecided := g.Call(http.MethodPost, intent, map[string]string{"method": "usdc"})
		if undecided.Status != http.StatusBadRequest || undecided.At("error") != "network_required" ||
			!strings.Contains(undecided.At("message"), "BEP20, BASE") {
			t.Fatalf("no network: %s", undecided.Body)
		}
		rig.Eventually(t, settleLimit, "the rail is read", func() bool {
			return g.Call(http.MethodPost, intent,
				map[string]string{"method": "usdc", "network": string(c.network)}).Status == http.StatusOK
		})
		a := g.Call(http.MethodGet, "/v1/checkout/sessions/"+payment, nil)
		if at := "session.payment.instructions."; a.At(at+"address") != string(chain.EVMAddress(to)) ||
			a.At(at+"chain") != string(c.network) || a.At(at+"network") != c.network.Standard() {
			t.Fatalf("the payer is sent elsewhere: %s", a.Body)
		}
		exact, ok := new(big.Rat).SetString(a.At("session.payment.instructions.amount"))
		if !ok {
			t.Fatalf("no exact amount in %s", a.Body)
		}
		exact.Mul(exact, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(c.decimals), nil)))
		c.coin.Transfer(anviltest.Payer, to, exact.Num())
		rig.Eventually(t, settleLimit, "the transfer is seen", func() bool { return g.Status(payment) == "processing" })
		g.Kill()
		c.node.Finalize()
		g.Run()
		rig.Eventually(t, settleLimit, "the payment is paid", isPaid(g, payment))
	}
	if text, code := g.Command("doctor"); !strings.Contains(text, "base") || !strings.Contains(text, "bsc") {
		t.Errorf("doctor answers %d:\n%s", code, text)
	}
	if text, code := g.Command("audit"); code != 0 {
		t.Errorf("audit answers %d:\n%s", code, text)
	}
}

// A network whose node serves another chain is not used, and says so; the others go on.
func TestAWrongEVMChainIsNotUsed(t *testing.T) {
	node, _ := evmNode(t, chain.Base)
	g := rig.Start(t, map[string]string{
		"EVM_RPC_URLS": "ethereum=" + node.URL + ",base=" + node.URL, "EVM_POLL_INTERVAL": "200ms",
	})
	m := g.Register(t)
	to := string(chain.EVMAddress(anviltest.Named("shop of " + t.Name())))
	for _, network := range []string{"ERC20", "BASE"} {
		m.Call(http.MethodPost, "/v1/receiving-accounts",
			map[string]string{"network": network, "asset": "USDC", "address": to}).Want(t, http.StatusCreated)
	}
	k := m.Call(http.MethodPost, "/v1/keys", map[string]string{"mode": "live"}).Want(t, http.StatusCreated)
	m.Public, m.Private = k.At("key.publicKey"), k.At("key.privateKey")
	on := func(network string) rig.Answer {
		return g.Call(http.MethodPost, "/v1/checkout/sessions/"+m.PayBy(t, "usdc", "25.00")+"/pay/intent",
			map[string]string{"method": "usdc", "network": network})
	}
	rig.Eventually(t, settleLimit, "the fit rail is read", func() bool { return on("BASE").Status == http.StatusOK })
	if a := on("ERC20"); a.At("error") != "chain_unavailable" {
		t.Errorf("a network that is another one answers %s", a.Body)
	}
	text, code := g.Command("doctor")
	if code == 0 || !strings.Contains(text, "it serves chain 8453, the configuration says 1") {
		t.Errorf("doctor answers %d:\n%s", code, text)
	}
}
