package resource

import (
	"mime"
	"slices"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/x402"
)

// Limits of terms. Those of texts are the wire's: an offer travels in a header.
const (
	MaxDescriptionBytes = 512 // what x402.NewOffer takes
	MaxNetworks         = 8   // ways to pay in one x402.Offer
	maxTitleRunes       = 80
	maxMIMEBytes        = 128
	maxTags             = 5  // x402 version 2, resource.tags
	maxWordBytes        = 32 // of a tag, and of resource.serviceName

	// DefaultTimeout is how long a payer's signature may hold unless the merchant says otherwise.
	DefaultTimeout = time.Minute
	minTimeout     = 30 * time.Second
	maxTimeout     = 300 * time.Second
)

// Faults of terms.
var (
	ErrCurrency = fault.New(fault.Invalid, "unsupported_currency",
		"a program pays in a dollar coin by its signature, so currency must be USDC, USD (1 USD is 1 USDC here) or USDT; "+
			"a price in JPY would change between the offer and the payment").About("currency")
	ErrPayToLive = fault.New(fault.Invalid, "pay_to_test_only",
		"payTo works in test mode only; live payments go to the receiving accounts of your project "+
			"(POST /v1/receiving-accounts), and nowhere else").About("payTo")
)

// Flow is in which order a payment is settled and a resource is made.
type Flow string

// The flows, as x402 calls them.
const (
	// Authorization checks the payment, makes the answer, settles, and delivers: nobody pays for an
	// answer that could not be made.
	Authorization Flow = "authorization"
	// Upfront settles before the answer is made, for what costs money to make. One that fails leaves the
	// payer the right to ask again.
	Upfront Flow = "upfront"
)

// Terms are what a resource is sold for and how it is told of.
type Terms struct {
	Price money.Amount // positive, in USDC, USD (paid in USDC) or USDT
	// UpTo says that the price is the most that is paid: the merchant's server says how much was used. Only
	// an upstream is sold so, and in the flow Authorization.
	UpTo bool
	// Networks are those it is sold on; none means all on which its merchant can be paid.
	Networks []x402.Network
	// PayTo says where test payments go; networks without one have an address of the gateway's making.
	PayTo        map[x402.Network]x402.Address
	Title        string
	ServiceName  string // whose service this is, for catalogs of services
	Description  string
	MIMEType     string // of what is delivered, "" for the content's own
	Tags         []string
	Discoverable bool          // listed in the gateway's public catalog
	Timeout      time.Duration // how long a payer's signature may hold
	Flow         Flow
	ValidFrom    time.Time // zero for no beginning
	ValidUntil   time.Time // zero for no end
}

// Coin is the coin that is paid with.
func (t Terms) Coin() string {
	if t.Price.Currency() == money.USDT {
		return money.USDT.Code()
	}
	return money.USDC.Code()
}

// meters refuses to sell for what was used, if nobody can say how much that was.
func (t Terms) meters(c Content) error {
	if t.UpTo && c.Stored() {
		return invalid("scheme", "\"exact\" for stored content; only an upstream says how much of the price was used")
	}
	return nil
}

// invalid says what a field must be.
func invalid(param, want string) error {
	return ErrInvalid.About(param).Saying(param + " must be " + want)
}

func (t Terms) check(m merchant.Mode) error {
	for _, err := range []error{
		t.checkPrice(), t.checkNetworks(), t.checkPayTo(m), t.checkTexts(), t.checkTags(), t.checkTimes(),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (t Terms) checkPrice() error {
	switch currency := t.Price.Currency(); {
	case !t.Price.Valid() || t.Price.IsZero():
		return money.ErrRequired.About("price")
	case currency != money.USDC && currency != money.USD && currency != money.USDT:
		return ErrCurrency
	case t.UpTo && t.Flow != Authorization:
		return invalid("scheme", "\"exact\" in the flow upfront: what was used is known after the answer is made")
	}
	return nil
}

func (t Terms) checkNetworks() error {
	if len(t.Networks) > MaxNetworks {
		return invalid("networks", "at most 8 networks")
	}
	for i, n := range t.Networks {
		if n == 0 || int64(n) < 0 || slices.Contains(t.Networks[:i], n) { //nolint:gosec // a check of just that
			return invalid("networks", "a list of different networks")
		}
	}
	return nil
}

func (t Terms) checkPayTo(m merchant.Mode) error {
	switch {
	case len(t.PayTo) == 0:
		return nil
	case m != merchant.Test:
		return ErrPayToLive
	case len(t.PayTo) > MaxNetworks:
		return invalid("payTo", "addresses on at most 8 networks")
	}
	for n, to := range t.PayTo {
		switch {
		case n == 0 || len(t.Networks) > 0 && !slices.Contains(t.Networks, n):
			return invalid("payTo", "addresses on networks of the resource")
		case to == x402.Address{}:
			return invalid("payTo", "addresses somebody has the key of")
		}
	}
	return nil
}

func (t Terms) checkTexts() error {
	switch {
	case utf8.RuneCountInString(t.Title) > maxTitleRunes || !plain(t.Title, false):
		return invalid("title", "one line of at most 80 characters")
	case !word(t.ServiceName):
		return invalid("serviceName", "at most 32 printable ASCII characters")
	case len(t.Description) > MaxDescriptionBytes || !plain(t.Description, true):
		return invalid("description", "a text of at most 512 bytes in UTF-8")
	case !mediaType(t.MIMEType, true):
		return invalid("mimeType", "a media type such as application/json")
	case t.Flow != Authorization && t.Flow != Upfront:
		return invalid("flow", "\"authorization\" or \"upfront\"")
	}
	return nil
}

func (t Terms) checkTags() error {
	if len(t.Tags) > maxTags {
		return invalid("tags", "at most 5 tags")
	}
	for i, tag := range t.Tags {
		if tag == "" || !word(tag) || slices.Contains(t.Tags[:i], tag) {
			return invalid("tags", "different texts of 1 to 32 printable ASCII characters")
		}
	}
	return nil
}

func (t Terms) checkTimes() error {
	switch {
	case t.Timeout < minTimeout || t.Timeout > maxTimeout || t.Timeout%time.Second != 0:
		return invalid("timeoutSeconds", "a whole number from "+strconv.Itoa(int(minTimeout/time.Second))+
			" to "+strconv.Itoa(int(maxTimeout/time.Second)))
	case !t.ValidUntil.IsZero() && !t.ValidUntil.After(t.ValidFrom):
		return invalid("validUntil", "later than validFrom")
	}
	return nil
}

// plain reports whether a text is UTF-8 without characters that control others.
func plain(s string, lines bool) bool {
	for _, r := range s {
		switch {
		case lines && (r == '\n' || r == '\r' || r == '\t'):
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return false
		}
	}
	return utf8.ValidString(s)
}

// word reports whether a text is what a header of version 2 takes for a name.
func word(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return len(s) <= maxWordBytes
}

// mediaType reports whether a text is one media type, with its parameters.
func mediaType(s string, orNone bool) bool {
	if s == "" {
		return orNone
	}
	if len(s) > maxMIMEBytes {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	media, _, err := mime.ParseMediaType(s)
	if err != nil {
		return false
	}
	for i := range len(media) {
		if media[i] == '/' {
			return true // ParseMediaType checked the rest
		}
	}
	return false // "attachment" is a disposition, which it reads as well
}
