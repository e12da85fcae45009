package x402

import (
	"strconv"
	"strings"

	"github.com/101pay/101pay/domain/chain"
)

// Network is an EVM network by its EIP-155 chain id. The zero value is not a network.
type Network uint64

// caip is the namespace of EVM networks in CAIP-2.
const caip = "eip155:"

// namesV1 is the closed list of EVM networks of version 1. Its clients refuse a whole challenge that
// names any other, so a network without a name here is offered in version 2 only.
var namesV1 = map[Network]string{
	8453: "base", 84532: "base-sepolia", 43114: "avalanche", 43113: "avalanche-fuji", 137: "polygon",
	80002: "polygon-amoy", 1329: "sei", 1328: "sei-testnet", 4689: "iotex", 3338: "peaq", 1514: "story",
	41923: "educhain", 2741: "abstract", 11124: "abstract-testnet", 324705682: "skale-base-sepolia",
}

// NetworkOf is a watched network as x402 knows it; 0 if its addresses are not Ethereum's.
func NetworkOf(n chain.Network) Network { return Network(n.EVMChainID()) }

// Name is what a version calls the network: a name in version 1 ("base"), its CAIP-2 id in version 2
// ("eip155:8453"). "" if the version has no name for it.
func (n Network) Name(v Version) string {
	switch {
	case n == 0:
		return ""
	case v == V1:
		return namesV1[n]
	case v == V2:
		return caip + strconv.FormatUint(uint64(n), 10)
	}
	return ""
}

// String is the CAIP-2 id.
func (n Network) String() string { return n.Name(V2) }

// numbersV1 are the networks of version 1 by their names.
var numbersV1 = func() map[string]Network {
	out := map[string]Network{}
	for n, name := range namesV1 {
		out[name] = n
	}
	return out
}()

// ParseNetwork reads a network as a version names it. Version 2 may name any EVM network.
func ParseNetwork(v Version, name string) (n Network, ok bool) {
	if v == V1 {
		n, ok = numbersV1[name]
		return n, ok
	}
	digits, evm := strings.CutPrefix(name, caip)
	id, ok := ParseUint(digits)
	number, fits := id.Uint64()
	if v != V2 || !evm || !ok || !fits || number == 0 {
		return 0, false
	}
	return Network(number), true
}
