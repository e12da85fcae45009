package x402

import (
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// ExtensionSignIn is the extension by which a wallet that has paid says who it is; HeaderSignIn is where.
const (
	ExtensionSignIn = "sign-in-with-x"
	HeaderSignIn    = "SIGN-IN-WITH-X"
)

const (
	// SignInFor is how long a signature that says who somebody is may be presented.
	SignInFor = 5 * time.Minute
	// SignInNonceBytes is the size of what makes each such signature another.
	SignInNonceBytes = 16

	signInVersion   = "1"
	signInByKey     = "eip191"
	signInStatement = "Show that this wallet has paid. This costs nothing and pays nothing."
	// instants is what issuedAt and expirationTime are printed as: that of ECMAScript, in UTC.
	instants = "2006-01-02T15:04:05.000Z"
)

// SignInAsk is what makes one challenge's question another than the next one's.
type SignInAsk struct {
	Nonce [SignInNonceBytes]byte // random
	At    time.Time
}

// Asking is the offer with the question whether a wallet has paid before. It is asked anew in every
// challenge.
func (o Offer) Asking(a SignInAsk) Offer {
	o.ask = a
	return o
}

// signInSchema describes what is sent back.
const signInSchema = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":` +
	`{"domain":{"type":"string"},"address":{"type":"string"},"uri":{"type":"string"},"chainId":{"type":"string"},` +
	`"nonce":{"type":"string"},"issuedAt":{"type":"string"},"signature":{"type":"string"}},"required":` +
	`["domain","address","uri","version","chainId","type","nonce","issuedAt","signature"]}`

// origin is scheme and host of the resource, which the seller configures: what a request says of its host
// is never asked.
func (r Resource) origin() (scheme, host string) {
	u, err := url.Parse(r.URL)
	if err != nil {
		return "", ""
	}
	return u.Scheme, u.Host
}

func (o Offer) writeSignIn(w *writer) {
	_, host := o.resource.origin()
	ask := o.ask
	w.name(ExtensionSignIn)
	w.open('{')
	w.name("info")
	w.open('{')
	w.string("domain", host)
	w.string("uri", o.resource.URL)
	w.string("version", signInVersion)
	w.string("statement", signInStatement)
	w.blank("nonce", hex.EncodeToString(ask.Nonce[:]))
	w.blank("issuedAt", ask.At.UTC().Format(instants))
	w.blank("expirationTime", ask.At.Add(SignInFor).UTC().Format(instants))
	w.strings("resources", []string{o.resource.URL})
	w.close('}')
	w.name("supportedChains")
	w.open('[')
	told := map[Network]bool{}
	for _, way := range o.accepts {
		if n := way.Token.network; !told[n] {
			told[n] = true
			w.open('{')
			w.string("chainId", n.Name(V2))
			w.string("type", signInByKey)
			w.close('}')
		}
	}
	w.close(']')
	w.raw("schema", signInSchema)
	w.close('}')
}

// SignedIn is a wallet that has shown who it is. Whoever grants something for it takes Nonce first, once for
// each Payer, and keeps it until Until.
type SignedIn struct {
	Network Network
	Payer   Address
	Nonce   [SignInNonceBytes]byte
	Until   time.Time
	// Standing says what the signature shows by itself: for ByWallet and ByFactory only the payer's contract
	// on Network can tell, of Digest and Signature.
	Standing  Standing
	Digest    Hash
	Signature Signature
}

// Admit holds a sign-in against the offer it was presented for. It must be for this resource at this seller's
// own address, on one of the offer's networks, fresh, and signed. Errors are Refusals.
func (o Offer) Admit(s SignIn, now time.Time) (SignedIn, error) {
	if err := s.aimed(o); err != nil {
		return SignedIn{}, err
	}
	until, err := s.fresh(now)
	if err != nil {
		return SignedIn{}, err
	}
	out := SignedIn{Payer: s.address, Until: until, Signature: s.signature}
	for _, way := range o.accepts {
		if way.Token.network.Name(V2) == s.text.chain {
			out.Network = way.Token.network
		}
	}
	raw, err := hex.DecodeString(s.text.nonce)
	switch {
	case out.Network == 0:
		return SignedIn{}, ReasonSignIn.Refuse("chainId must be a network of this offer")
	case err != nil || len(raw) != SignInNonceBytes || s.text.nonce != strings.ToLower(s.text.nonce):
		return SignedIn{}, ReasonSignIn.Refuse("nonce must be 32 hexadecimal digits in lower case, as the challenge has it")
	}
	out.Nonce = [SignInNonceBytes]byte(raw)
	message := s.message(out.Network)
	out.Digest = keccak([]byte("\x19Ethereum Signed Message:\n"+strconv.Itoa(len(message))), []byte(message))
	out.Standing = s.signature.standing(out.Digest, s.address)
	return out, nil
}

// aimed refuses a signature that was asked for by somebody else, or for something else.
func (s SignIn) aimed(o Offer) error {
	_, host := o.resource.origin()
	switch {
	case host == "" || s.text.domain != host:
		return ReasonSignIn.Refuse("domain must be " + host)
	case s.text.uri != o.resource.URL:
		return ReasonSignIn.Refuse("uri must be that of the challenge, " + o.resource.URL)
	case s.text.version != signInVersion:
		return ReasonSignIn.Refuse("version must be " + signInVersion)
	case s.text.kind != signInByKey:
		return ReasonSignIn.Refuse("type must be " + signInByKey)
	}
	return nil
}

// fresh is until when a sign-in may be presented.
func (s SignIn) fresh(now time.Time) (until time.Time, err error) {
	issued, ok := instant(s.text.issuedAt)
	if !ok || issued.After(now.Add(ClockSkew)) {
		return until, ReasonSignIn.Refuse("issuedAt must be a time (RFC 3339) that is not in the future")
	}
	until = issued.Add(SignInFor)
	if s.text.expires != "" {
		end, ok := instant(s.text.expires)
		if !ok {
			return until, ReasonSignIn.Refuse("expirationTime must be a time (RFC 3339)")
		}
		if end.Before(until) {
			until = end
		}
	}
	if s.text.notBefore != "" {
		if from, ok := instant(s.text.notBefore); !ok || now.Before(from) {
			return until, ReasonSignIn.Refuse("notBefore must be a time (RFC 3339) that has come")
		}
	}
	if !now.Before(until) {
		return until, ReasonSignIn.Refuse("this sign-in is too old: take a fresh challenge, sign it, and present it " +
			"within 5 minutes")
	}
	return until, nil
}

func instant(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil
}
