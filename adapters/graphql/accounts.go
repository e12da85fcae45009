package graphql

import (
	"context"
	"math"
	"strings"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
)

// Bounds of texts merchants write, in characters, as in the native dialect.
const (
	maxName        = 80
	maxLabel       = 80
	maxDescription = 500
	maxOrderID     = 64
	maxNote        = 500
)

// maxFinalityRules bounds what is looked at; how many there may be is package merchant's to say.
const maxFinalityRules = 100

// Viewer is who is signed in.
func (q queries) Viewer(ctx context.Context) (*Viewer, error) {
	who, err := q.actor(ctx)
	if err != nil {
		return nil, err
	}
	m, err := q.Desk.Merchant(ctx, who)
	if err != nil {
		return nil, err
	}
	return &Viewer{
		ID: string(who.Member), Role: showRole(who.Role), Merchant: showMerchant(m),
	}, nil
}

// Merchant is the account.
func (q queries) Merchant(ctx context.Context) (*Merchant, error) {
	who, err := q.actor(ctx)
	if err != nil {
		return nil, err
	}
	m, err := q.Desk.Merchant(ctx, who)
	return showMerchant(m), err
}

// Projects lists the account's projects.
func (q queries) Projects(ctx context.Context) ([]*Project, error) {
	who, err := q.actor(ctx)
	if err != nil {
		return nil, err
	}
	list, err := q.Desk.Projects(ctx, who)
	return each(list, showProject), err
}

// Project finds a project.
func (q queries) Project(ctx context.Context, id string) (*Project, error) {
	who, err := q.actor(ctx)
	if err != nil {
		return nil, err
	}
	p, err := q.Desk.Project(ctx, who, merchant.ProjectID(id))
	if err != nil {
		return nil, err
	}
	return showProject(p), nil
}

func showMerchant(m merchant.Merchant) *Merchant {
	return &Merchant{
		ID: string(m.ID), ClientID: string(m.ClientID), Email: m.Email, Name: m.Name, CreatedAt: m.CreatedAt,
	}
}

func showProject(p merchant.Project) *Project {
	rules := make([]*FinalityRule, len(p.Policy.Finality))
	for i, r := range p.Policy.Finality {
		rules[i] = &FinalityRule{Network: string(r.Network), UpTo: r.UpTo, Confirmations: r.Confirmations}
	}
	return &Project{
		ID: string(p.ID), Name: p.Name, WebsiteURL: optional(p.WebsiteURL), Mode: showMode(p.Mode),
		Disabled: p.Disabled, CreatedAt: p.CreatedAt,
		Policy: &Policy{
			SessionMinutes: p.Policy.SessionMinutes, Late: LatePolicy(strings.ToUpper(string(p.Policy.Late))),
			RecordedCharges: p.Policy.RecordedCharges, ToleranceBasisPoints: p.Policy.ToleranceBasisPoints,
			Underpaid: UnderpaidPolicy(strings.ToUpper(string(p.Policy.Underpaid))), Finality: rules,
			TwoSourcesFrom: p.Policy.TwoSourcesFrom,
		},
	}
}

// RenameMerchant changes the account's name.
func (m mutations) RenameMerchant(ctx context.Context, name string) (*MerchantPayload, error) {
	who, err := m.anywhere(ctx, member.ManageProjects)
	if err != nil {
		return nil, err
	}
	var renamed merchant.Merchant
	if err = edge.Text("name", name, maxName, false); err == nil {
		renamed, _, err = m.Accounts.Rename(ctx, who, name, app.Once[merchant.Merchant]{})
	}
	out := &MerchantPayload{}
	return done(out, &out.UserErrors, err, func() { out.Merchant = showMerchant(renamed) })
}

// anywhere is who the caller acts as where no project is concerned: in the first one.
func (a *API) anywhere(ctx context.Context, right member.Right) (merchant.Principal, error) {
	who, err := a.actor(ctx)
	if err != nil {
		return merchant.Principal{}, err
	}
	list, err := a.Desk.Projects(ctx, who)
	if err != nil {
		return merchant.Principal{}, err
	}
	if len(list) == 0 {
		return merchant.Principal{}, fault.ErrNotFound
	}
	return a.Desk.Enter(ctx, who, right, app.Place{Project: list[0].ID, Mode: list[0].Mode})
}

// CreateProject makes a project.
func (m mutations) CreateProject(ctx context.Context, name string) (*ProjectPayload, error) {
	who, err := m.anywhere(ctx, member.ManageProjects)
	if err != nil {
		return nil, err
	}
	var made merchant.Project
	if err = edge.Text("name", name, maxName, false); err == nil {
		made, _, err = m.Accounts.CreateProject(ctx, who, name, app.Once[merchant.Project]{})
	}
	out := &ProjectPayload{}
	return done(out, &out.UserErrors, err, func() { out.Project = showProject(made) })
}

// UpdateProject changes a project.
func (m mutations) UpdateProject(ctx context.Context, input ProjectInput) (*ProjectPayload, error) {
	who, err := m.setUp(ctx, member.ManageProjects, input.Project)
	if err != nil {
		return nil, err
	}
	change, err := projectChange(input)
	var changed merchant.Project
	if err == nil {
		changed, _, err = m.Accounts.UpdateProject(ctx, who, change, app.Once[merchant.Project]{})
	}
	out := &ProjectPayload{}
	return done(out, &out.UserErrors, err, func() { out.Project = showProject(changed) })
}

func projectChange(in ProjectInput) (app.ProjectChange, error) {
	change := app.ProjectChange{
		Name: in.Name, WebsiteURL: in.WebsiteURL, SessionMinutes: in.SessionMinutes,
		RecordedCharges: in.RecordedCharges, ToleranceBasisPoints: in.ToleranceBasisPoints,
		TwoSourcesFrom: in.TwoSourcesFrom,
	}
	if in.Name != nil {
		if err := edge.Text("name", *in.Name, maxName, false); err != nil {
			return change, err
		}
	}
	if in.Mode != nil {
		mode := modeOf(*in.Mode)
		change.Mode = &mode
	}
	if in.Late != nil {
		late := merchant.LatePolicy(strings.ToLower(string(*in.Late)))
		change.Late = &late
	}
	if in.Underpaid != nil {
		underpaid := merchant.UnderpaidPolicy(strings.ToLower(string(*in.Underpaid)))
		change.Underpaid = &underpaid
	}
	if in.Finality != nil {
		rules, err := finalityRules(in.Finality)
		if err != nil {
			return change, err
		}
		change.Finality = &rules
	}
	return change, nil
}

func finalityRules(in []*FinalityRuleInput) ([]merchant.FinalityRule, error) {
	rules := make([]merchant.FinalityRule, 0, min(len(in), maxFinalityRules))
	for _, r := range in[:min(len(in), maxFinalityRules)] {
		network, err := chain.ParseNetwork(r.Network)
		if err != nil {
			return nil, err
		}
		rules = append(rules, merchant.FinalityRule{Network: network, UpTo: r.UpTo, Confirmations: r.Confirmations})
	}
	return rules, nil
}

// Rails says how the networks are read.
func (q queries) Rails(ctx context.Context) ([]*Rail, error) {
	who, err := q.actor(ctx)
	if err != nil {
		return nil, err
	}
	if err := who.Require(member.ReadSetup); err != nil {
		return nil, err
	}
	pulse, err := q.Health.Pulse(ctx)
	return each(pulse.Rails, showRail), err
}

func showRail(r app.RailState) *Rail {
	mode := ModeLive
	if r.Network == chain.Sandbox {
		mode = ModeTest
	}
	shown := &Rail{
		Network: string(r.Network), Title: r.Network.Title(), Mode: mode, Height: decimalOf(r.Height),
		BlockTime: moment(r.BlockTime), SilenceSeconds: seconds(r.Silence), Ok: r.OK,
		FinalBlocks: blocks(r.Network.FinalityDepth()), FinalSeconds: seconds(r.Network.FinalityWait()),
	}
	if least := blocks(r.Network.EarliestConfirmations()); least > 0 {
		shown.EarliestConfirmations = &least
	}
	return shown
}

// blocks is a number of blocks as the schema has it. Networks need a few thousand at most.
func blocks(n uint64) int { return int(min(n, math.MaxInt32)) }
