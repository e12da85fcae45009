package app

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// baseBlocks is what liveBase mined, as the watcher reads it.
type baseBlocks struct {
	*liveBase
	unfinal uint64 // how many of the newest blocks are not final
	forked  uint64 // from this height on another history won
}

func (c *baseBlocks) Network() chain.Network { return chain.Base }
func (c *baseBlocks) Assets() []chain.Asset  { return chain.Base.Tokens() }

func (c *baseBlocks) Head(context.Context) (chain.Head, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	final := c.height - c.unfinal
	return chain.Head{
		Network: chain.Base, Latest: c.height, Final: final, FinalID: c.id(final), FinalTime: time.Now(),
	}, nil
}

// id is a block's hash. The lock is held.
func (c *baseBlocks) id(height uint64) string {
	switch {
	case height <= 1000:
		return "00"
	case c.forked > 0 && height >= c.forked:
		return fmt.Sprintf("f%063x", height)
	}
	return fmt.Sprintf("%064x", height)
}

func (c *baseBlocks) BlockID(_ context.Context, height uint64) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.id(height), nil
}

func (c *baseBlocks) Holds(_ context.Context, blocks map[uint64]string) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for height, id := range blocks {
		if id != c.id(height) {
			return false, nil
		}
	}
	return true, nil
}

// transfers are those in blocks, in order. The lock is held.
func (c *baseBlocks) transfers(from, to uint64) (out []chain.Transfer) {
	for id, r := range c.mined {
		d, moved := c.dues[id]
		if !moved || r.Height < from || r.Height > to || !r.Receipt.Succeeded {
			continue
		}
		out = append(out, chain.Transfer{
			Network: chain.Base, TxID: txOf(id), Index: 1, Asset: usdcOf(chain.Base), From: chain.EVMAddress(d.Payer),
			To: chain.EVMAddress(d.PayTo), Units: d.Value.Big(), Height: r.Height, BlockID: c.id(r.Height), BlockTime: r.BlockTime,
		})
	}
	slices.SortFunc(out, func(a, b chain.Transfer) int { return cmp.Compare(a.Height, b.Height) })
	return out
}

func usdcOf(n chain.Network) chain.Asset {
	at := slices.IndexFunc(n.Tokens(), func(a chain.Asset) bool { return a.Symbol == coinSold })
	return n.Tokens()[at]
}

func (c *baseBlocks) Scan(_ context.Context, from, to uint64, w ports.Watch) (ports.Span, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := slices.DeleteFunc(c.transfers(from, to), func(t chain.Transfer) bool { return !slices.Contains(w.Receivers, t.To) })
	return ports.Span{
		From: from, To: to, ParentID: c.id(from - 1), ToID: c.id(to), ToTime: time.Now(), Transfers: found,
	}, nil
}

func (c *baseBlocks) Seen(_ context.Context, head chain.Head, _ ports.Watch) ([]chain.Transfer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.transfers(head.Final+1, c.height), nil
}

func (c *baseBlocks) Lookup(_ context.Context, id chain.TxID) ([]chain.Transfer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(c.transfers(0, c.height), func(t chain.Transfer) bool { return t.TxID != id }), nil
}

func (c *baseBlocks) Inspect(context.Context, chain.TxID) (ports.Inspection, error) {
	return ports.Inspection{}, nil
}

// undoes takes a transaction out of the chain: another history has its block and all after it.
func (c *baseBlocks) undoes(id x402.Hash, k x402.ClaimKey) {
	height := c.mined[id].Height
	c.forgets(id, k)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forked = height
}

// atLiveCounter runs a story about an order over 10 USDC of real money on Base.
func atLiveCounter(t *testing.T, story func(o *orderDesk, c *baseBlocks, id checkout.SessionID)) {
	t.Helper()
	inLiveMarket(t, func(m *market, b *liveBase) {
		c := &baseBlocks{liveBase: b}
		o := &orderDesk{market: m}
		rails := m.gateway.Catalog.Rails
		o.gateway = o.open(m.store)
		o.gateway.Catalog.Rails[0].Mode, o.gateway.Catalog.Rails[0].Watched = rails[0].Mode, rails[0].Watched
		o.till.Rails.Chains[chain.Base] = c
		o.watch()
		story(o, c, o.order("10.00", func(in *OpenInput) { in.Who.Mode = merchant.Live }))
		o.coherent(merchant.Live)
	})
}

// watch has the watcher read Base.
func (o *orderDesk) watch() {
	o.Helper()
	o.ok(o.till.Tick(o.Context(), chain.Base))
}

// signsLive is a payment of an order of real money, and its network.
func (o *orderDesk) signsLive(id checkout.SessionID) Purchase {
	o.Helper()
	p, price := o.asking(id), o.price(id)
	if price.PayTo.String() != evmAddress || price.Units.String() != "10000000" {
		o.Fatalf("payers are asked for %s to %s", price.Units, price.PayTo)
	}
	price.Token, price.Name = baseUSDC, "USD Coin"
	p.V2 = []string{base64.StdEncoding.EncodeToString(portstest.NewTokenPayer().Sign(price, time.Now()))}
	return p
}

// works lets time go by on Base.
func (o *orderDesk) works(d time.Duration) {
	o.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(time.Second)
		o.watch()
		_ = o.gateway.reconciler.Tick(o.Context()) // what it cannot do now it does later
	}
}

// signed is the transaction of a payment, and what it is due to move.
func (o *orderDesk) signed(p Purchase) (x402.Hash, x402.Due) {
	o.Helper()
	was := o.settlement(p).Settlement.Snapshot()
	return was.TxID, was.Due
}

// hearsLive is hears, of real money.
func (o *orderDesk) hearsLive(id checkout.SessionID, want ...webhook.Type) {
	o.Helper()
	events, _, err := o.store.Events(o.Context(), ports.EventQuery{
		Project: o.shop.Project.ID, Mode: merchant.Live, SessionID: string(id), Limit: 100,
	})
	o.ok(err)
	var got []webhook.Type
	for _, e := range slices.Backward(events) {
		if e.Type != webhook.PaymentCreated {
			got = append(got, e.Type)
		}
	}
	if !slices.Equal(got, want) {
		o.Errorf("its merchant was told %v, want %v", got, want)
	}
}

// Real money goes to the merchant's sealed account and pays the order once, whether the watcher reads its
// transfer after the settlement or before.
func TestRealMoneyPaysAnOrderOnce(t *testing.T) {
	for name, watcherFirst := range map[string]bool{"settled first": false, "watched first": true} {
		t.Run(name, func(t *testing.T) {
			atLiveCounter(t, func(o *orderDesk, c *baseBlocks, id checkout.SessionID) {
				p := o.signsLive(id)
				if !watcherFirst {
					o.mines(c.liveBase, p)
					o.gets(o.buy(p, http.StatusOK), "settled settled")
				} else {
					c.holds = true
					o.buy(p, http.StatusServiceUnavailable)
					tx, due := o.signed(p)
					c.moves(tx, due)
					o.watch()
					if row := o.transfer(tx); row.Disposition != ports.Unmatched || row.Reason != ports.AwaitingSettlement {
						t.Errorf("before it is settled its transfer is %+v", row)
					}
				}
				o.works(time.Minute)
				o.is(p, x402.Settled)
				o.gets(o.buy(p, http.StatusOK), "settled settled")
				s := o.status(id, checkout.Settled)
				tx, _ := o.signed(p)
				row := o.transfer(tx)
				if row.Disposition != ports.Settled || row.Reason != ports.NoReason || row.OrderNo != s.Receipt.OrderNo ||
					row.OrderNo != string(o.settlement(p).OrderNo) || row.Transfer.Network != chain.Base {
					t.Errorf("its transfer is %+v", row)
				}
				o.went(id, ports.Settled)
				o.hearsLive(id, webhook.PaymentPaid)
			})
		})
	}
}

// An order waits for the confirmations its merchant asks for, though a resource would be delivered.
func TestAnOrderWaitsForItsMerchantsTerms(t *testing.T) {
	atLiveCounter(t, func(o *orderDesk, c *baseBlocks, id checkout.SessionID) {
		p := o.signsLive(id)
		c.unfinal = 1
		o.mines(c.liveBase, p)
		o.buy(p, http.StatusServiceUnavailable)
		o.works(time.Minute)
		o.is(p, x402.Pending)
		o.status(id, checkout.Opened)
		o.went(id)
		c.unfinal = 0
		o.works(2 * time.Minute)
		o.is(p, x402.Settled)
		o.status(id, checkout.Settled)
		o.gets(o.buy(p, http.StatusOK), "settled settled")
	})
}

// What the chain undoes is reversed once, whoever looks first; when it comes back it pays again.
func TestRealMoneyThatIsUndoneIsReversedOnce(t *testing.T) {
	for name, reconcilerFirst := range map[string]bool{"the watcher first": false, "the reconciler first": true} {
		t.Run(name, func(t *testing.T) {
			atLiveCounter(t, func(o *orderDesk, c *baseBlocks, id checkout.SessionID) {
				p := o.signsLive(id)
				o.mines(c.liveBase, p)
				o.buy(p, http.StatusOK)
				o.watch()
				tx, due := o.signed(p)
				c.undoes(tx, due.Key())
				if reconcilerFirst {
					o.pass(time.Minute)
					o.status(id, checkout.Settled)
				}
				o.works(time.Minute)
				o.status(id, checkout.Awaiting)
				o.went(id, ports.Reversed)
				if got := o.settlement(p).Settlement.Snapshot().Status; got == x402.Settled {
					t.Errorf("the settlement is %s", got)
				}
				c.moves(tx, due)
				o.works(2 * time.Minute)
				o.is(p, x402.Settled)
				o.status(id, checkout.Settled)
				o.hearsLive(id, webhook.PaymentPaid, webhook.PaymentReversed, webhook.PaymentPaid)
				if row := o.transfer(tx); row.Disposition != ports.Settled || row.OrderNo != string(o.settlement(p).OrderNo) {
					t.Errorf("come back, its transfer is %+v", row)
				}
			})
		})
	}
}

// What a merchant has decided on pays no order: the settlement fails, and the money is his to answer for.
func TestASpentTransferPaysNoOrder(t *testing.T) {
	atLiveCounter(t, func(o *orderDesk, c *baseBlocks, id checkout.SessionID) {
		p := o.signsLive(id)
		c.holds = true
		o.buy(p, http.StatusServiceUnavailable)
		tx, due := o.signed(p)
		c.moves(tx, due)
		read, err := c.Lookup(o.Context(), txOf(tx))
		o.ok(err)
		o.ok(o.store.Do(o.Context(), func(ctx context.Context, r ports.Repos) error {
			_, err := r.Transfers.Add(ctx, ports.TransferRow{
				Transfer: read[0], ProjectID: o.shop.Project.ID, Disposition: ports.Unmatched, RecordedAt: time.Now(),
				Decision: ports.Decision{Action: ports.Closed, At: time.Now()},
			})
			return err
		}))
		o.works(time.Minute)
		o.is(p, x402.Failed)
		o.status(id, checkout.Opened)
		o.went(id)
		o.hearsLive(id)
	})
}
