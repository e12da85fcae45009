package memory_test

import (
	"context"
	"errors"
	"math/big"
	"testing"
	"testing/synctest"
	"time"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

func parcel(n int, at time.Time) func(context.Context, ports.Repos) error {
	return func(ctx context.Context, r ports.Repos) error {
		return r.Jobs.Enqueue(ctx, portstest.Parcel{Number: n}, at)
	}
}

// The first run of a restless store leaves nothing, neither rows nor its error: only what a
// function does on its last run counts.
func TestRestlessRunsTwiceAndCountsOnce(t *testing.T) {
	for name, c := range map[string]struct {
		store *memory.Store
		runs  int
	}{
		"restless": {memory.New(memory.Restless()), 2},
		"calm":     {memory.New(), 1},
	} {
		t.Run(name, func(t *testing.T) {
			runs := 0
			err := c.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
				runs++
				return parcel(runs, time.Time{})(ctx, r)
			})
			if err != nil || runs != c.runs {
				t.Fatalf("%d runs, error %v", runs, err)
			}
			jobs := c.store.Jobs()
			if len(jobs) != 1 || numberOf(t, jobs[0]) != runs {
				t.Fatalf("queue: %+v", jobs)
			}
		})
	}
}

// Repositories that outlive their unit of work would write into a state that is committed or gone.
func TestRepositoriesEndWithTheirUnit(t *testing.T) {
	store := memory.New()
	var kept ports.Repos
	err := store.Do(t.Context(), func(_ context.Context, r ports.Repos) error {
		kept = r
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := parcel(1, time.Time{})(t.Context(), kept); err == nil {
		t.Error("enqueued after the end of the unit of work")
	}
	if _, err := kept.Claims.Take(t.Context(), "shop", "key", nil); err == nil {
		t.Error("claimed after the end of the unit of work")
	}
	if len(store.Jobs()) != 0 {
		t.Error("something was written after the end of the unit of work")
	}
}

// A caller who gives up while another unit of work has its turn is let go, and what he did is not
// committed.
func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.New()
		ctx, giveUp := context.WithCancel(t.Context())
		ended := make(chan error)
		err := store.Do(t.Context(), func(inside context.Context, r ports.Repos) error {
			if err := parcel(1, time.Time{})(inside, r); err != nil {
				return err
			}
			go func() { ended <- store.Do(ctx, parcel(2, time.Time{})) }()
			synctest.Wait()
			giveUp()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("the waiting unit of work ended with %v", err)
			}
			return nil
		})
		if err != nil || len(store.Jobs()) != 1 {
			t.Fatalf("%d jobs, error %v", len(store.Jobs()), err)
		}
		err = store.Do(ctx, parcel(3, time.Time{}))
		if !errors.Is(err, context.Canceled) || len(store.Jobs()) != 1 {
			t.Fatalf("%d jobs after a unit of work of a caller long gone, error %v", len(store.Jobs()), err)
		}
	})
}

// A caller that writes into what it handed in or got must not write into the store.
func TestRowsShareNoMemory(t *testing.T) {
	store := memory.New()
	shop := portstest.OpenShop(t, world(store))
	session, intent := shop.AwaitPayment(t, portstest.Epoch, portstest.Address(), 9_990_100)
	transfer := portstest.Paying(intent, 7)
	transfer.Units = big.NewInt(9_990_100)
	intent.Units.SetInt64(1)

	for range 2 {
		held, err := store.Held(t.Context(), ts(transfer))
		if err != nil || held[0] == nil {
			t.Fatalf("the amount is not held any more: %v", err)
		}
		held[0].Intent.Units.SetInt64(2)
		got, err := store.ByID(t.Context(), session.ID())
		if err != nil || got.Intent().Units.Cmp(transfer.Units) != 0 {
			t.Fatalf("the session asks for another amount: %v", got.Intent())
		}
		got.Intent().Units.SetInt64(3)
	}
}

func TestSessionsNeedTheirIntentReserved(t *testing.T) {
	store := memory.New()
	shop := portstest.OpenShop(t, world(store))
	session := shop.AddSession(t, portstest.Epoch)
	intent := portstest.MakeIntent(session, portstest.Address(), 9_990_100)
	if err := session.Issue(intent, intent.CreatedAt); err != nil {
		t.Fatal(err)
	}
	err := store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sessions.Save(ctx, session)
	})
	if err == nil {
		t.Fatal("a session was saved with an intent that holds nothing")
	}
	stray := intent
	stray.SessionID = checkout.SessionID(portstest.UUID())
	err = store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sessions.Reserve(ctx, stray)
	})
	if err == nil {
		t.Fatal("an amount is held for a session that does not exist")
	}
}
