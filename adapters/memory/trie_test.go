package memory

import (
	"maps"
	"testing"

	"pgregory.net/rapid"
)

// A trie is a map, and its copies stay what they were whoever writes on: among keys so few that they
// are written over and dropped often.
func TestTriesAreMapsAndCopiesStay(t *testing.T) {
	type copied struct {
		rows trie[int, int]
		want map[int]int
	}
	rapid.Check(t, func(t *rapid.T) {
		var rows trie[int, int]
		want, u := map[int]int{}, &unit{}
		var copies []copied
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			k := rapid.IntRange(0, 99).Draw(t, "key")
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				copies, u = append(copies, copied{rows, maps.Clone(want)}), &unit{}
			case 1, 2, 3:
				rows.drop(u, k)
				delete(want, k)
			default:
				want[k] = rapid.Int().Draw(t, "value")
				rows.put(u, k, want[k])
			}
		}
		for _, c := range append(copies, copied{rows, want}) {
			if got := maps.Collect(c.rows.all); !maps.Equal(got, c.want) {
				t.Fatalf("%v, want %v", got, c.want)
			}
			for k := range 100 {
				got, found := c.rows.get(k)
				if want, there := c.want[k]; found != there || got != want {
					t.Fatalf("key %d: %d %t, want %d %t", k, got, found, want, there)
				}
			}
		}
	})
}

// Rows whose hashes are equal are told apart by their keys.
func TestTriesBearEqualHashes(t *testing.T) {
	u := &unit{}
	var b *branch[string, int]
	for i, k := range []string{"a", "b", "c", "b"} {
		b = b.put(u, 0, &trieRow[string, int]{hash: 7, key: k, row: i})
	}
	b = b.put(u, 0, &trieRow[string, int]{hash: 7 + 1<<60, key: "far", row: 9})
	b = b.drop(&unit{}, 0, 7, "a")
	got := maps.Collect(func(yield func(string, int) bool) { b.all(yield) })
	if want := map[string]int{"b": 3, "c": 2, "far": 9}; !maps.Equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for _, k := range []string{"b", "c"} {
		b = b.drop(u, 0, 7, k)
	}
	if b = b.drop(u, 0, 7+1<<60, "far"); b != nil {
		t.Fatal("an empty trie has branches")
	}
}
