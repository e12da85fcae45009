package x402

import "encoding/base64"

// Challenge is what a 402 carries: one answer that clients of both versions can pay.
type Challenge struct {
	Body     []byte // version 1, and a message for people: JSON
	Required string // version 2: the value of PAYMENT-REQUIRED
}

// Asked is the error code of a challenge to a client that sent no payment.
const Asked = "payment_required"

const sayAsked = "pay for this resource with x402: sign one of accepts and send it in X-PAYMENT or PAYMENT-SIGNATURE"

// Challenge prints the offer: to a client that has not paid if why is nil, or with the reason why its
// payment was not taken. The answer to nil is the same every time, so it can be kept.
//
// Version 1 is offered on networks of its closed list only, resource and mimeType are always there, and
// outputSchema is an object or left out: its clients throw away a whole challenge over any of these.
func (o Offer) Challenge(why *Refusal) Challenge {
	code1, code2, message := Asked, Asked, sayAsked
	if why != nil {
		code1, code2, message = why.Reason.Code(V1), why.Reason.Code(V2), why.Detail
	}
	var body writer
	body.open('{')
	body.number("x402Version", int64(V1))
	body.string("error", code1)
	body.string("message", message)
	if why != nil {
		body.string("reason", why.Reason.String())
	}
	body.name("accepts")
	body.open('[')
	for _, way := range o.forV1() {
		o.requirementsV1(&body, way)
	}
	body.close(']')
	body.close('}')
	return Challenge{Body: body.out, Required: base64.StdEncoding.EncodeToString(o.required(code2).out)}
}

// required is the text that version 2 clients are sent.
func (o Offer) required(code string) (w writer) {
	w.open('{')
	w.number("x402Version", int64(V2))
	w.string("error", code)
	w.name("resource")
	w.open('{')
	w.string("url", o.resource.URL)
	w.string("description", o.resource.Description)
	w.string("mimeType", o.resource.MIMEType)
	o.resource.writeNames(&w)
	w.close('}')
	w.name("accepts")
	w.open('[')
	for _, way := range o.accepts {
		way.writeV2(&w)
	}
	w.close(']')
	o.writeExtensions(&w)
	w.close('}')
	return w
}

func (o Offer) requirementsV1(w *writer, way Requirements) {
	w.open('{')
	w.string("scheme", SchemeExact)
	w.string("network", way.Token.network.Name(V1))
	w.string("maxAmountRequired", way.Amount.String())
	w.string("resource", o.resource.URL)
	w.string("description", o.resource.Description)
	w.string("mimeType", o.resource.MIMEType)
	if d := o.also.Discovery; d != nil {
		d.writeV1(w)
	}
	way.writeRest(w)
}

// writeNames writes what version 2 tells catalogs.
func (r Resource) writeNames(w *writer) {
	if r.ServiceName != "" {
		w.string("serviceName", r.ServiceName)
	}
	if len(r.Tags) > 0 {
		w.strings("tags", r.Tags)
	}
}

func (r Requirements) writeV2(w *writer) {
	w.open('{')
	w.string("scheme", SchemeExact)
	w.string("network", r.Token.network.Name(V2))
	w.string("amount", r.Amount.String())
	r.writeRest(w)
}

// writeRest is what both versions name alike.
func (r Requirements) writeRest(w *writer) {
	w.string("payTo", r.PayTo.String())
	w.number("maxTimeoutSeconds", r.seconds())
	w.string("asset", r.Token.contract.String())
	w.name("extra")
	w.open('{')
	w.string("name", r.Token.name)
	w.string("version", r.Token.version)
	w.close('}')
	w.close('}')
}
