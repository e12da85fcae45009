package edge

import (
	"slices"
	"strings"
)

// prefixes finds what belongs to the longest path prefix. A prefix ends where a path segment
// does: "/v1" covers "/v1" and "/v1/x" but not "/v10"; "/v1/" covers only what lies below.
type prefixes[V any] struct{ entries []prefixed[V] } // longest first

type prefixed[V any] struct {
	prefix string
	value  V
}

func (p *prefixes[V]) add(prefix string, value V) {
	p.entries = append(p.entries, prefixed[V]{prefix, value})
	slices.SortStableFunc(p.entries, func(a, b prefixed[V]) int {
		return len(b.prefix) - len(a.prefix)
	})
}

func (p *prefixes[V]) find(path string) (V, bool) {
	for _, e := range p.entries {
		rest, ok := strings.CutPrefix(path, e.prefix)
		if ok && (rest == "" || rest[0] == '/' || strings.HasSuffix(e.prefix, "/")) {
			return e.value, true
		}
	}
	var none V
	return none, false
}
