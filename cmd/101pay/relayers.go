package main

import (
	"context"
	"log/slog"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/adapters/telemetry"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

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
		unmined, err = r.lanes.Unmined(ctx, rail.Network(), account, next, unminedLimit)
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

// withRelayers adds what is known of relayers to the view of operators.
type withRelayers struct {
	readiness
	Relayers []relayerReport `json:"relayers,omitempty"`
}
