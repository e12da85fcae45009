package matrix

import (
	"context"
	"errors"
	"math"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc/simnode"
	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/e2e/lab"
	"github.com/101pay/101pay/ports"
)

const finality = 6 // blocks above a final one

// The network that is asked for, and another one the shop also takes.
const (
	here  = chain.BSC
	there = chain.Base
)

// hundred is an amount that can be paid in parts, where only their number matters.
var hundred = big.NewInt(1_000_000)

// table is where one cell is played.
type table struct {
	*testing.T
	*lab.Lab
	cell
	shop   lab.Shop
	nodes  map[chain.Network]*simnode.Node
	gates  []*lab.Gateway
	order  checkout.Snapshot
	beside checkout.Snapshot // of the same amount, by nobody paid
}

func lay(t *testing.T, c cell) *table {
	b := &table{T: t, Lab: lab.Open(1, memory.Restless()), cell: c, nodes: map[chain.Network]*simnode.Node{}}
	urls := map[chain.Network][]string{}
	for _, n := range []chain.Network{here, there} {
		b.Found(n, finality)
		b.nodes[n] = simnode.NewNode(b.Chains[n])
		urls[n] = []string{"http://" + string(n)}
	}
	for range c.watchers {
		wire := &simnode.Wire{Nodes: map[string]*simnode.Node{}}
		for n, node := range b.nodes {
			wire.Nodes[string(n)] = node
		}
		g, err := b.Gateway(b.Store, wire, urls)
		b.ok(err)
		b.gates = append(b.gates, g)
	}
	var err error
	policy := merchant.Policy{SessionMinutes: int(sessionTime / time.Minute), Late: c.late}
	b.shop, err = b.Shop(t.Context(), b.gates[0], policy)
	b.ok(err)
	for _, pause := range []time.Duration{2 * time.Minute, 0} { // a block can be older than an order
		for n := range b.nodes {
			b.look(n)
		}
		b.Clock.Pass(pause)
	}
	b.order, b.beside = b.asked(), b.asked()
	return b
}

func (b *table) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatalf("%s: %v", b.cell, err)
	}
}

// asked is an order whose payer was told what to pay.
func (b *table) asked() checkout.Snapshot {
	b.Helper()
	opened, err := b.gates[0].Sell(b.Context(), b.shop, "10")
	b.ok(err)
	asset := here.Tokens()[slices.IndexFunc(here.Tokens(), func(a chain.Asset) bool { return a.Symbol == "USDC" })]
	told, err := b.gates[0].Ask(b.Context(), opened.ID, asset)
	b.ok(err)
	return told
}

// look lets all watchers look at a network, at once. One may be told that another was faster; then it
// looks again.
func (b *table) look(n chain.Network) {
	b.Helper()
	b.nodes[n].Follow(0)
	errs := make([]error, len(b.gates))
	var all sync.WaitGroup
	for i, g := range b.gates {
		all.Go(func() { errs[i] = g.Settlement.Tick(b.Context(), n) })
	}
	all.Wait()
	if errors.Join(errs...) != nil { // history that changed is noticed at one look and read at the next
		b.ok(b.gates[0].Settlement.Tick(b.Context(), n))
	}
}

// settle lets everything there is become final.
func (b *table) settle() {
	for n := range b.nodes {
		b.MineUntilFinal(n, time.Second)
		b.look(n)
	}
}

// until lets time pass to a moment after the order was made, with deadlines kept on the way.
func (b *table) until(when string) {
	at := b.order.CreatedAt.Add(moments[when])
	if moments[when] > sessionTime+time.Minute {
		b.Clock.Pass(at.Add(-time.Minute).Sub(b.Clock.Now()))
		b.settle()
		b.ok(b.gates[0].Settlement.Expire(b.Context()))
	}
	if when == monthLate {
		b.ok(b.gates[0].Settlement.LetGo(b.Context()))
	}
	b.Clock.Pass(max(0, at.Sub(b.Clock.Now())))
}

// payment is the transactions of a cell, and the network they are made on.
func (b *table) payment() (n chain.Network, txs []*simnode.Tx) {
	n = here
	copies := 1
	if b.kind == orderTwice {
		copies = 2
	}
	for range copies {
		for _, units := range parts(b.amount, b.order.Intent.Units) {
			txs = append(txs, b.transaction(units))
		}
	}
	switch b.kind {
	case otherNetwork:
		n = there
	case amongOthers: // a stranger is paid, and the shop gets small change that means nothing
		contract, small := chain.Address(b.order.Intent.Asset.Contract), big.NewInt(3)
		txs[0].Logs = slices.Insert(txs[0].Logs, 0,
			lab.Event(contract, b.Account(), b.Account(), b.order.Intent.Units),
			lab.Event(contract, b.Account(), b.shop.At, small))
	}
	return n, txs
}

func (b *table) transaction(units *big.Int) *simnode.Tx {
	i := b.order.Intent
	contract, from, to := chain.Address(i.Asset.Contract), b.Account(), i.Address
	coin := func(n chain.Network, symbol string) chain.Address {
		at := slices.IndexFunc(n.Tokens(), func(a chain.Asset) bool { return a.Symbol == symbol })
		return chain.Address(n.Tokens()[at].Contract)
	}
	switch b.kind {
	case otherToken:
		contract = coin(here, "USDT")
	case otherNetwork:
		contract = coin(there, "USDC")
	case fakeToken:
		contract = b.Account()
	case nothing:
		units = new(big.Int)
	case toHimself:
		from = to
	case newlyMade:
		from = chain.EVMAddress([20]byte{})
	case toStranger:
		to = b.Account()
	case lowDigitsAlike:
		alike, _ := to.EVMBytes()
		alike[10] ^= 0xff // what wallets show of it is the same
		to = chain.EVMAddress(alike)
	}
	tx := b.Tx(lab.Event(contract, from, to, units))
	switch b.kind {
	case onlyAllowed: // Approval(owner, spender, value) looks the same but for its name
		tx.Logs[0].Topics[0] = simnode.Hash{0x8c, 0x5b, 0xe1, 0xe5}
	case reverted:
		tx.Failed = true
	}
	return tx
}

// events counts what the merchant was told of an order.
func (b *table) events(id checkout.SessionID) map[webhook.Type]int {
	all, _, err := b.Store.Events(b.Context(), ports.EventQuery{
		Project: b.shop.Who.Project, Mode: merchant.Live, SessionID: string(id), Limit: math.MaxInt,
	})
	b.ok(err)
	out := map[webhook.Type]int{}
	for _, e := range all {
		out[e.Type]++
	}
	return out
}

// came reads what came of the cell.
func (b *table) came() (e end) {
	order, err := b.Store.ByID(b.Context(), b.order.ID)
	b.ok(err)
	beside, err := b.Store.ByID(b.Context(), b.beside.ID)
	b.ok(err)
	e.Status, e.Bystander = order.Status().String(), beside.Status().String()
	if r := order.Snapshot().Receipt; r != nil {
		e.Late = r.Late
	}
	page, err := b.Store.Page(b.Context(), ports.StatementQuery{Merchant: b.shop.Who.Merchant, Limit: math.MaxInt})
	b.ok(err)
	sum := new(big.Int)
	for _, line := range page.Lines {
		units := line.Transaction.Postings[0].Amount.Minor()
		if line.Transaction.Kind == ledger.KindPayment {
			e.Bookings++
			sum.Add(sum, units)
		} else {
			e.Undone++
			sum.Sub(sum, units)
		}
	}
	if e.Received = sum.String(); sum.Cmp(b.order.Intent.Units) == 0 {
		e.Received = asAsked
	}
	b.ok(b.Store.Do(b.Context(), func(ctx context.Context, r ports.Repos) error {
		e.Settled, e.Held, e.Duplicate, e.Unmatched = 0, 0, 0, 0
		for n := range b.nodes {
			rows, err := r.Transfers.LoadAbove(ctx, n, 0)
			if err != nil {
				return err
			}
			for _, row := range rows {
				*map[ports.Disposition]*int{
					ports.Settled: &e.Settled, ports.Held: &e.Held, ports.Duplicate: &e.Duplicate,
					ports.Unmatched: &e.Unmatched,
				}[row.Disposition]++
			}
		}
		return nil
	}))
	told := b.events(b.order.ID)
	e.Detected, e.Reverted = told[webhook.PaymentDetected], told[webhook.PaymentReverted]
	e.Paid, e.PaidLate = told[webhook.PaymentPaid], told[webhook.PaymentLate]
	e.Expired, e.Reversed = told[webhook.PaymentExpired], told[webhook.PaymentReversed]
	return e
}
