package sim

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"

	"github.com/101pay/101pay/adapters/ethrpc/simnode"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

// rows are the recorded transfers of a network that were not taken back.
func (w *world) rows(n chain.Network) map[key]ports.TransferRow {
	out := map[key]ports.TransferRow{}
	err := w.Store.Do(w.ctx, func(ctx context.Context, r ports.Repos) error {
		all, err := r.Transfers.LoadAbove(ctx, n, 0)
		for _, row := range all {
			t := row.Transfer
			out[key{n, string(t.TxID), t.Index}] = row
		}
		return err
	})
	if err != nil {
		w.wrong("the rows cannot be read: %v", err)
	}
	return out
}

func (w *world) cursor(n chain.Network) ports.Cursor {
	all, err := w.Store.Cursors(w.ctx)
	for _, c := range all {
		if c.Network == n && err == nil {
			return c
		}
	}
	w.wrong("no cursor of %s: %v", n, err)
	return ports.Cursor{}
}

// check looks at what must be so at any moment: nothing was booked that no node called final, and
// nothing is missing below the block we say we have read up to. What was final and then was not may stay
// booked while it is on the chain: it merely moved, and counts until the watcher comes to its new block.
func (w *world) check() {
	for _, n := range networks {
		f, rows := w.chains[n], w.rows(n)
		for k, row := range rows {
			if at(f, row.Transfer) == nil || !slices.ContainsFunc(f.Mined(idOf(row.Transfer)), wasFinal) {
				w.wrong("phantom: %v was recorded from a block that was never final", k)
			}
		}
		c, on := w.on(f)
		if !on {
			continue // history changed, and nobody has looked since
		}
		for _, x := range w.facts(f, f.Blocks()[:c.Height+1]) {
			if row, recorded := rows[x.key]; !recorded {
				if w.passed[x.key] && !w.healed {
					continue
				}
				w.wrong("lost: %v of block %d, read up to %d", x.key, x.block.Number, c.Height)
			} else {
				w.fits(x, row)
			}
			delete(rows, x.key)
		}
		for k, row := range rows {
			if row.Transfer.Height <= c.Height {
				w.wrong("phantom: %v is recorded in block %d, which does not hold it", k, row.Transfer.Height)
			}
		}
	}
}

// at finds the block a recorded transfer says it is of, on whichever fork.
func at(f *fork, t chain.Transfer) *simnode.Block {
	for _, b := range f.Mined(idOf(t)) {
		if hex.EncodeToString(b.ID[:]) == t.BlockID && b.Number == t.Height {
			return b
		}
	}
	return nil
}

func wasFinal(b *simnode.Block) bool { return b.Final }

func idOf(t chain.Transfer) (id simnode.Hash) {
	if raw, err := hex.DecodeString(string(t.TxID)); err == nil {
		copy(id[:], raw)
	}
	return id
}

// fits holds a row against the transfer it records.
func (w *world) fits(x fact, row ports.TransferRow) {
	t := row.Transfer
	is := slot{t.Network, t.Asset.Contract, t.To, t.Units.String()}
	if is != x.slot || t.Height != x.block.Number || t.BlockID != hex.EncodeToString(x.block.ID[:]) ||
		!t.BlockTime.Equal(x.at) {
		w.wrong("wrong: %v is recorded as %v in block %d, and is %v in block %d", x.key, is, t.Height, x.slot, x.block.Number)
	}
}

// judge looks at the end: what became of every transfer and every sale follows from the chains and the
// policies.
func (w *world) judge() {
	all := w.requests()
	book, news := w.book(), w.news()
	must, may := map[*sale][]fact{}, map[*sale]map[key]bool{}
	for _, n := range networks {
		w.shake(w.chains[n], all)
	}
	for _, n := range networks {
		f := w.chains[n]
		if c := w.cursor(n); c.Height != f.FinalHeight() {
			w.wrong("lost: %s is read up to %d of %d", n, c.Height, f.FinalHeight())
		}
		w.expect(f, all, must, may)
	}
	recorded := map[*sale][]ports.TransferRow{}
	for _, n := range networks {
		w.placed(w.chains[n], all, recorded)
	}
	for _, s := range w.sales {
		snapshot, err := w.status(s.id)
		if err != nil {
			w.wrong("lost: session %s: %v", s.id, err)
			continue
		}
		w.outcome(s, snapshot, must[s], may[s])
		w.told(s, snapshot, book[s.id], news[s.id], recorded[s])
	}
	w.balance(book)
}

// expect says what must pay a sale, and what may.
func (w *world) expect(
	f *fork, all map[slot][]request, must map[*sale][]fact, may map[*sale]map[key]bool,
) {
	allow := func(r *request, x fact) {
		if r == nil || !r.pays(x.at) && !w.shaken[r.of] { // what was taken back may be paid later
			return
		}
		if may[r.of] == nil {
			may[r.of] = map[key]bool{}
		}
		may[r.of][x.key] = true
	}
	for _, x := range w.facts(f, f.Blocks()[:f.FinalHeight()+1]) {
		r, other := meant(x, all)
		if r != nil && other == nil && r.pays(x.at) {
			must[r.of] = append(must[r.of], x)
		}
	}
	w.finals(f, func(x fact) {
		r, other := meant(x, all)
		allow(r, x)
		allow(other, x)
	})
}

// shake marks the sales of which a final transfer was undone or passed over, by whatever transfer and on whatever
// network, before anything is judged by that.
func (w *world) shake(f *fork, all map[slot][]request) {
	w.finals(f, func(x fact) {
		r, other := meant(x, all)
		for _, of := range []*request{r, other} {
			if of != nil && (f.undone[x.block] || !f.Counts(x.block) || w.passed[x.key]) {
				w.shaken[of.of] = true
			}
		}
	})
}

// finals goes through every transfer of a block that was ever final, on whichever fork.
func (w *world) finals(f *fork, see func(x fact)) {
	for _, tx := range f.sent {
		for _, b := range f.Mined(tx.ID) {
			if !b.Final {
				continue
			}
			for _, x := range w.moved(f, b, tx) {
				see(x)
			}
		}
	}
}

// placed looks where every final transfer went.
func (w *world) placed(f *fork, all map[slot][]request, recorded map[*sale][]ports.TransferRow) {
	rows := w.rows(f.network)
	for _, x := range w.facts(f, f.Blocks()[:f.FinalHeight()+1]) {
		row := rows[x.key] // check has seen to it that it is there
		r, other := meant(x, all)
		if other != nil && row.SessionID == other.of.id {
			r = other
		}
		switch {
		case row.SessionID == "" && row.Disposition == ports.Unmatched:
			if r != nil && !x.at.After(r.HoldUntil) && other == nil && !w.unknowable(f, x, r, all) {
				w.wrong("lost: %v is for session %s and lies with the unmatched", x.key, r.of.id)
			}
		case r == nil || row.SessionID != r.of.id:
			w.wrong("wrong: %v was attributed to session %s", x.key, row.SessionID)
		default:
			recorded[r.of] = append(recorded[r.of], row)
			if row.Disposition == ports.Held && r.pays(x.at) && !w.shaken[r.of] && !r.of.cancelled {
				w.wrong("lost: %v is in time and was held", x.key)
			}
		}
	}
}

// unknowable reports whether nobody could say whom a transfer is for, although its request was held when
// its block was made: the amount was let go before the transfer could be found, because watchers were led
// past it, or because its block did not count while a history did that went on beyond the end of the hold;
// and somebody else may have been asked for the same amount since. It waits with the merchant then.
func (w *world) unknowable(f *fork, x fact, r *request, all map[slot][]request) bool {
	asked := all[x.slot]
	return w.passed[x.key] || f.undone[x.block] && asked[len(asked)-1].ID != r.ID
}

// outcome holds a sale's end against what must and may have paid it.
func (w *world) outcome(s *sale, is checkout.Snapshot, must []fact, may map[key]bool) {
	switch is.Status {
	case checkout.Settled:
		w.tally.Paid++
		r := is.Receipt
		k := key{r.Network, string(r.TxID), r.Index}
		if !may[k] {
			w.wrong("phantom: session %s was settled by %v", s.id, k)
		}
		// What is a minute older than the request may pay it, because block time and our clock are two
		// clocks: such a transfer may come before the one its payer made.
		older := r.BlockTime.Before(is.Intent.CreatedAt)
		if first, sure := w.first(s, must); sure && !older && r.Height != first.block.Number {
			w.wrong("wrong: session %s was settled by %v, though %v came in a block before", s.id, k, first.key)
		}
	case checkout.Cancelled:
		if !s.cancelled {
			w.wrong("wrong: session %s was cancelled by nobody", s.id)
		}
	case checkout.Expired:
		if len(must) > 0 && !w.shaken[s] {
			w.wrong("lost: session %s expired though %v paid it", s.id, must[0].key)
		}
	default:
		w.wrong("wrong: session %s is %s in the end", s.id, is.Status)
	}
}

// first is the transfer that came first of those that pay a sale, if anybody can say.
func (w *world) first(s *sale, must []fact) (first fact, sure bool) {
	for n, x := range must {
		switch {
		case n == 0:
			first = x
		case x.key.network != first.key.network:
			return fact{}, false
		}
	}
	return first, len(must) > 0 && !s.named && !w.shaken[s]
}

// units sums what the book says of one currency.
type sums map[string]*big.Int

func (s sums) add(currency string, units *big.Int) {
	if s[currency] == nil {
		s[currency] = new(big.Int)
	}
	s[currency].Add(s[currency], units)
}

func (s sums) String() string {
	for c, v := range s {
		if v.Sign() == 0 {
			delete(s, c)
		}
	}
	return fmt.Sprint(map[string]*big.Int(s))
}
