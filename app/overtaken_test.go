package app

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Amounts that were let go because history had passed the end of their hold are held again when that
// history is undone: what comes again is for whom it was sent to, and not nobody's.
func TestAmountsLetGoByALostHistoryAreHeldAgain(t *testing.T) {
	s := openStage(t)
	s.policy(func(p *merchant.Policy) { p.Late = merchant.LateHold })
	session := s.asked()
	s.pass(session.Intent.HoldUntil.Add(-time.Minute).Sub(s.clock.Now()))
	s.play(session.ID, ScenarioExact)
	s.pass(20 * sandbox.BlockPeriod)
	late := s.rows(session.ID)
	if len(late) != 1 || late[0].Disposition != ports.Held {
		t.Fatalf("kept %+v", late)
	}
	s.pass(time.Hour)
	s.ok(s.settlement.LetGo(t.Context()))
	s.settlement.Rails.Chains[chain.Sandbox] = elsewhere{s.chain, late[0].Transfer.Height}
	s.pass(time.Second)
	if rows := s.rows(session.ID); len(rows) != 1 || rows[0].Disposition != ports.Reversed {
		t.Fatalf("of another history %+v", rows)
	}
	s.settlement.Rails.Chains[chain.Sandbox] = s.chain
	s.pass(time.Second)
	if rows := s.rows(session.ID); len(rows) != 1 || rows[0].Disposition != ports.Held {
		t.Errorf("came again as %+v", rows)
	}
	if queue := s.queue(); len(queue) != 1 || queue[0].SessionID != session.ID {
		t.Errorf("in the queue %+v", queue)
	}
	s.ok(s.settlement.LetGo(t.Context()))
	if s.taken(session) {
		t.Error("the amount is held for ever")
	}
}

// delayed is a fork on which a transfer comes in a later block.
type delayed struct {
	elsewhere
	late chain.Transfer
}

func (c delayed) Scan(ctx context.Context, from, to uint64, w ports.Watch) (ports.Span, error) {
	span, err := c.elsewhere.Scan(ctx, from, to, w)
	if from <= c.late.Height && c.late.Height <= to {
		span.Transfers = []chain.Transfer{c.late}
	}
	return span, err
}

// A payment is nobody's on a fork, where it comes after its amount was let go. Where that fork loses it
// came in time: it is for whom it was sent to.
func TestWhatWasNobodysOnAForkPaysWhereItCameInTime(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.pass(2 * time.Second)
	fork := elsewhere{s.chain, s.cursor().Height + 1}
	s.play(session.ID, ScenarioExact)
	inTime := transfers(session, ScenarioExact, 0, s.clock.Now())[0]
	s.settlement.Rails.Chains[chain.Sandbox] = fork
	s.pass(session.Intent.HoldUntil.Add(time.Hour).Sub(s.clock.Now()))
	s.ok(s.settlement.LetGo(t.Context()))
	if s.taken(session) {
		t.Fatal("the amount is held still")
	}

	later := s.cursor().Height + 2
	id, err := fork.BlockID(t.Context(), later)
	s.ok(err)
	s.settlement.Rails.Chains[chain.Sandbox] = delayed{fork, chain.Transfer{
		Network: chain.Sandbox, TxID: inTime.TxID, Asset: session.Intent.Asset, From: inTime.From,
		To: session.Intent.Address, Units: session.Intent.Units,
		Height: later, BlockID: id, BlockTime: s.clock.Now(),
	}}
	s.pass(time.Minute)
	if queue := s.queue(); len(queue) != 1 || queue[0].Disposition != ports.Unmatched {
		t.Fatalf("in the queue %+v", queue)
	}

	s.settlement.Rails.Chains[chain.Sandbox] = s.chain
	s.pass(time.Second)
	s.is(session.ID, checkout.Settled)
	if queue := s.queue(); len(queue) != 0 {
		t.Errorf("in the queue %+v", queue)
	}
}

func (s *stage) taken(v checkout.Snapshot) bool {
	s.t.Helper()
	held, err := s.store.Taken(s.t.Context(), v.Intent.Asset, v.Intent.Address, v.Intent.Units, v.Intent.Units)
	s.ok(err)
	return len(held) > 0
}

// toldCursors are cursors as somebody read them a moment ago.
type toldCursors []ports.Cursor

func (c toldCursors) Cursors(context.Context) ([]ports.Cursor, error) { return c, nil }

// Amounts are let go by the history that counts when they are, not by one that was read before.
func TestAmountsAreLetGoWhileTheWatcherStands(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.clock.set(session.Intent.HoldUntil.Add(time.Hour))
	lost := s.cursor()
	lost.BlockID, lost.BlockTime = "f0"+lost.BlockID[2:], s.clock.Now()
	s.settlement.Rails.Cursors = toldCursors{lost}
	s.ok(s.settlement.LetGo(t.Context()))
	if !s.taken(session) {
		t.Error("the amount was let go")
	}
	s.settlement.Rails.Cursors = s.store
	s.tick()
	s.ok(s.settlement.LetGo(t.Context()))
	if s.taken(session) {
		t.Error("the amount is held for ever")
	}
}

// A watcher that another one overtook records nothing any more, in none of the parts it records much in,
// and credits nothing early.
func TestAWatcherThatWasOvertakenRecordsNothing(t *testing.T) {
	s := early(t)
	session := s.asked()
	head, err := s.chain.Head(t.Context())
	s.ok(err)
	overtaken := s.cursor()
	overtaken.BlockID = "f0" + overtaken.BlockID[2:]
	var many []chain.Transfer
	for i := range 3 * recordBatch {
		many = append(many, chain.Transfer{
			Network: chain.Sandbox, TxID: chain.TxID(fmt.Sprintf("%064x", i)), Asset: session.Intent.Asset, From: "payer",
			To: session.Intent.Address, Units: big.NewInt(1), Height: head.Final, BlockID: "f0", BlockTime: s.clock.Now(),
		})
	}
	paying := many[0]
	paying.Units, paying.Height = session.Intent.Units, head.Latest-3
	for name, err := range map[string]error{
		"much":  s.settlement.record(t.Context(), head, many, footing{at: overtaken}),
		"one":   s.settlement.record(t.Context(), head, many[:1], footing{at: overtaken}),
		"early": s.settlement.credit(t.Context(), head, []chain.Transfer{paying}, overtaken),
	} {
		if name == "early" && err == nil && len(s.rows(session.ID)) == 0 {
			t.Fatal("nothing was deep enough to be credited")
		}
		if !errors.Is(err, ports.ErrStale) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if queue := s.queue(); len(queue) != 0 {
		t.Errorf("%d are recorded", len(queue))
	}
	s.is(session.ID, checkout.Awaiting)
}

// otherHistory is a second endpoint with another history of what was final.
type otherHistory struct {
	*other
	spoil func(*ports.Reread)
}

func (o otherHistory) Reread(ctx context.Context, r ports.Rereading) (ports.Reread, error) {
	got, err := o.other.Reread(ctx, r)
	o.spoil(&got)
	return got, err
}

// What an endpoint tells of another history than was watched was not missed, and what it does not hold is
// not missing: it is read again until the endpoints are of one history.
func TestARescanOfAnotherHistoryFindsNothing(t *testing.T) {
	for name, spoil := range map[string]func(*ports.Reread){
		"its end": func(r *ports.Reread) { r.ToID = "f0" + r.ToID[2:] },
		"a block": func(r *ports.Reread) {
			for i := range r.Transfers {
				r.Transfers[i].BlockID = "f0" + r.Transfers[i].BlockID[2:]
			}
		},
	} {
		n := openNight(t)
		session, _ := n.missed()
		n.settlement.Rails.Rereaders[chain.Sandbox] = otherHistory{n.other, spoil}
		var err error
		for range 100 {
			if err = n.turn(); err != nil {
				break
			}
		}
		if at := n.latest(); !errors.Is(err, ports.ErrChainUnavailable) || at.Found+at.Missing > 0 || !at.FinishedAt.IsZero() {
			t.Errorf("%s: %+v, %v", name, at, err)
		}
		n.is(session.ID, checkout.Awaiting)
		n.settlement.Rails.Rereaders[chain.Sandbox] = n.other
		if r := n.finish(); r.Found != 1 {
			t.Errorf("%s: rescan %+v", name, r)
		}
		n.is(session.ID, checkout.Settled)
	}
}
