package x402

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// SignIn is what a wallet says of who it is, as its client presents it. Nothing in it has been checked but
// its form.
type SignIn struct {
	text      signInText
	address   Address
	signature Signature
}

// signInText is what was signed, as it was spelled.
type signInText struct {
	domain, address, statement, uri, version, chain, kind string
	nonce, issuedAt, expires, notBefore, requestID        string
	resources                                             []string
}

const (
	// maxSignInBytes bounds the header: it holds two URLs and a signature.
	maxSignInBytes = MaxHeaderBytes
	// maxSignInResources is how many URLs a sign-in may name.
	maxSignInResources = 4
)

const saySignIn = "SIGN-IN-WITH-X must be, once, the standard base64 with padding of one JSON object"

// ReadSignIn finds the sign-in among the values of its header. Without any, said is false. Errors are
// Refusals.
func ReadSignIn(values []string) (s SignIn, said bool, err error) {
	if len(values) == 0 {
		return SignIn{}, false, nil
	}
	if len(values) > 1 || len(values[0]) > maxSignInBytes {
		return SignIn{}, true, ReasonSignIn.Refuse(saySignIn)
	}
	text, err := base64.StdEncoding.Strict().DecodeString(values[0])
	if err != nil || strings.ContainsAny(values[0], "\r\n") || !utf8.Valid(text) {
		return SignIn{}, true, ReasonSignIn.Refuse(saySignIn)
	}
	d := decoder{scanner: scanner{in: text, names: make([][]byte, 0, usualNames)}}
	d.object(func(name []byte) { d.signIn(&s, name) })
	if err := d.end(); err != nil {
		return SignIn{}, true, ReasonSignIn.Refuse(saySignIn + ": " + err.Error())
	}
	if d.wrong == "" && d.seen != fieldFrom|fieldSignature {
		d.wrong = "address and signature must be there"
	}
	if d.wrong != "" {
		return SignIn{}, true, ReasonSignIn.Refuse(d.wrong)
	}
	s.signature = d.out.signature
	return s, true, nil
}

// signIn reads one member. signatureScheme is passed over: what a signature proves is seen by itself.
func (d *decoder) signIn(s *SignIn, name []byte) {
	t := &s.text
	texts := map[string]*string{
		"domain": &t.domain, "statement": &t.statement, "uri": &t.uri, "version": &t.version, "chainId": &t.chain,
		"type": &t.kind, "nonce": &t.nonce, "issuedAt": &t.issuedAt, "expirationTime": &t.expires,
		"notBefore": &t.notBefore, "requestId": &t.requestID,
	}
	switch into, known := texts[string(name)]; {
	case known:
		*into = d.line(string(name))
	case string(name) == "address":
		t.address = d.line("address")
		address, ok := ParseAddress(t.address)
		if !ok {
			d.complain("address", "0x and 40 hexadecimal digits")
		}
		s.address = address
		d.seen |= fieldFrom
	case string(name) == "signature":
		d.signature()
	case string(name) == "resources":
		d.list("resources", func() { t.resources = append(t.resources, d.line("resources")) })
		if len(t.resources) > maxSignInResources {
			d.complain("resources", "at most 4 URLs")
		}
	}
}

// line reads a string that is part of a line of the message. One that held a line break could say what
// other lines say.
func (d *decoder) line(name string) string {
	s := d.string(name)
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		d.complain(name, "text without control characters")
	}
	return s
}

// message is what the wallet signed (EIP-4361).
func (s SignIn) message(n Network) string {
	t := s.text
	var b strings.Builder
	b.WriteString(t.domain + " wants you to sign in with your Ethereum account:\n" + t.address + "\n\n")
	if t.statement != "" {
		b.WriteString(t.statement + "\n")
	}
	line := func(name, value string) {
		if value != "" {
			b.WriteString("\n" + name + ": " + value)
		}
	}
	line("URI", t.uri)
	line("Version", t.version)
	line("Chain ID", strings.TrimPrefix(n.String(), caip))
	line("Nonce", t.nonce)
	line("Issued At", t.issuedAt)
	line("Expiration Time", t.expires)
	line("Not Before", t.notBefore)
	line("Request ID", t.requestID)
	if len(t.resources) > 0 {
		b.WriteString("\nResources:")
		for _, r := range t.resources {
			b.WriteString("\n- " + r)
		}
	}
	return b.String()
}
