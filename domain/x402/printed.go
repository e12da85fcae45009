package x402

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// Printed is the challenge of an offer to clients that have not paid, printed once for all of them. Only
// the question whether a wallet has paid before differs from one challenge to the next. The zero value
// asks for nothing.
type Printed struct {
	plain Challenge // without the question
	// before, question and after are the version 2 text with a question, cut where three bytes begin, so
	// that each can be coded by itself. before and after are coded already.
	before, after string
	question      []byte // nonce and times are blank
	blanks        [questionBlanks]int
}

// The blanks of a question: nonce, issuedAt and expirationTime, in this order.
const questionBlanks = 3

// codedAtOnce is how many bytes base64 codes into a whole number of characters.
const codedAtOnce = 3

// Print prints the offer for clients that have not paid. The challenge is the seller's own: it must not be
// changed.
func (o Offer) Print() Printed {
	p := Printed{plain: o.without().Challenge(nil)}
	w := o.Asking(blankAsk).required(Asked)
	at := [questionBlanks]int(w.blanks)
	from := at[0] - at[0]%codedAtOnce
	to := at[questionBlanks-1] + len(instants)
	to = min(to+(codedAtOnce-to%codedAtOnce)%codedAtOnce, len(w.out))
	p.before = base64.StdEncoding.EncodeToString(w.out[:from])
	p.question, p.after = w.out[from:to:to], base64.StdEncoding.EncodeToString(w.out[to:])
	for i := range at {
		p.blanks[i] = at[i] - from
	}
	return p
}

// without is the offer without a question.
func (o Offer) without() Offer { return o.Asking(SignInAsk{}) }

// blankAsk stands where a question will be.
var blankAsk = SignInAsk{Nonce: [SignInNonceBytes]byte{1}}

// Challenge is that of Offer.Challenge(nil).
func (p Printed) Challenge() Challenge { return p.plain }

// Asking is that of Offer.Asking(a).Challenge(nil).
func (p Printed) Asking(a SignInAsk) Challenge {
	var room [512]byte
	text := append(room[:0], p.question...)
	hex.Encode(text[p.blanks[0]:], a.Nonce[:])
	var at [2 * len(instants)]byte // by way of a room of its own: a time is written beyond its end at first
	copy(text[p.blanks[1]:], a.At.UTC().AppendFormat(at[:0], instants))
	copy(text[p.blanks[2]:], a.At.Add(SignInFor).UTC().AppendFormat(at[:0], instants))
	var coded [1024]byte
	var out strings.Builder
	out.Grow(len(p.before) + base64.StdEncoding.EncodedLen(len(text)) + len(p.after))
	out.WriteString(p.before)
	out.Write(base64.StdEncoding.AppendEncode(coded[:0], text))
	out.WriteString(p.after)
	return Challenge{Body: p.plain.Body, Required: out.String()}
}
