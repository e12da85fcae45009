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
type field uint16

const (
	fieldFrom field = 1 << iota
	fieldTo
	fieldValue
	fieldAfter
	fieldBefore
	fieldNonce
	fieldSignature
	fieldPermitted // what a permit has beside these: its token,
	fieldFor       // who may use it,
	fieldFacilitator
	fieldPermit // and that it is one

	fieldsAll    = fieldFrom | fieldTo | fieldValue | fieldAfter | fieldBefore | fieldNonce | fieldSignature
	fieldsPermit = fieldsAll | fieldPermitted | fieldFor | fieldPermit
	fieldsUpTo   = fieldsPermit | fieldFacilitator
)

// wants are the fields of a payment by a method.
func (m Method) wants() field {
	switch m {
	case Permit2:
		return fieldsPermit
	case Permit2UpTo:
		return fieldsUpTo
	case EIP3009:
	}
	return fieldsAll
}

func (d *decoder) judge() error {
	_, ours := ParseNetwork(d.out.version, d.out.accepted.network)
	method, known := d.out.method()
	want := method.wants()
	whole := d.seen&want == want && d.seen&(fieldPermit|fieldPermitted) == want&(fieldPermit|fieldPermitted)
	switch {
	case d.out.version != V1 && d.out.version != V2, d.said != strconv.Itoa(int(d.out.version)):
		return ReasonVersion.Refuse(sayVersion)
	case d.odd != "":
		return ReasonPaymentID.Refuse(d.odd)
	case d.wrong != "":
		return ReasonPayload.Refuse(d.wrong)
	case known && ours && !whole && method == EIP3009:
		return ReasonPayload.Refuse(sayNoForm)
	case !known || !whole: // of another scheme, method or network, or not whole: Choose says so
		d.out.authorization, d.out.signature = Authorization{}, Signature{}
		return nil
	}
	if d.out.authorization.Method = method; method != Permit2UpTo {
		d.out.authorization.Facilitator = Address{} // not signed
	}
	return nil
}

// method is how a client says it pays; ok is false for one we do not know. Version 1 has one.
func (p Payload) method() (m Method, ok bool) {
	if p.version == V1 {
		return EIP3009, p.accepted.scheme == SchemeExact
	}
	return methodOf(p.accepted.scheme, p.accepted.transfer)
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
	case "assetTransferMethod":
		d.out.accepted.transfer = d.string("accepted.extra.assetTransferMethod")
	case "facilitatorAddress":
		d.out.accepted.facilitator = d.string("accepted.extra.facilitatorAddress")
	}
}

func (d *decoder) proof(name []byte) {
	switch string(name) {
	case "signature":
		d.signature()
	case "authorization":
		d.one("authorization", d.authorization)
	case "permit2Authorization":
		d.one("permit2Authorization", d.permit)
		d.seen |= fieldPermit
	}
}

// one reads what was signed, of which there must be one.
func (d *decoder) one(name string, member func(name []byte)) {
	if d.seen&(fieldFrom|fieldPermit) != 0 && d.wrong == "" {
		d.wrong = sayBoth
	}
	d.members(name, member)
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

// permit reads what was signed for Permit2.
func (d *decoder) permit(name []byte) {
	a := &d.out.authorization
	switch string(name) {
	case "from":
		d.hex("from", a.From[:], fieldFrom)
	case "permitted":
		d.members("permitted", d.permitted)
	case "spender":
		d.hex("spender", a.Spender[:], fieldFor)
	case "nonce":
		var n Uint256
		d.uint("nonce", &n, fieldNonce)
		a.Nonce = Nonce(n.Bytes())
	case "deadline":
		d.uint("deadline", &a.ValidBefore, fieldBefore)
	case "witness":
		d.members("witness", d.witness)
	}
}

func (d *decoder) permitted(name []byte) {
	a := &d.out.authorization
	switch string(name) {
	case "token":
		d.hex("permitted.token", a.Token[:], fieldPermitted)
	case "amount":
		d.uint("permitted.amount", &a.Value, fieldValue)
	}
}

func (d *decoder) witness(name []byte) {
	a := &d.out.authorization
	switch string(name) {
	case "to":
		d.hex("witness.to", a.To[:], fieldTo)
	case "facilitator":
		d.hex("witness.facilitator", a.Facilitator[:], fieldFacilitator)
	case "validAfter":
		d.uint("witness.validAfter", &a.ValidAfter, fieldAfter)
	}
}
