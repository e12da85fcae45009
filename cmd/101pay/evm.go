package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/evm"
	"github.com/101pay/101pay/adapters/system"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// evmNodes are where a network is read.
type evmNodes struct {
	network chain.Network
	urls    []string
}

// parseEVM reads EVM_RPC_URLS: networks separated by commas, a network's endpoints by bars. Errors
// repeat names, never URLs, which may hold keys.
func parseEVM(text string) ([]evmNodes, error) {
	var out []evmNodes
	var wrong []error
	for i, entry := range strings.Split(text, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		name, list, found := strings.Cut(entry, "=")
		if !found {
			wrong = append(wrong, fmt.Errorf("entry %d must be network=https://host/path", i+1))
			continue
		}
		n := evmNodes{network: chain.Network(strings.TrimSpace(name)), urls: trim(strings.Split(list, "|"))}
		if err := n.check(out); err != nil {
			wrong = append(wrong, fmt.Errorf("entry %d: %w", i+1, err))
			continue
		}
		out = append(out, n)
	}
	return out, errors.Join(wrong...)
}

// check refuses networks that are unknown or named before, and endpoints that are none.
func (n evmNodes) check(before []evmNodes) error {
	if n.network.EVMChainID() == 0 {
		return fmt.Errorf("the network must be one of %s", strings.Join(evmNames(), ", "))
	}
	if slices.ContainsFunc(before, func(o evmNodes) bool { return o.network == n.network }) {
		return fmt.Errorf("%s is there twice; separate its endpoints by |", n.network)
	}
	if len(n.urls) == 0 || len(n.urls) > ethrpc.MaxEndpoints {
		return fmt.Errorf("%s must have 1 to %d endpoints", n.network, ethrpc.MaxEndpoints)
	}
	for i, u := range n.urls {
		if err := checkBase(u); err != nil {
			return fmt.Errorf("%s: endpoint %d %w", n.network, i+1, err)
		}
	}
	return nil
}

// evmNames lists the networks that can be configured.
func evmNames() (out []string) {
	for _, n := range chain.Networks() {
		if n.EVMChainID() != 0 {
			out = append(out, string(n))
		}
	}
	return out
}

// evmHosts is the setting without what may hold a key.
func evmHosts(nodes []evmNodes) string {
	entries := make([]string, len(nodes))
	for i, n := range nodes {
		hosts := make([]string, len(n.urls))
		for k, u := range n.urls {
			hosts[k] = hostOf(u)
		}
		entries[i] = string(n.network) + "=" + strings.Join(hosts, "|")
	}
	return strings.Join(entries, ",")
}

// evmRails are the live rails of Ethereum's kind.
type evmRails []*evm.Chain

func openEVM(c *Config, clock ports.Clock) (evmRails, error) {
	out := make(evmRails, len(c.evm))
	for i, n := range c.evm {
		var err error
		if out[i], err = evm.New(evm.Config{Network: n.network, RPCURLs: n.urls, Clock: clock}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func examineEVM(ctx context.Context, f *findings, c *Config) {
	live, err := openEVM(c, system.Clock{})
	if err != nil {
		f.ill("evm", err.Error(), "correct EVM_RPC_URLS")
		return
	}
	if len(live) == 0 {
		f.note("evm", "no EVM_RPC_URLS: USDC, USDT, ETH and BNB are not taken on "+strings.Join(evmNames(), ", "))
	}
	for _, rail := range live {
		examineRail(ctx, f, rail.Rail, "EVM_RPC_URLS")
	}
}
