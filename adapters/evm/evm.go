// Package evm reads networks of Ethereum's kind: transfers of the coins that domain/chain lists for
// a network, from nodes that speak JSON-RPC.
//
// It owns how such a network writes addresses and what the contracts of its coins must say of
// themselves. It does not own which networks and coins there are (domain/chain: they are data), nor
// which node is asked and what of its answer counts (package ethrpc).
//
// Invariants:
//   - A coin is its contract's 20 bytes, with the decimals the contract itself tells. What it calls
//     itself is noted, not judged: issuers rename contracts (USDT is "USD₮0" on some networks).
//   - Final is what the node calls finalized, never a number of blocks and never "safe".
//   - No error holds a URL.
package evm

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// Config says which network is read, and where.
type Config struct {
	Network   chain.Network
	RPCURLs   []string // in order of preference
	Clock     ports.Clock
	Timeout   time.Duration     // of one request; 0 means 15 seconds
	Transport http.RoundTripper // nil means one of its own
}

// Chain reads one network. It implements ports.Chain and is safe for concurrent use.
type Chain struct {
	*ethrpc.Rail
}

// New prepares a chain. It asks nothing yet.
func New(cfg Config) (*Chain, error) {
	id := cfg.Network.EVMChainID()
	if id == 0 {
		return nil, fmt.Errorf("%q is no network of Ethereum's kind", cfg.Network)
	}
	assets := cfg.Network.Tokens()
	var tokens []ethrpc.Token
	for _, a := range assets {
		if a.IsNative() {
			continue
		}
		contract, ok := account(chain.Address(a.Contract))
		if !ok {
			return nil, fmt.Errorf("%s: the contract %q of %s is no address", cfg.Network, a.Contract, a.Symbol)
		}
		tokens = append(tokens, ethrpc.Token{Contract: contract, Symbol: a.Symbol, Decimals: a.Decimals})
	}
	endpoints := make([]ethrpc.Endpoint, len(cfg.RPCURLs))
	for i, u := range cfg.RPCURLs {
		endpoints[i] = ethrpc.Endpoint{URL: u}
	}
	client, err := ethrpc.New(ethrpc.Config{
		Endpoints: endpoints, ChainID: id, Tokens: tokens, Now: cfg.Clock.Now,
		Timeout: cfg.Timeout, Transport: cfg.Transport, Native: slices.ContainsFunc(assets, chain.Asset.IsNative),
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cfg.Network, err)
	}
	script := ethrpc.Script{
		Read:  account,
		Print: func(b ethrpc.Address) chain.Address { return chain.EVMAddress(b) },
	}
	return &Chain{ethrpc.NewRail(client, cfg.Network, assets, script)}, nil
}

// account is the 20 bytes of an address exactly as EIP-55 writes it.
func account(a chain.Address) (ethrpc.Address, bool) { return a.EVMBytes() }
