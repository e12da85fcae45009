package app

import (
	"context"
	"slices"
	"strconv"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// MethodState is a method as it stands for a project.
type MethodState struct {
	Method     checkout.Method
	Live, Test bool // whether a rail of this gateway carries it
	Enabled    bool // carried in some mode, and not switched off
	Networks   []MethodNetwork
}

// MethodNetwork is a network that carries a method's coin for real money, as it stands for a project.
type MethodNetwork struct {
	Network chain.Network
	Live    bool          // whether this gateway reads it
	Address chain.Address // where payments go, "" without an account
}

// Methods lists all methods in the documented order.
func (s Receiving) Methods(ctx context.Context, who merchant.Principal) ([]MethodState, error) {
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) ([]MethodState, error) {
		return s.offers(ctx, r, who.Project, checkout.Methods()...)
	})
}

func (s Receiving) offers(
	ctx context.Context, r ports.Repos, p merchant.ProjectID, methods ...checkout.Method,
) ([]MethodState, error) {
	switched, err := r.Receiving.Methods(ctx, p)
	if err != nil {
		return nil, err
	}
	accounts, err := currentAccounts(ctx, r, p, s.Core.Clock.Now())
	if err != nil {
		return nil, err
	}
	accounts = slices.DeleteFunc(accounts, func(a merchant.ReceivingAccount) bool { return !s.intact(ctx, a) })
	var out []MethodState
	for _, m := range methods {
		o := MethodState{
			Method: m, Live: s.carried(m, merchant.Live), Test: s.carried(m, merchant.Test),
			Networks: s.networks(m, accounts),
		}
		o.Enabled = (o.Live || o.Test) && !switchedOff(switched, m)
		out = append(out, o)
	}
	return out, nil
}

// networks lists the networks of a method that accounts can be entered for.
func (s Receiving) networks(m checkout.Method, accounts []merchant.ReceivingAccount) []MethodNetwork {
	var out []MethodNetwork
	for _, n := range m.Networks() {
		if !slices.Contains(s.receivable(), n) {
			continue
		}
		_, live := s.Rails.asset(n, m.Symbol())
		to, _ := receiver("", chain.Asset{Network: n, Symbol: m.Symbol()}, accounts)
		out = append(out, MethodNetwork{Network: n, Live: live, Address: to.at})
	}
	return out
}

func (s Receiving) carried(m checkout.Method, mode merchant.Mode) bool {
	_, err := s.Rails.Assets(m, mode)
	return err == nil
}

// Switch turns a method on or off. One that no rail carries cannot be turned on
// (checkout.ErrUnsupportedMethod).
func (s Receiving) Switch(
	ctx context.Context, who merchant.Principal, to MethodState, once Once[MethodState],
) (MethodState, *ports.Answer, error) {
	if to.Enabled && !s.carried(to.Method, merchant.Live) && !s.carried(to.Method, merchant.Test) {
		return MethodState{}, nil, checkout.ErrUnsupportedMethod.Saying(
			"no rail of this gateway carries " + string(to.Method))
	}
	return run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, func(MethodState) deed {
		return deed{"method.switched", string(to.Method), "", "enabled=" + strconv.FormatBool(to.Enabled)}
	},
		func(ctx context.Context, r ports.Repos) (MethodState, error) {
			if err := r.Receiving.SetMethod(ctx, who.Project, to.Method, to.Enabled); err != nil {
				return MethodState{}, err
			}
			out, err := s.offers(ctx, r, who.Project, to.Method)
			if err != nil {
				return MethodState{}, err
			}
			return out[0], nil
		}))
}
