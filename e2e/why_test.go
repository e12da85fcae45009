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

// finding is what an explanation says of something that came.
type finding struct {
	Reason, Transaction, Chain, From, By string
	Lookalike                            bool
}

// findings asks a gateway why a payment is not paid.
func findings(t *testing.T, a rig.Answer) (headline string, found []finding) {
	t.Helper()
	a.Want(t, http.StatusOK)
	var x struct {
		Headline string
		Attempts []struct{ Transfers []finding }
	}
	if err := json.Unmarshal(a.Body, &x); err != nil {
		t.Fatalf("%v in %s", err, a.Body)
	}
	for _, one := range x.Attempts {
		found = append(found, one.Transfers...)
	}
	return x.Headline, found
}

// imitation is an account whose address shows the ends of another's.
func imitation(a anviltest.Account) anviltest.Account {
	out := anviltest.Named("imitation")
	copy(out[:2], a[:2])
	copy(out[len(out)-2:], a[len(a)-2:])
	return out
}

// On two networks that share addresses: a fake coin, a transfer of nothing by an address that imitates
// the merchant's, too little, and the money on the other network are all told with their reasons; a
// transaction that failed, or pays on the other network, is told as such to whom pastes it. The payer
// is told of what concerns him only.
func TestWhyARealPaymentIsNotPaid(t *testing.T) {
	base, baseCoins := evmNode(t, chain.Base)
	bsc, bscCoins := evmNode(t, chain.BSC)
	fake := anviltest.Named("fake coin")
	base.Place("FakeUSDT", fake)
	g := rig.Start(t, map[string]string{
		"EVM_RPC_URLS": "base=" + base.URL + ", bsc=" + bsc.URL, "EVM_POLL_INTERVAL": "200ms",
	})
	m := g.Register(t)
	to := anviltest.Named("shop of " + t.Name())
	m.Call(http.MethodPost, "/v1/receiving-accounts", map[string]string{
		"network": "BASE", "asset": "USDC", "address": string(chain.EVMAddress(to)),
	}).Want(t, http.StatusCreated)
	k := m.Call(http.MethodPost, "/v1/keys", map[string]string{"mode": "live"}).Want(t, http.StatusCreated)
	m.Public, m.Private = k.At("key.publicKey"), k.At("key.privateKey")
	payment := m.PayBy(t, "usdc", "25.00")
	public := "/v1/checkout/sessions/" + payment
	rig.Eventually(t, settleLimit, "the rail is read", func() bool {
		return g.Call(http.MethodPost, public+"/pay/intent",
			map[string]string{"method": "usdc", "network": "BASE"}).Status == http.StatusOK
	})
	amount, ok := new(big.Rat).SetString(
		g.Call(http.MethodGet, public, nil).At("session.payment.instructions.amount"))
	if !ok {
		t.Fatal("no amount")
	}
	exact := new(big.Int).Div(new(big.Int).Mul(amount.Num(), big.NewInt(1_000_000)), amount.Denom())
	wei := new(big.Int).Mul(exact, big.NewInt(1_000_000_000_000))

	ids := map[string]string{}
	ids["foreign_token"] = base.Send(anviltest.Payer, fake,
		base.Calldata("FakeUSDT", "transfer(address,uint256)", to, exact)).ID
	ids["lookalike"] = baseCoins["USDC"].Transfer(imitation(to), to, big.NewInt(0)).ID
	ids["short"] = baseCoins["USDC"].Transfer(anviltest.Payer, to, new(big.Int).Sub(exact, big.NewInt(7))).ID
	failed := baseCoins["USDC"].Transfer(anviltest.Named("poor"), to, exact)
	if failed.OK {
		t.Fatal("who has nothing paid")
	}
	ids["other_network"] = bscCoins["USDC"].Transfer(anviltest.Payer, to, wei).ID
	base.Finalize()
	bsc.Finalize()

	own := func() rig.Answer {
		return m.Call(http.MethodGet, "/v1/payments/"+payment+"/explanation?mode=live", nil)
	}
	rig.Eventually(t, settleLimit, "everything is told", func() bool {
		_, found := findings(t, own())
		return len(found) == len(ids)
	})
	headline, found := findings(t, own())
	for _, f := range found {
		if ids[f.Reason] != f.Transaction || f.From == "" || (f.Reason == "short" && f.By != "0.000007") ||
			f.Lookalike != (f.Reason == "lookalike") {
			t.Errorf("the merchant is told %+v of %v", f, ids)
		}
	}
	if headline != "short" {
		t.Errorf("the headline is %q", headline)
	}
	_, found = findings(t, g.Call(http.MethodGet, public+"/explanation", nil))
	for _, f := range found {
		if f.From != "" || f.Lookalike || f.Reason == "lookalike" {
			t.Errorf("the payer is told %+v", f)
		}
	}
	if len(found) != len(ids)-1 {
		t.Errorf("the payer is told %+v", found)
	}

	for id, want := range map[string]string{
		failed.ID: "unsuccessful", ids["foreign_token"]: "foreign_token", ids["lookalike"]: "zero_value",
		ids["short"]: "short", ids["other_network"]: "other_network", strings.Repeat("ab", 32): "unknown",
	} {
		a := g.Call(http.MethodPost, public+"/pay/transaction", map[string]string{"transaction": id})
		if a.At("outcome") != want {
			t.Errorf("a transaction that is %s: %s", want, a.Body)
		}
	}
	text, code := g.Command("explain", payment)
	for reason, id := range ids {
		if !strings.Contains(text, reason+":") || !strings.Contains(text, id) {
			t.Errorf("the command says nothing of %s (%d):\n%s", reason, code, text)
		}
	}
	if text, code := g.Command("audit"); code != 0 {
		t.Errorf("audit answers %d:\n%s", code, text)
	}
}
