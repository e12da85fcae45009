package chain

import (
	"slices"
	"strings"
	"time"
)

// The networks known so far. Sandbox is the chain of test mode: simulated, persistent, and read by
// the same watcher as any other.
const (
	Tron      Network = "tron"
	Ethereum  Network = "ethereum"
	BSC       Network = "bsc"
	Polygon   Network = "polygon"
	Arbitrum  Network = "arbitrum"
	Base      Network = "base"
	Optimism  Network = "optimism"
	Avalanche Network = "avalanche"
	Sandbox   Network = "sandbox"
)

// facts are what is known of a network. They are data: a network is added by adding a row.
type facts struct {
	network  Network
	standard string        // what payers choose in wallets and exchanges
	title    string        // the network's own name
	evmID    uint64        // EIP-155 chain id; 0 where addresses are not Ethereum's
	depth    uint64        // blocks from mined to final, about; for showing progress only
	wait     time.Duration // from mined to final, about; for telling people only
	tokens   []token
}

// nativeDecimals are those of every network's own coin that is listed.
const nativeDecimals = 18

// token is a coin as one network carries it: a token, or the network's own coin. Only what the issuer
// itself issues, or what everybody means by the name there, is listed: bridged copies (USDC.e) are
// other coins.
type token struct {
	symbol, contract string
	decimals         uint8
}

// all lists the networks in the order choices are shown. Contracts are those of the issuers' own
// lists (Circle: developers.circle.com/stablecoins, Tether: tether.to/supported-protocols) and, on
// BSC, of Binance-Peg. A watcher compares decimals with the chain before it believes them.
var all = []facts{
	{
		Tron, "TRC20", "TRON", 0, 19, time.Minute, // two thirds of 27 representatives, and one
		[]token{{"USDT", TronUSDT, 6}},
	},
	{
		Ethereum, "ERC20", "Ethereum", 1, 64, 15 * time.Minute, // two epochs
		[]token{
			{"USDT", "0xdAC17F958D2ee523a2206206994597C13D831ec7", 6},
			{"USDC", "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", 6},
			{"ETH", Native, nativeDecimals},
		},
	},
	{
		BSC, "BEP20", "BNB Smart Chain", 56, 2, 5 * time.Second, // fast finality
		[]token{
			{"USDT", "0x55d398326f99059fF775485246999027B3197955", 18},
			{"USDC", "0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d", 18},
			{"BNB", Native, nativeDecimals},
		},
	},
	{
		Polygon, "POLYGON", "Polygon PoS", 137, 3, 10 * time.Second, // milestones
		[]token{
			{"USDT", "0xc2132D05D31c914a87C6611C10748AEb04B58e8F", 6},
			{"USDC", "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359", 6},
		},
	},
	{
		Arbitrum, "ARBITRUM", "Arbitrum One", 42161, 4800, 20 * time.Minute, // posted to Ethereum, final there
		[]token{
			{"USDT", "0xFd086bC7CD5C481DCC9C85ebE478A1C0b69FCbb9", 6},
			{"USDC", "0xaf88d065e77c8cC2239327C5EDb3A432268e5831", 6},
			{"ETH", Native, nativeDecimals},
		},
	},
	{
		Base, "BASE", "Base", 8453, 600, 20 * time.Minute,
		[]token{
			{"USDC", "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", 6},
			{"ETH", Native, nativeDecimals},
		},
	},
	{
		Optimism, "OPTIMISM", "OP Mainnet", 10, 600, 20 * time.Minute,
		[]token{
			{"USDT", "0x94b008aA00579c1307B0EF2c499aD98a8ce58e58", 6},
			{"USDC", "0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85", 6},
			{"ETH", Native, nativeDecimals},
		},
	},
	{
		Avalanche, "AVAXC", "Avalanche C-Chain", 43114, 1, 5 * time.Second, // accepted is final
		[]token{
			{"USDT", "0x9702230A8Ea53601f5cD2dc00fDBc13d4dF4A8c7", 6},
			{"USDC", "0xB97EF9Ef8734C71904D8002F8b6Bc66Dd9c48a6E", 6},
		},
	},
	{
		Sandbox, "TRC20", "TRON", 0, 4, time.Minute,
		[]token{
			{"USDT", string(SandboxAddress("USDT contract")), 6},
			{"USDC", string(SandboxAddress("USDC contract")), 6},
			{"ETH", sandboxNative + "eth", nativeDecimals},
			{"BNB", sandboxNative + "bnb", nativeDecimals},
		},
	},
}

// of answers the facts of a network; what is not known has none but its name.
func of(n Network) facts {
	if at := slices.IndexFunc(all, func(f facts) bool { return f.network == n }); at >= 0 {
		return all[at]
	}
	return facts{network: n, standard: string(n), title: string(n)}
}

// Networks lists the networks for real money, in the order choices are shown.
func Networks() []Network {
	var out []Network
	for _, f := range all {
		if f.network != Sandbox {
			out = append(out, f.network)
		}
	}
	return out
}

// Standards lists what payers call the networks for real money, in the order of Networks.
func Standards() []string {
	var out []string
	for _, n := range Networks() {
		out = append(out, n.Standard())
	}
	return out
}

// ParseNetwork reads a network for real money by the names merchants use: its name here in small
// or capital letters, or the standard that wallets print. "TRC20", "TRON" and "tron" mean Tron.
func ParseNetwork(s string) (Network, error) {
	for _, n := range Networks() {
		if s == n.Standard() || s == string(n) || s == strings.ToUpper(string(n)) {
			return n, nil
		}
	}
	return "", ErrUnsupportedNetwork
}

// Standard is what payers choose in a wallet or at an exchange, as it is printed there.
func (n Network) Standard() string { return of(n).standard }

// Title is the network's own name, for people.
func (n Network) Title() string { return of(n).title }

// EVMChainID is the network's EIP-155 chain id, 0 if its addresses are not Ethereum's.
func (n Network) EVMChainID() uint64 { return of(n).evmID }

// FinalityDepth is about how many blocks pass until one is final: for showing progress, never for
// deciding (a watcher asks the network which block is final).
func (n Network) FinalityDepth() uint64 { return of(n).depth }

// FinalityWait is about how long it takes until a block is final: for telling people, never for
// deciding.
func (n Network) FinalityWait() time.Duration { return of(n).wait }

// Tokens lists the coins a network carries, its own among them, in the order choices are shown.
func (n Network) Tokens() []Asset {
	var out []Asset
	for _, t := range of(n).tokens {
		out = append(out, Asset{Network: n, Symbol: t.symbol, Contract: t.contract, Decimals: t.decimals})
	}
	return out
}

// Native is the network's own coin, if it is one that can be paid in.
func (n Network) Native() (Asset, bool) {
	for _, a := range n.Tokens() {
		if a.IsNative() && a.Network != Sandbox {
			return a, true
		}
	}
	return Asset{}, false
}

// Carriers lists the networks for real money that carry a coin, in the order of Networks.
func Carriers(symbol string) []Network {
	var out []Network
	for _, n := range Networks() {
		if slices.ContainsFunc(n.Tokens(), func(a Asset) bool { return a.Symbol == symbol }) {
			out = append(out, n)
		}
	}
	return out
}

// ParseAddress reads an address of a network, exactly as written, and refuses those where money
// would be lost.
func ParseAddress(n Network, s string) (Address, error) {
	if n.EVMChainID() != 0 {
		return ParseEVMAddress(s)
	}
	return ParseTronAddress(s)
}

// Family lists the networks whose addresses are n's addresses too: who has the key to one there has
// it here. Money sent on the wrong one of them can be found, and is the receiver's all the same.
func (n Network) Family() []Network {
	if n.EVMChainID() == 0 {
		return []Network{n}
	}
	var out []Network
	for _, f := range all {
		if f.evmID != 0 {
			out = append(out, f.network)
		}
	}
	return out
}
