package app

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Receiving keeps where a project's payments go and by which methods it wants to be paid.
type Receiving struct {
	Core  Core
	Rails Rails
}

// ReceivingInput is a receiving account as a merchant writes it.
type ReceivingInput struct {
	Network, Asset, Address string
	Label                   string
}

// Add makes an address the one that payments of its asset go to from now on.
func (s Receiving) Add(
	ctx context.Context, who merchant.Principal, in ReceivingInput, once Once[merchant.ReceivingAccount],
) (merchant.ReceivingAccount, *ports.Answer, error) {
	account, err := s.check(in)
	if err != nil {
		return merchant.ReceivingAccount{}, nil, err
	}
	account.ID = merchant.ReceivingID(s.Core.IDs.UUID())
	account.MerchantID, account.ProjectID = who.Merchant, who.Project
	account.Label, account.CreatedAt = in.Label, ledger.Instant(s.Core.Clock.Now())
	return run(ctx, s.Core, ownScope(who), once,
		func(ctx context.Context, r ports.Repos) (merchant.ReceivingAccount, error) {
			if err := ownAddress(ctx, r, account); err != nil {
				return account, err
			}
			err := r.Receiving.Add(ctx, account)
			if errors.Is(err, ports.ErrTaken) {
				err = merchant.ErrReceivingExists
			}
			return account, err
		})
}

// check refuses what money could be lost at: networks nobody reads, other chains, mistyped addresses,
// token contracts. Tron is known to every gateway, so its addresses can be entered before its rail is
// switched on.
func (s Receiving) check(in ReceivingInput) (merchant.ReceivingAccount, error) {
	network, err := chain.ParseNetwork(in.Network)
	if err != nil {
		return merchant.ReceivingAccount{}, err
	}
	if _, read := s.Rails.Chains[network]; !read && network != chain.Tron {
		return merchant.ReceivingAccount{}, chain.ErrUnsupportedNetwork.Saying(
			"this gateway does not read " + network.Standard() + "; name one of " + standards(s.receivable()))
	}
	isIt := func(a chain.Asset) bool { return a.Symbol == in.Asset }
	if !slices.ContainsFunc(network.Tokens(), isIt) {
		return merchant.ReceivingAccount{}, chain.ErrUnsupportedAsset.Saying(
			"asset must be a coin that " + network.Standard() + " carries here: " + symbols(network.Tokens()))
	}
	address, err := chain.ParseAddress(network, in.Address)
	if err != nil {
		return merchant.ReceivingAccount{}, err
	}
	for _, c := range s.Rails.Chains {
		isContract := func(a chain.Asset) bool { return a.Contract == string(address) }
		if slices.ContainsFunc(c.Assets(), isContract) {
			return merchant.ReceivingAccount{}, chain.ErrInvalidAddress.Saying(
				"this is a token contract, not an account; money sent there is lost")
		}
	}
	return merchant.ReceivingAccount{Network: network, Asset: in.Asset, Address: address}, nil
}

// receivable lists the networks that accounts can be entered for.
func (s Receiving) receivable() []chain.Network {
	var out []chain.Network
	for _, n := range chain.Networks() {
		if _, read := s.Rails.Chains[n]; read || n == chain.Tron {
			out = append(out, n)
		}
	}
	return out
}

// symbols lists the names of assets.
func symbols(assets []chain.Asset) string {
	names := make([]string, len(assets))
	for i, a := range assets {
		names[i] = a.Symbol
	}
	return strings.Join(names, ", ")
}

// List lists the project's current accounts, newest first.
func (s Receiving) List(ctx context.Context, who merchant.Principal) ([]merchant.ReceivingAccount, error) {
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) ([]merchant.ReceivingAccount, error) {
		return r.Receiving.List(ctx, who.Project)
	})
}

// Relabel changes what a current account is called.
func (s Receiving) Relabel(
	ctx context.Context, who merchant.Principal, relabelled merchant.ReceivingAccount,
	once Once[merchant.ReceivingAccount],
) (merchant.ReceivingAccount, *ports.Answer, error) {
	return run(ctx, s.Core, ownScope(who), once,
		func(ctx context.Context, r ports.Repos) (merchant.ReceivingAccount, error) {
			if err := r.Receiving.Relabel(ctx, who.Project, relabelled.ID, relabelled.Label); err != nil {
				return merchant.ReceivingAccount{}, err
			}
			list, err := r.Receiving.List(ctx, who.Project)
			if err != nil {
				return merchant.ReceivingAccount{}, err
			}
			at := slices.IndexFunc(list, func(a merchant.ReceivingAccount) bool { return a.ID == relabelled.ID })
			if at < 0 {
				return merchant.ReceivingAccount{}, ports.ErrNotFound
			}
			return list[at], nil
		})
}

// Remove retires an account: no new payment is sent there. The address stays watched for as long
// as somebody may still pay to it.
func (s Receiving) Remove(
	ctx context.Context, who merchant.Principal, id merchant.ReceivingID, once Once[struct{}],
) (struct{}, *ports.Answer, error) {
	now := ledger.Instant(s.Core.Clock.Now())
	return run(ctx, s.Core, ownScope(who), once,
		func(ctx context.Context, r ports.Repos) (struct{}, error) {
			return struct{}{}, r.Receiving.Remove(ctx, who.Project, id, now)
		})
}

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
	accounts, err := r.Receiving.List(ctx, p)
	if err != nil {
		return nil, err
	}
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
		at, _ := receiver("", chain.Asset{Network: n, Symbol: m.Symbol()}, accounts)
		out = append(out, MethodNetwork{Network: n, Live: live, Address: at})
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
	return run(ctx, s.Core, ownScope(who), once,
		func(ctx context.Context, r ports.Repos) (MethodState, error) {
			if err := r.Receiving.SetMethod(ctx, who.Project, to.Method, to.Enabled); err != nil {
				return MethodState{}, err
			}
			out, err := s.offers(ctx, r, who.Project, to.Method)
			if err != nil {
				return MethodState{}, err
			}
			return out[0], nil
		})
}
