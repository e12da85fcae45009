// Package lab is a gateway without a process, a database or a network: its real use cases and its
// real readers of chains, over a store in memory, simulated nodes and a clock that is moved by hand.
// Months pass in it within seconds, and what happens is the same each time.
//
// It owns putting these parts together, shops to be paid, and transfers to pay them by. It does not
// own what happens, nor any expectation: tests have those.
//
// Invariants: nothing in it runs by itself; chance comes from a seed.
package lab

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc/simnode"
	"github.com/101pay/101pay/adapters/evm"
	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/vault"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// Clock is moved by hand.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now implements ports.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Pass lets time pass.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Epoch is when labs open.
var Epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Lab is what gateways share: a store, a clock, chance and chains.
type Lab struct {
	Store  *memory.Store
	Clock  *Clock
	Chance *rand.Rand
	Chains map[chain.Network]*simnode.Chain
}

// Open answers a lab in which everything follows from a seed.
func Open(seed uint64, options ...memory.Option) *Lab {
	return &Lab{
		Store: memory.New(options...), Clock: &Clock{now: Epoch},
		Chance: rand.New(rand.NewPCG(seed, 101)), //nolint:gosec // it has to be repeatable
		Chains: map[chain.Network]*simnode.Chain{},
	}
}

// Found starts the chain of a network: its id, its coins, one block of now.
func (l *Lab) Found(n chain.Network, finality uint64) *simnode.Chain {
	var coins []simnode.Coin
	for _, a := range n.Tokens() {
		at, _ := chain.Address(a.Contract).EVMBytes()
		coins = append(coins, simnode.Coin{Contract: at, Symbol: a.Symbol, Decimals: a.Decimals})
	}
	l.Chains[n] = simnode.New(n.EVMChainID(), finality, l.Clock.Now().Unix(), coins...)
	return l.Chains[n]
}

// Gateway is one gateway's use cases. Several share a lab as processes share a database.
type Gateway struct {
	Checkout   app.Checkout
	Settlement *app.Settlement
	Rescanner  app.Rescanner
	Receiving  app.Receiving
}

// Gateway puts a gateway together that reads the lab's chains at URLs, through a wire, and does its
// units of work by work, which is the store or something before it.
func (l *Lab) Gateway(
	work ports.UnitOfWork, wire http.RoundTripper, urls map[chain.Network][]string,
) (*Gateway, error) {
	rails := app.Rails{
		Chains: map[chain.Network]ports.Chain{}, Rereaders: map[chain.Network]ports.Rereader{}, Cursors: l.Store,
	}
	for n, at := range urls {
		rail, err := evm.New(evm.Config{
			Network: n, RPCURLs: at, Clock: l.Clock, Transport: wire,
			Timeout: time.Hour, // of the machine's time, in which nothing here waits
		})
		if err != nil {
			return nil, err
		}
		rails.Chains[n], rails.Rereaders[n] = rail, rail
	}
	core := app.Core{Work: work, Clock: l.Clock, IDs: ids{l.Chance}, Vault: vault.New(vault.NewMasterKey([32]byte{101}))}
	log := slog.New(slog.DiscardHandler)
	events := app.Announcer{IDs: ids{l.Chance}, Clock: l.Clock, Encoder: plain{}, Addresses: plain{}}
	settlement := &app.Settlement{
		Core: core, Rails: rails, Sessions: l.Store, Changes: l.Store, Orders: l.Store, Watches: l.Store,
		Events: events, Log: log,
	}
	signin := app.SignIn{Core: core, Passwords: vault.NewPasswords(), Ring: l.Store, Throttle: app.NewThrottle()}
	return &Gateway{
		Settlement: settlement, Rescanner: app.Rescanner{Settlement: settlement, Reads: l.Store},
		Checkout: app.Checkout{
			Core: core, Sessions: l.Store, Rails: rails, Rates: even{l.Clock}, Changes: l.Store, Events: events,
			Log: log,
		},
		Receiving: app.Receiving{Core: core, Rails: rails, SignIn: signin, Events: events, Log: log},
	}, nil
}

// even quotes everything one to one.
type even struct{ clock ports.Clock }

// Rate implements ports.Rates.
func (e even) Rate(
	_ context.Context, _ merchant.Mode, from money.Currency, asset string,
) (money.Rate, error) {
	unit, err := money.Parse(from, "1")
	return money.Rate{
		From: from.Code(), To: asset, Price: unit.Decimal(), Source: "lab", At: e.clock.Now(),
	}, err
}
