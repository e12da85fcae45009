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
	Witnesses map[chain.Network]ports.Witness  // where several endpoints can be asked one by one
	Rereaders map[chain.Network]ports.Rereader // where the past can be read again
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

// Networks lists the configured networks: the sandbox, then those for real money in the order
// choices are shown.
func (r Rails) Networks() []chain.Network {
	out := make([]chain.Network, 0, len(r.Chains))
	for _, n := range append([]chain.Network{chain.Sandbox}, chain.Networks()...) {
		if _, ok := r.Chains[n]; ok {
			out = append(out, n)
		}
	}
	return out
}

// Assets lists what a method pays in, one asset for every enabled network that carries its coin in a
// mode, in the order choices are shown; checkout.ErrUnsupportedMethod when none does.
func (r Rails) Assets(m checkout.Method, mode merchant.Mode) ([]chain.Asset, error) {
	networks := []chain.Network{chain.Sandbox}
	if mode != merchant.Test {
		networks = chain.Networks()
	}
	var out []chain.Asset
	for _, n := range networks {
		if a, ok := r.asset(n, m.Symbol()); ok {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return nil, checkout.ErrUnsupportedMethod.Saying(
			"no enabled rail carries " + string(m) + " in " + mode.String() + " mode on this gateway")
	}
	return out, nil
}

// asset is a coin as an enabled network carries it.
func (r Rails) asset(n chain.Network, symbol string) (chain.Asset, bool) {
	c, ok := r.Chains[n]
	if !ok {
		return chain.Asset{}, false
	}
	for _, a := range c.Assets() {
		if a.Symbol == symbol {
			return a, true
		}
	}
	return chain.Asset{}, false
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
