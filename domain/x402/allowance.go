package x402

import "time"

// ExtensionSponsoring is the extension by which a payer who has not let Permit2 move his token does so by a
// signature (EIP-2612), which is settled together with the payment: he needs no coins for gas.
const ExtensionSponsoring = "eip2612GasSponsoring"

// Allowance is what a payer signs so that Permit2 may move so much of a token of his (EIP-2612).
type Allowance struct {
	Value, Deadline Uint256
	Nonce           Uint256 // of the payer for the token; it is signed and not part of the call
	V               byte
	R, S            Hash
}

// allowanceBytes is the length of an allowance as stores keep it.
const allowanceBytes = 5*wordBytes + 1

// Bytes are the allowance as stores keep it.
func (a Allowance) Bytes() []byte {
	value, deadline, nonce := a.Value.Bytes(), a.Deadline.Bytes(), a.Nonce.Bytes()
	out := make([]byte, 0, allowanceBytes)
	out = append(out, value[:]...)
	out = append(out, deadline[:]...)
	out = append(out, nonce[:]...)
	out = append(out, a.R[:]...)
	out = append(out, a.S[:]...)
	return append(out, a.V)
}

// ReadAllowance reads what Bytes answered; ok is false for what it cannot have answered.
func ReadAllowance(b []byte) (a Allowance, ok bool) {
	if len(b) != allowanceBytes {
		return a, false
	}
	next := func() Hash {
		w := Hash(b[:wordBytes])
		b = b[wordBytes:]
		return w
	}
	a.Value, a.Deadline, a.Nonce = uintFrom(next()), uintFrom(next()), uintFrom(next())
	a.R, a.S = next(), next()
	a.V = b[0]
	return a, true
}

// arguments are the words of a call's first argument.
func (a Allowance) arguments() []Hash {
	var v Hash
	v[wordBytes-1] = a.V
	return []Hash{a.Value.Bytes(), a.Deadline.Bytes(), a.R, a.S, v}
}

var permitType = keccak([]byte("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"))

// presentedAllowance is an allowance as a payload has it in its extension, with what is not part of the call.
type presentedAllowance struct {
	from, asset, spender Address
	signature            Signature
	Allowance

	seen field
}

// Fields without which there is no allowance.
const (
	fieldOwner field = 1 << iota
	fieldToken
	fieldSpender
	fieldAmount2612
	fieldNonce2612
	fieldDeadline2612
	fieldSignature2612
	fieldsOfAllowance = 1<<iota - 1
)

// digest is what the payer signs for the token.
func (a presentedAllowance) digest(t Token) Hash {
	signed := words(permitType, word(a.from), word(a.spender), a.Value.Bytes(), a.Nonce.Bytes(), a.Deadline.Bytes())
	return keccak([]byte{0x19, 0x01}, t.domain[:], signed[:])
}

// allowance is what the payload brings so that Permit2 may move the token; nil if nothing. It must be the
// payer's own, of this token, for Permit2, of what the payment permits and no more, and hold long enough to
// be settled.
func (r Requirements) allowance(p Payload, now time.Time) (*Allowance, error) {
	said := p.allowance
	if said == nil || !r.Method.Permits() {
		return nil, nil //nolint:nilnil // nothing is what it brings
	}
	a := p.authorization
	until, near := said.Deadline.Uint64()
	v, rr, s, byKey := said.signature.VRS()
	by, signed := said.signature.signer(said.digest(r.Token))
	refuse := func(what string) (*Allowance, error) {
		return nil, ReasonSponsoring.Refuse("extensions." + ExtensionSponsoring + ".info: " + what)
	}
	switch {
	case !r.Token.permits:
		return refuse("this token takes no permits (EIP-2612); let Permit2 move it by a transaction of yours")
	case said.seen != fieldsOfAllowance:
		return refuse("it must hold from, asset, spender, amount, nonce, deadline and signature")
	case said.from != a.From:
		return refuse("from must be the payer")
	case said.asset != r.Token.contract:
		return refuse("asset must be the token that is paid with")
	case said.spender != Permit2Contract:
		return refuse("spender must be Permit2, " + Permit2Contract.String())
	case said.Value != a.Value:
		return refuse("amount must be what the payment permits, " + a.Value.String())
	case near && until < unix(now.Add(SettleMargin)):
		return refuse("deadline is over, or will be before it can be settled")
	case !byKey || !signed || by != a.From:
		return refuse("signature is not the payer's over this permit; check the token's EIP-712 domain and nonces()")
	}
	out := said.Allowance
	out.V, out.R, out.S = v, rr, s
	return &out, nil
}

// sponsoringInfo declares the extension, as clients look for it.
const sponsoringInfo = `{"info":{"description":"Permit2 may be let to move the token by a signature (EIP-2612), ` +
	`which is settled with the payment","version":"1"},"schema":{"$schema":"https://json-schema.org/draft/2020-12/schema",` +
	`"type":"object","properties":{"from":{"type":"string","pattern":"^0x[a-fA-F0-9]{40}$"},` +
	`"asset":{"type":"string","pattern":"^0x[a-fA-F0-9]{40}$"},"spender":{"type":"string","pattern":"^0x[a-fA-F0-9]{40}$"},` +
	`"amount":{"type":"string","pattern":"^[0-9]+$"},"nonce":{"type":"string","pattern":"^[0-9]+$"},` +
	`"deadline":{"type":"string","pattern":"^[0-9]+$"},"signature":{"type":"string","pattern":"^0x[a-fA-F0-9]+$"},` +
	`"version":{"type":"string","pattern":"^[0-9]+(\\.[0-9]+)*$"}},` +
	`"required":["from","asset","spender","amount","nonce","deadline","signature","version"]}}`

// sponsors reports whether a way to pay may be paid by somebody who has not let Permit2 move his token.
func (o Offer) sponsors() bool {
	for _, way := range o.accepts {
		if way.Method.Permits() && way.Token.permits {
			return true
		}
	}
	return false
}

// sponsoring reads the extension of a payload.
func (d *decoder) sponsoring() {
	if d.next() != '{' {
		return // an echo of nothing
	}
	d.object(func(name []byte) {
		if string(name) == "info" && d.next() == '{' {
			said := &presentedAllowance{}
			d.object(said.reader(d))
			if said.seen != 0 { // otherwise it is what the challenge declared
				d.out.allowance = said
			}
		}
	})
}

// reader reads the members of an allowance. One not of its form is as good as missing.
func (a *presentedAllowance) reader(d *decoder) func(name []byte) {
	account := func(into *Address, f field) {
		if d.next() == '"' && readHex(into[:], d.text()) {
			a.seen |= f
		}
	}
	number := func(into *Uint256, f field) {
		if d.next() != '"' {
			return
		}
		if n, ok := ParseUint(d.text()); ok {
			*into = n
			a.seen |= f
		}
	}
	return func(name []byte) {
		switch string(name) {
		case "from":
			account(&a.from, fieldOwner)
		case "asset":
			account(&a.asset, fieldToken)
		case "spender":
			account(&a.spender, fieldSpender)
		case "amount":
			number(&a.Value, fieldAmount2612)
		case "nonce":
			number(&a.Nonce, fieldNonce2612)
		case "deadline":
			number(&a.Deadline, fieldDeadline2612)
		case "signature":
			if d.next() != '"' {
				return
			}
			if s, ok := hexSignature(d.text()); ok {
				a.signature = s
				a.seen |= fieldSignature2612
			}
		}
	}
}
