package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// usdcDecimals are those of every token that resources are sold for; who reads a chain compares them.
const usdcDecimals = 6

// Resources keeps what merchants sell to programs. Everything a merchant asks for concerns one project and
// mode; what belongs to another is not found. An API key may do all of it: where live money goes is not a
// resource's to say.
type Resources struct {
	Core   Core
	Reads  ports.ResourceReads
	Rails  TokenRails
	Rates  ports.Rates
	Prober ports.Prober
	Tags   *PriceTags // what is told of prices; nil keeps none in memory
	// AllowPrivate admits upstreams of this machine and its network: for development only.
	AllowPrivate bool
}

// ResourceInput is what a new resource says.
type ResourceInput struct {
	Who     merchant.Principal
	SKU     string
	Terms   TermsChange   // over the defaults
	Content *ContentInput // nil for none yet
}

// Create adds a resource. It is sold at once if it has content and its time has come.
func (s Resources) Create(
	ctx context.Context, in ResourceInput, once Once[ResourceView],
) (ResourceView, *ports.Answer, error) {
	now := s.now()
	terms, err := s.resolve(ctx, in.Terms, in.Who.Mode)
	if err != nil {
		return ResourceView{}, nil, err
	}
	fresh := resource.Snapshot{
		ID: resource.ID(s.Core.IDs.UUID()), MerchantID: in.Who.Merchant, ProjectID: in.Who.Project,
		Mode: in.Who.Mode, SKU: in.SKU,
		Terms: terms.onto(resource.Terms{Timeout: resource.DefaultTimeout, Flow: resource.Authorization}),
	}
	var bytes []byte
	if in.Content != nil {
		if fresh.Content, bytes, err = s.content(fresh.ID, *in.Content); err != nil {
			return ResourceView{}, nil, err
		}
	}
	made, err := resource.New(fresh, now)
	if err != nil {
		return ResourceView{}, nil, err
	}
	unreachable := s.unreachable(ctx, fresh.Content)
	defer s.Tags.changed(in.Who.Merchant, in.SKU)
	return run(ctx, s.Core, ownScope(in.Who), once, noted(s.Core, in.Who, func(v ResourceView) deed {
		return deed{"resource.created", v.SKU, "", "mode=" + v.Mode.String()}
	},
		func(ctx context.Context, r ports.Repos) (ResourceView, error) {
			if err := openProject(ctx, r, in.Who.Project); err != nil {
				return ResourceView{}, err
			}
			if err := add(ctx, r, made, bytes); err != nil {
				return ResourceView{}, err
			}
			v, err := s.seen(ctx, r, made, now)
			v.Unreachable = unreachable
			return v, err
		}))
}

func add(ctx context.Context, r ports.Repos, made *resource.Resource, bytes []byte) error {
	err := r.Resources.Add(ctx, made)
	if errors.Is(err, ports.ErrTaken) {
		return resource.ErrSKUTaken
	}
	if err != nil || len(bytes) == 0 {
		return err
	}
	return r.Resources.SetContent(ctx, made, bytes)
}

// openProject refuses a project that may not sell.
func openProject(ctx context.Context, r ports.Repos, id merchant.ProjectID) error {
	p, err := r.Projects.ByID(ctx, id)
	if err == nil && p.Disabled {
		err = merchant.ErrProjectDisabled
	}
	return err
}

// Get finds a resource, archived or not.
func (s Resources) Get(ctx context.Context, who merchant.Principal, sku string) (ResourceView, error) {
	row, err := s.Reads.BySKU(ctx, who.Merchant, sku)
	if err != nil {
		return ResourceView{}, err
	}
	if err := owns(who, row.Resource); err != nil {
		return ResourceView{}, err
	}
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (ResourceView, error) {
		return s.seen(ctx, r, row.Resource, s.now())
	})
}

// owns answers ErrNotFound for what belongs to another project or mode.
func owns(who merchant.Principal, r *resource.Resource) error {
	v := r.Snapshot()
	if v.MerchantID != who.Merchant || v.ProjectID != who.Project || v.Mode != who.Mode {
		return ports.ErrNotFound
	}
	return nil
}

// List pages through the resources of a project and mode, newest first.
func (s Resources) List(ctx context.Context, q ports.ResourceQuery) ([]ResourceView, bool, error) {
	found, more, err := s.Reads.Resources(ctx, q)
	if err != nil {
		return nil, false, err
	}
	now := s.now()
	views, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) ([]ResourceView, error) {
		accounts, err := currentAccounts(ctx, r, q.Project, now)
		if err != nil {
			return nil, err
		}
		out := make([]ResourceView, len(found))
		for i, one := range found {
			out[i] = s.view(one, accounts, now)
		}
		return out, nil
	})
	return views, more, err
}

func (s Resources) seen(
	ctx context.Context, r ports.Repos, one *resource.Resource, now time.Time,
) (ResourceView, error) {
	accounts, err := currentAccounts(ctx, r, one.Snapshot().ProjectID, now)
	return s.view(one, accounts, now), err
}

// Units is a price in base units of USDC: by the rate the operator configured, which is one to one
// unless he fixed another.
func (s Resources) Units(ctx context.Context, m merchant.Mode, price money.Amount) (x402.Uint256, error) {
	text := price.MinorText()
	if price.Currency() != money.USDC {
		rate, err := s.Rates.Rate(ctx, m, price.Currency(), coinSold)
		if err != nil {
			return x402.Uint256{}, err
		}
		units, err := rate.Convert(price, usdcDecimals)
		if err != nil {
			return x402.Uint256{}, err
		}
		text = units.String()
	}
	units, ok := x402.ParseUint(text)
	if !ok || units.IsZero() {
		return x402.Uint256{}, fmt.Errorf("price of %s %s: %s units", price, price.Currency(), text)
	}
	return units, nil
}

func (s Resources) now() time.Time { return ledger.Instant(s.Core.Clock.Now()) }
