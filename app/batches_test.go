package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/ports"
)

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
	e, err := enterAll(t, 450, map[int]error{199: errBroken, 201: errBroken})
	want := slices.Concat(slices.Repeat([]int{1}, 398), []int{50})
	if !slices.Equal(e.sizes, want) || e.lasts != 0 {
		t.Errorf("entered %v, %d of them the last", e.sizes, e.lasts)
	}
	if err == nil || !strings.Contains(err.Error(), "transfer tx/199: broken") || !strings.Contains(err.Error(), "tx/201") {
		t.Errorf("told %v", err)
	}
	e, err = enterAll(t, 1, map[int]error{0: errBroken})
	if !errors.Is(err, errBroken) || e.lasts != 0 {
		t.Errorf("a single spoiled transfer: %+v, %v", e, err)
	}
}

// Where one thing after the other fails, the fault is not theirs, and asking goes on only so long.
func TestWhatFailsForAllIsGivenUp(t *testing.T) {
	all := make(map[int]error)
	for i := range 450 {
		all[i] = errBroken
	}
	if e, err := enterAll(t, 450, all); !errors.Is(err, errBroken) || e.single != mostSpoiled {
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
			return errBroken
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
