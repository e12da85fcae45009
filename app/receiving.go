package app

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Receiving keeps where a project's payments go and by which methods it wants to be paid. Addresses are
// the money: one takes another's place only confirmed, after a time, and told.
type Receiving struct {
	Core   Core
	Rails  Rails
	SignIn SignIn
	Events Announcer
	Log    *slog.Logger
}

// ReceivingInput is a receiving account as a merchant writes it.
type ReceivingInput struct {
	Network, Asset, Address string
	Label                   string
	By                      Confirmation
	// Signature, over the text of Challenge, proves that the address is the merchant's; "" if he did not
	// sign.
	Signature string
}

// Add adds an address. The first one of its network and asset is where payments go from now on. One
// that takes another's place needs the password (merchant.ErrPasswordRequired) and waits as long as
// the project's changes do; until then the other one stays.
func (s Receiving) Add(
	ctx context.Context, who merchant.Principal, in ReceivingInput, once Once[ReceivingView],
) (ReceivingView, *ports.Answer, error) {
	if !in.By.Login {
		return ReceivingView{}, nil, merchant.ErrLoginRequired
	}
	account, err := s.check(in)
	if err != nil {
		return ReceivingView{}, nil, err
	}
	confirmed, err := s.confirm(ctx, who, in.By)
	if err != nil {
		return ReceivingView{}, nil, err
	}
	now := s.now()
	account.ID = merchant.ReceivingID(s.Core.IDs.UUID())
	account.MerchantID, account.ProjectID = who.Merchant, who.Project
	account.Label, account.CreatedAt = in.Label, now
	if in.Signature != "" {
		if err := s.prove(ctx, account, in.Signature, now); err != nil {
			return ReceivingView{}, nil, err
		}
		account.Proven = true
	}
	return run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, accountAdded,
		func(ctx context.Context, r ports.Repos) (ReceivingView, error) {
			if err := ownAddress(ctx, r, account); err != nil {
				return ReceivingView{}, err
			}
			added, err := s.admit(ctx, r, addition{account, confirmed, now})
			return s.view(ctx, added, now), err
		}))
}

// check refuses what money could be lost at: networks nobody reads, other chains, mistyped addresses,
// token contracts. Tron is known to every gateway, so its addresses can be entered before its rail is
// switched on.
func (s Receiving) check(in ReceivingInput) (merchant.ReceivingAccount, error) {
	network, err := s.network(in.Network)
	if err != nil {
		return merchant.ReceivingAccount{}, err
	}
	isIt := func(a chain.Asset) bool { return a.Symbol == in.Asset }
	if !slices.ContainsFunc(network.Tokens(), isIt) {
		return merchant.ReceivingAccount{}, chain.ErrUnsupportedAsset.Saying(
			"asset must be a coin that " + network.Standard() + " carries here: " + symbols(network.Tokens()))
	}
	address, err := s.address(network, in.Address)
	if err != nil {
		return merchant.ReceivingAccount{}, err
	}
	return merchant.ReceivingAccount{Network: network, Asset: in.Asset, Address: address}, nil
}

func (s Receiving) network(name string) (chain.Network, error) {
	network, err := chain.ParseNetwork(name)
	if err != nil {
		return "", err
	}
	if _, read := s.Rails.Chains[network]; !read && network != chain.Tron {
		return "", chain.ErrUnsupportedNetwork.Saying(
			"this gateway does not read " + network.Standard() + "; name one of " + standards(s.receivable()))
	}
	return network, nil
}

func (s Receiving) address(n chain.Network, text string) (chain.Address, error) {
	address, err := chain.ParseAddress(n, text)
	if err != nil {
		return "", err
	}
	for _, c := range s.Rails.Chains {
		isContract := func(a chain.Asset) bool { return a.Contract == string(address) }
		if slices.ContainsFunc(c.Assets(), isContract) {
			return "", chain.ErrInvalidAddress.Saying(
				"this is a token contract, not an account; money sent there is lost")
		}
	}
	return address, nil
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

// List lists the project's current and pending accounts, newest first. Those that are not as we
// recorded them come without their address.
func (s Receiving) List(ctx context.Context, who merchant.Principal) ([]ReceivingView, error) {
	now := s.now()
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) ([]ReceivingView, error) {
		list, err := r.Receiving.List(ctx, who.Project, now)
		if err != nil {
			return nil, err
		}
		out := make([]ReceivingView, len(list))
		for i, a := range list {
			out[i] = s.view(ctx, a, now)
		}
		return out, nil
	})
}

// ReceivingView is an account as its merchant sees it.
type ReceivingView struct {
	merchant.ReceivingAccount
	State merchant.ReceivingState
	// Tampered says that the account is not as we recorded it. Its address is then left out.
	Tampered bool
}

func (s Receiving) view(ctx context.Context, a merchant.ReceivingAccount, now time.Time) ReceivingView {
	v := ReceivingView{ReceivingAccount: a, State: a.State(now), Tampered: !s.intact(ctx, a)}
	if v.Tampered {
		v.Address = ""
	}
	return v
}

// Relabel changes what an account is called.
func (s Receiving) Relabel(
	ctx context.Context, who merchant.Principal, relabelled merchant.ReceivingAccount,
	once Once[ReceivingView],
) (ReceivingView, *ports.Answer, error) {
	now := s.now()
	return run(ctx, s.Core, ownScope(who), once,
		func(ctx context.Context, r ports.Repos) (ReceivingView, error) {
			accounts, err := r.Receiving.Load(ctx, who.Project, now)
			if err != nil {
				return ReceivingView{}, err
			}
			at := slices.IndexFunc(accounts, func(a merchant.ReceivingAccount) bool {
				return a.ID == relabelled.ID && a.State(now) != merchant.ReceivingEnded
			})
			if at < 0 {
				return ReceivingView{}, ports.ErrNotFound
			}
			accounts[at].Label = relabelled.Label
			return s.view(ctx, accounts[at], now), r.Receiving.Save(ctx, accounts[at])
		})
}

// currentAccounts lists the accounts that a project's payments go to at a moment.
func currentAccounts(
	ctx context.Context, r ports.Repos, p merchant.ProjectID, now time.Time,
) ([]merchant.ReceivingAccount, error) {
	list, err := r.Receiving.List(ctx, p, now)
	return onlyCurrent(list, now), err
}

func onlyCurrent(list []merchant.ReceivingAccount, now time.Time) []merchant.ReceivingAccount {
	return slices.DeleteFunc(list, func(a merchant.ReceivingAccount) bool {
		return a.State(now) != merchant.ReceivingCurrent
	})
}

func (s Receiving) now() time.Time { return ledger.Instant(s.Core.Clock.Now()) }
