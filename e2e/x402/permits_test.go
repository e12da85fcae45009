package x402

import (
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/agenttest"
	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/domain/x402"
)

// permitting is a street whose USDC may be another contract, with Permit2 and the contracts of x402 on it.
func permitting(t testing.TB, contract string) *street {
	t.Helper()
	return open(t, func(s *street) map[string]string {
		s.node.Place(contract, usdc)
		s.node.PlacePermit2()
		return map[string]string{"X402_RELAYER_KEYS": s.relayer.Key()}
	})
}

// allow has a payer let Permit2 move his USDC, by a transaction of his own.
func (s *street) allow(p agenttest.Payer) {
	s.t.Helper()
	call := s.node.Calldata("AuthToken", "approve(address,uint256)", anviltest.Permit2, big.NewInt(1_000_000))
	if tx := s.node.Send(anviltest.Account(p.Address()), usdc, call); !tx.OK {
		s.t.Fatal("nothing was allowed")
	}
}

// coins is how much of the network's own coin an account has.
func (s *street) coins(p agenttest.Payer) string {
	s.t.Helper()
	return s.text("eth_getBalance", p.Address().String(), "latest")
}

// meter sells what a server of ours makes, for what it says was used of the price.
func (s *street) meter(sku string, usage *string) string {
	s.t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if *usage != "" {
			w.Header().Set(x402.HeaderUsage, *usage)
		}
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte("tokens"))
	}))
	s.t.Cleanup(server.Close)
	a := s.merchant.Call(http.MethodPost, "/v1/resources", map[string]any{
		"sku": sku, "mode": "test", "price": priceText, "currency": "USDC", "mimeType": "text/plain", "scheme": "upto",
		"timeoutSeconds": 300, "payTo": map[string]string{"eip155:84532": payee(s)},
		"content": map[string]any{"upstream": map[string]any{"url": server.URL}},
	}).Want(s.t, http.StatusCreated)
	path, found := strings.CutPrefix(a.At("resource.url"), s.URL)
	if !found {
		s.t.Fatalf("sold at %s", a.Body)
	}
	return path
}

// The unmodified client pays the price of a token without EIP-3009 by Permit2: once it has let Permit2 move
// the token by a transaction, and before, by signature and without a coin for gas; without either it is told
// what to do with 412.
func TestOfficialClientsPayByPermit2(t *testing.T) {
	s := permitting(t, "PermitToken")
	path := s.sell("weather", "sunny")
	payers := s.payers("agent", 3)
	s.allow(payers[0])
	if got := buy(t, "2", s.URL+path, payers[0])[0]; got.Status != http.StatusOK || got.Body != "sunny" || !got.Receipt.Success {
		t.Errorf("allowed by a transaction: %+v", got)
	}
	at := payers[1].Address()
	s.node.Call("anvil_setBalance", at.String(), "0x0")
	if got := buyWith(t, "2", s.URL+path, s.node.URL, payers[1])[0]; got.Status != http.StatusOK || got.Body != "sunny" {
		t.Errorf("allowed by signature: %+v", got)
	}
	if coins := s.coins(payers[1]); coins != "0x0" {
		t.Errorf("who has no coins has %s", coins)
	}
	got := buy(t, "2", s.URL+path, payers[2])[0]
	if got.Status != http.StatusPreconditionFailed || !strings.Contains(got.Body, "permit2_allowance_required") {
		t.Errorf("not allowed: %+v", got)
	}
	if paid := s.balance(s.payTo); paid != 2*price {
		t.Errorf("the shop has %d units, want %d", paid, 2*price)
	}
	s.audited()
}

// The unmodified client signs the most it may cost, and pays what was used: a part, all, or nothing. The
// payer does not see what the seller's server says to the gateway.
func TestOfficialClientsPayForWhatTheyUsed(t *testing.T) {
	s := permitting(t, "AuthToken")
	usage := ""
	path := s.meter("tokens", &usage)
	paid := int64(0)
	for i, c := range []struct {
		usage string
		used  int64
	}{{`{"amount":"1234"}`, 1_234}, {"", price}, {`{"amount":"0"}`, 0}, {`{"amount":"25%"}`, price / 4}} {
		payer := agenttest.Named("agent " + c.usage + " of " + t.Name())
		s.fund(payer, price)
		rpc := ""
		if i%2 == 0 {
			s.allow(payer)
		} else {
			rpc = s.node.URL
		}
		usage = c.usage
		got := buyWith(t, "2", s.URL+path, rpc, payer)[0]
		if got.Status != http.StatusOK || got.Body != "tokens" || got.Receipt == nil || !got.Receipt.Success ||
			got.Receipt.Amount != big.NewInt(c.used).String() || (got.Receipt.Transaction == "") != (c.used == 0) {
			t.Errorf("%q: %+v %+v", c.usage, got, got.Receipt)
		}
		paid += c.used
		if has := s.balance(s.payTo); has != paid {
			t.Errorf("%q: the shop has %d units, want %d", c.usage, has, paid)
		}
	}
	payer := s.payers("overcharged", 1)[0]
	s.allow(payer)
	usage = `{"amount":"10001"}`
	if got := buy(t, "2", s.URL+path, payer)[0]; got.Status != http.StatusServiceUnavailable || s.balance(s.payTo) != paid {
		t.Errorf("more than was signed: %+v", got)
	}
	list := s.Call(http.MethodGet, "/v1/payments?kind=x402", nil, "Authorization", "Bearer "+s.merchant.APIKey).
		Want(t, http.StatusOK)
	if n := strings.Count(string(list.Body), `"settled"`); n != 3 {
		t.Errorf("%d payments in %s", n, list.Body)
	}
	s.audited()
}

// The official server sells for what was used through our facilitator.
func TestOfficialServersMeterOnOurFacilitator(t *testing.T) {
	s := permitting(t, "AuthToken")
	shop := run(t, "server.mjs", "VERSION=2", "SCHEME=upto", "USED=777", "FACILITATOR="+s.URL+"/facilitator",
		"TOKEN="+s.merchant.APIKey, "PAY_TO="+payee(s))
	payer := s.payers("agent", 1)[0]
	s.allow(payer)
	got := buy(t, "2", shop+"/weather", payer)[0]
	if got.Status != http.StatusOK || got.Receipt == nil || !got.Receipt.Success || got.Receipt.Amount != "777" {
		t.Fatalf("%+v %+v", got, got.Receipt)
	}
	if has := s.balance(s.payTo); has != 777 {
		t.Errorf("the shop has %d units", has)
	}
	s.audited()
}

// Permits that would pay somebody else, or nobody, or twice, are refused before anything moves.
func TestAttacksByPermit(t *testing.T) {
	s := permitting(t, "PermitToken")
	path := s.sell("weather", "sunny")
	payer := s.payers("agent", 1)[0]
	s.allow(payer)
	s.mint(anviltest.Account(payer.Address()), 10*price)
	bill := s.bill(path)
	if bill.Way.Transfer != "permit2" {
		t.Fatalf("asked for %+v", bill.Way)
	}
	thief := agenttest.Named("thief").Address().String()
	foreign, witness, cheap, dear, late, early, long := bill, bill, bill, bill, bill, bill, bill
	foreign.Spender, witness.To, cheap.Value, dear.Value = thief, thief, "9999", "10001"
	late.Before, long.Before = bill.Now.Add(time.Second), bill.Now.AddDate(10, 0, 0)
	early.After = bill.Now.Add(time.Hour)
	for name, c := range map[string]struct {
		bill agenttest.Bill
		says x402.Reason
	}{
		"for a foreign contract": {foreign, x402.ReasonSpender}, "another witness": {witness, x402.ReasonRecipient},
		"less": {cheap, x402.ReasonValue}, "more": {dear, x402.ReasonValue}, "too late": {late, x402.ReasonExpired},
		"too early": {early, x402.ReasonNotYetValid}, "for ten years": {long, x402.ReasonWindow},
	} {
		a := s.Call(http.MethodGet, path, nil, "PAYMENT-SIGNATURE", sign(t, payer, c.bill))
		if a.Status != http.StatusPaymentRequired || !strings.Contains(string(a.Body), c.says.String()) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	if s.sent() != 0 || s.balance(s.payTo) != 0 {
		t.Fatalf("%d transactions were sent", s.sent())
	}

	// One nonce pays once: presented again it is the same payment, with another witness of the same nonce it
	// is none, and the bits beside it are others.
	bill.Nonce = x402.Nonce{30: 7, 31: 255}
	paid := sign(t, payer, bill)
	first := s.Call(http.MethodGet, path, nil, "PAYMENT-SIGNATURE", paid).Want(t, http.StatusOK)
	again := s.Call(http.MethodGet, path, nil, "PAYMENT-SIGNATURE", paid).Want(t, http.StatusOK)
	name := x402.HeaderResponseV2
	if first.Header.Get(name) == "" || first.Header.Get(name) != again.Header.Get(name) || s.balance(s.payTo) != price {
		t.Errorf("a repetition: %d %s, the shop has %d", again.Status, again.Body, s.balance(s.payTo))
	}
	twin := bill
	twin.Before = bill.Now.Add(4 * time.Minute)
	if a := s.Call(http.MethodGet, path, nil, "PAYMENT-SIGNATURE", sign(t, payer, twin)); a.Status != http.StatusConflict {
		t.Errorf("another permit of one nonce: %d %s", a.Status, a.Body)
	}
	for _, beside := range []x402.Nonce{{30: 7, 31: 254}, {30: 8, 31: 255}, {29: 1, 30: 7, 31: 255}} {
		other := bill
		other.Nonce = beside
		s.Call(http.MethodGet, path, nil, "PAYMENT-SIGNATURE", sign(t, payer, other)).Want(t, http.StatusOK)
	}
	if got := s.balance(s.payTo); got != 4*price {
		t.Errorf("the shop has %d units, want %d", got, 4*price)
	}

	// A permit that somebody used elsewhere pays nobody.
	gone := bill
	gone.Nonce = x402.Nonce{31: 3}
	word := s.node.Calldata("Permit2", "invalidateUnorderedNonces(uint256,uint256)", big.NewInt(0), big.NewInt(8))
	if tx := s.node.Send(anviltest.Account(payer.Address()), anviltest.Permit2, word); !tx.OK {
		t.Fatal("the nonce was not invalidated")
	}
	a := s.Call(http.MethodGet, path, nil, "PAYMENT-SIGNATURE", sign(t, payer, gone))
	var said struct{ Reason string }
	if err := json.Unmarshal(a.Body, &said); err != nil || a.Status != http.StatusPaymentRequired || said.Reason != x402.ReasonUsed.String() {
		t.Errorf("a nonce that is used: %d %s", a.Status, a.Body)
	}
	s.audited()
}
