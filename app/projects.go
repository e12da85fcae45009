package app

import (
	"context"
	"errors"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// ProjectChange says what of a project shall be different; nil leaves a field as it is.
type ProjectChange struct {
	Name            *string
	WebsiteURL      *string // "" takes the website away
	Mode            *merchant.Mode
	SessionMinutes  *int
	Late            *merchant.LatePolicy
	RecordedCharges *bool

	ToleranceBasisPoints *int
	Underpaid            *merchant.UnderpaidPolicy
	Finality             *[]merchant.FinalityRule // replaces all rules
	TwoSourcesFrom       *int
}

// UpdateProject changes the principal's project. Live mode needs a live rail
// (merchant.ErrNoLiveRail); a website belongs to one project (merchant.ErrWebsiteTaken).
func (s Accounts) UpdateProject(
	ctx context.Context, who merchant.Principal, change ProjectChange, once Once[merchant.Project],
) (merchant.Project, *ports.Answer, error) {
	if change.Mode != nil && *change.Mode == merchant.Live && !s.Rails.LiveEnabled() {
		return merchant.Project{}, nil, merchant.ErrNoLiveRail
	}
	var before string
	return run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, func(p merchant.Project) deed {
		return deed{"project.changed", string(p.ID), before, projectText(p)}
	},
		func(ctx context.Context, r ports.Repos) (merchant.Project, error) {
			project, err := r.Projects.Load(ctx, who.Project)
			if err != nil {
				return merchant.Project{}, err
			}
			before = projectText(project)
			if project, err = change.apply(project); err != nil {
				return merchant.Project{}, err
			}
			err = r.Projects.Update(ctx, project)
			if errors.Is(err, ports.ErrTaken) {
				err = merchant.ErrWebsiteTaken
			}
			return project, err
		}))
}

func (change ProjectChange) apply(p merchant.Project) (merchant.Project, error) {
	var err error
	if change.Name != nil {
		if err := merchant.CheckName(*change.Name); err != nil {
			return merchant.Project{}, err
		}
		p.Name = *change.Name
	}
	if change.WebsiteURL != nil {
		if p.WebsiteURL, err = merchant.CheckWebsite(*change.WebsiteURL); err != nil {
			return merchant.Project{}, err
		}
	}
	set(&p.Mode, change.Mode)
	set(&p.Policy.SessionMinutes, change.SessionMinutes)
	set(&p.Policy.Late, change.Late)
	set(&p.Policy.RecordedCharges, change.RecordedCharges)
	set(&p.Policy.ToleranceBasisPoints, change.ToleranceBasisPoints)
	set(&p.Policy.Underpaid, change.Underpaid)
	set(&p.Policy.Finality, change.Finality)
	set(&p.Policy.TwoSourcesFrom, change.TwoSourcesFrom)
	return p, p.Policy.Validate()
}

// set replaces a value by one that was given.
func set[T any](value, given *T) {
	if given != nil {
		*value = *given
	}
}

// CreateProject makes a further project of the principal's merchant, in test mode, with the policy every
// project begins with.
func (s Accounts) CreateProject(
	ctx context.Context, who merchant.Principal, name string, once Once[merchant.Project],
) (merchant.Project, *ports.Answer, error) {
	if err := merchant.CheckName(name); err != nil {
		return merchant.Project{}, nil, err
	}
	p := merchant.Project{
		ID: merchant.ProjectID(s.Core.IDs.UUID()), MerchantID: who.Merchant, Name: name, Mode: merchant.Test,
		Policy: merchant.DefaultPolicy(), CreatedAt: ledger.Instant(s.Core.Clock.Now()),
	}
	return run(ctx, s.Core, ownScope(who), once,
		func(ctx context.Context, r ports.Repos) (merchant.Project, error) {
			return p, r.Projects.Add(ctx, p)
		})
}
