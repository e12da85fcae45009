package sim

import (
	"encoding/hex"
	"math/big"
	"slices"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc/simnode"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
)

// lateWindow is how long after the deadline a project that takes late payments takes them, and how old
// a block may seem beside our clock (decision 14).
const (
	lateWindow = 24 * time.Hour
	skew       = time.Minute
)

// key names a transfer, in whichever block it is.
type key struct {
	network chain.Network
	tx      string
	index   uint32
}

// slot is what can be asked of one payer at a time.
type slot struct {
	network  chain.Network
	contract string
	to       chain.Address
	units    string
}

// fact is a transfer as a chain holds it, read from the chain itself.
type fact struct {
	key
	slot
	block *simnode.Block
	at    time.Time
}

// facts reads what the blocks of a chain moved to shops: what succeeded, moved something, and was of a
// coin that counts.
func (w *world) facts(f *fork, blocks []*simnode.Block) (out []fact) {
	for _, b := range blocks {
		for _, tx := range b.Txs {
			out = append(out, w.moved(f, b, tx)...)
		}
	}
	return out
}

func (w *world) moved(f *fork, b *simnode.Block, tx *simnode.Tx) (out []fact) {
	if tx.Failed {
		return nil
	}
	for n, l := range tx.Logs {
		contract := string(chain.EVMAddress(l.Contract))
		from, to := l.Topics[1], chain.EVMAddress([20]byte(l.Topics[2][12:]))
		units := new(big.Int).SetBytes(l.Data)
		counts := slices.ContainsFunc(f.network.Tokens(), func(a chain.Asset) bool { return a.Contract == contract })
		if counts && w.isShop(to) && units.Sign() > 0 && from != l.Topics[2] {
			out = append(out, fact{
				key{f.network, hex.EncodeToString(tx.ID[:]), uint32(n)},
				slot{f.network, contract, to, units.String()},
				b, timeOf(b),
			})
		}
	}
	return out
}

func timeOf(b *simnode.Block) time.Time { return time.Unix(b.Time, 0).UTC() }

func (w *world) isShop(a chain.Address) bool {
	for _, s := range w.shops {
		if s.At == a {
			return true
		}
	}
	return false
}

// request is what a payer was asked for, and by which sale.
type request struct {
	checkout.Intent
	of *sale
}

// requests are all that were ever made, by what they asked for, the oldest first.
func (w *world) requests() map[slot][]request {
	out := map[slot][]request{}
	for _, s := range w.sales {
		for _, i := range s.asked {
			at := slot{i.Asset.Network, i.Asset.Contract, i.Address, i.Units.String()}
			out[at] = append(out[at], request{i, s})
		}
	}
	for _, r := range out {
		slices.SortFunc(r, func(a, b request) int { return a.CreatedAt.Compare(b.CreatedAt) })
	}
	return out
}

// meant says which request a transfer is for: the last that was made before it. other is one made
// within a moment after it, which it may be for as well.
func meant(f fact, all map[slot][]request) (for_, other *request) {
	of := all[f.slot]
	for i := range of {
		switch r := &of[i]; {
		case !r.CreatedAt.After(f.at):
			for_ = r
		case !r.CreatedAt.Add(-skew).After(f.at):
			other = r
		}
	}
	return for_, other
}

// pays reports whether a transfer is early enough to pay what it is for.
func (r *request) pays(at time.Time) bool {
	deadline := r.ExpiresAt
	if r.of.shop.Policy.Late == "accept" {
		deadline = deadline.Add(lateWindow)
	}
	return !at.After(deadline)
}
