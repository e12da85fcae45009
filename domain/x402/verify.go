package x402

import (
	"strconv"
	"strings"
	"time"
)

// Verified is a payment that is what was asked for, as far as that can be told without the chain. Only
// Offer.Verify makes one.
type Verified struct {
	requirements  Requirements
	authorization Authorization
	signature     Signature
	digest        Hash
	standing      Standing
	allowance     *Allowance
	used          Uint256 // what is to be moved of a payment of at most its value; zero for all
}

// Verify holds a payload against the offer: what Choose refuses, then what the client says it accepted,
// the payee, the price, the window, and last, because it costs most, the signature. Errors are Refusals.
//
// It does not ask the chain: whether the payer is a contract (Standing.Route says what follows), has the
// money, has used the nonce, or whether the token would take it.
func (o Offer) Verify(p Payload, now time.Time) (Verified, error) {
	way, err := o.Choose(p)
	if err != nil {
		return Verified{}, err
	}
	if err := way.echoed(p); err != nil {
		return Verified{}, err
	}
	a := p.authorization
	switch {
	case a.Spender != way.Method.Proxy():
		return Verified{}, ReasonSpender.Refuse("spender must be the contract that settles such payments, " +
			way.Method.Proxy().String())
	case way.Method.Permits() && a.Token != way.Token.contract:
		return Verified{}, ReasonAsset.Refuse("the permit is for another token than the one that is paid with")
	case a.Facilitator != way.Facilitator:
		return Verified{}, ReasonFacilitator.Refuse("witness.facilitator must be extra.facilitatorAddress of the offer, " +
			way.Facilitator.String())
	case a.To != way.PayTo:
		return Verified{}, ReasonRecipient.Refuse("the authorization pays another account than payTo")
	case a.From == a.To || a.From == Address{}:
		return Verified{}, ReasonRecipient.Refuse("payer and payee must be two accounts")
	case a.Value != way.Amount:
		return Verified{}, ReasonValue.Refuse("value must be exactly " + way.Amount.String())
	}
	if err := a.window(now, way.Timeout); err != nil {
		return Verified{}, err
	}
	allowance, err := way.allowance(p, now)
	if err != nil {
		return Verified{}, err
	}
	digest := a.Digest(way.Token)
	return Verified{
		requirements: way, authorization: a, signature: p.signature, digest: digest,
		standing: p.signature.standing(digest, a.From), allowance: allowance,
	}, nil
}

// echoed refuses a version 2 payload whose client accepted other terms than are offered now: it would be
// told that it paid what it never agreed to. Addresses are the same however they are spelled.
func (r Requirements) echoed(p Payload) error {
	if p.version == V1 {
		return nil // says nothing of them
	}
	said := p.accepted
	switch {
	case !sameHex(said.payTo, r.PayTo.String()):
		return ReasonRecipient.Refuse("accepted.payTo is not the payee of this offer")
	case said.amount != r.Amount.String():
		return ReasonValue.Refuse("accepted.amount is not the price, which is " + r.Amount.String())
	case said.timeout != strconv.FormatInt(r.seconds(), 10):
		return ReasonRequirements.Refuse("accepted.maxTimeoutSeconds is not what is offered")
	case r.Method == Permit2UpTo && !sameHex(said.facilitator, r.Facilitator.String()):
		return ReasonFacilitator.Refuse("accepted.extra.facilitatorAddress is not that of this offer")
	case said.name != r.Token.name || said.version != r.Token.version:
		return ReasonRequirements.Refuse("accepted.extra must name the token's EIP-712 domain as offered")
	}
	return nil
}

// sameHex compares 0x and hexadecimal digits with a canonical spelling.
func sameHex(said, is string) bool {
	return strings.HasPrefix(said, hexPrefix) && strings.EqualFold(said, is)
}

func (r Requirements) seconds() int64 { return int64(r.Timeout / time.Second) }

// Still refuses a payment that can no longer be settled in time. It is asked again right before a
// transaction is signed: checks, claims and wallets take time.
func (v Verified) Still(now time.Time) error {
	return v.authorization.window(now, v.requirements.Timeout)
}

// Requirements are the way to pay that the payment follows.
func (v Verified) Requirements() Requirements { return v.requirements }

// Authorization is what was signed.
func (v Verified) Authorization() Authorization { return v.authorization }

// Signature is the proof; what it proves is its Standing.
func (v Verified) Signature() Signature { return v.signature }

// Standing is what the signature proves without the chain.
func (v Verified) Standing() Standing { return v.standing }

// Digest is what was signed: what a wallet contract is asked about.
func (v Verified) Digest() Hash { return v.digest }

// Allowance is what the payer signed so that Permit2 may move his token; nil if he brought nothing of the
// kind.
func (v Verified) Allowance() *Allowance { return v.allowance }

// Using is the payment with what was used of a value that was signed as the most. Of other payments all is
// used. Errors are Refusals. What used nothing cannot be settled, and need not be.
func (v Verified) Using(used Uint256) (Verified, error) {
	d := v.Due()
	switch {
	case used.Cmp(d.Permitted()) > 0, d.Method != Permit2UpTo && used != d.Value:
		return Verified{}, ReasonUsage.Refuse("what is to be settled must be no more than " + d.Permitted().String() +
			", which was signed for, and exactly that where the scheme is exact")
	case used.IsZero():
		return Verified{}, ReasonUnused.Refuse("nothing was used, so nothing is settled")
	}
	v.used = used
	return v, nil
}

// Due is what settlement must move.
func (v Verified) Due() Due {
	d := v.requirements.due(v.authorization)
	if d.Method == Permit2UpTo && !v.used.IsZero() {
		d.Value = v.used
	}
	return d
}
