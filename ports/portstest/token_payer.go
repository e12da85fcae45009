package portstest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"golang.org/x/crypto/sha3"

	"github.com/101pay/101pay/domain/x402"
)

// TokenPayer is somebody with a key, who signs authorizations for himself or for a wallet contract.
type TokenPayer struct {
	key     *secp256k1.PrivateKey
	Account x402.Address // whose money moves: the key's, unless it is a wallet's
	// Wrap makes of the key's signature what the account presents; nil for the signature itself.
	Wrap func(signature []byte) []byte
}

// NewTokenPayer is somebody nobody has met before.
func NewTokenPayer() TokenPayer {
	id := hash()
	return PayerNamed(hex.EncodeToString(id[:]))
}

// PayerNamed is the same payer whenever it is asked for.
func PayerNamed(name string) TokenPayer {
	seed := sha256.Sum256([]byte("portstest payer " + name))
	p := TokenPayer{key: secp256k1.PrivKeyFromBytes(seed[:])}
	sum := sha3.NewLegacyKeccak256()
	sum.Write(p.key.PubKey().SerializeUncompressed()[1:])
	copy(p.Account[:], sum.Sum(nil)[12:])
	return p
}

// Key are the 32 bytes of the payer's key.
func (p TokenPayer) Key() []byte { return p.key.Serialize() }

// Raw signs a digest: r, s and v.
func (p TokenPayer) Raw(digest x402.Hash) []byte {
	compact := ecdsa.SignCompact(p.key, digest[:], false)
	return append(compact[1:], compact[0])
}

// TokenPrice is an amount of a token for somebody.
type TokenPrice struct {
	Token         x402.Token
	Name, Version string // of the token's EIP-712 domain
	Units         x402.Uint256
	PayTo         x402.Address
}

// Sign pays a price: the payload as version 2 clients send it, in JSON.
func (p TokenPayer) Sign(price TokenPrice, now time.Time) []byte {
	a := x402.Authorization{
		From: p.Account, To: price.PayTo, Value: price.Units, Nonce: x402.Nonce(hash()),
		ValidBefore: x402.Uint(uint64(now.Add(tokenTimeout).Unix())),
	}
	return p.SignThis(price, a)
}

// SignThis signs an authorization as it is.
func (p TokenPayer) SignThis(price TokenPrice, a x402.Authorization) []byte {
	signature := p.Raw(a.Digest(price.Token))
	if p.Wrap != nil {
		signature = p.Wrap(signature)
	}
	return fmt.Appendf(nil, `{"x402Version":2,"accepted":{"scheme":"exact","network":%q,"amount":%q,"asset":%q,`+
		`"payTo":%q,"maxTimeoutSeconds":%d,"extra":{"name":%q,"version":%q}},"payload":{"signature":"0x%x",`+
		`"authorization":{"from":%q,"to":%q,"value":%q,"validAfter":%q,"validBefore":%q,"nonce":%q}}}`,
		price.Token.Network().String(), price.Units.String(), price.Token.Contract().String(), price.PayTo.String(),
		int(tokenTimeout.Seconds()), price.Name, price.Version, signature, a.From.String(), a.To.String(),
		a.Value.String(), a.ValidAfter.String(), a.ValidBefore.String(), a.Nonce.String())
}

// tokenTimeout is how long what a TokenPayer signs holds.
const tokenTimeout = 5 * time.Minute

// Way is the price as an offer has it.
func (p TokenPrice) Way() x402.Requirements {
	return x402.Requirements{Token: p.Token, Amount: p.Units, PayTo: p.PayTo, Timeout: tokenTimeout}
}

// VerifyPayment takes a payload for a price as a server does.
func VerifyPayment(t testing.TB, price TokenPrice, payload []byte, now time.Time) x402.Verified {
	t.Helper()
	o, err := x402.NewOffer(x402.Resource{URL: "https://shop.example/report", MIMEType: "text/plain"}, price.Way())
	if err != nil {
		t.Fatal(err)
	}
	p, err := x402.DecodeJSON(x402.V2, payload)
	if err != nil {
		t.Fatalf("decode %s: %v", payload, err)
	}
	v, err := o.Verify(p, now)
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	return v
}

// WrapFactory wraps a signature as ERC-6492 has it: with the factory that deploys its wallet, and how.
func WrapFactory(factory x402.Address, call, signature []byte) []byte {
	const word = 32
	number := func(n int) []byte {
		out := make([]byte, word)
		big.NewInt(int64(n)).FillBytes(out)
		return out
	}
	text := func(b []byte) []byte {
		padding := make([]byte, (word-len(b)%word)%word)
		return slices.Concat(number(len(b)), b, padding)
	}
	first := text(call)
	return slices.Concat(make([]byte, word-len(factory)), factory[:], number(3*word), number(3*word+len(first)),
		first, text(signature), bytes.Repeat([]byte{0x64, 0x92}, word/2))
}
