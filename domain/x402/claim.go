package x402

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// ClaimKey identifies an authorization for ever: a token takes each nonce of a payer once. Two payloads
// with one key are one payment, however they are spelled, and whatever their signature, value or window.
type ClaimKey struct {
	Network      Network
	Asset, Payer Address
	Nonce        Nonce
}

// KeyOf is the key of the claim a payload makes on the way to pay that Choose found.
func (r Requirements) KeyOf(p Payload) ClaimKey { return r.due(p.authorization).Key() }

// String is the key as stores keep it: network/asset/payer/nonce, in small letters.
func (k ClaimKey) String() string {
	account := func(a Address) string { return hexPrefix + hex.EncodeToString(a[:]) }
	return strings.Join([]string{k.Network.String(), account(k.Asset), account(k.Payer), k.Nonce.String()}, "/")
}

// Fingerprint is 32 bytes that stand for a request or an authorization.
type Fingerprint [sha256.Size]byte

// Request is what a client asks for and of whom, as far as the answer may depend on it.
type Request struct {
	MerchantID, SKU string
	Method          string
	Target          string // path and query, exactly as received
	Body            []byte
	Client          string // who asks, as the edge sees it: a network address, an account
}

// Fingerprint stands for method, target and body: no two have the same.
func (r Request) Fingerprint() Fingerprint {
	return fingerprint("x402 request", []byte(r.Method), []byte(r.Target), r.Body)
}

// fingerprint hashes parts so that none can be moved into its neighbour.
func fingerprint(of string, parts ...[]byte) (out Fingerprint) {
	h := sha256.New()
	h.Write([]byte(of))
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		h.Write(p)
	}
	h.Sum(out[:0])
	return out
}

// Binding ties a claim to what it was made for. EIP-3009 signs no resource, so this record is all that
// keeps one payment from buying two things.
type Binding struct {
	MerchantID, SKU string
	Request         Fingerprint
	// Authorization is the digest that was signed, Payload's with the way to pay: the same nonce with
	// another value or window is another authorization under the same key.
	Authorization Hash
	// Client stands for who asks. After settlement the authorization and its signature stand on the chain
	// for everybody to read, and to present as his own.
	Client Fingerprint
}

// BindingOf binds a payload, on the way to pay that Choose found, to what it is presented for.
func (r Requirements) BindingOf(p Payload, asked Request) Binding {
	return Binding{
		MerchantID: asked.MerchantID, SKU: asked.SKU, Request: asked.Fingerprint(),
		Authorization: p.authorization.Digest(r.Token),
		Client:        fingerprint("x402 client", []byte(asked.Client)),
	}
}

// Same reports whether two bindings are of one payment for one thing, whoever asks.
func (b Binding) Same(as Binding) bool {
	b.Client, as.Client = Fingerprint{}, Fingerprint{}
	return b == as
}
