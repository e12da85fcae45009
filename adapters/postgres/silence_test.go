package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/pgembed/pgtest"
	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// locking has a unit of work of a store lock a cursor and then do what is given it.
func locking(ctx context.Context, s *postgres.Store, then func()) error {
	return s.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		if _, err := r.Cursors.Load(ctx, chain.Sandbox); err != nil {
			return err
		}
		then()
		return nil
	})
}

// A process that hears nothing of its database any more, and of which the database hears nothing,
// although neither is told that the other is gone, loses its right to watch and every row it had
// locked; and it knows that it has lost the right before anybody else can have it.
func TestASilentHolderIsPassedBy(t *testing.T) {
	dsn := migrated(t)
	line := pgtest.Between(t, dsn)
	s, other := open(t, line.DSN), open(t, dsn)
	fixtures(t, other)
	silent, over := make(chan bool), make(chan error, 1)
	lost := make(chan time.Time, 1)
	go func() {
		_, err := s.Hold(t.Context(), chain.Sandbox, func(ctx context.Context) error {
			return locking(t.Context(), s, func() {
				line.Silence()
				close(silent)
				<-ctx.Done()
				lost <- time.Now()
			})
		})
		over <- err
	}()
	await(t, silent)
	var held bool
	for deadline := time.Now().Add(patience); !held; {
		var err error
		held, err = other.Hold(t.Context(), chain.Sandbox, func(ctx context.Context) error {
			select {
			case <-lost:
			default:
				t.Error("two have the right to watch, and know of nobody else")
			}
			return locking(ctx, other, func() {})
		})
		if err != nil {
			t.Fatalf("the right came with rows that are locked: %v", err)
		}
		if time.Now().After(deadline) {
			t.Fatal("the right stays with whom nobody hears of")
		}
	}
	if err := await(t, over); err == nil {
		t.Error("a unit of work that was cut off ended well")
	}
	line.Heal()
	for held = false; !held; {
		var err error
		held, err = s.Hold(t.Context(), chain.Sandbox, func(ctx context.Context) error {
			return locking(ctx, s, func() {})
		})
		if err != nil {
			t.Fatalf("after the silence: %v", err)
		}
	}
}

// Nobody waits for ever for a database that says nothing: neither with a unit of work begun nor
// without, not with a booking, not for an order number, and not behind others who wait.
func TestNobodyWaitsForASilentDatabase(t *testing.T) {
	line := pgtest.Between(t, migrated(t))
	s := open(t, line.DSN)
	shop := fixtures(t, s).shop
	booking := shop.Charge(t, 1, portstest.Epoch)
	const crowd = 40 // more than there are connections
	ended := make(chan error, 2*crowd+2)
	begun, silent := make(chan bool), make(chan bool)
	go func() {
		ended <- s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			begun <- true
			<-silent
			_, err := r.Cursors.Load(ctx, chain.Sandbox)
			return err
		})
	}()
	await(t, begun)
	line.Silence()
	close(silent)
	for range crowd {
		go func() { ended <- locking(t.Context(), s, func() {}) }()
		go func() {
			_, err := s.Next(t.Context(), portstest.Epoch.AddDate(1, 0, 0)) // a day without numbers
			ended <- err
		}()
	}
	go func() {
		_, err := s.Book(t.Context(), booking, "")
		ended <- err
	}()
	for range cap(ended) {
		if err := await(t, ended); fault.From(err).Kind != fault.Unavailable {
			t.Errorf("whoever waited was told %v", err)
		}
	}
	line.Heal()
	if err := locking(t.Context(), s, func() {}); err != nil {
		t.Errorf("after the silence: %v", err)
	}
}
