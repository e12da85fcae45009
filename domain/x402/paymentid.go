package x402

// ExtensionPaymentID is the extension by which a client names its payment, so that it may present it again
// under that name.
const ExtensionPaymentID = "payment-identifier"

// minPaymentID and maxPaymentID bound a payment-identifier.
const minPaymentID, maxPaymentID = 16, 128

const sayPaymentID = "extensions.payment-identifier must hold an info object whose id, if there is one, has " +
	"16 to 128 letters, digits, hyphens or underscores"

// extension reads what one of the payload's extensions says. Clients echo what the challenge declared and
// add to it: nothing but what they add is of interest.
func (d *decoder) extension(name []byte) {
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
