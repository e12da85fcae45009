package x402

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	sayVersion = "x402Version must be 1 in X-PAYMENT and 2 in PAYMENT-SIGNATURE"
	sayTwice   = "send one payment: X-PAYMENT (version 1) or PAYMENT-SIGNATURE (version 2), once"
	sayNoForm  = "the payload must hold a signature and an EIP-3009 authorization"
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
}

// accepted is the way to pay that a client says it chose, as it spells it. Version 1 says scheme and
// network only.
type accepted struct {
	scheme, network, amount, asset, payTo, timeout, name, version string
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

// decoder reads a payload. What is well-formed JSON but not of the protocol's form is remembered and
// judged at the end, because an unreadable header is another refusal than a wrong payment.
type decoder struct {
	scanner
	out   Payload
	said  string // x402Version
	seen  field
	wrong string // the first field not of its form
	odd   string // what is wrong with an extension that we read
}

// field is a set of fields without which there is no payment.
type field uint8

const (
	fieldFrom field = 1 << iota
	fieldTo
	fieldValue
	fieldAfter
	fieldBefore
	fieldNonce
	fieldSignature
	fieldsAll = 1<<iota - 1
)

func (d *decoder) judge() error {
	_, ours := ParseNetwork(d.out.version, d.out.accepted.network)
	switch {
	case d.out.version != V1 && d.out.version != V2, d.said != strconv.Itoa(int(d.out.version)):
		return ReasonVersion.Refuse(sayVersion)
	case d.odd != "":
		return ReasonPaymentID.Refuse(d.odd)
	case d.wrong != "":
		return ReasonPayload.Refuse(d.wrong)
	case d.out.accepted.scheme == SchemeExact && ours && d.seen != fieldsAll:
		return ReasonPayload.Refuse(sayNoForm)
	case d.seen != fieldsAll: // of another scheme or network: Choose says so
		d.out.authorization, d.out.signature = Authorization{}, Signature{}
	}
	return nil
}

func (d *decoder) payload(name []byte) {
	chosen := &d.out.accepted
	switch string(name) {
	case "x402Version":
		d.said = d.integer("x402Version")
	case "payload":
		d.members("payload", d.proof)
	case "scheme":
		if d.out.version == V1 {
			chosen.scheme = d.string("scheme")
		}
	case "network":
		if d.out.version == V1 {
			chosen.network = d.string("network")
		}
	case "accepted":
		if d.out.version == V2 {
			d.members("accepted", d.choice)
		}
	case "extensions":
		if d.next() == '{' {
			from := d.at
			d.object(d.extension)
			d.out.extensions = bytes.Clone(d.in[from:d.at])
		}
	}
}

func (d *decoder) choice(name []byte) {
	chosen := &d.out.accepted
	switch string(name) {
	case "scheme":
		chosen.scheme = d.string("accepted.scheme")
	case "network":
		chosen.network = d.string("accepted.network")
	case "amount":
		chosen.amount = d.string("accepted.amount")
	case "asset":
		chosen.asset = d.string("accepted.asset")
	case "payTo":
		chosen.payTo = d.string("accepted.payTo")
	case "maxTimeoutSeconds":
		chosen.timeout = d.integer("accepted.maxTimeoutSeconds")
	case "extra":
		if d.next() == '{' {
			d.object(d.extra)
		}
	}
}

func (d *decoder) extra(name []byte) {
	switch string(name) {
	case "name":
		d.out.accepted.name = d.string("accepted.extra.name")
	case "version":
		d.out.accepted.version = d.string("accepted.extra.version")
	}
}

func (d *decoder) proof(name []byte) {
	switch string(name) {
	case "signature":
		d.signature()
	case "authorization":
		d.members("authorization", d.authorization)
	}
}

func (d *decoder) authorization(name []byte) {
	a := &d.out.authorization
	switch string(name) {
	case "from":
		d.hex("from", a.From[:], fieldFrom)
	case "to":
		d.hex("to", a.To[:], fieldTo)
	case "value":
		d.uint("value", &a.Value, fieldValue)
	case "validAfter":
		d.uint("validAfter", &a.ValidAfter, fieldAfter)
	case "validBefore":
		d.uint("validBefore", &a.ValidBefore, fieldBefore)
	case "nonce":
		d.hex("nonce", a.Nonce[:], fieldNonce)
	}
}
