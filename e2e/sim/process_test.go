package sim

import (
	"context"
	"errors"
	"iter"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/e2e/lab"
	"github.com/101pay/101pay/ports"
)

// How hard gateways have it.
const (
	mostWatchers = 2   // of one network at a time: a process may have lost its watch and not know it
	killOdds     = 800 // of one breath
	losesOdds    = 150 // of one unit of work
)

var (
	errKilled = errors.New("the process was killed")
	errDown   = errors.New("the database is away")
)

// process is a gateway that can be killed and starts again. What it remembers is lost then.
type process struct {
	*lab.Gateway
	w *world
}

func (p *process) boot() (err error) {
	urls := map[chain.Network][]string{}
	for _, n := range networks {
		for i := range nodesPerChain {
			urls[n] = append(urls[n], "http://"+host(n, i))
		}
	}
	p.Gateway, err = p.w.Gateway(work{p.w}, p.w.wire(), urls)
	return err
}

// task is something a gateway does. It runs until it breathes; then another may run for a while.
type task struct {
	in     *process
	name   string
	next   func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool
	killed bool
	err    error
}

// start begins a task, which runs when it is its turn. done hears how it ended.
func (w *world) start(p *process, name string, do func(g *lab.Gateway) error, done func(err error)) {
	t := &task{in: p, name: name}
	g := p.Gateway
	t.next, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		t.yield = yield
		t.err = do(g)
		if done != nil {
			done(t.err)
		}
	})
	w.tasks = append(w.tasks, t)
}

// breathe lets others run. It is called before and after everything that leaves the process: these
// are the points at which it can die.
func (w *world) breathe() error {
	t := w.now
	if t == nil {
		return nil
	}
	if t.killed || !t.yield(struct{}{}) {
		t.killed = true
		return errKilled
	}
	return nil
}

// advance lets a task run until it breathes next.
func (w *world) advance(t *task) {
	w.note("%s", t.name)
	w.now = t
	_, more := t.next()
	w.now = nil
	if !more {
		w.drop(t)
		w.note("%s ends: %v", t.name, t.err)
	}
}

func (w *world) drop(gone *task) {
	for i, t := range w.tasks {
		if t == gone {
			w.tasks = append(w.tasks[:i], w.tasks[i+1:]...)
			return
		}
	}
}

// kill ends a process with all it was about to do, and starts it again.
func (w *world) kill(p *process) {
	w.note("kill")
	w.tally.Kills++
	var left []*task
	var dying []*task
	for _, t := range w.tasks {
		if t.in == p {
			dying = append(dying, t)
		} else {
			left = append(left, t)
		}
	}
	w.tasks = left
	for _, t := range dying {
		t.killed = true
		w.now = t
		t.stop()
		w.now = nil
	}
	if err := p.boot(); err != nil {
		w.wrong("a gateway does not start: %v", err)
	}
}

// work starts what gateways do by themselves and lets it run for a while.
func (w *world) work() {
	for _, n := range networks {
		name := "tick " + string(n)
		for running := w.running(name); running < mostWatchers && w.chance(2); running++ {
			w.start(w.anyone(), name, func(g *lab.Gateway) error { return g.Settlement.Tick(w.ctx, n) }, nil)
		}
	}
	if w.temper != even && w.chance(10) {
		n := networks[w.r.IntN(len(networks))]
		w.start(w.anyone(), "read again "+string(n), func(g *lab.Gateway) error { return g.Rescanner.Tick(w.ctx, n) }, nil)
	}
	if w.chance(6) {
		w.start(w.anyone(), "expire", func(g *lab.Gateway) error { return g.Settlement.Expire(w.ctx) }, nil)
	}
	if w.chance(20) {
		w.start(w.anyone(), "let go", func(g *lab.Gateway) error { return g.Settlement.LetGo(w.ctx) }, nil)
	}
	breaths := 1 << 20
	if w.chance(3) {
		breaths = w.r.IntN(60) // what is left goes on after the world did
	}
	for ; breaths > 0 && len(w.tasks) > 0; breaths-- {
		t := w.tasks[w.r.IntN(len(w.tasks))]
		if w.chance(killOdds) {
			w.kill(t.in)
			continue
		}
		w.advance(t)
	}
}

func (w *world) running(name string) (n int) {
	for _, t := range w.tasks {
		if t.name == name {
			n++
		}
	}
	return n
}

func (w *world) anyone() *process { return w.gates[w.r.IntN(len(w.gates))] }

// work is the store as processes reach it: they breathe before and after, and sometimes they lose the
// answer to what was or was not committed.
type work struct{ w *world }

// Do implements ports.UnitOfWork.
func (u work) Do(ctx context.Context, fn func(ctx context.Context, r ports.Repos) error) error {
	if err := u.w.breathe(); err != nil {
		return err
	}
	trouble := !u.w.calm && u.w.now != nil && u.w.chance(losesOdds)
	if trouble && u.w.chance(2) {
		return errDown
	}
	if err := u.w.Store.Do(ctx, fn); err != nil {
		return err
	}
	if trouble {
		return ports.ErrOutcomeUnknown
	}
	return u.w.breathe()
}

// status is what the store says of a session.
func (w *world) status(id checkout.SessionID) (checkout.Snapshot, error) {
	s, err := w.Store.ByID(w.ctx, id)
	if err != nil {
		return checkout.Snapshot{}, err
	}
	return s.Snapshot(), nil
}
