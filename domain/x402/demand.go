package x402

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of what resource servers send facilitators.
const (
	// MaxDemandBytes bounds the body of a request to verify or to settle.
	MaxDemandBytes = 64 << 10
	// extraDepth is how much deeper than a payload a whole request may be nested: servers repeat the
	// schemas of what they sell in it.
	extraDepth = 16
)

const sayVersions = "x402Version must be 1 or 2, the same in the request and in its paymentPayload"

// Demand is what another resource server asks a facilitator for: a payment as its client presented it,
// and the way to pay that the server had offered. The way is the server's word, the payload the client's;
// Offer holds both against tokens that are known.
type Demand struct {
	Payload Payload
	// Resource is what is sold, as the server says it in version 1, and the client in version 2; "" if
	// nobody says.
	Resource string
	// Network is where the server wants to be paid; NetworkName as it spells it, known or not.
	Network      Network
	NetworkName  string
	Asset, PayTo Address
	Amount       Uint256 // the price; of what may cost less, what is to be settled
	Timeout      time.Duration
	Method       Method
	Facilitator  Address // who settles, as Permit2UpTo has it

	tokenName, tokenVersion string // of the EIP-712 domain, "" if not said
}

// ReadDemand reads the body of a request to a facilitator, of either version: the payload's. Members it
// does not know are passed over. Errors are Refusals: ReasonHeader for what is no such body. What was
// read before an error is answered beside it, so that the refusal can name network and payer.
func ReadDemand(body []byte) (Demand, error) {
	if len(body) > MaxDemandBytes || !utf8.Valid(body) {
		return Demand{}, ReasonHeader.Refuse("the body must be UTF-8 and at most 65536 bytes")
	}
	var r demandReader
	r.scanner = scanner{in: body, depth: -extraDepth}
	r.object(r.member)
	switch err := r.end(); {
	case err != nil:
		return Demand{}, ReasonHeader.Refuse("the body must be one JSON object: " + err.Error())
	case r.payload == nil || r.requirements == nil:
		return Demand{}, ReasonHeader.Refuse("the body must hold the objects paymentPayload and paymentRequirements")
	}
	version, ok := r.version()
	if !ok {
		return Demand{}, ReasonVersion.Refuse(sayVersions)
	}
	d := Demand{Resource: r.url}
	wrong := d.readRequirements(version, r.requirements)
	p, err := decodePart(version, r.payload)
	d.Payload = p
	if err == nil {
		err = wrong
	}
	return d, err
}

// demandReader finds the parts of a request to a facilitator.
type demandReader struct {
	decoder
	outer, inner          string // x402Version of the request and of its payload
	saysVersion           bool   // the request has one
	url                   string
	payload, requirements []byte
}

func (r *demandReader) member(name []byte) {
	switch string(name) {
	case "x402Version":
		r.outer, r.saysVersion = r.integer("x402Version"), true
	case "paymentPayload":
		r.payload = r.part(func(name []byte) {
			switch string(name) {
			case "x402Version":
				r.inner = r.integer("x402Version")
			case "resource":
				if r.next() == '{' {
					r.object(r.resource)
				}
			}
		})
	case "paymentRequirements":
		r.requirements = r.part(func([]byte) {})
	}
}

func (r *demandReader) resource(name []byte) {
	if string(name) == "url" {
		r.url = r.string("resource.url")
	}
}

// part reads an object and answers its text; nil for anything else.
func (r *demandReader) part(member func(name []byte)) []byte {
	if r.next() != '{' {
		return nil
	}
	from := r.at
	r.object(member)
	return r.in[from:r.at]
}

// version is the payload's, which the request must not contradict.
func (r *demandReader) version() (Version, bool) {
	for _, v := range []Version{V1, V2} {
		if said := strconv.Itoa(int(v)); r.inner == said && (r.outer == said || !r.saysVersion) {
			return v, true
		}
	}
	return 0, false
}

// decodePart reads a payload that was found within a request, whose size bounds it.
func decodePart(v Version, text []byte) (Payload, error) {
	d := decoder{
		scanner: scanner{in: text, depth: -extraDepth, names: make([][]byte, 0, usualNames)}, out: Payload{version: v},
	}
	d.object(d.payload)
	if err := d.end(); err != nil {
		return Payload{}, ReasonHeader.Refuse("paymentPayload cannot be read: " + err.Error())
	}
	if err := d.judge(); err != nil {
		return d.out, err
	}
	return d.out, nil
}

// Fields without which there are no requirements.
const (
	fieldAmount field = 1 << iota
	fieldAsset
	fieldPayTo
	fieldNetwork
	fieldTimeout
	fieldWho
	fieldsOfDemand = fieldWho - 1
)

// requirementsReader reads the server's way to pay into a demand.
type requirementsReader struct {
	decoder
	into                      *Demand
	scheme, timeout, transfer string
}

// readRequirements reads the server's way to pay.
func (d *Demand) readRequirements(v Version, text []byte) error {
	r := requirementsReader{into: d}
	r.scanner, r.out.version = scanner{in: text, depth: -extraDepth}, v
	r.object(r.member)
	if err := r.end(); err != nil {
		return ReasonHeader.Refuse("paymentRequirements cannot be read: " + err.Error())
	}
	return r.judge()
}

// amountName is what a version calls the price.
func amountName(v Version) string {
	if v == V1 {
		return "maxAmountRequired"
	}
	return "amount"
}

func (r *requirementsReader) member(name []byte) {
	d, v := r.into, r.out.version
	switch string(name) {
	case "scheme":
		r.scheme = r.string("scheme")
	case "network":
		d.NetworkName = r.string("network")
		r.seen |= fieldNetwork
	case amountName(v):
		r.uint(amountName(v), &d.Amount, fieldAmount)
	case "asset":
		r.hex("asset", d.Asset[:], fieldAsset)
	case "payTo":
		r.hex("payTo", d.PayTo[:], fieldPayTo)
	case "maxTimeoutSeconds":
		r.timeout = r.integer("maxTimeoutSeconds")
		r.seen |= fieldTimeout
	case "resource":
		if v == V1 {
			d.Resource = r.string("resource")
		}
	case "extra":
		if r.next() == '{' {
			r.object(r.extra)
		}
	}
}

func (r *requirementsReader) extra(name []byte) {
	switch string(name) {
	case "name":
		r.into.tokenName = r.string("extra.name")
	case "version":
		r.into.tokenVersion = r.string("extra.version")
	case "assetTransferMethod":
		r.transfer = r.string("extra.assetTransferMethod")
	case "facilitatorAddress":
		r.hex("extra.facilitatorAddress", r.into.Facilitator[:], fieldWho)
	}
}

func (r *requirementsReader) judge() error {
	d := r.into
	var known bool
	if r.scheme != SchemeExact && (r.scheme != SchemeUpTo || r.out.version == V1) {
		return ReasonScheme.Refuse("paymentRequirements.scheme must be exact, or upto in version 2")
	}
	d.Method, known = methodOf(r.scheme, r.transfer)
	if !known || r.out.version == V1 && d.Method != EIP3009 {
		return ReasonRequirements.Refuse("paymentRequirements.extra.assetTransferMethod must be eip3009 or permit2, or " +
			"left out; version 1 knows the first only, scheme upto the second")
	}
	if d.Network, known = ParseNetwork(r.out.version, d.NetworkName); !known {
		return ReasonNetwork.Refuse("paymentRequirements.network is no EVM network that this version of x402 knows")
	}
	seconds, err := strconv.ParseUint(r.timeout, 10, 31)
	d.Timeout = time.Duration(seconds) * time.Second
	switch {
	case r.wrong != "":
		return ReasonRequirements.Refuse("paymentRequirements: " + r.wrong)
	case r.seen&fieldsOfDemand != fieldsOfDemand || err != nil:
		return ReasonRequirements.Refuse("paymentRequirements must hold " + amountName(r.out.version) +
			", asset, payTo and maxTimeoutSeconds")
	case len(d.Resource) > maxURLBytes:
		return ReasonRequirements.Refuse("the resource's URL may have 2048 bytes")
	}
	return nil
}

// Offer is the demand as an offer of one way to pay, in one of the tokens that are known on its network. Of
// what may cost less than was signed, what was signed is the price of the offer: Used says how much of it is
// to be settled, by one of the facilitators. It says nothing of a resource. Errors are Refusals.
func (d Demand) Offer(known []Token, facilitators []Address) (Offer, error) {
	for _, t := range known {
		if t.network != d.Network || t.contract != d.Asset {
			continue
		}
		if !t.Takes(d.Method) {
			return Offer{}, ReasonRequirements.Refuse("this token is not paid with by scheme " + d.Method.Scheme() +
				" and assetTransferMethod " + d.Method.transfer() + " here")
		}
		if d.tokenName != "" && d.tokenName != t.name || d.tokenVersion != "" && d.tokenVersion != t.version {
			return Offer{}, ReasonRequirements.Refuse("paymentRequirements.extra must name the token's EIP-712 domain: " +
				strconv.Quote(t.name) + ", version " + strconv.Quote(t.version))
		}
		way := Requirements{Token: t, Amount: d.Amount, PayTo: d.PayTo, Timeout: d.Timeout, Method: d.Method}
		if d.Method == Permit2UpTo {
			if !slices.Contains(facilitators, d.Facilitator) {
				return Offer{}, ReasonFacilitator.Refuse("paymentRequirements.extra.facilitatorAddress must be one that settles " +
					"here; the facilitator lists it under supported")
			}
			way.Amount, way.Facilitator = d.Payload.authorization.Value, d.Facilitator
		}
		if err := way.check(); err != nil {
			return Offer{}, ReasonRequirements.Refuse("paymentRequirements: " +
				strings.TrimPrefix(err.Error(), ErrOffer.Error()+": "))
		}
		return Offer{accepts: []Requirements{way}}, nil
	}
	return Offer{}, ReasonAsset.Refuse("paymentRequirements.asset is not a token that is settled here on this network")
}
