package app

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// What is kept of offers.
const (
	// offerLife is how long an offer is answered from memory. A receiving account that is changed or
	// tampered with is noticed this much later; the one before is still watched.
	offerLife = 5 * time.Second
	// maxOffers bounds how many are kept.
	maxOffers = 4096
)

// ErrNotPayable refuses a payer whom nobody can take money from now.
var ErrNotPayable = resource.ErrNotForSale.Because("not_payable").Saying(
	"its merchant can be paid for this on no network just now")

// errPostRefused refuses a request that its resource does not take.
var errPostRefused = fault.New(fault.NotAllowed, "method_not_allowed", "this resource is read with GET")

// stall is where something is sold as it is now: on which terms, with the challenge printed.
type stall struct {
	goods    goods
	resource resource.Snapshot // zero where something else is sold
	offer    x402.Offer
	printed  x402.Printed
	shown    Showcase
	made     time.Time
}

// Showcase is an offer for people.
type Showcase struct {
	Title, Description, Type string
	Price                    money.Amount
	URL                      string
	Ways                     []x402.Requirements
}

// offers keeps offers by resource. The zero value is ready.
type offers struct {
	mu sync.Mutex
	of map[resource.ID]stall
}

func (o *offers) get(id resource.ID, version int64, now time.Time) (stall, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s, kept := o.of[id]
	return s, kept && s.resource.Version == version && now.Sub(s.made) < offerLife
}

func (o *offers) put(s stall) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of == nil || len(o.of) >= maxOffers {
		o.of = make(map[resource.ID]stall) // they are soon made again
	}
	o.of[s.resource.ID] = s
}

// stall finds what is sold under a name, whether or not it is sold now: what was paid for is still
// delivered.
func (s *Paywall) stall(ctx context.Context, p Purchase) (stall, error) {
	row, err := s.reads.get(ctx, shelfMark{p.Merchant, p.SKU}, func(ctx context.Context) (ports.ResourceRow, error) {
		return s.Catalog.Reads.BySKU(ctx, p.Merchant, p.SKU)
	})
	if err != nil {
		return stall{}, err
	}
	r, now := row.Resource.Snapshot(), s.Core.Clock.Now()
	switch {
	case row.ProjectDisabled:
		return stall{}, resource.ErrNotForSale.Because("project_disabled")
	case p.Method == http.MethodPost && !(r.Content.Kind == resource.Upstream && r.Content.Upstream.Post):
		return stall{}, errPostRefused
	}
	if kept, ok := s.offers.get(r.ID, r.Version, now); ok {
		return kept, nil
	}
	made, err := s.set(ctx, r, now)
	if err == nil {
		s.offers.put(made)
	}
	return made, err
}

// set makes the offer of a resource.
func (s *Paywall) set(ctx context.Context, r resource.Snapshot, now time.Time) (stall, error) {
	units, err := s.Catalog.Units(ctx, r.Mode, r.Terms.Price)
	if err != nil {
		return stall{}, err
	}
	price, err := money.FromMinor(money.USDC, units.Big())
	if err != nil {
		return stall{}, err
	}
	ways, err := s.ways(ctx, r, units, now)
	if err != nil {
		return stall{}, err
	}
	title := r.Terms.Title
	if title == "" {
		title = r.SKU
	}
	description := r.Terms.Description
	if description == "" {
		description = title
	}
	shown := Showcase{
		Title: title, Description: description, Type: r.Advertised(), Price: price, Ways: ways,
		URL: s.PublicURL + "/v1/resource/" + url.PathEscape(r.SKU) + "?merchant=" + url.QueryEscape(string(r.MerchantID)),
	}
	offer, err := x402.NewOffer(x402.Resource{
		URL: shown.URL, Description: shown.Description, MIMEType: shown.Type,
		ServiceName: r.Terms.ServiceName, Tags: r.Terms.Tags,
	}, ways...)
	if err != nil {
		return stall{}, err
	}
	if offer, err = s.declare(offer, r); err != nil {
		return stall{}, err
	}
	return stall{product{s, r}, r, offer, offer.Print(), shown, now}, nil
}

// ways lists how a resource can be paid for: every token of every network that it is sold on and its
// merchant has an account on. A network that cannot be asked is left out, unless it is the only one.
func (s *Paywall) ways(
	ctx context.Context, r resource.Snapshot, units x402.Uint256, now time.Time,
) (ways []x402.Requirements, err error) {
	accounts, err := fetch(ctx, s.Core, func(ctx context.Context, repos ports.Repos) ([]merchant.ReceivingAccount, error) {
		return currentAccounts(ctx, repos, r.ProjectID, now)
	})
	if err != nil {
		return nil, err
	}
	var down error
	for _, to := range s.Catalog.Rails.payees(s.Core.Vault, r, accounts) {
		if to.Problem == PayeeTampered {
			s.Log.ErrorContext(ctx, "a receiving account is not as it was recorded: nobody is sent there",
				"project", string(r.ProjectID), "network", to.Network.String())
		}
		rail, settled := s.Catalog.Rails.For(r.Mode, to.Network)
		if to.Problem != "" || !settled {
			continue
		}
		tokens, err := rail.Chain.Tokens(ctx)
		if err != nil {
			down = errors.Join(down, err)
			continue
		}
		for _, t := range tokens {
			if t.Contract() != to.To && len(ways) < resource.MaxNetworks {
				ways = append(ways, x402.Requirements{Token: t, Amount: units, PayTo: to.To, Timeout: r.Terms.Timeout})
			}
		}
	}
	switch {
	case len(ways) > 0:
		return ways, nil
	case down != nil:
		return nil, down
	}
	return nil, ErrNotPayable
}
