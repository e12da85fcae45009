package app

import (
	"context"
	"errors"
	"math/big"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// reserveTries is how often a free amount is proposed before giving up: each try fails only when
// somebody else takes that very amount between the look and the claim.
const reserveTries = 16

// Intent lets the payer choose how to pay and answers where to pay exactly how much. Choosing the
// same again changes nothing.
func (s Checkout) Intent(ctx context.Context, id checkout.SessionID, by Choice) (checkout.Snapshot, error) {
	now := s.Core.Clock.Now().UTC().Truncate(time.Microsecond)
	session, err := s.Sessions.ByID(ctx, id)
	if err != nil {
		return checkout.Snapshot{}, err
	}
	was := session.Snapshot()
	on, err := by.network(was.Mode)
	if err != nil {
		return checkout.Snapshot{}, err
	}
	if by.Dedicated && was.Mode != merchant.Test {
		return checkout.Snapshot{}, ErrDedicatedInTest
	}
	if current, err := session.CanIssue(by.Method, on, now); err != nil || current != nil {
		return was, err
	}
	to, policy, err := s.place(ctx, was, by.Method, on)
	if err != nil {
		return checkout.Snapshot{}, err
	}
	if by.Dedicated {
		to.matching = checkout.Dedicated
	}
	if err := s.Rails.Ready(ctx, to.asset.Network, now); err != nil {
		return checkout.Snapshot{}, err
	}
	rate, err := s.Rates.Rate(ctx, was.Mode, was.Due.Currency(), to.asset.Symbol)
	if err != nil {
		return checkout.Snapshot{}, err
	}
	base, err := rate.Convert(was.Due, checkout.Places(to.asset))
	if err != nil {
		return checkout.Snapshot{}, err
	}
	q := quote{
		session: was, method: by.Method, place: to, policy: policy, rate: rate, base: checkout.Whole(base, to.asset),
		now: now,
	}
	if q.terms, err = s.terms(ctx, q, to.matching); err != nil {
		return checkout.Snapshot{}, err
	}
	if err := s.Rails.canProve(to.asset, q.terms.Sources); err != nil {
		return checkout.Snapshot{}, err
	}
	for range reserveTries {
		snapshot, err := s.issue(ctx, q)
		if !errors.Is(err, ports.ErrTaken) {
			return snapshot, err
		}
	}
	return checkout.Snapshot{}, checkout.ErrSlotsExhausted
}

// place is where the session's payer shall pay, if the project still offers the method there, and by
// which policy. Nobody is sent to an account that is not as we recorded it
// (merchant.ErrReceivingTampered).
func (s Checkout) place(
	ctx context.Context, was checkout.Snapshot, m checkout.Method, on chain.Network,
) (place, merchant.Policy, error) {
	who := merchant.Principal{Merchant: was.MerchantID, Project: was.ProjectID, Mode: was.Mode}
	var policy merchant.Policy
	among, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) ([]place, error) {
		project, err := r.Projects.ByID(ctx, was.ProjectID)
		if err != nil {
			return nil, err
		}
		policy = project.Policy
		return s.offered(ctx, r, who, m)
	})
	if err != nil {
		return place{}, policy, err
	}
	to, err := choose(m, on, among)
	shared := to.matching == checkout.Shared && to.asset.Network != chain.Sandbox
	if err == nil && shared && !isSealed(s.Core.Vault, to.account) {
		alarm(ctx, s.Log, to.account)
		return place{}, policy, merchant.ErrReceivingTampered
	}
	return to, policy, err
}

// quote is an amount about to become an intent.
type quote struct {
	session checkout.Snapshot
	method  checkout.Method
	place
	policy merchant.Policy
	rate   money.Rate
	base   *big.Int // payable amount before the suffix
	terms  checkout.Terms
	now    time.Time
}

// issue proposes one free amount, or takes an address where any amount is, and claims it; ports.ErrTaken
// when somebody was faster.
func (s Checkout) issue(ctx context.Context, q quote) (checkout.Snapshot, error) {
	units, err := q.base, error(nil)
	if q.matching == checkout.Shared {
		if units, err = s.propose(ctx, q); err != nil {
			return checkout.Snapshot{}, err
		}
	}
	intent := checkout.Intent{
		ID: checkout.IntentID(s.Core.IDs.UUID()), SessionID: q.session.ID, Method: q.method, Asset: q.asset,
		Address: q.at, Units: units, Rate: q.rate, CreatedAt: q.now, ExpiresAt: q.session.ExpiresAt,
		HoldUntil: q.matching.HoldUntil(q.session.ExpiresAt), Terms: q.terms,
	}
	var out checkout.Snapshot
	err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		session, err := r.Sessions.Load(ctx, q.session.ID)
		if err != nil {
			return err
		}
		if current, err := session.CanIssue(q.method, q.asset.Network, q.now); err != nil || current != nil {
			out = session.Snapshot()
			return err
		}
		intent := intent
		if q.matching == checkout.Dedicated {
			if intent.Address, err = s.takeAddress(ctx, r, q); err != nil {
				return err
			}
		}
		issued, err := q.reserve(ctx, r, intent)
		if err != nil {
			return err
		}
		if err := session.Issue(issued, q.now); err != nil {
			return err
		}
		out = session.Snapshot()
		return r.Sessions.Save(ctx, session)
	})
	return out, err
}

// reserve claims the amount of an intent, unless the payer was told one for the same place before: he
// who goes to and fro between networks sees the amounts he saw, and takes no others from anybody.
func (q quote) reserve(ctx context.Context, r ports.Repos, intent checkout.Intent) (checkout.Intent, error) {
	before, err := r.Sessions.IntentOf(ctx, q.session.ID, q.asset)
	switch {
	case err == nil && before.Address == intent.Address && before.ExpiresAt.Equal(intent.ExpiresAt):
		return before, nil
	case err != nil && !isNotFound(err):
		return checkout.Intent{}, err
	}
	return intent, r.Sessions.Reserve(ctx, intent)
}

// propose picks an amount that nobody held a moment ago. It claims nothing.
func (s Checkout) propose(ctx context.Context, q quote) (*big.Int, error) {
	lowest, highest := checkout.Payable(q.base, 1, q.asset), checkout.Payable(q.base, checkout.MaxSuffix, q.asset)
	held, err := s.Sessions.Taken(ctx, q.asset, q.at, lowest, highest)
	if err != nil {
		return nil, err
	}
	taken := make(map[checkout.Suffix]bool, len(held))
	for _, units := range held {
		if suffix, ok := checkout.SuffixOf(q.base, units, q.asset); ok {
			taken[suffix] = true
		}
	}
	suffix, ok := checkout.DrawSuffix(taken, s.Core.IDs.Intn)
	if !ok {
		return nil, checkout.ErrSlotsExhausted
	}
	return checkout.Payable(q.base, suffix, q.asset), nil
}
