package sim

import (
	"slices"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc/simnode"
)

// live lets a chain go on for a moment: blocks are added and undone, nodes follow or do not.
func (w *world) live(f *fork) {
	switch {
	case f.lost != nil && w.chance(4) && w.returns(f):
		w.comeBack(f)
	case w.temper == blind && w.chance(leadOdds):
		w.lead(f)
	case w.chance(w.temper.deepOdds()) && len(f.Blocks()) > 3*finality:
		w.deep(f)
	case w.chance(12):
		w.reorg(f, w.r.IntN(deepestReorg+1))
	}
	for range w.r.IntN(3) {
		w.block(f)
	}
	for i, node := range f.nodes {
		switch {
		case w.chance(10): // it stays where it is, be it on a fork nobody else is on
		case w.chance(8):
			node.Follow(1 + w.r.IntN(5))
		default:
			node.Follow(0)
		}
		w.note("%s follows to %d", host(f.network, i), len(f.Blocks()))
	}
}

// block takes in what waits, most of it, in any order.
func (w *world) block(f *fork) {
	var in, later []*simnode.Tx
	for _, tx := range f.waiting {
		if slices.ContainsFunc(f.Mined(tx.ID), f.Counts) || slices.Contains(in, tx) || slices.Contains(later, tx) {
			continue // it came back with its old block, or waits twice
		}
		if w.chance(5) {
			later = append(later, tx)
		} else {
			in = append(in, tx)
		}
	}
	w.r.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
	f.waiting = later
	w.Mine(f.network, in...)
	w.tally.Blocks++
}

// reorg undoes blocks. What they held comes again in another block, at another place, soon, much later
// or never.
func (w *world) reorg(f *fork, depth int) {
	for _, tx := range f.Undo(depth) {
		switch n := w.r.IntN(15); {
		case n == 0:
		case n < 4 && len(w.sales) > 0:
			again := func() { f.waiting = append(f.waiting, tx) }
			w.after(w.sales[w.r.IntN(len(w.sales))], time.Minute, 2*time.Hour, again)
		default:
			f.waiting = append(f.waiting, tx)
		}
	}
	for range depth + 1 {
		w.block(f)
	}
	w.tally.Reorgs++
	w.note("reorg of %d to %x", depth, f.Tip().ID[:4])
}

// deep undoes blocks that were final. Where final forks come back they will count again, every second
// time, as they were: nodes that disagree come round in the end.
func (w *world) deep(f *fork) {
	depth := finality + 1 + w.r.IntN(finality/2)
	if w.chance(2) {
		f.lost = f.Tip()
	}
	for _, b := range f.Blocks()[len(f.Blocks())-depth:] {
		f.undone[b] = true
	}
	w.reorg(f, depth)
	w.tally.Deep++
}

// comeBack has a fork that lost count again, and be the longest. Every second time the one it wins over
// comes back in its turn.
func (w *world) comeBack(f *fork) {
	loser := f.Blocks()
	f.waiting = append(f.waiting, f.Return(f.lost)...)
	f.lost = nil
	for _, b := range loser {
		if !f.Counts(b) {
			f.undone[b] = true
		}
	}
	if w.chance(2) {
		f.lost = loser[len(loser)-1]
	}
	for longest := loser[len(loser)-1].Number; f.Tip().Number <= longest; {
		w.block(f)
	}
	w.tally.Reorgs++
	w.tally.Deep++
	w.note("back to %x", f.Tip().ID[:4])
}

// weather is how a node answers the next request. It is also where a gateway waits for others, or is
// killed.
func (w *world) weather(host string) (simnode.Fault, error) {
	if err := w.breathe(); err != nil {
		return simnode.Honest, err
	}
	often := 40
	if w.stormy {
		often = 3
	}
	if w.calm || !w.chance(often) {
		return simnode.Honest, nil
	}
	all := simnode.Faults()
	fault := all[w.r.IntN(len(all))]
	if fault == simnode.Huge && !w.chance(200) {
		fault = simnode.Down // huge answers take their time
	}
	w.tally.Faults++
	w.note("%s fails by %d", host, fault)
	return fault, nil
}
