package x402

import (
	"bytes"
	"strconv"
)

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
