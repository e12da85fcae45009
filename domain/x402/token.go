package x402

import (
	"errors"
	"unicode/utf8"
)

// ErrToken refuses a description of a token that no signature could be checked by.
var ErrToken = errors.New("token: it takes a network, a contract, and the name and version of its EIP-712 domain")

// Token is a contract that takes EIP-3009 authorizations, with the EIP-712 domain its payers sign for.
// The domain's name is the contract's own name() and differs between networks ("USDC" on Base Sepolia,
// "USD Coin" on Base), so whoever reads a chain compares Domain with the contract's DOMAIN_SEPARATOR()
// before anything is sold. The zero value is not a token.
type Token struct {
	network       Network
	contract      Address
	name, version string
	domain        Hash
}

var (
	domainType = keccak([]byte("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"))
	transfer   = keccak([]byte("TransferWithAuthorization(address from,address to,uint256 value," +
		"uint256 validAfter,uint256 validBefore,bytes32 nonce)"))
)

// NewToken describes a token.
func NewToken(n Network, contract Address, name, version string) (Token, error) {
	for _, s := range []string{name, version} {
		if s == "" || len(s) > maxTextBytes || !utf8.ValidString(s) {
			return Token{}, ErrToken
		}
	}
	if n == 0 || contract == (Address{}) {
		return Token{}, ErrToken
	}
	t := Token{network: n, contract: contract, name: name, version: version}
	named, versioned := keccak([]byte(name)), keccak([]byte(version))
	id, at := Uint(uint64(n)).Bytes(), word(contract)
	t.domain = keccak(domainType[:], named[:], versioned[:], id[:], at[:])
	return t, nil
}

// Network is where the token is.
func (t Token) Network() Network { return t.network }

// Contract is the token's address.
func (t Token) Contract() Address { return t.contract }

// Domain is the hash of the token's EIP-712 domain: what its DOMAIN_SEPARATOR() must answer.
func (t Token) Domain() Hash { return t.domain }

// word is an address as the EVM encodes it: twelve zero bytes before it.
func word(a Address) (w Hash) {
	copy(w[wordBytes-addressBytes:], a[:])
	return w
}
