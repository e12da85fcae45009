package relayer

import (
	"context"
	"math/big"
	"slices"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/domain/x402"
)

// byPermit is the call of a method's contract that settles a permit, with the allowance that goes with it
// (nil for none).
func byPermit(d x402.Due, a x402.Authorization, signature []byte, allowance *x402.Allowance) []byte {
	call := d.Settling(a, allowance)
	offset := len(call) - len(selectName) + wordBytes
	return slices.Concat(call, wordOf(offset), bytesArg(signature))
}

// keySignature is a key's signature as Permit2 takes it: r, s, and v of 27 or 28.
func keySignature(s x402.Signature) ([]byte, bool) {
	v, r, sv, ok := s.VRS()
	return slices.Concat(r[:], sv[:], []byte{v}), ok
}

// bitOf is the word of Permit2's bitmap that holds a nonce, and the nonce's bit in it.
func bitOf(n x402.Nonce) (word x402.Hash, bit int) {
	copy(word[1:], n[:len(n)-1])
	return word, int(n[len(n)-1])
}

// spentQuestion asks whether what was signed was used: of the token, or, of a permit, of Permit2.
func spentQuestion(d x402.Due, block string) ethrpc.Question {
	if d.Method.Permits() {
		word, _ := bitOf(d.Nonce)
		return callAt(block, x402.Address{}, x402.Permit2Contract, slices.Concat(selectBitmap, wordOf(d.Payer), wordOf(word)), 0)
	}
	return callAt(block, x402.Address{}, d.Asset, slices.Concat(selectUsed, wordOf(d.Payer), wordOf(d.Nonce)), 0)
}

// spentIn reads the answer to spentQuestion.
func spentIn(d x402.Due, o outcome) (bool, error) {
	if !d.Method.Permits() {
		return o.yes()
	}
	w, err := o.word("which permits are used")
	if err != nil {
		return false, err
	}
	_, bit := bitOf(d.Nonce)
	return new(big.Int).SetBytes(w).Bit(bit) == 1, nil
}

// leave is what the network knows of a payer by permit.
type leave struct {
	position
	allowed   *big.Int // of the token, to Permit2
	sponsored outcome  // of the settlement together with the allowance the payer brought, if he did
}

// senderOf is who calls: whoever the permit says, or whoever it is by.
func (c *Chain) senderOf(a x402.Authorization) x402.Address {
	if a.Method == x402.Permit2UpTo {
		return a.Facilitator
	}
	return c.cfg.Sender
}

// checkPermit is Check of a payment by permit.
func (c *Chain) checkPermit(ctx context.Context, v x402.Verified) (x402.Route, error) {
	l, err := c.surveyPermit(ctx, v)
	if err != nil {
		return 0, err
	}
	d := v.Due()
	route, err := v.Standing().Route(l.code)
	switch {
	case err != nil:
		return 0, err
	case route == x402.RouteFactory:
		return 0, x402.ReasonUndeployed.Refuse("a wallet pays by Permit2 once it is deployed; deploy it first")
	}
	if err := l.refusal(d); err != nil {
		return 0, err
	}
	short := l.allowed.Cmp(d.Permitted().Big()) < 0
	switch {
	case short && (route != x402.RouteKey || v.Allowance() == nil):
		return 0, x402.ReasonAllowance.Refuse("let Permit2 (" + x402.Permit2Contract.String() + ") move at least " +
			d.Permitted().String() + " base units of the token (approve), then present the same payment again")
	case short && l.sponsored.failed:
		return 0, simulated(l.sponsored)
	case short:
		return x402.RouteSponsored, nil
	case route == x402.RouteWallet:
		return route, c.askPermitting(ctx, v)
	case l.simulated.failed:
		return 0, simulated(l.simulated)
	}
	return route, nil
}

// surveyPermit asks all that is asked of every payment by permit.
func (c *Chain) surveyPermit(ctx context.Context, v x402.Verified) (l leave, err error) {
	d, a := v.Due(), v.Authorization()
	questions := []ethrpc.Question{
		blockBy(latest),
		{Method: "eth_getCode", Params: []any{d.Payer.String(), latest}},
		call(x402.Address{}, d.Asset, slices.Concat(selectBalance, wordOf(d.Payer)), 0),
		spentQuestion(d, latest),
		call(x402.Address{}, d.Asset, slices.Concat(selectAllowance, wordOf(d.Payer), wordOf(x402.Permit2Contract)), 0),
	}
	const simulations = 5
	if signature, ok := keySignature(v.Signature()); ok && v.Standing() == x402.ByKey {
		settle := func(allowance *x402.Allowance) ethrpc.Question {
			return call(c.senderOf(a), d.Method.Proxy(), byPermit(d, a, signature, allowance), maxGas)
		}
		questions = append(questions, settle(nil))
		if v.Allowance() != nil {
			questions = append(questions, settle(v.Allowance()))
		}
	}
	err = c.cfg.Client.Ask(ctx, questions, func(replies []ethrpc.Reply) error {
		head, err := blockOf(replies[0])
		if err == nil {
			err = c.cfg.Client.Fresh(head.Header)
		}
		if err != nil {
			return err
		}
		if l, err = leaveOf(d, replies[1:simulations]); err != nil {
			return err
		}
		for i, into := range []*outcome{&l.simulated, &l.sponsored} {
			if at := simulations + i; at < len(replies) && err == nil {
				*into, err = outcomeOf(replies[at])
			}
		}
		return err
	})
	return l, err
}

// leaveOf reads what surveyPermit asked, but for the block and the simulations.
func leaveOf(d x402.Due, replies []ethrpc.Reply) (l leave, err error) {
	code, err := bytesOf(replies[0])
	if err != nil {
		return l, ethrpc.Doubt("it does not tell code: " + err.Error())
	}
	l.code = len(code) > 0
	for i, read := range []func(o outcome) error{
		func(o outcome) error {
			w, err := o.word("a balance")
			l.balance = new(big.Int).SetBytes(w)
			return err
		},
		func(o outcome) (err error) {
			l.used, err = spentIn(d, o)
			return err
		},
		func(o outcome) error {
			w, err := o.word("an allowance")
			l.allowed = new(big.Int).SetBytes(w)
			return err
		},
	} {
		out, err := outcomeOf(replies[1+i])
		if err == nil {
			err = read(out)
		}
		if err != nil {
			return l, err
		}
	}
	return l, nil
}

// askPermitting asks the payer's contract whether it stands by the signature, and simulates the settlement.
func (c *Chain) askPermitting(ctx context.Context, v x402.Verified) error {
	d, a, signature := v.Due(), v.Authorization(), v.Signature().Bytes()
	return c.askContract(ctx, v, call(c.senderOf(a), d.Method.Proxy(), byPermit(d, a, signature, nil), maxGas))
}
