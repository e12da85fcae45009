package x402

import "fmt"

// Extensions are what an offer declares to clients of version 2 beside its ways to pay. The zero value
// declares nothing. Clients send back what is declared; nothing in it is believed.
type Extensions struct {
	PaymentID PaymentIDRule
	Discovery *Discovery // nil for a resource that no catalog is to list
}

// With is the offer with these extensions in place of those it had. Errors wrap ErrOffer.
func (o Offer) With(e Extensions) (Offer, error) {
	if e.PaymentID > PaymentIDRequired {
		return Offer{}, fmt.Errorf("%w: payment-identifiers are optional or required", ErrOffer)
	}
	if e.Discovery != nil {
		if err := e.Discovery.check(); err != nil {
			return Offer{}, err
		}
	}
	o.also = e
	return o, nil
}

// writeExtensions writes the member extensions, if there is one to declare.
func (o Offer) writeExtensions(w *writer) {
	if o.also == (Extensions{}) && o.ask == (SignInAsk{}) && len(o.sealed) == 0 && !o.sponsors() {
		return
	}
	w.name("extensions")
	w.open('{')
	if o.also.PaymentID != 0 {
		o.also.PaymentID.write(w)
	}
	if o.also.Discovery != nil {
		o.also.Discovery.write(w)
	}
	if o.sponsors() {
		w.raw(ExtensionSponsoring, sponsoringInfo)
	}
	if o.ask != (SignInAsk{}) {
		o.writeSignIn(w)
	}
	if len(o.sealed) > 0 {
		o.writeSealed(w)
	}
	w.close('}')
}
