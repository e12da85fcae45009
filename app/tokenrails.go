package app

import (
	"math/big"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// TokenRail is how authorizations are checked and settled on one network. Exactly one of Relay and
// Delegate is set.
type TokenRail struct {
	Mode     merchant.Mode // whose money it is: a test network's is Test
	Chain    ports.TokenChain
	Relay    ports.Relay    // sends with a key of ours
	Delegate ports.Delegate // sends with somebody else's
	// Confirmations is how many blocks must hold a transfer before what it pays for is delivered, from 1.
	Confirmations uint64
	// Watched is the network as the watcher knows it, whose recorded transfers a settlement is one of; ""
	// where nobody watches.
	Watched chain.Network
	// Budget is the most that may be burnt in 24 hours, in wei; nil for no bound.
	Budget *big.Int
	// Coins are the symbols of tokens that are no USDC, where nobody watches: elsewhere the watcher knows.
	Coins map[x402.Address]string
}

// coin is the symbol of a token of the rail.
func (r TokenRail) coin(token x402.Address) string {
	if symbol, known := r.Coins[token]; known {
		return symbol
	}
	for _, a := range r.Watched.Tokens() {
		if contract, ok := x402.AddressOf(chain.Address(a.Contract)); ok && contract == token {
			return a.Symbol
		}
	}
	return coinSold
}

// facilitators are the accounts that settle what was used of a payment, if there are any.
func (r TokenRail) facilitators() []x402.Address {
	if r.Relay == nil {
		return nil
	}
	return r.Relay.Accounts()
}

// way is how a resource's token is paid with: by what the token itself takes, if it is sold at a price, else
// by permit. ok is false if it cannot be paid with.
func (r TokenRail) way(t x402.Token, upTo bool) (way x402.Requirements, ok bool) {
	methods := []x402.Method{x402.EIP3009, x402.Permit2}
	if upTo {
		methods = []x402.Method{x402.Permit2UpTo}
	}
	for _, m := range methods {
		if !t.Takes(m) || m.Permits() && r.Relay == nil {
			continue
		}
		way = x402.Requirements{Token: t, Method: m}
		if m == x402.Permit2UpTo {
			way.Facilitator = r.Relay.Accounts()[0]
		}
		return way, true
	}
	return way, false
}

// Network is the rail's network.
func (r TokenRail) Network() x402.Network { return r.Chain.Network() }

// TokenRails are the networks on which authorizations can be settled.
type TokenRails []TokenRail

// For finds the rail of a network for a mode.
func (rs TokenRails) For(m merchant.Mode, n x402.Network) (TokenRail, bool) {
	for _, r := range rs {
		if r.Mode == m && r.Network() == n {
			return r, true
		}
	}
	return TokenRail{}, false
}

// Of lists the rails of a mode, in order of preference.
func (rs TokenRails) Of(m merchant.Mode) (out []TokenRail) {
	for _, r := range rs {
		if r.Mode == m {
			out = append(out, r)
		}
	}
	return out
}
