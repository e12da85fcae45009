package x402

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// The scene of the specification: USDC on Base Sepolia, 0.01 of it, and its example payload.
const (
	usdcSepolia = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
	usdcBase    = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"
	payee       = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C"
	sepolia     = Network(84532)
	price       = 10_000

	specPayer     = "0x857b06519E91e3A54538791bDbb0E22373e36b66"
	specSignature = "0x2d6a7588d6acca505cbf0d9a4a227e0c52c6c34008c8e8986a1283259764173608a2ce6496642e377d6da8dbbf5836e9" +
		"bd15092f9ecab05ded3d6293af148b571c"
	specNonce = "0xf3746613c2d920b5fdabc0856f2aeb2d4f88ee6037b8cc5d04a71a4462f13480"
)

// specNow is a moment in the window of the specification's example.
var specNow = time.Unix(1740672100, 0)

func address(t testing.TB, s string) Address {
	t.Helper()
	a, ok := ParseAddress(s)
	if !ok {
		t.Fatalf("address %q", s)
	}
	return a
}

func token(t testing.TB, n Network, contract, name string) Token {
	t.Helper()
	tok, err := NewToken(n, address(t, contract), name, "2")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func usdc(t testing.TB) Requirements {
	t.Helper()
	return Requirements{
		Token: token(t, sepolia, usdcSepolia, "USDC"), Amount: Uint(price), PayTo: address(t, payee),
		Timeout: time.Minute,
	}
}

func offerOf(t testing.TB, ways ...Requirements) Offer {
	t.Helper()
	o, err := NewOffer(Resource{
		URL: "https://api.example.com/premium-data", Description: "Access to premium market data",
		MIMEType: "application/json",
	}, ways...)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// payment is a payload in the making, each field as the text it is sent as.
type payment struct {
	version                                         string
	scheme, network                                 string
	amount, asset, payTo, timeout, name, domain     string
	from, to, value, validAfter, validBefore, nonce string
	signature                                       string
	more                                            string // members added to the payload
}

// specPayment is the example of the specification (5.2.1), which its payer signed.
func specPayment() payment {
	return payment{
		version: "2", scheme: "exact", network: "eip155:84532", amount: "10000", asset: usdcSepolia,
		payTo: payee, timeout: "60", name: "USDC", domain: "2", from: specPayer, to: payee, value: "10000",
		validAfter: "1740672089", validBefore: "1740672154", nonce: specNonce, signature: specSignature,
	}
}

// v1 is the same payment as version 1 clients send it.
func (p payment) v1() payment {
	p.version, p.network = "1", "base-sepolia"
	return p
}

func (p payment) json() string {
	proof := fmt.Sprintf(`"payload":{"signature":%q,"authorization":{"from":%q,"to":%q,"value":%q,`+
		`"validAfter":%q,"validBefore":%q,"nonce":%q}}%s`, p.signature, p.from, p.to, p.value,
		p.validAfter, p.validBefore, p.nonce, p.more)
	if p.version == "1" {
		return fmt.Sprintf(`{"x402Version":1,"scheme":%q,"network":%q,%s}`, p.scheme, p.network, proof)
	}
	return fmt.Sprintf(`{"x402Version":%s,"resource":{"url":"https://api.example.com/premium-data"},`+
		`"accepted":{"scheme":%q,"network":%q,"amount":%q,"asset":%q,"payTo":%q,"maxTimeoutSeconds":%s,`+
		`"extra":{"name":%q,"version":%q}},%s}`, p.version, p.scheme, p.network, p.amount, p.asset,
		p.payTo, p.timeout, p.name, p.domain, proof)
}

func (p payment) header() string { return base64.StdEncoding.EncodeToString([]byte(p.json())) }

func (p payment) v() Version {
	if p.version == "1" {
		return V1
	}
	return V2
}

func (p payment) decode(t testing.TB) Payload {
	t.Helper()
	got, err := Decode(p.v(), p.header())
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	return got
}

// payer is somebody with a key.
type payer struct{ key *secp256k1.PrivateKey }

func payerNamed(name string) payer {
	seed := sha256.Sum256([]byte(name))
	return payer{secp256k1.PrivKeyFromBytes(seed[:])}
}

func (p payer) address() (a Address) {
	sum := keccak(p.key.PubKey().SerializeUncompressed()[1:])
	copy(a[:], sum[wordBytes-addressBytes:])
	return a
}

// sign signs a payment as a wallet does: 0x, r, s, v.
func (p payer) sign(t testing.TB, way Requirements, as payment) payment {
	t.Helper()
	as.from = p.address().String()
	as.signature = "0x" + strings.Repeat("11", keySignatureBytes)
	raw := p.raw(as.decode(t).Authorization().Digest(way.Token))
	as.signature = "0x" + hex.EncodeToString(raw)
	return as
}

func (p payer) raw(digest Hash) []byte {
	compact := ecdsa.SignCompact(p.key, digest[:], false)
	return append(compact[1:], compact[0])
}

// wants fails unless an error is the refusal for a reason.
func wants(t testing.TB, err error, want Reason) {
	t.Helper()
	var refusal *Refusal
	ok := errors.As(err, &refusal)
	switch {
	case want == 0 && err != nil:
		t.Errorf("refused: %v", err)
	case want != 0 && (!ok || refusal.Reason != want):
		t.Errorf("want %s, got %v", want, err)
	}
}
