package lab

import (
	"context"
	"math/big"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/ethrpc/simnode"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// Shop is a merchant who takes every coin of the lab's chains at one address.
type Shop struct {
	Who    merchant.Principal
	Policy merchant.Policy
	At     chain.Address
}

// Shop registers a merchant with live payments at a gateway of the lab.
func (l *Lab) Shop(ctx context.Context, g *Gateway, p merchant.Policy) (Shop, error) {
	draw, now := ids{l.Chance}, l.Clock.Now()
	s := Shop{
		Policy: p, At: chain.EVMAddress([20]byte(draw.Bytes(20))),
		Who: merchant.Principal{
			Merchant: merchant.ID(draw.UUID()), Project: merchant.ProjectID(draw.UUID()), Mode: merchant.Live,
		},
	}
	err := l.Store.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		return r.Merchants.Add(ctx, ports.Account{Merchant: merchant.Merchant{
			ID: s.Who.Merchant, ClientID: merchant.MakeClientID(l.Chance.Uint64()),
			Email: string(s.Who.Merchant) + "@shop.example", Name: "Shop", CreatedAt: now,
		}}, merchant.Project{
			ID: s.Who.Project, MerchantID: s.Who.Merchant, Name: "Default", Mode: merchant.Live,
			Policy: p, CreatedAt: now,
		})
	})
	for _, n := range chain.Networks() {
		if l.Chains[n] == nil {
			continue
		}
		for _, a := range n.Tokens() {
			if err != nil {
				return Shop{}, err
			}
			_, _, err = g.Receiving.Add(ctx, s.Who, app.ReceivingInput{
				Network: string(n), Asset: a.Symbol, Address: string(s.At), By: app.Confirmation{Login: true},
			}, app.Once[app.ReceivingView]{})
		}
	}
	return s, err
}

// Sell opens a session of a shop over an amount of USDT.
func (g *Gateway) Sell(ctx context.Context, s Shop, amount string) (checkout.Snapshot, error) {
	due, err := money.Parse(money.USDT, amount)
	if err != nil {
		return checkout.Snapshot{}, err
	}
	opened, _, err := g.Checkout.Open(ctx,
		app.OpenInput{Who: s.Who, Kind: checkout.KindCheckout, Due: due}, app.Once[app.OpenedSession]{})
	return opened.Snapshot, err
}

// Ask lets the payer of a session choose an asset and answers what he is told.
func (g *Gateway) Ask(ctx context.Context, id checkout.SessionID, a chain.Asset) (checkout.Snapshot, error) {
	method := checkout.USDC
	if a.Symbol == checkout.USDT.Symbol() {
		method = checkout.USDT
	}
	return g.Checkout.Intent(ctx, id, app.Choice{Method: method, Network: string(a.Network)})
}

// Event is the log of a transfer of a token.
func Event(contract, from, to chain.Address, units *big.Int) simnode.Log {
	c, _ := contract.EVMBytes()
	topic := func(a chain.Address) (h simnode.Hash) {
		b, _ := a.EVMBytes()
		copy(h[len(h)-len(b):], b[:])
		return h
	}
	return simnode.Log{
		Contract: c, Data: units.FillBytes(make([]byte, len(simnode.Hash{}))),
		Topics: []simnode.Hash{simnode.Hash(ethrpc.TransferTopic), topic(from), topic(to)},
	}
}

// Tx is a transaction nobody made before.
func (l *Lab) Tx(logs ...simnode.Log) *simnode.Tx {
	return &simnode.Tx{ID: simnode.Hash(ids{l.Chance}.Bytes(len(simnode.Hash{}))), Logs: logs}
}

// Account is an address nobody had before.
func (l *Lab) Account() chain.Address { return chain.EVMAddress([20]byte(ids{l.Chance}.Bytes(20))) }

// Mine adds a block of now.
func (l *Lab) Mine(n chain.Network, txs ...*simnode.Tx) *simnode.Block {
	return l.Chains[n].Mine(l.Clock.Now().Unix(), txs...)
}

// MineUntilFinal adds an empty block of now and others, apart by a pause, until it is final.
func (l *Lab) MineUntilFinal(n chain.Network, pause time.Duration) {
	l.Mine(n)
	for c, to := l.Chains[n], l.Chains[n].Tip().Number; c.FinalHeight() < to; {
		l.Clock.Pass(pause)
		l.Mine(n)
	}
}
