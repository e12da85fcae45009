package relayer

import (
	"context"
	"fmt"
	"slices"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/domain/x402"
)

// What a token is asked, in order.
const (
	askedName = iota
	askedVersion
	askedDecimals
	askedDomain
	askedUsed    // whether an authorization was used, which only tokens of EIP-3009 tell
	askedNonces  // which tokens of EIP-2612 tell
	askedAllowed // which every token tells
	askedPermit2 // the domain of Permit2, and of each method's contract what it works for and what it binds
	askedAll     = askedPermit2 + 1 + 2*len(permitMethods)
)

// permitMethods are the methods that have contracts of their own.
var permitMethods = [...]x402.Method{x402.Permit2, x402.Permit2UpTo}

// judge holds a token's own word against what is listed, and the contracts of payments by permit against
// what their payers sign for. Its EIP-712 domain must be that of the name and version it tells, or whatever
// payers sign would be refused.
func (c *Chain) judge(ctx context.Context, l Listed) (s standing, err error) {
	nobody := slices.Concat(wordOf(x402.Address{}), wordOf(x402.Address{}))
	ask := func(at x402.Address, selector []byte, arguments ...byte) ethrpc.Question {
		return call(x402.Address{}, at, slices.Concat(selector, arguments), 0)
	}
	questions := []ethrpc.Question{
		{Method: "eth_getCode", Params: []any{l.Contract.String(), latest}},
		ask(l.Contract, selectName), ask(l.Contract, selectVersion), ask(l.Contract, selectDecimals),
		ask(l.Contract, selectDomain), ask(l.Contract, selectUsed, nobody...),
	}
	if c.cfg.Permits {
		questions = append(questions, ask(l.Contract, selectNonces, nobody[:wordBytes]...),
			ask(l.Contract, selectAllowance, nobody...), ask(x402.Permit2Contract, selectDomain))
		for _, m := range permitMethods {
			questions = append(questions, ask(m.Proxy(), selectPermit2), ask(m.Proxy(), selectWitness))
		}
	}
	err = c.cfg.Client.Ask(ctx, questions, func(replies []ethrpc.Reply) error {
		code, err := bytesOf(replies[0])
		if err != nil {
			return ethrpc.Doubt("it does not tell code: " + err.Error())
		}
		if len(code) == 0 {
			s.problem = "no contract is there"
			return nil
		}
		var told [askedAll][]byte
		for i, r := range replies[1:] {
			out, err := outcomeOf(r)
			if err != nil {
				return err
			}
			if !out.failed {
				told[i] = out.data
			}
		}
		s.token, s.problem = c.describe(l, told)
		return nil
	})
	return s, err
}

// describe makes a token of what its contract, and those of payments by permit, tell.
func (c *Chain) describe(l Listed, told [askedAll][]byte) (x402.Token, string) {
	token, problem := c.domained(l, told)
	var by []x402.Method
	if problem == "" && len(told[askedUsed]) == wordBytes {
		by = append(by, x402.EIP3009)
	} else if problem == "" {
		problem = "it takes no authorizations (EIP-3009)"
	}
	decimals, counted := number(told[askedDecimals])
	if counted && decimals == uint64(l.Decimals) && len(told[askedAllowed]) == wordBytes {
		by = append(by, c.permitted(told)...)
	}
	if len(by) == 0 {
		return x402.Token{}, problem
	}
	if token == (x402.Token{}) {
		plain, err := x402.PlainToken(c.cfg.Network, l.Contract)
		if err != nil {
			return x402.Token{}, err.Error()
		}
		token = plain
	}
	token = token.Paid(by...)
	if len(told[askedNonces]) == wordBytes && by[len(by)-1].Permits() {
		token = token.Permitting()
	}
	return token, ""
}

// domained is the token with the domain it tells, or why it has none that holds.
func (c *Chain) domained(l Listed, told [askedAll][]byte) (x402.Token, string) {
	if slices.ContainsFunc(told[:askedDomain+1], func(b []byte) bool { return b == nil }) {
		return x402.Token{}, "it does not tell name, version, decimals and domain, as EIP-3009 tokens do"
	}
	name, named := text(told[askedName])
	version, versioned := text(told[askedVersion])
	if !named || !versioned {
		return x402.Token{}, "its name and version are no texts"
	}
	token, err := x402.NewToken(c.cfg.Network, l.Contract, name, version)
	decimals, counted := number(told[askedDecimals])
	domain := token.Domain()
	switch {
	case err != nil:
		return x402.Token{}, "its name or version is no name"
	case !counted || decimals != uint64(l.Decimals):
		return x402.Token{}, fmt.Sprintf("its decimals are not %d", l.Decimals)
	case !slices.Equal(told[askedDomain], domain[:]):
		return x402.Token{}, fmt.Sprintf("its DOMAIN_SEPARATOR is not that of %q version %q", name, version)
	}
	return token, ""
}

// permitted are the methods whose contracts are there, and are what payers sign for: Permit2 by its own
// domain, the others by what they work for and what they bind.
func (c *Chain) permitted(told [askedAll][]byte) (by []x402.Method) {
	domain := x402.Permit2Domain(c.cfg.Network)
	if !slices.Equal(told[askedPermit2], domain[:]) {
		return nil
	}
	for i, m := range permitMethods {
		worksFor, binds := told[askedPermit2+1+2*i], told[askedPermit2+2+2*i]
		witness := m.WitnessType()
		if slices.Equal(worksFor, wordOf(x402.Permit2Contract)) && slices.Equal(binds, witness[:]) {
			by = append(by, m)
		}
	}
	return by
}
