package app

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Bounds of a purchase.
const (
	// waitFor is how long a payment presented again waits for the request that is at work on it.
	waitFor = settleFor + 5*time.Second
	// buyBound bounds a purchase whose client went away: what is begun is finished, so that what was paid
	// is kept for him.
	buyBound = 2 * time.Minute
	// buyTurns bounds how often a payment is looked at anew because somebody else moved it meanwhile.
	buyTurns = 4
)

// Paywall sells resources to programs: it asks for payment, takes it once, and delivers what it paid for.
type Paywall struct {
	Core      Core
	Catalog   Resources
	Relayer   *Relayer
	Reads     ports.AuthorizationReads
	Upstreams ports.Upstreams
	PublicURL string // without a slash at its end
	// Attestations signs offers and receipts.
	Attestations Attestations
	// Checkout is whose sessions programs pay, and Words what they are told for it.
	Checkout Checkout
	Words    ports.OrderEncoder
	Log      *slog.Logger

	offers offers
	reads  sharedReads[shelfMark, ports.ResourceRow]

	contents contents
	receipts receipts
}

// shelfMark is where a resource is found.
type shelfMark struct {
	merchant merchant.ID
	sku      string
}

// Purchase is a request for a resource, or to pay a checkout session.
type Purchase struct {
	Session  checkout.SessionID // to be paid; "" for a resource, which Merchant and SKU name
	Merchant merchant.ID
	SKU      string
	Method   string // GET or POST; HEAD only asks for the price
	Target   string // path and query, exactly as received
	Query    string // what of it is the payer's own, for an upstream that takes it; raw
	Body     []byte
	Type     string   // Content-Type of the body, "" for none
	Accept   string   // what the client would like to have
	V1, V2   []string // the values of X-PAYMENT and PAYMENT-SIGNATURE
	SignIn   []string // the values of SIGN-IN-WITH-X
	Client   string   // who asks, as the edge sees it
}

// asked is what the payment of a purchase is bound to.
func (p Purchase) asked() x402.Request {
	return x402.Request{
		MerchantID: string(p.Merchant), SKU: p.SKU, Method: p.Method, Target: p.Target, Body: p.Body, Client: p.Client,
	}
}

// Sale is what a client gets, in parts that edges print.
type Sale struct {
	// Answer is what was sold, or what kept the merchant's server from making it. nil if there is none.
	Answer *ports.AuthorizationAnswer
	// Fault is why there is no answer; nil if there is one, or if nothing was presented to pay with.
	Fault *fault.Fault
	// Challenge is how to pay; nil where paying again would be wrong.
	Challenge *x402.Challenge
	// Response tells a client what became of its payment, in the words of Version; nil if nothing did.
	Response *x402.Response
	Version  x402.Version
	// Shown is what people are shown of the offer.
	Shown Showcase
}

// Status is the HTTP status of a sale: 402 only where no money can have moved, or what was paid for was
// delivered.
func (s Sale) Status() int {
	switch {
	case s.Answer != nil:
		return s.Answer.Status
	case s.Fault == nil:
		return http.StatusPaymentRequired
	}
	switch s.Fault.Kind {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.Rejected:
		return http.StatusPaymentRequired
	case fault.NotFound:
		return http.StatusNotFound
	case fault.NotAllowed:
		return http.StatusMethodNotAllowed
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Unauthenticated, fault.Forbidden, fault.Unsupported, fault.Unprocessable, fault.Limited, fault.Internal:
	}
	return http.StatusInternalServerError
}

// Buy sells a resource, or says what it takes. Errors are those of requests that nothing is sold to:
// unknown resources, wrong methods, and faults of ours before a payment was looked at.
func (s *Paywall) Buy(ctx context.Context, p Purchase) (Sale, error) {
	if p.onlyAsks() {
		return s.price(ctx, p)
	}
	stall, err := s.enter(ctx, &p)
	if err != nil {
		return Sale{}, err
	}
	payload, paid, err := x402.Read(p.V1, p.V2)
	if p.Method == http.MethodHead {
		paid, err = false, nil // what has no body is not sold
	}
	if !paid {
		if err := stall.goods.sold(s.Core.Clock.Now()); err != nil {
			return Sale{}, err
		}
		return s.unpaid(ctx, stall, p)
	}
	b := &buying{s: s, stall: stall, asked: p, payload: payload}
	if err != nil {
		return b.refused(ctx, err), nil
	}
	// The client's end does not end what is begun: what is paid is kept for it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), buyBound)
	defer cancel()
	return b.run(ctx), nil
}

// unpaid answers a request that brings no payment.
func (s *Paywall) unpaid(ctx context.Context, at stall, p Purchase) (Sale, error) {
	if p.Method != http.MethodHead {
		if sale, said, err := s.readmit(ctx, at, p); said {
			return sale, err
		}
	}
	challenge := s.quoted(&at)
	return Sale{Challenge: &challenge, Shown: at.shown}, nil
}

// buying is a purchase with a payment.
type buying struct {
	s       *Paywall
	stall   stall
	asked   Purchase
	payload x402.Payload
	way     x402.Requirements
	key     x402.ClaimKey
	binding x402.Binding
}

// next says how a look at a payment ended.
type next uint8

const (
	turnOver next = iota + 1 // there is a sale
	turnLost                 // somebody else moved it meanwhile
	turnWait                 // there may be news of what somebody else is at work on
)

// run decides what becomes of the payment.
func (b *buying) run(ctx context.Context) Sale {
	way, err := b.stall.offer.Choose(b.payload)
	if err != nil {
		return b.refused(ctx, err)
	}
	b.way, b.key, b.binding = way, way.KeyOf(b.payload), way.BindingOf(b.payload, b.asked.asked())
	until, cancel := context.WithTimeout(ctx, waitFor)
	defer cancel()
	for turns := 0; turns < buyTurns; {
		sale, then := b.turn(ctx, until)
		switch then {
		case turnOver:
			return sale
		case turnLost:
			turns++
		case turnWait: // waiting is what was asked for
		}
	}
	return b.failed(ctx, ports.ErrTryAgain)
}

// turn looks the payment up before anything else is asked or done.
func (b *buying) turn(ctx, until context.Context) (Sale, next) {
	row, kept, err := b.s.Reads.ByKey(ctx, b.key)
	switch {
	case isNotFound(err):
		return b.fresh(ctx)
	case err != nil:
		return b.failed(ctx, err), turnOver
	}
	outcome, err := row.Settlement.Meet(b.binding, b.s.Core.Clock.Now())
	making := outcome == x402.Deliver && beingDelivered(kept, b.s.Core.Clock.Now())
	if making {
		err = x402.ReasonPending.Refuse("it is paid, and what it paid for is being made; ask again with the same header")
	}
	if outcome == x402.Wait || making {
		if until.Err() != nil {
			return b.settling(ctx, row, err), turnOver
		}
		b.s.Relayer.Wait(until, b.key)
		return Sale{}, turnWait
	}
	if outcome == x402.Retake {
		return b.retake(ctx)
	}
	if outcome == x402.Deliver || b.owed(row, kept) {
		return b.deliver(ctx, row, kept)
	}
	return b.settling(ctx, row, err), turnOver
}

// owed reports whether the payer paid and was delivered nothing: that is his for longer than an answer is
// given again.
func (b *buying) owed(row ports.AuthorizationRow, kept *ports.AuthorizationAnswer) bool {
	was := row.Settlement.Snapshot()
	return isOwed(kept) && was.Status == x402.Settled && was.Binding == b.binding
}
