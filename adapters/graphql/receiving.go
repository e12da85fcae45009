package graphql

import (
	"context"
	"strings"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
)

// PaymentMethods lists the ways to be paid.
func (q queries) PaymentMethods(ctx context.Context, project string) ([]*PaymentMethod, error) {
	who, err := q.setUp(ctx, member.ReadSetup, project)
	if err != nil {
		return nil, err
	}
	list, err := q.Receiving.Methods(ctx, who)
	return each(list, showMethod), err
}

func showMethod(m app.MethodState) *PaymentMethod {
	return &PaymentMethod{
		Name: string(m.Method), Symbol: m.Method.Symbol(), Live: m.Live, Test: m.Test, Enabled: m.Enabled,
		Networks: each(m.Networks, func(n app.MethodNetwork) *MethodNetwork {
			return &MethodNetwork{Network: string(n.Network), Live: n.Live, Address: optional(n.Address)}
		}),
	}
}

// ReceivingAccounts lists where a project's money goes.
func (q queries) ReceivingAccounts(ctx context.Context, project string) ([]*ReceivingAccount, error) {
	who, err := q.setUp(ctx, member.ReadSetup, project)
	if err != nil {
		return nil, err
	}
	list, err := q.Receiving.List(ctx, who)
	return each(list, showReceiving), err
}

func showReceiving(r app.ReceivingView) *ReceivingAccount {
	shown := &ReceivingAccount{
		ID: string(r.ID), Network: string(r.Network), Asset: r.Asset, Label: r.Label,
		State: ReceivingState(strings.ToUpper(string(r.State))), Proven: r.Proven, Tampered: r.Tampered,
		CreatedAt: r.CreatedAt, ActiveFrom: r.ActiveFrom, EndsAt: moment(r.RemovedAt), Replaces: optional(r.Replaces),
	}
	if !r.Tampered {
		shown.Address, shown.Fingerprint = optional(r.Address), optional(r.Address.Fingerprint())
	}
	return shown
}

// AddressWait says how long changes of addresses wait.
func (q queries) AddressWait(ctx context.Context, project string) (*AddressWait, error) {
	who, err := q.setUp(ctx, member.ReadSetup, project)
	if err != nil {
		return nil, err
	}
	wait, err := q.Receiving.Wait(ctx, who)
	return showWait(wait), err
}

func showWait(w merchant.ChangeWait) *AddressWait {
	shown := &AddressWait{Hours: w.Hours, NextFrom: moment(w.NextFrom)}
	if !w.NextFrom.IsZero() {
		shown.NextHours = &w.NextHours
	}
	return shown
}

// atDesk is who may say where money goes: his role says so, and he has proven lately who he is.
func (m mutations) atDesk(ctx context.Context, project string) (merchant.Principal, error) {
	return m.guarded(ctx, member.ManageAccounts, project, ModeLive)
}

// proven is how sure we are of whoever passed atDesk: he signed in, and has proven lately that it is he. A
// password that he gives all the same has to be right, and counts as a try to sign in.
func (a *API) proven(ctx context.Context, password *string) app.Confirmation {
	by := app.Confirmation{Login: true, Proven: true}
	if who, err := a.actor(ctx); err == nil && password != nil {
		by.Password, by.Client = *password, who.From.IP
	}
	return by
}

func receivingInput(in ReceivingInput) (app.ReceivingInput, error) {
	out := app.ReceivingInput{Network: in.Network, Asset: in.Asset, Address: in.Address}
	if in.Label != nil {
		out.Label = *in.Label
	}
	if in.Signature != nil {
		out.Signature = *in.Signature
	}
	return out, edge.Text("label", out.Label, maxLabel, false)
}

// ChallengeReceivingAccount answers the text to sign.
func (m mutations) ChallengeReceivingAccount(ctx context.Context, input ReceivingInput) (*ChallengePayload, error) {
	who, err := m.atDesk(ctx, input.Project)
	if err != nil {
		return nil, err
	}
	in, err := receivingInput(input)
	var made app.Challenge
	if err == nil {
		made, _, err = m.Receiving.Challenge(ctx, who, in, app.Once[app.Challenge]{})
	}
	out := &ChallengePayload{}
	return done(out, &out.UserErrors, err, func() {
		out.Text, out.ExpiresAt = &made.Text, moment(made.Expires)
	})
}

// AddReceivingAccount adds a receiving account.
func (m mutations) AddReceivingAccount(ctx context.Context, input ReceivingInput) (*ReceivingAccountPayload, error) {
	who, err := m.atDesk(ctx, input.Project)
	if err != nil {
		return nil, err
	}
	in, err := receivingInput(input)
	in.By = m.proven(ctx, input.Password)
	var added app.ReceivingView
	if err == nil {
		added, _, err = m.Receiving.Add(ctx, who, in, app.Once[app.ReceivingView]{})
	}
	return receivingPayload(added, err)
}

func receivingPayload(r app.ReceivingView, err error) (*ReceivingAccountPayload, error) {
	out := &ReceivingAccountPayload{}
	return done(out, &out.UserErrors, err, func() { out.ReceivingAccount = showReceiving(r) })
}

// RelabelReceivingAccount changes what a receiving account is called.
func (m mutations) RelabelReceivingAccount(ctx context.Context, project, id, label string) (*ReceivingAccountPayload, error) {
	who, err := m.setUp(ctx, member.ManageAccounts, project)
	if err != nil {
		return nil, err
	}
	var changed app.ReceivingView
	if err = edge.Text("label", label, maxLabel, false); err == nil {
		changed, _, err = m.Receiving.Relabel(ctx, who,
			merchant.ReceivingAccount{ID: merchant.ReceivingID(id), Label: label}, app.Once[app.ReceivingView]{})
	}
	return receivingPayload(changed, err)
}

// RemoveReceivingAccount retires a receiving account.
func (m mutations) RemoveReceivingAccount(ctx context.Context, project, id string, password *string) (*RemovedPayload, error) {
	who, err := m.atDesk(ctx, project)
	if err != nil {
		return nil, err
	}
	removal := app.Removal{ID: merchant.ReceivingID(id), By: m.proven(ctx, password)}
	_, _, err = m.Receiving.Remove(ctx, who, removal, app.Once[struct{}]{})
	return removed(err)
}

func removed(err error) (*RemovedPayload, error) {
	out := &RemovedPayload{}
	return done(out, &out.UserErrors, err, func() { out.Removed = true })
}

// SetAddressWait changes how long changes of addresses wait.
func (m mutations) SetAddressWait(ctx context.Context, project string, hours int) (*AddressWaitPayload, error) {
	who, err := m.atDesk(ctx, project)
	if err != nil {
		return nil, err
	}
	wait, _, err := m.Receiving.SetWait(ctx, who, hours, app.Once[merchant.ChangeWait]{})
	out := &AddressWaitPayload{}
	return done(out, &out.UserErrors, err, func() { out.AddressWait = showWait(wait) })
}

// SwitchPaymentMethod offers a method, or offers it no more.
func (m mutations) SwitchPaymentMethod(ctx context.Context, project, method string, enabled bool) (*PaymentMethodPayload, error) {
	who, err := m.setUp(ctx, member.ManageProjects, project)
	if err != nil {
		return nil, err
	}
	var state app.MethodState
	name, err := checkout.ParseMethod(method)
	if err == nil {
		state, _, err = m.Receiving.Switch(ctx, who,
			app.MethodState{Method: name, Enabled: enabled}, app.Once[app.MethodState]{})
	}
	out := &PaymentMethodPayload{}
	return done(out, &out.UserErrors, err, func() { out.PaymentMethod = showMethod(state) })
}
