package edge

import "container/list"

// recent is a map of at most capacity entries that forgets the one not used for longest. What it
// forgets is what an idle key would have grown back to anyway: a full bucket, an empty window.
// It is not safe for concurrent use.
type recent[V any] struct {
	capacity int
	order    list.List // of *remembered[V], most recent first
	entries  map[string]*list.Element
}

type remembered[V any] struct {
	key   string
	value V
}

func newRecent[V any](capacity int) *recent[V] {
	return &recent[V]{capacity: capacity, entries: make(map[string]*list.Element)}
}

// get finds key or makes it, and counts as a use of it.
func (r *recent[V]) get(key string, fresh func() V) *remembered[V] {
	if e, ok := r.entries[key]; ok {
		r.order.MoveToFront(e)
		return r.at(e)
	}
	if r.order.Len() >= r.capacity {
		oldest := r.order.Back()
		delete(r.entries, r.at(oldest).key)
		r.order.Remove(oldest)
	}
	entry := &remembered[V]{key: key, value: fresh()}
	r.entries[key] = r.order.PushFront(entry)
	return entry
}

func (r *recent[V]) drop(key string) {
	if e, ok := r.entries[key]; ok {
		r.order.Remove(e)
		delete(r.entries, key)
	}
}

func (r *recent[V]) at(e *list.Element) *remembered[V] {
	return e.Value.(*remembered[V]) //nolint:errcheck // the list holds nothing else
}
