package x402

import (
	"errors"
	"strings"
	"testing"
)

// extended is a payment with extensions, as its client sends them.
func extended(p payment, extensions string) payment {
	p.more += `,"extensions":` + extensions
	return p
}

// The id is read where the official client puts it, beside what it echoes of the challenge.
func TestPaymentIDIsRead(t *testing.T) {
	const id = "pay_7d5d747be160e280504c099d984bcfe0"
	for name, c := range map[string]struct{ extensions, want string }{
		"echo and id": {
			`{"payment-identifier":{"info":{"required":false,"id":"` + id + `"},"schema":{"type":"object"}}}`, id,
		},
		"shortest":          {`{"payment-identifier":{"info":{"id":"aZ0-_aZ0-_aZ0-_x"}}}`, "aZ0-_aZ0-_aZ0-_x"},
		"longest":           {`{"payment-identifier":{"info":{"id":"` + strings.Repeat("9", 128) + `"}}}`, strings.Repeat("9", 128)},
		"spelled otherwise": {`{"payment\u002didentifier":{"info":{"id":"\u0061bcdefghijklmnop"}}}`, "abcdefghijklmnop"},
		"echo only":         {`{"payment-identifier":{"info":{"required":false},"schema":{}}}`, ""},
		"another extension": {`{"bazaar":{"info":{"id":"` + id + `"}}}`, ""},
		"none":              {`{}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := extended(specPayment(), c.extensions).decode(t)
			if p.PaymentID() != c.want {
				t.Errorf("id %q, want %q", p.PaymentID(), c.want)
			}
			if string(p.Extensions()) != c.extensions {
				t.Errorf("extensions %s", p.Extensions())
			}
		})
	}
	if id := extended(specPayment().v1(), `{"payment-identifier":{"info":{"id":5}}}`).decode(t).PaymentID(); id != "" {
		t.Errorf("version 1 has no extensions, but an id %q was read", id)
	}
}

// A client that means to be idempotent and is not understood must hear of it before it pays.
func TestPaymentIDsThatAreRefused(t *testing.T) {
	for name, extension := range map[string]string{
		"too short":      `{"info":{"id":"abcdefghijklmno"}}`,
		"too long":       `{"info":{"id":"` + strings.Repeat("a", 129) + `"}}`,
		"a space":        `{"info":{"id":"abcdefgh ijklmnop"}}`,
		"an at sign":     `{"info":{"id":"abcdefgh@ijklmnop"}}`,
		"a brace":        `{"info":{"id":"abcdefgh{ijklmnop"}}`,
		"another script": `{"info":{"id":"abcdefghijklmnopé"}}`,
		"empty":          `{"info":{"id":""}}`,
		"a number":       `{"info":{"id":1234567890123456}}`,
		"null":           `{"info":{"id":null}}`,
		"no info":        `{"info":"abcdefghijklmnop"}`,
		"no object":      `"abcdefghijklmnop"`,
		"nothing":        `null`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(V2, extended(specPayment(), `{"payment-identifier":`+extension+`}`).header())
			wants(t, err, ReasonPaymentID)
			var refusal *Refusal
			if errors.As(err, &refusal) && !strings.Contains(refusal.Detail, "16 to 128") {
				t.Errorf("it does not say what would be right: %s", refusal.Detail)
			}
		})
	}
}
