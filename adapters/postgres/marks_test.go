package postgres_test

import (
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/pgembed/pgtest"
	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// mark waits until a store knows that it misses nothing, or that it may, and answers the mark.
func mark(t *testing.T, s *postgres.Store, id checkout.SessionID, known bool) ports.Mark {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if m, is := s.Mark(id); is == known {
			return m
		}
		if time.Now().After(deadline) {
			t.Fatalf("never known: %v", known)
		}
	}
}

// moved waits until a mark is another one than it was.
func moved(t *testing.T, s *postgres.Store, id checkout.SessionID, was ports.Mark) {
	t.Helper()
	for deadline := time.Now().Add(patience); mark(t, s, id, true) == was; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a change of another process was never announced")
		}
	}
}

// Another process's changes move marks, also while much else is announced, and also those it made while
// the connection that tells of them was lost.
func TestMarksFollowAnotherProcess(t *testing.T) {
	dsn := migrated(t)
	s, other, conn := open(t, dsn), open(t, dsn), connect(t, dsn)
	shop := portstest.OpenShop(t, world(s))
	session, _ := shop.AwaitPayment(t, portstest.Epoch, portstest.Address(), 9_990_100)
	noise, _ := shop.AwaitPayment(t, portstest.Epoch, portstest.Address(), 9_990_200)
	for range 3 {
		was := mark(t, other, session.ID(), true)
		flip(t, s, noise.ID())
		flip(t, s, session.ID())
		moved(t, other, session.ID(), was)
	}
	was := mark(t, other, session.ID(), true)
	endBackend(t, conn, "application_name = '101pay changes'")
	flip(t, s, session.ID())
	moved(t, other, session.ID(), was)
}

// A process that hears nothing any more, and is not told that its line is dead, knows nothing soon; and
// when it hears again, what was read before does not hold.
func TestMarksOfASilentLineSayNothing(t *testing.T) {
	dsn := migrated(t)
	line := pgtest.Between(t, dsn)
	s, other := open(t, line.DSN), open(t, dsn)
	shop := portstest.OpenShop(t, world(other))
	session, _ := shop.AwaitPayment(t, portstest.Epoch, portstest.Address(), 9_990_100)
	was := mark(t, s, session.ID(), true)
	line.Silence()
	flip(t, other, session.ID())
	mark(t, s, session.ID(), false)
	line.Heal()
	if now := mark(t, s, session.ID(), true); now == was {
		t.Error("what was read before the silence holds after it")
	}
}
