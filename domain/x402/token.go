package x402

import (
	"errors"
	"unicode/utf8"
)

// ErrToken refuses a description of a token that no signature could be checked by.
var ErrToken = errors.New("token: it takes a network, a contract, and the name and version of its EIP-712 domain")

// Token is a contract that can be paid with, with the EIP-712 domain its payers sign for.
// The domain's name is the contract's own name() and differs between networks ("USDC" on Base Sepolia,
// "USD Coin" on Base), so whoever reads a chain compares Domain with the contract's DOMAIN_SEPARATOR()
// before anything is sold. The zero value is not a token.
type Token struct {
	network       Network
	contract      Address
	name, version string
	domain        Hash
	methods       methods
	permits       bool
}

// methods is a set of them.
type methods uint8

func (ms methods) has(m Method) bool { return ms&(1<<m) != 0 }

var (
	domainType = keccak([]byte("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"))
	transfer   = keccak([]byte("TransferWithAuthorization(address from,address to,uint256 value," +
		"uint256 validAfter,uint256 validBefore,bytes32 nonce)"))
)

// NewToken describes a token that takes authorizations.
func NewToken(n Network, contract Address, name, version string) (Token, error) {
	for _, s := range []string{name, version} {
		if s == "" || len(s) > maxTextBytes || !utf8.ValidString(s) {
			return Token{}, ErrToken
		}
	}
	if n == 0 || contract == (Address{}) {
		return Token{}, ErrToken
	}
	t := Token{network: n, contract: contract, name: name, version: version, methods: 1 << EIP3009}
	named, versioned := keccak([]byte(name)), keccak([]byte(version))
	id, at := Uint(uint64(n)).Bytes(), word(contract)
	t.domain = keccak(domainType[:], named[:], versioned[:], id[:], at[:])
	return t, nil
}

// PlainToken describes a token that takes nothing its payers sign: it tells no EIP-712 domain, or none that
// holds. It can be paid with by Permit2 only, if at all.
func PlainToken(n Network, contract Address) (Token, error) {
	if n == 0 || contract == (Address{}) {
		return Token{}, ErrToken
	}
	return Token{network: n, contract: contract}, nil
}

// Paid is the token as one that can be paid with by these methods and no others.
func (t Token) Paid(by ...Method) Token {
	t.methods = 0
	for _, m := range by {
		t.methods |= 1 << m
	}
	return t
}

// Permitting is the token as one that takes permits by signature (EIP-2612) for its domain.
func (t Token) Permitting() Token {
	t.permits = t.domain != Hash{}
	return t
}

// Takes reports whether the token can be paid with by a method.
func (t Token) Takes(m Method) bool { return t.methods.has(m) }

// Permits reports whether it takes permits by signature (EIP-2612).
func (t Token) Permits() bool { return t.permits }

// Same reports whether two descriptions are of one token and one domain, whatever they say of methods.
func (t Token) Same(as Token) bool {
	return t.network == as.network && t.contract == as.contract && t.domain == as.domain
}

// Network is where the token is.
func (t Token) Network() Network { return t.network }

// Contract is the token's address.
func (t Token) Contract() Address { return t.contract }

// Domain is the hash of the token's EIP-712 domain: what its DOMAIN_SEPARATOR() must answer; zero for a plain
// one.
func (t Token) Domain() Hash { return t.domain }

// word is an address as the EVM encodes it: twelve zero bytes before it.
func word(a Address) (w Hash) {
	copy(w[wordBytes-addressBytes:], a[:])
	return w
}
