package app

import (
	"context"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Desk is where members work: it turns a member and what he wants into who he acts as. There is no other
// way from an Actor to a Principal, so that no door can forget to ask whether a role grants a right or
// whether a project is the member's merchant's.
type Desk struct {
	Core     Core
	Sessions ports.SessionReads
	Places   ports.ProjectReads
}

// Place is where a member works: a project, in one of its modes.
type Place struct {
	Project merchant.ProjectID
	Mode    merchant.Mode
}

// Enter answers who a member acts as in a place, if his role grants a right. Without the right nothing is
// looked up, and a project of another merchant is as unknown as one that does not exist.
func (d Desk) Enter(ctx context.Context, a Actor, right member.Right, to Place) (merchant.Principal, error) {
	if err := a.Require(right); err != nil {
		return merchant.Principal{}, err
	}
	owner, err := d.Places.Owner(ctx, to.Project)
	if err == nil && owner != a.Merchant {
		err = ports.ErrNotFound
	}
	if err != nil {
		return merchant.Principal{}, err
	}
	return a.Principal(to.Project, to.Mode), nil
}

// Payment finds a payment of the member's merchant and answers who he acts as where it belongs.
func (d Desk) Payment(
	ctx context.Context, a Actor, right member.Right, id checkout.SessionID,
) (merchant.Principal, checkout.Snapshot, error) {
	if err := a.Require(right); err != nil {
		return merchant.Principal{}, checkout.Snapshot{}, err
	}
	session, err := d.Sessions.ByID(ctx, id)
	if err != nil {
		return merchant.Principal{}, checkout.Snapshot{}, err
	}
	s := session.Snapshot()
	if s.MerchantID != a.Merchant {
		return merchant.Principal{}, checkout.Snapshot{}, ports.ErrNotFound
	}
	return a.Principal(s.ProjectID, s.Mode), s, nil
}

// Merchant is the account a member works for.
func (d Desk) Merchant(ctx context.Context, a Actor) (merchant.Merchant, error) {
	if err := a.Require(member.ReadSetup); err != nil {
		return merchant.Merchant{}, err
	}
	return fetch(ctx, d.Core, func(ctx context.Context, r ports.Repos) (merchant.Merchant, error) {
		return r.Merchants.ByID(ctx, a.Merchant)
	})
}

// Projects lists the projects of a member's merchant, the default one first.
func (d Desk) Projects(ctx context.Context, a Actor) ([]merchant.Project, error) {
	if err := a.Require(member.ReadSetup); err != nil {
		return nil, err
	}
	return fetch(ctx, d.Core, func(ctx context.Context, r ports.Repos) ([]merchant.Project, error) {
		return r.Projects.Of(ctx, a.Merchant)
	})
}

// Project finds a project of a member's merchant.
func (d Desk) Project(ctx context.Context, a Actor, id merchant.ProjectID) (merchant.Project, error) {
	if err := a.Require(member.ReadSetup); err != nil {
		return merchant.Project{}, err
	}
	p, err := d.Places.Project(ctx, id)
	if err == nil && p.MerchantID != a.Merchant {
		err = ports.ErrNotFound
	}
	if err != nil {
		return merchant.Project{}, err
	}
	return p, nil
}
