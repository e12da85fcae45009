package x402

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

const (
	sayVersion = "x402Version must be 1 in X-PAYMENT and 2 in PAYMENT-SIGNATURE"
	sayTwice   = "send one payment: X-PAYMENT (version 1) or PAYMENT-SIGNATURE (version 2), once"
	sayNoForm  = "the payload must hold a signature and an EIP-3009 authorization"
	sayPermit  = "the payload must hold a signature and a permit2Authorization, with its witness"
	sayBoth    = "the payload must hold an authorization or a permit2Authorization, not both"
)

// usualNames is room for the names in an ordinary payload's open objects.
const usualNames = 16

// Payload is a payment as a client presents it. Nothing in it has been checked but its form.
type Payload struct {
	version       Version
	accepted      accepted
	authorization Authorization
	signature     Signature
	extensions    []byte
	paymentID     string
	allowance     *presentedAllowance
}

// accepted is the way to pay that a client says it chose, as it spells it. Version 1 says scheme and
// network only.
type accepted struct {
	scheme, network, amount, asset, payTo, timeout, name, version string
	transfer, facilitator                                         string
}

// Read finds the payment among the values of the two payment headers. Without any, paid is false. Errors
// are Refusals; two payments in one request are refused, because one of them would be ignored.
func Read(v1, v2 []string) (p Payload, paid bool, err error) {
	switch {
	case len(v1)+len(v2) == 0:
		return Payload{}, false, nil
	case len(v1)+len(v2) > 1:
		return Payload{}, true, ReasonHeader.Refuse(sayTwice)
	case len(v1) == 1:
		p, err = Decode(V1, v1[0])
	default:
		p, err = Decode(V2, v2[0])
	}
	return p, true, err
}

// Decode reads a payment header: standard base64, padded, of a JSON payload of that version.
func Decode(v Version, header string) (Payload, error) {
	if len(header) > MaxHeaderBytes {
		return Payload{}, ReasonHeader.Refuse("the payment header must have at most 16384 bytes")
	}
	// The decoder passes over line breaks; then one payment would have many texts.
	text, err := base64.StdEncoding.Strict().DecodeString(header)
	if err != nil || strings.IndexByte(header, '\n') >= 0 || strings.IndexByte(header, '\r') >= 0 {
		return Payload{}, ReasonHeader.Refuse("the payment header must be standard base64 with padding")
	}
	return DecodeJSON(v, text)
}

// DecodeJSON reads a payload as facilitators are sent it. Members this version does not know are passed
// over, as clients may add them; extensions are kept.
func DecodeJSON(v Version, text []byte) (Payload, error) {
	if len(text) > MaxHeaderBytes || !utf8.Valid(text) {
		return Payload{}, ReasonHeader.Refuse("the payment must be UTF-8 and at most 16384 bytes")
	}
	d := decoder{scanner: scanner{in: text, names: make([][]byte, 0, usualNames)}, out: Payload{version: v}}
	d.object(d.payload)
	if err := d.end(); err != nil {
		return Payload{}, ReasonHeader.Refuse("the payment must be one JSON object: " + err.Error())
	}
	if err := d.judge(); err != nil {
		return Payload{}, err
	}
	return d.out, nil
}

// Version is the version of the header the payload came in.
func (p Payload) Version() Version { return p.version }

// Authorization is what is said to be signed. It is zero if the payload is of a scheme or a network
// that is not ours.
func (p Payload) Authorization() Authorization { return p.authorization }

// Extensions is the JSON object of extensions the client sent; nil if none. It is not signed.
func (p Payload) Extensions() []byte { return p.extensions }

// PaymentID is the payment-identifier the client gave this payment; "" if none. It is not signed: a second
// payload with the same one is the same payment only if it has the same ClaimKey.
func (p Payload) PaymentID() string { return p.paymentID }

// method is how a client says it pays; ok is false for one we do not know. Version 1 has one.
func (p Payload) method() (m Method, ok bool) {
	if p.version == V1 {
		return EIP3009, p.accepted.scheme == SchemeExact
	}
	return methodOf(p.accepted.scheme, p.accepted.transfer)
}
