package portstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/ports"
)

// racers is how many goroutines start at once in a race.
const racers = 32

// do runs a unit of work that must succeed.
func do(t *testing.T, w World, fn func(ctx context.Context, r ports.Repos) error) {
	t.Helper()
	if err := w.Work.Do(t.Context(), fn); err != nil {
		t.Fatalf("unit of work: %v", err)
	}
}

// refused runs a unit of work that must fail with a fault.
func refused(t *testing.T, w World, want error, fn func(ctx context.Context, r ports.Repos) error) {
	t.Helper()
	isFault(t, w.Work.Do(t.Context(), fn), want)
}

// in runs a question inside a unit of work and answers what it answered.
func in[T any](t *testing.T, w World, ask func(ctx context.Context, r ports.Repos) (T, error)) T {
	t.Helper()
	var answer T
	do(t, w, func(ctx context.Context, r ports.Repos) (err error) {
		answer, err = ask(ctx, r)
		return err
	})
	return answer
}

// ok stops the test on an error.
func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// isFault stops the test unless got is the wanted fault.
func isFault(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("got error %v, want %v", got, want)
	}
}

// isTaken stops the test unless err is ErrTaken about the given field.
func isTaken(t *testing.T, err error, param string) {
	t.Helper()
	isFault(t, err, ports.ErrTaken)
	if got := fault.From(err).Param; got != param {
		t.Fatalf("taken is about %q, want %q", got, param)
	}
}

// same stops the test unless got and want are alike: times as instants, amounts by value, nil and
// empty collections as one.
func same(t *testing.T, got, want any) {
	t.Helper()
	if at := differ("", reflect.ValueOf(got), reflect.ValueOf(want)); at != "" {
		t.Fatalf("values differ at %s\n got: %+v\nwant: %+v", at, got, want)
	}
}

// sameSession compares two sessions by all they hold.
func sameSession(t *testing.T, got, want *checkout.Session) {
	t.Helper()
	same(t, got.Snapshot(), want.Snapshot())
}

// differ says where two values differ, "" where they do not.
func differ(path string, a, b reflect.Value) string {
	if !a.IsValid() || !b.IsValid() || a.Type() != b.Type() {
		if !a.IsValid() && !b.IsValid() {
			return ""
		}
		return path + ": different types"
	}
	if alike, known := byOwnRule(a, b); known {
		if alike {
			return ""
		}
		return fmt.Sprintf("%s: %v, want %v", path, a, b)
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			if a.IsNil() && b.IsNil() {
				return ""
			}
			return path + ": one is nil"
		}
		return differ(path, a.Elem(), b.Elem())
	case reflect.Struct:
		for i := range a.NumField() {
			if at := differ(path+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i)); at != "" {
				return at
			}
		}
		return ""
	case reflect.Slice, reflect.Array:
		if a.Kind() == reflect.Slice && a.Type().Elem().Kind() == reflect.Uint8 && bytes.Equal(a.Bytes(), b.Bytes()) {
			return "" // byte by byte takes seconds of some megabytes, and units of work end when they are idle
		}
		if a.Len() != b.Len() {
			return fmt.Sprintf("%s: %d elements, want %d", path, a.Len(), b.Len())
		}
		for i := range a.Len() {
			if at := differ(fmt.Sprintf("%s[%d]", path, i), a.Index(i), b.Index(i)); at != "" {
				return at
			}
		}
		return ""
	case reflect.Map:
		if a.Len() != b.Len() {
			return fmt.Sprintf("%s: %d entries, want %d", path, a.Len(), b.Len())
		}
		for _, k := range a.MapKeys() {
			if at := differ(fmt.Sprintf("%s[%v]", path, k), a.MapIndex(k), b.MapIndex(k)); at != "" {
				return at
			}
		}
		return ""
	default:
		if !a.Equal(b) {
			return fmt.Sprintf("%s: %v, want %v", path, a, b)
		}
		return ""
	}
}

// byOwnRule compares values that know how to compare themselves.
func byOwnRule(a, b reflect.Value) (alike, known bool) {
	if !a.CanInterface() {
		return false, false
	}
	switch x := a.Interface().(type) {
	case time.Time:
		return x.Equal(b.Interface().(time.Time)), true
	case *big.Int:
		y := b.Interface().(*big.Int)
		if x == nil || y == nil {
			return x == y, true
		}
		return x.Cmp(y) == 0, true
	}
	equal := a.MethodByName("Equal")
	if !equal.IsValid() || equal.Type().NumIn() != 1 || equal.Type().In(0) != a.Type() {
		return false, false
	}
	return equal.Call([]reflect.Value{b})[0].Bool(), true
}

// race starts n calls at the same moment and answers their errors by position.
func race(n int, call func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = call(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// oneWinner stops the test unless exactly one racer succeeded and all others met the wanted fault.
func oneWinner(t *testing.T, errs []error, loss error) {
	t.Helper()
	winners := 0
	for i, err := range errs {
		switch {
		case err == nil:
			winners++
		case !errors.Is(err, loss):
			t.Errorf("racer %d: got error %v, want %v", i, err, loss)
		}
	}
	if winners != 1 {
		t.Fatalf("%d of %d racers won, want exactly one", winners, len(errs))
	}
}

// allWon stops the test unless every racer succeeded.
func allWon(t *testing.T, errs []error) {
	t.Helper()
	for i, err := range errs {
		if err != nil {
			t.Fatalf("racer %d: %v", i, err)
		}
	}
}
