package app

import (
	"context"
	"errors"
	"slices"
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

// errBroken is what a row is met with that nobody can read or write.
var errBroken = errors.New("broken")

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
			heal := s.spoil(errBroken, spoiled)
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

// The cursor stays before what is spoiled, and yet what is paid long after it is found, and the network
// is open for more.
func TestASpoiledPaymentDoesNotHoldUpThoseOfLaterBlocks(t *testing.T) {
	s := openStage(t)
	spoiled := s.pays(1)
	s.spoil(errBroken, spoiled...)
	w := s.settlement.watcher(s.chain)
	look := func(times int) {
		t.Helper()
		for range times {
			if err := w.tick(t.Context()); !errors.Is(err, errBroken) {
				t.Fatalf("the watcher says %v", err)
			}
		}
	}
	s.clock.set(s.clock.Now().Add(heartbeat + time.Second))
	look(1)
	s.clock.set(s.clock.Now().Add(railSilence - time.Second))
	paid := s.pays(1)
	s.clock.set(s.clock.Now().Add(4 * startWindow * time.Second))
	look(6) // each twice as far
	s.paidOnce(paid)
	paid = append(paid, s.pays(1)...)
	s.clock.set(s.clock.Now().Add(time.Minute))
	look(1)
	s.paidOnce(paid)
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
	if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "transfer ") {
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
