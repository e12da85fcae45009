// Package paywall puts handlers of any Gin program behind x402: a request is served once it is paid, and
// the money goes straight to the seller's address.
//
// It owns the exchange of headers, what happens to payments that are presented twice, at once or for
// something else, and that a handler's answer is kept back until it is paid for. It does not own how money
// is moved (a facilitator does, such as a 101pay gateway's), how a chain is asked, or any route.
//
// Invariants: one authorization runs one handler and pays for one answer; a handler that fails is not paid
// for; nothing of an answer is sent before its settlement; 402 is answered only where no money can have
// moved, because a client that reads it signs again. What was presented is remembered by this process:
// behind several, the facilitator must settle the same payment once however often it is asked, as 101pay's
// does, and it alone vouches for what it says it sent.
package paywall

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/domain/x402"
)

// Limits. MaxRequestBytes and MaxAnswerBytes bound bodies: both are held in memory until the money has moved.
const (
	MaxRequestBytes = 1 << 20
	MaxAnswerBytes  = 8 << 20
	// settleLimit is how long a facilitator may take; the payer's connection waits for it.
	settleLimit = 90 * time.Second
	// waitLimit is how long a repetition waits for the request that came first.
	waitLimit = 20 * time.Second
	// maxRemembered bounds how many payments are remembered at once.
	maxRemembered = 50_000
)

// Facilitator verifies and settles payments. A Refusal (domain/x402) is its word that no money moved;
// every other error leaves that open. Asked again to settle what it has settled, it answers the same
// transaction. ports.Delegate of a 101pay gateway is one.
type Facilitator interface {
	Verify(ctx context.Context, v x402.Verified) error
	Settle(ctx context.Context, v x402.Verified) (sent x402.Hash, err error)
}

// Options are what a gate needs.
type Options struct {
	Facilitator Facilitator
	// PublicURL is where payers reach this server, as "https://api.example.com": what a payment is for is
	// never taken from a request's Host.
	PublicURL string
	Log       *slog.Logger     // nil means slog.Default
	Now       func() time.Time // nil means the wall clock
}

// Price is what a route costs and how it may be paid.
type Price struct {
	Ways        []x402.Requirements // in order of preference
	Description string
	MIMEType    string
	// Upfront has money moved before the handler runs, for handlers that do something that cannot be taken
	// back. One that fails then leaves its payer the right to present the same payment again.
	Upfront bool
}

// Gate sells answers of handlers. Make one with New for all routes of a program.
type Gate struct {
	Options
	claims claims
}

// New makes a gate.
func New(o Options) (*Gate, error) {
	switch {
	case o.Facilitator == nil:
		return nil, errors.New("paywall: a facilitator is needed")
	case !strings.HasPrefix(o.PublicURL, "http://") && !strings.HasPrefix(o.PublicURL, "https://"):
		return nil, errors.New("paywall: PublicURL must begin with https://")
	}
	o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Gate{Options: o, claims: claims{of: map[x402.ClaimKey]*claim{}}}, nil
}

// Sell is the middleware that serves the handlers after it for a price. Use it on the routes themselves,
// so that the router's idea of a path is the only one. An error says what is wrong with the price.
func (g *Gate) Sell(p Price) (gin.HandlerFunc, error) {
	if _, err := g.offer("/", p); err != nil {
		return nil, fmt.Errorf("paywall: %w", err)
	}
	return func(c *gin.Context) { g.serve(c, p) }, nil
}

// offer is a price for a path as payers are told.
func (g *Gate) offer(path string, p Price) (x402.Offer, error) {
	return x402.NewOffer(x402.Resource{
		URL: g.PublicURL + path, Description: p.Description, MIMEType: p.MIMEType,
	}, p.Ways...)
}

// purchase is one request on its way through the gate.
type purchase struct {
	offer   x402.Offer
	price   Price
	payload x402.Payload
	binding x402.Binding
	key     x402.ClaimKey
}

func (g *Gate) serve(c *gin.Context, price Price) {
	defer c.Abort() // the handlers after this one run in work, or not at all
	shown(c.Writer.Header())
	offer, err := g.offer(c.Request.URL.EscapedPath(), price)
	if err != nil {
		g.fail(c, nil, fmt.Errorf("offer: %w", err))
		return
	}
	paid := false
	b := purchase{offer: offer, price: price}
	head := c.Request.Header
	b.payload, paid, err = x402.Read(head.Values(x402.HeaderPaymentV1), head.Values(x402.HeaderPaymentV2))
	if err == nil && !paid {
		demand(c, offer.Challenge(nil))
		return
	}
	if err == nil {
		err = g.bind(c, &b)
	}
	if err != nil {
		g.fail(c, &b, err)
		return
	}
	for g.attend(c, b) { // again where a claim was let go while we waited for it
	}
}

// bind finds what the payment is for.
func (g *Gate) bind(c *gin.Context, b *purchase) error {
	way, err := b.offer.Choose(b.payload)
	if err != nil {
		return err
	}
	body, err := readAll(c)
	if err != nil {
		return err
	}
	b.key = way.KeyOf(b.payload)
	b.binding = way.BindingOf(b.payload, x402.Request{
		MerchantID: way.PayTo.String(), SKU: c.Request.URL.EscapedPath(), Method: c.Request.Method,
		Target: c.Request.URL.RequestURI(), Body: body, Client: c.ClientIP(),
	})
	return nil
}

// shown lets programs on foreign pages read what concerns payment.
func shown(h http.Header) {
	h.Add("Access-Control-Expose-Headers",
		strings.Join([]string{x402.HeaderRequiredV2, x402.HeaderResponseV2, x402.HeaderResponseV1}, ", "))
}
