package x402

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"
)

// complain remembers the first field that is not of its form, in words for the payer.
func (d *decoder) complain(name, form string) {
	if d.wrong == "" {
		d.wrong = name + " must be " + form
	}
}

// members reads an object; anything else is not of the form.
func (d *decoder) members(name string, member func(name []byte)) {
	if d.next() != '{' {
		d.complain(name, "an object")
		d.skip()
		return
	}
	d.object(member)
}

// chars reads a string; anything else is not of the form.
func (d *decoder) chars(name string) []byte {
	if d.next() != '"' {
		d.complain(name, "a string")
		d.skip()
		return nil
	}
	return d.text()
}

func (d *decoder) string(name string) string { return string(d.chars(name)) }

// list reads an array; anything else is not of the form.
func (d *decoder) list(name string, element func()) {
	if d.next() != '[' {
		d.complain(name, "an array")
		d.skip()
		return
	}
	d.array(element)
}

// integer reads a whole number and answers its text; a fraction or an exponent is not of the form.
func (d *decoder) integer(name string) string {
	if c := d.next(); !isDigit(c) {
		d.complain(name, "a whole number")
		d.skip()
		return ""
	}
	text := d.number()
	if strings.ContainsAny(text, ".eE") {
		d.complain(name, "a whole number")
		return ""
	}
	return text
}

// uint reads a decimal string.
func (d *decoder) uint(name string, into *Uint256, f field) {
	u, ok := ParseUint(d.chars(name))
	if !ok {
		d.complain(name, "a string of decimal digits without sign or leading zero, below 2^256")
	}
	*into = u
	d.seen |= f
}

// hex reads 0x and as many digits as into takes.
func (d *decoder) hex(name string, into []byte, f field) {
	if !readHex(into, d.chars(name)) {
		d.complain(name, "0x and "+strconv.Itoa(hex.EncodedLen(len(into)))+" hexadecimal digits")
	}
	d.seen |= f
}

func (d *decoder) signature() {
	s, ok := hexSignature(d.chars("signature"))
	if !ok {
		d.complain("signature", "0x and the hexadecimal digits of an ECDSA, EIP-1271 or ERC-6492 signature")
	}
	d.out.signature = s
	d.seen |= fieldSignature
}

// hexSignature reads a signature in hex.
func hexSignature(text []byte) (Signature, bool) {
	digits, prefixed := bytes.CutPrefix(text, []byte(hexPrefix))
	raw := make([]byte, hex.DecodedLen(len(digits)))
	_, err := hex.Decode(raw, digits)
	s, ok := readSignature(raw)
	return s, prefixed && err == nil && ok
}
