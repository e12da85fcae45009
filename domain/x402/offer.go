package x402

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrOffer refuses an offer that no client could pay, or that two could read differently. It is wrapped
// with what is wrong.
var ErrOffer = errors.New("offer")

// Resource is what is sold, as a payer is told.
type Resource struct {
	URL         string // absolute; version 1 clients refuse a challenge with any other
	Description string
	MIMEType    string
	// ServiceName and Tags are for catalogs; version 2 tells of them. "" and nil are left out.
	ServiceName string
	Tags        []string
}

// Requirements are one way to pay: so much of a token to an account (at most so much by Permit2UpTo),
// signed to hold no longer than Timeout (whole seconds).
type Requirements struct {
	Token   Token
	Amount  Uint256
	PayTo   Address
	Timeout time.Duration
	Method  Method
	// Facilitator is the account that settles what was used, by Permit2UpTo; zero otherwise.
	Facilitator Address
}

// Offer is a resource and the ways to pay for it, in order of preference. It is the seller's word, against
// which payloads are held. The zero value offers nothing.
type Offer struct {
	resource Resource
	accepts  []Requirements
	also     Extensions
	ask      SignInAsk
	sealed   []string // the signed offers, in the order of accepts
}

// NewOffer makes an offer of one to eight ways to pay, each token once by a method. Errors wrap ErrOffer.
func NewOffer(r Resource, accepts ...Requirements) (Offer, error) {
	if err := r.check(); err != nil {
		return Offer{}, err
	}
	if len(accepts) == 0 || len(accepts) > maxAccepts {
		return Offer{}, fmt.Errorf("%w: %d ways to pay, want 1 to %d", ErrOffer, len(accepts), maxAccepts)
	}
	offered := map[tender]bool{}
	for _, way := range accepts {
		if err := way.check(); err != nil {
			return Offer{}, err
		}
		if offered[way.tender()] {
			return Offer{}, fmt.Errorf("%w: %s on %s is offered twice", ErrOffer, way.Token.contract, way.Token.network)
		}
		offered[way.tender()] = true
	}
	return Offer{resource: r, accepts: append([]Requirements(nil), accepts...)}, nil
}

// tender is what tells one way to pay from another.
type tender struct {
	network Network
	asset   Address
	method  Method
}

func (r Requirements) tender() tender { return tender{r.Token.network, r.Token.contract, r.Method} }

// Resource is what is sold.
func (o Offer) Resource() Resource { return o.resource }

func (r Resource) check() error {
	u, err := url.Parse(r.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || len(r.URL) > maxURLBytes {
		return fmt.Errorf("%w: its resource must be an absolute http or https URL of at most %d bytes", ErrOffer, maxURLBytes)
	}
	for _, s := range []string{r.URL, r.Description, r.MIMEType} {
		if !utf8.ValidString(s) {
			return fmt.Errorf("%w: its resource is not valid UTF-8", ErrOffer)
		}
	}
	if len(r.Description) > maxTextBytes || len(r.MIMEType) > maxTextBytes {
		return fmt.Errorf("%w: description and MIME type may have %d bytes each", ErrOffer, maxTextBytes)
	}
	return r.checkNames()
}

// checkNames holds what catalogs are told to the limits of version 2: beyond them they drop it.
func (r Resource) checkNames() error {
	if len(r.Tags) > maxTags {
		return fmt.Errorf("%w: its resource has %d tags, at most %d are told", ErrOffer, len(r.Tags), maxTags)
	}
	for _, s := range append([]string{r.ServiceName}, r.Tags...) {
		if len(s) > maxWordBytes || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' }) {
			return fmt.Errorf("%w: service name and tags may have %d ASCII characters each", ErrOffer, maxWordBytes)
		}
	}
	if slices.Contains(r.Tags, "") {
		return fmt.Errorf("%w: a tag without letters", ErrOffer)
	}
	return nil
}

func (r Requirements) check() error {
	switch {
	case r.Token.network == 0:
		return fmt.Errorf("%w: a way to pay without a token", ErrOffer)
	case !r.Token.Takes(r.Method):
		return fmt.Errorf("%w: %s cannot be paid with by %s", ErrOffer, r.Token.contract, r.Method)
	case (r.Method == Permit2UpTo) != (r.Facilitator != Address{}):
		return fmt.Errorf("%w: who settles is said by %s, and nowhere else", ErrOffer, Permit2UpTo)
	case r.Amount.IsZero():
		return fmt.Errorf("%w: the price is 0", ErrOffer)
	case r.PayTo == Address{} || r.PayTo == r.Token.contract:
		return fmt.Errorf("%w: nobody has a key to %s", ErrOffer, r.PayTo)
	case r.Timeout < minTimeout || r.Timeout > maxTimeout || r.Timeout%time.Second != 0:
		return fmt.Errorf("%w: the timeout must be whole seconds from %s to %s", ErrOffer, minTimeout, maxTimeout)
	}
	return nil
}

// Choose finds the way a payload means to pay: version, scheme, network, token and method, in that order,
// must be offered. What else the payload says is for Verify. The key of the claim is known from here on, so a
// payment that was claimed before is found without checking a signature.
func (o Offer) Choose(p Payload) (Requirements, error) {
	switch {
	case p.version != V1 && p.version != V2:
		return Requirements{}, ReasonVersion.Refuse(sayVersion)
	case !o.takes(p.accepted.scheme):
		return Requirements{}, ReasonScheme.Refuse("scheme must be " + strings.Join(o.schemes(), " or "))
	case o.also.PaymentID == PaymentIDRequired && p.version == V2 && p.paymentID == "":
		return Requirements{}, ReasonPaymentID.Refuse(sayNoPaymentID)
	}
	method, understood := p.method()
	known, other := false, false
	for _, way := range o.accepts {
		if p.accepted.network != way.Token.network.Name(p.version) {
			continue
		}
		// A version 1 payload names no token. Its clients were offered one on this network: the first.
		same := p.version == V1 || sameHex(p.accepted.asset, way.Token.contract.String())
		switch {
		case !same || !understood || method != way.Method:
		case p.authorization.Method != method:
			return Requirements{}, ReasonPayload.Refuse(sayPermit)
		default:
			return way, nil
		}
		known, other = true, other || same
	}
	if other {
		return Requirements{}, ReasonRequirements.Refuse("accepted.scheme and accepted.extra.assetTransferMethod " +
			"must be those that are offered for this token")
	}
	if known {
		return Requirements{}, ReasonAsset.Refuse("asset is not one that is offered on this network")
	}
	return Requirements{}, ReasonNetwork.Refuse("network is not one that is offered")
}

// schemes are those that are offered.
func (o Offer) schemes() (out []string) {
	for _, way := range o.accepts {
		if s := way.Method.Scheme(); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func (o Offer) takes(scheme string) bool { return slices.Contains(o.schemes(), scheme) }

// forV1 are the ways version 1 clients are told of: on networks of their list, one on each.
func (o Offer) forV1() (out []Requirements) {
	told := map[Network]bool{}
	for _, way := range o.accepts {
		if n := way.Token.network; n.Name(V1) != "" && !told[n] && way.Method == EIP3009 {
			told[n] = true
			out = append(out, way)
		}
	}
	return out
}
