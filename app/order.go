package app

import (
	"context"
	"net/http"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Bounds of paying an order by authorization.
const (
	// orderTimeout is how long an authorization for an order holds at most.
	orderTimeout = 5 * time.Minute
	// orderGrace is how much longer an order's intent holds than the order: what was claimed in time is in
	// time, whenever its block comes.
	orderGrace = orderTimeout + x402.ClockSkew
	// orderIntents bounds how many intents of a session are looked through.
	orderIntents = 100
	// orderAgain is when a payer may ask again for an order that somebody else is paying.
	orderAgain = 5 * time.Second
	// orderSpace is before the session's id in the name of an order. No SKU has a colon, so no merchant's
	// resource is mistaken for an order.
	orderSpace = "session:"
)

// NoOrderURL is why a checkout session cannot be paid by programs at all.
type NoOrderURL string

// The reasons.
const (
	NoOrderRail   NoOrderURL = "no_network" // the gateway settles authorizations on no network of its mode
	NoOrderMethod NoOrderURL = "method"     // it may only be paid by another coin than USDC
)

// OrderURL is where programs pay a checkout session: the order people pay on its page. It is "" with the
// reason where they never can. Whether they can just now, its answer says.
func (s *Paywall) OrderURL(of checkout.Snapshot) (url string, none NoOrderURL) {
	switch {
	case len(s.Catalog.Rails.Of(of.Mode)) == 0:
		return "", NoOrderRail
	case !of.Authorizes():
		return "", NoOrderMethod
	}
	return s.PublicURL + OrderPath(of.ID), ""
}

// OrderPath is the path of an order's URL.
func OrderPath(id checkout.SessionID) string { return "/v1/checkout/sessions/" + string(id) + "/x402" }

// ErrNoProgram refuses a program that nobody can take money from for an order now: a person can pay it.
var ErrNoProgram = fault.New(fault.Conflict, "not_payable_by_programs",
	"its merchant can be paid for this order by a program on no network just now; it can be paid on its page")

// order is a checkout session as goods: paying it is what is bought, and its receipt what is delivered.
type order struct {
	s       *Paywall
	session checkout.Snapshot
	prices  map[x402.Network]money.Amount
}

// enter finds what a purchase is for.
func (s *Paywall) enter(ctx context.Context, p *Purchase) (stall, error) {
	if p.Session == "" {
		return s.stall(ctx, *p)
	}
	session, err := s.Checkout.Get(ctx, p.Session)
	if err != nil {
		return stall{}, err
	}
	p.Merchant, p.SKU = session.MerchantID, orderSpace+string(session.ID)
	return s.counter(ctx, session)
}

// counter is where an order is paid. One that is not to be paid has one too, if it was asked for before: who
// paid is still answered.
func (s *Paywall) counter(ctx context.Context, of checkout.Snapshot) (stall, error) {
	now := s.Core.Clock.Now()
	o := order{s, of, map[x402.Network]money.Amount{}}
	url, none := s.OrderURL(of)
	if none != "" {
		return stall{}, ErrNoProgram.Saying(noOrder[none])
	}
	closed := o.sold(now)
	asked, err := s.asked(ctx, of, closed == nil)
	if err != nil {
		return stall{}, err
	}
	if closed != nil && len(asked) == 0 {
		return stall{}, closed
	}
	ways := make([]x402.Requirements, len(asked))
	for i, a := range asked {
		ways[i] = a.way
		if o.prices[a.way.Token.Network()], err = a.price(); err != nil {
			return stall{}, err
		}
	}
	title := of.Description
	if title == "" {
		title = "Order " + string(of.ID)
	}
	shown := Showcase{
		Title: title, Description: title, Type: orderType, Price: o.prices[ways[0].Token.Network()], URL: url, Ways: ways,
	}
	offer, err := x402.NewOffer(x402.Resource{URL: url, Description: title, MIMEType: orderType}, ways...)
	if err != nil {
		return stall{}, err
	}
	if offer, err = s.sealed(offer, x402.Extensions{PaymentID: x402.PaymentIDOptional}); err != nil {
		return stall{}, err
	}
	return stall{goods: o, offer: offer, printed: offer.Print(), shown: shown, made: now}, nil
}

var noOrder = map[NoOrderURL]string{
	NoOrderRail:   "programs can pay on no network of this mode here",
	NoOrderMethod: "this payment can only be made by another coin than USDC, which is what programs pay in",
}

// orderType is what is delivered for an order.
const orderType = "application/json"

func (o order) sold(now time.Time) error { return authorizable(o.session, now) }

// authorizable refuses what programs may not pay now.
func authorizable(of checkout.Snapshot, now time.Time) error {
	session, err := checkout.Restore(of)
	if err != nil {
		return err
	}
	return session.CanAuthorize(now)
}

// closed looks anew: it is asked when something went wrong, and that may be that another has paid.
func (o order) closed(ctx context.Context) error {
	now, err := o.s.Checkout.Get(ctx, o.session.ID)
	if err != nil {
		return err
	}
	return authorizable(now, o.s.Core.Clock.Now())
}

func (o order) mode() merchant.Mode   { return o.session.Mode }
func (o order) upfront() bool         { return true }
func (o order) making() time.Duration { return 0 }

func (o order) claimed(row *ports.AuthorizationRow) error {
	row.ProjectID, row.Mode, row.SessionID = o.session.ProjectID, o.session.Mode, string(o.session.ID)
	row.Price = o.prices[row.Settlement.Snapshot().Due.Network]
	return nil
}

// make tells what became of the order, as it is now.
func (o order) make(ctx context.Context, b *buying) (ports.AuthorizationAnswer, error) {
	session, err := o.s.Checkout.Get(ctx, o.session.ID)
	if err != nil {
		return ports.AuthorizationAnswer{}, err
	}
	row, err := o.s.Relayer.read(ctx, b.key)
	if err != nil {
		return ports.AuthorizationAnswer{}, err
	}
	paid, err := fetch(ctx, o.s.Core, func(ctx context.Context, r ports.Repos) (*ports.TransferRow, error) {
		return movedFor(ctx, r, row)
	})
	if err != nil {
		return ports.AuthorizationAnswer{}, err
	}
	body, err := o.s.Words.EncodeOrder(session, paid)
	if err != nil {
		return ports.AuthorizationAnswer{}, err
	}
	return o.s.answer(http.StatusOK, map[string]string{"Content-Type": orderType}, body), nil
}

// unshelved tells anew: what was kept may not be true any more.
func (o order) unshelved(
	ctx context.Context, b *buying, _ ports.AuthorizationAnswer,
) (ports.AuthorizationAnswer, error) {
	return o.make(ctx, b)
}
