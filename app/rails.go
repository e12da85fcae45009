package app

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// railSilence is how long a watcher may say nothing before new intents on its network are refused:
// a payer must not be sent to a chain nobody reads.
const railSilence = 2 * time.Minute

// Rails are the networks this gateway reads. The sandbox is always one of them.
type Rails struct {
	Chains    map[chain.Network]ports.Chain
	Explorers map[chain.Network]ports.Explorer // second opinions, where configured
	Cursors   ports.CursorReads
}

// LiveEnabled reports whether any network for real money is configured.
func (r Rails) LiveEnabled() bool {
	for n := range r.Chains {
		if n != chain.Sandbox {
			return true
		}
	}
	return false
}

// Networks lists the configured networks.
func (r Rails) Networks() []chain.Network {
	out := make([]chain.Network, 0, len(r.Chains))
	for n := range r.Chains {
		out = append(out, n)
	}
	return out
}

// Asset answers what a method pays in, and where, for a mode; checkout.ErrUnsupportedMethod when no
// enabled rail carries it.
func (r Rails) Asset(m checkout.Method, mode merchant.Mode) (chain.Asset, error) {
	network := m.LiveNetwork()
	if mode == merchant.Test && network != "" {
		network = chain.Sandbox
	}
	if c, ok := r.Chains[network]; ok {
		for _, a := range c.Assets() {
			if a.Symbol == m.Symbol() {
				return a, nil
			}
		}
	}
	return chain.Asset{}, checkout.ErrUnsupportedMethod.Saying(
		"no enabled rail carries " + string(m) + " in " + mode.String() + " mode on this gateway")
}

// RailState is how one network's watcher is doing.
type RailState struct {
	Network   chain.Network
	Height    uint64
	BlockTime time.Time
	Silence   time.Duration // since the watcher last got through
	OK        bool
}

// States answers how every configured network is doing.
func (r Rails) States(ctx context.Context, now time.Time) ([]RailState, error) {
	cursors, err := r.Cursors.Cursors(ctx)
	if err != nil {
		return nil, err
	}
	read := make(map[chain.Network]ports.Cursor, len(cursors))
	for _, c := range cursors {
		read[c.Network] = c
	}
	out := make([]RailState, 0, len(r.Chains))
	for n := range r.Chains {
		c, started := read[n]
		s := RailState{Network: n, Height: c.Height, BlockTime: c.BlockTime, Silence: now.Sub(c.UpdatedAt)}
		s.OK = started && s.Silence < railSilence
		out = append(out, s)
	}
	return out, nil
}

// Ready refuses a network whose watcher is silent.
func (r Rails) Ready(ctx context.Context, n chain.Network, now time.Time) error {
	states, err := r.States(ctx, now)
	if err != nil {
		return err
	}
	for _, s := range states {
		if s.Network == n && s.OK {
			return nil
		}
	}
	return ports.ErrChainUnavailable
}
