package app

import (
	"context"
	"errors"
	"slices"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// orderWay is how an order may be paid on one network: what is told to programs, and the intent it pays.
type orderWay struct {
	way    x402.Requirements
	intent checkout.Intent
}

// price is what the intent asks for, as an amount.
func (w orderWay) price() (money.Amount, error) {
	currency, err := w.intent.Asset.Currency()
	if err != nil {
		return money.Amount{}, err
	}
	return money.FromMinor(currency, w.intent.Units)
}

// asked lists the ways to pay an order. What was asked for once is asked for until the order ends, so that
// nobody's payment is refused because the rate moved while he signed it; fresh says that ways nobody asked
// for yet may be added.
func (s *Paywall) asked(ctx context.Context, of checkout.Snapshot, fresh bool) (out []orderWay, err error) {
	intents, err := s.Checkout.Sessions.IntentsOf(ctx, of.ID, orderIntents)
	if err != nil {
		return nil, err
	}
	intents = slices.DeleteFunc(intents, func(i checkout.Intent) bool { return i.Terms.Matching != checkout.Authorized })
	payees, policy, err := s.payees(ctx, of)
	if err != nil {
		return nil, err
	}
	var down error
	for _, to := range payees {
		rail, settled := s.Catalog.Rails.For(of.Mode, to.Network)
		if !settled || fresh && to.Problem != "" {
			continue
		}
		found, err := s.wayOn(ctx, orderAsk{of: of, rail: rail, to: to, policy: policy, fresh: fresh}, intents)
		switch {
		case err != nil:
			down = errors.Join(down, err)
		case found != nil && len(out) < resource.MaxNetworks:
			out = append(out, *found)
		}
	}
	switch {
	case len(out) > 0 || !fresh:
		return out, nil
	case down != nil:
		return nil, down
	}
	return nil, ErrNoProgram
}

// payees are where the project's money goes, and by which policy.
func (s *Paywall) payees(ctx context.Context, of checkout.Snapshot) ([]Payee, merchant.Policy, error) {
	var policy merchant.Policy
	accounts, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) ([]merchant.ReceivingAccount, error) {
		project, err := r.Projects.ByID(ctx, of.ProjectID)
		if err != nil {
			return nil, err
		}
		switched, err := r.Receiving.Methods(ctx, of.ProjectID)
		if err != nil {
			return nil, err
		}
		if switchedOff(switched, checkout.USDC) {
			return nil, ErrNoProgram.Saying("this project does not accept USDC, which is what programs pay in")
		}
		policy = project.Policy
		return currentAccounts(ctx, r, of.ProjectID, s.Core.Clock.Now())
	})
	if err != nil {
		return nil, policy, err
	}
	to := s.Catalog.Rails.payees(s.Core.Vault, resource.Snapshot{ProjectID: of.ProjectID, Mode: of.Mode}, accounts)
	for _, p := range to {
		if p.Problem == PayeeTampered {
			s.Log.ErrorContext(ctx, "a receiving account is not as it was recorded: nobody is sent there",
				"project", string(of.ProjectID), "network", p.Network.String())
		}
	}
	return to, policy, nil
}

// orderAsk is what a way to pay is looked for by.
type orderAsk struct {
	of     checkout.Snapshot
	rail   TokenRail
	to     Payee
	policy merchant.Policy
	fresh  bool
}

// at is the address the order's intent names: where the money is watched for. Test money is seen on the
// sandbox chain, where the project has an address of its own.
func (a orderAsk) at() chain.Address {
	if a.rail.Watched == "" {
		return chain.SandboxAddress("project " + string(a.of.ProjectID))
	}
	return chain.EVMAddress(a.to.To)
}

// wayOn is how an order is paid on a network: by the intent it has there, or by a fresh one. nil if neither.
func (s *Paywall) wayOn(ctx context.Context, ask orderAsk, intents []checkout.Intent) (*orderWay, error) {
	tokens, err := ask.rail.Chain.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	for _, token := range tokens {
		asset, known := s.assetOf(ask.rail, token)
		if !known || token.Contract() == ask.to.To {
			continue
		}
		at := slices.IndexFunc(intents, func(i checkout.Intent) bool {
			return i.Asset == asset && (i.Address == ask.at() || !ask.fresh)
		}) // the newest first
		way := orderWay{way: x402.Requirements{Token: token, PayTo: ask.to.To, Timeout: orderTimeout}}
		switch {
		case at >= 0:
			way.intent = intents[at]
		case !ask.fresh:
			continue
		default:
			if way.intent, err = s.invite(ctx, ask, asset); err != nil {
				return nil, err
			}
		}
		if ask.fresh && way.intent.ExpiresAt.Before(ask.of.ExpiresAt) {
			continue // the order was reopened, and its price here is of before: it is paid on its page
		}
		if to, isEVM := x402.AddressOf(way.intent.Address); isEVM && ask.rail.Watched != "" {
			way.way.PayTo = to
		}
		units, fits := x402.UintOf(way.intent.Units)
		if !fits {
			return nil, ErrNoProgram
		}
		way.way.Amount = units
		return &way, nil
	}
	return nil, nil
}

// assetOf is a token as intents name it.
func (s *Paywall) assetOf(rail TokenRail, token x402.Token) (chain.Asset, bool) {
	if rail.Watched == "" {
		return s.Checkout.Rails.asset(chain.Sandbox, coinSold)
	}
	for _, a := range rail.Watched.Tokens() {
		if contract, ok := x402.AddressOf(chain.Address(a.Contract)); ok && contract == token.Contract() {
			return a, true
		}
	}
	return chain.Asset{}, false
}

// invite asks for an order's price in an asset, at the rate of now, for as long as the order may be paid.
func (s *Paywall) invite(ctx context.Context, ask orderAsk, asset chain.Asset) (checkout.Intent, error) {
	now := s.Relayer.now()
	if err := s.Checkout.Rails.Ready(ctx, asset.Network, now); err != nil {
		return checkout.Intent{}, err
	}
	rate, err := s.Checkout.Rates.Rate(ctx, ask.of.Mode, ask.of.Due.Currency(), asset.Symbol)
	if err != nil {
		return checkout.Intent{}, err
	}
	base, err := rate.Convert(ask.of.Due, checkout.Places(asset))
	if err != nil {
		return checkout.Intent{}, err
	}
	q := quote{
		session: ask.of, place: place{asset: asset}, policy: ask.policy, base: checkout.Whole(base, asset), now: now,
	}
	terms, err := s.Checkout.terms(ctx, q, checkout.Authorized)
	if err != nil {
		return checkout.Intent{}, err
	}
	if err := s.Checkout.Rails.canProve(asset, terms.Sources); err != nil {
		return checkout.Intent{}, err
	}
	intent := checkout.Intent{
		ID: checkout.IntentID(s.Core.IDs.UUID()), SessionID: ask.of.ID, Method: checkout.USDC, Asset: asset,
		Address: ask.at(), Units: q.base, Rate: rate, CreatedAt: now, ExpiresAt: ask.of.ExpiresAt.Add(orderGrace),
		HoldUntil: now, Terms: terms,
	}
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (checkout.Intent, error) {
		return r.Sessions.Invite(ctx, intent)
	})
}
