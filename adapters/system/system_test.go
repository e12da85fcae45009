package system

import (
	"regexp"
	"testing"
	"time"

	"github.com/101pay/101pay/ports"
)

var (
	_ ports.Clock = Clock{}
	_ ports.IDs   = IDs{}
)

func TestTheClockTellsWhatTheDatabaseKeeps(t *testing.T) {
	before := time.Now().Add(-time.Microsecond)
	now := Clock{}.Now()
	if now.Before(before) || now.After(time.Now()) {
		t.Errorf("the clock says %v after %v", now, before)
	}
	if now.Location() != time.UTC || now.Nanosecond()%1000 != 0 || now != now.Round(0) {
		t.Errorf("%v is not a UTC time in whole microseconds without a monotonic part", now)
	}
}

func TestUUIDsAreRandomAndLowerCase(t *testing.T) {
	shape := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for range 1000 {
		id := IDs{}.UUID()
		if !shape.MatchString(id) || seen[id] {
			t.Fatalf("%q has the wrong shape or came before", id)
		}
		seen[id] = true
	}
}

func TestBytesAreAsManyAsAskedAndNeverTheSame(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		b := IDs{}.Bytes(32)
		if len(b) != 32 || seen[string(b)] {
			t.Fatalf("%x is short or came before", b)
		}
		seen[string(b)] = true
	}
	if len(IDs{}.Bytes(0)) != 0 {
		t.Error("no bytes were asked for")
	}
}

func TestIntnReachesEveryNumberBelowItsBound(t *testing.T) {
	seen := map[int]int{}
	for range 3000 {
		n := IDs{}.Intn(3)
		if n < 0 || n > 2 {
			t.Fatalf("%d is not in [0, 3)", n)
		}
		seen[n]++
	}
	for n := range 3 {
		if seen[n] < 800 { // 1000 expected; 800 is eight standard deviations below
			t.Errorf("%d came %d times of 3000", n, seen[n])
		}
	}
	if IDs.Intn(IDs{}, 1) != 0 {
		t.Error("the only number below 1 is 0")
	}
	defer func() {
		if recover() == nil {
			t.Error("Intn(0) answered a number")
		}
	}()
	IDs{}.Intn(0)
}
