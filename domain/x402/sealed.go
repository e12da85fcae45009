package x402

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// ExtensionStatements is the extension by which a seller signs what it offers and what it was paid for.
const ExtensionStatements = "offer-receipt"

// statementVersion is that of both signed payloads.
const statementVersion = 1

// Issuer signs a seller's statements as compact JWS by Ed25519 (RFC 7515, RFC 8037).
type Issuer struct {
	KeyID string                      // the DID URL under which the public key is found
	Sign  func(message []byte) []byte // 64 bytes
}

// DIDWeb is the DID of whoever answers at a public base URL (did:web): its document is found there, under
// /.well-known/did.json. A URL with a path, or of a host without a name, has none. Errors wrap ErrOffer.
func DIDWeb(base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "" || strings.Contains(u.Host, "[") || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%w: %q has no DID; it must be the URL of a named host alone", ErrOffer, base)
	}
	return "did:web:" + strings.ReplaceAll(u.Host, ":", "%3A"), nil
}

// jws is the compact serialization of a payload, which must be canonical JSON (RFC 8785).
func (by Issuer) jws(payload []byte) string {
	var head writer
	head.open('{')
	head.string("alg", "EdDSA")
	head.string("kid", by.KeyID)
	head.close('}')
	coding := base64.RawURLEncoding
	input := coding.EncodeToString(head.out) + "." + coding.EncodeToString(payload)
	return input + "." + coding.EncodeToString(by.Sign([]byte(input)))
}

// Sealed is the offer with every way to pay signed, each good until a moment. As many are signed as a
// challenge has room for, the preferred first.
func (o Offer) Sealed(by Issuer, until time.Time) Offer {
	o.sealed = nil
	for _, way := range o.accepts {
		w := writer{plain: true}
		w.open('{')
		w.string("amount", way.Amount.String())
		w.string("asset", way.Token.contract.String())
		w.string("network", way.Token.network.Name(V2))
		w.string("payTo", way.PayTo.String())
		w.string("resourceUrl", o.resource.URL)
		w.string("scheme", way.Method.Scheme())
		w.number("validUntil", until.Unix())
		w.number("version", statementVersion)
		w.close('}')
		o.sealed = append(o.sealed, by.jws(w.out))
	}
	return o
}

const (
	sealedSchema = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":` +
		`{"offers":{"type":"array","items":{"type":"object","properties":{"format":{"const":"jws"},` +
		`"acceptIndex":{"type":"integer"},"signature":{"type":"string"}},"required":["format","signature"]}}},` +
		`"required":["offers"]}`
	receiptSchema = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":` +
		`{"receipt":{"type":"object","properties":{"format":{"const":"jws"},"signature":{"type":"string"}},` +
		`"required":["format","signature"]}},"required":["receipt"]}`
)

func (o Offer) writeSealed(w *writer) {
	w.name(ExtensionStatements)
	w.open('{')
	w.name("info")
	w.open('{')
	w.name("offers")
	w.open('[')
	for i, jws := range o.sealed {
		if i > 0 && len(w.out)+len(jws)+len(sealedSchema) > maxSealedBytes {
			break
		}
		w.open('{')
		w.string("format", "jws")
		w.number("acceptIndex", int64(i))
		w.string("signature", jws)
		w.close('}')
	}
	w.close(']')
	w.close('}')
	w.raw("schema", sealedSchema)
	w.close('}')
}

// Receipted is the response with a signed receipt in it: that the payer paid for a resource and it was
// delivered. It is for responses that go with what was paid for; there is none of what did not succeed. The
// same settlement has the same receipt every time.
func (r Response) Receipted(by Issuer, resourceURL string) Response {
	if r.refusal != nil {
		return r
	}
	w := writer{plain: true}
	w.open('{')
	w.number("issuedAt", r.settledAt.Unix())
	w.string("network", r.due.Network.Name(V2))
	w.string("payer", r.due.Payer.String())
	w.string("resourceUrl", resourceURL)
	w.string("transaction", r.tx.String())
	w.number("version", statementVersion)
	w.close('}')
	r.receipt = by.jws(w.out)
	return r
}

func (r Response) writeReceipt(w *writer) {
	w.name("extensions")
	w.open('{')
	w.name(ExtensionStatements)
	w.open('{')
	w.name("info")
	w.open('{')
	w.name("receipt")
	w.open('{')
	w.string("format", "jws")
	w.string("signature", r.receipt)
	w.close('}')
	w.close('}')
	w.raw("schema", receiptSchema)
	w.close('}')
	w.close('}')
}
