package app

import (
	"context"
	"errors"
	"slices"

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
			err := r.Receiving.Add(ctx, account)
			if errors.Is(err, ports.ErrTaken) {
				err = merchant.ErrReceivingExists
			}
			return account, err
		})
}

// check refuses what money could be lost at: other chains, mistyped addresses, token contracts.
func (s Receiving) check(in ReceivingInput) (merchant.ReceivingAccount, error) {
	network, err := chain.ParseNetwork(in.Network)
	if err != nil {
		return merchant.ReceivingAccount{}, err
	}
	if in.Asset != checkout.USDT.Symbol() {
		return merchant.ReceivingAccount{}, chain.ErrUnsupportedAsset
	}
	address, err := chain.ParseTronAddress(in.Address)
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
	Network    chain.Network
	Address    chain.Address // where payments go, "" without an account
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
		o := MethodState{Method: m, Live: s.carried(m, merchant.Live), Test: s.carried(m, merchant.Test)}
		o.Network = m.LiveNetwork()
		on, touched := switched[m]
		o.Enabled = (o.Live || o.Test) && (on || !touched)
		receives := func(a merchant.ReceivingAccount) bool { return a.Asset == m.Symbol() }
		if at := slices.IndexFunc(accounts, receives); at >= 0 {
			o.Address = accounts[at].Address
		}
		out = append(out, o)
	}
	return out, nil
}

func (s Receiving) carried(m checkout.Method, mode merchant.Mode) bool {
	_, err := s.Rails.Asset(m, mode)
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
