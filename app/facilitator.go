package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Facilitator verifies and settles payments that were presented to other people's servers, for merchants of
// ours. It settles as the Paywall does: claimed before anything is asked of the chain, once, and proven by
// the chain; only what is sold is somebody else's.
type Facilitator struct {
	Core    Core
	Rails   TokenRails
	Relayer *Relayer
	Reads   ports.AuthorizationReads
	Catalog ports.ResourceReads
	Paywall *Paywall // makes the offers that the public catalog lists
	Log     *slog.Logger
}

// Presented is a payment that a merchant's server was presented, and what the server had asked for.
type Presented struct {
	Who    merchant.Principal
	Demand x402.Demand
	// Repeat is the Idempotency-Key of a request to settle, "" for none: a repetition with the same one is
	// told the same success again.
	Repeat string
}

// facilitated is the SKU of what other people's servers sell, as far as claims are concerned. It is not one
// that a resource can have.
const facilitated = "/facilitator"

// relaying is a presented payment on its way.
type relaying struct {
	s       *Facilitator
	p       Presented
	rail    TokenRail
	offer   x402.Offer
	key     x402.ClaimKey
	binding x402.Binding
}

// weigh finds what a payment is for, and under which key it is claimed. Errors are Refusals, or ours.
func (s *Facilitator) weigh(ctx context.Context, p Presented) (*relaying, error) {
	rail, ok := s.Rails.For(p.Who.Mode, p.Demand.Network)
	if !ok {
		return nil, x402.ReasonNetwork.Refuse("this gateway settles nothing on " + p.Demand.Network.String() +
			" for an API key of " + p.Who.Mode.String() + " mode; GET /facilitator/supported lists networks")
	}
	tokens, err := rail.Chain.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	r := &relaying{s: s, p: p, rail: rail}
	if r.offer, err = p.Demand.Offer(tokens, rail.facilitators()); err != nil {
		return nil, err
	}
	way, err := r.offer.Choose(p.Demand.Payload)
	if err != nil {
		return nil, err
	}
	r.key = way.KeyOf(p.Demand.Payload)
	r.binding = way.BindingOf(p.Demand.Payload, x402.Request{
		MerchantID: string(p.Who.Merchant), SKU: facilitated, Method: string(p.Who.Project), Target: p.Demand.Resource,
		Client: string(p.Who.Merchant),
	})
	return r, nil
}

// Verify answers nil if the payment would go through: without effect, and however often it is asked. Errors
// are Refusals, or ours. A payment that is on its way for this server is as good as one that would go
// through, since Settle tells how it ends; one whose success was told is used.
func (s *Facilitator) Verify(ctx context.Context, p Presented) error {
	r, err := s.weigh(ctx, p)
	if err != nil {
		return err
	}
	row, told, err := s.Reads.ByKey(ctx, r.key)
	if err != nil && !isNotFound(err) {
		return err
	}
	if err == nil {
		switch outcome, why := row.Settlement.Meet(r.binding, s.Core.Clock.Now()); outcome {
		case x402.Deliver:
			if told != nil {
				return used()
			}
			return nil
		case x402.Hold:
			return nil
		case x402.Wait, x402.Deny, x402.Clash:
			return why
		case x402.Retake: // looked at as if it were new
		default:
			return why
		}
	}
	v, err := r.verify(ctx)
	if err != nil {
		return err
	}
	if v.Due().Permitted() != p.Demand.Amount {
		return x402.ReasonValue.Refuse("permitted.amount must be exactly the price, " + p.Demand.Amount.String())
	}
	_, err = r.check(ctx, v)
	return err
}

// verify holds a payment that is not claimed against what was asked for, and the payee against the merchant.
func (r *relaying) verify(ctx context.Context) (x402.Verified, error) {
	v, err := r.offer.Verify(r.p.Demand.Payload, r.s.Core.Clock.Now())
	if err != nil {
		return x402.Verified{}, err
	}
	if _, err := r.price(v.Due()); err != nil {
		return x402.Verified{}, err
	}
	return v, r.admit(ctx)
}

// admit refuses a payee that is not the merchant's own: nobody's gas is spent on strangers, and what is
// settled here is what the merchant's books show. Live money goes to a current receiving address of the
// network, as it was recorded; test money anywhere.
func (r *relaying) admit(ctx context.Context) error {
	now := r.s.Core.Clock.Now()
	var accounts []merchant.ReceivingAccount
	err := r.s.Core.Work.Do(ctx, func(ctx context.Context, repos ports.Repos) error {
		project, err := repos.Projects.ByID(ctx, r.p.Who.Project)
		if err == nil && project.Disabled {
			err = merchant.ErrProjectDisabled
		}
		if err != nil || r.p.Who.Mode != merchant.Live {
			return err
		}
		accounts, err = currentAccounts(ctx, repos, r.p.Who.Project, now)
		return err
	})
	if err != nil || r.p.Who.Mode != merchant.Live {
		return err
	}
	for _, a := range accounts {
		own, ok := x402.AddressOf(a.Address)
		coin := r.rail.coin(r.p.Demand.Asset)
		if !ok || own != r.p.Demand.PayTo || a.Network != r.rail.Watched || coin != coinSold && a.Asset != coin {
			continue
		}
		if !isSealed(r.s.Core.Vault, a) {
			alarm(ctx, r.s.Log, a)
			return merchant.ErrReceivingTampered
		}
		return nil
	}
	return x402.ReasonRecipient.Refuse("payTo must be a current receiving address of yours on this network; " +
		"GET /v1/receiving-accounts lists them")
}

// check asks the chain whether the payment would go through, and the other facilitator if there is one.
func (r *relaying) check(ctx context.Context, v x402.Verified) (x402.Route, error) {
	route, err := r.rail.Chain.Check(ctx, v)
	if err == nil && r.rail.Delegate != nil {
		err = r.rail.Delegate.Verify(ctx, v)
	}
	return route, err
}

func used() error {
	return x402.ReasonUsed.Refuse("this payment was settled, and its success was told: it pays for one answer; sign a new one")
}

// isOurs reports whether an error says nothing of the payment: a fault of ours, or of whom we ask.
func isOurs(err error) bool {
	var refusal *x402.Refusal
	return !errors.As(err, &refusal) || fault.From(err).Kind == fault.Unavailable
}

// fingerprintOf stands for an Idempotency-Key in the store.
func fingerprintOf(key string) []byte {
	sum := sha256.Sum256([]byte("x402 settle " + key))
	return sum[:]
}
