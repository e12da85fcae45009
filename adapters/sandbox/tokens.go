package sandbox

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// TokenNetwork is the network that the sandbox plays for payments by authorization: Base Sepolia, which
// unmodified clients know and pay on without asking any node.
const TokenNetwork = x402.Network(84532)

// USDC is the token of TokenNetwork, as it is on the real one. It can be paid with by permit, too.
var USDC = func() x402.Token {
	contract, _ := x402.ParseAddress("0x036CbD53842c5426634e7929541eC2318f3dCF7e")
	token, err := x402.NewToken(TokenNetwork, contract, "USDC", "2")
	if err != nil {
		panic(err) // a literal of ours
	}
	return token.Paid(x402.EIP3009, x402.Permit2, x402.Permit2UpTo)
}()

// PlainUSDT is a token of the sandbox's own, which takes no authorizations: it is paid with by permit.
var PlainUSDT = func() x402.Token {
	token, err := x402.PlainToken(TokenNetwork, accountNamed("USDT"))
	if err != nil {
		panic(err) // a literal of ours
	}
	return token.Paid(x402.Permit2, x402.Permit2UpTo)
}()

// sold are the tokens, in order of preference.
var sold = []x402.Token{USDC, PlainUSDT}

// Tokens plays the network on which test payments by authorization are checked and settled. It implements
// ports.TokenChain and ports.Relay.
//
// Every account that signs by key has all the money there is and lets Permit2 move it, and Tokens takes what
// is signed seriously: each authorization moves money once, in time, or not at all. It has no contracts: a payment by a wallet
// contract is refused, deployed or not. What else can happen to a payment is scripted by its amount
// (Scripted).
type Tokens struct {
	calls  ports.SandboxTokens
	script ports.SandboxReads
	chain  *Chain
	clock  ports.Clock
}

// NewTokens answers the network whose calls are in a store.
func NewTokens(calls ports.SandboxTokens, script ports.SandboxReads, clock ports.Clock) *Tokens {
	return &Tokens{calls: calls, script: script, chain: New(script, clock), clock: clock}
}

// Network implements ports.TokenChain and ports.Relay.
func (t *Tokens) Network() x402.Network { return TokenNetwork }

// Tokens implements ports.TokenChain.
func (t *Tokens) Tokens(context.Context) ([]x402.Token, error) { return slices.Clone(sold), nil }

// Check implements ports.TokenChain.
func (t *Tokens) Check(ctx context.Context, v x402.Verified) (x402.Route, error) {
	d := v.Due()
	if _, err := t.look(ctx, d); err != nil {
		return 0, err
	}
	if !listed(d) {
		return 0, x402.ReasonAsset.Refuse("the sandbox has no other tokens than its USDC and USDT")
	}
	route, err := v.Standing().Route(false)
	switch {
	case err != nil:
		return 0, err
	case route != x402.RouteKey:
		return 0, x402.ReasonUndeployed.Refuse("the sandbox simulates no wallet contracts; sign with a key")
	}
	if err := t.takes(ctx, d); err != nil {
		return 0, err
	}
	return route, nil
}

// takes refuses what the token would refuse now.
func (t *Tokens) takes(ctx context.Context, d x402.Due) error {
	switch Scripted(d.Permitted()) {
	case NoFunds:
		return x402.ReasonFunds.Refuse("the payer has too little; the sandbox says so of every payment of this amount")
	case UsedBefore:
		return x402.ReasonUsed.Refuse("the nonce was used; the sandbox says so of every payment of this amount")
	case NoAllowance:
		if d.Method.Permits() {
			return x402.ReasonAllowance.Refuse("let Permit2 move the token; the sandbox says so of every payment of this amount")
		}
	case Settles, Unreachable, Stuck, Lost, Beaten, Reverts, Undone:
	}
	used, err := t.used(ctx, d.Key())
	if err == nil && used != nil {
		return x402.ReasonUsed.Refuse("the token has taken this authorization before")
	}
	return err
}

// used finds the call that used an authorization as of now, nil if there is none.
func (t *Tokens) used(ctx context.Context, k x402.ClaimKey) (*ports.SandboxCall, error) {
	c, err := t.calls.Used(ctx, k)
	switch {
	case errors.Is(err, ports.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read sandbox calls: %w", err)
	case !t.stands(c):
		return nil, nil
	}
	return &c, nil
}

// stands reports whether the chain holds a call now.
func (t *Tokens) stands(c ports.SandboxCall) bool {
	now := t.clock.Now()
	return !c.MinedAt.After(now) && (c.GoneAt.IsZero() || now.Before(c.GoneAt))
}

// Receipt implements ports.TokenChain.
func (t *Tokens) Receipt(ctx context.Context, id x402.Hash) (ports.TokenReceipt, error) {
	v, err := t.chain.look(ctx)
	if err != nil {
		return ports.TokenReceipt{}, err
	}
	c, err := t.calls.Call(ctx, id)
	switch {
	case err != nil:
		return ports.TokenReceipt{}, err
	case !t.stands(c):
		return ports.TokenReceipt{}, ports.ErrNotFound
	}
	height := min(heightAt(c.MinedAt), v.latest)
	r := ports.TokenReceipt{
		Receipt: x402.Receipt{
			Network: TokenNetwork, TxID: id, Succeeded: c.Succeeded, Confirmations: v.latest - height + 1,
		},
		Height: height, BlockID: v.blockID(height), BlockTime: blockTime(height),
		Final: height <= v.final(), Cost: new(big.Int).Mul(big.NewInt(gasUsed), big.NewInt(gasPrice)),
	}
	if c.Succeeded && c.Due != (x402.Due{}) {
		r.Receipt.Logs = logs(c.Due)
	}
	if c.Due.Method.Permits() {
		r.Receipt.To, r.Receipt.Input = c.Due.Method.Proxy(), c.Due.Settling(x402.Authorization{}, nil)
	}
	return r, nil
}

// logs are what the token tells of a transfer by authorization, or of one by permit.
func logs(d x402.Due) []x402.Log {
	value := d.Value.Bytes()
	moved := x402.Log{Contract: d.Asset, Topics: []x402.Hash{transferEvent, topic(d.Payer), topic(d.PayTo)}, Data: value[:]}
	if d.Method.Permits() {
		return []x402.Log{moved}
	}
	return []x402.Log{{Contract: d.Asset, Topics: []x402.Hash{usedEvent, topic(d.Payer), x402.Hash(d.Nonce)}}, moved}
}

// The topics of Transfer(address,address,uint256) and AuthorizationUsed(address,bytes32).
var (
	transferEvent, _ = x402.ParseHash("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
	usedEvent, _     = x402.ParseHash("0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5")
)

// topic is an account as events write it.
func topic(a x402.Address) (h x402.Hash) {
	copy(h[len(h)-len(a):], a[:])
	return h
}

// Fate implements ports.TokenChain. The time up to the final block is sealed first, so that no call can
// slip into it afterwards.
func (t *Tokens) Fate(ctx context.Context, d x402.Due, _ time.Time) (ports.AuthorizationFate, error) {
	v, err := t.look(ctx, d)
	if err != nil {
		return ports.AuthorizationFate{}, err
	}
	final := v.final()
	if err := t.script.Seal(ctx, blockTime(final+1)); err != nil {
		return ports.AuthorizationFate{}, fmt.Errorf("seal the sandbox to block %d: %w", final, err)
	}
	fate := ports.AuthorizationFate{FinalTime: blockTime(final)}
	c, err := t.used(ctx, d.Key())
	if err == nil && c != nil {
		fate.Used, fate.TxID, fate.UsedFinal = true, c.TxID, heightAt(c.MinedAt) <= final
	}
	return fate, err
}

// look takes a view, or reports the outage in force, for everybody or for payments of an amount.
func (t *Tokens) look(ctx context.Context, d x402.Due) (view, error) {
	if Scripted(d.Permitted()) == Unreachable {
		return view{}, ports.ErrChainUnavailable
	}
	return t.chain.look(ctx)
}

// listed reports whether a due is of a token of the sandbox, by a method it takes.
func listed(d x402.Due) bool {
	return d.Network == TokenNetwork && slices.ContainsFunc(sold, func(t x402.Token) bool {
		return d.Asset == t.Contract() && t.Takes(d.Method)
	})
}
