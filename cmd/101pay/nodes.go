package main

import (
	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/domain/chain"
)

// nodes are the live rails, whatever their network.
func nodes(live tronRail, others evmRails) []*ethrpc.Rail {
	var out []*ethrpc.Rail
	if live.chain != nil {
		out = append(out, live.chain.Rail)
	}
	for _, c := range others {
		out = append(out, c.Rail)
	}
	return out
}

// settingOf is where a network's endpoints are named.
func settingOf(n chain.Network) string {
	if n == chain.Tron {
		return "TRON_RPC_URLS"
	}
	return "EVM_RPC_URLS"
}

// endpointsOf answers how the endpoints of a network are doing; none for a simulated one.
func endpointsOf(rails []*ethrpc.Rail, n chain.Network) []ethrpc.EndpointHealth {
	for _, r := range rails {
		if r.Network() == n {
			return r.Endpoints()
		}
	}
	return nil
}
