package app

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// swerving is a chain whose history turns while it answers.
type swerving struct {
	ports.Chain
	turn func()
}

func (c swerving) Holds(ctx context.Context, blocks map[uint64]string) (bool, error) {
	same, err := c.Chain.Holds(ctx, blocks)
	c.turn()
	return same, err
}

// turns puts the cursor on the block of another history, or back.
func (s *stage) turns(to ports.Cursor) {
	s.t.Helper()
	from := s.cursor()
	s.ok(s.store.Do(s.t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Cursors.Rewind(ctx, from, to)
	}))
}

// missed is a session whose payment the watcher read past.
func (s *stage) missed() (checkout.Snapshot, chain.TxID) {
	s.t.Helper()
	session := s.asked()
	s.pass(time.Second)
	s.play(session.ID, ScenarioExact)
	tx := transfers(session, ScenarioExact, 0, s.clock.Now())[0].TxID
	s.settlement.Rails.Chains[chain.Sandbox] = deaf{s.chain}
	s.pass(time.Minute)
	s.settlement.Rails.Chains[chain.Sandbox] = s.chain
	s.is(session.ID, checkout.Awaiting)
	return session, tx
}

// What a payer names is compared with the history the watcher read. If that is another one when it comes
// to be recorded, it is not recorded, and once it is the same again it is.
func TestWhatIsNamedIsRecordedWhileTheWatcherStands(t *testing.T) {
	s := openStage(t)
	session, tx := s.missed()
	was := s.cursor()
	other := was
	other.BlockID = "f0" + was.BlockID[2:]
	s.settlement.Rails.Chains[chain.Sandbox] = swerving{s.chain, func() { s.turns(other) }}
	_, err := s.settlement.Prove(t.Context(), session.ID, string(tx))
	s.ok(err)
	s.is(session.ID, checkout.Awaiting)
	s.turns(was)
	turns := 0
	s.settlement.Rails.Chains[chain.Sandbox] = swerving{s.chain, func() {
		if turns++; turns == 1 { // the watcher reads on meanwhile, and that is all
			s.settlement.Rails.Chains[chain.Sandbox] = s.chain
			s.pass(time.Second)
		}
	}}
	_, err = s.settlement.Prove(t.Context(), session.ID, string(tx))
	s.ok(err)
	s.is(session.ID, checkout.Settled)
}

// astray is a chain of which a payer is told otherwise than the watcher: a lost history holds a payment.
type astray struct {
	ports.Chain
	paid chain.Transfer
}

func (c astray) Lookup(context.Context, chain.TxID) ([]chain.Transfer, error) {
	return []chain.Transfer{c.paid}, nil
}

// stepping does something before one of the units of work that follow.
type stepping struct {
	ports.UnitOfWork
	left int
	do   func()
}

func (w *stepping) Do(ctx context.Context, fn func(ctx context.Context, r ports.Repos) error) error {
	if w.left--; w.left == 0 {
		w.do()
	}
	return w.UnitOfWork.Do(ctx, fn)
}

// Whenever a payer names a transaction of a history that lost, be it between the watcher's last look at
// what is recorded and its next step: nothing of it stays.
func TestWhatALostHistoryHeldNeverStays(t *testing.T) {
	const steps = 25 // more units of work than the ticks below take
	acted := 0
	for step := 1; step <= steps; step++ {
		s := openStage(t)
		session := s.asked()
		s.clock.set(s.clock.Now().Add(20 * sandbox.BlockPeriod))
		lost := chain.Transfer{
			Network: chain.Sandbox, TxID: portstest.TxID(), Asset: session.Intent.Asset, From: "payer",
			To: session.Intent.Address, Units: session.Intent.Units, Height: s.cursor().Height + 5, BlockID: "f0",
			BlockTime: s.clock.Now(),
		}
		payer := *s.settlement
		payer.Rails.Chains = map[chain.Network]ports.Chain{chain.Sandbox: astray{s.chain, lost}}
		work := &stepping{UnitOfWork: s.store, left: step, do: func() {
			acted++
			_, err := payer.Prove(t.Context(), session.ID, string(lost.TxID))
			s.ok(err)
		}}
		s.settlement.Core.Work = work
		for range 3 {
			if err := s.settlement.Tick(t.Context(), chain.Sandbox); err != nil && !errors.Is(err, errHistoryMoves) {
				t.Fatalf("step %d: %v", step, err)
			}
		}
		s.settlement.Core.Work = s.store
		s.pass(time.Second)
		s.is(session.ID, checkout.Awaiting)
		for _, row := range s.rows(session.ID) {
			if row.Disposition != ports.Reversed {
				t.Errorf("step %d: %+v", step, row)
			}
		}
	}
	if acted < 5 || acted == steps {
		t.Errorf("%d of %d steps were before some unit of work", acted, steps)
	}
}

// lower is a chain on which a transaction was mined a block earlier than it was first seen, and whose end
// is that block. Its nodes may not tell of single transactions.
type lower struct {
	ports.Chain
	was   chain.Transfer
	ended bool
}

func (c *lower) Head(ctx context.Context) (chain.Head, error) {
	h, err := c.Chain.Head(ctx)
	if err == nil && c.ended {
		h.Final = c.was.Height - 1
		h.FinalID, err = c.BlockID(ctx, h.Final)
	}
	return h, err
}

func (c *lower) Scan(ctx context.Context, from, to uint64, w ports.Watch) (ports.Span, error) {
	span, err := c.Chain.Scan(ctx, from, to, w)
	span.Transfers = nil
	if err == nil && from < c.was.Height && to >= c.was.Height-1 {
		t := c.was
		t.Height--
		t.BlockID, err = c.BlockID(ctx, t.Height)
		span.Transfers = []chain.Transfer{t}
	}
	return span, err
}

func (*lower) Lookup(context.Context, chain.TxID) ([]chain.Transfer, error) { return nil, nil }

// A payment that was named before the watcher came to it, and is in an earlier block when the watcher
// does, is recorded as of that block. Otherwise it would be taken back once the watcher is where it was
// first seen.
func TestAPaymentReadInAnEarlierBlockMovesThere(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.pass(time.Second)
	s.play(session.ID, ScenarioExact)
	named := transfers(session, ScenarioExact, 0, s.clock.Now())[0].TxID
	s.clock.set(s.clock.Now().Add(time.Minute))
	_, err := s.settlement.Prove(t.Context(), session.ID, string(named))
	s.ok(err)
	first := s.is(session.ID, checkout.Settled).Receipt.Height
	node := &lower{Chain: s.chain, was: s.rows(session.ID)[0].Transfer, ended: true}
	s.settlement.Rails.Chains[chain.Sandbox] = node
	for range 2 {
		if err := s.settlement.Tick(t.Context(), chain.Sandbox); err != nil && !errors.Is(err, errHistoryMoves) {
			t.Fatal(err)
		}
	}
	node.ended = false
	s.pass(0)
	s.is(session.ID, checkout.Settled)
	if rows := s.rows(session.ID); len(rows) != 1 || rows[0].Transfer.Height != first-1 {
		t.Errorf("recorded as %+v", rows)
	}
}

// found is a chain that holds nothing but what is asked for by name, below what was read.
type found struct {
	deaf
	paid chain.Transfer
}

func (c found) Lookup(context.Context, chain.TxID) ([]chain.Transfer, error) {
	return []chain.Transfer{c.paid}, nil
}

// What is said to be in a block below the cursor is there only if that block is of the history that was
// read: nobody looks there again.
func TestAPaymentMovesBelowTheCursorWithinItsHistoryOnly(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.pass(time.Second)
	s.play(session.ID, ScenarioExact)
	named := transfers(session, ScenarioExact, 0, s.clock.Now())[0].TxID
	s.clock.set(s.clock.Now().Add(time.Minute))
	_, err := s.settlement.Prove(t.Context(), session.ID, string(named))
	s.ok(err)
	row := s.rows(session.ID)[0].Transfer
	cursor := s.cursor()
	for _, height := range []uint64{cursor.Height, cursor.Height - 1} {
		moved := row
		moved.Height, moved.BlockID = height, "f0"
		s.settlement.Rails.Chains[chain.Sandbox] = found{deaf{s.chain}, moved}
		if err := s.settlement.Tick(t.Context(), chain.Sandbox); !errors.Is(err, errHistoryMoves) {
			t.Fatalf("in another block %d: %v", height, err)
		}
		if rows := s.rows(session.ID); rows[0].Transfer.Height != row.Height {
			t.Errorf("recorded as %+v", rows)
		}
	}
	moved := row
	moved.Height = cursor.Height - 1
	moved.BlockID, err = s.chain.BlockID(t.Context(), moved.Height)
	s.ok(err)
	s.settlement.Rails.Chains[chain.Sandbox] = found{deaf{s.chain}, moved}
	if err := s.settlement.Tick(t.Context(), chain.Sandbox); !errors.Is(err, errHistoryMoves) {
		t.Fatal(err)
	}
	if rows := s.rows(session.ID); rows[0].Transfer.Height != moved.Height || rows[0].Disposition != ports.Settled {
		t.Errorf("recorded as %+v", rows)
	}
}
