package main

import (
	"context"
	"fmt"
	"math/big"
	"strings"

	"github.com/101pay/101pay/adapters/evm/relayer"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/adapters/system"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/x402"
)

// examineAgents checks what settles payments by authorization.
func examineAgents(ctx context.Context, f *findings, c *Config) {
	rails, err := tokenRails(c, sandbox.NewTokens(nil, nil, system.Clock{}), system.Clock{})
	if err != nil {
		f.ill("x402", err.Error(), "correct the X402 settings")
		return
	}
	if !c.X402.settles() {
		f.note("x402", "no X402_RELAYER_KEYS and no X402_FACILITATOR_URL: programs pay in test mode only")
		return
	}
	for _, rail := range rails {
		if asked, ok := rail.Chain.(*relayer.Chain); ok {
			examineTokens(ctx, f, asked)
		}
	}
	for _, rail := range ownRails(rails) {
		for _, account := range rail.Relay.Accounts() {
			examineRelayer(ctx, f, rail, account, c.X402.lowGas)
		}
	}
}

// examineTokens says which tokens of a network prove to be what is listed.
func examineTokens(ctx context.Context, f *findings, asked *relayer.Chain) {
	subject := "x402 " + settingName(asked.Network())
	tokens, err := asked.Tokens(ctx)
	if err != nil {
		f.ill(subject, err.Error(), "check the endpoints of this network")
		return
	}
	for _, t := range tokens {
		f.well(subject, t.Contract().String()+" is paid with by "+methodsOf(t))
	}
	problems, _ := asked.Problems(ctx) // known by now
	for _, p := range problems {
		f.note(subject, "not offered: "+p)
	}
}

// methodsOf names how a token is paid with.
func methodsOf(t x402.Token) string {
	var by []string
	for _, m := range x402.Methods() {
		if t.Takes(m) {
			by = append(by, m.String())
		}
	}
	if t.Permits() {
		by = append(by, "permit2 without gas")
	}
	return strings.Join(by, ", ")
}

func examineRelayer(
	ctx context.Context, f *findings, rail app.TokenRail, account x402.Address, low map[string]*big.Int,
) {
	name := settingName(rail.Network())
	subject := "x402 " + name
	_, balance, err := rail.Relay.Standing(ctx, account)
	if err != nil {
		f.ill(subject, err.Error(), "check the endpoints of this network")
		return
	}
	text := fmt.Sprintf("relayer %s has %s of the network's own coin", account, decimal(balance, coinDigits))
	if want := of(low, name); balance.Cmp(want) < 0 {
		f.ill(subject, text+", less than "+decimal(want, coinDigits), "send it some; without gas nothing is settled")
		return
	}
	f.well(subject, text)
}
