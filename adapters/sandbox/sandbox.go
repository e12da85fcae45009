// Package sandbox is the chain of test mode: simulated, persistent, and read by the same watcher as
// any other chain.
//
// It owns how time becomes blocks: one every BlockPeriod since the Unix epoch, each holding what
// was mined within it, each final finalLag blocks later. It does not own what happens on the chain
// (use cases script that through ports.SandboxChain) nor any state: every answer follows from the
// clock and the store, so a restart changes nothing and several processes see one chain.
//
// Invariants:
//   - A block once scanned stays as it was scanned, unless a scripted reorg says otherwise, and
//     then its id changes. Time alone cannot promise that: a transfer is given its time before its
//     unit of work commits, and a slow commit could slip it into a block that was read as final,
//     where nobody would look again. Waiting longer before calling a block final only makes that
//     rarer. So Scan seals the time of its blocks first (ports.SandboxReads.Seal): units of work
//     that are emitting finish, and whoever comes later is mined later. Neither slow commits nor
//     processes whose clocks disagree can lose a payment; finalLag is there to show a payment seen
//     before it is final.
//   - A token is its contract: a transfer of a foreign one is on the chain and never reported.
package sandbox

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// BlockPeriod is the time between two blocks.
const BlockPeriod = 500 * time.Millisecond

const (
	finalLag      = 4      // blocks between the newest one and the newest final one
	troubleKind   = "node" // of outages of this chain
	reorgReadings = 3      // tries to read a chain that is reorganised meanwhile
)

// USDT is the token payments on the sandbox chain are mostly asked in, and the first of its assets.
// Contracts there are addresses no wallet of any chain accepts.
var USDT = chain.Sandbox.Tokens()[0]

// Chain reads the sandbox chain.
type Chain struct {
	script ports.SandboxReads
	clock  ports.Clock
}

// New answers the chain that was scripted into a store.
func New(script ports.SandboxReads, clock ports.Clock) *Chain {
	return &Chain{script: script, clock: clock}
}

// Network implements ports.Chain.
func (c *Chain) Network() chain.Network { return chain.Sandbox }

// Assets implements ports.Chain.
func (c *Chain) Assets() []chain.Asset { return chain.Sandbox.Tokens() }

// Head implements ports.Chain.
func (c *Chain) Head(ctx context.Context) (chain.Head, error) {
	v, err := c.look(ctx)
	if err != nil {
		return chain.Head{}, err
	}
	final := v.final()
	return chain.Head{
		Network: chain.Sandbox, Latest: v.latest,
		Final: final, FinalID: v.blockID(final), FinalTime: blockTime(final),
	}, nil
}

// Scan implements ports.Chain.
func (c *Chain) Scan(ctx context.Context, from, to uint64, watch ports.Watch) (ports.Span, error) {
	v, err := c.look(ctx)
	switch {
	case err != nil:
		return ports.Span{}, err
	case from > to || to > v.final():
		return ports.Span{}, fmt.Errorf("scan sandbox blocks %d to %d: final is %d", from, to, v.final())
	case to-from >= ports.MaxScanSpan:
		return ports.Span{}, ports.ErrSpanTooWide
	}
	if err := c.script.Seal(ctx, blockTime(to+1)); err != nil {
		return ports.Span{}, fmt.Errorf("seal sandbox blocks to %d: %w", to, err)
	}
	v, found, err := c.read(ctx, v, from, to, watch)
	if err != nil {
		return ports.Span{}, err
	}
	if len(found) > ports.MaxScanTransfers && from < to {
		return ports.Span{}, ports.ErrSpanTooWide
	}
	span := ports.Span{
		From: from, To: to, ToID: v.blockID(to), ToTime: blockTime(to), Transfers: found,
	}
	if from > 0 {
		span.ParentID = v.blockID(from - 1)
	}
	return span, nil
}

// Seen implements ports.Chain.
func (c *Chain) Seen(
	ctx context.Context, head chain.Head, watch ports.Watch,
) ([]chain.Transfer, error) {
	v, err := c.look(ctx)
	switch {
	case err != nil || v.latest <= head.Final:
		return nil, err
	case v.latest-head.Final > ports.MaxSeenSpan:
		return nil, ports.ErrSpanTooWide
	}
	_, found, err := c.read(ctx, v, head.Final+1, v.latest, watch)
	return found, err
}

// BlockID implements ports.Chain.
func (c *Chain) BlockID(ctx context.Context, height uint64) (string, error) {
	v, err := c.look(ctx)
	if err != nil {
		return "", err
	}
	if height > v.latest {
		return "", fmt.Errorf("sandbox block %d: the newest is %d", height, v.latest)
	}
	return v.blockID(height), nil
}

// Holds implements ports.Chain.
func (c *Chain) Holds(ctx context.Context, blocks map[uint64]string) (bool, error) {
	v, err := c.look(ctx)
	if err != nil {
		return false, err
	}
	for height, id := range blocks {
		if height > v.latest || v.blockID(height) != id {
			return false, nil
		}
	}
	return true, nil
}

// Lookup implements ports.Chain.
func (c *Chain) Lookup(ctx context.Context, id chain.TxID) ([]chain.Transfer, error) {
	v, err := c.look(ctx)
	if err != nil {
		return nil, err
	}
	_, found, err := c.steady(ctx, v, c.Assets(), func() ([]ports.SandboxTransfer, error) {
		return c.script.Transaction(ctx, id)
	})
	return found, err
}

// read answers the transfers of watched assets to watched receivers in blocks from..to.
func (c *Chain) read(
	ctx context.Context, v view, from, to uint64, watch ports.Watch,
) (view, []chain.Transfer, error) {
	return c.steady(ctx, v, watch.Assets, func() ([]ports.SandboxTransfer, error) {
		return c.script.Mined(ctx, blockTime(from), blockTime(to+1), watch.Receivers)
	})
}

// steady reads transfers between two looks at the chain that agree, the first one handed in, so
// that what it answers never mixes the histories before and after a reorg.
func (c *Chain) steady(
	ctx context.Context, before view, assets []chain.Asset,
	read func() ([]ports.SandboxTransfer, error),
) (view, []chain.Transfer, error) {
	for range reorgReadings {
		scripted, err := read()
		if err != nil {
			return view{}, nil, fmt.Errorf("read sandbox transfers: %w", err)
		}
		after, err := c.look(ctx)
		if err != nil {
			return view{}, nil, err
		}
		if len(after.reorgs) == len(before.reorgs) {
			return after, after.transfers(scripted, assets), nil
		}
		before = after
	}
	return view{}, nil, ports.ErrChainUnavailable
}

// view is the chain as it stands at a moment.
type view struct {
	latest uint64
	reorgs []ports.SandboxReorg // those that have happened
}

// look takes a view, or reports the outage in force.
func (c *Chain) look(ctx context.Context) (view, error) {
	now := c.clock.Now()
	troubles, err := c.script.Troubles(ctx, now)
	if err != nil {
		return view{}, fmt.Errorf("read sandbox troubles: %w", err)
	}
	isOurs := func(t ports.SandboxTrouble) bool { return t.Kind == troubleKind }
	if slices.ContainsFunc(troubles, isOurs) {
		return view{}, ports.ErrChainUnavailable
	}
	reorgs, err := c.script.Reorgs(ctx)
	if err != nil {
		return view{}, fmt.Errorf("read sandbox reorgs: %w", err)
	}
	reorgs = slices.DeleteFunc(reorgs, func(r ports.SandboxReorg) bool { return r.At.After(now) })
	return view{latest: heightAt(now), reorgs: reorgs}, nil
}

func (v view) final() uint64 { return v.latest - min(v.latest, finalLag) }

// blockID is the hash of a height and of how often history changed at or below it.
func (v view) blockID(height uint64) string {
	changed := 0
	for _, r := range v.reorgs {
		if r.Height <= height {
			changed++
		}
	}
	id := sha256.Sum256([]byte("101pay sandbox block " +
		strconv.FormatUint(height, 10) + " history " + strconv.Itoa(changed)))
	return hex.EncodeToString(id[:])
}

// transfers puts scripted transfers of assets into their blocks, in the chain's order. What is
// mined later than the newest block has not happened yet.
func (v view) transfers(scripted []ports.SandboxTransfer, assets []chain.Asset) []chain.Transfer {
	var out []chain.Transfer
	for _, s := range scripted {
		height := heightAt(s.MinedAt)
		at := slices.IndexFunc(assets, func(a chain.Asset) bool {
			return a.Network == chain.Sandbox && a.Contract == s.Contract
		})
		units, whole := new(big.Int).SetString(s.Units, 10)
		if at < 0 || !whole || units.Sign() <= 0 || height > v.latest {
			continue
		}
		out = append(out, chain.Transfer{
			Network: chain.Sandbox, TxID: s.TxID, Index: s.Index, Asset: assets[at], From: s.From, To: s.To,
			Units: units, Height: height, BlockID: v.blockID(height), BlockTime: blockTime(height),
		})
	}
	slices.SortFunc(out, func(a, b chain.Transfer) int {
		return cmp.Or(
			cmp.Compare(a.Height, b.Height), cmp.Compare(a.Index, b.Index), cmp.Compare(a.TxID, b.TxID),
		)
	})
	return out
}

// heightAt is the height of the block that holds what is mined at t.
func heightAt(t time.Time) uint64 {
	//nolint:gosec // never negative
	return uint64(max(t.UnixMilli(), 0) / BlockPeriod.Milliseconds())
}

// blockTime is when a block begins.
func blockTime(height uint64) time.Time {
	//nolint:gosec // a height follows from a time, so it goes back into one
	return time.UnixMilli(int64(height) * BlockPeriod.Milliseconds()).UTC()
}
