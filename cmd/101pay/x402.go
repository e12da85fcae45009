package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/evm/relayer"
	"github.com/101pay/101pay/adapters/facilitator"
	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/adapters/system"
	"github.com/101pay/101pay/adapters/telemetry"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// payable is the coin that takes authorizations.
const payable = "USDC"

// tokenRails are the networks on which payments by authorization are settled. Nothing is asked of them
// here: a node that is down does not hold up the start, and a token is offered once it has proven itself.
func tokenRails(c *Config, played *sandbox.Tokens, clock ports.Clock) (app.TokenRails, error) {
	rails := app.TokenRails{{Mode: merchant.Test, Chain: played, Relay: played, Confirmations: 1}}
	if len(c.X402.TestRPCURLs) > 0 {
		test, err := c.X402.rail(network{
			name: testNetwork, id: sandbox.TokenNetwork, mode: merchant.Test, urls: c.X402.TestRPCURLs,
			tokens: []relayer.Listed{{Contract: sandbox.USDC.Contract(), Decimals: 6}},
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
			if ok && a.Symbol == payable {
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
		cfg.Sender = a.keys[0].Account()
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

// How relayers are looked after.
const (
	relayerPace  = time.Minute
	unminedLimit = 1000 // transactions counted of an account
)

// relayerReport is how an account stands that sends settlements, for operators.
type relayerReport struct {
	Network   string    `json:"network"`
	Account   string    `json:"account"`
	Balance   string    `json:"balance"` // of the network's own coin
	Low       bool      `json:"low"`     // below X402_LOW_GAS
	Unmined   int       `json:"unmined"` // transactions sent and in no block yet
	NextNonce uint64    `json:"nextNonce"`
	SeenAt    time.Time `json:"seenAt"`
	Problem   string    `json:"problem,omitempty"` // why it could not be asked the last time

	wei *big.Int
}

// relayers remembers how the accounts that send settlements were last seen to stand. Scrapes and probes
// read what it knows: nobody's probe makes us ask a node.
type relayers struct {
	rails  []app.TokenRail
	lanes  ports.LaneReads
	low    map[string]*big.Int
	log    *slog.Logger
	clock  ports.Clock
	mu     sync.Mutex
	latest []relayerReport
}

func openRelayers(
	c *Config, rails app.TokenRails, store *postgres.Store, log *slog.Logger, clock ports.Clock,
) *relayers {
	return &relayers{rails: ownRails(rails), lanes: store.Lanes(), low: c.X402.lowGas, log: log, clock: clock}
}

// Look asks how every account stands, and warns when one falls below what the operator wants there.
func (r *relayers) Look(ctx context.Context) error {
	before := r.reports()
	var now []relayerReport
	for _, rail := range r.rails {
		for _, account := range rail.Relay.Accounts() {
			report, known := r.look(ctx, rail, account), false
			for _, was := range before {
				if was.Network == report.Network && was.Account == report.Account {
					known = true
					r.tell(was, report)
				}
			}
			if !known {
				r.tell(relayerReport{}, report)
			}
			now = append(now, report)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.latest = now
	return nil
}

func (r *relayers) look(ctx context.Context, rail app.TokenRail, account x402.Address) relayerReport {
	name := settingName(rail.Network())
	out := relayerReport{Network: name, Account: account.String(), SeenAt: r.clock.Now().UTC(), wei: new(big.Int)}
	next, balance, err := rail.Relay.Standing(ctx, account)
	if err == nil {
		out.wei, out.NextNonce = balance, next
		out.Balance, out.Low = decimal(balance, coinDigits), balance.Cmp(of(r.low, name)) < 0
		var unmined []ports.RelayTransaction
		unmined, err = r.lanes.Unmined(ctx, rail.Network(), account, unminedLimit)
		out.Unmined = len(unmined)
	}
	if err != nil {
		out.Problem = err.Error()
	}
	return out
}

// tell logs what changed.
func (r *relayers) tell(was, is relayerReport) {
	log := r.log.With("network", is.Network, "account", is.Account)
	switch {
	case is.Problem != "" && was.Problem == "":
		log.Warn("the relayer's account could not be looked at", "error", is.Problem)
	case is.Low && !was.Low:
		log.Warn("the relayer's account runs out of gas; send it some of the network's own coin", "balance", is.Balance)
	case was.Low && !is.Low && is.Problem == "":
		log.Info("the relayer's account has gas again", "balance", is.Balance)
	}
}

func (r *relayers) reports() []relayerReport {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.latest)
}

// states is reports as metrics have them: of accounts that could be looked at.
func (r *relayers) states() (out []telemetry.RelayerState) {
	for _, s := range r.reports() {
		if s.Problem == "" {
			out = append(out, telemetry.RelayerState{
				Network: s.Network, Account: s.Account, Balance: coins(s.wei), Low: s.Low, Unmined: s.Unmined,
			})
		}
	}
	return out
}

// examineAgents checks what settles payments by authorization.
func examineAgents(ctx context.Context, f *findings, c *Config) {
	rails, err := tokenRails(c, sandbox.NewTokens(nil, nil, system.Clock{}), system.Clock{})
	if err != nil {
		f.ill("x402", err.Error(), "correct the X402 settings")
		return
	}
	if !c.X402.settles() {
		f.note("x402", "no X402_RELAYER_KEYS and no X402_FACILITATOR_URL: programs pay in test mode only")
		return
	}
	for _, rail := range rails {
		if asked, ok := rail.Chain.(*relayer.Chain); ok {
			examineTokens(ctx, f, asked)
		}
	}
	for _, rail := range ownRails(rails) {
		for _, account := range rail.Relay.Accounts() {
			examineRelayer(ctx, f, rail, account, c.X402.lowGas)
		}
	}
}

// examineTokens says which tokens of a network prove to be what is listed.
func examineTokens(ctx context.Context, f *findings, asked *relayer.Chain) {
	subject := "x402 " + settingName(asked.Network())
	tokens, err := asked.Tokens(ctx)
	if err != nil {
		f.ill(subject, err.Error(), "check the endpoints of this network")
		return
	}
	for _, t := range tokens {
		f.well(subject, t.Contract().String()+" takes authorizations, its EIP-712 domain is as it says")
	}
	problems, _ := asked.Problems(ctx) // known by now
	for _, p := range problems {
		f.note(subject, "not offered: "+p)
	}
}

func examineRelayer(
	ctx context.Context, f *findings, rail app.TokenRail, account x402.Address, low map[string]*big.Int,
) {
	name := settingName(rail.Network())
	subject := "x402 " + name
	_, balance, err := rail.Relay.Standing(ctx, account)
	if err != nil {
		f.ill(subject, err.Error(), "check the endpoints of this network")
		return
	}
	text := fmt.Sprintf("relayer %s has %s of the network's own coin", account, decimal(balance, coinDigits))
	if want := of(low, name); balance.Cmp(want) < 0 {
		f.ill(subject, text+", less than "+decimal(want, coinDigits), "send it some; without gas nothing is settled")
		return
	}
	f.well(subject, text)
}

// withRelayers adds what is known of relayers to the view of operators.
type withRelayers struct {
	readiness
	Relayers []relayerReport `json:"relayers"`
}
