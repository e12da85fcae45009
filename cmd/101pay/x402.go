package main

import (
	"fmt"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/evm/relayer"
	"github.com/101pay/101pay/adapters/facilitator"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// payable is the coin that takes authorizations, and permitted the one that is paid with by permit. Both count
// in payableDecimals: prices are in base units of six decimals, so that a token of eighteen would be paid a
// trillionth of its price.
const (
	payable         = "USDC"
	permitted       = "USDT"
	payableDecimals = 6
)

// tokenRails are the networks on which payments by authorization are settled. Nothing is asked of them
// here: a node that is down does not hold up the start, and a token is offered once it has proven itself.
func tokenRails(c *Config, played *sandbox.Tokens, clock ports.Clock) (app.TokenRails, error) {
	rails := app.TokenRails{{
		Mode: merchant.Test, Chain: played, Relay: played, Confirmations: 1,
		Coins: map[x402.Address]string{sandbox.PlainUSDT.Contract(): permitted},
	}}
	if len(c.X402.TestRPCURLs) > 0 {
		test, err := c.X402.rail(network{
			name: testNetwork, id: sandbox.TokenNetwork, mode: merchant.Test, urls: c.X402.TestRPCURLs,
			tokens: []relayer.Listed{{Contract: sandbox.USDC.Contract(), Decimals: payableDecimals}},
		}, clock)
		if err != nil {
			return nil, fmt.Errorf("X402_TEST_RPC_URLS: %w", err)
		}
		rails = app.TokenRails{test}
	}
	if !c.X402.settles() {
		return rails, nil
	}
	for _, nodes := range c.evm {
		n := network{
			name: string(nodes.network), id: x402.NetworkOf(nodes.network), mode: merchant.Live, urls: nodes.urls,
			watched: nodes.network,
		}
		for _, a := range nodes.network.Tokens() {
			contract, ok := x402.AddressOf(chain.Address(a.Contract))
			taken := a.Symbol == payable || a.Symbol == permitted && len(c.X402.keys) > 0
			if ok && taken && a.Decimals == payableDecimals {
				n.tokens = append(n.tokens, relayer.Listed{Contract: contract, Decimals: a.Decimals})
			}
		}
		if len(n.tokens) == 0 {
			continue
		}
		live, err := c.X402.rail(n, clock)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", nodes.network, err)
		}
		rails = append(rails, live)
	}
	return rails, nil
}

// network is one on which settlements are to be made.
type network struct {
	name    string // in settings
	id      x402.Network
	mode    merchant.Mode
	urls    []string
	tokens  []relayer.Listed
	watched chain.Network
}

// rail settles on a network: with our keys if there are any, else by somebody else's facilitator.
func (a *agentSettings) rail(n network, clock ports.Clock) (app.TokenRail, error) {
	endpoints := make([]ethrpc.Endpoint, len(n.urls))
	for i, u := range n.urls {
		endpoints[i].URL = u
	}
	client, err := ethrpc.New(ethrpc.Config{Endpoints: endpoints, ChainID: uint64(n.id), Now: clock.Now})
	if err != nil {
		return app.TokenRail{}, err
	}
	cfg := relayer.Config{Network: n.id, Client: client, Tokens: n.tokens, Factories: a.factories, Clock: clock}
	if len(a.keys) > 0 {
		cfg.Sender, cfg.Permits = a.keys[0].Account(), true
	}
	asked, err := relayer.New(cfg)
	if err != nil {
		return app.TokenRail{}, err
	}
	rail := app.TokenRail{
		Mode: n.mode, Chain: asked, Confirmations: of(a.confirmations, n.name).Uint64(), Watched: n.watched,
		Budget: of(a.budget, n.name),
	}
	if len(a.keys) > 0 {
		rail.Relay, err = relayer.NewRelay(asked, a.keys, of(a.maxFee, n.name))
		return rail, err
	}
	rail.Delegate, err = facilitator.New(facilitator.Options{
		URL: a.FacilitatorURL, Token: a.FacilitatorToken, Clock: clock,
	})
	return rail, err
}

// settingName is what a network is called in settings.
func settingName(n x402.Network) string {
	for _, known := range chain.Networks() {
		if x402.NetworkOf(known) == n {
			return string(known)
		}
	}
	if n == sandbox.TokenNetwork {
		return testNetwork
	}
	return n.String()
}

// ownRails are those on which we send, and money is worth something to somebody.
func ownRails(rails app.TokenRails) (out []app.TokenRail) {
	for _, r := range rails {
		if _, played := r.Relay.(*sandbox.Tokens); r.Relay != nil && !played {
			out = append(out, r)
		}
	}
	return out
}
