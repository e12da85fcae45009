package app

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
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

func (b *liveBase) Network() x402.Network                        { return baseUSDC.Network() }
func (b *liveBase) Tokens(context.Context) ([]x402.Token, error) { return []x402.Token{baseUSDC}, nil }
func (b *liveBase) Accounts() []x402.Address                     { return []x402.Address{{7}} }
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

// inLiveMarket runs a story in which a merchant sells "weather" on Base for real money.
func inLiveMarket(t *testing.T, story func(m *market, b *liveBase)) {
	t.Helper()
	inMarket(t, func(m *market) {
		b := newLiveBase()
		m.chain, m.relay = b, b
		m.gateway = m.start(m.store)
		m.gateway.Catalog.Rails[0].Mode, m.gateway.Catalog.Rails[0].Watched = merchant.Live, chain.Base
		m.sells("weather", "10000", func(s *resource.Snapshot) { s.Mode = merchant.Live })
		account := merchant.ReceivingAccount{
			ID: merchant.ReceivingID(portstest.UUID()), MerchantID: m.shop.ID(), ProjectID: m.shop.Project.ID,
			Network: chain.Base, Asset: "USDC", Address: evmAddress, CreatedAt: time.Now(), ActiveFrom: time.Now(),
		}
		account.Seal = sealOf(deskVault{}, account)
		m.ok(m.store.Do(m.Context(), func(ctx context.Context, r ports.Repos) error {
			if err := r.Cursors.Start(ctx, ports.Cursor{
				Network: chain.Base, Height: 1000, BlockID: "00", BlockTime: time.Now(), UpdatedAt: time.Now(),
			}); err != nil {
				return err
			}
			return r.Receiving.Add(ctx, account)
		}))
		story(m, b)
	})
}

// signedFor is a payment for weather, of real money.
func (m *market) signedFor() Purchase {
	m.Helper()
	price := m.asks("weather")
	if price.PayTo.String() != evmAddress {
		m.Fatalf("payers are sent to %s", price.PayTo)
	}
	price.Token, price.Name = baseUSDC, "USD Coin"
	return m.presents(price)
}

// dueOf is what a payment is due to move.
func (m *market) dueOf(p Purchase) x402.Due {
	m.Helper()
	return m.settlement(p).Settlement.Snapshot().Due
}

// mines has the network mine what was signed for a payment, as soon as it is.
func (m *market) mines(b *liveBase, p Purchase) {
	go func() {
		for {
			time.Sleep(50 * time.Millisecond)
			row, _, err := m.store.Authorizations().ByKey(m.Context(), m.keyOf(p))
			if err == nil && row.Settlement.Snapshot().Status >= x402.Signed {
				b.moves(row.Settlement.Snapshot().TxID, row.Settlement.Snapshot().Due)
				return
			}
			if m.Context().Err() != nil {
				return
			}
		}
	}()
}

func (m *market) transfer(id x402.Hash) (row ports.TransferRow) {
	m.Helper()
	m.ok(m.store.Do(m.Context(), func(ctx context.Context, r ports.Repos) (err error) {
		row, err = r.Transfers.Load(ctx, chain.Base, txOf(id), 1)
		return err
	}))
	return row
}

// watched is a transfer as the watcher reads it.
func (m *market) watched(b *liveBase, id x402.Hash, d x402.Due) chain.Transfer {
	m.Helper()
	r, err := b.Receipt(m.Context(), id)
	m.ok(err)
	t, err := transferOf(evidence{rail: m.gateway.Catalog.Rails[0], proven: proven(m, d, r), receipt: r})
	m.ok(err)
	return t
}

func proven(m *market, d x402.Due, r ports.TokenReceipt) x402.Proven {
	m.Helper()
	p, err := x402.Prove(d, r.Receipt, 1)
	m.ok(err)
	return p
}

// watcher is the watcher of the market's network.
func (m *market) watcher() *Settlement {
	return &Settlement{
		Core: m.gateway.Core, Sessions: m.store, Orders: m.store, Agents: m.store.Authorizations(),
		Log: slog.New(slog.DiscardHandler),
	}
}

// reads has the watcher record a transfer as final.
func (m *market) reads(t chain.Transfer) {
	m.Helper()
	head := chain.Head{Network: chain.Base, Latest: t.Height, Final: t.Height, FinalID: t.BlockID, FinalTime: t.BlockTime}
	m.ok(m.watcher().record(m.Context(), head, []chain.Transfer{t}, footing{after: func(ctx context.Context, r ports.Repos) error {
		return r.Cursors.Advance(ctx, ports.Cursor{Network: chain.Base, Height: 1000, BlockID: "00"}, ports.Cursor{
			Network: chain.Base, Height: t.Height, BlockID: t.BlockID, BlockTime: t.BlockTime, UpdatedAt: t.BlockTime,
		})
	}}))
}

// Real money goes to the merchant's sealed account; its transfer is recorded as the payment it is, and the
// watcher that reads it later takes it for nothing else.
func TestRealMoneyIsRecordedOnce(t *testing.T) {
	inLiveMarket(t, func(m *market, b *liveBase) {
		p := m.signedFor()
		m.mines(b, p)
		m.gets(m.buy(p, http.StatusOK), forecast)
		row := m.settlement(p)
		id := row.Settlement.Snapshot().TxID
		want := m.transfer(id)
		if want.Disposition != ports.Agent || want.OrderNo != string(row.OrderNo) || want.ProjectID != m.shop.Project.ID {
			t.Errorf("recorded %+v", want)
		}
		m.reads(m.watched(b, id, m.dueOf(p)))
		if got := m.transfer(id); got.Disposition != ports.Agent || got.Reason != ports.NoReason {
			t.Errorf("the watcher made it %+v", got)
		}
	})
}

// A transfer that may be an agent's waits for the settlement: it becomes its payment when a receipt proves
// it, and its merchant's to decide about when the settlement ends otherwise.
func TestATransferWaitsForItsSettlement(t *testing.T) {
	inLiveMarket(t, func(m *market, b *liveBase) {
		p := m.signedFor()
		b.holds = true
		m.buy(p, http.StatusServiceUnavailable)
		m.is(p, x402.Pending)
		d, id := m.dueOf(p), m.settlement(p).Settlement.Snapshot().TxID
		b.moves(id, d)
		m.reads(m.watched(b, id, d))
		if got := m.transfer(id); got.Disposition != ports.Unmatched || got.Reason != ports.AwaitingSettlement {
			t.Errorf("while it is settled: %+v", got)
		}
		m.pass(time.Minute)
		m.is(p, x402.Settled)
		if got := m.transfer(id); got.Disposition != ports.Agent || got.Reason != ports.NoReason || got.OrderNo == "" {
			t.Errorf("settled: %+v", got)
		}

		q := m.signedFor()
		m.buy(q, http.StatusServiceUnavailable)
		other := x402.Hash{9} // the same sum from the same payer, by an ordinary transfer
		b.moves(other, m.dueOf(q))
		plain := m.watched(b, other, m.dueOf(q))
		b.forgets(other, m.keyOf(q))
		m.ok(m.watcher().record(m.Context(), chain.Head{Network: chain.Base, Latest: plain.Height, Final: plain.Height},
			[]chain.Transfer{plain}, footing{}))
		m.ok(m.store.Do(m.Context(), func(ctx context.Context, r ports.Repos) error {
			c, err := r.Cursors.Load(ctx, chain.Base)
			if err != nil {
				return err
			}
			was := c
			c.Height, c.BlockID, c.BlockTime = plain.Height, plain.BlockID, plain.BlockTime
			return r.Cursors.Advance(ctx, was, c)
		}))
		if got := m.transfer(other); got.Reason != ports.AwaitingSettlement {
			t.Errorf("while another is settled: %+v", got)
		}
		m.pass(8 * time.Minute)
		m.is(q, x402.Failed)
		if got := m.transfer(other); got.Disposition != ports.Unmatched || got.Reason != ports.NoReason {
			t.Errorf("after its settlement ended: %+v", got)
		}
	})
}

// What a merchant has decided on pays nothing else: the settlement fails, and nothing is booked for it.
func TestASpentTransferSettlesNothing(t *testing.T) {
	inLiveMarket(t, func(m *market, b *liveBase) {
		p := m.signedFor()
		b.holds = true
		m.buy(p, http.StatusServiceUnavailable)
		d, id := m.dueOf(p), m.settlement(p).Settlement.Snapshot().TxID
		b.moves(id, d)
		m.ok(m.store.Do(m.Context(), func(ctx context.Context, r ports.Repos) error {
			_, err := r.Transfers.Add(ctx, ports.TransferRow{
				Transfer: m.watched(b, id, d), ProjectID: m.shop.Project.ID, Disposition: ports.Unmatched, RecordedAt: time.Now(),
				Decision: ports.Decision{Action: ports.Closed, At: time.Now()},
			})
			return err
		}))
		m.pass(time.Minute)
		m.is(p, x402.Failed)
		m.buy(p, http.StatusPaymentRequired)
		m.books(0, 0)
	})
}

// What the chain undoes is taken back everywhere, and settled again when it comes back in another block.
func TestWhatIsUndoneComesBack(t *testing.T) {
	inLiveMarket(t, func(m *market, b *liveBase) {
		p := m.signedFor()
		m.mines(b, p)
		m.buy(p, http.StatusOK)
		d, id := m.dueOf(p), m.settlement(p).Settlement.Snapshot().TxID
		b.forgets(id, m.keyOf(p))
		m.pass(40 * time.Second)
		m.is(p, x402.Reversed)
		m.buy(p, http.StatusServiceUnavailable)
		if got := m.transfer(id); got.Disposition != ports.Reversed {
			t.Errorf("undone: %+v", got)
		}
		b.moves(id, d)
		m.pass(time.Minute)
		m.is(p, x402.Settled)
		row := m.settlement(p)
		if got := m.transfer(id); got.Disposition != ports.Agent || got.OrderNo != string(row.OrderNo) {
			t.Errorf("come back: %+v", got)
		}
		m.gets(m.buy(p, http.StatusOK), forecast)
	})
}

// A nonce that another program used is no end: the payment is signed anew, once, and goes through.
func TestASpentNonceIsSignedAnew(t *testing.T) {
	inLiveMarket(t, func(m *market, b *liveBase) {
		p := m.signedFor()
		b.spent = 1
		m.buy(p, http.StatusServiceUnavailable)
		b.holds = true
		m.pass(30 * time.Second)
		txs, err := m.store.Lanes().OfSettlement(m.Context(), m.keyOf(p))
		m.ok(err)
		if len(txs) != 2 || txs[0].Nonce == txs[1].Nonce {
			t.Fatalf("signed %+v", txs)
		}
		b.moves(txs[0].TxID, m.dueOf(p))
		m.pass(time.Minute)
		m.is(p, x402.Settled)
	})
}

// An account that was tampered with in the database is paid by nobody.
func TestATamperedAccountIsNotOffered(t *testing.T) {
	inLiveMarket(t, func(m *market, _ *liveBase) {
		m.signedFor()
		m.ok(m.store.Do(m.Context(), func(ctx context.Context, r ports.Repos) error {
			list, err := r.Receiving.List(ctx, m.shop.Project.ID, time.Now())
			if err != nil {
				return err
			}
			list[0].Seal = "00"
			return r.Receiving.Save(ctx, list[0])
		}))
		time.Sleep(offerLife)
		if _, err := m.gateway.Buy(m.Context(), m.wants("weather")); err == nil {
			t.Error("a payer is still sent there")
		}
	})
}
