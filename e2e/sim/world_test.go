package sim

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc/simnode"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/e2e/lab"
)

// A world's bounds.
const (
	// salesPerWorld is little enough that a look at all sales costs little: looks are many.
	salesPerWorld = 1000
	finality      = 14 // blocks above a final one
	deepestReorg  = 12 // of those that leave final blocks alone
	nodesPerChain = 2
	processes     = 2
	checkEvery    = 150 // steps from one look at everything to the next
)

// networks are read in every world: one whose coins have six decimals, one of eighteen.
var networks = []chain.Network{chain.Base, chain.BSC}

// world is one history: shops, payers, chains, nodes, gateways.
type world struct {
	*lab.Lab
	ctx    context.Context
	r      *rand.Rand // of what happens; ids have their own chance
	shops  []lab.Shop
	sales  []*sale
	chains map[chain.Network]*fork
	gates  []*process
	tasks  []*task
	now    *task // the one that runs
	stormy bool  // nodes fail often
	temper temper
	calm   bool // nothing fails: at the beginning and in the end

	// shaken are sales of which a final transfer was undone, or passed over: what else came for them waits
	// for the merchant meanwhile.
	shaken map[*sale]bool
	// passed are transfers that watchers were led past, which are not recorded before all is read again.
	passed map[key]bool
	healed bool // all was read again

	trace hash.Hash64
	tally tally
	found []string // what is wrong
}

// tally counts what a world lived through.
type tally struct {
	Payments, Transfers, Blocks, Reorgs, Deep, Kills, Faults, Late, Reversals, Paid int
}

func (t *tally) add(o tally) {
	t.Payments += o.Payments
	t.Transfers += o.Transfers
	t.Blocks += o.Blocks
	t.Reorgs += o.Reorgs
	t.Deep += o.Deep
	t.Kills += o.Kills
	t.Faults += o.Faults
	t.Late += o.Late
	t.Reversals += o.Reversals
	t.Paid += o.Paid
}

// fork is a chain with its nodes and what waits to be mined.
type fork struct {
	*simnode.Chain
	network chain.Network
	nodes   []*simnode.Node
	waiting []*simnode.Tx
	sent    []*simnode.Tx // all that ever waited

	// lost is where a fork ended that was final and does not count any more, until it counts again.
	lost *simnode.Block
	// undone are blocks that were taken off the fork that counts although they were final, wherever they
	// are now.
	undone map[*simnode.Block]bool
}

// take lets a transaction wait to be mined.
func (f *fork) take(tx *simnode.Tx) {
	f.waiting, f.sent = append(f.waiting, tx), append(f.sent, tx)
}

func openWorld(ctx context.Context, seed uint64) (*world, error) {
	w := &world{
		Lab: lab.Open(seed), ctx: ctx, trace: fnv.New64a(), chains: map[chain.Network]*fork{},
		shaken: map[*sale]bool{}, passed: map[key]bool{}, r: rand.New(rand.NewPCG(seed, 102)),
	}
	for _, n := range networks {
		f := &fork{Chain: w.Found(n, finality), network: n, undone: map[*simnode.Block]bool{}}
		for range nodesPerChain {
			f.nodes = append(f.nodes, simnode.NewNode(f.Chain))
		}
		w.chains[n] = f
	}
	for range processes {
		p := &process{w: w}
		if err := p.boot(); err != nil {
			return nil, err
		}
		w.gates = append(w.gates, p)
	}
	for _, p := range []merchant.Policy{
		{SessionMinutes: 5, Late: merchant.LateAccept},
		{SessionMinutes: 15, Late: merchant.LateHold},
		{SessionMinutes: 30, Late: merchant.LateAccept},
		{SessionMinutes: 60, Late: merchant.LateHold},
	} {
		s, err := w.Shop(ctx, w.gates[0].Gateway, p)
		if err != nil {
			return nil, err
		}
		w.shops = append(w.shops, s)
	}
	w.calm = true
	for _, n := range networks { // reading begins where nobody has paid yet
		if err := w.gates[0].Settlement.Tick(ctx, n); err != nil {
			return nil, err
		}
	}
	w.calm = false
	return w, nil
}

// wire leads to the nodes.
func (w *world) wire() http.RoundTripper {
	out := &simnode.Wire{Nodes: map[string]*simnode.Node{}, Weather: w.weather, Cut: w.r.IntN}
	for _, n := range networks {
		for i, node := range w.chains[n].nodes {
			out.Nodes[host(n, i)] = node
		}
	}
	return out
}

func host(n chain.Network, i int) string { return fmt.Sprintf("%s-%d", n, i) }

// chance is true in one of n cases.
func (w *world) chance(n int) bool { return w.r.IntN(n) == 0 }

func (w *world) note(what string, args ...any) { _, _ = fmt.Fprintf(w.trace, what+"\n", args...) }

func (w *world) wrong(what string, args ...any) {
	const most = 20 // of what is the same fault, mostly
	if len(w.found) < most {
		w.found = append(w.found, fmt.Sprintf(what, args...))
	}
}

// run lets a number of sales happen and everything that follows from them, and judges.
func (w *world) run(sales int) error {
	for step := 0; len(w.sales) < sales || w.unsettled(); step++ {
		w.Clock.Pass(w.pause(len(w.sales) < sales))
		if step%20 == 0 {
			w.stormy = w.chance(6)
		}
		for range w.r.IntN(11) {
			if len(w.sales) < sales {
				w.sell()
			}
		}
		w.pay()
		for _, n := range networks {
			w.live(w.chains[n])
		}
		w.work()
		if step%checkEvery == 0 {
			w.check()
		}
		if len(w.found) > 0 {
			return nil
		}
	}
	if err := w.settleDown(); err != nil {
		return err
	}
	if err := w.readAgain(); err != nil {
		return err
	}
	w.check()
	w.judge()
	return nil
}

// pause is how long nothing happens: mostly seconds, and now and then so long that sessions expire,
// amounts are let go, gateways were asleep.
func (w *world) pause(trading bool) time.Duration {
	seconds := func(from, to int) time.Duration {
		return time.Duration(from+w.r.IntN(to-from)) * time.Second
	}
	switch n := w.r.IntN(1000); {
	case !trading:
		return seconds(60, 3*3600)
	case n < 900:
		return seconds(2, 15)
	case n < 985:
		return seconds(15, 120)
	case n < 997:
		return seconds(300, 1800)
	}
	return seconds(6*3600, 30*3600)
}

// unsettled reports whether payers still mean to pay.
func (w *world) unsettled() bool {
	for _, s := range w.sales {
		if len(s.plan) > 0 {
			return true
		}
	}
	for _, f := range w.chains {
		if len(f.waiting) > 0 {
			return true
		}
	}
	return false
}

// settleDown lets the weather clear, every deadline pass and every watcher catch up.
func (w *world) settleDown() error {
	w.calm = true
	for len(w.tasks) > 0 {
		w.advance(w.tasks[0])
	}
	const days, rounds = 4, 8
	for range rounds {
		w.Clock.Pass(days * 24 * time.Hour / rounds)
		for _, n := range networks {
			w.MineUntilFinal(n, time.Second)
			for _, node := range w.chains[n].nodes {
				node.Follow(0)
			}
		}
		g := w.gates[0]
		for _, n := range networks {
			var err error
			for range 3 { // the first look may find out that history changed, or that a node recovered
				err = errors.Join(err, g.Settlement.Tick(w.ctx, n))
				if err == nil {
					break
				}
				err = g.Settlement.Tick(w.ctx, n)
			}
			if err != nil {
				return fmt.Errorf("in calm weather: %w", err)
			}
		}
		for range len(w.sales)/200 + 2 {
			if err := g.Settlement.Expire(w.ctx); err != nil {
				return err
			}
		}
		if err := g.Settlement.LetGo(w.ctx); err != nil {
			return err
		}
	}
	return nil
}
