package sim

import (
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc/simnode"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/e2e/lab"
	"github.com/101pay/101pay/ports"
)

// sale is a session as its merchant and its payer know it.
type sale struct {
	id        checkout.SessionID
	shop      lab.Shop
	asked     []checkout.Intent // what the payer was told, in turn
	cancelled bool              // the merchant tried to cancel it
	named     bool              // somebody named a transaction for it
	plan      []deed
}

// deed is something that will happen when its time has come.
type deed struct {
	at time.Time
	do func()
}

// prices are few, so that many sessions ask for much the same amount.
var prices = []string{"9.99", "10", "10.01", "49.9", "120"}

// sell opens a session, whose payer will ask where to pay in a moment.
func (w *world) sell() {
	s := &sale{shop: w.shops[w.r.IntN(len(w.shops))]}
	opened, err := w.anyone().Sell(w.ctx, s.shop, prices[w.r.IntN(len(prices))])
	if err != nil {
		w.wrong("no session: %v", err)
		return
	}
	s.id = opened.ID
	w.sales = append(w.sales, s)
	w.tally.Payments++
	w.after(s, 0, 60*time.Second, func() { w.ask(s) })
	if w.chance(40) {
		w.after(s, time.Second, 20*time.Minute, func() { w.cancel(s) })
	}
}

// after plans something for a time from now.
func (w *world) after(s *sale, least, most time.Duration, do func()) {
	at := w.Clock.Now().Add(least + time.Duration(w.r.Int64N(int64(most-least))))
	s.plan = append(s.plan, deed{at, do})
}

// pay does what payers planned for now.
func (w *world) pay() {
	now := w.Clock.Now()
	for _, s := range w.sales {
		if len(s.plan) == 0 {
			continue
		}
		var due []deed
		s.plan = slices.DeleteFunc(s.plan, func(d deed) bool {
			if d.at.After(now) {
				return false
			}
			due = append(due, d)
			return true
		})
		for _, d := range due {
			d.do()
		}
	}
}

// again reports whether an answer did not come, so that whoever asked asks again.
func again(err error) bool {
	return errors.Is(err, errKilled) || errors.Is(err, errDown) ||
		errors.Is(err, ports.ErrOutcomeUnknown) || errors.Is(err, ports.ErrChainUnavailable)
}

// ask lets a payer choose how to pay. A few change their minds and choose once more.
func (w *world) ask(s *sale) {
	var assets []chain.Asset
	for _, n := range networks {
		assets = append(assets, n.Tokens()...)
	}
	a := assets[w.r.IntN(len(assets))]
	var told checkout.Snapshot
	w.start(w.anyone(), "ask", func(g *lab.Gateway) (err error) {
		told, err = g.Ask(w.ctx, s.id, a)
		return err
	}, func(err error) {
		switch {
		case again(err):
			w.after(s, time.Second, 30*time.Second, func() { w.ask(s) })
		case err != nil: // it expired, was cancelled, or all amounts are taken
		default:
			i := *told.Intent
			if slices.ContainsFunc(s.asked, func(o checkout.Intent) bool { return o.ID == i.ID }) {
				return // he knows
			}
			s.asked = append(s.asked, i)
			if len(s.asked) == 1 && w.chance(25) {
				w.after(s, time.Second, time.Minute, func() { w.ask(s) })
			}
			w.decide(s, i)
		}
	})
}

func (w *world) cancel(s *sale) {
	s.cancelled = true
	w.start(w.anyone(), "cancel", func(g *lab.Gateway) error {
		_, err := g.Checkout.Cancel(w.ctx, s.shop.Who, s.id)
		return err
	}, func(err error) {
		if again(err) {
			w.after(s, time.Second, 30*time.Second, func() { w.cancel(s) })
		}
	})
}

// decide is what a payer makes of what he was told: most pay, once, in time.
func (w *world) decide(s *sale, i checkout.Intent) {
	soon := func(logs ...simnode.Log) { w.after(s, time.Second, 4*time.Minute, func() { w.send(s, i, logs...) }) }
	part := func(units *big.Int) simnode.Log { return w.transfer(i.Asset.Contract, i.Address, units) }
	exact := func() simnode.Log { return part(i.Units) }
	half := new(big.Int).Rsh(i.Units, 1)
	switch n := w.r.IntN(100); {
	case n < 62:
		soon(exact())
	case n < 65: // nothing
	case n < 68:
		soon(part(new(big.Int).Sub(i.Units, big.NewInt(1))))
	case n < 71:
		soon(part(new(big.Int).Add(i.Units, big.NewInt(1))))
	case n < 73:
		soon(part(half))
		soon(part(new(big.Int).Sub(i.Units, half)))
	case n < 77: // twice
		soon(exact())
		soon(exact())
	case n < 79: // twice in one transaction
		soon(exact(), exact())
	case n < 83: // at the last moment, or after it
		w.around(s, i, -20*time.Second, 20*time.Second)
	case n < 88:
		w.around(s, i, time.Second, 2*time.Hour)
	case n < 90:
		w.around(s, i, 23*time.Hour, 26*time.Hour)
	case n < 91:
		w.around(s, i, 26*time.Hour, 20*24*time.Hour)
	case n < 93: // a token that calls itself the same
		soon(w.transfer(string(s.shop.At), i.Address, i.Units))
	case n < 95: // nothing, beside the payment
		soon(part(new(big.Int)), w.transfer(i.Asset.Contract, w.Account(), i.Units), exact())
	case n < 97:
		w.failing(s, i)
	case n < 98:
		soon(lab.Event(chain.Address(i.Asset.Contract), i.Address, i.Address, i.Units))
	default: // pays somebody else's session too
		soon(exact(), w.neighbour(s, i))
	}
}

// around pays a while after the deadline, or before it.
func (w *world) around(s *sale, i checkout.Intent, from, to time.Duration) {
	at := i.ExpiresAt.Add(from + time.Duration(w.r.Int64N(int64(to-from))))
	s.plan = append(s.plan, deed{at, func() {
		w.tally.Late++
		w.send(s, i, w.transfer(i.Asset.Contract, i.Address, i.Units))
	}})
}

// failing is a transaction that reverts, of a contract whose node tells of its logs all the same. Some
// try again.
func (w *world) failing(s *sale, i checkout.Intent) {
	w.after(s, time.Second, 4*time.Minute, func() {
		tx := w.Tx(w.transfer(i.Asset.Contract, i.Address, i.Units))
		tx.Failed = true
		w.chains[i.Asset.Network].take(tx)
		if w.chance(2) {
			w.send(s, i, w.transfer(i.Asset.Contract, i.Address, i.Units))
		}
	})
}

// neighbour is the payment of the sale before, if that can be paid on the same network.
func (w *world) neighbour(s *sale, i checkout.Intent) simnode.Log {
	other := w.sales[max(0, slices.Index(w.sales, s)-1)]
	other.named = true // if this one is
	for _, o := range other.asked {
		if o.Asset.Network == i.Asset.Network {
			return w.transfer(o.Asset.Contract, o.Address, o.Units)
		}
	}
	return w.transfer(i.Asset.Contract, i.Address, big.NewInt(1))
}

func (w *world) transfer(contract string, to chain.Address, units *big.Int) simnode.Log {
	return lab.Event(chain.Address(contract), w.Account(), to, units)
}

// send hands a transaction to the network. Some payers name it to the gateway, more than once.
func (w *world) send(s *sale, i checkout.Intent, logs ...simnode.Log) {
	f := w.chains[i.Asset.Network]
	tx := w.Tx(logs...)
	f.take(tx)
	w.tally.Transfers += len(logs)
	if !w.chance(20) {
		return
	}
	s.named = true
	for range 1 + w.r.IntN(3) {
		w.after(s, 0, 10*time.Minute, func() {
			w.start(w.anyone(), "prove", func(g *lab.Gateway) error {
				_, err := g.Settlement.Prove(w.ctx, s.id, hex.EncodeToString(tx.ID[:]))
				return err
			}, nil)
		})
	}
}
