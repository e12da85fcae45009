package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// errSpoiled is what a row is met with that nobody can read or write.
var errSpoiled = errors.New("spoiled")

// spoiling is a store in which nothing can be booked for some sessions.
type spoiling struct {
	ports.UnitOfWork
	sessions map[checkout.SessionID]error
}

func (u spoiling) Do(ctx context.Context, fn func(ctx context.Context, r ports.Repos) error) error {
	return u.UnitOfWork.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		r.Ledger = spoiledLedger{r.Ledger, u.sessions}
		return fn(ctx, r)
	})
}

type spoiledLedger struct {
	ports.Ledger
	sessions map[checkout.SessionID]error
}

func (l spoiledLedger) BookAll(ctx context.Context, ts []ledger.Transaction) ([]ports.Booked, error) {
	for _, t := range ts {
		if err := l.sessions[checkout.SessionID(t.SessionID)]; err != nil {
			return nil, err
		}
	}
	return l.Ledger.BookAll(ctx, ts)
}

// spoil makes payments of sessions impossible to book until the answer is called.
func (s *stage) spoil(err error, ids ...checkout.SessionID) (heal func()) {
	sound := s.settlement.Core.Work
	broken := spoiling{sound, map[checkout.SessionID]error{}}
	for _, id := range ids {
		broken.sessions[id] = err
	}
	s.settlement.Core.Work = broken
	return func() { s.settlement.Core.Work = sound }
}

func (s *stage) cursor() ports.Cursor {
	s.t.Helper()
	all, err := s.store.Cursors(s.t.Context())
	s.ok(err)
	return all[0]
}

// One payment that cannot be booked keeps neither those of its own block waiting nor those of later
// ones. It is not passed over either: the cursor stays before it until it is booked.
func TestASpoiledPaymentDoesNotHoldUpTheOthers(t *testing.T) {
	for name, n := range map[string]int{"in a small block": 3, "in a block that is recorded side by side": fewest + 20} {
		t.Run(name, func(t *testing.T) {
			s := openStage(t)
			sound := s.pays(n)
			spoiled := sound[1]
			sound = slices.Delete(sound, 1, 2)
			heal := s.spoil(errSpoiled, spoiled)
			s.clock.set(s.clock.Now().Add(10 * time.Second))
			stood := s.cursor()
			for range 2 {
				s.stumbles()
				s.paidOnce(sound)
			}
			if rows := s.rows(spoiled); len(rows) != 0 {
				t.Fatalf("recorded without a booking: %+v", rows)
			}
			sound = append(sound, s.pays(1)...)
			s.clock.set(s.clock.Now().Add(10 * time.Second))
			s.stumbles()
			s.paidOnce(sound)
			if now := s.cursor(); now.Height != stood.Height {
				t.Fatalf("the cursor moved from %d to %d, past a payment that is not recorded", stood.Height, now.Height)
			}
			heal()
			s.tick()
			s.paidOnce(append(sound, spoiled))
			if now := s.cursor(); now.Height == stood.Height {
				t.Fatal("the cursor stays although everything is recorded")
			}
		})
	}
}

// pays has n sessions paid exactly.
func (s *stage) pays(n int) (ids []checkout.SessionID) {
	s.t.Helper()
	for range n {
		id := s.asked().ID
		s.play(id, ScenarioExact)
		ids = append(ids, id)
	}
	return ids
}

// stumbles has the watcher look and fail for the payment that is spoiled.
func (s *stage) stumbles() {
	s.t.Helper()
	err := s.settlement.Tick(s.t.Context(), chain.Sandbox)
	if !errors.Is(err, errSpoiled) || !strings.Contains(err.Error(), "transfer ") {
		s.t.Fatalf("the watcher says %v", err)
	}
}

// paidOnce makes sure that these sessions, and no others, are paid, booked and told, once each.
func (s *stage) paidOnce(ids []checkout.SessionID) {
	s.t.Helper()
	for _, id := range ids {
		s.is(id, checkout.Settled)
		paid := slices.DeleteFunc(s.told(id), func(t webhook.Type) bool { return t != webhook.PaymentPaid })
		if len(paid) != 1 {
			s.t.Errorf("payment.paid was told %d times", len(paid))
		}
	}
	page, err := s.store.Page(s.t.Context(), ports.StatementQuery{Merchant: s.shop.ID(), Limit: 2 * len(ids)})
	s.ok(err)
	if len(page.Lines) != len(ids) {
		s.t.Fatalf("%d transactions are booked, want %d", len(page.Lines), len(ids))
	}
}

// Much is recorded side by side, each once, and counted once.
func TestMuchIsRecordedSideBySide(t *testing.T) {
	s := openStage(t)
	counted := 0
	s.settlement.Recorded = func(_ chain.Network, d ports.Disposition) {
		if d == ports.Settled {
			counted++
		}
	}
	ids := s.pays(fewest)
	stood := s.cursor()
	s.pass(10 * time.Second)
	s.pass(10 * time.Second)
	s.paidOnce(ids)
	if counted != len(ids) {
		t.Errorf("%d were counted, want %d", counted, len(ids))
	}
	if now := s.cursor(); now.Height == stood.Height {
		t.Error("the cursor stays although everything is recorded")
	}
}

// What two transfers mean for one session depends on which came first: they are not parted.
func TestTransfersOfOneSessionAreNotParted(t *testing.T) {
	finds := make([]find, fewest)
	for i := range finds {
		session := checkout.SessionID(strconv.Itoa(i))
		finds[i].held = &ports.HeldAmount{Intent: checkout.Intent{SessionID: session}}
	}
	finds[7].held = nil
	if parts := sideBySide(finds[1:]); len(parts) != 1 {
		t.Errorf("few transfers are cut into %d parts", len(parts))
	}
	parts := sideBySide(finds)
	if len(parts) != 2 || len(parts[0])+len(parts[1]) != fewest {
		t.Errorf("many transfers are cut into %d parts", len(parts))
	}
	finds[fewest-1].held = finds[0].held
	if parts := sideBySide(finds); len(parts) != 1 {
		t.Errorf("two transfers of one session are in %d parts", len(parts))
	}
}

// A database that cannot be reached says nothing about a payment: it is not asked once for each.
func TestAnOutageIsNoSpoiledPayment(t *testing.T) {
	s := openStage(t)
	first, second := s.asked(), s.asked()
	s.play(first.ID, ScenarioExact)
	s.play(second.ID, ScenarioExact)
	heal := s.spoil(fault.ErrUnavailable, first.ID)
	s.clock.set(s.clock.Now().Add(10 * time.Second))
	if err := s.settlement.Tick(t.Context(), chain.Sandbox); !errors.Is(err, fault.ErrUnavailable) {
		t.Fatalf("the watcher says %v", err)
	}
	if lines := s.book(); len(lines) != 0 {
		t.Fatalf("booked %v", lines)
	}
	heal()
	s.tick()
	s.is(first.ID, checkout.Settled)
	s.is(second.ID, checkout.Settled)
}

// entered is what inBatches did.
type entered struct {
	sizes  []int // of each call that was answered without an error
	lasts  int   // of them were said to be the last
	single int   // calls with one transfer
}

// enterAll enters n transfers; those in bad fail whatever they are entered with.
func enterAll(t *testing.T, n int, bad map[int]error) (e entered, err error) {
	t.Helper()
	ts := make([]chain.Transfer, n)
	for i := range ts {
		ts[i] = chain.Transfer{TxID: "tx", Index: uint32(i)}
	}
	err = inBatches(t.Context(), ts, func(_ context.Context, batch []chain.Transfer, last bool) error {
		if len(batch) == 1 {
			e.single++
		}
		for _, one := range batch {
			if err := bad[int(one.Index)]; err != nil {
				return err
			}
		}
		e.sizes = append(e.sizes, len(batch))
		if last {
			e.lasts++
		}
		return nil
	})
	return e, err
}

func TestTransfersAreEnteredInBatches(t *testing.T) {
	for n, want := range map[int][]int{0: {0}, 1: {1}, 200: {200}, 201: {200, 1}, 450: {200, 200, 50}} {
		e, err := enterAll(t, n, nil)
		if err != nil || !slices.Equal(e.sizes, want) || e.lasts != 1 {
			t.Errorf("%d transfers: %+v, %v, want %v", n, e, err, want)
		}
	}
}

func TestABatchThatFailsIsEnteredOneByOne(t *testing.T) {
	e, err := enterAll(t, 450, map[int]error{199: errSpoiled, 201: errSpoiled})
	want := slices.Concat(slices.Repeat([]int{1}, 398), []int{50})
	if !slices.Equal(e.sizes, want) || e.lasts != 0 {
		t.Errorf("entered %v, %d of them the last", e.sizes, e.lasts)
	}
	if err == nil || !strings.Contains(err.Error(), "transfer tx/199: spoiled") || !strings.Contains(err.Error(), "tx/201") {
		t.Errorf("told %v", err)
	}
	e, err = enterAll(t, 1, map[int]error{0: errSpoiled})
	if !errors.Is(err, errSpoiled) || e.lasts != 0 {
		t.Errorf("a single spoiled transfer: %+v, %v", e, err)
	}
}

// Where one thing after the other fails, the fault is not theirs, and asking goes on only so long.
func TestWhatFailsForAllIsGivenUp(t *testing.T) {
	all := make(map[int]error)
	for i := range 450 {
		all[i] = errSpoiled
	}
	if e, err := enterAll(t, 450, all); !errors.Is(err, errSpoiled) || e.single != mostSpoiled {
		t.Errorf("%d were tried by themselves: %v", e.single, err)
	}
	for _, err := range []error{
		fault.ErrUnavailable, ports.ErrOutcomeUnknown, ports.ErrTryAgain, ports.ErrStale,
		fmt.Errorf("asked: %w", context.DeadlineExceeded),
	} {
		if e, got := enterAll(t, 450, map[int]error{0: err}); !errors.Is(got, err) || e.single != 0 {
			t.Errorf("%v: %d were tried by themselves, told %v", err, e.single, got)
		}
	}
}

// A batch can fail for what only comes of its members together. Then nothing of it is lost, and what
// had to be done after it is done.
func TestABatchThatFailsAsAWholeIsFinishedAllTheSame(t *testing.T) {
	ts, lasts, seen := make([]chain.Transfer, 3), 0, 0
	err := inBatches(t.Context(), ts, func(_ context.Context, batch []chain.Transfer, last bool) error {
		if len(batch) > 1 {
			return errSpoiled
		}
		seen += len(batch)
		if last {
			lasts++
		}
		return nil
	})
	if err != nil || seen != len(ts) || lasts != 1 {
		t.Errorf("%d entered, %d times the last: %v", seen, lasts, err)
	}
}
