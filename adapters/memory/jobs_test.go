package memory_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports/portstest"
)

func ts(t ...chain.Transfer) []chain.Transfer { return t }

func numberOf(t *testing.T, j memory.Job) int {
	t.Helper()
	var p portstest.Parcel
	if err := json.Unmarshal(j.Payload, &p); err != nil {
		t.Fatal(err)
	}
	return p.Number
}

// Draining works what is due in the order of its time, what a job enqueues included, and leaves
// what is not due.
func TestDrainWorksWhatIsDue(t *testing.T) {
	store, now := memory.New(), portstest.Epoch
	for n, at := range map[int]time.Time{
		3: now, 1: {}, 2: now.Add(-time.Minute), 9: now.Add(time.Second),
	} {
		if err := store.Do(t.Context(), parcel(n, at)); err != nil {
			t.Fatal(err)
		}
	}
	var order []int
	worked, err := store.Drain(t.Context(), now, func(ctx context.Context, j memory.Job) error {
		order = append(order, numberOf(t, j))
		if numberOf(t, j) == 2 {
			return store.Do(ctx, parcel(4, now))
		}
		return nil
	})
	if err != nil || worked != 4 {
		t.Fatalf("worked %d, error %v", worked, err)
	}
	if d := cmp.Diff([]int{1, 2, 3, 4}, order); d != "" {
		t.Fatal(d)
	}
	if left := store.Jobs(); len(left) != 1 || numberOf(t, left[0]) != 9 {
		t.Fatalf("left: %+v", left)
	}
}

// A job that failed is tried again: work is done at least once.
func TestDrainKeepsAJobThatFailed(t *testing.T) {
	store, failure := memory.New(memory.Restless()), errors.New("no")
	if err := store.Do(t.Context(), parcel(1, time.Time{})); err != nil {
		t.Fatal(err)
	}
	worked, err := store.Drain(t.Context(), portstest.Epoch, func(context.Context, memory.Job) error {
		return failure
	})
	if worked != 0 || !errors.Is(err, failure) || len(store.Jobs()) != 1 {
		t.Fatalf("worked %d, %d left, error %v", worked, len(store.Jobs()), err)
	}
	worked, err = store.Drain(t.Context(), portstest.Epoch, func(context.Context, memory.Job) error {
		return nil
	})
	if worked != 1 || err != nil || len(store.Jobs()) != 0 {
		t.Fatalf("worked %d, %d left, error %v", worked, len(store.Jobs()), err)
	}
}

func TestDrainFindsOutJobsWithoutEnd(t *testing.T) {
	store := memory.New()
	if err := store.Do(t.Context(), parcel(1, time.Time{})); err != nil {
		t.Fatal(err)
	}
	_, err := store.Drain(t.Context(), portstest.Epoch, func(ctx context.Context, _ memory.Job) error {
		return store.Do(ctx, parcel(1, time.Time{}))
	})
	if err == nil {
		t.Fatal("jobs that enqueue one another for ever were drained")
	}
}
