package app

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

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
