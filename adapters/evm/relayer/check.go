package relayer

import (
	"context"
	"math/big"
	"slices"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/domain/x402"
)

// Check implements ports.TokenChain. A payment signed by key costs one request: its simulation is asked
// together with what it takes to know that it is one.
func (c *Chain) Check(ctx context.Context, v x402.Verified) (x402.Route, error) {
	if err := c.takes(ctx, v.Requirements()); err != nil {
		return 0, err
	}
	if v.Due().Method.Permits() {
		return c.checkPermit(ctx, v)
	}
	p, err := c.survey(ctx, v)
	if err != nil {
		return 0, err
	}
	route, err := v.Standing().Route(p.code)
	if err == nil && route != x402.RouteFactory {
		err = p.refusal(v.Due())
	}
	if err == nil && route == x402.RouteWallet {
		err = c.askWallet(ctx, v)
	}
	if err == nil && route == x402.RouteFactory {
		if err = c.lists6492(v.Signature()); err == nil {
			err = p.refusal(v.Due())
		}
		if err == nil {
			err = c.askUndeployed(ctx, v)
		}
	}
	if err == nil && route == x402.RouteKey && p.simulated.failed {
		err = simulated(p.simulated)
	}
	if err != nil {
		return 0, err
	}
	return route, nil
}

// takes refuses a token that is not offered here, whose EIP-712 domain is not the contract's, or that is not
// paid with by the method.
func (c *Chain) takes(ctx context.Context, way x402.Requirements) error {
	tokens, err := c.Tokens(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(tokens, func(known x402.Token) bool {
		return known.Same(way.Token) && known.Takes(way.Method)
	}) {
		return x402.ReasonAsset.Refuse("this token is not settled here")
	}
	return nil
}

// position is what the network knows of payer and authorization.
type position struct {
	code      bool // the payer has code
	balance   *big.Int
	used      bool
	simulated outcome // of the transfer by key, where the signature is one
}

func (p position) refusal(d x402.Due) error {
	switch {
	case p.used:
		return x402.ReasonUsed.Refuse("the token has taken this authorization before, or it was cancelled")
	case p.balance.Cmp(d.Value.Big()) < 0:
		return x402.ReasonFunds.Refuse("the payer has less than " + d.Value.String() + " base units of the token")
	}
	return nil
}

func simulated(o outcome) error {
	return x402.ReasonSimulation.Refuse("the token would refuse the transfer: " + o.why)
}

// survey asks all that is asked of every payment.
func (c *Chain) survey(ctx context.Context, v x402.Verified) (p position, err error) {
	d := v.Due()
	questions := []ethrpc.Question{
		blockBy(latest),
		{Method: "eth_getCode", Params: []any{d.Payer.String(), latest}},
		call(x402.Address{}, d.Asset, slices.Concat(selectBalance, wordOf(d.Payer)), 0),
		spentQuestion(d, latest),
	}
	if v.Standing() == x402.ByKey {
		input, err := byKey(v.Authorization(), v.Signature())
		if err != nil {
			return p, x402.ReasonSignature.Refuse(err.Error())
		}
		questions = append(questions, call(c.cfg.Sender, d.Asset, input, maxGas))
	}
	err = c.cfg.Client.Ask(ctx, questions, func(replies []ethrpc.Reply) error {
		head, err := blockOf(replies[0])
		if err == nil {
			err = c.cfg.Client.Fresh(head.Header)
		}
		if err != nil {
			return err
		}
		p, err = positionOf(replies[1:])
		return err
	})
	return p, err
}

// positionOf reads what survey asked, but for the block.
func positionOf(replies []ethrpc.Reply) (p position, err error) {
	code, err := bytesOf(replies[0])
	if err != nil {
		return p, ethrpc.Doubt("it does not tell code: " + err.Error())
	}
	p.code = len(code) > 0
	outcomes := make([]outcome, len(replies)-1)
	for i, r := range replies[1:] {
		if outcomes[i], err = outcomeOf(r); err != nil {
			return p, err
		}
	}
	balance, err := outcomes[0].word("a balance")
	if err != nil {
		return p, err
	}
	p.balance = new(big.Int).SetBytes(balance)
	if p.used, err = outcomes[1].yes(); err != nil {
		return p, err
	}
	if len(outcomes) > 2 {
		p.simulated = outcomes[2]
	}
	return p, nil
}

// yes reads an answer that is true or false.
func (o outcome) yes() (bool, error) {
	w, err := o.word("whether an authorization is used")
	if err != nil {
		return false, err
	}
	n, ok := number(w)
	if !ok || n > 1 {
		return false, ethrpc.Doubt("an authorization is neither used nor not")
	}
	return n == 1, nil
}

// askWallet asks the payer's contract whether it stands by the signature, and simulates the transfer.
func (c *Chain) askWallet(ctx context.Context, v x402.Verified) error {
	transfer := byBytes(v.Authorization(), v.Signature().Bytes())
	return c.askContract(ctx, v, call(c.cfg.Sender, v.Due().Asset, transfer, maxGas))
}

// askContract asks the payer's contract whether it stands by the signature, and simulates what settles.
func (c *Chain) askContract(ctx context.Context, v x402.Verified, settle ethrpc.Question) error {
	questions := []ethrpc.Question{
		call(x402.Address{}, v.Due().Payer, isValid(v.Digest(), v.Signature().Bytes()), maxGas), settle,
	}
	var valid, transfer outcome
	err := c.cfg.Client.Ask(ctx, questions, func(replies []ethrpc.Reply) (err error) {
		if valid, err = outcomeOf(replies[0]); err == nil {
			transfer, err = outcomeOf(replies[1])
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case valid.failed || !standsBy(valid.data):
		return x402.ReasonSignature.Refuse("the payer is a contract, and it does not stand by the signature (EIP-1271)")
	case transfer.failed:
		return simulated(transfer)
	}
	return nil
}

// standsBy reads a wallet's answer: exactly the four bytes that mean yes.
func standsBy(answer []byte) bool {
	want := append(slices.Clone(selectValid), make([]byte, wordBytes-len(selectValid))...)
	return slices.Equal(answer, want)
}

// lists6492 refuses a wallet whose factory is not on the operator's list.
func (c *Chain) lists6492(s x402.Signature) error {
	if d := s.Deployment(); d == nil || !slices.Contains(c.cfg.Factories, d.Factory) {
		return x402.ReasonFactory.Refuse("wallets of this factory are not deployed here; deploy the wallet first")
	}
	return nil
}

// askUndeployed simulates in one call what a settlement would do: deploy the wallet, ask it, transfer.
func (c *Chain) askUndeployed(ctx context.Context, v x402.Verified) error {
	d, signature := v.Due(), v.Signature()
	input := bundle(
		part{signature.Deployment().Factory, true, signature.Deployment().Call},
		part{d.Payer, true, isValid(v.Digest(), signature.Bytes())},
		part{d.Asset, true, byBytes(v.Authorization(), signature.Bytes())},
	)
	var out outcome
	question := []ethrpc.Question{call(c.cfg.Sender, batchCaller, input, maxGasDeploying)}
	err := c.cfg.Client.Ask(ctx, question, func(replies []ethrpc.Reply) (err error) {
		out, err = outcomeOf(replies[0])
		return err
	})
	if err != nil {
		return err
	}
	results, ok := resultsOf(out.data)
	const deployed, asked, moved = 0, 1, 2
	switch {
	case out.failed || !ok || len(results) != moved+1:
		return x402.ReasonUndeployed.Refuse("the wallet cannot be deployed here together with its payment")
	case !results[deployed].success || len(results[asked].data) == 0:
		return x402.ReasonUndeployed.Refuse("the factory does not deploy the payer's wallet")
	case !results[asked].success || !standsBy(results[asked].data):
		return x402.ReasonSignature.Refuse("the wallet, once deployed, does not stand by the signature (ERC-6492)")
	case !results[moved].success:
		return x402.ReasonSimulation.Refuse("the token would refuse the transfer")
	}
	return nil
}
