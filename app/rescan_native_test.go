package app

import (
	"context"
	"log/slog"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// secondTracer reads a network again, with or without its own coin.
type secondTracer struct {
	*traced
	mute  bool // it cannot trace
	holds []chain.Transfer
	asked [][]chain.Asset
}

func (s *secondTracer) Reread(_ context.Context, r ports.Rereading) (ports.Reread, error) {
	s.asked = append(s.asked, r.Watch.Assets)
	out := ports.Reread{
		Span: ports.Span{From: r.From, To: r.To, ToID: s.id(r.To)}, Host: "second.example", Second: true, Calls: 1,
	}
	for _, a := range r.Watch.Assets {
		if a.IsNative() && s.mute {
			out.Unread = append(out.Unread, a)
		}
	}
	for _, t := range s.holds {
		if slices.Contains(r.Watch.Assets, t.Asset) && !slices.Contains(out.Unread, t.Asset) &&
			t.Height >= r.From && t.Height <= r.To {
			out.Transfers = append(out.Transfers, t)
		}
	}
	return out, nil
}

// counterAgain is a counter on Base whose past is read again.
func counterAgain(t *testing.T) (*counter, *secondTracer, Rescanner) {
	t.Helper()
	c := openCounter(t, chain.Base)
	second := &secondTracer{traced: &traced{carrier: carrier{network: chain.Base}, height: 50}}
	c.settlement.Rails.Chains[chain.Base] = second.traced
	c.settlement.Rails.Rereaders = map[chain.Network]ports.Rereader{chain.Base: second}
	c.settlement.Log = slog.New(slog.DiscardHandler)
	now := c.clock.Now()
	c.ok(c.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Cursors.Advance(ctx, ports.Cursor{Network: chain.Base, Height: 1, BlockID: "b"}, ports.Cursor{
			Network: chain.Base, Height: 40, BlockID: second.id(40), BlockTime: now, UpdatedAt: now,
		})
	}))
	return c, second, Rescanner{Settlement: c.settlement, Reads: c.store}
}

// reread has everything read again.
func (c *counter) reread(r Rescanner) ports.Rescan {
	c.t.Helper()
	_, err := r.Begin(c.t.Context(), chain.Base, time.Time{}, 1)
	c.ok(err)
	for range 100 {
		c.clock.set(c.clock.Now().Add(RescanPace))
		c.ok(r.Tick(c.t.Context(), chain.Base))
		last, err := r.Latest(c.t.Context(), chain.Base)
		c.ok(err)
		if !last.FinishedAt.IsZero() {
			return last
		}
	}
	c.t.Fatal("the rescan does not end")
	return ports.Rescan{}
}

// moved is ETH that came to an address.
func (c *counter) moved(to chain.Address, height uint64, at time.Time) chain.Transfer {
	own, _ := chain.Base.Native()
	return chain.Transfer{
		Network: chain.Base, TxID: chain.TxID(strings.Repeat("ab", 32)), Index: chain.FirstNative, Asset: own,
		From: evmAddress, To: to, Units: big.NewInt(5), Height: height, BlockID: "block", BlockTime: at,
	}
}

// Nobody reads a coin again that nobody awaits; one that no second endpoint traces is not called missing,
// and the rescan says that it was left out.
func TestAnOwnCoinThatIsNotReadAgainIsNotMissing(t *testing.T) {
	c, second, r := counterAgain(t)
	c.ok(c.receive("BASE", "USDC", evmAddress))
	own, _ := chain.Base.Native()
	if done := c.reread(r); done.OwnUnread || slices.Contains(second.asked[0], own) {
		t.Errorf("%+v, asked for %v", done, second.asked[0])
	}
	c.ok(c.receive("BASE", "ETH", otherEVM))
	row := ports.TransferRow{
		Transfer: c.moved(otherEVM, 20, c.clock.Now()), ProjectID: c.shop.Project.ID, Disposition: ports.Unmatched,
		RecordedAt: c.clock.Now(),
	}
	c.ok(c.store.Do(t.Context(), func(ctx context.Context, repos ports.Repos) error {
		_, err := repos.Transfers.Add(ctx, row)
		return err
	}))
	second.mute = true
	if done := c.reread(r); !done.OwnUnread || done.Missing != 0 {
		t.Errorf("where no second endpoint traces: %+v", done)
	}
	second.mute = false
	if done := c.reread(r); done.OwnUnread || done.Missing != 1 {
		t.Errorf("where one traces and has it not: %+v", done)
	}
	if at := (again{ports.Watch{Assets: []chain.Asset{own}}}); len(at.dearerThan(rescanTracedBlocks)) != 0 ||
		len(at.dearerThan(rescanTracedBlocks+1)) != 1 {
		t.Error("the bound of blocks that are traced again is another")
	}
}

// An address of the family is watched on all its networks from the moment any of them knows it; but for
// the own coin only since somebody is to be paid in that. What came before either was not missed.
func TestWhatWasNotWatchedYetWasNotMissed(t *testing.T) {
	const day = 24 * time.Hour
	c, second, r := counterAgain(t)
	begun := c.clock.Now()
	c.checkout.Rails.Chains[chain.BSC] = carrier{network: chain.BSC}
	c.ok(c.receive("BEP20", "USDC", evmAddress)) // of the same family, and of no account on Base
	c.clock.set(begun.Add(day))
	c.ok(c.receive("BASE", "ETH", otherEVM))
	usdc := chain.Base.Tokens()[0]
	for name, x := range map[string]struct {
		asset  bool // USDC, not ETH
		at     time.Time
		missed int
	}{
		"a token from before any network knew the address": {true, begun.Add(-time.Hour), 0},
		"a token since another network knows it":           {true, begun.Add(time.Hour), 1},
		"ETH from before it was looked for":                {false, begun.Add(time.Hour), 0},
		"ETH since":                                        {false, begun.Add(day + time.Minute), 1},
	} {
		moved := c.moved(evmAddress, 20, x.at)
		if x.asset {
			moved.Asset, moved.Index = usdc, 1
		}
		second.holds = []chain.Transfer{moved}
		d, err := r.compare(t.Context(), nil, second.holds, ports.Watch{Assets: []chain.Asset{usdc, moved.Asset}})
		c.ok(err)
		if len(d.missed) != x.missed {
			t.Errorf("%s: %d are called missed, want %d", name, len(d.missed), x.missed)
		}
	}
}
