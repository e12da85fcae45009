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
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/domain/fault"
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
	return func(c *gin.Context) { g.serve(c, headers{}, p) }, nil
}

// offer is a price for a path as payers are told.
func (g *Gate) offer(path string, p Price) (x402.Offer, error) {
	return x402.NewOffer(x402.Resource{
		URL: g.PublicURL + path, Description: p.Description, MIMEType: p.MIMEType,
	}, p.Ways...)
}

// purchase is one request on its way through the gate.
type purchase struct {
	at      counter
	offer   x402.Offer
	price   Price
	payload x402.Payload
	binding x402.Binding
	key     x402.ClaimKey
}

// counter is where a payment is presented, and how it is answered there.
type counter interface {
	// read finds the payment.
	read(c *gin.Context) (p x402.Payload, paid bool, err error)
	// asked says what the payment is for; the edge adds who asks.
	asked(c *gin.Context) (x402.Request, error)
	// demand asks for payment, of a client that has sent none.
	demand(c *gin.Context, o x402.Offer)
	// refuse answers why a payment is not taken. told is nil where nobody knows yet which payment it is.
	refuse(c *gin.Context, o x402.Offer, told *x402.Response, err error)
	// approve looks at what the handler answered: whether it is worth its price, and may be sold.
	approve(answer *kept) bool
	// give gives an answer out, with the settlement response if it was paid for.
	give(c *gin.Context, answer *kept, paid *x402.Response, v x402.Version)
}

func (g *Gate) serve(c *gin.Context, at counter, price Price) {
	defer c.Abort() // the handlers after this one run in work, or not at all
	b := purchase{at: at, price: price}
	var err error
	if b.offer, err = g.offer(c.Request.URL.EscapedPath(), price); err != nil {
		g.fail(c, &b, fmt.Errorf("offer: %w", err))
		return
	}
	paid := false
	b.payload, paid, err = at.read(c)
	if err == nil && !paid {
		at.demand(c, b.offer)
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
	asked, err := b.at.asked(c)
	if err != nil {
		return err
	}
	asked.MerchantID, asked.Client = way.PayTo.String(), c.ClientIP()
	b.key, b.binding = way.KeyOf(b.payload), way.BindingOf(b.payload, asked)
	return nil
}

// fail answers why a payment is not taken.
func (g *Gate) fail(c *gin.Context, b *purchase, err error) {
	refusal := (*x402.Refusal)(nil)
	if fault.From(err).Kind == fault.Internal {
		g.Log.ErrorContext(c.Request.Context(), "a paid request failed", "error", err)
	}
	if !errors.As(err, &refusal) || b.key == (x402.ClaimKey{}) {
		b.at.refuse(c, b.offer, nil, err)
		return
	}
	told := x402.Relayed(b.due(), x402.Hash{}, refusal)
	b.at.refuse(c, b.offer, &told, err)
}

// hold answers that the money may have moved: the client must not sign again.
func (g *Gate) hold(c *gin.Context, b *purchase, tx x402.Hash) {
	refusal := x402.ReasonPending.Refuse("the payment was sent and is not confirmed yet; " +
		"ask again with the same payment and do not sign another")
	told := x402.Relayed(b.due(), tx, refusal)
	b.at.refuse(c, b.offer, &told, refusal)
}

// due is as much of what is due as a client is told of a payment that was not taken.
func (b *purchase) due() x402.Due {
	return x402.Due{Network: b.key.Network, Asset: b.key.Asset, Payer: b.key.Payer, Nonce: b.key.Nonce}
}
