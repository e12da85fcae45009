package x402

// ExtensionPaymentID is the extension by which a client names its payment, so that it may present it again
// under that name.
const ExtensionPaymentID = "payment-identifier"

// minPaymentID and maxPaymentID bound a payment-identifier.
const minPaymentID, maxPaymentID = 16, 128

const sayPaymentID = "extensions.payment-identifier must hold an info object whose id, if there is one, has " +
	"16 to 128 letters, digits, hyphens or underscores"

const sayNoPaymentID = "this resource takes payments with a payment-identifier only: put an id of 16 to 128 " +
	"letters, digits, hyphens or underscores into extensions.payment-identifier.info"

// PaymentIDRule says whether clients of version 2 may name their payments. The zero value declares nothing;
// a name is understood all the same.
type PaymentIDRule uint8

// The rules. Version 1 has no extensions, so what is required is required of version 2 only.
const (
	PaymentIDOptional PaymentIDRule = iota + 1
	PaymentIDRequired
)

// paymentIDSchema describes info of the extension.
const paymentIDSchema = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",` +
	`"properties":{"required":{"type":"boolean"},"id":{"type":"string","minLength":16,"maxLength":128,` +
	`"pattern":"^[a-zA-Z0-9_-]+$"}},"required":["required"]}`

func (r PaymentIDRule) write(w *writer) {
	w.name(ExtensionPaymentID)
	w.open('{')
	w.name("info")
	w.open('{')
	w.bool("required", r == PaymentIDRequired)
	w.close('}')
	w.raw("schema", paymentIDSchema)
	w.close('}')
}

// extension reads what one of the payload's extensions says. Clients echo what the challenge declared and
// add to it: nothing but what they add is of interest.
func (d *decoder) extension(name []byte) {
	if d.out.version == V2 && string(name) == ExtensionSponsoring {
		d.sponsoring()
	}
	if d.out.version != V2 || string(name) != ExtensionPaymentID {
		return
	}
	if d.next() != '{' {
		d.odd = sayPaymentID
		return
	}
	d.object(func(name []byte) {
		switch {
		case string(name) != "info":
		case d.next() != '{':
			d.odd = sayPaymentID
		default:
			d.object(d.paymentID)
		}
	})
}

func (d *decoder) paymentID(name []byte) {
	if string(name) != "id" {
		return
	}
	if d.next() != '"' {
		d.odd = sayPaymentID
		return
	}
	id := d.text()
	if !isPaymentID(id) {
		d.odd = sayPaymentID
		return
	}
	d.out.paymentID = string(id)
}

func isPaymentID(id []byte) bool {
	for _, c := range id {
		letter := c|' ' >= 'a' && c|' ' <= 'z'
		if !letter && !isDigit(c) && c != '-' && c != '_' {
			return false
		}
	}
	return len(id) >= minPaymentID && len(id) <= maxPaymentID
}
