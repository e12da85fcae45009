package sandbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

func TestTokenChainPromises(t *testing.T) {
	portstest.TokenChain(t, func(t *testing.T) portstest.TokenWorld {
		w := openTokens(t)
		return portstest.TokenWorld{Chain: w.tokens, Relay: w.tokens, TokenScript: w}
	})
}

// tokenWorld is the sandbox's network of tokens over a store in memory, whose blocks come as the hand moves.
type tokenWorld struct {
	t      *testing.T
	store  *memory.Store
	hand   *hand
	tokens *sandbox.Tokens
}

func openTokens(t *testing.T) *tokenWorld {
	store, hand := memory.New(), &hand{now: portstest.Epoch}
	return &tokenWorld{t, store, hand, sandbox.NewTokens(store, store, hand)}
}

func (w *tokenWorld) Now() time.Time { return w.hand.Now() }

func (w *tokenWorld) Price() portstest.TokenPrice {
	c := portstest.Call(w.Now())
	return portstest.TokenPrice{
		Token: sandbox.USDC, Name: "USDC", Version: "2", Units: x402.Uint(12_000), PayTo: c.Due.PayTo,
	}
}

// priced is a price whose amount is scripted.
func (w *tokenWorld) priced(units uint64) portstest.TokenPrice {
	p := w.Price()
	p.Units = x402.Uint(units)
	return p
}

func (w *tokenWorld) Rich() portstest.TokenPayer { return portstest.NewTokenPayer() }

func (w *tokenWorld) Poor() (portstest.TokenPayer, portstest.TokenPrice) {
	return w.Rich(), w.priced(10_402)
}

func (w *tokenWorld) Permitting(by x402.Method) (portstest.TokenPayer, portstest.TokenPrice) {
	price := w.Price()
	price.Method = by
	if by == x402.Permit2UpTo {
		price.Facilitator = w.tokens.Accounts()[0]
	}
	return w.Rich(), price
}

func (w *tokenWorld) Forbidding(by x402.Method) (portstest.TokenPayer, portstest.TokenPrice) {
	p, price := w.Permitting(by)
	price.Units = x402.Uint(10_412)
	return p, price
}

func (w *tokenWorld) Wallet(portstest.WalletKind) (p portstest.TokenPayer, ok bool) { return p, false }

func (w *tokenWorld) Submit(v x402.Verified) x402.Hash {
	w.t.Helper()
	c := portstest.Call(w.Now())
	c.Due = v.Due()
	if err := w.store.Mine(w.t.Context(), c); err != nil {
		w.t.Fatal(err)
	}
	return c.TxID
}

func (w *tokenWorld) Grow(blocks uint64) {
	w.hand.move(time.Duration(blocks) * sandbox.BlockPeriod)
}

func (w *tokenWorld) Finalize() { w.hand.move(10 * sandbox.BlockPeriod) }

func (w *tokenWorld) Cut(off bool) {
	w.t.Helper()
	if !off {
		w.hand.move(outage)
		return
	}
	now := w.Now()
	err := w.store.Do(w.t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sandbox.Trouble(ctx, ports.SandboxTrouble{Kind: "node", From: now, Until: now.Add(outage)})
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
