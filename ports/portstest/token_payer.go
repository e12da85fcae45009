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
	Method        x402.Method
	Facilitator   x402.Address // by Permit2UpTo
	Allowance     string       // what Allow made, "" for nothing
}

// Sign pays a price: the payload as version 2 clients send it, in JSON.
func (p TokenPayer) Sign(price TokenPrice, now time.Time) []byte {
	a := x402.Authorization{
		From: p.Account, To: price.PayTo, Value: price.Units, Nonce: x402.Nonce(hash()),
		ValidBefore: x402.Uint(uint64(now.Add(tokenTimeout).Unix())), Method: price.Method, Facilitator: price.Facilitator,
		Spender: price.Method.Proxy(),
	}
	if price.Method.Permits() {
		a.Token = price.Token.Contract()
	}
	return p.SignThis(price, a)
}

// SignThis signs an authorization as it is.
func (p TokenPayer) SignThis(price TokenPrice, a x402.Authorization) []byte {
	signature := p.Raw(a.Digest(price.Token))
	if p.Wrap != nil {
		signature = p.Wrap(signature)
	}
	if a.Method.Permits() {
		return signedPermit(price, a, signature)
	}
	return fmt.Appendf(nil, `{"x402Version":2,"accepted":{"scheme":"exact","network":%q,"amount":%q,"asset":%q,`+
		`"payTo":%q,"maxTimeoutSeconds":%d,"extra":{"name":%q,"version":%q}},"payload":{"signature":"0x%x",`+
		`"authorization":{"from":%q,"to":%q,"value":%q,"validAfter":%q,"validBefore":%q,"nonce":%q}}}`,
		price.Token.Network().String(), price.Units.String(), price.Token.Contract().String(), price.PayTo.String(),
		int(tokenTimeout.Seconds()), price.Name, price.Version, signature, a.From.String(), a.To.String(),
		a.Value.String(), a.ValidAfter.String(), a.ValidBefore.String(), a.Nonce.String())
}

// signedPermit is the payload of a payment by permit.
func signedPermit(price TokenPrice, a x402.Authorization, signature []byte) []byte {
	said, witness := "", ""
	if a.Method == x402.Permit2UpTo {
		said = fmt.Sprintf(`,"facilitatorAddress":%q`, a.Facilitator.String())
		witness = fmt.Sprintf(`"facilitator":%q,`, a.Facilitator.String())
	}
	if price.Name != "" {
		said += fmt.Sprintf(`,"name":%q,"version":%q`, price.Name, price.Version)
	}
	more := ""
	if price.Allowance != "" {
		more = `,"extensions":` + price.Allowance
	}
	return fmt.Appendf(nil, `{"x402Version":2,"accepted":{"scheme":%q,"network":%q,"amount":%q,"asset":%q,"payTo":%q,`+
		`"maxTimeoutSeconds":%d,"extra":{"assetTransferMethod":"permit2"%s}},"payload":{"signature":"0x%x",`+
		`"permit2Authorization":{"from":%q,"permitted":{"token":%q,"amount":%q},"spender":%q,"nonce":%q,"deadline":%q,`+
		`"witness":{"to":%q,%s"validAfter":%q}}}%s}`,
		a.Method.Scheme(), price.Token.Network().String(), price.Units.String(), price.Token.Contract().String(),
		price.PayTo.String(), int(tokenTimeout.Seconds()), said, signature, a.From.String(), a.Token.String(),
		a.Value.String(), a.Spender.String(), new(big.Int).SetBytes(a.Nonce[:]).String(), a.ValidBefore.String(),
		a.To.String(), witness, a.ValidAfter.String(), more)
}

// Allow signs a permit of the price's token for Permit2 (EIP-2612), as the extension of a payload has it.
func (p TokenPayer) Allow(price TokenPrice, nonce int64, until time.Time) string {
	word := func(a x402.Address) []byte { return append(make([]byte, 12), a[:]...) }
	number := func(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }
	hash := func(parts ...[]byte) []byte {
		sum := sha3.NewLegacyKeccak256()
		for _, part := range parts {
			sum.Write(part)
		}
		return sum.Sum(nil)
	}
	deadline, domain := big.NewInt(until.Unix()), price.Token.Domain()
	kind := hash([]byte("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"))
	said := hash(kind, word(p.Account), word(x402.Permit2Contract), number(price.Units.Big()), number(big.NewInt(nonce)),
		number(deadline))
	signature := p.Raw(x402.Hash(hash([]byte{0x19, 0x01}, domain[:], said)))
	return fmt.Sprintf(`{%q:{"info":{"from":%q,"asset":%q,"spender":%q,"amount":%q,"nonce":"%d","deadline":%q,`+
		`"signature":"0x%x","version":"1"}}}`, x402.ExtensionSponsoring, p.Account.String(), price.Token.Contract().String(),
		x402.Permit2Contract.String(), price.Units.String(), nonce, deadline.String(), signature)
}

// tokenTimeout is how long what a TokenPayer signs holds.
const tokenTimeout = 5 * time.Minute

// Way is the price as an offer has it.
func (p TokenPrice) Way() x402.Requirements {
	return x402.Requirements{Token: p.Token, Amount: p.Units, PayTo: p.PayTo, Timeout: tokenTimeout, Method: p.Method, Facilitator: p.Facilitator}
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
