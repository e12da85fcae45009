package x402

import (
	"encoding/hex"
	"errors"
	"time"
)

// FacilitatorRequest is a payment as another facilitator is asked to verify or settle it, in version 2: the
// payload as the payer signed it, with the way to pay that was offered. It names no resource.
func (v Verified) FacilitatorRequest() []byte {
	var w writer
	w.open('{')
	w.number("x402Version", int64(V2))
	w.name("paymentPayload")
	w.open('{')
	w.number("x402Version", int64(V2))
	w.name("accepted")
	v.requirements.writeV2(&w)
	w.name("payload")
	w.open('{')
	w.string("signature", hexPrefix+hex.EncodeToString(v.signature.Presented()))
	w.name("authorization")
	v.authorization.write(&w)
	w.close('}')
	w.close('}')
	w.name("paymentRequirements")
	v.requirements.writeV2(&w)
	w.close('}')
	return w.out
}

func (a Authorization) write(w *writer) {
	w.open('{')
	w.string("from", a.From.String())
	w.string("to", a.To.String())
	w.string("value", a.Value.String())
	w.string("validAfter", a.ValidAfter.String())
	w.string("validBefore", a.ValidBefore.String())
	w.string("nonce", a.Nonce.String())
	w.close('}')
}

// ErrListing refuses to list an offer that says nothing of a resource.
var ErrListing = errors.New("this offer says nothing of a resource")

// Listing is the offer as an item of a facilitator's public catalog, in version 2.
func (o Offer) Listing(updated time.Time) ([]byte, error) {
	if o.resource.URL == "" {
		return nil, ErrListing
	}
	var w writer
	w.open('{')
	w.string("resource", o.resource.URL)
	w.string("type", "http")
	w.number("x402Version", int64(V2))
	w.name("accepts")
	w.open('[')
	for _, way := range o.accepts {
		way.writeV2(&w)
	}
	w.close(']')
	w.string("lastUpdated", updated.UTC().Format(time.RFC3339))
	w.name("metadata")
	w.open('{')
	w.string("description", o.resource.Description)
	w.string("mimeType", o.resource.MIMEType)
	o.resource.writeNames(&w)
	w.close('}')
	o.writeExtensions(&w)
	w.close('}')
	return w.out, nil
}
