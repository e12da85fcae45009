package app

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// traced is a network whose nodes trace or do not, and which remembers what it was asked to read.
type traced struct {
	carrier
	blind  bool     // no node traces
	height uint64   // final
	asked  []string // the coins of each scan
	partly bool
}

func (c *traced) Assets() []chain.Asset {
	return slices.DeleteFunc(c.network.Tokens(), func(a chain.Asset) bool { return c.blind && a.IsNative() })
}

func (c *traced) Head(context.Context) (chain.Head, error) {
	return chain.Head{Network: c.network, Latest: c.height, Final: c.height, FinalID: c.id(c.height)}, nil
}

func (c *traced) id(height uint64) string { return fmt.Sprintf("block %d", height) }

func (c *traced) BlockID(_ context.Context, height uint64) (string, error) { return c.id(height), nil }

func (c *traced) Holds(_ context.Context, blocks map[uint64]string) (bool, error) {
	for height, id := range blocks {
		if id != c.id(height) {
			return false, nil
		}
	}
	return true, nil
}

func (c *traced) Scan(_ context.Context, from, to uint64, watch ports.Watch) (ports.Span, error) {
	var coins []string
	for _, a := range watch.Assets {
		if a.IsNative() && c.blind {
			return ports.Span{}, ports.ErrChainUnavailable
		}
		coins = append(coins, a.Symbol)
	}
	c.asked = append(c.asked, strings.Join(coins, " "))
	return ports.Span{From: from, To: to, ParentID: c.id(from - 1), ToID: c.id(to)}, nil
}

func (c *traced) Seen(context.Context, chain.Head, ports.Watch) ([]chain.Transfer, error) {
	if c.partly {
		return nil, ports.ErrSeenPartly
	}
	return nil, nil
}

// A network's own coin is read while somebody awaits it, and only then. What payers were told to pay is
// read or nothing is: a network is never read past a payment that no node can show.
func TestAnOwnCoinIsReadWhileItIsAwaited(t *testing.T) {
	c := openCounter(t, chain.Base)
	rail := &traced{carrier: carrier{network: chain.Base}, height: 1}
	c.checkout.Rails.Chains[chain.Base] = rail
	c.ok(c.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		was, err := r.Cursors.Load(ctx, chain.Base)
		if err != nil {
			return err
		}
		return r.Cursors.Advance(ctx, was, ports.Cursor{
			Network: chain.Base, Height: 2, BlockID: rail.id(2), BlockTime: was.BlockTime, UpdatedAt: was.UpdatedAt,
		})
	}))
	rail.height = 2
	reads := func(want string, failing bool) {
		t.Helper()
		rail.asked, rail.height = nil, rail.height+1
		err := c.settlement.Tick(t.Context(), chain.Base)
		if got := strings.Join(rail.asked, ", "); got != want || (err != nil) != failing {
			t.Errorf("read %q, %v; want %q", got, err, want)
		}
	}
	reads("USDC", false)
	c.ok(c.receive("BASE", "USDC", evmAddress))
	reads("USDC", false)
	c.ok(c.receive("BASE", "ETH", otherEVM))
	reads("USDC ETH", false)
	rail.blind = true
	reads("USDC", false)
	rail.blind = false

	due, err := money.Parse(money.USDT, "9.99")
	c.ok(err)
	opened, _, err := c.checkout.Open(t.Context(), OpenInput{Who: c.live(), Kind: checkout.KindCheckout, Due: due}, Once[OpenedSession]{})
	c.ok(err)
	issued, err := c.checkout.Intent(t.Context(), opened.ID, Choice{Method: checkout.ETH})
	c.ok(err)
	if i := issued.Intent; !i.Asset.IsNative() || i.Address != otherEVM || !strings.HasPrefix(i.Payable(), "9.9900") ||
		len(i.Payable()) > len("9.99000000") {
		t.Errorf("asked for %s at %s", i.Payable(), i.Address)
	}
	list, err := c.accepts.List(t.Context(), c.live())
	c.ok(err)
	for _, account := range list {
		_, _, err := c.accepts.Remove(t.Context(), c.live(), Removal{account.ID, byPassword}, Once[struct{}]{})
		c.ok(err)
	}
	reads("USDC ETH", false)
	rail.blind = true
	reads("", true)
	c.clock.set(issued.Intent.HoldUntil.Add(promiseKept))
	reads("", true)
	c.clock.set(issued.Intent.HoldUntil.Add(promiseKept + time.Second))
	reads("USDC", false)
}

// A look at new blocks that is not finished says nothing: what was seen stands.
func TestAnUnfinishedLookChangesNothing(t *testing.T) {
	s := openStage(t)
	w := &watcher{s: s.settlement, chain: &traced{carrier: carrier{network: chain.Sandbox}, partly: true}}
	issued := s.asked()
	s.play(issued.ID, ScenarioExact)
	s.pass(time.Second)
	s.is(issued.ID, checkout.Processing)
	s.ok(w.sweep(t.Context(), chain.Head{Network: chain.Sandbox}, ports.Cursor{}, ports.Watch{}))
	s.is(issued.ID, checkout.Processing)
	s.settlement.Rails.Chains[chain.Sandbox] = w.chain
	if seen, err := s.settlement.glance(t.Context(), *issued.Intent); seen || err != nil {
		t.Errorf("a payer who asks: %v, %v", seen, err)
	}
}

// In test mode a coin of eighteen decimals is played as one of six is, to the last unit.
func TestOwnCoinsArePlayed(t *testing.T) {
	for _, m := range []checkout.Method{checkout.ETH, checkout.BNB} {
		for scenario, want := range map[Scenario]checkout.Status{
			ScenarioExact: checkout.Settled, ScenarioShort: checkout.Awaiting, ScenarioOver: checkout.Awaiting,
			ScenarioWrongToken: checkout.Awaiting,
		} {
			s := openStage(t)
			due, err := money.Parse(money.USDT, "1234.56")
			s.ok(err)
			opened, _, err := s.checkout.Open(t.Context(), OpenInput{Who: s.who(), Kind: checkout.KindCheckout, Due: due}, Once[OpenedSession]{})
			s.ok(err)
			issued, err := s.checkout.Intent(t.Context(), opened.ID, Choice{Method: m, Network: m.Networks()[0].Standard()})
			s.ok(err)
			s.play(opened.ID, scenario)
			for range 6 {
				s.pass(time.Second)
			}
			got := s.is(opened.ID, want)
			if got.Receipt != nil && got.Receipt.Units.Cmp(issued.Intent.Units) != 0 {
				t.Errorf("%s %s: %s of %s", m, scenario, got.Receipt.Units, issued.Intent.Units)
			}
			queue, err := fetch(t.Context(), s.checkout.Core, func(ctx context.Context, r ports.Repos) (ports.QueuePage, error) {
				return r.Transfers.Queue(ctx, ports.QueueQuery{Project: s.who().Project, Mode: s.who().Mode, Limit: 10})
			})
			s.ok(err)
			if unmatched := scenario == ScenarioShort || scenario == ScenarioOver; (len(queue.Rows) == 1) != unmatched {
				t.Errorf("%s %s: queue %+v", m, scenario, queue)
			}
			for _, row := range queue.Rows {
				tenths := new(big.Int).Mul(row.Transfer.Units, big.NewInt(10))
				tenths.Quo(tenths, issued.Intent.Units)
				if want := map[Scenario]int64{ScenarioShort: 9, ScenarioOver: 10}[scenario]; tenths.Int64() != want && tenths.Int64() != want+1 {
					t.Errorf("%s %s: %s of %s", m, scenario, row.Transfer.Units, issued.Intent.Units)
				}
			}
		}
	}
}
