package x402

import (
	"encoding/hex"
	"errors"
	"time"
)

// FacilitatorRequest is a payment as another facilitator is asked to verify or settle it, in version 2: the
// payload as the payer signed it, with the way to pay that was offered, and what was used of it as the amount
// to settle. It names no resource.
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
	v.authorization.write(&w)
	w.close('}')
	v.writeAllowance(&w)
	w.close('}')
	w.name("paymentRequirements")
	v.requirements.writeAs(&w, v.Due().Value)
	w.close('}')
	return w.out
}

func (a Authorization) write(w *writer) {
	if a.Method.Permits() {
		a.writePermit(w)
		return
	}
	w.name("authorization")
	w.open('{')
	w.string("from", a.From.String())
	w.string("to", a.To.String())
	w.string("value", a.Value.String())
	w.string("validAfter", a.ValidAfter.String())
	w.string("validBefore", a.ValidBefore.String())
	w.string("nonce", a.Nonce.String())
	w.close('}')
}

func (a Authorization) writePermit(w *writer) {
	w.name("permit2Authorization")
	w.open('{')
	w.string("from", a.From.String())
	w.name("permitted")
	w.open('{')
	w.string("token", a.Token.String())
	w.string("amount", a.Value.String())
	w.close('}')
	w.string("spender", a.Spender.String())
	w.string("nonce", uintFrom(a.Nonce).String())
	w.string("deadline", a.ValidBefore.String())
	w.name("witness")
	w.open('{')
	w.string("to", a.To.String())
	if a.Method == Permit2UpTo {
		w.string("facilitator", a.Facilitator.String())
	}
	w.string("validAfter", a.ValidAfter.String())
	w.close('}')
	w.close('}')
}

// writeAllowance writes the extension with the payer's permit of the token, if he brought one.
func (v Verified) writeAllowance(w *writer) {
	if v.allowance == nil {
		return
	}
	a := v.allowance
	w.name("extensions")
	w.open('{')
	w.name(ExtensionSponsoring)
	w.open('{')
	w.name("info")
	w.open('{')
	w.string("from", v.authorization.From.String())
	w.string("asset", v.requirements.Token.contract.String())
	w.string("spender", Permit2Contract.String())
	w.string("amount", a.Value.String())
	w.string("nonce", a.Nonce.String())
	w.string("deadline", a.Deadline.String())
	w.string("signature", hexPrefix+hex.EncodeToString(a.R[:])+hex.EncodeToString(a.S[:])+hex.EncodeToString([]byte{a.V}))
	w.string("version", "1")
	w.close('}')
	w.close('}')
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
