package app

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// liveBase is a network for real money that the watcher knows: it mines what it is sent at once, and does
// what its fields say otherwise.
type liveBase struct {
	mu     sync.Mutex
	mined  map[x402.Hash]ports.TokenReceipt
	used   map[x402.ClaimKey]x402.Hash
	next   uint64
	holds  bool // it mines nothing
	spent  int  // how many times it says that a nonce was used by another transaction
	height uint64
	dues   map[x402.Hash]x402.Due
}

func newLiveBase() *liveBase {
	return &liveBase{mined: map[x402.Hash]ports.TokenReceipt{}, used: map[x402.ClaimKey]x402.Hash{}, height: 1000, dues: map[x402.Hash]x402.Due{}}
}

var baseUSDC = func() x402.Token {
	contract, _ := x402.ParseAddress(chain.Base.Tokens()[0].Contract)
	token, err := x402.NewToken(x402.NetworkOf(chain.Base), contract, "USD Coin", "2")
	if err != nil {
		panic(err)
	}
	return token
}()

func (b *liveBase) Network() x402.Network { return baseUSDC.Network() }

func (b *liveBase) Tokens(context.Context) ([]x402.Token, error) { return []x402.Token{baseUSDC}, nil }

func (b *liveBase) Accounts() []x402.Address { return []x402.Address{{7}} }

func (b *liveBase) Raise(_ context.Context, f ports.RelayFees) (ports.RelayFees, error) {
	f.MaxFee = new(big.Int).Add(f.MaxFee, f.MaxFee)
	return f, nil
}

func (b *liveBase) Check(context.Context, x402.Verified) (x402.Route, error) {
	return x402.RouteKey, nil
}

func (b *liveBase) Quote(context.Context, x402.Address, x402.Due, ports.AuthorizationOrder) (ports.RelayFees, error) {
	return ports.RelayFees{Gas: 100_000, MaxFee: big.NewInt(10), Tip: big.NewInt(1)}, nil
}

func (b *liveBase) Standing(context.Context, x402.Address) (uint64, *big.Int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.next, big.NewInt(1e18), nil
}

func (b *liveBase) Sign(
	a x402.Address, nonce uint64, d x402.Due, _ ports.AuthorizationOrder, f ports.RelayFees,
) (ports.RelayTransaction, error) {
	t, err := b.Fill(a, nonce, f)
	t.Key, t.TxID = d.Key(), sha256.Sum256(fmt.Appendf(nil, "%s %d %s", d.Key(), nonce, f.MaxFee))
	t.Raw = fmt.Appendf(nil, "%s", d.Value)
	return t, err
}

func (b *liveBase) Fill(a x402.Address, nonce uint64, f ports.RelayFees) (ports.RelayTransaction, error) {
	return ports.RelayTransaction{
		Network: b.Network(), Account: a, Nonce: nonce, Fees: f,
		TxID: sha256.Sum256(fmt.Appendf(nil, "fill %d %s", nonce, f.MaxFee)), Raw: []byte("fill"),
	}, nil
}

func (b *liveBase) Send(_ context.Context, t ports.RelayTransaction) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spent > 0 {
		b.spent--
		b.next = t.Nonce + 1
		return ports.ErrNonceSpent
	}
	if !b.holds {
		b.next = t.Nonce + 1
	}
	return nil
}

// moves puts a transfer of what is due into a block.
func (b *liveBase) moves(id x402.Hash, d x402.Due) {
	b.mu.Lock()
	defer b.mu.Unlock()
	topic := func(a x402.Address) (h x402.Hash) { copy(h[12:], a[:]); return h }
	transfer, _ := x402.ParseHash("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
	used, _ := x402.ParseHash("0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5")
	value := d.Value.Bytes()
	b.height++
	b.used[d.Key()], b.dues[id] = id, d
	b.mined[id] = ports.TokenReceipt{
		Receipt: x402.Receipt{Network: b.Network(), TxID: id, Succeeded: true, Confirmations: 1, Logs: []x402.Log{
			{Contract: d.Asset, Topics: []x402.Hash{used, topic(d.Payer), x402.Hash(d.Nonce)}},
			{Contract: d.Asset, Topics: []x402.Hash{transfer, topic(d.Payer), topic(d.PayTo)}, Data: value[:]},
		}},
		Height: b.height, BlockID: fmt.Sprintf("%064x", b.height), BlockTime: time.Now(), Cost: big.NewInt(1000),
	}
}

// fails mines a transaction that failed, of an authorization that nobody knows who used.
func (b *liveBase) fails(id x402.Hash, k x402.ClaimKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used[k] = x402.Hash{}
	b.mined[id] = ports.TokenReceipt{
		Receipt: x402.Receipt{Network: b.Network(), TxID: id, Confirmations: 1}, BlockTime: time.Now(), Cost: big.NewInt(1),
	}
}

// forgets takes a transaction out of the chain.
func (b *liveBase) forgets(id x402.Hash, k x402.ClaimKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.mined, id)
	delete(b.used, k)
	b.next, b.holds = 0, true
}

func (b *liveBase) Receipt(_ context.Context, id x402.Hash) (ports.TokenReceipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.mined[id]
	if !ok {
		return r, ports.ErrNotFound
	}
	return r, nil
}

func (b *liveBase) Fate(_ context.Context, d x402.Due, _ time.Time) (ports.AuthorizationFate, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	id, used := b.used[d.Key()]
	return ports.AuthorizationFate{Used: used, UsedFinal: used, FinalTime: time.Now().Add(-10 * time.Second), TxID: id}, nil
}
