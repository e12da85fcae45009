package edge

import (
	"strconv"
	"strings"
	"testing"
)

func TestRecentForgetsTheOneUnusedForLongest(t *testing.T) {
	made := 0
	fresh := func() int { made++; return made }
	r := newRecent[int](3)
	for _, key := range []string{"a", "b", "c", "a", "d"} { // d pushes out b, not a
		r.get(key, fresh)
	}
	if r.order.Len() != 3 || len(r.entries) != 3 || made != 4 {
		t.Fatalf("%d entries, %d made", len(r.entries), made)
	}
	for key, want := range map[string]int{"a": 1, "c": 3, "d": 4} {
		if got := r.get(key, fresh).value; got != want {
			t.Errorf("%s: %d, want %d", key, got, want)
		}
	}
	if got := r.get("b", fresh).value; got != 5 {
		t.Errorf("b was remembered as %d", got)
	}
	r.drop("b")
	r.drop("b")
	if r.order.Len() != 2 || len(r.entries) != 2 {
		t.Errorf("%d entries after drop", len(r.entries))
	}
}

// Memory spent on strangers has a ceiling, in keys and in bytes per key.
func TestStrangersCannotFillTheMemory(t *testing.T) {
	r := newRecent[struct{}](limitKeysMax)
	for i := range 2*limitKeysMax + 1 {
		r.get(shortKey(strings.Repeat("k", i%200)+strconv.Itoa(i)), func() struct{} { return struct{}{} })
	}
	if len(r.entries) != limitKeysMax || r.order.Len() != limitKeysMax {
		t.Errorf("%d entries", len(r.entries))
	}
	for key := range r.entries {
		if len(key) > limitKeyMax {
			t.Fatalf("key of %d bytes", len(key))
		}
	}
	if shortKey(strings.Repeat("a", 65)) == shortKey(strings.Repeat("a", 66)) {
		t.Error("two long keys share a budget")
	}
}
