package relayer_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

func refusal(t *testing.T, err error, want x402.Reason) {
	t.Helper()
	var r *x402.Refusal
	if !errors.As(err, &r) || r.Reason != want {
		t.Errorf("got %v, want a refusal for %s", err, want)
	}
}

func isUnavailable(t *testing.T, err error) {
	t.Helper()
	var r *x402.Refusal
	if err == nil || errors.As(err, &r) || fault.From(err).Kind != fault.Unavailable {
		t.Errorf("got %v, want one of kind Unavailable", err)
	}
}

// A token is offered only if its contract says of itself what is listed, down to the domain its payers
// sign for.
func TestOnlyTokensThatAreAsListedAreOffered(t *testing.T) {
	w := open(t)
	w.bare = true
	w.tx(usdc, "AuthToken", "mint(address,uint256)", anviltest.Named("anybody"), big.NewInt(1))
	for name, spoil := range map[string]func(){
		"no contract": func() { w.node.Call("anvil_setCode", hexOf(usdc[:]), "0x") },
		"a plain token": func() {
			w.node.Place("TetherToken", usdc)
		},
		"other decimals": func() { w.proxy.Play(anviltest.Replace("eth_call", wordText(6), wordText(18))) },
	} {
		w.open(w.proxy.URL)
		spoil()
		w.offersNothing(name)
		w.proxy.Play(nil)
		w.node.Place("AuthToken", usdc)
		w.offersNothing(name + ", asked again at once")
		w.hand.move(11 * time.Minute)
		w.node.Call("evm_increaseTime", 660)
		w.node.Mine(1)
		if got, err := w.chain.Tokens(t.Context()); err != nil || len(got) != 1 || got[0] != w.token {
			t.Errorf("%s, then mended: %v, %v", name, got, err)
		}
	}
}

// offersNothing fails the test if a token is offered, or nobody says why none is.
func (w *world) offersNothing(because string) {
	w.t.Helper()
	tokens, err := w.chain.Tokens(w.t.Context())
	problems, err2 := w.chain.Problems(w.t.Context())
	if err != nil || err2 != nil || len(tokens) > 0 || len(problems) != 1 {
		w.t.Errorf("%s: offers %v, %v; %q, %v", because, tokens, err, problems, err2)
	}
}

func wordText(n int64) string {
	return "0x" + hex.EncodeToString(big.NewInt(n).FillBytes(make([]byte, 32)))
}

// A name that the domain is not of is found before anything is sold: every payer would be refused.
func TestTheDomainIsHeldToTheName(t *testing.T) {
	w := open(t)
	w.node.Send(anviltest.Named("somebody"), usdc, w.node.Calldata("AuthToken", "setName(string)", []byte("USD Coin")))
	got, err := w.chain.Tokens(t.Context())
	renamed, _ := x402.NewToken(sepolia, x402.Address(usdc), "USD Coin", "2")
	if err != nil || len(got) != 1 || !got[0].Same(renamed) {
		t.Errorf("renamed: %v, %v", got, err)
	}
	v := w.pay(w.Rich()) // for the token as it was called before
	_, err = w.chain.Check(t.Context(), v)
	refusal(t, err, x402.ReasonAsset)

	w.bare = true
	w.open(w.proxy.URL)
	domain := w.token.Domain()
	other := renamed.Domain()
	w.proxy.Play(anviltest.Replace("eth_call", hex.EncodeToString(other[:]), hex.EncodeToString(domain[:])))
	w.offersNothing("a domain of another name")
}

// What a node says of itself is no word about the payment: a payer who is refused signs again.
func TestAFailingNodeRefusesNobody(t *testing.T) {
	w := open(t)
	v := w.pay(w.Rich())
	wallet, _ := w.Wallet(portstest.Deployed)
	byWallet := w.pay(wallet)
	if _, err := w.chain.Check(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	failing := func(text string) anviltest.Trick {
		return anviltest.Change("eth_call", func(_ anviltest.Call, r anviltest.Reply) anviltest.Reply {
			r.Result, r.Error = nil, json.RawMessage(text)
			return r
		})
	}
	// The rest is answered: only what simulates or asks the wallet fails, and not inside the machine.
	simulations := func(text string) anviltest.Trick {
		return anviltest.Change("eth_call", func(c anviltest.Call, r anviltest.Reply) anviltest.Reply {
			for _, function := range []string{"0xe3ee160e", "0xcf092995", "0x1626ba7e"} {
				if bytes.Contains(c.Params[0], []byte(function)) {
					r.Result, r.Error = nil, json.RawMessage(text)
				}
			}
			return r
		})
	}
	for name, trick := range map[string]anviltest.Trick{
		"no simulations":       simulations(`{"code":-32603,"message":"internal error"}`),
		"a slow simulation":    simulations(`{"code":-32000,"message":"execution aborted (timeout = 5s)"}`),
		"an internal error":    failing(`{"code":-32603,"message":"internal error"}`),
		"a missing state":      failing(`{"code":-32000,"message":"missing trie node 0123 (path ) state is not available"}`),
		"no method":            failing(`{"code":-32601,"message":"the method eth_call does not exist"}`),
		"a limit":              failing(`{"code":-32005,"message":"daily request count exceeded"}`),
		"an empty answer":      anviltest.Instead("eth_call", `"0x"`),
		"null":                 anviltest.Instead("eth_call", `null`),
		"a truth that is none": anviltest.Instead("eth_call", `"`+wordText(2)+`"`),
		"an error page":        anviltest.Body(http.StatusBadGateway, "<html>no"),
		"an old block":         anviltest.Replace("eth_getBlockByNumber", `"timestamp":"0x6`, `"timestamp":"0x5`),
		"no code":              anviltest.Instead("eth_getCode", `null`),
	} {
		t.Run(name, func(t *testing.T) {
			w.proxy.Play(trick)
			defer w.Cut(false)
			defer w.hand.move(10 * time.Minute)
			_, err := w.chain.Check(t.Context(), v)
			isUnavailable(t, err)
			_, err = w.chain.Check(t.Context(), byWallet)
			isUnavailable(t, err)
		})
		w.node.Call("evm_increaseTime", 660)
		w.node.Mine(1)
	}
}

// A payer's contract may fail in any way it likes. That refuses its payment, and nobody else's.
func TestAGreedyWalletSwitchesOffNobody(t *testing.T) {
	w := open(t)
	greedy, rich := w.Rich(), w.pay(w.Rich())
	w.node.Place("GreedyWallet", anviltest.Account(greedy.Account))
	v := w.pay(greedy)
	for range 5 {
		_, err := w.chain.Check(t.Context(), v)
		refusal(t, err, x402.ReasonSignature)
	}
	_, err := w.relay.Quote(t.Context(), w.relay.Accounts()[0], v.Due(), ports.OrderOf(v, x402.RouteWallet))
	refusal(t, err, x402.ReasonSimulation)
	if !w.client.Endpoints()[0].Healthy {
		t.Errorf("the node is at fault: %+v", w.client.Endpoints()[0])
	}
	if _, err := w.chain.Check(t.Context(), rich); err != nil {
		t.Error(err)
	}
}

// What the token would refuse is refused before anything is sent.
func TestTheTokensOwnRefusals(t *testing.T) {
	w := open(t)
	listed := w.Rich()
	w.tx(usdc, "AuthToken", "setBlacklisted(address,bool)", anviltest.Account(listed.Account), true)
	_, err := w.chain.Check(t.Context(), w.pay(listed))
	refusal(t, err, x402.ReasonSimulation)

	cancelled := w.pay(w.Rich())
	w.Submit(cancelled)
	_, err = w.chain.Check(t.Context(), cancelled)
	refusal(t, err, x402.ReasonUsed)

	w.tx(usdc, "AuthToken", "setPaused(bool)", true)
	_, err = w.chain.Check(t.Context(), w.pay(w.Rich()))
	refusal(t, err, x402.ReasonSimulation)
}

// On a network without the contract that makes several calls in one, no wallet is deployed.
func TestNoBatchesNoDeployment(t *testing.T) {
	w := open(t)
	w.node.Call("anvil_setCode", hexOf(batch[:]), "0x")
	p, _ := w.Wallet(portstest.Undeployed)
	_, err := w.chain.Check(t.Context(), w.pay(p))
	refusal(t, err, x402.ReasonUndeployed)
}

// A wallet that somebody deploys while its payment waits is settled all the same.
func TestAWalletDeployedMeanwhile(t *testing.T) {
	w := open(t)
	p, _ := w.Wallet(portstest.Undeployed)
	v := w.pay(p)
	tx := w.sign(v, x402.RouteFactory, w.nextNonce())
	s, ok := x402.ReadSignature(v.Signature().Presented())
	if !ok {
		t.Fatal("signature")
	}
	w.node.Send(anviltest.Named("somebody"), listed, s.Deployment().Call)
	w.send(tx)
	w.Grow(1)
	if err := w.prove(tx.TxID, v); err != nil {
		t.Error(err)
	}
}
