package relayer_test

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/adapters/evm/relayer"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// hand is a clock that is moved by hand, from the machine's time on, which the blocks bear.
type hand struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hand) move(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

const (
	sepolia = 84532
	gwei    = 1_000_000_000
	maxFee  = 100 * gwei
)

var (
	usdc     = account("0x036CbD53842c5426634e7929541eC2318f3dCF7e")
	batch    = account("0xcA11bde05977b3631167028862bE2a173976CA11")
	listed   = anviltest.Named("listed factory")
	unlisted = anviltest.Named("unlisted factory")
)

func account(s string) anviltest.Account {
	a, ok := x402.ParseAddress(s)
	if !ok {
		panic(s)
	}
	return anviltest.Account(a)
}

// world is Base Sepolia on a node of its own, with USDC at its address, asked through a proxy.
type world struct {
	t      testing.TB
	node   *anviltest.Node
	proxy  *anviltest.Proxy
	hand   *hand
	chain  *relayer.Chain
	relay  *relayer.Relay
	token  x402.Token
	named  int64
	client *ethrpc.Client
	bare   bool // payments by permit are not taken
}

func open(t testing.TB) *world { return openWith(t, "AuthToken") }

// openWith is a world whose token is of another contract.
func openWith(t testing.TB, contract string) *world {
	t.Helper()
	w := &world{t: t, node: anviltest.StartChain(t, sepolia), hand: &hand{now: time.Now()}}
	w.proxy = anviltest.NewProxy(t, w.node.URL)
	w.node.Place(contract, usdc)
	w.node.Place("BatchCaller", batch)
	w.node.PlacePermit2()
	w.node.Place("KeyWalletFactory", listed)
	w.node.Place("KeyWalletFactory", unlisted)
	w.node.Mine(1)
	w.token = must(x402.NewToken(sepolia, x402.Address(usdc), "USDC", "2"))(t)
	w.open(w.proxy.URL)
	for _, a := range w.relay.Accounts() {
		w.node.Call("anvil_setBalance", a.String(), "0xde0b6b3a7640000")
	}
	return w
}

// must stops the test on an error.
func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// open asks through nodes of our choice.
func (w *world) open(urls ...string) {
	w.t.Helper()
	endpoints := make([]ethrpc.Endpoint, len(urls))
	for i, u := range urls {
		endpoints[i].URL = u
	}
	w.client = must(ethrpc.New(ethrpc.Config{Endpoints: endpoints, ChainID: sepolia, Now: w.hand.Now}))(w.t)
	key := must(relayer.ParseKey(strings.Repeat("7a", 32)))(w.t)
	w.chain = must(relayer.New(relayer.Config{
		Network: sepolia, Client: w.client, Tokens: []relayer.Listed{{Contract: x402.Address(usdc), Decimals: 6}},
		Factories: []x402.Address{x402.Address(listed)}, Sender: key.Account(), Clock: w.hand, Permits: !w.bare,
	}))(w.t)
	w.relay = must(relayer.NewRelay(w.chain, []relayer.Key{key}, big.NewInt(maxFee)))(w.t)
}

func TestTokenChainPromises(t *testing.T) {
	portstest.TokenChain(t, func(t *testing.T) portstest.TokenWorld {
		w := open(t)
		return portstest.TokenWorld{Chain: w.chain, Relay: w.relay, TokenScript: w}
	})
}

func (w *world) Now() time.Time { return w.hand.Now() }

func (w *world) Price() portstest.TokenPrice {
	w.named++
	return portstest.TokenPrice{
		Token: w.token, Name: "USDC", Version: "2", Units: x402.Uint(10_000),
		PayTo: x402.Address(anviltest.Named(fmt.Sprint("payee ", w.named))),
	}
}

func (w *world) fund(a x402.Address) {
	w.t.Helper()
	const plenty = 1_000_000_000
	w.tx(usdc, "AuthToken", "mint(address,uint256)", anviltest.Account(a), big.NewInt(plenty))
}

// tx mines a call of a contract, by somebody.
func (w *world) tx(at anviltest.Account, contract, signature string, args ...any) anviltest.Tx {
	w.t.Helper()
	tx := w.node.Send(anviltest.Named("somebody"), at, w.node.Calldata(contract, signature, args...))
	if !tx.OK {
		w.t.Fatalf("%s failed", signature)
	}
	return tx
}

func (w *world) Rich() portstest.TokenPayer {
	p := portstest.NewTokenPayer()
	w.fund(p.Account)
	return p
}

func (w *world) Poor() (portstest.TokenPayer, portstest.TokenPrice) {
	return portstest.NewTokenPayer(), w.Price()
}

func (w *world) Permitting(by x402.Method) (portstest.TokenPayer, portstest.TokenPrice) {
	w.t.Helper()
	p, price := w.Forbidding(by)
	const plenty = 1_000_000_000
	w.node.Call("anvil_setBalance", p.Account.String(), "0xde0b6b3a7640000")
	w.node.Send(anviltest.Account(p.Account), usdc,
		w.node.Calldata("AuthToken", "approve(address,uint256)", anviltest.Permit2, big.NewInt(plenty)))
	return p, price
}

func (w *world) Forbidding(by x402.Method) (portstest.TokenPayer, portstest.TokenPrice) {
	w.t.Helper()
	price := w.Price()
	price.Method, price.Token = by, price.Token.Paid(x402.Permit2, x402.Permit2UpTo).Permitting()
	if by == x402.Permit2UpTo {
		price.Facilitator = w.relay.Accounts()[0]
	}
	return w.Rich(), price
}

func hexOf(b []byte) string { return "0x" + hex.EncodeToString(b) }

func (w *world) Submit(v x402.Verified) x402.Hash {
	w.t.Helper()
	a := v.Authorization()
	sv, r, s, _ := v.Signature().VRS()
	tx := w.tx(usdc, "AuthToken",
		"transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
		anviltest.Account(a.From), anviltest.Account(a.To), a.Value.Big(), a.ValidAfter.Big(), a.ValidBefore.Big(),
		[32]byte(a.Nonce), int(sv), [32]byte(r), [32]byte(s))
	return w.id(tx)
}

func (w *world) id(tx anviltest.Tx) x402.Hash {
	w.t.Helper()
	id, ok := x402.ParseHash("0x" + tx.ID)
	if !ok {
		w.t.Fatalf("transaction %q", tx.ID)
	}
	return id
}

func (w *world) Grow(blocks uint64) {
	w.t.Helper()
	w.node.Mine(blocks)
}

func (w *world) Finalize() {
	w.t.Helper()
	w.node.Call("evm_increaseTime", 10) // so that the final block's time is another
	w.node.Mine(1)
	w.node.Finalize()
}

func (w *world) Cut(off bool) {
	w.t.Helper()
	if off {
		w.proxy.Play(anviltest.Body(503, "no node today"))
		return
	}
	w.proxy.Play(nil)
	w.hand.move(time.Minute) // long enough for whoever gave the node up to try it again
}

// pay signs a price and takes the payload as a server does.
func (w *world) pay(p portstest.TokenPayer) x402.Verified {
	w.t.Helper()
	price := w.Price()
	return portstest.VerifyPayment(w.t, price, p.Sign(price, w.Now()), w.Now())
}

// sign makes the transaction of a payment with a nonce.
func (w *world) sign(v x402.Verified, route x402.Route, nonce uint64) ports.RelayTransaction {
	w.t.Helper()
	account, order := w.relay.Accounts()[0], ports.OrderOf(v, route)
	fees := must(w.relay.Quote(w.t.Context(), account, v.Due(), order))(w.t)
	return must(w.relay.Sign(account, nonce, v.Due(), order, fees))(w.t)
}

func (w *world) send(tx ports.RelayTransaction) {
	w.t.Helper()
	if err := w.relay.Send(w.t.Context(), tx); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) nextNonce() uint64 {
	w.t.Helper()
	next, _, err := w.relay.Standing(w.t.Context(), w.relay.Accounts()[0])
	if err != nil {
		w.t.Fatal(err)
	}
	return next
}

// prove says what a transaction shows of a payment.
func (w *world) prove(id x402.Hash, v x402.Verified) error {
	r, err := w.chain.Receipt(w.t.Context(), id)
	if err == nil {
		_, err = x402.Prove(v.Due(), r.Receipt, 1)
	}
	return err
}
