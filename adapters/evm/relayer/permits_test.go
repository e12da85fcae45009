package relayer_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// token is the token as the chain offers it; the zero one if it does not.
func (w *world) offered() x402.Token {
	w.t.Helper()
	w.open(w.proxy.URL)
	tokens := must(w.chain.Tokens(w.t.Context()))(w.t)
	if len(tokens) == 0 {
		return x402.Token{}
	}
	return tokens[0]
}

// A token is paid with by what it and the contracts of payments by permit turn out to be: code at an address
// is not enough.
func TestHowATokenIsPaidWith(t *testing.T) {
	w := open(t)
	by := func(name string, token x402.Token, eip3009, permit2, upTo, permits bool) {
		t.Helper()
		if token.Takes(x402.EIP3009) != eip3009 || token.Takes(x402.Permit2) != permit2 ||
			token.Takes(x402.Permit2UpTo) != upTo || token.Permits() != permits {
			t.Errorf("%s: %+v", name, token)
		}
	}
	by("USDC", w.offered(), true, true, true, true)
	w.node.Place("PermitToken", usdc)
	by("no EIP-3009", w.offered(), false, true, true, true)
	w.node.Place("TetherToken", usdc)
	by("a plain token", w.offered(), false, true, true, false)
	w.node.Place("AuthToken", usdc)
	w.node.Place("UpToPermitProxy", anviltest.Account(x402.ExactProxy))
	by("a foreign contract for the price", w.offered(), true, false, true, true)
	w.node.Place("ExactPermitProxy", anviltest.Account(x402.ExactProxy))
	w.node.Place("ExactPermitProxy", anviltest.Account(x402.UpToProxy))
	by("a foreign contract for what was used", w.offered(), true, true, false, true)
	w.node.Place("AuthToken", anviltest.Permit2)
	by("another Permit2", w.offered(), true, false, false, false)
	w.node.Call("anvil_setCode", hexOf(anviltest.Permit2[:]), "0x")
	by("no Permit2", w.offered(), true, false, false, false)
	w.node.PlacePermit2()
	w.bare = true
	by("permits are not taken", w.offered(), true, false, false, false)
}

// Who has let Permit2 move nothing and signs that it may, pays without coins for gas; somebody who submits
// that signature first changes nothing.
func TestSponsoredPermits(t *testing.T) {
	for _, by := range []x402.Method{x402.Permit2, x402.Permit2UpTo} {
		w := open(t)
		p, price := w.Forbidding(by)
		price.Allowance = p.Allow(price, 0, w.Now().Add(time.Minute))
		v := portstest.VerifyPayment(t, price, p.Sign(price, w.Now()), w.Now())
		route, err := w.chain.Check(t.Context(), v)
		if err != nil || route != x402.RouteSponsored {
			t.Fatalf("route %d, %v", route, err)
		}
		first := w.sign(v, route, w.nextNonce())
		w.send(first)
		w.Grow(1)
		if err := w.prove(first.TxID, v); err != nil {
			t.Error(err)
		}

		p, price = w.Forbidding(by)
		price.Allowance = p.Allow(price, 0, w.Now().Add(time.Minute))
		v = portstest.VerifyPayment(t, price, p.Sign(price, w.Now()), w.Now())
		tx := w.sign(v, x402.RouteSponsored, w.nextNonce())
		a := v.Allowance()
		w.tx(usdc, "AuthToken", "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)", anviltest.Account(p.Account),
			anviltest.Permit2, a.Value.Big(), a.Deadline.Big(), int(a.V), [32]byte(a.R), [32]byte(a.S))
		w.send(tx)
		w.Grow(1)
		if err := w.prove(tx.TxID, v); err != nil {
			t.Errorf("submitted before: %v", err)
		}

		p, price = w.Forbidding(by)
		price.Allowance = p.Allow(price, 7, w.Now().Add(time.Minute)) // not his next nonce
		v = portstest.VerifyPayment(t, price, p.Sign(price, w.Now()), w.Now())
		_, err = w.chain.Check(t.Context(), v)
		refusal(t, err, x402.ReasonSimulation)
	}
}

// A wallet contract pays by permit as it signs; what it does not stand by is refused.
func TestWalletsPayByPermit(t *testing.T) {
	w := open(t)
	for kind, want := range map[portstest.WalletKind]x402.Reason{
		portstest.Deployed: 0, portstest.DeployedForged: x402.ReasonSignature, portstest.Undeployed: x402.ReasonUndeployed,
	} {
		_, price := w.Forbidding(x402.Permit2)
		p, _ := w.Wallet(kind)
		w.allow(p.Account)
		v := portstest.VerifyPayment(t, price, p.Sign(price, w.Now()), w.Now())
		route, err := w.chain.Check(t.Context(), v)
		if want != 0 {
			refusal(t, err, want)
			continue
		}
		if err != nil || route != x402.RouteWallet {
			t.Fatalf("route %d, %v", route, err)
		}
		tx := w.sign(v, route, w.nextNonce())
		w.send(tx)
		w.Grow(1)
		if err := w.prove(tx.TxID, v); err != nil {
			t.Error(err)
		}
	}
}

// allow has an account let Permit2 move its tokens, whatever its code.
func (w *world) allow(of x402.Address) {
	w.t.Helper()
	w.node.Call("anvil_impersonateAccount", of.String())
	w.node.Call("anvil_setBalance", of.String(), "0xde0b6b3a7640000")
	w.node.Call("eth_sendTransaction", map[string]string{
		"from": of.String(), "to": hexOf(usdc[:]),
		"data": hexOf(w.node.Calldata("AuthToken", "approve(address,uint256)", anviltest.Permit2, big.NewInt(1_000_000))),
	})
	w.node.Mine(1)
}

// Anybody may submit a permit of the price: it is found and proven by his transaction, ours reverts, and one
// movement of money proves one payment.
func TestAPermitSubmittedByAThirdParty(t *testing.T) {
	w := open(t)
	p, price := w.Permitting(x402.Permit2)
	v := portstest.VerifyPayment(t, price, p.Sign(price, w.Now()), w.Now())
	other := portstest.VerifyPayment(t, price, p.Sign(price, w.Now()), w.Now())
	order := ports.OrderOf(v, x402.RouteKey)
	ours := w.sign(v, x402.RouteKey, w.nextNonce())
	theirs := w.node.Send(anviltest.Named("somebody"), anviltest.Account(x402.ExactProxy),
		w.settleCall(v, order.Signature))
	if !theirs.OK {
		t.Fatal("nobody else can submit it")
	}
	id := w.id(theirs)
	fate := must(w.chain.Fate(t.Context(), v.Due(), w.Now().Add(-time.Hour)))(t)
	if !fate.Used || fate.TxID != id {
		t.Errorf("fate %+v, submitted by %s", fate, id)
	}
	if err := w.prove(id, v); err != nil {
		t.Error(err)
	}
	refusal(t, w.prove(id, other), x402.ReasonNotObserved)
	w.send(ours)
	w.Grow(1)
	refusal(t, w.prove(ours.TxID, v), x402.ReasonReverted)
}

// settleCall is the call that settles a permit signed by key.
func (w *world) settleCall(v x402.Verified, signature []byte) []byte {
	w.t.Helper()
	call := v.Due().Settling(v.Authorization(), nil)
	offset := big.NewInt(int64(len(call) - 4 + 32)).FillBytes(make([]byte, 32))
	length := big.NewInt(int64(len(signature))).FillBytes(make([]byte, 32))
	padding := make([]byte, (32-len(signature)%32)%32)
	for _, part := range [][]byte{offset, length, signature, padding} {
		call = append(call, part...)
	}
	return call
}

// A payer who signed two permits with one nonce and has the other one taken first has paid nobody by this
// one: the nonce is used, and nothing is proven.
func TestANonceUsedByAnotherPermit(t *testing.T) {
	w := open(t)
	p, price := w.Permitting(x402.Permit2)
	v := portstest.VerifyPayment(t, price, p.Sign(price, w.Now()), w.Now())
	a := v.Authorization()
	a.To = w.Price().PayTo
	elsewhere := price
	elsewhere.PayTo = a.To
	twin := portstest.VerifyPayment(t, elsewhere, p.SignThis(elsewhere, a), w.Now())
	tx := w.node.Send(anviltest.Named("somebody"), anviltest.Account(x402.ExactProxy),
		w.settleCall(twin, ports.OrderOf(twin, 0).Signature))
	if !tx.OK {
		t.Fatal("the other permit is not taken")
	}
	refusal(t, w.prove(w.id(tx), v), x402.ReasonNotObserved)
	fate := must(w.chain.Fate(t.Context(), v.Due(), w.Now().Add(-time.Hour)))(t)
	if !fate.Used || fate.TxID != (x402.Hash{}) {
		t.Errorf("fate %+v", fate)
	}
	_, err := w.chain.Check(t.Context(), v)
	refusal(t, err, x402.ReasonUsed)
}

// Only who the payer named may say what was used: the contract refuses everybody else, and the relay signs
// for no other account of its own.
func TestOnlyTheNamedFacilitatorSettles(t *testing.T) {
	w := open(t)
	p, price := w.Permitting(x402.Permit2UpTo)
	v := portstest.VerifyPayment(t, price, p.Sign(price, w.Now()), w.Now())
	if tx := w.node.Send(anviltest.Named("somebody"), anviltest.Account(x402.UpToProxy), w.settleCall(v, ports.OrderOf(v, 0).Signature)); tx.OK {
		t.Error("somebody else says what was used")
	}
	price.Facilitator = x402.Address(anviltest.Named("somebody"))
	foreign := portstest.VerifyPayment(t, price, p.Sign(price, w.Now()), w.Now())
	_, err := w.relay.Quote(t.Context(), w.relay.Accounts()[0], foreign.Due(), ports.OrderOf(foreign, x402.RouteKey))
	if err == nil {
		t.Error("quoted for another facilitator")
	}
}
