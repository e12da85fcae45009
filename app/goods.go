package app

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/ports"
)

// goods is what is sold at a stall: a resource of a merchant's, or the payment of one of his checkout
// sessions. It says when it is sold, in which order it is paid and made, and makes it.
type goods interface {
	conditions
	// claimed names it in the row of a claim.
	claimed(row *ports.AuthorizationRow) error
	// make makes it for whoever pays.
	make(ctx context.Context, b *buying) (ports.AuthorizationAnswer, error)
	// unshelved is a kept answer as it is given again.
	unshelved(ctx context.Context, b *buying, kept ports.AuthorizationAnswer) (ports.AuthorizationAnswer, error)
}

// conditions say when and how goods are sold.
type conditions interface {
	// sold refuses what is not sold now.
	sold(now time.Time) error
	// closed says why nobody is to be asked for money for it any more, whatever else is wrong with what he
	// presented; nil while he may be.
	closed(ctx context.Context) error
	// mode is whose money it takes.
	mode() merchant.Mode
	// upfront reports whether it is paid before it is made.
	upfront() bool
	// making is how long it may take to be made before anything is signed.
	making() time.Duration
}

// product is a resource as goods.
type product struct {
	s *Paywall
	r resource.Snapshot
}

func (p product) sold(now time.Time) error     { return p.r.Sold(now) }
func (p product) closed(context.Context) error { return nil }
func (p product) mode() merchant.Mode          { return p.r.Mode }
func (p product) upfront() bool                { return p.r.Terms.Flow == resource.Upfront }

func (p product) making() time.Duration {
	if p.r.Content.Kind == resource.Upstream {
		return upstreamTime
	}
	return 0
}

func (p product) claimed(row *ports.AuthorizationRow) error {
	row.ProjectID, row.Mode, row.ResourceID = p.r.ProjectID, p.r.Mode, string(p.r.ID)
	return nil
}

func (p product) make(ctx context.Context, b *buying) (ports.AuthorizationAnswer, error) {
	return p.s.make(ctx, p.r, b.asked)
}

func (p product) unshelved(
	ctx context.Context, _ *buying, kept ports.AuthorizationAnswer,
) (ports.AuthorizationAnswer, error) {
	return p.s.unshelved(ctx, p.r, kept)
}
