package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports/portstest"
)

// endBackend ends the one connection to the database that a condition names.
func endBackend(t *testing.T, conn execer, condition string) {
	t.Helper()
	tag, err := conn.Exec(t.Context(), `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND `+condition)
	if err != nil || tag.RowsAffected() != 1 {
		t.Fatalf("ended %d connections, %v", tag.RowsAffected(), err)
	}
}

// Whoever loses the connection that holds a watch must stop watching, and says why; then another
// process may.
func TestWatchEndsWithItsConnection(t *testing.T) {
	dsn := migrated(t)
	s, other, conn := open(t, dsn), open(t, dsn), connect(t, dsn)
	held, err := s.Hold(t.Context(), chain.Sandbox, func(ctx context.Context) error {
		if held, err := other.Hold(t.Context(), chain.Sandbox, nil); held || err != nil {
			t.Errorf("another process holds the watch too: %v, %v", held, err)
		}
		endBackend(t, conn, "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')")
		select {
		case <-ctx.Done():
		case <-time.After(patience):
			t.Error("the watch goes on without its connection")
		}
		if errors.Is(context.Cause(ctx), context.Canceled) {
			t.Errorf("the watch ended without a reason: %v", context.Cause(ctx))
		}
		return ctx.Err()
	})
	if !held || !errors.Is(err, context.Canceled) {
		t.Fatalf("held %v, error %v", held, err)
	}
	held, err = other.Hold(t.Context(), chain.Sandbox, func(context.Context) error { return nil })
	if !held || err != nil {
		t.Fatalf("the watch is not free: %v, %v", held, err)
	}
}

// Another process hears of changes too, also after the connection it hears by was lost, and learns
// that it may have missed some.
func TestChangesSurviveALostConnection(t *testing.T) {
	dsn := migrated(t)
	s, other, conn := open(t, dsn), open(t, dsn), connect(t, dsn)
	shop := portstest.OpenShop(t, world(s))
	session, _ := shop.AwaitPayment(t, portstest.Epoch, portstest.Address(), 9_990_100)
	hints := other.Subscribe(t.Context(), session.ID())
	<-hints // it listens, and may have missed what was before
	change := func() {
		t.Helper()
		flip(t, s, session.ID())
		<-hints
	}
	change()
	change()
	endBackend(t, conn, "application_name = '101pay changes'")
	<-hints
	change()
}
