package sandbox

import (
	"context"
	"math/big"
	"slices"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// Strange implements ports.Strangers.
func (c *Chain) Strange(ctx context.Context, from, to uint64, watch ports.Watch) (ports.Strange, error) {
	v, err := c.look(ctx)
	if err != nil {
		return ports.Strange{}, err
	}
	if from > to || to > v.final() || to-from >= ports.MaxScanSpan || len(watch.Receivers) > ports.MaxStrangeTo {
		return ports.Strange{}, ports.ErrSpanTooWide
	}
	scripted, err := c.script.Mined(ctx, blockTime(from), blockTime(to+1), watch.Receivers)
	if err != nil {
		return ports.Strange{}, err
	}
	out, of := ports.Strange{More: map[chain.Address]int{}}, map[chain.Address]int{}
	for _, t := range v.strange(scripted, c.Assets()) {
		if len(out.Transfers) >= ports.MaxStrange || of[t.To] >= ports.MaxStrangeOf {
			out.More[t.To]++
			continue
		}
		of[t.To]++
		out.Transfers = append(out.Transfers, t)
	}
	return out, nil
}

// Inspect implements ports.Chain. Nothing fails on this chain.
func (c *Chain) Inspect(ctx context.Context, id chain.TxID) (ports.Inspection, error) {
	v, err := c.look(ctx)
	if err != nil {
		return ports.Inspection{}, err
	}
	scripted, err := c.script.Transaction(ctx, id)
	if err != nil {
		return ports.Inspection{}, err
	}
	scripted = slices.DeleteFunc(scripted, func(t ports.SandboxTransfer) bool { return heightAt(t.MinedAt) > v.latest })
	if len(scripted) == 0 {
		return ports.Inspection{}, nil
	}
	height, strange := heightAt(scripted[0].MinedAt), v.strange(scripted, c.Assets())
	return ports.Inspection{
		Known: true, Height: height, BlockTime: blockTime(height),
		Strange: strange[:min(len(strange), ports.InspectionSize)],
	}, nil
}

// strange puts what only looks like a payment in assets into its blocks.
func (v view) strange(scripted []ports.SandboxTransfer, assets []chain.Asset) (out []ports.IgnoredTransfer) {
	for _, s := range scripted {
		height := heightAt(s.MinedAt)
		units, whole := new(big.Int).SetString(s.Units, 10)
		ours := slices.ContainsFunc(assets, func(a chain.Asset) bool { return a.Contract == s.Contract })
		if !whole || units.Sign() < 0 || height > v.latest || ours && units.Sign() > 0 {
			continue
		}
		because := ports.ForeignToken
		if ours {
			because = ports.ZeroValue
		}
		out = append(out, ports.IgnoredTransfer{
			Network: chain.Sandbox, TxID: s.TxID, Index: s.Index, Contract: s.Contract, From: s.From, To: s.To,
			Units: units, Height: height, BlockTime: blockTime(height), Reason: because,
		})
	}
	return out
}
