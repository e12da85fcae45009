package memory

import (
	"hash/maphash"
	"math/bits"
)

// trie is a map whose copies are free: a copy shares all rows with its original, and a write copies
// only the way to the row it changes. Its zero value is empty.
//
// What a unit of work made itself it changes in place, since nobody else has it yet.
type trie[K comparable, V any] struct {
	root *branch[K, V]
}

// Each level of a trie is told apart by so many bits of the key's hash.
const (
	levelBits = 5
	levelMask = 1<<levelBits - 1
)

// hashing differs from process to process: no test may come to rely on an order.
var hashing = maphash.MakeSeed()

// branch holds up to 32 twigs, those whose bits are set.
type branch[K comparable, V any] struct {
	maker *unit
	has   uint32
	twigs []twig[K, V]
}

// twig is either a further branch or a row.
type twig[K comparable, V any] struct {
	branch *branch[K, V]
	row    *trieRow[K, V]
}

// trieRow is never written once it is in a trie. Rows of equal hashes follow one another.
type trieRow[K comparable, V any] struct {
	hash uint64
	key  K
	row  V
	next *trieRow[K, V]
}

func (t *trie[K, V]) get(k K) (v V, found bool) {
	hash := maphash.Comparable(hashing, k)
	for b, rest := t.root, hash; b != nil; rest >>= levelBits {
		at, has := b.at(rest)
		if !has {
			return v, false
		}
		if b.twigs[at].row == nil {
			b = b.twigs[at].branch
			continue
		}
		for r := b.twigs[at].row; r != nil; r = r.next {
			if r.key == k {
				return r.row, true
			}
		}
		return v, false
	}
	return v, false
}

// at is where the twig of a hash is, or would be.
func (b *branch[K, V]) at(hash uint64) (at int, has bool) {
	bit := uint32(1) << (hash & levelMask)
	return bits.OnesCount32(b.has & (bit - 1)), b.has&bit != 0
}

func (t *trie[K, V]) put(u *unit, k K, v V) {
	r := &trieRow[K, V]{hash: maphash.Comparable(hashing, k), key: k, row: v}
	t.root = t.root.put(u, 0, r)
}

// own is the branch, or a copy of it that u may write.
func (b *branch[K, V]) own(u *unit) *branch[K, V] {
	switch {
	case b == nil:
		return &branch[K, V]{maker: u}
	case b.maker == u:
		return b
	}
	twigs := make([]twig[K, V], len(b.twigs), len(b.twigs)+1)
	copy(twigs, b.twigs)
	return &branch[K, V]{maker: u, has: b.has, twigs: twigs}
}

func (b *branch[K, V]) put(u *unit, level uint, r *trieRow[K, V]) *branch[K, V] {
	b = b.own(u)
	at, has := b.at(r.hash >> level)
	if !has {
		b.has |= 1 << (r.hash >> level & levelMask)
		b.twigs = append(b.twigs, twig[K, V]{})
		copy(b.twigs[at+1:], b.twigs[at:])
		b.twigs[at] = twig[K, V]{row: r}
		return b
	}
	switch was := b.twigs[at]; {
	case was.row == nil:
		b.twigs[at].branch = was.branch.put(u, level+levelBits, r)
	case was.row.hash == r.hash:
		r.next = was.row.without(r.key)
		b.twigs[at].row = r
	default: // two rows share the way so far: it goes on
		further := (*branch[K, V])(nil).put(u, level+levelBits, was.row)
		b.twigs[at] = twig[K, V]{branch: further.put(u, level+levelBits, r)}
	}
	return b
}

// without is the rows but for a key's.
func (r *trieRow[K, V]) without(k K) *trieRow[K, V] {
	switch {
	case r == nil:
		return nil
	case r.key == k:
		return r.next
	}
	return &trieRow[K, V]{hash: r.hash, key: r.key, row: r.row, next: r.next.without(k)}
}

func (t *trie[K, V]) drop(u *unit, k K) {
	if _, found := t.get(k); found {
		t.root = t.root.drop(u, 0, maphash.Comparable(hashing, k), k)
	}
}

// drop takes away a row that is there.
func (b *branch[K, V]) drop(u *unit, level uint, hash uint64, k K) *branch[K, V] {
	b = b.own(u)
	at, _ := b.at(hash >> level)
	if b.twigs[at].row == nil {
		b.twigs[at].branch = b.twigs[at].branch.drop(u, level+levelBits, hash, k)
	} else {
		b.twigs[at].row = b.twigs[at].row.without(k)
	}
	if b.twigs[at] == (twig[K, V]{}) {
		b.has &^= 1 << (hash >> level & levelMask)
		b.twigs = append(b.twigs[:at], b.twigs[at+1:]...)
	}
	if len(b.twigs) == 0 {
		return nil
	}
	return b
}

// all are the rows, in no order.
func (t *trie[K, V]) all(yield func(K, V) bool) {
	t.root.all(yield)
}

func (b *branch[K, V]) all(yield func(K, V) bool) bool {
	if b == nil {
		return true
	}
	for _, w := range b.twigs {
		if !w.branch.all(yield) {
			return false
		}
		for r := w.row; r != nil; r = r.next {
			if !yield(r.key, r.row) {
				return false
			}
		}
	}
	return true
}
